//! Writes to the erasure topic: marks, and that a request is answered.

use std::time::Duration;

use futures::future::try_join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::erasures::Place;
use crate::config::{Config, ConfigError};
use crate::decode::erasure::{MARK, TYPE};
use crate::erasure::Mark;
use crate::feedback::Millis;
use crate::pipeline::SinkError;
use crate::telemetry::Cause;

/// Longest wait for the brokers' acknowledgement of one record.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Records under way at a time.
const AT_ONCE: usize = 1_000;

/// The topic that every instance follows. A record a mark, its key the mark: a compacted topic keeps
/// the newest of each.
pub struct ErasureTopic {
    producer: FutureProducer,
    topic: String,
}

impl ErasureTopic {
    /// Connects lazily: the first record does.
    ///
    /// # Errors
    /// A Kafka property is wrong.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let producer = super::client(config)?
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", TIMEOUT.as_millis().to_string())
            .create()
            .map_err(super::check::refused_property)?;
        Ok(Self {
            producer,
            topic: config.kafka.erasure_topic.clone(),
        })
    }

    /// Tells every instance that these are erased up to a time; returns when all of it is
    /// acknowledged. Telling it again changes nothing.
    ///
    /// # Errors
    /// Kafka does not take them.
    pub async fn publish(
        &self,
        marks: impl IntoIterator<Item = &Mark>,
        until: Millis,
    ) -> Result<(), SinkError> {
        let marks: Vec<&Mark> = marks.into_iter().collect();
        for marks in marks.chunks(AT_ONCE) {
            try_join_all(marks.iter().map(|mark| self.send(mark, until))).await?;
        }
        Ok(())
    }

    async fn send(&self, mark: &Mark, until: Millis) -> Result<(), SinkError> {
        let key = mark.to_string();
        let event = serde_json::json!({
            "specversion": "1.0", "id": format!("{key}-{until}"), "source": "sada", "type": TYPE,
            "data": {"requested_at": until, "ids": [{"type": MARK, "value": key}]},
        })
        .to_string();
        let record = FutureRecord::to(&self.topic).key(&key).payload(&event);
        let sent = self.producer.send(record, TIMEOUT).await;
        sent.map(|_| ()).map_err(|(error, _)| self.classify(&error))
    }

    /// Takes a request of another system, which names identifiers in clear, out of the topic: its
    /// compaction does, some time after this tombstone.
    ///
    /// # Errors
    /// Kafka does not take it.
    pub async fn answered(&self, place: &Place) -> Result<(), SinkError> {
        let record = FutureRecord::<[u8], [u8]>::to(&self.topic)
            .key(&place.key)
            .partition(place.partition);
        let sent = self.producer.send(record, TIMEOUT).await;
        sent.map(|_| ()).map_err(|(error, _)| self.classify(&error))
    }

    fn classify(&self, error: &KafkaError) -> SinkError {
        let topic = &self.topic;
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::Fatal,
            ) => SinkError::Permanent(format!(
                "erasure topic {topic} takes no records ({error}): create it, and let this user write to it"
            )),
            _ => SinkError::Transient {
                message: format!("erasure topic {topic}: {error}"),
                cause: Cause::ErasureTopic,
            },
        }
    }
}
