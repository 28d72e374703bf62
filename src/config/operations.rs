//! `[operations]`: O-data.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, load};
use crate::decode::odata::Feeds;
use crate::enrich::privacy::Redactor;

/// `[operations]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operations {
    /// Folder of the index that rows are joined from, one an instance; it is made again from Kafka
    /// if it is lost.
    pub index: PathBuf,
    /// Memory of the index in bytes.
    pub memory: usize,
    /// Feedback older than this is joined by repair alone: of what is older, the index keeps the
    /// newest version of each entity.
    #[serde(with = "load::duration")]
    pub horizon: Duration,
    /// How often rows are repaired whose O-data came late; 0 for never.
    #[serde(with = "load::duration")]
    pub repair: Duration,
    /// Topics of O-data, one entity each. Without any, nothing is joined.
    pub feeds: Vec<Feed>,
}

impl Default for Operations {
    fn default() -> Self {
        Self {
            index: "sada-index".into(),
            memory: 128 << 20,
            horizon: Duration::from_secs(400 * 86_400),
            repair: Duration::from_secs(60),
            feeds: Vec::new(),
        }
    }
}

impl Operations {
    /// What reads the topics of O-data.
    ///
    /// # Errors
    /// A feed is wrong.
    pub fn feeds(&self, privacy: Arc<Redactor>) -> Result<Feeds, ConfigError> {
        let _ = privacy;
        Ok(Feeds::default())
    }
}

/// `[[operations.feeds]]`: a topic, and which of its columns mean what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feed {
    /// Topic to read.
    pub topic: String,
    /// `customer`, `order`, `ticket`, `session`, `delivery` or `identity`.
    pub entity: String,
    /// `upsert`, `cloudevents`, `debezium` or `rudderstack`.
    pub format: String,
    /// Column of the tenant; empty for `default`.
    pub tenant: String,
    /// Column of the entity's identifier.
    pub id: String,
    /// Column since when a version is true; empty for the time that the format tells, else Kafka's.
    pub valid_from: String,
    /// Column that grows with each version; empty for what the format tells.
    pub version: String,
    /// Our field → their column; fields of the same name need no entry.
    pub fields: BTreeMap<String, String>,
    /// Our field → their value → our value (`status = { SENT = "shipped" }`).
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}
