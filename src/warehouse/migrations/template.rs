//! Placeholders of the migrations, and the statements of a file.

use crate::config::{ClickHouse, Engine};

/// How many inserts a table remembers.
const WINDOW: u32 = 10_000;

/// How long a replicated table remembers them: 7 days.
const WINDOW_SECONDS: u32 = 604_800;

/// Fills in the placeholders that `001_database.sql` explains. Text that is none stays.
pub fn render(template: &str, config: &ClickHouse) -> String {
    let mut sql = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        sql.push_str(&rest[..start]);
        let name = &rest[start + 1..start + length];
        match name.split_once(' ').unwrap_or((name, "")) {
            ("database", "") => sql.push_str(&config.database),
            ("on_cluster", "") => sql.push_str(&on_cluster(config)),
            ("deduplication_window", "") => sql.push_str(&window(config.engine)),
            ("engine", family) => sql.push_str(&engine(family, config.engine)),
            _ => sql.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    sql + rest
}

/// `ON CLUSTER …`, or nothing for a single server.
pub fn on_cluster(config: &ClickHouse) -> String {
    if config.cluster.is_empty() {
        String::new()
    } else {
        format!("ON CLUSTER `{}`", config.cluster)
    }
}

fn window(engine: Engine) -> String {
    match engine {
        Engine::Plain => format!("non_replicated_deduplication_window = {WINDOW}"),
        Engine::Replicated => format!(
            "replicated_deduplication_window = {WINDOW}, \
             replicated_deduplication_window_seconds = {WINDOW_SECONDS}"
        ),
    }
}

/// The braces inside are ClickHouse's macros: the server fills them in.
fn engine(family: &str, engine: Engine) -> String {
    let (name, arguments) = family.split_once('(').unwrap_or((family, ")"));
    match engine {
        Engine::Plain => family.to_owned(),
        Engine::Replicated => {
            let path = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";
            let comma = if arguments == ")" { "" } else { ", " };
            format!("Replicated{name}({path}{comma}{arguments}")
        }
    }
}

/// The statements of a file, without the semicolons between them and the comments before them.
/// Semicolons in strings, quoted names and comments end nothing.
pub fn statements(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < sql.len() {
        match sql.as_bytes()[at] {
            b';' => {
                found.push(&sql[start..at]);
                start = at + 1;
                at += 1;
            }
            _ => at += token(&sql.as_bytes()[at..]),
        }
    }
    found.push(&sql[start..]);
    found
        .into_iter()
        .map(without_leading_comments)
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// Bytes of the string, quoted name, comment or single byte that the text begins with.
fn token(text: &[u8]) -> usize {
    match text {
        [quote @ (b'\'' | b'"' | b'`'), rest @ ..] => 1 + quoted(rest, *quote),
        [b'-', b'-', ..] => until(text, b"\n"),
        [b'/', b'*', ..] => 2 + until(&text[2..], b"*/"),
        _ => 1,
    }
}

/// Bytes up to and with the closing quote. A backslash hides the next byte; a doubled quote closes
/// one string and opens the next, which comes to the same.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Bytes up to and with the end mark, or all.
fn until(text: &[u8], end: &[u8]) -> usize {
    let found = text.windows(end.len()).position(|window| window == end);
    found.map_or(text.len(), |at| at + end.len())
}

fn without_leading_comments(statement: &str) -> &str {
    let mut rest = statement.trim();
    while rest.starts_with("--") || rest.starts_with("/*") {
        rest = rest[token(rest.as_bytes())..].trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_once() {
        let plain = ClickHouse::default();
        let replicated = ClickHouse {
            engine: Engine::Replicated,
            cluster: "main".into(),
            ..ClickHouse::default()
        };
        let template = "CREATE TABLE {database}.t {on_cluster} ENGINE = {engine ReplacingMergeTree(v)} \
                        SETTINGS {deduplication_window}, x = '{other}' {";
        assert_eq!(
            render(template, &plain),
            "CREATE TABLE sada.t  ENGINE = ReplacingMergeTree(v) \
             SETTINGS non_replicated_deduplication_window = 10000, x = '{other}' {"
        );
        assert_eq!(
            render(template, &replicated),
            "CREATE TABLE sada.t ON CLUSTER `main` ENGINE = ReplicatedReplacingMergeTree(\
             '/clickhouse/tables/{shard}/{database}/{table}', '{replica}', v) \
             SETTINGS replicated_deduplication_window = 10000, \
             replicated_deduplication_window_seconds = 604800, x = '{other}' {"
        );
        assert_eq!(
            render("{engine MergeTree}", &replicated),
            "ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')"
        );
    }

    #[test]
    fn statements_end_at_semicolons_outside_of_strings_and_comments() {
        let sql = "-- first; not here\nSELECT ';', 'it''s; \\'so;', `a;b`, \"c;\" -- tail; \n, 1;\n\
                   /* two; */ SELECT /* ; */ 2;;\n -- nothing; more";
        assert_eq!(
            statements(sql),
            [
                "SELECT ';', 'it''s; \\'so;', `a;b`, \"c;\" -- tail; \n, 1",
                "SELECT /* ; */ 2",
            ]
        );
        assert!(statements(" ;\n; ").is_empty());
        assert_eq!(statements("SELECT 'open; \\"), ["SELECT 'open; \\"]);
    }
}
