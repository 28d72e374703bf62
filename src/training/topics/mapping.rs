//! Which topics the categories of labelled sets are.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, bail, ensure};

use crate::enrich::topics::trained::{Covers, MOST};
use crate::training::data::{Line, gold_of};

/// What comes with the program.
const BUILT_IN: &str = include_str!("../../../models/topic_mapping.tsv");

/// Categories of sets as topics.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Level-2 ids, sorted.
    topics: Vec<String>,
    /// Kinds of things that are reviewed, sorted.
    things: Vec<String>,
    sets: HashMap<String, Categories>,
}

/// One set's.
#[derive(Debug, Clone, Default)]
struct Categories {
    thing: usize,
    /// Index of the topic; none where it is no topic of ours.
    topics: HashMap<String, Option<usize>>,
}

/// What is right about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gold {
    /// Topics, as bits.
    pub topics: Covers,
    /// Sentiment of all topics: 0 negative, 1 neutral, 2 positive; none if they differ or there is none.
    pub sentiment: Option<u8>,
}

impl Mapping {
    /// What comes with the program.
    ///
    /// # Errors
    /// Never, as a test holds.
    pub fn built_in() -> anyhow::Result<Self> {
        Self::parse(BUILT_IN).context("models/topic_mapping.tsv")
    }

    /// The file's, or without one what comes with the program.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of(file: Option<&Path>) -> anyhow::Result<Self> {
        file.map_or_else(Self::built_in, Self::read)
    }

    /// Reads a file of lines of set, category, topic and note between tabs; `*` as category says what
    /// is reviewed in the set.
    ///
    /// # Errors
    /// It can't be read, or a line is wrong; the error says which.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file);
        let text = text.with_context(|| format!("can't read {}", file.display()))?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().enumerate();
        let lines: Vec<(usize, Vec<&str>)> = lines
            .filter(|(_, line)| !line.starts_with('#') && !line.is_empty())
            .map(|(number, line)| (number + 1, line.split('\t').collect()))
            .collect();
        let mut topics = BTreeSet::new();
        let mut things = BTreeSet::new();
        for (number, columns) in &lines {
            match columns[..] {
                [_, "*", thing] | [_, "*", thing, _] => things.insert(thing),
                [_, _, "-"] | [_, _, "-", _] => false,
                [_, _, topic] | [_, _, topic, _] => topics.insert(topic),
                _ => bail!("line {number}: write set, category, topic or -, note, between tabs"),
            };
        }
        ensure!(
            topics.len() <= MOST && things.len() <= MOST,
            "more than {MOST} topics"
        );
        let (topics, things): (Vec<&str>, Vec<&str>) =
            (topics.into_iter().collect(), things.into_iter().collect());
        let mut sets: HashMap<String, Categories> = HashMap::new();
        for (_, columns) in &lines {
            let [set, category, told, ..] = columns[..] else {
                continue;
            };
            let set = sets.entry(set.to_owned()).or_default();
            if category == "*" {
                set.thing = things.binary_search(&told).unwrap_or_default();
            } else {
                let topic = topics.binary_search(&told).ok();
                set.topics.insert(category.to_owned(), topic);
            }
        }
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        Ok(Self {
            topics: owned(topics),
            things: owned(things),
            sets,
        })
    }

    /// Level-2 ids, sorted.
    pub fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Kinds of things that are reviewed, sorted.
    pub fn things(&self) -> &[String] {
        &self.things
    }

    /// What is reviewed in a set, as index; none of a set that is not there.
    pub fn thing(&self, set: &str) -> Option<usize> {
        self.sets.get(set).map(|set| set.thing)
    }

    /// Topics that a set of each kind tells of.
    pub fn covers(&self) -> Vec<Covers> {
        let mut covers = vec![0; self.things.len()];
        for set in self.sets.values() {
            for topic in set.topics.values().flatten() {
                covers[set.thing] |= 1 << topic;
            }
        }
        covers
    }

    /// What a line of a set tells of: its categories, or the intent that labels it.
    pub fn gold(&self, set: &str, line: &Line) -> Gold {
        let Some(set) = self.sets.get(set) else {
            return Gold {
                topics: 0,
                sentiment: None,
            };
        };
        let topics = line.topics.iter().flatten();
        let categories = topics.chain(&line.label);
        let topics = categories
            .filter_map(|category| set.topics.get(category).copied().flatten())
            .fold(0, |all, topic| all | 1 << topic);
        Gold {
            topics,
            sentiment: line.label.as_deref().and_then(gold_of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::topics::Taxonomy;

    fn line(label: &str, topics: &[&str]) -> Line {
        Line {
            text: String::new(),
            label: Some(label.into()),
            topics: Some(topics.iter().map(|t| (*t).to_owned()).collect()),
        }
    }

    #[test]
    fn what_comes_with_the_program_names_topics_of_the_taxonomy() {
        let mapping = Mapping::built_in().unwrap();
        let taxonomy = Taxonomy::built_in().unwrap_or_else(|error| panic!("{error}"));
        for id in mapping.topics() {
            assert!(taxonomy.topics().iter().any(|t| *t.id == **id), "{id}");
        }
        assert!(mapping.things().contains(&"hotel".to_owned()));
        assert!(mapping.topics().is_sorted());
    }

    #[test]
    fn categories_and_intents_become_topics() {
        let mapping = Mapping::parse(
            "# comment\nrooms\t*\thotel\nrooms\tprice of rooms\tprice_level\tnote\n\
             rooms\toverall\t-\tverdict\nbank\t*\tbank\t\nbank\tcard_lost\tcard_service\t\n",
        )
        .unwrap();
        assert_eq!(mapping.topics(), ["card_service", "price_level"]);
        assert_eq!(mapping.things(), ["bank", "hotel"]);
        assert_eq!(mapping.covers(), [1, 2]);
        assert_eq!(mapping.thing("bank"), Some(0));
        assert_eq!(mapping.thing("other"), None);
        let rooms = mapping.gold("rooms", &line("neg", &["price of rooms", "overall", "new"]));
        assert_eq!((rooms.topics, rooms.sentiment), (2, Some(0)));
        let bank = mapping.gold("bank", &line("card_lost", &[]));
        assert_eq!((bank.topics, bank.sentiment), (1, None));
        let error = Mapping::parse("a\tb\n").unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
    }
}
