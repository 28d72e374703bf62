//! Topics found in a text: by keywords, then what the trained part adds and takes away.

use std::collections::BTreeMap;
use std::ops::Range;

use super::keywords::Mention;
use super::trained::{Logits, Model, Sum};
use super::{About, Definition};
use crate::enrich::features::Tokens;
use crate::enrich::sentiment::index_of;

/// A topic found.
pub(super) struct Finding {
    /// Evidence: bytes of the match form.
    pub(super) range: Range<usize>,
    /// 0 to 1.
    pub(super) confidence: f32,
    /// A keyword tells of it that the trained model never weighed.
    is_new: bool,
}

/// Topics found in a text, by their index in the taxonomy.
#[derive(Default)]
pub(super) struct Found(BTreeMap<usize, Finding>);

impl Found {
    /// A keyword stands there.
    pub(super) fn mention(&mut self, mention: Mention) {
        let finding = self.0.entry(mention.topic).or_insert(Finding {
            range: mention.range,
            confidence: 0.0,
            is_new: false,
        });
        finding.confidence = 1.0 - 0.4 * (1.0 - finding.confidence);
        finding.is_new |= mention.is_new;
    }

    /// All of them.
    pub(super) fn into_topics(self) -> impl Iterator<Item = (usize, Finding)> {
        self.0.into_iter()
    }

    /// The trained part tells of a topic, with a chance, in some bytes of the match form.
    fn told(&mut self, topic: usize, chance: f32, range: Range<usize>) {
        let finding = self.0.entry(topic).or_insert(Finding {
            range,
            confidence: 0.0,
            is_new: false,
        });
        finding.confidence = 1.0 - (1.0 - finding.confidence) * (1.0 - chance);
    }
}

/// How much surer the model of reviews has to be than is best on reviews of the kinds that it knows,
/// where nothing tells that the text is one: feedback of other kinds is more often not about its topics.
/// Chosen on the dev lines of our own lists.
const CAUTION: f32 = 1.0;

/// A trained model, and which topic of the taxonomy each of its topics is.
pub(super) struct Trained {
    model: Model,
    /// Of reviews.
    reviews: Vec<Option<usize>>,
    /// Of the linear part.
    linear: Vec<Option<usize>>,
}

impl Trained {
    /// Topics of the model that the taxonomy lacks are not found.
    pub(super) fn of(model: Model, topics: &[Definition]) -> Self {
        let index = |id: &String| topics.iter().position(|topic| *topic.id == **id);
        Self {
            reviews: model.parts().topics.iter().map(index).collect(),
            linear: model.parts().linear.topics.iter().map(index).collect(),
            model,
        }
    }

    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    /// Adds the topics that the model tells of, and takes those away of which its linear part says that
    /// a keyword has another sense.
    pub(super) fn weigh(
        &self,
        found: &mut Found,
        text: &str,
        clauses: &[Range<usize>],
        about: &About,
    ) {
        let parts = self.model.parts();
        let linear = &parts.linear;
        let knows = |languages| index_of(languages, parts.least_confidence, about.language);
        let general = about.thing.is_none() && knows(&linear.languages).is_some();
        if general {
            let said = linear.logits(about.tokens.whole());
            if !linear.is_review(&said) {
                return self.of_any_kind(found, &said, text, clauses, about.tokens);
            }
        }
        let Some(language) = self.model.index_of(about.language) else {
            return;
        };
        let sums: Vec<Sum> = (clauses.iter())
            .map(|clause| self.model.sum(about.tokens.part(clause), language))
            .collect();
        let mut whole = sums.first().cloned().unwrap_or_default();
        sums.iter().skip(1).for_each(|clause| whole.add(clause));
        let held_back = match about.thing {
            Some(thing) => self.model.ruled_out(thing),
            None => self.model.held_back(&self.model.things(&whole)),
        };
        let threshold = match about.thing {
            Some(_) => parts.known,
            None if general => parts.unknown,
            None => parts.unknown + CAUTION,
        };
        let whole = self.model.topics(&whole);
        // A topic of a review is one of the whole or of a clause; the clause that says it clearest is the
        // evidence.
        let said: Vec<Logits> = match &sums[..] {
            [] | [_] => Vec::new(),
            sums => sums.iter().map(|sum| self.model.topics(sum)).collect(),
        };
        for (index, topic) in self.reviews.iter().enumerate() {
            let Some(topic) = topic else { continue };
            let (clause, in_clause) = clearest(&said, index);
            let logit = whole[index].max(in_clause) + held_back[index];
            if logit > threshold {
                found.told(*topic, chance(logit), range(text, clauses, clause));
            }
        }
    }

