//! The dead-letter topic: rejected records, whole, with the reason in headers.

use std::time::Duration;

use futures::future::try_join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};

use crate::batch::{EnrichedBatch, Outcome, OutcomeKind, Partition, Rejected};
use crate::config::{Config, ConfigError};
use crate::pipeline::{Sink, SinkError};
use crate::telemetry::Cause;

/// Longest wait for the brokers' acknowledgement of one record.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sink for rejected records. A crash may repeat one; its key, `stream/topic/partition/offset`,
/// tells which.
pub struct DeadLetterTopic {
    producer: FutureProducer,
    topic: String,
}

impl DeadLetterTopic {
    /// Connects lazily: the first record does.
    ///
    /// # Errors
    /// A Kafka property is wrong.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let producer = super::client(config)?
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("compression.type", "zstd")
            .set("message.timeout.ms", TIMEOUT.as_millis().to_string())
            // The broker's limit decides, not the client's.
            .set("message.max.bytes", "1000000000")
            .set("queue.buffering.max.kbytes", "65536")
            .create()
            .map_err(super::check::refused_property)?;
        Ok(Self {
            producer,
            topic: config.kafka.dead_letter_topic.clone(),
        })
    }

    async fn send(
        &self,
        partition: &Partition,
        outcome: &Outcome,
        rejected: &Rejected,
    ) -> Result<(), SinkError> {
        let stream = &partition.stream;
        let key = format!(
            "{stream}/{}/{}/{}",
            partition.topic, partition.number, outcome.offset
        );
        let record = FutureRecord::to(&self.topic)
            .key(&key)
            .payload(&rejected.payload)
            .headers(headers(partition, outcome, rejected));
        match self.producer.send(record, TIMEOUT).await {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(self.classify(&error)),
        }
    }

    fn classify(&self, error: &KafkaError) -> SinkError {
        let topic = &self.topic;
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => SinkError::Permanent(format!(
                "dead-letter topic {topic} refuses a record as too large: raise its max.message.bytes"
            )),
            Some(
                RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::SaslAuthenticationFailed,
            ) => SinkError::Permanent(format!(
                "dead-letter topic {topic} takes no records ({error}): create it, and let this user write to it"
            )),
            Some(RDKafkaErrorCode::Fatal) => SinkError::Permanent(format!(
                "dead-letter topic {topic}: {error}; a start makes a new producer"
            )),
            _ => SinkError::Transient {
                message: format!("dead-letter topic {topic}: {error}"),
                cause: Cause::DeadLetterTopic,
            },
        }
    }
}

/// Reason and position as headers, then the record's own.
pub(super) fn headers(
    partition: &Partition,
    outcome: &Outcome,
    rejected: &Rejected,
) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new_with_capacity(8 + rejected.headers.len());
    let number = partition.number.to_string();
    let offset = outcome.offset.to_string();
    let time = outcome.time.to_string();
    for (name, value) in [
        ("sada-reason", rejected.error.reason.code()),
        ("sada-field", &rejected.error.field),
        ("sada-stream", &partition.stream),
        ("sada-topic", &partition.topic),
        ("sada-partition", &number),
        ("sada-offset", &offset),
        ("sada-time", &time),
    ] {
        headers = headers.insert(Header {
            key: name,
            value: Some(value),
        });
    }
    headers = headers.insert(Header {
        key: "sada-key",
        value: Some(&rejected.key),
    });
    for (name, value) in &rejected.headers {
        headers = headers.insert(Header {
            key: name,
            value: Some(value),
        });
    }
    headers
}

impl Sink for DeadLetterTopic {
    async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
        let partition = &batch.offsets.partition;
        let rejected = batch
            .outcomes
            .iter()
            .filter_map(|outcome| match &outcome.kind {
                OutcomeKind::DeadLetter(rejected) => Some(self.send(partition, outcome, rejected)),
                OutcomeKind::Row(_)
                | OutcomeKind::Operational(_)
                | OutcomeKind::Skipped(_)
                | OutcomeKind::Gap
                | OutcomeKind::Kept(_) => None,
            });
        try_join_all(rejected).await.map(|_| ())
    }
}

impl Drop for DeadLetterTopic {
    fn drop(&mut self) {
        // Everything that was acknowledged is sent; what remains was given up.
        let _ = self.producer.flush(Duration::from_secs(1));
    }
}
