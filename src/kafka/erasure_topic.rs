//! Writes to the erasure topic: marks, and that a request is answered.

use std::time::Duration;

use futures::future::try_join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use super::erasures::{ANSWERED, Place};
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

/// The topic that every instance follows. A record a mark and a time, its key both: compaction keeps
/// one of each. Of a mark alone it would keep what was told last, which may be the earlier time (a job
/// that is taken up again tells its own), and what is erased up to the later one would come back.
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
        let (key, event) = told(mark, until);
        let record = FutureRecord::to(&self.topic).key(&key).payload(&event);
        let sent = self.producer.send(record, TIMEOUT).await;
        sent.map(|_| ()).map_err(|(error, _)| self.classify(&error))
    }

    /// Takes the requests of other systems at a place, which name identifiers in clear, out of the
    /// topic: its compaction does, some time after this tombstone. Whoever reads it takes those up to
    /// this offset for answered, and no later one.
    ///
    /// # Errors
    /// Kafka does not take it.
    pub async fn answered(&self, place: &Place, up_to: i64) -> Result<(), SinkError> {
        let up_to = up_to.to_string();
        let record = FutureRecord::<[u8], [u8]>::to(&self.topic)
            .key(&place.key)
            .partition(place.partition)
            .headers(OwnedHeaders::new().insert(Header {
                key: ANSWERED,
                value: Some(&up_to),
            }));
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

/// Key and payload of a mark's record.
fn told(mark: &Mark, until: Millis) -> (String, String) {
    let event = serde_json::json!({
        "specversion": "1.0", "id": format!("{mark}-{until}"), "source": "sada", "type": TYPE,
        "data": {"requested_at": until, "ids": [{"type": MARK, "value": mark.to_string()}]},
    });
    (format!("{mark}/{until}"), event.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::batch::RawRecord;
    use crate::decode::erasure::decode;

    const FIRST: Millis = 1_780_000_000_000;
    const LATER: Millis = FIRST + 1;

    #[test]
    fn compaction_forgets_no_time_that_was_told_of_a_mark() {
        let mark = Mark::from(7);
        // The request of before is taken up again after the later one was done.
        let records = [FIRST, LATER, FIRST].map(|until| told(&mark, until));
        let compacted: HashMap<&String, &String> =
            records.iter().map(|(key, event)| (key, event)).collect();
        assert_eq!(compacted.len(), 2);
        let mut until: Vec<Millis> = Vec::new();
        for (key, event) in compacted {
            let request = decode(&RawRecord {
                offset: 0,
                time: 0,
                key: key.as_bytes(),
                payload: Some(event.as_bytes()),
                headers: Vec::new(),
            })
            .unwrap();
            assert!(!request.is_clear());
            assert_eq!(request.marks, [mark]);
            until.push(request.requested_at);
        }
        until.sort_unstable();
        assert_eq!(until, [FIRST, LATER]);
    }
}
