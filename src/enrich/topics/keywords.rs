//! Keywords in a match form: of those that overlap, the longest.

use std::ops::Range;

use crate::enrich::phrases::Phrases;

/// A keyword found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// Index of the topic.
    pub(super) topic: usize,
    /// Bytes of the match form.
    pub(super) range: Range<usize>,
}

/// All keywords of all topics, and the phrases that are none.
pub(super) struct Keywords {
    phrases: Phrases,
    /// Topic of each phrase.
    topics: Vec<Option<usize>>,
}

impl Keywords {
    /// Words in match form with the index of their topic; `None` marks a phrase that is no mention.
    pub(super) fn new(words: &[(String, Option<usize>)]) -> Result<Self, String> {
        Ok(Self {
            phrases: Phrases::new(words.iter().map(|(word, _)| word.as_str()))?,
            topics: words.iter().map(|(_, topic)| *topic).collect(),
        })
    }

    /// Mentions in the order of the text, without overlaps: of keywords that overlap the longest,
    /// of equally long ones the first. A phrase that is no mention hides the keywords inside it.
    pub(super) fn mentions(&self, text: &str) -> Vec<Mention> {
        let hit = |(number, range)| {
            let topic = *self.topics.get(number)?;
            Some(Hit { range, topic })
        };
        let mut hits: Vec<Hit> = self.phrases.find(text).filter_map(hit).collect();
        hits.sort_unstable_by_key(|hit| hit.range.start);
        let mut mentions = Vec::new();
        let mut rest = hits.as_mut_slice();
        while let Some(first) = rest.first() {
            // Hits that overlap, directly or through others, are decided on together.
            let mut end = first.range.end;
            let mut count = 1;
            while let Some(next) = rest.get(count).filter(|next| next.range.start < end) {
                end = end.max(next.range.end);
                count += 1;
            }
            let (cluster, later) = rest.split_at_mut(count);
            longest(cluster, &mut mentions);
            rest = later;
        }
        mentions
    }
}

/// A keyword or a phrase that is none, where it stands.
struct Hit {
    range: Range<usize>,
    topic: Option<usize>,
}

/// Adds the mentions of hits that overlap: the longest first, then what it leaves room for.
fn longest(hits: &mut [Hit], mentions: &mut Vec<Mention>) {
    hits.sort_unstable_by_key(|hit| (usize::MAX - hit.range.len(), hit.range.start, hit.topic));
    let mut taken: Vec<&Hit> = Vec::new();
    for hit in hits.iter() {
        let free =
            |other: &&Hit| other.range.end <= hit.range.start || hit.range.end <= other.range.start;
        if taken.iter().all(free) {
            taken.push(hit);
        }
    }
    taken.sort_unstable_by_key(|hit| hit.range.start);
    mentions.extend(taken.into_iter().filter_map(|hit| {
        hit.topic.map(|topic| Mention {
            topic,
            range: hit.range.clone(),
        })
    }));
}