    /// Topics of a text are told of by the whole; without a keyword the clause that says it clearest is the
    /// evidence.
    fn of_any_kind(
        &self,
        found: &mut Found,
        whole: &Logits,
        text: &str,
        clauses: &[Range<usize>],
        tokens: &Tokens,
    ) {
        let linear = &self.model.parts().linear;
        let mut in_clauses: Option<Vec<Logits>> = None;
        for (index, topic) in self.linear.iter().enumerate() {
            let Some(topic) = topic else { continue };
            let keyword = found.0.get(topic);
            if keyword.is_some_and(|keyword| keyword.is_new) {
                continue;
            }
            let has_keyword = keyword.is_some();
            let keyword = if has_keyword { linear.keyword } else { 0.0 };
            let logit = whole[index] + keyword - linear.threshold;
            if logit <= 0.0 {
                found.0.remove(topic);
                continue;
            }
            let clause = match has_keyword || clauses.len() < 2 {
                true => 0,
                false => {
                    let said = in_clauses.get_or_insert_with(|| {
                        let parts = clauses.iter().map(|clause| tokens.part(clause));
                        parts.map(|part| linear.logits(part)).collect()
                    });
                    clearest(said, index).0
                }
            };
            found.told(*topic, chance(logit), range(text, clauses, clause));
        }
    }
}

/// The clause that says a topic clearest, and how clearly.
fn clearest(clauses: &[Logits], topic: usize) -> (usize, f32) {
    let logits = clauses.iter().map(|logits| logits[topic]).enumerate();
    let clearest = logits.max_by(|a, b| a.1.total_cmp(&b.1));
    clearest.unwrap_or((0, f32::NEG_INFINITY))
}

