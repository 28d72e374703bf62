//! Kafka: where records come from, and where rejected ones go; and what is read beside the group.
//!
//! | what | who reads or writes it |
//! |---|---|
//! | feedback and O-data for the tables, as a member of the group | [`source`] |
//! | all O-data for the index of this instance | [`follower`] |
//! | who is erased | [`erasures`]; written by [`erasure_topic`] |
//! | rejected records | [`dead_letters`] |
//! | what a log holds, for `reconcile` and `erase` | [`log`] |

use std::path::PathBuf;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers, Message};
use tracing::warn;

use crate::batch::RawBatch;
use crate::config::{self, Config, ConfigError};

mod assignment;
pub mod check;
pub mod cleanup;
pub mod committed;
pub mod dead_letters;
mod described;
pub mod erasure_topic;
pub mod erasures;
pub mod follower;
mod forming;
mod group;
pub mod ledger;
mod letter;
mod lives;
pub mod log;
mod lookup;
mod poller;
mod probe;
mod reader;
mod recovery;
pub mod source;
mod topic_ids;
mod watch;

pub use dead_letters::DeadLetterTopic;
pub use erasure_topic::ErasureTopic;
pub use erasures::ErasureFollower;
pub use follower::Follower;
pub use ledger::clock;
pub use letter::DeadLetter;
pub use log::GroupLog;
pub use reader::TopicReader;
pub use source::KafkaSource;

/// Property of `[kafka.properties]` that names a file with the SASL password.
const PASSWORD_FILE: &str = "sasl.password_file";

/// Copies a record into a batch of its partition.
pub fn push(message: &impl Message, batch: &mut RawBatch) {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    batch.push(
        message.offset(),
        message.timestamp().to_millis().unwrap_or(0),
        message.key(),
        message.payload(),
        headers.map(|h| (h.key, h.value.unwrap_or_default())),
    );
}

/// Errors that no waiting mends.
fn is_hopeless(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::Fatal
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::Authentication
        )
    )
}

/// Errors that no waiting mends, of partitions that should be there.
fn is_lasting(error: &KafkaError) -> bool {
    let gone = matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopicOrPartition
        )
    );
    gone || is_hopeless(error)
}

/// Context of a consumer that reads to the end: that it came there is no error.
struct ToTheEnd;

impl ClientContext for ToTheEnd {
    fn error(&self, error: KafkaError, reason: &str) {
        let is_end = error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF);
        if !is_end {
            warn!(%error, reason, "kafka");
        }
    }
}

impl ConsumerContext for ToTheEnd {}

/// Settings of a consumer that commits nothing by itself.
///
/// # Errors
/// See [`client`].
fn consumer(config: &Config) -> Result<ClientConfig, ConfigError> {
    let mut client = client(config)?;
    client
        .set("group.id", &config.kafka.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // Once its queue was full, it would not fetch for a second.
        .set("fetch.queue.backoff.ms", "10");
    Ok(client)
}

/// Settings of a consumer that is given its partitions by hand, tells their ends and commits
/// nothing: it is no member of the group that it names.
///
/// # Errors
/// See [`client`].
fn bystander(config: &Config) -> Result<ClientConfig, ConfigError> {
    let mut client = consumer(config)?;
    client
        .set("enable.partition.eof", "true")
        .set("allow.auto.create.topics", "false")
        // What retention takes away while it is read.
        .set("auto.offset.reset", "earliest");
    Ok(client)
}

/// Settings that every client of the cluster shares, those of `[kafka.properties]` last.
///
/// # Errors
/// The file with the password can't be read.
pub fn client(config: &Config) -> Result<ClientConfig, ConfigError> {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", &config.kafka.brokers)
        .set("client.id", "sada")
        .set("socket.keepalive.enable", "true")
        .set_log_level(RDKafkaLogLevel::Warning);
    for (name, value) in &config.kafka.properties {
        if name == PASSWORD_FILE {
            let field = format!("kafka.properties.{PASSWORD_FILE}");
            client.set(
                "sasl.password",
                config::secret(&PathBuf::from(value), &field)?,
            );
        } else {
            client.set(name, value);
        }
    }
    Ok(client)
}
