//! Fits the linear part on texts about all topics: of each topic a support vector machine with squared
//! loss, solved in the dual, one text after the other (Hsieh et al. 2008, "A dual coordinate descent
//! method for large-scale linear SVM").

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, ensure};
use rayon::prelude::*;
use xxhash_rust::xxh64::xxh64;

use super::mapping::Gold;
use super::measure::Hits;
use crate::enrich::features::{Tokens, normaliser, row_of, weight};
use crate::enrich::topics::Taxonomy;
use crate::enrich::topics::trained::linear::{Entry, Linear};
use crate::enrich::topics::trained::{Covers, Logits, MOST};
use crate::text::{MatchForm, clean};
use crate::training::data::{self, Set, gold_of, spread};
use crate::training::linear::step_worth;
use crate::training::lists::{self, List};
use crate::training::progress;

/// Passes over the texts at most.
const MOST_PASSES: usize = 40;
/// A pass that changes no text's weight by more than this is the last.
const LEAST_CHANGE: f32 = 0.05;

/// What the fit was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Order of the texts.
    pub seed: u64,
    /// log2 of the rows.
    pub bits: u8,
    /// Cost of a text on the wrong side.
    pub cost: f32,
    /// How much the few texts about a topic count beside the many that are not: 0 the same, 1 so that
    /// both count the same together.
    pub balance: f32,
    /// Texts that must have a feature for it to count.
    pub least_texts: u32,
    /// Steps below which a weight is left out.
    pub least_steps: i8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            bits: 18,
            cost: 2.0,
            balance: 0.5,
            least_texts: 2,
            least_steps: 8,
        }
    }
}

/// A text about topics.
struct Text {
    features: Vec<u32>,
    /// Topics it is about, and those that keywords tell of.
    topics: Covers,
    keywords: Covers,
}

/// Most texts of a language that are reviews of the kinds that the other part knows.
const MOST_REVIEWS: usize = 3000;

/// Texts of all languages.
pub struct Corpus {
    /// Ids of the topics that they are about, sorted: their order numbers topics here.
    topics: Vec<String>,
    texts: Vec<Texts>,
}

/// Texts of one language.
struct Texts {
    /// Name of the list: a language's tag.
    language: String,
    /// To fit on.
    train: Vec<Text>,
    /// To choose on: those whose xxh64 ends in 0.
    dev: Vec<Text>,
    /// Reviews of the kinds that the model has rows for: what these texts are not.
    reviews: Vec<Text>,
}

/// Reads the lists of a folder, one a language, with `train` in the first column; keywords are those of
/// the taxonomy. `reviews` are the sets that the other part is fitted on.
///
/// # Errors
/// A file can't be read, or a line is wrong.
pub fn read(folder: &Path, taxonomy: &Taxonomy, reviews: &[Set<Gold>]) -> anyhow::Result<Corpus> {
    let lists = lists::in_folder(folder)?;
    let labels = lists.iter().flat_map(|list| &list.rows);
    let labels = labels.flat_map(|row| row.labels.iter().map(|label| id_of(label)));
    // A topic without texts would be learned as one that no text is about.
    let topics: BTreeSet<String> = labels.map(str::to_owned).collect();
    let ids: Vec<String> = topics.into_iter().collect();
    ensure!(ids.len() < MOST, "{MOST} topics or more");
    let texts = lists.iter().map(|list| {
        let mut texts = of_list(list, taxonomy, &ids)?;
        let sets = reviews.iter().filter(|set| set.language == texts.language);
        let most = MOST_REVIEWS / sets.clone().count().max(1);
        let rows = sets.flat_map(|set| spread(set.rows.iter().collect(), most));
        let review = |row: &data::Row<Gold>| Text::of(&matched(&row.text));
        texts.reviews = rows.map(review).collect();
        Ok(texts)
    });
    let texts: Vec<Texts> = texts.collect::<anyhow::Result<_>>()?;
    ensure!(
        texts.iter().any(|texts| !texts.dev.is_empty()),
        "{}: too few texts, none to choose on; write some hundreds a language",
        folder.display()
    );
    Ok(Corpus { topics: ids, texts })
}

/// The topic of a label, which tells of its sentiment too.
fn id_of(label: &str) -> &str {
    label.rsplit_once(':').map_or(label, |(id, _)| id)
}

fn matched(text: &str) -> String {
    MatchForm::of(&clean(text)).text
}

impl Text {
    /// About no topic.
    fn of(matched: &str) -> Self {
        Self {
            features: Tokens::of(matched).whole().all().collect(),
            topics: 0,
            keywords: 0,
        }
    }
}

