//! What a job finds and what it did, as tables.

use comfy_table::Table;

use super::super::job::{align, table};
use crate::enrich::Tags;
use crate::warehouse::retagging::{Retagging, Standing, StoredRow};

/// What a job did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that were to be done when it started.
    pub due: u64,
    /// Rows that a later job computed, or this one before it was broken off.
    pub later: u64,
    /// Rows read and tagged; one that changed meanwhile, each time.
    pub read: u64,
    /// … with another language than before.
    pub language: u64,
    /// … with another sentiment of the whole text.
    pub sentiment: u64,
    /// … with other topics.
    pub topics: u64,
    /// Rows written.
    pub written: u64,
}

impl Counts {
    /// Rows that changed after they were read, so that their tags were not written.
    pub fn overtaken(&self) -> u64 {
        self.read.saturating_sub(self.written)
    }

    /// Counts a row by what its new tags change.
    pub fn compare(&mut self, row: &StoredRow, tags: &Tags) {
        let topics = tags.topics.iter().map(|t| &*t.id);
        self.read += 1;
        self.language += u64::from(row.language_tag != tags.language.tag);
        self.sentiment += u64::from(row.sentiment != tags.sentiment.label.name());
        self.topics += u64::from(!topics.eq(row.topics.iter().map(String::as_str)));
    }
}

/// Rows of the scope by the versions that they bear.
pub fn standings(standings: &[Standing], job: &Retagging) -> Table {
    let mut table = table(&["models", "taxonomy", "rows", "to do"]);
    for standing in standings {
        let due = match job.is_due(standing) {
            true => standing.rows - standing.later,
            false => 0,
        };
        table.add_row([
            standing.model_version.clone(),
            standing.taxonomy_version.clone(),
            standing.rows.to_string(),
            due.to_string(),
        ]);
    }
    align(&mut table, 2);
    table
}

/// What was done, or with a dry run would be.
pub fn summary(counts: &Counts, dry_run: bool) -> Table {
    let mut table = table(&["", "rows"]);
    table.add_row(["read".to_owned(), counts.read.to_string()]);
    for (what, count) in [
        ("other language", counts.language),
        ("other sentiment", counts.sentiment),
        ("other topics", counts.topics),
    ] {
        table.add_row([format!("  {what}"), count.to_string()]);
    }
    if dry_run {
        table.add_row(["written (dry run)", "0"]);
    } else {
        table.add_row(["written".to_owned(), counts.written.to_string()]);
        let overtaken = counts.overtaken().to_string();
        table.add_row(["changed meanwhile".to_owned(), overtaken]);
    }
    align(&mut table, 1);
    table
}
