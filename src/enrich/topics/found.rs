//! Topics found in a text so far: by keywords, then weighed by the trained part.

use std::collections::BTreeMap;
use std::ops::Range;

use super::trained::linear::Linear;
use super::trained::{Logits, Model};
use super::{About, Definition};
use crate::enrich::features::Tokens;
use crate::enrich::sentiment::index_of;

/// A topic found.
pub(super) struct Finding {
    /// Evidence: bytes of the match form.
    pub(super) range: Range<usize>,
    /// 0 to 1.
    pub(super) confidence: f32,
}

/// Topics found in a text, by their index in the taxonomy.
#[derive(Default)]
pub(super) struct Found(BTreeMap<usize, Finding>);

impl Found {
    /// A keyword stands there.
    pub(super) fn mention(&mut self, topic: usize, range: Range<usize>) {
        let finding = self.0.entry(topic).or_insert(Finding {
            range,
            confidence: 0.0,
        });
        finding.confidence = 1.0 - 0.4 * (1.0 - finding.confidence);
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
        });
        finding.confidence = 1.0 - (1.0 - finding.confidence) * (1.0 - chance);
    }
}

/// How much surer the model of reviews has to be than is best on reviews of the kinds that it knows,
/// where nobody tells that the text is one: feedback of other kinds is more often not about its topics.
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
        let general = about.thing.is_none()
            && index_of(&linear.languages, parts.least_confidence, about.language).is_some();
        if general {
            self.of_any_kind(found, linear, text, clauses, about.tokens);
        }
        if let Some(language) = self.model.index_of(about.language) {
            self.of_reviews(found, text, clauses, about, language);
        }
    }

    /// Topics of a text are told of by the whole; the clause that says it clearest is the evidence.
    fn of_any_kind(
        &self,
        found: &mut Found,
        linear: &Linear,
        text: &str,
        clauses: &[Range<usize>],
        tokens: &Tokens,
    ) {
        let whole = linear.logits(tokens.whole());
        let mut in_clauses: Option<Vec<Logits>> = None;
        for (index, topic) in self.linear.iter().enumerate() {
            let Some(topic) = topic else { continue };
            let keyword = match found.0.contains_key(topic) {
                true => linear.keyword,
                false => 0.0,
            };
            let logit = whole[index] + keyword - linear.threshold;
            if logit <= 0.0 {
                found.0.remove(topic);
                continue;
            }
            let said = in_clauses.get_or_insert_with(|| {
                let parts = clauses.iter().map(|clause| tokens.part(clause));
                parts.map(|part| linear.logits(part)).collect()
            });
            let (clause, _) = clearest(said, index);
            found.told(*topic, chance(logit), range(text, clauses, clause));
        }
    }

    /// A topic of a review is one of the whole or of a clause; the clause that says it clearest is the
    /// evidence.
    fn of_reviews(
        &self,
        found: &mut Found,
        text: &str,
        clauses: &[Range<usize>],
        about: &About,
        language: usize,
    ) {
        let model = &self.model;
        let sums: Vec<_> = (clauses.iter())
            .map(|clause| model.sum(about.tokens.part(clause), language))
            .collect();
        let mut sum = sums.first().cloned().unwrap_or_default();
        sums.iter().skip(1).for_each(|clause| sum.add(clause));
        let whole = model.topics(&sum);
        let parts = model.parts();
        let (held_back, threshold) = match about.thing {
            Some(thing) => (model.ruled_out(thing), parts.known),
            None => (
                model.held_back(&model.things(&sum)),
                parts.unknown + CAUTION,
            ),
        };
        let said: Vec<Logits> = match &sums[..] {
            [] | [_] => Vec::new(),
            sums => sums.iter().map(|sum| model.topics(sum)).collect(),
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
