//! Which broker and topic to send to.

use std::path::Path;

use rdkafka::ClientConfig;

use crate::config::{Config, ConfigError};
use crate::embedded::address::Address;
use crate::kafka;

/// Where `sada demo` keeps its data unless told otherwise.
const DEMO: &str = "demo-data";

/// A broker, a topic and what clients need to know of them.
#[derive(Debug, Clone)]
pub struct Target {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// Topic to send to.
    pub topic: String,
    /// The pipeline's consumer group.
    pub group: String,
    /// The broker is the embedded one, which forgets what nobody has read in time.
    pub is_embedded: bool,
    client: ClientConfig,
}

/// What the command line says about the target.
#[derive(Debug, Clone, Default)]
pub struct Told<'a> {
    /// `--brokers`
    pub brokers: Option<&'a str>,
    /// `--embedded`
    pub embedded: Option<&'a Path>,
    /// `--topic`
    pub topic: Option<&'a str>,
}

impl Target {
    /// Flags beat the configuration; where neither names a broker and a demo has left its
    /// `embedded.json` in the current folder, its broker is taken.
    ///
    /// # Errors
    /// No embedded pipeline runs in the folder, a secret can't be read.
    pub fn find(told: &Told<'_>, config: &Config) -> Result<Self, ConfigError> {
        let untold = told.brokers.is_none()
            && told.embedded.is_none()
            && config.kafka.brokers == Config::default().kafka.brokers;
        let demo = Path::new(DEMO);
        let found = (untold && demo.join("embedded.json").exists()).then_some(demo);
        let folder = told.embedded.or(found);
        let mut config = config.clone();
        if let Some(brokers) = told.brokers {
            config.kafka.brokers = brokers.to_owned();
        } else if let Some(folder) = folder {
            config.kafka.brokers = Address::read(folder)?.bootstrap;
            config.kafka.properties.clear();
        }
        let topic = told
            .topic
            .or(config.kafka.topics.first().map(String::as_str));
        Ok(Self {
            topic: topic.unwrap_or_default().to_owned(),
            is_embedded: told.brokers.is_none() && folder.is_some(),
            client: kafka::client(&config)?,
            brokers: config.kafka.brokers,
            group: config.kafka.group,
        })
    }

    /// Configuration of a client of this broker.
    pub fn client(&self) -> ClientConfig {
        self.client.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_flag_beats_the_folder_beats_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.kafka.brokers = "kafka:9092".into();
        let password = folder.path().join("password");
        std::fs::write(&password, "hush\n").unwrap();
        config.kafka.properties = BTreeMap::from([(
            "sasl.password_file".to_owned(),
            password.display().to_string(),
        )]);
        let mut told = Told::default();
        let target = Target::find(&told, &config).unwrap();
        assert_eq!(target.brokers, "kafka:9092");
        assert_eq!(target.topic, "sada.feedback");
        assert!(!target.is_embedded);
        assert_eq!(target.client().get("sasl.password"), Some("hush"));

        told.embedded = Some(folder.path());
        let error = Target::find(&told, &config).unwrap_err().to_string();
        assert!(error.contains("sada run --embedded"), "{error}");
        let json = r#"{"bootstrap": "127.0.0.1:4242", "http": "http://127.0.0.1:8123"}"#;
        std::fs::write(folder.path().join("embedded.json"), json).unwrap();
        let target = Target::find(&told, &config).unwrap();
        assert_eq!(target.brokers, "127.0.0.1:4242");
        assert!(target.is_embedded);
        assert_eq!(target.client().get("sasl.password"), None);

        told.brokers = Some("other:9092");
        told.topic = Some("voices");
        let target = Target::find(&told, &config).unwrap();
        assert_eq!(
            (target.brokers.as_str(), target.topic.as_str()),
            ("other:9092", "voices")
        );
        assert!(!target.is_embedded);
    }
}
