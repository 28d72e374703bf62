//! Measures topics on labelled sets as a text at work gets them: keywords and the trained part, with
//! their sentiment.

use std::collections::BTreeMap;

use comfy_table::Table;
use rayon::prelude::*;

use super::mapping::{Gold, Mapping};
use super::measure::{Hits, MANY_LANGUAGES, cell, mean};
use crate::enrich::topics::trained::Covers;
use crate::enrich::{Enricher, Hints, Label, Tags};
use crate::text::{MatchForm, clean};
use crate::training::data::{Row, Set};
use crate::training::languages::table::aligned;
use crate::training::progress;

/// Figures of a set.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Its folder.
    pub language: String,
    /// Its name.
    pub set: String,
    /// Texts.
    pub rows: usize,
    /// Of keywords alone, those that what is reviewed has.
    pub keywords_known: Hits,
    /// Of keywords alone.
    pub keywords: Hits,
    /// Of the whole path.
    pub whole: Hits,
    /// Topics with their sentiment, on texts of one sentiment.
    pub one: Hits,
    /// The same on two texts of opposite sentiment, a full stop between.
    pub joined: Hits,
}

/// Tags every row, and rows of opposite sentiment joined.
pub fn measure(sets: &[Set<Gold>], mapping: &Mapping, enricher: &Enricher) -> Vec<Figures> {
    let rows = sets.iter().map(|s| s.rows.len()).sum::<usize>();
    let bar = progress("tagging", rows as u64);
    let covers = mapping.covers();
    let index = |id: &str| {
        mapping
            .topics()
            .binary_search_by(|t| t.as_str().cmp(id))
            .ok()
    };
    let bits = |ids: &mut dyn Iterator<Item = &str>| {
        ids.filter_map(index)
            .fold(0, |all: Covers, topic| all | 1 << topic)
    };
    let tag = |text: &str| enricher.tag(text, Hints::default());
    let of_set = |set: &Set<Gold>| {
        let thing = mapping.thing(&set.name).unwrap_or_default();
        let covers = covers.get(thing).copied().unwrap_or_default();
        let of_row = |row: &Row<Gold>| {
            bar.inc(1);
            let mut hits = Figures::default();
            let matched = MatchForm::of(&clean(&row.text)).text;
            let taxonomy = enricher.taxonomy();
            let told = bits(&mut taxonomy.told_by_keywords(&matched).map(|topic| &*topic.id));
            hits.keywords_known.add(row.gold.topics, told & covers);
            hits.keywords.add(row.gold.topics, told);
            let tags = tag(&row.text);
            let found = bits(&mut tags.topics.iter().map(|topic| &*topic.id));
            hits.whole.add(row.gold.topics, found);
            if let (Some(sentiment), true) = (row.gold.sentiment, row.gold.topics != 0) {
                let gold = [(row.gold.topics, sentiment)];
                hits.one = pairs(&gold, &tags, index);
            }
            hits
        };
        let of_two = |two: &(&Row<Gold>, &Row<Gold>)| {
            let tags = tag(&format!("{}. {}", two.0.text, two.1.text));
            let gold = [two.0, two.1].map(|row| (row.gold.topics, row.gold.sentiment.unwrap_or(1)));
            pairs(&gold, &tags, index)
        };
        let mut all = Figures {
            language: set.language.clone(),
            set: set.name.clone(),
            rows: set.rows.len(),
            ..Figures::default()
        };
        let rows: Vec<Figures> = set.rows.par_iter().map(of_row).collect();
        for row in rows {
            all.keywords_known.merge(row.keywords_known);
            all.keywords.merge(row.keywords);
            all.whole.merge(row.whole);
            all.one.merge(row.one);
        }
        let joined: Vec<Hits> = opposites(&set.rows).par_iter().map(of_two).collect();
        joined.into_iter().for_each(|hits| all.joined.merge(hits));
        all
    };
    let figures = sets.iter().map(of_set).collect();
    bar.finish_and_clear();
    figures
}

