//! Does every offset of a partition have its line, and only one? What lacks one is looked up in
//! Kafka: was there a record at all?

use anyhow::{Result, bail};

use super::report::InFlight;
use super::subject::{OriginFrom, Subject};
use super::{PartitionReport, Parts};
use crate::ranges::{Ranges, Span, common, total};
use crate::warehouse::audit::coverage::{Kind, windows};
use crate::warehouse::audit::letters;

/// Checks one partition: all but the rows and what is ahead.
pub(super) async fn check(parts: &mut Parts, subject: &Subject) -> Result<PartitionReport> {
    let mut report = PartitionReport::new(subject);
    let name = report.name();
    parts.progress.doing(&format!("lines of {name}"));
    let mut holes = Holes::new(parts, subject).await?;
    let mut next = subject.domain().map_or(0, |d| d.0);
    if let Some(lines) = subject.known.span {
        if lines.0 > next {
            holes.explain(parts, &[(next, lines.0 - 1)]).await?;
        }
        for window in windows(lines) {
            for suspect in parts.audit.suspects(&subject.place, window).await? {
                let (has_holes, has_doubles) = match suspect.kind {
                    Kind::Absent => (false, false),
                    Kind::Uneven { holes, doubles } => (holes, doubles),
                };
                if has_doubles {
                    let doubles = duplicates(parts, subject, suspect.span).await?;
                    report.duplicated.extend(doubles);
                }
                if has_holes {
                    let found = parts.audit.holes(&subject.place, suspect.span).await?;
                    holes.explain(parts, &found).await?;
                } else if suspect.kind == Kind::Absent {
                    holes.explain(parts, &[suspect.span]).await?;
                }
            }
            let share = (window.1 - window.0 + 1) as f64 / (lines.1 - lines.0 + 1) as f64;
            parts
                .progress
                .add((subject.known.lines as f64 * share) as u64);
        }
        next = next.max(lines.1 + 1);
    }
    if let Some(domain) = subject.domain() {
        holes.explain(parts, &[(next, domain.1)]).await?;
    }
    holes.report(subject, &mut report);
    outcomes(parts, subject, &mut report).await?;
    if let Some(announced) = subject.committed().and_then(|c| c.announced) {
        report.in_flight = Some(InFlight {
            first: announced.0,
            last: announced.1,
            lines: parts.audit.present(&subject.place, announced).await?,
        });
    }
    Ok(report)
}

/// Doubled lines that are still there when looked at again.
async fn duplicates(parts: &Parts, subject: &Subject, span: Span) -> Result<Vec<Span>> {
    let found = parts.audit.duplicates(&subject.place, span).await?;
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return Ok(found);
    };
    let again = parts.audit.duplicates(&subject.place, (first.0, last.1));
    Ok(common(&found, &again.await?))
}

/// Counts ends and reasons, and looks for dead letters without their row.
async fn outcomes(
    parts: &mut Parts,
    subject: &Subject,
    report: &mut PartitionReport,
) -> Result<()> {
    let (Some(lines), Some(end)) = (subject.known.span, subject.end()) else {
        return Ok(());
    };
    let span = (lines.0, end.saturating_sub(1));
    if span.0 > span.1 {
        return Ok(());
    }
    report.count(parts.audit.outcomes(&subject.place, span).await?);
    if !report.outcomes.iter().any(|o| o.outcome == "dead_letter") {
        return Ok(());
    }
    let name = report.name();
    parts.progress.doing(&format!("dead letters of {name}"));
    for window in letters::windows((span.0, span.1.min(lines.1))) {
        let place = &subject.place;
        let mut found = parts.audit.without_dead_letter(place, window).await?;
        if !found.missing.is_empty() {
            let again = parts.audit.without_dead_letter(place, window).await?;
            found.missing = common(&found.missing, &again.missing);
        }
        report.without_dead_letter.extend(found.missing);
        report.expired_dead_letters += found.expired;
    }
    Ok(())
}

/// Offsets without a line, by what explains them.
struct Holes<'a> {
    subject: &'a Subject,
    /// Lines below this offset may have been removed by their time to live.
    kept_from: u64,
    /// A record lies there, and it has no line.
    missing: Ranges,
    /// Kafka has deleted what was there, if anything.
    below_log: Ranges,
    /// Kafka can't be asked: an earlier life of the topic, or beyond the log's end.
    unprovable: Ranges,
    empty: u64,
    expired: u64,
}

