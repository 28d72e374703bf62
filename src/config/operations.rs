//! `[operations]`: O-data.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::rule::{Broken, is_topic, refuse};
use super::{Config, ConfigError, load};
use crate::decode::odata::{Feeds, Format, Mapping, Names, Wrong};
use crate::enrich::privacy::Redactor;
use crate::odata::Entity;

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
    /// The feeds of the embedded broker: `sada.odata.<entity>`, in CloudEvents.
    pub fn embedded() -> Vec<Feed> {
        let feed = |entity: Entity| Feed {
            topic: format!("sada.odata.{entity}"),
            entity: entity.name().into(),
            format: Format::CloudEvents.name().into(),
            ..Feed::default()
        };
        Entity::ALL.map(feed).into()
    }

    /// What reads the topics of O-data.
    ///
    /// # Errors
    /// A feed is wrong: [`Config::load`](super::Config::load) refuses it, with the place.
    pub fn feeds(&self, privacy: Arc<Redactor>) -> Result<Feeds, ConfigError> {
        let mut topics = Vec::with_capacity(self.feeds.len());
        for (number, feed) in self.feeds.iter().enumerate() {
            let mapping = feed.mapping().map_err(|wrong| ConfigError {
                place: String::new(),
                field: path(number, &wrong.field),
                message: wrong.message,
                mend: wrong.mend,
            })?;
            topics.push((feed.topic.clone(), mapping));
        }
        Ok(Feeds::new(topics, privacy))
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
    /// Column of the tenant; empty for what the format tells, else `default`.
    pub tenant: String,
    /// Column of the entity's identifier; only `upsert` and `debezium` need it.
    pub id: String,
    /// Column since when a version is true; empty for the time that the format tells, else Kafka's.
    pub valid_from: String,
    /// Column that grows with each version; empty for what the format tells.
    pub version: String,
    /// Our field → their column, or a path into one (`clv = "value.amount"`); fields of the same
    /// name need no entry. `""`: not read; `"=EUR"`: the same in every record. Field `deleted` names a
    /// column that is true once the entity is gone.
    pub fields: BTreeMap<String, String>,
    /// Our field → their value → our value (`status = { SENT = "shipped" }`).
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Feed {
    /// How its records are read.
    ///
    /// # Errors
    /// A name is unknown or missing.
    pub fn mapping(&self) -> Result<Mapping, Wrong> {
        let entities = Entity::ALL.map(Entity::name);
        let entity = Entity::ALL.into_iter().find(|e| e.name() == self.entity);
        let entity = entity.ok_or_else(|| unknown("entity", &self.entity, &entities))?;
        let formats = Format::ALL.map(Format::name);
        let format = Format::ALL.into_iter().find(|f| f.name() == self.format);
        let format = format.ok_or_else(|| unknown("format", &self.format, &formats))?;
        let names = Names {
            tenant: &self.tenant,
            id: &self.id,
            valid_from: &self.valid_from,
            version: &self.version,
            fields: &self.fields,
            values: &self.values,
        };
        Mapping::new(entity, format, &names)
    }
}

fn unknown(field: &str, named: &str, known: &[&str]) -> Wrong {
    let message = match named {
        "" => "is not said".to_owned(),
        named => format!("{named:?} is unknown"),
    };
    Wrong {
        field: field.into(),
        message,
        mend: format!("name one of {}", known.join(", ")),
    }
}

/// Path of a setting of a feed, counted from 0.
fn path(number: usize, field: &str) -> String {
    format!("operations.feeds[{number}].{field}")
}

/// What is wrong in `[operations]`, if anything.
pub(super) fn broken(config: &Config) -> Broken {
    let operations = &config.operations;
    if operations.index.as_os_str().is_empty() {
        let message = "names no folder";
        return refuse(
            "operations.index",
            message,
            "name one that this instance alone uses",
        );
    }
    if !(1 << 20..=64 << 30).contains(&operations.memory) {
        let message = format!("{} is out of range", operations.memory);
        let mend = "give 1048576 to 68719476736 bytes; 134217728 suits most";
        return refuse("operations.memory", message, mend);
    }
    if operations.horizon < Duration::from_secs(3_600) {
        let message = format!("{:?} is out of range", operations.horizon);
        return refuse(
            "operations.horizon",
            message,
            "give 1h or more; 400d suits most",
        );
    }
    let repair = operations.repair;
    if !repair.is_zero() && !(1..=86_400).contains(&repair.as_secs()) {
        let message = format!("{repair:?} is out of range");
        return refuse(
            "operations.repair",
            message,
            "give 1s to 1d, or 0s for never",
        );
    }
    let feeds = operations.feeds.iter().enumerate();
    feeds
        .map(|(number, feed)| broken_feed(config, number, feed))
        .find_map(|broken| broken)
}

fn broken_feed(config: &Config, number: usize, feed: &Feed) -> Broken {
    let at = |field: &str| path(number, field);
    let topic = &feed.topic;
    if !is_topic(topic) {
        let mend = "topic names hold letters, digits, dots, dashes and underscores";
        return refuse(at("topic"), format!("{topic:?} is no topic name"), mend);
    }
    if config.kafka.topics.contains(topic) {
        let message = format!("{topic} is read as feedback, too (kafka.topics)");
        return refuse(at("topic"), message, "name it in one place");
    }
    if config.kafka.dead_letter_topic == *topic {
        let message = "is the topic of dead letters: rejected records would go round for ever";
        return refuse(at("topic"), message, "name another topic");
    }
    if config.kafka.erasure_topic == *topic {
        let message = "is the topic of requests to erase (kafka.erasure_topic)";
        return refuse(at("topic"), message, "name another topic");
    }
    let mut before = config.operations.feeds[..number].iter();
    if before.any(|other| other.topic == *topic) {
        let message = format!("{topic} is the topic of a feed before it, too");
        let mend = "one topic tells of one entity: remove one of the two";
        return refuse(at("topic"), message, mend);
    }
    if let Err(wrong) = feed.mapping() {
        return refuse(at(&wrong.field), wrong.message, wrong.mend);
    }
    let is_customer = |feed: &Feed| feed.entity == Entity::Customer.name();
    let is_calls = feed.format == Format::RudderStack.name();
    let feeds = config.operations.feeds.iter().enumerate();
    let mut others = feeds.filter(|(n, other)| *n != number && is_customer(other));
    if is_calls && is_customer(feed) && others.next().is_some() {
        let message = "another feed tells of customers, too: each of its records undoes a merge, and \
                       each merge forgets what it told of the customer";
        let mend = "set entity = \"identity\" for the calls, and map merged_into in the other feed";
        return refuse(at("entity"), message, mend);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field and mend of the refusal of a configuration that ends with this feed.
    fn refused(feed: &str) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sada.toml");
        let text = format!(
            "[operations]\nhorizon = \"30d\"\n\n[[operations.feeds]]\ntopic = \"first\"\n\
             entity = \"order\"\nformat = \"cloudevents\"\n\n[[operations.feeds]]\n{feed}"
        );
        std::fs::write(&file, text).unwrap();
        let error = Config::load(Some(&file)).unwrap_err();
        assert!(!error.message.is_empty());
        (
            format!("{}{}", error.place.rsplit('/').next().unwrap(), error.field),
            error.mend,
        )
    }

    #[test]
    fn wrong_feeds_are_refused_with_place_and_mend() {
        let good = "topic = \"t\"\nentity = \"order\"\nformat = \"debezium\"\nid = \"id\"\n";
        for (from, to, field, mend) in [
            ("\"t\"", "\"\"", "10: operations.feeds[1].topic", "letters"),
            (
                "\"t\"",
                "\"first\"",
                "10: operations.feeds[1].topic",
                "one entity",
            ),
            (
                "\"t\"",
                "\"sada.feedback\"",
                "10: operations.feeds[1].topic",
                "one place",
            ),
            (
                "\"t\"",
                "\"sada.dead-letters\"",
                "10: operations.feeds[1].topic",
                "another",
            ),
            (
                "\"order\"",
                "\"orders\"",
                "11: operations.feeds[1].entity",
                "customer, order",
            ),
            (
                "\"debezium\"",
                "\"csv\"",
                "12: operations.feeds[1].format",
                "upsert, cloudevents",
            ),
            (
                "format = \"debezium\"\n",
                "",
                "9: operations.feeds[1].format",
                "upsert",
            ),
            (
                "id = \"id\"\n",
                "",
                "9: operations.feeds[1].id",
                "id = \"order_id\"",
            ),
            (
                "id = \"id\"\n",
                "id = \"id\"\nfields = { statsu = \"x\" }\n",
                "14: operations.feeds[1].fields.statsu",
                "customer_id, status",
            ),
            (
                "id = \"id\"\n",
                "id = \"id\"\n[operations.feeds.fields]\nstatus = \"a\"\nstatsu = \"x\"\n",
                "16: operations.feeds[1].fields.statsu",
                "customer_id, status",
            ),
            (
                "id = \"id\"\n",
                "id = \"id\"\nvalues.total = { a = \"b\" }\n",
                "14: operations.feeds[1].values.total",
                "status, currency",
            ),
            (
                "id = \"id\"\n",
                "id = \"id\"\nvalues.status = { SENT = \"shiped\" }\n",
                "14: operations.feeds[1].values.status",
                "created, paid, shipped",
            ),
            (
                "id = \"id\"\n",
                "id = \"id\"\nfields = { currency = \"=EURO\" }\n",
                "14: operations.feeds[1].fields.currency",
                "=",
            ),
            (
                "\"debezium\"",
                "\"rudderstack\"",
                "11: operations.feeds[1].entity",
                "identity",
            ),
        ] {
            let (place, told) = refused(&good.replace(from, to));
            assert_eq!(place, format!("sada.toml:{field}"), "{to}");
            assert!(told.contains(mend), "{told}");
        }
        let calls = "topic = \"t\"\nentity = \"identity\"\nformat = \"rudderstack\"\nid = \"id\"\n";
        assert_eq!(refused(calls).0, "sada.toml:13: operations.feeds[1].id");
    }

    #[test]
    fn the_topic_of_requests_to_erase_is_no_feed() {
        let mut config = Config::default();
        config.kafka.erasure_topic = "erasure".into();
        config.operations.feeds = vec![Feed {
            topic: "erasure".into(),
            entity: "order".into(),
            format: "cloudevents".into(),
            ..Feed::default()
        }];
        let (field, message, _) = broken(&config).unwrap();
        assert_eq!(field, "operations.feeds[0].topic");
        assert!(message.contains("kafka.erasure_topic"), "{message}");
    }

    #[test]
    fn merges_by_calls_go_with_no_other_feed_of_customers() {
        let calls = Feed {
            topic: "calls".into(),
            entity: "customer".into(),
            format: "rudderstack".into(),
            ..Feed::default()
        };
        let table = Feed {
            topic: "table".into(),
            entity: "customer".into(),
            format: "upsert".into(),
            id: "id".into(),
            ..Feed::default()
        };
        let links = Feed {
            entity: "identity".into(),
            ..calls.clone()
        };
        let check = |feeds: [&Feed; 2]| {
            let mut config = Config::default();
            config.operations.feeds = feeds.map(Feed::clone).into();
            broken(&config).map(|(field, _, _)| field.into_owned())
        };
        let orders = Feed {
            entity: "order".into(),
            ..table.clone()
        };
        assert_eq!(check([&links, &table]), None);
        assert_eq!(check([&calls, &orders]), None);
        let first = check([&calls, &table]);
        assert_eq!(first, Some("operations.feeds[0].entity".into()));
        let second = check([&table, &calls]);
        assert_eq!(second, Some("operations.feeds[1].entity".into()));
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let check = |change: fn(&mut Operations)| {
            let mut config = Config::default();
            change(&mut config.operations);
            broken(&config).map(|(field, _, _)| field.into_owned())
        };
        assert_eq!(check(|_| {}), None);
        assert_eq!(check(|o| o.repair = Duration::ZERO), None);
        assert_eq!(
            check(|o| o.index = PathBuf::new()),
            Some("operations.index".into())
        );
        assert_eq!(check(|o| o.memory = 5), Some("operations.memory".into()));
        assert_eq!(
            check(|o| o.horizon = Duration::from_secs(1)),
            Some("operations.horizon".into())
        );
        let soon = check(|o| o.repair = Duration::from_millis(1));
        assert_eq!(soon, Some("operations.repair".into()));
    }

    #[test]
    fn the_embedded_feeds_are_good() {
        let mut config = Config::default();
        config.operations.feeds = Operations::embedded();
        assert!(broken(&config).is_none());
        let privacy = Arc::new(Redactor::new(b"sixteen bytes key"));
        let feeds = config.operations.feeds(privacy).unwrap();
        let topics: Vec<&str> = feeds.topics().collect();
        assert_eq!(topics.len(), 6);
        assert_eq!(feeds.entity("sada.odata.delivery"), Some(Entity::Delivery));
        assert!(!feeds.has("sada.feedback"));
    }
}
