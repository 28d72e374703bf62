//! `DIR/embedded.json`: where the parts of a running embedded pipeline listen.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

const FILE: &str = "embedded.json";

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

    /// Removes the file: nothing listens any more.
    pub fn remove(dir: &Path) {
        // Already gone is as good.
        let _ = std::fs::remove_file(Self::file(dir));
    }

    fn file(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }
}
