//! The report: answers of the warehouse as tables on the terminal.

use crate::commands::say;
use anyhow::{Context, Result};
use clickhouse::Client;
use comfy_table::{CellAlignment, Table, TableComponent, presets};

use super::questions::QUESTIONS;
use crate::commands::terminal::{fitting, isolated};

/// Widest text of a cell, in columns of the terminal.
const WIDEST: usize = 64;

/// Asks all questions and prints the answers. `stream` marks the rows of this run.
///
/// # Errors
/// A query fails.
pub(super) async fn print(client: &Client, stream: &str) -> Result<()> {
    for question in QUESTIONS {
        let answer = ask(client, question.sql, stream)
            .await
            .with_context(|| format!("can't answer {:?}", question.title))?;
        say(format_args!("\n{}", question.title))?;
        if !question.note.is_empty() {
            say(question.note)?;
        }
        for line in answer.table().lines() {
            say(line.trim_end())?;
        }
    }
    Ok(())
}

/// Result of a query, all values as text.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    names: Vec<String>,
    types: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The format that carries names, types and texts alone.
const FORMAT: &str = "JSONCompactStringsEachRowWithNamesAndTypes";

async fn ask(client: &Client, sql: &str, stream: &str) -> Result<Answer> {
    let query = sql
        .matches('?')
        .fold(client.query(sql), |query, _| query.bind(stream));
    Answer::parse(&query.fetch_bytes(FORMAT)?.collect().await?)
}

impl Answer {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut lines = serde_json::Deserializer::from_slice(bytes).into_iter::<Vec<String>>();
        let names = lines.next().context("the answer is empty")??;
        let types = lines.next().context("the answer has no types")??;
        let rows = lines.collect::<Result<_, _>>()?;
        Ok(Self { names, types, rows })
    }

    /// Without borders: terminals differ in how wide they draw some scripts, so only what comes
    /// last in a line may be of any of them.
    fn table(&self) -> Table {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_style(TableComponent::HeaderLines, '─')
            .set_style(TableComponent::MiddleHeaderIntersections, '─');
        table.set_header(&self.names);
        table.add_rows(
            self.rows
                .iter()
                .map(|row| row.iter().map(|text| shown(text))),
        );
        for (column, kind) in table.column_iter_mut().zip(&self.types) {
            if is_number(kind) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

fn is_number(kind: &str) -> bool {
    ["UInt", "Int", "Float"]
        .iter()
        .any(|number| kind.starts_with(number))
}

/// Cuts a text to the widest that is shown and keeps its direction from reaching its neighbours.
fn shown(text: &str) -> String {
    isolated(&fitting(text, WIDEST))
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn an_answer_is_read_with_names_and_types() {
        let bytes = b"[\"n\",\"text\"]\n[\"UInt64\",\"String\"]\n[\"3\",\"a \\\"b\\\"\"]\n";
        let answer = Answer::parse(bytes).unwrap();
        assert_eq!(answer.rows, [["3", "a \"b\""]]);
        assert!(Answer::parse(b"").is_err());
    }

    #[test]
    fn numbers_stand_right_and_texts_left() {
        let texts = |row: &[&str]| row.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let answer = Answer {
            names: texts(&["n", "text"]),
            types: texts(&["UInt64", "String"]),
            rows: vec![texts(&["3", "late"]), texts(&["1200", "好"])],
        };
        let table = answer.table().to_string();
        let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
        assert_eq!(lines[2], "    3   late");
        assert_eq!(lines[3], " 1200   好");
    }

    #[test]
    fn texts_are_cut_and_isolated() {
        let text = shown(&"خوب ".repeat(100));
        assert!(text.starts_with('\u{2068}') && text.ends_with("…\u{2069}"));
        assert_eq!(text.width(), WIDEST);
        assert_eq!(shown("short"), "short");
    }
}
