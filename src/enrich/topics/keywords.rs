//! Keywords in a match form: of those that overlap, the longest; and words that tell of a topic
//! together.

use std::collections::HashSet;
use std::ops::Range;

use xxhash_rust::xxh64::xxh64;

use super::Definition;
use crate::enrich::phrases::Phrases;

mod together;

pub(super) use together::{MOST_PARTS, Part, Rule};

use together::Pieces;

/// A keyword found, or words that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// Index of the topic.
    pub(super) topic: usize,
    /// Bytes of the match form.
    pub(super) range: Range<usize>,
    /// The trained model never weighed it: see [`Keywords::mark_new`].
    pub(super) is_new: bool,
}

/// A word or phrase in match form, and what it stands for.
#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    pub(super) text: String,
    /// It is a keyword of a topic, or, with `None` inside, a phrase that is no mention.
    pub(super) alone: Option<Option<usize>>,
    /// It is a part of these rules.
    pub(super) parts: Vec<Part>,
}

/// All keywords of all topics, and the phrases that are none.
pub(super) struct Keywords {
    phrases: Phrases,
    /// In the order of the phrases.
    words: Vec<Known>,
    rules: Vec<Rule>,
}

/// What a word stands for.
struct Known {
    alone: Option<Option<usize>>,
    parts: Vec<Part>,
    /// Hash of its text.
    key: u64,
    is_new: bool,
}

impl Keywords {
    /// Words, each of which stands there once, and the rules of which they are parts.
    pub(super) fn new(words: Vec<Word>, rules: Vec<Rule>) -> Self {
        Self {
            phrases: Phrases::new(words.iter().map(|word| word.text.as_str())),
            words: (words.into_iter())
                .map(|word| Known {
                    alone: word.alone,
                    parts: word.parts,
                    key: xxh64(word.text.as_bytes(), 0),
                    is_new: false,
                })
                .collect(),
            rules,
        }
    }

    /// What names each keyword and each rule, with its topic.
    pub(super) fn keys(&self, topics: &[Definition]) -> HashSet<u64> {
        let words = self
            .words
            .iter()
            .filter_map(|word| Some((word.key, (word.alone)??)));
        let rules = self.rules.iter().map(|rule| (rule.key, rule.topic));
        let keys = words.chain(rules);
        keys.filter_map(|(key, topic)| Some(named(key, topics.get(topic)?)))
            .collect()
    }

    /// Marks the keywords and rules that are not among these.
    pub(super) fn mark_new(&mut self, topics: &[Definition], known: &HashSet<u64>) {
        let is_new = |key: u64, topic: usize| {
            let topic = topics.get(topic);
            topic.is_some_and(|topic| !known.contains(&named(key, topic)))
        };
        for word in &mut self.words {
            word.is_new = word
                .alone
                .flatten()
                .is_some_and(|topic| is_new(word.key, topic));
        }
        for rule in &mut self.rules {
            rule.is_new = is_new(rule.key, rule.topic);
        }
    }

    /// Mentions in the order of the text. Of keywords that overlap the longest counts, of equally long
    /// ones the first; a phrase that is no mention hides the keywords inside it. Words that stand
    /// together hide shorter keywords and shorter rules of other topics among them, and are hidden by a
    /// keyword that holds them all. `clause_of` numbers the clauses: words of two clauses don't stand
    /// together.
    pub(super) fn mentions(&self, text: &str, clause_of: impl Fn(usize) -> usize) -> Vec<Mention> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut pieces = Pieces::default();
        for (number, range) in self.phrases.find(text) {
            let Some(word) = self.words.get(number) else {
                continue;
            };
            if !word.parts.is_empty() {
                pieces.add(clause_of(range.start), &word.parts, &range);
            }
            if let Some(topic) = word.alone {
                let is_new = word.is_new;
                hits.push(Hit {
                    range,
                    topic,
                    is_new,
                });
            }
        }
        let none = |range: &Range<usize>| {
            let mut none = hits.iter().filter(|hit| hit.topic.is_none());
            none.any(|hit| hit.range.start <= range.start && range.end <= hit.range.end)
        };
        let mut together = pieces.together(&self.rules, text, none);
        let mut mentions = alone(&mut hits);
        together.retain(|found| !mentions.iter().any(|m| found.stands_in(&m.range)));
        mentions.retain(|mention| {
            let hides = |other: &together::Found| {
                other.topic != mention.topic && other.hides(&mention.range)
            };
            !together.iter().any(hides)
        });
        let mention = |found: together::Found| Mention {
            topic: found.topic,
            range: found.range,
            is_new: found.is_new,
        };
        mentions.extend(together.into_iter().map(mention));
        mentions.sort_by_key(|mention| mention.range.start);
        mentions
    }
}

/// A key with the topic that it is of.
fn named(key: u64, topic: &Definition) -> u64 {
    xxh64(topic.id.as_bytes(), key)
}

/// Mentions of single keywords, in the order of the text.
fn alone(hits: &mut [Hit]) -> Vec<Mention> {
    hits.sort_unstable_by_key(|hit| hit.range.start);
    let mut mentions = Vec::new();
    let mut rest = hits;
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

/// A keyword or a phrase that is none, where it stands.
struct Hit {
    range: Range<usize>,
    topic: Option<usize>,
    is_new: bool,
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
            is_new: hit.is_new,
        })
    }));
}
