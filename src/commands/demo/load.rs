//! What the demo sends, and what should become of it.

use anyhow::{Result, bail};
use jiff::Timestamp;

use super::events::Story;
use super::operations::Told;
use super::record::Record;
use super::{Arguments, broken, events, texts};

/// What the demo sends.
pub(super) struct Load {
    /// Feedback, with broken records in it.
    pub(super) records: Vec<Record>,
    /// O-data that comes before the feedback …
    pub(super) early: Vec<Told>,
    /// … and after it.
    pub(super) late: Vec<Told>,
    languages: Vec<String>,
    events: u64,
    broken: u64,
}

impl Load {
    /// For a run that begins now.
    ///
    /// # Errors
    /// The demo's own texts can't be read.
    pub(super) fn new(arguments: &Arguments) -> Result<Self> {
        let languages = texts::languages()?;
        let now = Timestamp::now();
        // Part of every id, so that the items of one run are not versions of those before.
        let run = now.strftime("%Y%m%d-%H%M%S").to_string();
        let Story { events, operations } = events::story(
            &languages,
            arguments.seed,
            &run,
            now.as_millisecond(),
            arguments.events,
        );
        let broken = broken::broken(&events);
        let (late, early) = operations.into_iter().partition(|told| told.late);
        Ok(Self {
            early,
            late,
            languages: languages
                .into_iter()
                .map(|language| language.name)
                .collect(),
            events: events.len() as u64,
            broken: broken.iter().filter(|b| b.reason.is_some()).count() as u64,
            records: broken::mix(events, broken),
        })
    }

    /// Every record of feedback came to the end that it should.
    ///
    /// # Errors
    /// One did not.
    pub(super) fn check(&self, (rows, dead_letters, skipped): (u64, u64, u64)) -> Result<()> {
        let Self { events, broken, .. } = self;
        if (rows, dead_letters, skipped) == (*events, *broken, 1) {
            return Ok(());
        }
        bail!(
            "{events} rows, {broken} dead letters and 1 skipped record should be there, and are {rows}, \
             {dead_letters} and {skipped}: table dead_letters says what was refused"
        )
    }
}

impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            events,
            languages,
            broken,
            ..
        } = self;
        let (named, others) = languages.split_at(languages.len().min(4));
        let (named, others) = (named.join(", "), others.len());
        write!(
            f,
            "Sent {events} events in {named} and {others} other languages, {broken} broken records \
             and a tombstone"
        )
    }
}
