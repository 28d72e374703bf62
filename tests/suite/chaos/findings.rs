//! What the check found wrong, by place and sort.

use std::collections::BTreeMap;
use std::fmt;

/// Findings of each sort that are told one by one.
const TOLD: usize = 12;

/// Place of findings: table `ingested`.
pub const INGESTED: &str = "ingested";
/// Place of findings: table `feedback`, each row that lies there.
pub const FEEDBACK: &str = "feedback, physically";
/// Place of findings: each row that was inserted into `feedback`, as the witness has it.
pub const WITNESS: &str = "rows inserted into feedback";

/// What is wrong, by place and sort.
#[derive(Debug, Default)]
pub struct Findings {
    counts: BTreeMap<(&'static str, Sort), u64>,
    told: BTreeMap<(&'static str, Sort), Vec<String>>,
}

/// How something can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// It was produced and is not there.
    Missing,
    /// It is there more than once.
    Duplicated,
    /// It is there and should not be.
    Unexpected,
    /// It is there, and says something else.
    Wrong,
}

impl Findings {
    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many of a sort at a place.
    pub fn count(&self, place: &'static str, sort: Sort) -> u64 {
        self.counts.get(&(place, sort)).copied().unwrap_or(0)
    }

    /// Takes in others, of other places.
    pub fn join(&mut self, other: Findings) {
        self.counts.extend(other.counts);
        self.told.extend(other.told);
    }

    /// Adds a finding that stands for so many.
    pub fn add(&mut self, place: &'static str, sort: Sort, times: u64, what: impl Into<String>) {
        *self.counts.entry((place, sort)).or_default() += times;
        let told = self.told.entry((place, sort)).or_default();
        if told.len() < TOLD {
            told.push(what.into());
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((place, sort), count) in &self.counts {
            writeln!(f, "{place}: {count} {sort:?}")?;
            for what in &self.told[&(*place, *sort)] {
                writeln!(f, "    {what}")?;
            }
        }
        Ok(())
    }
}
