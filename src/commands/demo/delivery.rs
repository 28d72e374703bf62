//! Sends the demo's records to the topic, and waits until each has its outcome in the warehouse.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clickhouse::Client;
use futures::future::try_join_all;
use indicatif::{ProgressBar, ProgressStyle};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::config::Config;
use crate::kafka;

use super::events::Record;

/// Longest wait for the broker's acknowledgement of a record.
const ACKNOWLEDGED: Duration = Duration::from_secs(30);
/// Between two looks at the table.
const LOOK: Duration = Duration::from_millis(200);
/// Nothing new for so long: it won't come.
const STALLED: Duration = Duration::from_secs(120);

/// Sends all records and returns when the broker has them.
///
/// # Errors
/// The broker takes one not.
pub(super) async fn send(config: &Config, topic: &str, records: &[Record]) -> Result<()> {
    let producer: FutureProducer = kafka::client(config)?
        .create()
        .context("can't make a Kafka producer")?;
    let sent = records.iter().map(|record| async {
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value),
                })
            });
        let mut message = FutureRecord::to(topic).key(&record.key).headers(headers);
        message.payload = record.payload.as_ref();
        producer
            .send(message, ACKNOWLEDGED)
            .await
            .map_err(|(error, _)| error)
    });
    try_join_all(sent)
        .await
        .with_context(|| format!("the embedded broker refuses a record for {topic}"))?;
    Ok(())
}

/// Waits until so many records of a stream have their outcome, as SQL over HTTP tells it.
///
/// # Errors
/// A query fails, or nothing arrives any more.
pub(super) async fn arrival(client: &Client, stream: &str, expected: usize) -> Result<()> {
    let style = "{spinner} {msg} [{bar:30}] {pos}/{len} {eta} left";
    let bar = ProgressBar::new(expected as u64).with_style(ProgressStyle::with_template(style)?);
    bar.set_message("through the pipeline");
    let mut newest = Instant::now();
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        let there = count(client, stream).await?;
        if there as usize >= expected {
            bar.finish_and_clear();
            return Ok(());
        }
        if there > bar.position() {
            newest = Instant::now();
        } else if newest.elapsed() > STALLED {
            bail!(
                "{there} of {expected} records arrived, then none for {} s",
                STALLED.as_secs()
            );
        }
        bar.set_position(there);
        bar.tick();
    }
}

async fn count(client: &Client, stream: &str) -> Result<u64> {
    const SQL: &str = "SELECT uniqExact(partition, offset) FROM ingested WHERE stream = ?";
    Ok(client.query(SQL).bind(stream).fetch_one().await?)
}

/// Rows, dead letters and skipped records of a stream.
///
/// # Errors
/// The query fails.
pub(super) async fn outcomes(client: &Client, stream: &str) -> Result<(u64, u64, u64)> {
    const SQL: &str = "
        SELECT uniqExactIf((partition, offset), outcome = 'row'),
            uniqExactIf((partition, offset), outcome = 'dead_letter'),
            uniqExactIf((partition, offset), outcome = 'skipped')
        FROM ingested WHERE stream = ?";
    Ok(client.query(SQL).bind(stream).fetch_one().await?)
}
