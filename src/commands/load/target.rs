//! Which broker and topic to send to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rdkafka::ClientConfig;
use serde::Deserialize;

use crate::config::{Config, ConfigError, secret};

/// Where `sada demo` keeps its data unless told otherwise.
const DEMO: &str = "demo-data";

/// A broker, a topic and what clients need to know of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// Topic to send to.
    pub topic: String,
    /// The pipeline's consumer group.
    pub group: String,
    /// Properties of librdkafka.
    properties: BTreeMap<String, String>,
    /// The broker is the embedded one, which forgets what nobody has read in time.
    pub is_embedded: bool,
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

/// `embedded.json`, which `sada run --embedded` and `sada demo` write.
#[derive(Deserialize)]
struct Embedded {
    bootstrap: String,
}

impl Target {
    /// Flags beat the configuration; where neither names a broker and a demo has left its
    /// `embedded.json` in the current folder, its broker is taken.
    ///
    /// # Errors
    /// `embedded.json` is missing or not in its form, a secret can't be read.
    pub fn find(told: &Told<'_>, config: &Config) -> anyhow::Result<Self> {
        let untold = told.brokers.is_none()
            && told.embedded.is_none()
            && config.kafka.brokers == Config::default().kafka.brokers;
        let demo = Path::new(DEMO);
        let folder = told
            .embedded
            .or_else(|| (untold && demo.join("embedded.json").exists()).then_some(demo));
        let topic = told
            .topic
            .or(config.kafka.topics.first().map(String::as_str));
        let mut target = Self {
            brokers: told.brokers.unwrap_or(&config.kafka.brokers).to_owned(),
            topic: topic.unwrap_or_default().to_owned(),
            group: config.kafka.group.clone(),
            properties: BTreeMap::new(),
            is_embedded: false,
        };
        match folder.filter(|_| told.brokers.is_none()) {
            Some(folder) => {
                target.brokers = embedded(folder)?;
                target.is_embedded = true;
            }
            None => target.properties = properties(config)?,
        }
        Ok(target)
    }

    /// Configuration of a client of this broker.
    pub fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        for (name, value) in &self.properties {
            client.set(name, value);
        }
        client.set("bootstrap.servers", &self.brokers);
        client
    }
}

fn embedded(folder: &Path) -> anyhow::Result<String> {
    let file = folder.join("embedded.json");
    let text = std::fs::read_to_string(&file).with_context(|| {
        format!(
            "can't read {}: is `sada demo` or `sada run --embedded` running with that folder?",
            file.display()
        )
    })?;
    let embedded: Embedded = serde_json::from_str(&text)
        .with_context(|| format!("{} is not in its form", file.display()))?;
    Ok(embedded.bootstrap)
}

/// `[kafka.properties]`, with secrets read from the files that `…_file` names.
fn properties(config: &Config) -> Result<BTreeMap<String, String>, ConfigError> {
    let properties = config.kafka.properties.iter().map(|(name, value)| {
        match name.strip_suffix("password_file") {
            Some(start) => {
                let field = format!("kafka.properties.{name}");
                let password = secret(&PathBuf::from(value), &field)?;
                Ok((format!("{start}password"), password))
            }
            None => Ok((name.clone(), value.clone())),
        }
    });
    properties.collect()
}

#[cfg(test)]
mod tests {
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
        assert!(error.contains("running"), "{error}");
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
