//! Which lines stand at or beyond the committed offset, outside of the range announced? None in a
//! quiet group, unless its offsets were set back.

use std::time::Duration;

use anyhow::Result;

use super::subject::Subject;
use super::{PartitionReport, Parts};
use crate::ranges::{Ranges, Span, common, outside};
use crate::warehouse::audit::coverage::{Kind, windows};

/// How often a line is looked at that no commit covers: without announcements
/// (`delivery = "at_least_once"`) a live pipeline commits after its lines are seen.
const LOOKS: u32 = 4;
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Finds lines ahead, of the lines that were there when reconciling began.
pub(super) async fn check(
    parts: &Parts,
    subjects: &[Subject],
    reports: &mut [PartitionReport],
) -> Result<()> {
    for (subject, report) in subjects.iter().zip(reports) {
        let (Some(held), Some(lines)) = (&subject.held, subject.known.span) else {
            continue;
        };
        for look in 1..=LOOKS {
            // Asked for after the lines: whatever they show was announced before.
            let committed = tokio::task::block_in_place(|| {
                parts.log.committed(&subject.topic, &[held.number])
            })?;
            let committed = committed
                .get(&held.number)
                .filter(|c| c.is_of(&subject.place.stream, held.end.max(c.offset)));
            report.ahead = Ranges::default();
            if let Some(committed) = committed.filter(|c| c.offset <= lines.1) {
                let span = (committed.offset, lines.1);
                report.ahead = present(parts, subject, span, committed.announced).await?;
            }
            if report.ahead.is_empty() || look == LOOKS {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Offsets of a span that have a line, but for those of a range.
async fn present(
    parts: &Parts,
    subject: &Subject,
    span: Span,
    except: Option<Span>,
) -> Result<Ranges> {
    let mut present = Ranges::default();
    for window in windows(span) {
        let mut holes = Vec::new();
        for suspect in parts.audit.suspects(&subject.place, window).await? {
            match suspect.kind {
                Kind::Absent => holes.push(suspect.span),
                Kind::Uneven { .. } => {
                    holes.extend(parts.audit.holes(&subject.place, suspect.span).await?);
                }
            }
        }
        let found = outside(window, &holes);
        match except {
            None => present.extend(found),
            Some(range) => present.extend(common(&found, &outside(window, &[range]))),
        }
    }
    Ok(present)
}
