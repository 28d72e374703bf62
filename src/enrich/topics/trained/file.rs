//! The model file. What stands before its parts: [`model_file`](crate::enrich::model_file).
//!
//! | bytes | what |
//! |---|---|
//! | 1 + n | version: length, UTF-8 |
//! | 4 | least confidence of the language from which it counts (f32) |
//! | 4 | logit from which a topic is told of when it is known what is reviewed (f32) |
//! | 4 | the same when only the text tells (f32) |
//! | 2, (1 + n) each | languages: their number, their tags, sorted |
//! | 2, (1 + n) each | topics: their number, their level-2 ids, sorted |
//! | 2, (1 + n) each | kinds of things that are reviewed, sorted |
//! | 16 each | which topics each kind may have: a bit each, the lowest first |
//! | 4 each | heads of topics, then of kinds: their weights and biases (f32) |
//! | … | the linear part: below |
//! | 1 | log2 of the rows |
//! | 4 | worth of one step of a row's numbers (f32) |
//! | rows | rows (i8) |
//!
//! The linear part:
//!
//! | bytes | what |
//! |---|---|
//! | 2, (1 + n) each | its languages, sorted |
//! | 2, (1 + n) each | its topics, sorted |
//! | 4, 4, 4 | logit from which a topic is told of, what a keyword adds, worth of one step (f32) |
//! | 4 each | where a text without features begins, by topic, and as a review (f32) |
//! | 1 | log2 of its rows |
//! | 4 each | where the entries of each row end (u32) |
//! | 2 each | entries: topic (u8), weight (i8) |

use std::borrow::Cow;

use super::linear::{Entry, Linear};
use super::{Covers, DIMENSIONS, Heads, MOST, Table};
use crate::enrich::model_file::{Format, ModelError, Reader, put_floats, put_text, put_texts};

/// Its version counts layout and features.
pub const FORMAT: Format = Format {
    magic: b"SADATOPC",
    version: 2,
    model: "topics",
};
/// Largest table, as log2 of its rows.
const MOST_ROWS: u8 = 22;

/// The parts of a model file.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// For `model_version`.
    pub version: String,
    /// Least confidence of the language from which it counts.
    pub least_confidence: f32,
    /// Logit from which a topic is told of when it is known what is reviewed …
    pub known: f32,
    /// … and when only the text tells.
    pub unknown: f32,
    /// Tags of the languages, sorted: a base subtag, or one that ends in `-Latn` for romanised text.
    pub languages: Vec<String>,
    /// Level-2 ids, sorted.
    pub topics: Vec<String>,
    /// Kinds of things that are reviewed, sorted.
    pub things: Vec<String>,
    /// Topics that each kind may have.
    pub covers: Vec<Covers>,
    /// Of topics.
    pub heads: Heads,
    /// Of kinds.
    pub thing_heads: Heads,
    /// Of feedback of any kind.
    pub linear: Linear,
    /// Rows of features.
    pub table: Table,
}

impl Parts {
    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut parts = Vec::with_capacity(self.table.rows.len() + (1 << 16));
        put_text(&mut parts, &self.version);
        put_floats(
            &mut parts,
            [&self.least_confidence, &self.known, &self.unknown],
        );
        for names in [&self.languages, &self.topics, &self.things] {
            put_texts(&mut parts, names);
        }
        for covers in &self.covers {
            parts.extend(covers.to_le_bytes());
        }
        put_heads(&mut parts, &self.heads, self.topics.len());
        put_heads(&mut parts, &self.thing_heads, self.things.len());
        put_linear(&mut parts, &self.linear);
        parts.push(self.table.bits);
        put_floats(&mut parts, [&self.table.scale]);
        parts.extend_from_slice(&self.table.rows);
        FORMAT.file(&parts)
    }

    /// Reads a file; rows in static memory stay where they are.
    ///
    /// # Errors
    /// The bytes are no such file, or a damaged one.
    pub fn decode(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let mut reader = FORMAT.read(&bytes)?;
        let version = reader.text()?;
        let [least_confidence, known, unknown] = reader.floats()?;
        let languages = reader.sorted_texts()?;
        let topics = reader.sorted_texts()?;
        let things = reader.sorted_texts()?;
        if topics.len() > MOST || things.len() > MOST {
            return Err(reader.invalid("number of topics"));
        }
        let covers = (things.iter())
            .map(|_| reader.array().map(Covers::from_le_bytes))
            .collect::<Result<_, _>>()?;
        let heads = heads(&mut reader, topics.len())?;
        let thing_heads = self::heads(&mut reader, things.len())?;
        let linear = linear(&mut reader)?;
        let bits = bits(&mut reader)?;
        let [scale] = reader.floats()?;
        let start = reader.last(DIMENSIONS << bits)?;
        let rows = match bytes {
            Cow::Borrowed(all) => Cow::Borrowed(&all[start..]),
            Cow::Owned(mut all) => Cow::Owned(all.split_off(start)),
        };
        Ok(Self {
            version,
            least_confidence,
            known,
            unknown,
            languages,
            topics,
            things,
            covers,
            heads,
            thing_heads,
            linear,
            table: Table { bits, scale, rows },
        })
    }
}

