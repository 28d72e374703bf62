//! How long rows are kept: `[clickhouse.ttl]`, which may change at any time, so it is no migration
//! but brought in line at every `sada migrate`.

use crate::config::{ClickHouse, ConfigError};

use super::template::on_cluster;

/// Tables that may have a time to live, the column that it counts from, and the column of a line of
/// `ingested` that tells the same. Of a history it counts from `valid_from`, and takes the version
/// that still holds as well, if it is that old.
const TABLES: [(&str, &str, &str); 9] = [
    ("feedback", "created_at", "created_at"),
    ("ingested", "kafka_time", "kafka_time"),
    ("dead_letters", "kafka_time", "kafka_time"),
    ("customers_history", "valid_from", "created_at"),
    ("orders_history", "valid_from", "created_at"),
    ("tickets_history", "valid_from", "created_at"),
    ("sessions_history", "valid_from", "created_at"),
    ("deliveries_history", "valid_from", "created_at"),
    ("identity_map", "valid_from", "created_at"),
];

/// A table whose time to live differs from the configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Table.
    pub table: &'static str,
    /// What it becomes, for people.
    pub to: String,
    /// Statement that makes it so.
    pub sql: String,
}

/// Checks names and durations of the configuration.
///
/// # Errors
/// An unknown table, or no duration.
pub fn check(config: &ClickHouse) -> Result<(), ConfigError> {
    for (table, duration) in &config.ttl {
        let field = format!("clickhouse.ttl.{table}");
        let refuse = |message: String, mend: &str| ConfigError {
            place: String::new(),
            field: field.clone(),
            message,
            mend: mend.into(),
        };
        if !TABLES.iter().any(|(name, ..)| name == table) {
            return Err(refuse(
                "no table of this name keeps rows for a time".into(),
                "name feedback, ingested, dead_letters or a history (orders_history)",
            ));
        }
        if interval(duration).is_none() {
            return Err(refuse(
                format!("{duration:?} is no time to keep rows"),
                "write a number and DAY, WEEK, MONTH or YEAR, as in \"3 YEAR\"",
            ));
        }
    }
    Ok(())
}

/// Changes that bring the tables in line. `engine`: `engine_full` of a table in `system.tables`,
/// `None` if the table isn't there yet.
pub fn changes(config: &ClickHouse, engine: impl Fn(&str) -> Option<String>) -> Vec<Change> {
    let change = |(table, column, _): &(&'static str, &str, &str)| {
        let wanted = config.ttl.get(*table);
        let engine = engine(table).unwrap_or_default();
        let has_one = engine.contains(" TTL ");
        let alter = format!(
            "ALTER TABLE {}.{table} {}",
            config.database,
            on_cluster(config)
        );
        match wanted.and_then(|w| interval(w)) {
            Some((number, unit)) => {
                let expression = format!("toDateTime({column}) + toInterval{unit}({number})");
                let is_so = engine.contains(&format!(" TTL {expression} "))
                    || engine.ends_with(&format!(" TTL {expression}"));
                (!is_so).then(|| Change {
                    table,
                    to: format!("{number} {}", unit.to_uppercase()),
                    sql: format!("{alter} MODIFY TTL {expression}"),
                })
            }
            None => has_one.then(|| Change {
                table,
                to: "all rows".into(),
                sql: format!("{alter} REMOVE TTL"),
            }),
        }
    };
    TABLES.iter().filter_map(change).collect()
}

/// SQL over a line of `ingested` that is true if the time of its row in a table is over: it may be
/// there still, or gone. `None`: the configuration keeps all rows of the table.
pub fn is_over(config: &ClickHouse, table: &str) -> Option<String> {
    let (_, _, column) = TABLES.iter().find(|(name, ..)| *name == table)?;
    let (number, unit) = interval(config.ttl.get(table)?)?;
    Some(format!(
        "toDateTime({column}) + toInterval{unit}({number}) <= now()"
    ))
}

/// `"3 YEAR"`: the number, and the unit as ClickHouse's functions spell it.
fn interval(duration: &str) -> Option<(u32, &'static str)> {
    let (number, unit) = duration.trim().split_once(' ')?;
    let unit = match unit.trim().to_uppercase().trim_end_matches('S') {
        "DAY" => "Day",
        "WEEK" => "Week",
        "MONTH" => "Month",
        "YEAR" => "Year",
        _ => return None,
    };
    let number = number.parse().ok().filter(|n| *n > 0)?;
    Some((number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(table: &str, duration: &str) -> ClickHouse {
        ClickHouse {
            ttl: [(table.to_owned(), duration.to_owned())].into(),
            ..ClickHouse::default()
        }
    }

    #[test]
    fn only_tables_and_durations_that_exist_are_taken() {
        assert!(check(&with("feedback", "3 YEAR")).is_ok());
        assert!(check(&with("dead_letters", "90 days")).is_ok());
        let error = check(&with("feedbacks", "3 YEAR")).unwrap_err();
        assert_eq!(error.field, "clickhouse.ttl.feedbacks");
        for wrong in [
            "3",
            "YEAR",
            "0 DAY",
            "-1 DAY",
            "3 YEAR; DROP TABLE t",
            "1.5 DAY",
        ] {
            assert!(check(&with("feedback", wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_table_is_altered_only_if_it_differs() {
        let tables = |ttl: &'static str| {
            move |_: &str| {
                Some(format!(
                    "MergeTree ORDER BY x{ttl} SETTINGS index_granularity = 8192"
                ))
            }
        };
        let config = with("feedback", "3 YEAR");
        let wanted = " TTL toDateTime(created_at) + toIntervalYear(3)";
        assert!(
            changes(&config, tables(wanted))
                .iter()
                .all(|c| c.table != "feedback")
        );
        let [change] = &changes(&config, tables(""))[..] else {
            panic!("one change")
        };
        assert_eq!(
            change.sql,
            "ALTER TABLE sada.feedback  MODIFY TTL toDateTime(created_at) + toIntervalYear(3)"
        );
        let removed = changes(&ClickHouse::default(), tables(wanted));
        assert_eq!(removed.len(), TABLES.len());
        assert_eq!(removed[0].sql, "ALTER TABLE sada.feedback  REMOVE TTL");
        assert!(changes(&ClickHouse::default(), |_| None).is_empty());
    }
}
