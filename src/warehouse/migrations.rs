//! Tables and views: made and changed by numbered files, each applied once and recorded.

use clickhouse::{Client, Row};
use serde::{Deserialize, Serialize};
use tracing::debug;
use xxhash_rust::xxh3::xxh3_64;

use crate::config::{ClickHouse, Config, ConfigError};

use super::client::{SETTINGS, client, ping, refusal, within};

pub mod template;
pub mod ttl;

/// One file of `schemas/clickhouse`.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Number in the file name; they run from 1 without gaps.
    pub number: u32,
    /// Subject in the file name.
    pub name: &'static str,
    /// Content, with placeholders.
    pub template: &'static str,
}

const fn file(number: u32, name: &'static str, template: &'static str) -> Migration {
    Migration {
        number,
        name,
        template,
    }
}

/// All migrations, in order.
#[rustfmt::skip]
pub const MIGRATIONS: [Migration; 30] = [
    file(1, "database", include_str!("../../schemas/clickhouse/001_database.sql")),
    file(2, "feedback", include_str!("../../schemas/clickhouse/002_feedback.sql")),
    file(3, "ingested", include_str!("../../schemas/clickhouse/003_ingested.sql")),
    file(4, "dead_letters", include_str!("../../schemas/clickhouse/004_dead_letters.sql")),
    file(5, "feedback_latest", include_str!("../../schemas/clickhouse/005_feedback_latest.sql")),
    file(6, "feedback_topics", include_str!("../../schemas/clickhouse/006_feedback_topics.sql")),
    file(7, "turns", include_str!("../../schemas/clickhouse/007_turns.sql")),
    file(8, "survey_answers", include_str!("../../schemas/clickhouse/008_survey_answers.sql")),
    file(9, "nps", include_str!("../../schemas/clickhouse/009_nps.sql")),
    file(10, "csat", include_str!("../../schemas/clickhouse/010_csat.sql")),
    file(11, "sentiment_daily", include_str!("../../schemas/clickhouse/011_sentiment_daily.sql")),
    file(12, "streams", include_str!("../../schemas/clickhouse/012_streams.sql")),
    file(13, "delivery", include_str!("../../schemas/clickhouse/013_delivery.sql")),
    file(14, "flags", include_str!("../../schemas/clickhouse/014_flags.sql")),
    file(15, "position", include_str!("../../schemas/clickhouse/015_position.sql")),
    file(16, "odata", include_str!("../../schemas/clickhouse/016_odata.sql")),
    file(17, "joined", include_str!("../../schemas/clickhouse/017_joined.sql")),
    file(18, "repairs", include_str!("../../schemas/clickhouse/018_repairs.sql")),
    file(19, "xo", include_str!("../../schemas/clickhouse/019_xo.sql")),
    file(20, "erasure", include_str!("../../schemas/clickhouse/020_erasure.sql")),
    file(21, "signals", include_str!("../../schemas/clickhouse/021_signals.sql")),
    file(22, "near_duplicates", include_str!("../../schemas/clickhouse/022_near_duplicates.sql")),
    file(23, "public_turns", include_str!("../../schemas/clickhouse/023_public_turns.sql")),
    file(24, "conversations", include_str!("../../schemas/clickhouse/024_conversations.sql")),
    file(25, "survey_measures", include_str!("../../schemas/clickhouse/025_survey_measures.sql")),
    file(26, "service", include_str!("../../schemas/clickhouse/026_service.sql")),
    file(27, "agent_exposure", include_str!("../../schemas/clickhouse/027_agent_exposure.sql")),
    file(28, "topic_impact", include_str!("../../schemas/clickhouse/028_topic_impact.sql")),
    file(29, "journey", include_str!("../../schemas/clickhouse/029_journey.sql")),
    file(30, "customers", include_str!("../../schemas/clickhouse/030_customers.sql")),
];

impl Migration {
    /// Hash of the file, recorded to find out if a past migration was changed.
    pub fn checksum(&self) -> String {
        format!("{:016x}", xxh3_64(self.template.as_bytes()))
    }
}

/// What was done, or would be, about one migration or one time to live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `001 database`, `ttl of feedback: 3 YEAR`.
    pub what: String,
    /// Whether it was there before.
    pub state: State,
    /// Statements of a step that is not there yet, filled in.
    pub statements: Vec<String>,
}

/// State of a [`Step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Was applied before.
    Present,
    /// Applied now, or would be.
    Applied,
}

