//! `DIR/embedded.json`: where the parts of a running embedded pipeline listen.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Config, ConfigError, Operations};

/// Topic that says who is erased, where none is configured: the embedded broker has one.
const ERASURE_TOPIC: &str = "sada.erasure";

/// Secret of the folder, for identifiers.
pub(super) const KEY_FILE: &str = "privacy.key";

const FILE: &str = "embedded.json";

/// What an embedded pipeline has of its own where the configuration names nothing: feeds of O-data, a
/// topic that says who is erased, and in its folder the key for identifiers and the index.
pub(super) fn defaults(dir: &Path, config: &mut Config) {
    if config.kafka.erasure_topic.is_empty() {
        config.kafka.erasure_topic = ERASURE_TOPIC.into();
    }
    if config.privacy.key_file.as_os_str().is_empty() {
        config.privacy.key_file = dir.join(KEY_FILE);
    }
    let operations = &mut config.operations;
    if operations.feeds.is_empty() {
        operations.feeds = Operations::embedded();
    }
    if operations.index == Operations::default().index {
        operations.index = dir.join("index");
    }
}

/// Addresses of the embedded parts, for the other commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `bootstrap.servers` of the broker.
    pub bootstrap: String,
    /// Base URL of ClickHouse's HTTP interface.
    pub http: String,
}

impl Address {
    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn write(&self, dir: &Path) -> std::io::Result<()> {
        let part = dir.join("embedded.json.part");
        std::fs::write(&part, serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(part, dir.join(FILE))
    }

    /// Reads the file of a running pipeline.
    ///
    /// # Errors
    /// None runs in this folder.
    pub fn read(dir: &Path) -> Result<Self, ConfigError> {
        let file = Self::file(dir);
        let text = std::fs::read(&file).map_err(|error| error.to_string());
        text.and_then(|t| serde_json::from_slice(&t).map_err(|e| e.to_string()))
            .map_err(|error| ConfigError {
                place: format!("{}: ", file.display()),
                field: String::new(),
                message: format!("no embedded pipeline runs here ({error})"),
                mend: format!("start one: sada run --embedded {}", dir.display()),
            })
    }

    /// Points a configuration at the parts of the running pipeline, away from those of another one.
    pub fn apply(self, dir: &Path, config: &mut Config) {
        config.kafka.brokers = self.bootstrap;
        config.kafka.properties.clear();
        config.clickhouse.url = self.http;
        config.clickhouse.user.clear();
        config.clickhouse.password_file = PathBuf::new();
        defaults(dir, config);
    }

    /// Removes the file: nothing listens any more.
    pub fn remove(dir: &Path) {
        // Already gone is as good.
        let _ = std::fs::remove_file(Self::file(dir));
    }

    fn file(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedded_pipeline_is_reached_without_the_secrets_of_another() {
        let mut config = Config::default();
        config.clickhouse.user = "sada".into();
        config
            .kafka
            .properties
            .insert("sasl.username".into(), "x".into());
        let address = Address {
            bootstrap: "127.0.0.1:1".into(),
            http: "http://127.0.0.1:2".into(),
        };
        address.apply(Path::new("dir"), &mut config);
        assert_eq!(config.kafka.brokers, "127.0.0.1:1");
        assert_eq!(config.clickhouse.url, "http://127.0.0.1:2");
        assert_eq!(config.privacy.key_file, Path::new("dir/privacy.key"));
        assert!(config.clickhouse.user.is_empty() && config.kafka.properties.is_empty());
    }
}