fn of_list(list: &List, taxonomy: &Taxonomy, ids: &[String]) -> anyhow::Result<Texts> {
    let index = |id: &str| ids.binary_search_by(|known| known.as_str().cmp(id)).ok();
    let text = |row: &lists::Row| -> anyhow::Result<Text> {
        let mut topics: Covers = 0;
        for label in &row.labels {
            let (id, line) = (id_of(label), row.line);
            let sentiment = label.rsplit_once(':').and_then(|(_, said)| gold_of(said));
            ensure!(
                sentiment.is_some(),
                "line {line}: {label}: write topic, colon, pos, neg or neu"
            );
            let known = taxonomy.topics().iter().any(|topic| *topic.id == *id);
            ensure!(known, "line {line}: the taxonomy has no topic {id}");
            topics |= index(id).map_or(0, |topic| 1 << topic);
        }
        let matched = matched(&row.text);
        let told = taxonomy.told_by_keywords(&matched);
        let keywords = told.filter_map(|topic| index(&topic.id));
        Ok(Text {
            topics,
            keywords: keywords.fold(0, |all, topic| all | 1 << topic),
            ..Text::of(&matched)
        })
    };
    let mut texts = Texts {
        language: list.name.clone(),
        train: Vec::new(),
        dev: Vec::new(),
        reviews: Vec::new(),
    };
    for row in &list.rows {
        let text = text(row).with_context(|| format!("{}.tsv", list.name))?;
        match xxh64(row.text.as_bytes(), 0) % 10 {
            0 => texts.dev.push(text),
            _ => texts.train.push(text),
        }
    }
    Ok(texts)
}

/// A text as the fit sees it: its rows and their numbers.
struct Row {
    cells: Vec<(u32, f32)>,
    /// Sum of their squares, with that of the bias.
    square: f32,
    topics: Covers,
}

/// A linear part with what is known about it.
pub struct Fitted {
    /// As the model file holds it.
    pub linear: Linear,
    /// Texts that it was fitted on, by language.
    pub texts: Vec<(String, usize)>,
    /// Micro-F1 of topics with keywords on the texts set aside, on which threshold and worth of a
    /// keyword were chosen: mean of the languages, 0 to 1.
    pub f1: f64,
}

impl Fitted {
    /// A linear part that was fitted earlier.
    pub fn taken_over(linear: Linear) -> Self {
        Self {
            linear,
            texts: Vec::new(),
            f1: 0.0,
        }
    }
}

/// Fits on the texts and chooses on those set aside. The same texts and settings give the same model.
pub fn fit(Corpus { topics, texts }: Corpus, settings: &Settings) -> Fitted {
    let train: Vec<&Text> = texts.iter().flat_map(|texts| &texts.train).collect();
    let reviews: Vec<&Text> = texts.iter().flat_map(|texts| &texts.reviews).collect();
    let rarity = rarity(&train, settings);
    let of_texts = |texts: &[&Text]| -> Vec<Row> {
        let rows = texts.par_iter();
        rows.map(|text| row(text, &rarity, settings.bits)).collect()
    };
    let (rows, reviews) = (of_texts(&train), of_texts(&reviews));
    let bar = progress("fitting the linear part", topics.len() as u64 + 1);
    let weights: Vec<Vec<f32>> = (0..=topics.len())
        .into_par_iter()
        .map(|topic| {
            let rows: Vec<(&Row, bool)> = match topic == topics.len() {
                true => {
                    let reviews = reviews.iter().map(|row| (row, true));
                    rows.iter().map(|row| (row, false)).chain(reviews).collect()
                }
                false => rows
                    .iter()
                    .map(|row| (row, row.topics >> topic & 1 == 1))
                    .collect(),
            };
            let mut weights = machine(&rows, settings);
            for (weight, rarity) in weights.iter_mut().zip(&rarity) {
                *weight *= rarity;
            }
            bar.inc(1);
            weights
        })
        .collect();
    bar.finish_and_clear();
    let mut linear = quantise(&weights, topics, settings);
    linear.languages = texts.iter().map(|texts| texts.language.clone()).collect();
    let (f1, keyword, threshold) = choose(&linear, &texts);
    (linear.keyword, linear.threshold) = (keyword, threshold);
    let count = |texts: &Texts| (texts.language.clone(), texts.train.len());
    Fitted {
        linear,
        texts: texts.iter().map(count).collect(),
        f1,
    }
}

/// How much each row counts: the rarer among the texts about topics the more (1 + ln n/texts), nothing
/// below the least number of texts. What only reviews say does not count.
fn rarity(train: &[&Text], settings: &Settings) -> Vec<f32> {
    let mut counts = vec![0u32; 1 << settings.bits];
    for text in train {
        let mut rows: Vec<usize> = (text.features.iter())
            .map(|feature| row_of(*feature, settings.bits))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows.into_iter().for_each(|row| counts[row] += 1);
    }
    let rarity = |count: u32| match count >= settings.least_texts {
        true => 1.0 + (train.len() as f32 / count as f32).ln(),
        false => 0.0,
    };
    counts.into_iter().map(rarity).collect()
}

