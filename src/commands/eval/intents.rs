//! `sada eval intents`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use rayon::prelude::*;

use super::Split;
use crate::commands::{ConfigFile, enricher, say};
use crate::enrich::Enricher;
use crate::enrich::intents::{Signals, Want};
use crate::language::Hints;
use crate::training::lists::{self, Counts, Row};

/// Measure intents, urgency, emotion, effort and the like
///
/// FILE has lines of three columns between tabs: dev or test, labels between spaces (`-` for none),
/// text; its name is the language. Labels: complaint, question, request, suggestion, praise,
/// churn_risk, escalation, urgent (urgency of 0.5 and more), emotion=…, effort=easy, effort=hard,
/// profanity, repeated, stage=…, phase=…, touchpoint=…. Prints precision, recall and F1 of each
/// label, the worst first, for each file and over all.
#[derive(Args)]
#[command(after_help = "Example:\n  sada eval intents tests/lists/intents/*.tsv --split dev --errors 10")]
pub struct Arguments {
    /// Labelled texts
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Rows to measure on. Choose on dev; look at test at the end
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// Show the first N texts of each file that went wrong
    #[arg(long, value_name = "N", default_value_t = 0)]
    errors: usize,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    let enricher = enricher::load(&config)?;
    let mut all = Counts::default();
    let mut files = BTreeMap::new();
    for file in &arguments.files {
        let rows = lists::read(file, arguments.split.role())?;
        let name = stem(file)?;
        let answers: Vec<Vec<String>> = rows.par_iter().map(|row| found(&enricher, row)).collect();
        let mut counts = Counts::default();
        for (row, answer) in rows.iter().zip(&answers) {
            counts.add(&row.labels, answer);
        }
        say(format_args!("{name}, {} texts\n{counts}", rows.len()))?;
        let wrong = rows.iter().zip(&answers).filter_map(|(row, answer)| fault(row, answer));
        for fault in wrong.take(arguments.errors) {
            say(fault)?;
        }
        all.merge(&counts);
        files.insert(name, counts);
    }
    if files.len() > 1 {
        say(format_args!("all\n{all}"))?;
        for (name, counts) in &files {
            let micro = lists::counts::shown(counts.micro().f1());
            say(format_args!("{name}: micro-F1 {micro}"))?;
        }
    }
    let versions = enricher.versions();
    say(format_args!(
        "{}, {}; {} rows",
        versions.models,
        versions.taxonomy,
        arguments.split.role().name()
    ))?;
    Ok(())
}

fn stem(file: &Path) -> anyhow::Result<String> {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.with_context(|| format!("{}: no name of a file", file.display()))?;
    Ok(stem.to_owned())
}

/// Labels that the whole path finds in a text.
fn found(enricher: &Enricher, row: &Row) -> Vec<String> {
    labels(&enricher.tag(&row.text, Hints::default()).signals)
}

/// Least urgency of a text that is `urgent`.
const URGENT: f32 = 0.5;

fn labels(signals: &Signals) -> Vec<String> {
    let wants = signals.intents.iter().map(|intent| intent.want);
    // The lists do not label what wants nothing.
    let wants = wants.filter(|want| *want != Want::Other);
    let mut labels: Vec<String> = wants.map(|want| want.name().to_owned()).collect();
    let mut add = |label: &str, value: Option<&str>| {
        labels.extend(value.map(|value| format!("{label}={value}")));
    };
    add("emotion", signals.emotion.map(|emotion| emotion.name()));
    let effort = signals.effort;
    add("effort", effort.map(|e| if e < 0 { "hard" } else { "easy" }));
    add("stage", signals.journey_stage);
    add("phase", signals.purchase_phase);
    add("touchpoint", signals.touchpoint);
    for (label, holds) in [
        ("urgent", signals.urgency.score >= URGENT),
        ("profanity", signals.profanity),
        ("repeated", signals.repeated_problem),
    ] {
        labels.extend(holds.then(|| label.to_owned()));
    }
    labels
}

/// What went wrong with a text, if anything.
fn fault(row: &Row, answer: &[String]) -> Option<String> {
    let lacks = |here: &[String], there: &[String]| {
        let lacks = here.iter().filter(|label| !there.contains(label));
        lacks.map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let missed = lacks(&row.labels, answer);
    let wrong = lacks(answer, &row.labels);
    if missed.is_empty() && wrong.is_empty() {
        return None;
    }
    let mut fault = format!("line {}\n", row.line);
    for (what, labels) in [("missed", missed), ("wrong", wrong)] {
        if !labels.is_empty() {
            fault += &format!("  {what}: {labels}\n");
        }
    }
    // Isolated, so that a right-to-left text does not turn the line around.
    Some(format!("{fault}  \u{2068}{}\u{2069}", row.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn row(labels: &[&str], text: &str) -> Row {
        Row {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            text: text.to_owned(),
            line: 7,
        }
    }

    #[test]
    fn labels_are_those_of_the_lists() {
        let enricher = enricher::load(&Config::default()).unwrap();
        let text = "I called three times, still not fixed. I'm furious, get me a manager, urgent!";
        let found = found(&enricher, &row(&[], text));
        for label in [
            "complaint",
            "escalation",
            "urgent",
            "emotion=anger",
            "effort=hard",
            "repeated",
            "touchpoint=support_call",
        ] {
            assert!(found.iter().any(|l| l == label), "{label} in {found:?}");
        }
        assert!(super::found(&enricher, &row(&[], "Size 42")).is_empty());
    }

    #[test]
    fn a_fault_tells_what_is_missed_and_what_is_wrong() {
        let labels = |labels: &[&str]| row(labels, "").labels;
        let text = row(&["praise", "urgent"], "خوب");
        let fault = super::fault(&text, &labels(&["praise", "request"])).unwrap();
        assert_eq!(
            fault,
            "line 7\n  missed: urgent\n  wrong: request\n  \u{2068}خوب\u{2069}"
        );
        assert_eq!(super::fault(&text, &labels(&["urgent", "praise"])), None);
    }
}
