//! The model file: everything little-endian, checked whole before a weight is used.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SADASENT` |
//! | 4 | [`FORMAT`] |
//! | 8 | xxh64 of all bytes that follow |
//! | 1 + n | version: length, UTF-8 |
//! | 4 | least confidence of the language from which it counts (f32) |
//! | 4 | temperature: what logits are divided by (f32) |
//! | 4 | share of the network's logits (f32) |
//! | 2 | number of languages |
//! | (1 + n) each | language tags, sorted |
//! | 1, 1, 1 | log2 of the rows: linear part, its language copies, network |
//! | 12, 12 | scales of the three columns of the linear tables (f32) |
//! | 12 each | biases of the linear part (f32): of each language and, last, of any other |
//! | 4 each | filters and their biases (f32), see [`network`](super::network) |
//! | 4 each | heads (f32): of each language and, last, of any other |
//! | 4 each | scales of a row's numbers (f32) |
//! | rows x 3 | linear part (i8; negative, neutral, positive) |
//! | rows x 3 | its language copies |
//! | rows | rows of the network (i8) |

use std::borrow::Cow;

use xxhash_rust::xxh64::xxh64;

use super::linear::{self, Linear};
use super::network::{self, DIMENSIONS, FILTERS, Head, Network, WINDOW};

/// Version of format, features and network; a file of another one is refused.
pub const FORMAT: u32 = 2;
const MAGIC: &[u8; 8] = b"SADASENT";
const HEAD: usize = 20;
/// Largest table, as log2 of its rows.
const MOST_ROWS: u8 = 24;

/// Why a model file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// It begins with something else.
    #[error("this is no sentiment model; `sada train sentiment` writes one")]
    NotAModel,
    /// It was written for another version of Sada.
    #[error(
        "the sentiment model has format {0}, this version of Sada reads {FORMAT}; train it again with `sada train sentiment`"
    )]
    Format(u32),
    /// Its length is wrong.
    #[error("the sentiment model is cut short or has {0} bytes too many; copy it again")]
    Length(usize),
    /// Its bytes have changed.
    #[error("the sentiment model is damaged (its checksum is wrong); copy it again")]
    Checksum,
    /// It contradicts itself.
    #[error("the sentiment model is damaged ({0}); train it again with `sada train sentiment`")]
    Invalid(&'static str),
}

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
        body.extend((self.languages.len() as u16).to_le_bytes());
        for tag in &self.languages {
            put_text(&mut body, tag);
        }
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
        let mut file = MAGIC.to_vec();
        file.extend(FORMAT.to_le_bytes());
        file.extend(xxh64(&body, 0).to_le_bytes());
        file.append(&mut body);
        file
    }

    /// Reads a file; rows in static memory stay where they are.
    ///
    /// # Errors
    /// The bytes are no such file, or a damaged one.
    pub fn decode(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let mut reader = Reader {
            bytes: &bytes,
            at: 0,
        };
        if reader.array::<8>().is_ok_and(|m| m != *MAGIC) || bytes.len() < MAGIC.len() {
            return Err(ModelError::NotAModel);
        }
        let format = u32::from_le_bytes(reader.array()?);
        if format != FORMAT {
            return Err(ModelError::Format(format));
        }
        let checksum = u64::from_le_bytes(reader.array()?);
        let version = reader.text()?;
        let [least_confidence, temperature, share] = reader.floats()?;
        let count = u16::from_le_bytes(reader.array()?);
        let languages: Vec<String> = (0..count)
            .map(|_| reader.text())
            .collect::<Result<_, _>>()?;
        let bits: [u8; 3] = reader.array()?;
        if bits.iter().any(|bits| *bits > MOST_ROWS) {
            return Err(ModelError::Invalid("number of rows"));
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
        let start = reader.at;
        let length = start + lengths.iter().sum::<usize>();
        if bytes.len() != length {
            return Err(ModelError::Length(bytes.len().saturating_sub(length)));
        }
        if xxh64(&bytes[HEAD..], 0) != checksum {
            return Err(ModelError::Checksum);
        }
        if !languages.is_sorted_by(|a, b| a < b) {
            return Err(ModelError::Invalid("order of the languages"));
        }
        if temperature <= 0.0 {
            return Err(ModelError::Invalid("temperature"));
        }
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

fn put_text(body: &mut Vec<u8>, text: &str) {
    let mut length = text.len().min(255);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    body.push(length as u8);
    body.extend_from_slice(&text.as_bytes()[..length]);
}

fn put_floats<'a>(body: &mut Vec<u8>, values: impl IntoIterator<Item = &'a f32>) {
    body.extend(values.into_iter().flat_map(|v| v.to_le_bytes()));
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let found = self.bytes.get(self.at..).and_then(|b| b.first_chunk::<N>());
        self.at += N;
        found.copied().ok_or(ModelError::Length(0))
    }

    fn floats<const N: usize>(&mut self) -> Result<[f32; N], ModelError> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = f32::from_le_bytes(self.array()?);
            if !value.is_finite() {
                return Err(ModelError::Invalid("a number that is none"));
            }
        }
        Ok(values)
    }

    fn text(&mut self) -> Result<String, ModelError> {
        let [length] = self.array::<1>()?;
        let end = self.at + usize::from(length);
        let bytes = self.bytes.get(self.at..end).ok_or(ModelError::Length(0))?;
        self.at = end;
        String::from_utf8(bytes.to_vec()).map_err(|_| ModelError::Invalid("a text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let good = parts().encode();
        let decode = |bytes: &[u8]| Parts::decode(Cow::Owned(bytes.to_vec()));
        assert_eq!(decode(b""), Err(ModelError::NotAModel));
        assert_eq!(
            decode(b"PK\x03\x04 something else"),
            Err(ModelError::NotAModel)
        );
        for length in (8..good.len()).step_by(3) {
            assert!(
                matches!(decode(&good[..length]), Err(ModelError::Length(0))),
                "{length}"
            );
        }
        let mut long = good.clone();
        long.push(0);
        assert_eq!(decode(&long), Err(ModelError::Length(1)));
        let mut format = good.clone();
        format[8] = 9;
        assert_eq!(decode(&format), Err(ModelError::Format(9)));
        for at in (HEAD..good.len()).step_by(5) {
            let mut changed = good.clone();
            changed[at] ^= 0x40;
            assert!(decode(&changed).is_err(), "byte {at}");
        }
    }
}