fn row(text: &Text, rarity: &[f32], bits: u8) -> Row {
    let squares: i32 = text.features.iter().map(|f| weight(*f).pow(2)).sum();
    let size = normaliser(squares as f32, text.features.len() as f32);
    let cell = |feature: &u32| {
        let row = row_of(*feature, bits);
        (row as u32, size * weight(*feature) as f32 * rarity[row])
    };
    let mut cells: Vec<(u32, f32)> = text.features.iter().map(cell).collect();
    cells.sort_unstable_by_key(|cell| cell.0);
    cells.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    cells.retain(|cell| cell.1 != 0.0);
    Row {
        square: 1.0 + cells.iter().map(|cell| cell.1 * cell.1).sum::<f32>(),
        cells,
        topics: text.topics,
    }
}

/// Weights by row, and last the bias, that tell the texts of one side from the others.
fn machine(rows: &[(&Row, bool)], settings: &Settings) -> Vec<f32> {
    let positive = rows.iter().filter(|row| row.1).count().max(1) as f32;
    let balance = (rows.len() as f32 / positive - 1.0)
        .max(1.0)
        .powf(settings.balance);
    let bias = 1 << settings.bits;
    let mut weights = vec![0.0f32; bias + 1];
    let mut duals = vec![0.0f32; rows.len()];
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    let mut random = fastrand::Rng::with_seed(settings.seed);
    for _ in 0..MOST_PASSES {
        random.shuffle(&mut order);
        let mut most = 0.0f32;
        for place in &order {
            let ((row, about), dual) = (rows[*place as usize], &mut duals[*place as usize]);
            let (side, cost) = match about {
                true => (1.0, settings.cost * balance),
                false => (-1.0, settings.cost),
            };
            let products = row
                .cells
                .iter()
                .map(|(at, value)| weights[*at as usize] * value);
            let said = weights[bias] + products.sum::<f32>();
            let softness = 0.5 / cost;
            let slope = side * said - 1.0 + softness * *dual;
            if *dual == 0.0 && slope >= 0.0 {
                continue;
            }
            let next = (*dual - slope / (row.square + softness)).max(0.0);
            let change = (next - *dual) * side;
            most = most.max(change.abs());
            *dual = next;
            for (at, value) in &row.cells {
                weights[*at as usize] += change * value;
            }
            weights[bias] += change;
        }
        if most < LEAST_CHANGE {
            break;
        }
    }
    weights
}

/// Eight bits a weight, one scale for all; small weights are left out.
fn quantise(weights: &[Vec<f32>], topics: Vec<String>, settings: &Settings) -> Linear {
    let rows = 1 << settings.bits;
    let sizes = weights.iter().flat_map(|weights| &weights[..rows]);
    let sizes = sizes.map(|weight| weight.abs());
    let scale = step_worth(sizes);
    let mut ends = Vec::with_capacity(rows);
    let mut entries = Vec::new();
    for row in 0..rows {
        for (topic, weights) in weights.iter().enumerate() {
            let steps = (weights[row] / scale).round().clamp(-127.0, 127.0) as i8;
            if steps.abs() >= settings.least_steps.max(1) {
                entries.push(Entry {
                    topic: topic as u8,
                    weight: steps,
                });
            }
        }
        ends.push(entries.len() as u32);
    }
    Linear {
        biases: weights.iter().map(|weights| weights[rows]).collect(),
        topics,
        bits: settings.bits,
        scale,
        ends,
        entries,
        ..Linear::none()
    }
}

/// The mean micro-F1 of the languages on the texts to choose on, with what a keyword adds and the logit
/// from which a topic is told of with which it is best.
fn choose(linear: &Linear, texts: &[Texts]) -> (f64, f32, f32) {
    let said: Vec<Vec<(Logits, &Text)>> = (texts.iter())
        .map(|texts| {
            let dev = texts.dev.iter();
            dev.map(|text| (linear.logits_of(text.features.iter().copied()), text))
                .collect()
        })
        .collect();
    let mut best = (0.0, 0.0, 0.0);
    for keyword in (0..=30).map(|n| n as f32 / 20.0) {
        for threshold in (-50..=25).map(|n| n as f32 / 25.0) {
            let f1 = said.iter().map(|said| {
                let mut counts = Hits::default();
                for (logits, text) in said {
                    let found = (0..linear.topics.len()).filter(|topic| {
                        let told = (text.keywords >> topic & 1) as f32;
                        logits[*topic] + keyword * told > threshold
                    });
                    counts.add(text.topics, found.fold(0, |all, topic| all | 1 << topic));
                }
                counts.f1()
            });
            let mean = f1.sum::<f64>() / said.len().max(1) as f64;
            if mean > best.0 {
                best = (mean, keyword, threshold);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests;