fn bits(reader: &mut Reader) -> Result<u8, ModelError> {
    match reader.array()? {
        [bits @ 0..=MOST_ROWS] => Ok(bits),
        _ => Err(reader.invalid("number of rows")),
    }
}

fn put_linear(parts: &mut Vec<u8>, linear: &Linear) {
    put_texts(parts, &linear.languages);
    put_texts(parts, &linear.topics);
    put_floats(parts, [&linear.threshold, &linear.keyword, &linear.scale]);
    put_floats(parts, &linear.biases);
    parts.push(linear.bits);
    parts.extend(linear.ends.iter().flat_map(|end| end.to_le_bytes()));
    let bytes = |entry: &Entry| [entry.topic, entry.weight as u8];
    parts.extend(linear.entries.iter().flat_map(bytes));
}

fn linear(reader: &mut Reader) -> Result<Linear, ModelError> {
    let languages = reader.sorted_texts()?;
    let topics = reader.sorted_texts()?;
    if topics.len() >= MOST {
        return Err(reader.invalid("number of topics"));
    }
    let [threshold, keyword, scale] = reader.floats()?;
    let biases = (0..=topics.len())
        .map(|_| reader.floats().map(|[bias]| bias))
        .collect::<Result<_, _>>()?;
    let bits = bits(reader)?;
    let ends = (0..1usize << bits)
        .map(|_| reader.array().map(u32::from_le_bytes))
        .collect::<Result<Vec<u32>, _>>()?;
    if !ends.is_sorted() {
        return Err(reader.invalid("order of the entries"));
    }
    let entries = (0..ends.last().copied().unwrap_or_default())
        .map(|_| reader.array())
        .collect::<Result<Vec<[u8; 2]>, _>>()?;
    let entry = |[topic, weight]: [u8; 2]| Entry {
        topic,
        weight: weight as i8,
    };
    Ok(Linear {
        languages,
        topics,
        threshold,
        keyword,
        biases,
        bits,
        scale,
        ends,
        entries: entries.into_iter().map(entry).collect(),
    })
}

fn put_heads(parts: &mut Vec<u8>, heads: &Heads, count: usize) {
    for weights in &heads.weights {
        put_floats(parts, &weights[..count]);
    }
    put_floats(parts, &heads.biases[..count]);
}

fn heads(reader: &mut Reader, count: usize) -> Result<Heads, ModelError> {
    let mut heads = Heads::zero();
    for weights in heads.weights.iter_mut().chain([&mut heads.biases]) {
        for weight in &mut weights[..count] {
            [*weight] = reader.floats()?;
        }
    }
    Ok(heads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::model_file::check_damage;

    fn parts() -> Parts {
        let mut heads = Heads::zero();
        heads.weights[3][1] = 0.5;
        heads.biases[0] = -4.0;
        Parts {
            version: "test-1".into(),
            least_confidence: 0.25,
            known: -1.25,
            unknown: -1.0,
            languages: vec!["ar".into(), "zh".into()],
            topics: vec!["delivery_delay".into(), "price_level".into()],
            things: vec!["hotel".into(), "shop".into()],
            covers: vec![2, 3],
            heads: heads.clone(),
            thing_heads: heads,
            linear: Linear {
                languages: vec!["en".into(), "fa".into()],
                topics: vec!["delivery_delay".into(), "kyc".into()],
                threshold: -0.5,
                keyword: 2.0,
                biases: vec![-4.0, -3.0, 0.5],
                bits: 1,
                scale: 0.25,
                ends: vec![1, 3],
                entries: [(0, 5), (0, -7), (1, 127)]
                    .map(|(topic, weight)| Entry { topic, weight })
                    .to_vec(),
            },
            table: Table {
                bits: 2,
                scale: 0.1,
                rows: Cow::Owned((0..4 * DIMENSIONS).map(|n| n as u8).collect()),
            },
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let parts = parts();
        let bytes = parts.encode();
        let leaked: &'static [u8] = bytes.clone().leak();
        for read in [Cow::Owned(bytes), Cow::Borrowed(leaked)] {
            assert_eq!(Parts::decode(read), Ok(parts.clone()));
        }
    }

    #[test]
    fn every_damage_is_refused() {
        check_damage(&parts().encode(), |bytes| {
            Parts::decode(Cow::Owned(bytes.to_vec()))
        });
    }
}
