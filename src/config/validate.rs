//! Rules between and inside fields, checked at start.

use std::path::Path;

use super::rule::{self, Broken, is_topic};
use super::{Config, ConfigError, Engine, listen_address, load, operations};
use crate::enrich::privacy::{Kind, Treatment};
use crate::language;

pub(super) fn check(config: &Config, file: Option<&Path>) -> Result<(), ConfigError> {
    for rule in rules(config) {
        let Some((field, message, mend)) = rule else {
            continue;
        };
        let place = match file {
            Some(f) => match load::line_of(f, &field) {
                Some(line) => format!("{}:{line}: ", f.display()),
                None => format!("{}: ", f.display()),
            },
            None => String::new(),
        };
        return Err(ConfigError {
            place,
            field: field.into_owned(),
            message,
            mend: mend.into_owned(),
        });
    }
    Ok(())
}

fn rules(c: &Config) -> Vec<Broken> {
    let refuse = |bad: bool, field: &'static str, message: String, mend: &'static str| {
        if bad {
            rule::refuse(field, message, mend)
        } else {
            None
        }
    };
    let identifier =
        |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let bad_topic = c.kafka.topics.iter().find(|t| !is_topic(t)).cloned();
    let mut urls = c.clickhouse.url.split(',').map(str::trim);
    let bad_url = urls.find(|u| !(u.starts_with("http://") || u.starts_with("https://")));
    let owned = [
        "group.id",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "auto.offset.reset",
        "isolation.level",
        "enable.partition.eof",
    ];
    let taken = c
        .kafka
        .properties
        .keys()
        .find(|k| owned.contains(&k.as_str()))
        .cloned();
    vec![
        unknown_language(c),
        secrets_kept(c),
        hashed_without_key(c),
        operations::broken(c),
        refuse(
            c.kafka.brokers.split(',').any(|b| !b.contains(':')),
            "kafka.brokers",
            format!("{:?} is no list of host:port", c.kafka.brokers),
            "write host:port, several separated by commas",
        ),
        refuse(
            c.kafka.topics.is_empty(),
            "kafka.topics",
            "no topic to read".into(),
            "name at least one topic, as in [\"sada.feedback\"]",
        ),
        refuse(
            bad_topic.is_some(),
            "kafka.topics",
            format!("{:?} is no topic name", bad_topic.unwrap_or_default()),
            "topic names hold letters, digits, dots, dashes and underscores",
        ),
        refuse(
            !is_topic(&c.kafka.dead_letter_topic),
            "kafka.dead_letter_topic",
            format!("{:?} is no topic name", c.kafka.dead_letter_topic),
            "topic names hold letters, digits, dots, dashes and underscores",
        ),
        refuse(
            c.kafka.topics.contains(&c.kafka.dead_letter_topic),
            "kafka.dead_letter_topic",
            "is one of the topics that are read: rejected records would go round for ever".into(),
            "give the dead letters a topic of their own",
        ),
        refuse(
            !c.kafka.erasure_topic.is_empty() && !is_topic(&c.kafka.erasure_topic),
            "kafka.erasure_topic",
            format!("{:?} is no topic name", c.kafka.erasure_topic),
            "topic names hold letters, digits, dots, dashes and underscores",
        ),
        refuse(
            c.kafka.topics.contains(&c.kafka.erasure_topic)
                || c.kafka.erasure_topic == c.kafka.dead_letter_topic,
            "kafka.erasure_topic",
            "is another one of the topics as well".into(),
            "give the requests to erase a topic of their own, compacted",
        ),
        refuse(
            c.kafka.group.is_empty(),
            "kafka.group",
            "is empty".into(),
            "name the consumer group; offsets are kept under it",
        ),
        refuse(
            taken.is_some(),
            "kafka.properties",
            format!(
                "{:?} is set by Sada itself: delivery rests on it",
                taken.unwrap_or_default()
            ),
            "remove it; kafka.group and kafka.start are the settings for group and start",
        ),
        refuse(
            c.clickhouse.url.contains('@'),
            "clickhouse.url",
            "holds a user or a password, and addresses are printed".into(),
            "name them by clickhouse.user and clickhouse.password_file",
        ),
        refuse(
            bad_url.is_some(),
            "clickhouse.url",
            format!(
                "{:?} is no http or https address",
                bad_url.unwrap_or_default()
            ),
            "write http://host:8123 or https://host:8443 (the HTTP port, not 9000)",
        ),
        refuse(
            c.clickhouse.url.contains(',') && c.clickhouse.engine == Engine::Plain,
            "clickhouse.url",
            "several servers with plain tables hold different rows: a batch sent to a second one \
             would be there twice"
                .into(),
            "name one server, or set clickhouse.engine = \"replicated\"",
        ),
        refuse(
            !(1..=1_000_000).contains(&c.batch.per_second),
            "batch.per_second",
            format!("{} is out of range", c.batch.per_second),
            "give 1 to 1000000; 10 suits most",
        ),
        refuse(
            c.shutdown.is_zero() || c.shutdown.as_secs() > 3_600,
            "shutdown",
            format!("{:?} is out of range", c.shutdown),
            "give 1s to 1h; less than what ends the process by force",
        ),
        refuse(
            !identifier(&c.clickhouse.database),
            "clickhouse.database",
            format!("{:?} is no database name", c.clickhouse.database),
            "use letters, digits and underscores",
        ),
        refuse(
            !c.clickhouse.cluster.is_empty() && !identifier(&c.clickhouse.cluster),
            "clickhouse.cluster",
            format!("{:?} is no cluster name", c.clickhouse.cluster),
            "use letters, digits and underscores",
        ),
        refuse(
            c.clickhouse.engine == Engine::Plain && !c.clickhouse.cluster.is_empty(),
            "clickhouse.engine",
            "plain tables on a cluster would hold different rows on each server".into(),
            "set engine = \"replicated\", or leave cluster empty",
        ),
        refuse(
            !(1..=1_000_000).contains(&c.batch.rows),
            "batch.rows",
            format!("{} is out of range", c.batch.rows),
            "give 1 to 1000000; 10000 suits most",
        ),
        refuse(
            !(1 << 10..=256 << 20).contains(&c.batch.bytes),
            "batch.bytes",
            format!("{} is out of range", c.batch.bytes),
            "give 1024 to 268435456 bytes; 8388608 suits most",
        ),
        refuse(
            c.batch.time.is_zero() || c.batch.time.as_secs() > 600,
            "batch.time",
            format!("{:?} is out of range", c.batch.time),
            "give 1ms to 10m; 1s suits most",
        ),
        refuse(
            c.batch.memory < 2 * c.batch.bytes,
            "batch.memory",
            format!(
                "{} bytes hold less than two batches of batch.bytes",
                c.batch.memory
            ),
            "give at least twice batch.bytes",
        ),
        refuse(
            !(1 << 10..=64 << 20).contains(&c.limits.record_bytes),
            "limits.record_bytes",
            format!("{} is out of range", c.limits.record_bytes),
            "give 1024 to 67108864 bytes",
        ),
        refuse(
            !(64..=c.limits.record_bytes).contains(&c.limits.text_bytes),
            "limits.text_bytes",
            format!("{} is out of range", c.limits.text_bytes),
            "give 64 up to limits.record_bytes",
        ),
        refuse(
            !c.health.listen.is_empty() && listen_address(&c.health.listen).is_none(),
            "health.listen",
            format!("{:?} is no address to listen at", c.health.listen),
            "write a port (9100) for this machine alone, or host:port (0.0.0.0:9100)",
        ),
        refuse(
            !(5..=86_400).contains(&c.health.stalled.as_secs()),
            "health.stalled",
            format!("{:?} is out of range", c.health.stalled),
            "give 5s to 1440m; 2m suits most",
        ),
    ]
}

