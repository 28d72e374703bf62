//! File and environment to `Config`, with the place of every mistake.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::{Table, Value};

use super::Config;

/// A configuration that can't be used: says where, what and the mend.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{place}{field}{}{message}\n  mend: {mend}", if field.is_empty() { "" } else { ": " })]
pub struct ConfigError {
    /// `sada.toml:12: `, `SADA_BATCH_ROWS: ` or empty.
    pub place: String,
    /// Dotted path of the field, empty for the whole file.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub mend: String,
}

pub(super) fn read(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let text = match file {
        None => String::new(),
        Some(path) => std::fs::read_to_string(path).map_err(|error| ConfigError {
            place: format!("{}: ", path.display()),
            field: String::new(),
            message: format!("can't read the configuration: {error}"),
            mend: "name an existing file with --config, or leave the flag out".into(),
        })?,
    };
    let shown = file.map(|f| f.display().to_string()).unwrap_or_default();
    parse(&text, &shown)?;
    let mut table: Table = text.parse().map_err(|e| syntax(&text, &shown, &e))?;
    for (name, value) in variables {
        overlay(&mut table, &name, &value)?;
    }
    let config: Config = serde_path_to_error::deserialize(Value::Table(table).into_deserializer())
        .map_err(|e| {
            let field = e.path().to_string();
            ConfigError {
                place: format!("SADA_{}: ", field.to_uppercase().replace('.', "_")),
                message: e.inner().message().to_owned(),
                mend: "correct or unset the variable; deploy/sada.toml shows every field".into(),
                field,
            }
        })?;
    Ok(config)
}

/// Parses the file alone, so that its mistakes are told with their line.
fn parse(text: &str, shown: &str) -> Result<Config, ConfigError> {
    let document = toml::Deserializer::parse(text).map_err(|e| syntax(text, shown, &e))?;
    serde_path_to_error::deserialize(document).map_err(|e| {
        let field = e.path().to_string();
        let mut error = syntax(text, shown, e.inner());
        if field.starts_with("kafka.properties") {
            // The value may be a secret: never told.
            error.message = "a property's value is a text in quotes".into();
        }
        error.field = if field == "." { String::new() } else { field };
        error
    })
}

fn syntax(text: &str, shown: &str, error: &toml::de::Error) -> ConfigError {
    let line = error.span().map_or(1, |span| {
        text[..span.start.min(text.len())]
            .bytes()
            .filter(|b| *b == b'\n')
            .count()
            + 1
    });
    let mend = match error.message() {
        m if m.starts_with("unknown field") => "remove the key or correct its name",
        m if m.starts_with("invalid type") => "give a value of the type named",
        _ => "correct the line",
    };
    ConfigError {
        place: format!("{shown}:{line}: "),
        field: String::new(),
        message: error.message().to_owned(),
        mend: mend.into(),
    }
}

/// Puts `SADA_SECTION_FIELD=value` into the table. Other `SADA_*` variables (`SADA_DATA`,
/// `SADA_CONFIG`) belong to commands.
fn overlay(table: &mut Table, name: &str, value: &str) -> Result<(), ConfigError> {
    let Some(rest) = name.strip_prefix("SADA_") else {
        return Ok(());
    };
    let rest = rest.to_lowercase();
    let sections = [
        "kafka",
        "clickhouse",
        "batch",
        "limits",
        "language",
        "models",
        "privacy",
        "operations",
        "health",
        "log",
    ];
    let Some((section, field)) = rest.split_once('_').filter(|(s, _)| sections.contains(s)) else {
        return Ok(());
    };
    let value = match (section, field) {
        ("kafka", "topics") | ("language", "expected") => Value::Array(
            value
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
        ("kafka", "properties")
        | ("clickhouse", "ttl")
        | ("operations", "feeds")
        | ("privacy", "kinds") => {
            return Err(ConfigError {
                place: format!("{name}: "),
                field: format!("{section}.{field}"),
                message: "a table can't be given by a variable".into(),
                mend: "write it into the file; secrets go into files that it names".into(),
            });
        }
        ("operations", "memory") | ("batch" | "limits", _) if field != "time" => value
            .trim()
            .parse()
            .map(Value::Integer)
            .map_err(|_| ConfigError {
                place: format!("{name}: "),
                field: format!("{section}.{field}"),
                message: format!("{value:?} is not a whole number"),
                mend: "give a number of rows or bytes, without unit".into(),
            })?,
        _ => Value::String(value.to_owned()),
    };
    let section = table
        .entry(section)
        .or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(field.to_owned(), value);
    }
    Ok(())
}