/// Topics with their sentiment, of rows and of the tags of a text.
fn pairs(gold: &[(Covers, u8)], tags: &Tags, index: impl Fn(&str) -> Option<usize>) -> Hits {
    let mut wanted = [0; 3];
    for (topics, sentiment) in gold {
        wanted[usize::from(*sentiment).min(2)] |= topics;
    }
    let mut found: [Covers; 3] = [0; 3];
    for topic in &tags.topics {
        let sentiment = match topic.sentiment.label {
            Label::Negative => 0,
            Label::Positive => 2,
            Label::Neutral | Label::Mixed | Label::Unknown => 1,
        };
        if let Some(topic) = index(&topic.id) {
            found[sentiment] |= 1 << topic;
        }
    }
    let mut hits = Hits::default();
    for (wanted, found) in wanted.into_iter().zip(found) {
        hits.add(wanted, found);
    }
    hits
}

/// Each row of one topic that is praised, with the next whose other topic is blamed, or the other way
/// round; a row stands in one pair.
fn opposites(rows: &[Row<Gold>]) -> Vec<(&Row<Gold>, &Row<Gold>)> {
    let mut waiting: BTreeMap<u8, Vec<&Row<Gold>>> = BTreeMap::new();
    let mut pairs = Vec::new();
    for row in rows {
        let Some(sentiment) = row.gold.sentiment.filter(|s| *s != 1) else {
            continue;
        };
        if row.gold.topics.count_ones() != 1 {
            continue;
        }
        let others = waiting.entry(2 - sentiment).or_default();
        match others
            .iter()
            .position(|other| other.gold.topics != row.gold.topics)
        {
            Some(at) => pairs.push((others.remove(at), row)),
            None => waiting.entry(sentiment).or_default().push(row),
        }
    }
    pairs
}

/// A line a set, and the mean over the languages of the sets in many languages.
pub fn shown(figures: &[Figures]) -> String {
    let header = [
        "set",
        "rows",
        "keywords, known",
        "keywords",
        "whole",
        "with sentiment",
        "joined",
    ];
    let mut table: Table = aligned(&header, 1..header.len());
    let of = |figures: &Figures| {
        [
            figures.keywords_known,
            figures.keywords,
            figures.whole,
            figures.one,
            figures.joined,
        ]
    };
    let mut sets: BTreeMap<String, (usize, [Hits; 5])> = BTreeMap::new();
    for set in figures {
        let many = set.set.starts_with(MANY_LANGUAGES);
        let name = match many {
            true => set.language.clone(),
            false => format!("{}/{}", set.language, set.set),
        };
        let sum = sets.entry(name).or_default();
        sum.0 += set.rows;
        for (sum, hits) in sum.1.iter_mut().zip(of(set)) {
            sum.merge(hits);
        }
    }
    let many: Vec<&[Hits; 5]> = (sets.iter())
        .filter(|(name, _)| !name.contains('/'))
        .map(|(_, sum)| &sum.1)
        .collect();
    for (name, (rows, hits)) in &sets {
        // Sets whose texts are about none of our topics teach the kinds of things only.
        if hits[1].gold == 0 {
            continue;
        }
        let name = match name.contains('/') {
            true => name.clone(),
            false => format!("{name}/{MANY_LANGUAGES}*"),
        };
        let mut cells = vec![name, rows.to_string()];
        cells.extend(hits.iter().map(Hits::cell));
        table.add_row(cells);
    }
    if !many.is_empty() {
        let mut cells = vec![format!("{MANY_LANGUAGES}*, mean"), String::new()];
        cells.extend((0..5).map(|n| cell(mean(many.iter().map(|hits| hits[n].f1())))));
        table.add_row(cells);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(topics: Covers, sentiment: Option<u8>) -> Row<Gold> {
        Row {
            text: String::new(),
            gold: Gold { topics, sentiment },
        }
    }

    #[test]
    fn rows_of_opposite_sentiment_and_other_topic_are_joined_once() {
        let rows = [
            row(1, Some(2)),
            row(1, Some(0)),
            row(2, Some(0)),
            row(3, Some(0)),
            row(4, None),
            row(4, Some(2)),
            row(4, Some(1)),
        ];
        let pairs = opposites(&rows);
        let topics: Vec<_> = (pairs.iter())
            .map(|(a, b)| (a.gold.topics, b.gold.topics))
            .collect();
        assert_eq!(topics, [(1, 2), (1, 4)]);
    }
}
