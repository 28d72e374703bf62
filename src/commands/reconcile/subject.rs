//! What is to be proved: each partition in each life of its topic, and the offsets that have to be
//! accounted for.

use anyhow::Result;

use super::Parts;
use crate::kafka::committed::Committed;
use crate::kafka::log::HeldPartition;
use crate::ranges::Span;
use crate::warehouse::audit::{Known, Place};

/// A partition in one life of its topic.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub topic: String,
    pub place: Place,
    pub known: Known,
    /// As Kafka has it; `None` for an earlier life, which Kafka has no more.
    pub held: Option<HeldPartition>,
}

/// What tells the first offset that has to be accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OriginFrom {
    /// Table `streams`.
    Streams,
    /// The first line of evidence.
    FirstLine,
    /// The first record that Kafka holds.
    LogStart,
}

impl Subject {
    /// What the group has committed in this life of the topic.
    pub fn committed(&self) -> Option<&Committed> {
        let held = self.held.as_ref()?;
        let committed = held.committed.as_ref()?;
        committed
            .is_of(&self.place.stream, held.end)
            .then_some(committed)
    }

    /// First offset to be accounted for; `None` if nothing was ever read.
    pub fn origin(&self) -> Option<(u64, OriginFrom)> {
        let told = self.known.origin.map(|o| (o, OriginFrom::Streams));
        let line = self.known.span.map(|s| (s.0, OriginFrom::FirstLine));
        told.or(line).or_else(|| {
            self.committed()?;
            Some((self.held.as_ref()?.first, OriginFrom::LogStart))
        })
    }

    /// Offset before which everything has to be accounted for: the committed one. Where none is
    /// known, what follows the last line: lines are written in order.
    pub fn end(&self) -> Option<u64> {
        match self.committed() {
            Some(committed) => Some(committed.offset),
            None => self.known.span.map(|s| s.1 + 1),
        }
    }

    /// Offsets to be accounted for; `None` if there are none.
    pub fn domain(&self) -> Option<Span> {
        let (origin, _) = self.origin()?;
        let last = self.end()?.checked_sub(1)?;
        (origin <= last).then_some((origin, last))
    }
}

/// All partitions of a topic: those of its present life, then those of earlier ones. `has_ids`:
/// the broker tells topic ids; the embedded one does not, there the newest life is the present one.
pub(super) async fn of_topic(
    parts: &Parts,
    topic: &str,
    has_ids: bool,
    only: &[i32],
) -> Result<Vec<Subject>> {
    // First what is committed: what the warehouse tells later is at least as far.
    let (held, stream) = tokio::task::block_in_place(|| {
        let held = parts.log.partitions(topic)?;
        let stream = match has_ids && !held.is_empty() {
            true => parts.log.stream(topic)?,
            false => None,
        };
        anyhow::Ok((held, stream))
    })?;
    let mut known = parts.audit.known(topic).await?;
    let newest = known.iter().max_by_key(|(_, k)| k.heard_at);
    let stream = stream
        .or_else(|| newest.map(|(place, _)| place.stream.clone()))
        .unwrap_or_else(|| topic.to_owned());
    let wanted = |number: i32| only.is_empty() || only.contains(&number);
    let mut subjects = Vec::new();
    for held in held.into_iter().filter(|h| wanted(h.number)) {
        let place = Place {
            stream: stream.clone(),
            partition: held.number,
        };
        subjects.push(Subject {
            topic: topic.to_owned(),
            known: known.remove(&place).unwrap_or_default(),
            place,
            held: Some(held),
        });
    }
    for (place, known) in known.into_iter().filter(|(p, _)| wanted(p.partition)) {
        subjects.push(Subject {
            topic: topic.to_owned(),
            place,
            known,
            held: None,
        });
    }
    Ok(subjects)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(known: Known, committed: Option<(u64, &str)>) -> Subject {
        Subject {
            topic: "t".into(),
            place: Place {
                stream: "life".into(),
                partition: 0,
            },
            known,
            held: Some(HeldPartition {
                number: 0,
                first: 10,
                end: 100,
                committed: committed.map(|(offset, metadata)| Committed::new(offset, metadata)),
            }),
        }
    }

    fn lines(first: u64, last: u64) -> Known {
        Known {
            lines: last - first + 1,
            span: Some((first, last)),
            ..Known::default()
        }
    }

    #[test]
    fn the_offsets_to_account_for_end_before_the_committed_one() {
        let mut known = lines(20, 59);
        let committed = Some((50, "v1:life:50-59:b"));
        assert_eq!(subject(known.clone(), committed).domain(), Some((20, 49)));
        known.origin = Some(15);
        assert_eq!(subject(known, committed).domain(), Some((15, 49)));
        let unwritten = subject(Known::default(), committed);
        assert_eq!(unwritten.origin(), Some((10, OriginFrom::LogStart)));
        assert_eq!(unwritten.domain(), Some((10, 49)));
    }

    #[test]
    fn without_a_commit_of_this_life_the_lines_tell_the_end() {
        for committed in [None, Some((70, "v1:other")), Some((101, ""))] {
            let subject = subject(lines(20, 59), committed);
            assert_eq!(subject.domain(), Some((20, 59)));
        }
        assert_eq!(subject(Known::default(), None).domain(), None);
    }

    #[test]
    fn an_offset_set_back_before_all_lines_leaves_nothing_to_account_for() {
        assert_eq!(subject(lines(20, 59), Some((20, ""))).domain(), None);
        assert_eq!(subject(lines(20, 59), Some((0, ""))).domain(), None);
    }
}
