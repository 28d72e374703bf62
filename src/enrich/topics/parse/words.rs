//! Words of the taxonomy as they are collected: each once, with all that it stands for.

use std::collections::{BTreeMap, HashMap};

use xxhash_rust::xxh64::xxh64;

use crate::enrich::phrases::folded;
use crate::enrich::topics::keywords::{Keywords, MOST_PARTS, Part, Rule, Word};

/// Words by the name under which rules know them.
pub(super) type Named = BTreeMap<String, Vec<String>>;

/// Keywords, phrases that are none, and parts of rules.
#[derive(Default)]
pub(super) struct Words {
    all: Vec<Word>,
    /// Place of each text.
    places: HashMap<String, usize>,
    /// Place of each word as it stands in the file: most stand in many rules.
    written: HashMap<String, Option<usize>>,
    rules: Vec<Rule>,
}

/// Why a word can't be a keyword.
pub(super) enum Wrong {
    /// It has neither letter nor digit.
    Empty,
    /// It is one of another topic, whose index this is.
    OfTopic(usize),
}

impl Words {
    /// Adds a keyword of a topic. One word of several languages, or spellings that coincide, may come
    /// again.
    pub(super) fn keyword(&mut self, keyword: &str, topic: usize) -> Result<(), Wrong> {
        let word = self.word(keyword).ok_or(Wrong::Empty)?;
        match word.alone {
            Some(Some(other)) if other != topic => Err(Wrong::OfTopic(other)),
            _ => {
                word.alone = Some(Some(topic));
                Ok(())
            }
        }
    }

    /// Adds a phrase that is no keyword, though it holds one.
    pub(super) fn no_keyword(&mut self, phrase: &str) -> Result<(), Wrong> {
        let word = self.word(phrase).ok_or(Wrong::Empty)?;
        word.alone.get_or_insert(None);
        Ok(())
    }

    /// Adds words that tell of a topic together: `<name> + word|word`. Names are those of the rule's
    /// language.
    ///
    /// # Errors
    /// What is wrong with the rule, and the mend.
    pub(super) fn rule(
        &mut self,
        rule: &str,
        topic: usize,
        language: &str,
        named: Option<&Named>,
    ) -> Result<(), String> {
        let parts: Vec<&str> = rule.split(" + ").collect();
        if !(2..=MOST_PARTS).contains(&parts.len()) {
            return Err(format!(
                "has {} part(s); write 2 to {MOST_PARTS} with ` + ` between",
                parts.len()
            ));
        }
        let number = self.rules.len();
        let mut key = 0;
        let mut keyed = |part: usize, word: &str| {
            key = xxh64(word.as_bytes(), key ^ part as u64);
        };
        for (place, told) in parts.iter().enumerate() {
            let part = Part {
                rule: number,
                part: place,
            };
            for told in told.split('|').map(str::trim) {
                let name = told.strip_prefix('<').and_then(|t| t.strip_suffix('>'));
                let Some(name) = name else {
                    keyed(place, told);
                    self.part(told, part)?;
                    continue;
                };
                let words = named.and_then(|named| named.get(name)).ok_or_else(|| {
                    format!("names <{name}>; add its words to [words.{language}]")
                })?;
                for word in words {
                    keyed(place, word);
                    self.part(word, part)?;
                }
            }
        }
        self.rules.push(Rule {
            topic,
            parts: parts.len(),
            key,
            is_new: false,
        });
        Ok(())
    }

    /// All of them, ready to be found.
    pub(super) fn keywords(self) -> Keywords {
        Keywords::new(self.all, self.rules)
    }

    fn part(&mut self, word: &str, part: Part) -> Result<(), String> {
        let parts = &mut (self.word(word))
            .ok_or_else(|| format!("has `{word}`, without letter or digit; remove it"))?
            .parts;
        // Spellings that coincide follow each other.
        if parts.last() != Some(&part) {
            parts.push(part);
        }
        Ok(())
    }

    /// A word by its spelling in the file; none without letter or digit.
    fn word(&mut self, written: &str) -> Option<&mut Word> {
        let place = match self.written.get(written) {
            Some(place) => *place,
            None => {
                let place = folded(written).map(|text| self.place(text));
                self.written.insert(written.to_owned(), place);
                place
            }
        };
        self.all.get_mut(place?)
    }

    fn place(&mut self, text: String) -> usize {
        let next = self.all.len();
        let place = *self.places.entry(text.clone()).or_insert(next);
        if place == next {
            self.all.push(Word {
                text,
                ..Word::default()
            });
        }
        place
    }
}