/// Why the tables could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The configuration or the database does not allow it; nothing was done.
    #[error("can't bring the tables up to date")]
    Refused(#[from] ConfigError),
    /// A statement failed. What came before it holds; running again goes on from there.
    #[error(
        "migration {step} failed: {error}\n  in: {statement}\n  mend: see what ClickHouse says, then run `sada migrate` again"
    )]
    Failed {
        /// Migration by number and name.
        step: String,
        /// Its statement, cut.
        statement: String,
        /// What ClickHouse said.
        error: clickhouse::error::Error,
    },
}

#[derive(Row, Serialize, Deserialize)]
struct Recorded {
    number: u32,
    name: String,
    checksum: String,
}

#[derive(Row, Deserialize)]
struct Table {
    name: String,
    engine_full: String,
}

/// Brings the configured server up to date.
///
/// # Errors
/// See [`MigrateError`].
pub async fn apply(config: &Config) -> Result<Vec<Step>, MigrateError> {
    let client = client(&config.clickhouse)?;
    migrate(&client, &config.clickhouse, &MIGRATIONS, false).await
}

/// Brings the tables up to date: what is not recorded is applied, in order. With `dry_run` nothing
/// is changed.
///
/// # Errors
/// See [`MigrateError`].
pub async fn migrate(
    client: &Client,
    config: &ClickHouse,
    migrations: &[Migration],
    dry_run: bool,
) -> Result<Vec<Step>, MigrateError> {
    ttl::check(config)?;
    ping(client, config).await?;
    let unreadable = |error| MigrateError::Refused(refusal(&error, config));
    let recorded = recorded(client, config).await.map_err(unreadable)?;
    check_history(&recorded, migrations, config)?;
    let mut steps = Vec::new();
    for migration in migrations {
        let mut step = Step {
            what: format!("{:03} {}", migration.number, migration.name),
            state: State::Present,
            statements: Vec::new(),
        };
        if !recorded.iter().any(|r| r.number == migration.number) {
            step.state = State::Applied;
            let sql = template::render(migration.template, config);
            step.statements = template::statements(&sql)
                .into_iter()
                .map(str::to_owned)
                .collect();
            if !dry_run {
                execute(client, &step).await?;
                record(client, config, migration, &step).await?;
                debug!(
                    number = migration.number,
                    name = migration.name,
                    "migration applied"
                );
            }
        }
        steps.push(step);
    }
    let tables = tables(client, config).await.map_err(unreadable)?;
    let engine = |name: &str| {
        let table = tables.iter().find(|t| t.name == name)?;
        Some(table.engine_full.clone())
    };
    for change in ttl::changes(config, engine) {
        let step = Step {
            what: format!("ttl of {}: {}", change.table, change.to),
            state: State::Applied,
            statements: vec![change.sql],
        };
        if !dry_run {
            execute(client, &step).await?;
        }
        steps.push(step);
    }
    Ok(steps)
}

/// Whether the pipeline can write: all migrations are recorded, all tables and views are there,
/// and the tables remember inserts. Returns server and version, for people.
///
/// # Errors
/// It can't; says the mend, mostly `sada migrate`.
pub async fn verify(config: &Config) -> Result<String, ConfigError> {
    let config = &config.clickhouse;
    ttl::check(config)?;
    let client = client(config)?;
    let version = ping(&client, config).await?;
    let unreadable = |error| refusal(&error, config);
    let recorded = within(config.timeout, recorded(&client, config)).await;
    let recorded = recorded.map_err(unreadable)?;
    check_history(&recorded, &MIGRATIONS, config)?;
    let tables = within(config.timeout, tables(&client, config)).await;
    let tables = tables.map_err(unreadable)?;
    check_tables(&recorded, &tables, config)?;
    check_settings(&client, config).await?;
    Ok(format!(
        "{} {version}, database {}",
        config.url, config.database
    ))
}

