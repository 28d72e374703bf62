//! The model file. What stands before its parts: [`model_file`](crate::enrich::model_file).
//!
//! | bytes | what |
//! |---|---|
//! | 1 + n | version: length, UTF-8 |
//! | 4 | least confidence of the language from which it counts (f32) |
//! | 4 | temperature: what logits are divided by (f32) |
//! | 4 | share of the network's logits (f32) |
//! | 2 | number of languages |
//! | (1 + n) each | language tags, sorted |
//! | 1, 1, 1 | log2 of the rows: linear part, its language copies, network |
//! | 12, 12 | scales of the three columns of the linear tables (f32) |
//! | 12 each | biases of the linear part (f32): of each language and, last, of any other |
//! | 4 each | filters and their biases (f32), see [`network`] |
//! | 4 each | heads (f32): of each language and, last, of any other |
//! | 4 each | scales of a row's numbers (f32) |
//! | rows x 3 | linear part (i8; negative, neutral, positive) |
//! | rows x 3 | its language copies |
//! | rows | rows of the network (i8) |

use std::borrow::Cow;

use super::linear::{self, Linear};
use super::network::{self, DIMENSIONS, FILTERS, Head, Network, WINDOW};
use crate::enrich::model_file::{Format, ModelError, put_floats, put_text, put_texts};

/// Its version counts layout, features and network.
pub const FORMAT: Format = Format {
    magic: b"SADASENT",
    version: 2,
    model: "sentiment",
};
/// Largest table, as log2 of its rows.
const MOST_ROWS: u8 = 24;

/// The parts of a model file.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// For `model_version`.
    pub version: String,
    /// Least confidence of the language from which it counts.
    pub least_confidence: f32,
    /// What logits are divided by, so that probabilities mean what they say.
    pub temperature: f32,
    /// How much the network's logits count beside those of the linear part.
    pub share: f32,
    /// Tags of the languages, sorted: a base subtag, or one that ends in `-Latn` for romanised text.
    pub languages: Vec<String>,
    /// Weights of features.
    pub linear: Linear,
    /// What reads the tokens in their order.
    pub network: Network,
}

impl Parts {
    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (shared, own, table) = (&self.linear.shared, &self.linear.own, &self.network.table);
        let tables = [&shared.rows, &own.rows, &table.rows];
        let size: usize = tables.iter().map(|rows| rows.len()).sum();
        let mut body = Vec::with_capacity(size + (1 << 18));
        put_text(&mut body, &self.version);
        put_floats(
            &mut body,
            [&self.least_confidence, &self.temperature, &self.share],
        );
        put_texts(&mut body, &self.languages);
        body.extend([shared.bits, own.bits, table.bits]);
        put_floats(&mut body, shared.scales.iter().chain(&own.scales));
        put_floats(&mut body, self.linear.biases.iter().flatten());
        put_floats(&mut body, self.network.filters.iter().flatten().flatten());
        put_floats(&mut body, &self.network.filter_bias);
        for head in &self.network.heads {
            put_floats(&mut body, head.weights());
        }
        put_floats(&mut body, &table.scales);
        for rows in tables {
            body.extend_from_slice(rows);
        }
        FORMAT.file(&body)
    }

    /// Reads a file; rows in static memory stay where they are.
    ///
    /// # Errors
    /// The bytes are no such file, or a damaged one.
    pub fn decode(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let mut reader = FORMAT.read(&bytes)?;
        let version = reader.text()?;
        let [least_confidence, temperature, share] = reader.floats()?;
        let languages = reader.sorted_texts()?;
        let bits: [u8; 3] = reader.array()?;
        if bits.iter().any(|bits| *bits > MOST_ROWS) {
            return Err(reader.invalid("number of rows"));
        }
        let linear_scales: [[f32; 3]; 2] = [reader.floats()?, reader.floats()?];
        let biases = (0..=languages.len())
            .map(|_| reader.floats())
            .collect::<Result<_, _>>()?;
        let mut filters = Box::new([[[0.0; FILTERS]; DIMENSIONS]; WINDOW]);
        for weights in filters.iter_mut().flatten() {
            *weights = reader.floats()?;
        }
        let filter_bias = reader.floats()?;
        let mut heads = vec![Head::ZERO; languages.len() + 1];
        for weight in heads.iter_mut().flat_map(Head::weights_mut) {
            [*weight] = reader.floats()?;
        }
        let scales = reader.floats()?;
        let lengths = [3 << bits[0], 3 << bits[1], DIMENSIONS << bits[2]];
        if temperature <= 0.0 {
            return Err(reader.invalid("temperature"));
        }
        let start = reader.last(lengths.iter().sum())?;
        let [shared, own, rows] = split(bytes, start, lengths);
        let table = |n: usize, rows| linear::Table {
            bits: bits[n],
            scales: linear_scales[n],
            rows,
        };
        Ok(Self {
            version,
            least_confidence,
            temperature,
            share,
            languages,
            linear: Linear {
                shared: table(0, shared),
                own: table(1, own),
                biases,
            },
            network: Network {
                table: network::Table {
                    bits: bits[2],
                    scales,
                    rows,
                },
                filters,
                filter_bias,
                heads,
            },
        })
    }
}

/// The tables behind `start`. Their lengths were checked.
fn split(bytes: Cow<'static, [u8]>, start: usize, lengths: [usize; 3]) -> [Cow<'static, [u8]>; 3] {
    let (one, two) = (start + lengths[0], start + lengths[0] + lengths[1]);
    match bytes {
        Cow::Borrowed(all) => [&all[start..one], &all[one..two], &all[two..]].map(Cow::Borrowed),
        Cow::Owned(mut all) => {
            let network = all.split_off(two);
            let own = all.split_off(one);
            all.drain(..start);
            [all, own, network].map(Cow::Owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::model_file::check_damage;

    fn parts() -> Parts {
        let mut head = Head::ZERO;
        for (n, weight) in head.weights_mut().enumerate() {
            *weight = n as f32 / 7.0;
        }
        let table = |seed: i8| {
            let rows = (0..24).map(|i| (i as i8).wrapping_mul(seed)).collect();
            linear::Table::new(3, [0.1, 0.2, f32::from(seed)], rows).unwrap()
        };
        Parts {
            version: "test-1".into(),
            least_confidence: 0.25,
            temperature: 1.5,
            share: 0.75,
            languages: vec!["ar".into(), "fa".into()],
            linear: Linear {
                shared: table(5),
                own: table(-7),
                biases: vec![[0.1, 0.2, -0.3], [0.0; 3], [0.5, -0.5, 0.0]],
            },
            network: Network {
                table: network::Table {
                    bits: 3,
                    scales: [0.5; DIMENSIONS],
                    rows: Cow::Owned((0..8 * DIMENSIONS).map(|n| n as u8).collect()),
                },
                filters: Box::new([[[0.25; FILTERS]; DIMENSIONS]; WINDOW]),
                filter_bias: [-1.0; FILTERS],
                heads: vec![head; 3],
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
