//! What became of the records, as tables.

use std::collections::BTreeMap;

use comfy_table::Table;

use super::super::job::{align, table};
use crate::batch::{DecodeError, Outcome, OutcomeKind};

/// Records that can't be used now, by reason and field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failing(BTreeMap<(&'static str, String), u64>);

impl Failing {
    /// Counts an outcome, if it is a dead letter.
    pub fn count(&mut self, outcome: &Outcome) {
        if let OutcomeKind::DeadLetter(rejected) = &outcome.kind {
            self.add(&rejected.error);
        }
    }

    fn add(&mut self, error: &DecodeError) {
        // Places in lists would make a line of each.
        let field: String = error
            .field
            .chars()
            .filter(|c| !c.is_ascii_digit())
            .collect();
        *self.0.entry((error.reason.code(), field)).or_default() += 1;
    }

    /// Counts rows that ClickHouse refuses.
    pub fn refused(&mut self, rows: usize) {
        if rows > 0 {
            let reason = crate::batch::Reason::RefusedByWarehouse.code();
            *self.0.entry((reason, String::new())).or_default() += rows as u64;
        }
    }

    /// By reason and field; `None` if there are none.
    pub fn table(&self) -> Option<Table> {
        if self.0.is_empty() {
            return None;
        }
        let mut table = table(&["fails now", "field", "records"]);
        for ((reason, field), count) in &self.0 {
            table.add_row([*reason, field, &count.to_string()]);
        }
        align(&mut table, 2);
        Some(table)
    }
}