fn check_tables(
    recorded: &[Recorded],
    tables: &[Table],
    config: &ClickHouse,
) -> Result<(), ConfigError> {
    let database = &config.database;
    let open = MIGRATIONS
        .iter()
        .filter(|m| recorded.iter().all(|r| r.number != m.number));
    let open: Vec<&str> = open.map(|m| m.name).collect();
    if !open.is_empty() {
        return Err(refuse(
            format!("{database} on {} lacks {}", config.url, open.join(", ")),
            "run `sada migrate`",
        ));
    }
    let missing = RELATIONS
        .iter()
        .filter(|r| tables.iter().all(|t| t.name != **r));
    let missing: Vec<&str> = missing.copied().collect();
    if !missing.is_empty() {
        return Err(refuse(
            format!(
                "{database} on {} once had {}, now gone",
                config.url,
                missing.join(", ")
            ),
            "restore from a backup; or, to begin with empty ones, delete their rows from the table \
             `migrations` and run `sada migrate`",
        ));
    }
    let tokened = tables.iter().filter(|t| TOKENED.contains(&t.name.as_str()));
    match tokened
        .into_iter()
        .find(|t| forgets_inserts(&t.engine_full))
    {
        None => Ok(()),
        Some(Table { name, .. }) => Err(refuse(
            format!(
                "table {database}.{name} forgets inserts at once: what is sent again would be there twice"
            ),
            "set non_replicated_deduplication_window of the table to 10000 by ALTER TABLE … MODIFY SETTING \
             (replicated_deduplication_window on a replicated one)",
        )),
    }
}

#[derive(Row, Deserialize)]
struct Effective {
    name: String,
    value: String,
}

/// A profile of the user may hold settings fast: then what is sent has no effect.
async fn check_settings(client: &Client, config: &ClickHouse) -> Result<(), ConfigError> {
    let names: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
    let effective = client
        .query(
            "SELECT name, value FROM system.settings
             WHERE name IN ? OR name = 'deduplicate_insert' AND value = 'disable'",
        )
        .bind(names)
        .fetch_all::<Effective>();
    let effective = within(config.timeout, effective)
        .await
        .map_err(|error| refusal(&error, config))?;
    // Newer servers have this one beside insert_deduplicate, and it beats it.
    let newer = ("deduplicate_insert", "enable");
    for (name, wanted) in SETTINGS.into_iter().chain([newer]) {
        let found = effective.iter().find(|e| e.name == name);
        if let Some(Effective { value, .. }) = found.filter(|e| e.value != wanted) {
            return Err(ConfigError {
                place: String::new(),
                field: "clickhouse.user".into(),
                message: format!(
                    "the setting {name} is {value} and can't be set to {wanted}: delivery rests on it"
                ),
                mend: "let the user's profile change it".into(),
            });
        }
    }
    Ok(())
}

fn refuse(message: String, mend: &str) -> ConfigError {
    ConfigError {
        place: String::new(),
        field: "clickhouse.database".into(),
        message,
        mend: mend.into(),
    }
}

/// Tables that the sink writes under a token.
const TOKENED: [&str; 9] = [
    "feedback",
    "ingested",
    "dead_letters",
    "customers_history",
    "orders_history",
    "tickets_history",
    "sessions_history",
    "deliveries_history",
    "identity_map",
];

/// Tables and views that all migrations together make.
pub const RELATIONS: [&str; 47] = [
    "migrations",
    "feedback",
    "ingested",
    "dead_letters",
    "feedback_latest",
    "feedback_topics",
    "turns",
    "survey_answers",
    "v_nps",
    "v_csat_t2b",
    "v_sentiment_daily",
    "streams",
    "customers_history",
    "orders_history",
    "tickets_history",
    "sessions_history",
    "deliveries_history",
    "identity_map",
    "customers_latest",
    "orders_latest",
    "tickets_latest",
    "sessions_latest",
    "deliveries_latest",
    "identities_latest",
    "repairs",
    "v_xo_late_delivery",
    "v_checkout_friction",
    "v_segment_clv_sentiment",
    "v_churn_after_negative",
    "v_identity_coverage",
    "erasure_log",
    "erased_items",
    "v_near_duplicates",
    "public_turns",
    "conversations",
    "v_ces",
    "v_ratings",
    "v_frt_resolution",
    "v_fcr",
    "v_repeat_problem",
    "v_agent_exposure",
    "v_topic_impact",
    "journey",
    "v_journey_triad",
    "v_detractor_queue",
    "customers_merged",
    "v_customer_timeline",
];

/// Whether the deduplication window is 0: the default of a table that is not replicated.
fn forgets_inserts(engine: &str) -> bool {
    let replicated = engine.starts_with("Replicated") || engine.starts_with("Shared");
    let setting = if replicated {
        " replicated_deduplication_window = "
    } else {
        " non_replicated_deduplication_window = "
    };
    match engine.split_once(setting) {
        Some((_, value)) => value.split([',', ' ']).next() == Some("0"),
        None => !replicated,
    }
}

