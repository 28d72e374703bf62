//! Is the cluster there, with the topics that the configuration names?

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;

use crate::config::{Config, ConfigError};

/// How long the cluster may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A topic and its number of partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Name.
    pub name: String,
    /// Number of partitions.
    pub partitions: usize,
}

/// Topics that are read, then the dead-letter topic, then that of erasures if there is one.
///
/// # Errors
/// No broker answers, or a topic is missing.
pub fn topics(config: &Config) -> Result<Vec<Topic>, ConfigError> {
    let consumer: BaseConsumer = super::client(config)?
        .set("allow.auto.create.topics", "false")
        .set("socket.connection.setup.timeout.ms", "5000")
        .create()
        .map_err(refused_property)?;
    let metadata = consumer
        .fetch_metadata(None, TIMEOUT)
        .map_err(|error| no_broker(config, &error))?;
    let of_feedback = config
        .kafka
        .topics
        .iter()
        .map(|name| (name, "kafka.topics"));
    let of_operations = config
        .operations
        .feeds
        .iter()
        .map(|feed| (&feed.topic, "operations.feeds.topic"));
    let read = of_feedback.chain(of_operations);
    let dead = (&config.kafka.dead_letter_topic, "kafka.dead_letter_topic");
    let erasure = (&config.kafka.erasure_topic, "kafka.erasure_topic");
    let erasure = (!erasure.0.is_empty()).then_some(erasure);
    read.chain([dead])
        .chain(erasure)
        .map(|(name, field)| {
            let found = metadata.topics().iter().find(|t| t.name() == name);
            match found.map(|t| t.partitions().len()) {
                Some(partitions) if partitions > 0 => Ok(Topic {
                    name: name.clone(),
                    partitions,
                }),
                _ => Err(ConfigError {
                    place: String::new(),
                    field: field.into(),
                    message: format!("topic {name} does not exist"),
                    mend: creation(config, name),
                }),
            }
        })
        .collect()
}

/// How a topic is made.
fn creation(config: &Config, name: &str) -> String {
    let kept = match *name == config.kafka.erasure_topic {
        true => " --config cleanup.policy=compact",
        false => "",
    };
    format!(
        "kafka-topics.sh --create --topic {name} --partitions 6{kept} --bootstrap-server {}",
        config.kafka.brokers
    )
}

/// The cluster does not answer.
pub(super) fn no_broker(config: &Config, error: &KafkaError) -> ConfigError {
    ConfigError {
        place: String::new(),
        field: "kafka.brokers".into(),
        message: format!("no broker answers at {} ({error})", config.kafka.brokers),
        mend: "start Kafka, or correct kafka.brokers (SADA_KAFKA_BROKERS), TLS and SASL properties"
            .into(),
    }
}

/// librdkafka refuses a property: says which.
pub(super) fn refused_property(error: KafkaError) -> ConfigError {
    let message = match error {
        KafkaError::ClientConfig(_, description, name, _) => format!("{name}: {description}"),
        other => other.to_string(),
    };
    ConfigError {
        place: String::new(),
        field: "kafka.properties".into(),
        message,
        mend: "correct the property; librdkafka's CONFIGURATION.md lists them".into(),
    }
}
