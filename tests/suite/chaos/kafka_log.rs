//! Reads what lies in Kafka.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// Longest silence of a broker that has something to tell.
const SILENCE: Duration = Duration::from_secs(30);

/// Reads a topic from its beginning to its present end.
pub fn read_all(
    client: &ClientConfig,
    topic: &str,
    mut each: impl FnMut(&BorrowedMessage<'_>),
) -> Result<u64> {
    let consumer: BaseConsumer = client.clone().set("group.id", "chaos-reader").create()?;
    let (low, high) = consumer.fetch_watermarks(topic, 0, SILENCE)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(low))?;
    consumer.assign(&list)?;
    let (mut next, mut heard) = (low, Instant::now());
    while next < high {
        match consumer.poll(Duration::from_secs(1)) {
            Some(message) => {
                let message = message?;
                next = message.offset() + 1;
                heard = Instant::now();
                each(&message);
            }
            None if heard.elapsed() > SILENCE => bail!("{topic} is silent at {next} of {high}"),
            None => {}
        }
    }
    Ok((high - low) as u64)
}

/// Key of the record at an offset.
pub fn read_key(
    client: &ClientConfig,
    topic: &str,
    partition: usize,
    offset: usize,
) -> Result<Vec<u8>> {
    let consumer: BaseConsumer = client.clone().set("group.id", "chaos-reader").create()?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition as i32, Offset::Offset(offset as i64))?;
    consumer.assign(&list)?;
    let begun = Instant::now();
    while begun.elapsed() < SILENCE {
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            let message = message?;
            if message.offset() != offset as i64 {
                bail!("[{partition}] {offset} is a hole");
            }
            return Ok(message.key().unwrap_or_default().to_vec());
        }
    }
    bail!("[{partition}] {offset} can't be read")
}
