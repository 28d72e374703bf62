//! Looks whether a record lies at offsets that nobody has written down. Reads under the isolation
//! of the pipeline, outside of its group.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::{ToTheEnd, check};
use crate::config::{Config, ConfigError};
use crate::ranges::{self, Span};

/// Records between two holes up to which reading on is quicker than seeking.
const NEAR: u64 = 20_000;
/// Longest wait for anything to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A consumer that is given its partition and never commits.
pub(super) struct Probe {
    consumer: BaseConsumer<ToTheEnd>,
}

impl Probe {
    pub fn connect(config: &Config) -> Result<Self, ConfigError> {
        let consumer = super::bystander(config)?
            .set("queued.max.messages.kbytes", "8192")
            .set("fetch.message.max.bytes", "1048576")
            .set("fetch.wait.max.ms", "50")
            .create_with_context(ToTheEnd)
            .map_err(check::refused_property)?;
        Ok(Self { consumer })
    }

    /// Offsets of the holes, ascending, at which a record lies.
    pub fn records(
        &self,
        topic: &str,
        number: i32,
        holes: &[Span],
        looked: impl FnMut(),
    ) -> Result<Vec<Span>> {
        let found = self.read(topic, number, holes, looked);
        self.consumer.unassign()?;
        found
    }

    fn read(
        &self,
        topic: &str,
        number: i32,
        holes: &[Span],
        mut looked: impl FnMut(),
    ) -> Result<Vec<Span>> {
        let (mut found, mut at) = (Vec::new(), 0);
        let Some(first) = holes.first() else {
            return Ok(found);
        };
        self.go_to(topic, number, first.0)?;
        let mut heard = Instant::now();
        loop {
            let message = match self.consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(found),
                Some(Err(error)) if super::is_lasting(&error) => return Err(error.into()),
                Some(Err(_)) | None if heard.elapsed() < PATIENCE => continue,
                Some(Err(error)) => return Err(error.into()),
                None => bail!("no record came within {PATIENCE:?}"),
            };
            heard = Instant::now();
            looked();
            let offset = message.offset().max(0) as u64;
            while holes.get(at).is_some_and(|hole| hole.1 < offset) {
                at += 1;
            }
            if holes.get(at).is_some_and(|hole| hole.0 <= offset) {
                ranges::push(&mut found, offset);
            }
            while holes.get(at).is_some_and(|hole| hole.1 <= offset) {
                at += 1;
            }
            match holes.get(at) {
                None => return Ok(found),
                Some(hole) if hole.0 > offset + NEAR => self.go_to(topic, number, hole.0)?,
                Some(_) => {}
            }
        }
    }

    fn go_to(&self, topic: &str, number: i32, offset: u64) -> Result<()> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, number, Offset::Offset(offset as i64))?;
        self.consumer.assign(&list)?;
        Ok(())
    }
}