impl<'a> Holes<'a> {
    async fn new(parts: &Parts, subject: &'a Subject) -> Result<Self> {
        Ok(Self {
            subject,
            kept_from: parts
                .audit
                .kept_from(&subject.place)
                .await?
                .unwrap_or_default(),
            missing: Ranges::default(),
            below_log: Ranges::default(),
            unprovable: Ranges::default(),
            empty: 0,
            expired: 0,
        })
    }

    /// Finds what explains these holes, which lie after those explained before. What lies outside
    /// of the offsets to be accounted for is left out.
    async fn explain(&mut self, parts: &mut Parts, holes: &[Span]) -> Result<()> {
        let Some(domain) = self.subject.domain() else {
            return Ok(());
        };
        let mut holes = common(holes, &[domain]);
        if let Some(before) = self.kept_from.checked_sub(1) {
            self.expired += total(&common(&holes, &[(0, before)]));
            holes = common(&holes, &[(self.kept_from, u64::MAX)]);
        }
        let (Some(first), Some(last)) = (holes.first(), holes.last()) else {
            return Ok(());
        };
        let around = (first.0, last.1);
        if self.subject.held.is_none() {
            self.unprovable.extend(holes);
            return Ok(());
        }
        let found = self.look_up(parts, &holes)?;
        self.empty += found.empty;
        self.unprovable.extend(found.beyond);
        if found.records.is_empty() && found.below.is_empty() {
            return Ok(());
        }
        let still = parts.audit.holes(&self.subject.place, around).await?;
        self.missing.extend(common(&found.records, &still));
        self.below_log.extend(common(&found.below, &still));
        Ok(())
    }

    /// What Kafka has at the holes.
    fn look_up(&self, parts: &mut Parts, holes: &[Span]) -> Result<Found> {
        let (topic, number) = (self.subject.topic.as_str(), self.subject.place.partition);
        let Parts { log, progress, .. } = parts;
        let mut looked = 0_u32;
        let mut tick = || {
            looked += 1;
            if looked.is_multiple_of(1_000) {
                progress.tick();
            }
        };
        tokio::task::block_in_place(|| {
            // The log may lose its oldest records meanwhile, which must not look empty.
            for _ in 0..5 {
                let (start, end) = log.bounds(topic, number)?;
                let mut found = Found::at_bounds(holes, start, end);
                let held = common(holes, &[(start, end.saturating_sub(1))]);
                let held = if end > start { held } else { Vec::new() };
                found.records = log.records(topic, number, &held, &mut tick)?;
                found.empty = total(&held) - total(&found.records);
                let lost = |start: u64| held.first().is_some_and(|h| h.0 < start);
                if !lost(log.bounds(topic, number)?.0) {
                    return Ok(found);
                }
            }
            bail!("{topic}[{number}]: Kafka deletes records faster than they can be looked at")
        })
    }

    fn report(mut self, subject: &Subject, report: &mut PartitionReport) {
        // Below the log's start a hole is as good as a lost record if the group was to read it,
        // unless this partition is seen to have offsets without a record.
        let told = matches!(subject.origin(), Some((_, OriginFrom::Streams)));
        let missing = &mut self.missing;
        if told && self.empty == 0 {
            self.below_log.append(std::mem::take(missing));
            *missing = self.below_log;
        } else {
            self.below_log.append(self.unprovable);
            self.unprovable = self.below_log;
        }
        report.missing = self.missing;
        report.unprovable = self.unprovable;
        report.empty = self.empty;
        report.expired = self.expired;
    }
}

/// What Kafka has at some holes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    records: Vec<Span>,
    below: Vec<Span>,
    beyond: Vec<Span>,
    empty: u64,
}

impl Found {
    fn at_bounds(holes: &[Span], start: u64, end: u64) -> Self {
        let below = start.checked_sub(1).map(|last| common(holes, &[(0, last)]));
        Self {
            below: below.unwrap_or_default(),
            beyond: common(holes, &[(end.max(start), u64::MAX)]),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_parted_by_the_bounds_of_the_log() {
        let found = Found::at_bounds(&[(0, 4), (8, 12), (95, 105)], 10, 100);
        assert_eq!(found.below, [(0, 4), (8, 9)]);
        assert_eq!(found.beyond, [(100, 105)]);
        let found = Found::at_bounds(&[(0, 4)], 0, 0);
        assert_eq!((found.below.len(), found.beyond), (0, vec![(0, 4)]));
    }
}