fn chance(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// Bytes of a clause without the spaces and marks at its ends.
fn range(text: &str, clauses: &[Range<usize>], clause: usize) -> Range<usize> {
    let range = clauses.get(clause).cloned().unwrap_or(0..text.len());
    let words = text.get(range.clone()).unwrap_or_default();
    let is_mark = |c: char| !c.is_alphanumeric();
    let start = words.len() - words.trim_start_matches(is_mark).len();
    let end = words.trim_end_matches(is_mark).len().max(start);
    range.start + start..range.start + end
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::enrich::features::row_of;
    use crate::enrich::topics::Taxonomy;
    use crate::enrich::topics::trained::linear::{Entry, Linear};
    use crate::enrich::topics::trained::{DIMENSIONS, Heads, Parts, Table};
    use crate::enrich::{Language, Sentiment, clauses::Clauses};
    use crate::text::MatchForm;

    const TAXONOMY: &str = r#"
        version = "1"
        [[group]]
        id = "g"
        name = { en = "Group" }
        [[topic]]
        id = "food"
        group = "g"
        name = { en = "Food" }
        keywords = { en = ["chips"] }
        [[topic]]
        id = "speed"
        group = "g"
        name = { en = "Speed" }
        keywords = { en = ["fast"] }
    "#;

    fn taxonomy() -> Taxonomy {
        let taxonomy = Taxonomy::parse(TAXONOMY).unwrap_or_else(|error| panic!("{error}"));
        taxonomy.with(Model::from_parts(parts()))
    }

    /// Its linear part, in English: `laptop` speaks against food, `sluggish` for speed, `hotel` for a
    /// review.
    fn parts() -> Parts {
        const BITS: u8 = 16;
        let says = [("laptop", 0, -127), ("sluggish", 1, 127), ("hotel", 2, 127)];
        let mut says = says.map(|(word, topic, weight)| {
            let feature = Tokens::of(word).whole().features()[0];
            (row_of(feature, BITS), Entry { topic, weight })
        });
        says.sort_by_key(|(row, _)| *row);
        let before = |row: usize| says.iter().filter(|(other, _)| *other <= row).count() as u32;
        let linear = Linear {
            languages: vec!["en".into()],
            topics: vec!["food".into(), "speed".into()],
            threshold: 0.0,
            keyword: 2.0,
            biases: vec![-1.0; 3],
            bits: BITS,
            scale: 0.1,
            ends: (0..1 << BITS).map(before).collect(),
            entries: says.iter().map(|(_, entry)| *entry).collect(),
        };
        let mut heads = Heads::zero();
        heads.biases[0] = 3.0;
        Parts {
            version: "test".into(),
            least_confidence: 0.5,
            known: 0.0,
            unknown: 0.0,
            languages: vec!["en".into()],
            topics: vec!["food".into()],
            things: vec!["hotel".into()],
            covers: vec![1],
            heads,
            thing_heads: Heads::zero(),
            linear,
            table: Table {
                bits: 1,
                scale: 0.0,
                rows: Cow::Owned(vec![0; 2 * DIMENSIONS]),
            },
        }
    }

    fn found(text: &str, base: &'static str, thing: Option<usize>) -> Vec<String> {
        found_by(&taxonomy(), text, base, thing)
    }

    fn found_by(
        taxonomy: &Taxonomy,
        text: &str,
        base: &'static str,
        thing: Option<usize>,
    ) -> Vec<String> {
        let language = Language {
            base,
            tag: base,
            confidence: 1.0,
        };
        let matched = MatchForm::of(text);
        let clauses = Clauses::of(&matched.text, Sentiment::UNKNOWN, |_| Sentiment::UNKNOWN);
        let about = About {
            tokens: &Tokens::of(&matched.text),
            language: &language,
            thing,
        };
        let topics = taxonomy.tag(text, &matched, &clauses, &about);
        let told = topics
            .iter()
            .map(|t| format!("{} {}", t.id, &text[t.evidence.clone()]));
        told.collect()
    }

    #[test]
    fn the_linear_part_overrules_keywords_and_finds_what_none_tells() {
        assert_eq!(found("good chips", "en", None), ["food chips"]);
        assert!(found("laptop chips", "en", None).is_empty());
        let sluggish = found(
            "We came home late that evening. It is sluggish!",
            "en",
            None,
        );
        assert_eq!(sluggish, ["speed It is sluggish"]);
        // It knows nothing of other languages.
        assert_eq!(found("laptop chips", "fr", None), ["food chips"]);
    }

    #[test]
    fn a_new_keyword_counts_at_once() {
        let parse = |toml: &str| Taxonomy::parse(toml).unwrap_or_else(|error| panic!("{error}"));
        let fitted = parse(TAXONOMY);
        let model = || Model::from_parts(parts());
        let known = parse(TAXONOMY).beside(&fitted).with(model());
        assert!(found_by(&known, "laptop chips", "en", None).is_empty());
        let ours = TAXONOMY.replace("\"chips\"", "\"chips\", \"crisps\"");
        let ours = parse(&ours).beside(&fitted).with(model());
        assert!(found_by(&ours, "laptop chips", "en", None).is_empty());
        assert_eq!(
            found_by(&ours, "laptop crisps", "en", None),
            ["food crisps"]
        );
        // The same word of another topic is another keyword.
        let moved = TAXONOMY
            .replace("\"chips\"", "\"x\"")
            .replace("\"fast\"", "\"chips\"");
        let moved = parse(&moved).beside(&fitted).with(model());
        assert_eq!(
            found_by(&moved, "laptop chips", "en", None),
            ["speed chips"]
        );
    }

    #[test]
    fn of_reviews_the_other_part_judges() {
        assert_eq!(found("a hotel", "en", None), ["food a hotel"]);
        assert_eq!(found("a laptop", "en", Some(0)), ["food a laptop"]);
        assert!(found("a laptop", "en", None).is_empty());
    }
}