/// Line of a dotted field in the file, for refusals found after parsing; of a field of an entry of a
/// list (`operations.feeds[1].fields.status`) that is not named the line of what is nearest around
/// it.
pub(super) fn line_of(file: &Path, field: &str) -> Option<usize> {
    let text = std::fs::read_to_string(file).ok()?;
    let Some((list, rest)) = field.split_once('[') else {
        let (section, key) = field.rsplit_once('.')?;
        return lines(&text, section, 0)
            .find_map(|(number, named)| (named? == key).then_some(number));
    };
    let (entry, path) = rest.split_once("].")?;
    let entry: usize = entry.parse().ok()?;
    let (outer, inner) = path.split_once('.').unwrap_or((path, ""));
    let in_section = |section: &str, key: &str| {
        let mut lines = lines(&text, section, entry);
        lines.find_map(|(number, named)| (named? == key).then_some(number))
    };
    in_section(&format!("{list}.{outer}"), inner)
        .or_else(|| in_section(list, path))
        .or_else(|| in_section(list, outer))
        .or_else(|| Some(lines(&text, list, entry).next()?.0))
}

/// Lines of a section, its head first, with the key that each sets. `entry`: which one, of a section
/// that is an entry of a list or lies in one.
fn lines<'t>(
    text: &'t str,
    section: &str,
    entry: usize,
) -> impl Iterator<Item = (usize, Option<&'t str>)> {
    let section = section.to_owned();
    let (mut current, mut list, mut entries) = (String::new(), String::new(), 0);
    text.lines().enumerate().filter_map(move |(number, line)| {
        let line = line.trim();
        let mut named = None;
        if let Some(name) = line.strip_prefix("[[").and_then(|l| l.split(']').next()) {
            current = name.trim().to_owned();
            entries = if list == current { entries + 1 } else { 0 };
            list.clone_from(&current);
        } else if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            current = name.trim().to_owned();
        } else {
            named = line
                .split_once('=')
                .map(|(key, _)| key.trim().trim_matches('"'));
        }
        let is_of_list = !list.is_empty() && current.starts_with(&list);
        let is_it = current == section && (!is_of_list || entries == entry);
        is_it.then_some((number + 1, named))
    })
}

/// Secret in a file: its content without the line end.
///
/// # Errors
/// The file can't be read or is empty; the message never holds its content.
pub fn secret(path: &PathBuf, field: &str) -> Result<String, ConfigError> {
    let refuse = |message: String| ConfigError {
        place: format!("{}: ", path.display()),
        field: field.to_owned(),
        message,
        mend: "point the field to a readable file that holds the secret alone".into(),
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| refuse(format!("can't read the secret: {error}")))?;
    let secret = text.trim_end_matches(['\r', '\n']).to_owned();
    if secret.is_empty() {
        Err(refuse("the file is empty".into()))
    } else {
        Ok(secret)
    }
}

/// `"500ms"`, `"1s"`, `"2m"`, `"3h"`, `"400d"`.
pub(super) mod duration {
    use super::*;
    use std::time::Duration;

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(d)?;
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = &text[digits.len()..];
        let number: u64 = digits.trim().parse().map_err(|_| wrong(&text))?;
        match unit {
            "ms" => Ok(Duration::from_millis(number)),
            "s" => Ok(Duration::from_secs(number)),
            "m" => seconds(number, 60, &text),
            "h" => seconds(number, 3_600, &text),
            "d" => seconds(number, 86_400, &text),
            _ => Err(wrong(&text)),
        }
    }

    fn seconds<E: serde::de::Error>(number: u64, unit: u64, text: &str) -> Result<Duration, E> {
        let seconds = number.checked_mul(unit);
        seconds.map(Duration::from_secs).ok_or_else(|| wrong(text))
    }

    fn wrong<E: serde::de::Error>(text: &str) -> E {
        E::custom(format!(
            "{text:?} is no duration; write \"500ms\", \"1s\", \"2m\", \"3h\" or \"4d\""
        ))
    }
}