/// All languages that can be named, for a mend.
pub fn told_apart() -> String {
    let mut tags: Vec<&str> = language::tags().collect();
    tags.sort_unstable();
    tags.join(", ")
}

/// A password in a table is worth stealing.
fn secrets_kept(c: &Config) -> Broken {
    if c.privacy.kinds.secret != Treatment::Keep {
        return None;
    }
    rule::refuse(
        "privacy.kinds.secret",
        "passwords, tokens and keys can't be kept in texts",
        "write \"mask\" or \"hmac\"",
    )
}

fn hashed_without_key(c: &Config) -> Broken {
    if !c.privacy.key_file.as_os_str().is_empty() {
        return None;
    }
    let hashed = |kind: &Kind| c.privacy.kinds.of(*kind) == Treatment::Hmac;
    let kind = Kind::ALL.into_iter().find(hashed)?;
    rule::refuse(
        format!("privacy.kinds.{}", kind.name()),
        "is \"hmac\", and privacy.key_file names no key to hash under",
        "name a file with a secret by privacy.key_file (`openssl rand -hex 32 > privacy.key`), or \
         write \"mask\"",
    )
}

fn unknown_language(c: &Config) -> Broken {
    let unknown = c
        .language
        .expected
        .iter()
        .find(|tag| !language::classes::has(tag))?;
    rule::refuse(
        "language.expected",
        format!("{unknown:?} is no language that is told apart"),
        format!("name any of {}", told_apart()),
    )
}
