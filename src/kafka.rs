//! Kafka: where records come from, and where rejected ones go.

use std::path::PathBuf;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::config::{self, Config, ConfigError};

mod assignment;
pub mod check;
pub mod committed;
pub mod dead_letters;
mod forming;
pub mod ledger;
mod letter;
pub mod log;
mod lookup;
mod poller;
mod probe;
mod reader;
mod recovery;
pub mod source;
mod topic_ids;

pub use dead_letters::DeadLetterTopic;
pub use letter::DeadLetter;
pub use log::GroupLog;
pub use reader::TopicReader;
pub use source::KafkaSource;

/// Property of `[kafka.properties]` that names a file with the SASL password.
const PASSWORD_FILE: &str = "sasl.password_file";

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