fn check_history(
    recorded: &[Recorded],
    migrations: &[Migration],
    config: &ClickHouse,
) -> Result<(), ConfigError> {
    for past in recorded {
        let number = past.number;
        let Some(ours) = migrations.iter().find(|m| m.number == number) else {
            return Err(refuse(
                format!(
                    "{} is newer than this program: it has migration {number:03} {}",
                    config.database, past.name
                ),
                "use the program that made it, or a newer one",
            ));
        };
        if ours.checksum() != past.checksum {
            return Err(refuse(
                format!(
                    "migration {number:03} {} was changed after it was applied to {}",
                    ours.name, config.database
                ),
                "restore the file as it was released, and put the change into a new migration",
            ));
        }
    }
    Ok(())
}

async fn recorded(
    client: &Client,
    config: &ClickHouse,
) -> clickhouse::error::Result<Vec<Recorded>> {
    if !tables(client, config)
        .await?
        .iter()
        .any(|t| t.name == "migrations")
    {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT number, name, checksum FROM {}.migrations FINAL ORDER BY number",
        config.database
    );
    client.query(&sql).fetch_all().await
}

async fn tables(client: &Client, config: &ClickHouse) -> clickhouse::error::Result<Vec<Table>> {
    let sql = "SELECT name, engine_full FROM system.tables WHERE database = ? ORDER BY name";
    client.query(sql).bind(&config.database).fetch_all().await
}

async fn execute(client: &Client, step: &Step) -> Result<(), MigrateError> {
    for statement in &step.statements {
        let done = client.query_raw(statement).execute().await;
        done.map_err(|error| failed(step, statement, error))?;
    }
    Ok(())
}

async fn record(
    client: &Client,
    config: &ClickHouse,
    migration: &Migration,
    step: &Step,
) -> Result<(), MigrateError> {
    let sql = format!(
        "INSERT INTO {}.migrations (number, name, checksum, program) VALUES (?, ?, ?, ?)",
        config.database
    );
    let insert = client
        .query(&sql)
        .bind(migration.number)
        .bind(migration.name)
        .bind(migration.checksum())
        .bind(env!("CARGO_PKG_VERSION"));
    insert
        .execute()
        .await
        .map_err(|error| failed(step, &sql, error))
}

fn failed(step: &Step, statement: &str, error: clickhouse::error::Error) -> MigrateError {
    MigrateError::Failed {
        step: step.what.clone(),
        statement: statement.lines().next().unwrap_or_default().to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_listed_in_order() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/clickhouse");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<String> = MIGRATIONS
            .iter()
            .map(|m| format!("{:03}_{}.sql", m.number, m.name))
            .collect();
        assert_eq!(files, listed);
        let numbers: Vec<u32> = MIGRATIONS.iter().map(|m| m.number).collect();
        assert_eq!(numbers, (1..=MIGRATIONS.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_or_unknown_past_migration_is_refused_with_the_mend() {
        let past = |number: u32, checksum: String| Recorded {
            number,
            name: "past".into(),
            checksum,
        };
        let config = ClickHouse::default();
        let good = past(1, MIGRATIONS[0].checksum());
        assert!(check_history(&[good], &MIGRATIONS, &config).is_ok());
        let changed = check_history(&[past(2, "0".into())], &MIGRATIONS, &config).unwrap_err();
        assert!(
            changed.message.contains("002 feedback was changed"),
            "{changed}"
        );
        let newer = check_history(&[past(99, "0".into())], &MIGRATIONS, &config).unwrap_err();
        assert!(newer.message.contains("newer than this program"), "{newer}");
    }

    #[test]
    fn tables_that_forget_inserts_are_found() {
        for (engine, forgets) in [
            (
                "MergeTree ORDER BY x SETTINGS index_granularity = 8192",
                true,
            ),
            (
                "MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192",
                false,
            ),
            (
                "MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 0",
                true,
            ),
            ("ReplicatedMergeTree('/p', '{replica}') ORDER BY x", false),
            (
                "ReplicatedMergeTree('/p', '{replica}') ORDER BY x SETTINGS replicated_deduplication_window = 0, index_granularity = 1",
                true,
            ),
            ("SharedMergeTree ORDER BY x", false),
        ] {
            assert_eq!(forgets_inserts(engine), forgets, "{engine}");
        }
    }
}
