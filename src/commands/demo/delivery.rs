//! Sends the demo's records to their topics, and waits until each has its outcome in the warehouse.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clickhouse::Client;
use futures::future::try_join_all;
use indicatif::{ProgressBar, ProgressStyle};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::config::Config;
use crate::kafka;

use super::operations::Told;
use super::record::Record;

/// Longest wait for the broker's acknowledgement of a record.
const ACKNOWLEDGED: Duration = Duration::from_secs(30);
/// Between two looks at the table.
const LOOK: Duration = Duration::from_millis(200);
/// Nothing new for so long: it won't come.
const STALLED: Duration = Duration::from_secs(120);

/// A topic in this life of the broker.
pub(super) struct Topic {
    /// Its name.
    pub(super) name: String,
    /// Its stream id.
    pub(super) stream: String,
}

/// Sends to the broker, and looks into the warehouse for what came of it.
pub(super) struct Sender<'c> {
    producer: FutureProducer,
    client: &'c Client,
    /// Topic of the feedback.
    pub(super) feedback: Topic,
    operations: HashMap<String, Topic>,
}

impl<'c> Sender<'c> {
    /// `streams`: stream ids of the broker's topics.
    ///
    /// # Errors
    /// The configuration names no topic, or one that the broker lacks.
    pub(super) fn new(
        config: &Config,
        client: &'c Client,
        streams: &HashMap<String, String>,
    ) -> Result<Self> {
        let topic = |name: &String| -> Result<Topic> {
            let stream = streams.get(name);
            let stream = stream.with_context(|| format!("the embedded broker lacks {name}"))?;
            let (name, stream) = (name.clone(), stream.clone());
            Ok(Topic { name, stream })
        };
        let producer = kafka::client(config)?.create();
        let feeds = config.operations.feeds.iter();
        Ok(Self {
            producer: producer.context("can't make a Kafka producer")?,
            client,
            feedback: topic(
                config
                    .kafka
                    .topics
                    .first()
                    .context("no topic is configured")?,
            )?,
            operations: feeds
                .map(|feed| Ok((feed.entity.clone(), topic(&feed.topic)?)))
                .collect::<Result<_>>()?,
        })
    }

    /// Sends feedback, and waits until all of it has its outcome.
    ///
    /// # Errors
    /// The broker takes a record not, or it does not arrive.
    pub(super) async fn feedback(&self, records: &[Record]) -> Result<()> {
        try_join_all(
            records
                .iter()
                .map(|record| self.send(&self.feedback, record)),
        )
        .await?;
        self.arrival(&[&self.feedback.stream], records.len()).await
    }

    /// Sends O-data, and waits until all that was sent has its outcome.
    ///
    /// # Errors
    /// The broker takes a record not, or it does not arrive.
    pub(super) async fn changes(&self, told: &[Told]) -> Result<()> {
        let streams: Vec<&str> = self
            .operations
            .values()
            .map(|t| t.stream.as_str())
            .collect();
        let before = self.count(&streams).await? as usize;
        let sent = told.iter().map(async |told| {
            let topic = self.operations.get(told.entity.name());
            let topic = topic.with_context(|| format!("no feed of entity {}", told.entity))?;
            self.send(topic, &told.record).await
        });
        try_join_all(sent).await?;
        self.arrival(&streams, before + told.len()).await
    }

    /// Sends a record; returns when the broker has it.
    async fn send(&self, topic: &Topic, record: &Record) -> Result<()> {
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value),
                })
            });
        let mut message = FutureRecord::to(&topic.name)
            .key(&record.key)
            .headers(headers);
        message.payload = record.payload.as_ref();
        let sent = self.producer.send(message, ACKNOWLEDGED).await;
        sent.map_err(|(error, _)| error)
            .with_context(|| format!("the embedded broker refuses a record for {}", topic.name))?;
        Ok(())
    }

    /// Waits until so many records of these streams have their outcome, as SQL over HTTP tells it.
    async fn arrival(&self, streams: &[&str], expected: usize) -> Result<()> {
        wait("through the pipeline", expected, async || {
            self.count(streams).await
        })
        .await
    }

    async fn count(&self, streams: &[&str]) -> Result<u64> {
        const SQL: &str =
            "SELECT uniqExact(stream, partition, offset) FROM ingested WHERE stream IN ?";
        Ok(self.client.query(SQL).bind(streams).fetch_one().await?)
    }

    /// Waits until everything that the feedback names is joined to it; returns how many rows were
    /// repaired for that.
    ///
    /// # Errors
    /// A query fails, or rows are not repaired.
    pub(super) async fn repaired(&self) -> Result<u64> {
        // Of each row: how much it names, and how much of that is joined.
        const NAMED: &str = "
            SELECT countIf(customer_id != '') + countIf(order_id != '') + countIf(ticket_id != '')
                + countIf(session_id != '')
            FROM feedback FINAL WHERE _stream = ?";
        const JOINED: &str = "
            SELECT countIf(customer_id != '' AND customer_join = 'hit') + countIf(order_join = 'hit')
                + countIf(ticket_join = 'hit') + countIf(session_join = 'hit')
            FROM feedback FINAL WHERE _stream = ?";
        const REPAIRED: &str =
            "SELECT countIf(_revision > 0) FROM feedback FINAL WHERE _stream = ?";
        let ask = async |sql: &str| -> Result<u64> {
            let query = self.client.query(sql).bind(&self.feedback.stream);
            Ok(query.fetch_one().await?)
        };
        let named = ask(NAMED).await? as usize;
        wait("repaired", named, async || ask(JOINED).await).await?;
        ask(REPAIRED).await
    }
}

/// Waits until a number that is looked up again and again is what is expected.
///
/// # Errors
/// A look fails, or the number grows no more.
async fn wait(
    what: &'static str,
    expected: usize,
    look: impl AsyncFn() -> Result<u64>,
) -> Result<()> {
    let style = "{spinner} {msg} [{bar:30}] {pos}/{len} {eta} left";
    let bar = ProgressBar::new(expected as u64).with_style(ProgressStyle::with_template(style)?);
    bar.set_message(what);
    let mut newest = Instant::now();
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        let there = look().await?;
        if there as usize >= expected {
            bar.finish_and_clear();
            return Ok(());
        }
        if there > bar.position() {
            newest = Instant::now();
        } else if newest.elapsed() > STALLED {
            bail!(
                "{there} of {expected} records are {what}, then none for {} s",
                STALLED.as_secs()
            );
        }
        bar.set_position(there);
        bar.tick();
    }
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
