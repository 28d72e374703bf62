//! The model file: everything little-endian, checked whole before a weight is used.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SADASENT` |
//! | 4 | [`FORMAT`] |
//! | 8 | xxh64 of all bytes that follow |
//! | 1 + n | version: length, UTF-8 |
//! | 4 | least confidence of the language from which its own weights are used (f32) |
//! | 1, 1 | log2 of the rows of the shared table and of the table of language copies |
//! | 12, 12 | scales of the three columns of each (f32) |
//! | 2 | number of languages |
//! | 12 | biases of a text whose language is not among them (f32; negative, neutral, positive) |
//! | (1 + n + 12) each | language tag, its biases; sorted by tag |
//! | rows x 3 | shared table (i8; negative, neutral, positive) |
//! | rows x 3 | table of language copies |

use std::borrow::Cow;

use xxhash_rust::xxh64::xxh64;

/// Version of format and features; a file of another one is refused.
pub const FORMAT: u32 = 1;
const MAGIC: &[u8; 8] = b"SADASENT";
const HEAD: usize = 20;
/// Largest table, as log2 of its rows.
const MOST_ROWS: u8 = 26;

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
    /// Least confidence of the language from which its own weights are used.
    pub least_confidence: f32,
    /// Tag and biases of each language, sorted by tag.
    pub languages: Vec<(String, [f32; 3])>,
    /// Biases of any other language.
    pub other: [f32; 3],
    /// Weights of features in any language.
    pub shared: Table,
    /// Weights of the copies of features that belong to one language.
    pub own: Table,
}

/// Three weights a row, in 8 bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Worth of one step, by column.
    pub scales: [f32; 3],
    bits: u8,
    /// Where the table begins in `bytes`.
    start: usize,
    bytes: Cow<'static, [u8]>,
}

impl Table {
    /// A table of `2^bits` rows. `rows` holds three values a row.
    ///
    /// # Errors
    /// `rows` has another length.
    pub fn new(bits: u8, scales: [f32; 3], rows: Vec<i8>) -> Result<Self, ModelError> {
        if bits > MOST_ROWS || rows.len() != 3 << bits {
            return Err(ModelError::Invalid("length of a table"));
        }
        let bytes = rows.into_iter().map(|v| v as u8).collect();
        Ok(Self {
            scales,
            bits,
            start: 0,
            bytes: Cow::Owned(bytes),
        })
    }

    /// Weights of a feature, in steps.
    #[inline]
    pub fn row(&self, feature: u32) -> [i32; 3] {
        let row = (u64::from(feature) >> (32 - u32::from(self.bits))) as usize;
        let at = self.start + 3 * row;
        match self.bytes.get(at..at + 3) {
            Some(&[a, b, c]) => [a, b, c].map(|v| i32::from(v as i8)),
            _ => [0; 3],
        }
    }

    fn content(&self) -> &[u8] {
        &self.bytes[self.start..self.start + (3 << self.bits)]
    }
}

impl Parts {
    /// Divides all logits by a temperature, so that probabilities mean what they say.
    pub fn soften(&mut self, temperature: f32) {
        let biases = self.languages.iter_mut().map(|(_, biases)| biases);
        for values in biases.chain([
            &mut self.other,
            &mut self.shared.scales,
            &mut self.own.scales,
        ]) {
            *values = values.map(|v| v / temperature);
        }
    }

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity((3 << self.shared.bits) + (3 << self.own.bits) + 4096);
        put_text(&mut body, &self.version);
        body.extend(self.least_confidence.to_le_bytes());
        body.extend([self.shared.bits, self.own.bits]);
        put_floats(&mut body, &self.shared.scales);
        put_floats(&mut body, &self.own.scales);
        body.extend((self.languages.len() as u16).to_le_bytes());
        put_floats(&mut body, &self.other);
        for (tag, biases) in &self.languages {
            put_text(&mut body, tag);
            put_floats(&mut body, biases);
        }
        body.extend_from_slice(self.shared.content());
        body.extend_from_slice(self.own.content());
        let mut file = MAGIC.to_vec();
        file.extend(FORMAT.to_le_bytes());
        file.extend(xxh64(&body, 0).to_le_bytes());
        file.append(&mut body);
        file
    }

    /// Reads a file; tables stay where they are.
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
        let least_confidence = reader.floats::<1>()?[0];
        let [shared_bits, own_bits] = reader.array::<2>()?;
        if shared_bits > MOST_ROWS || own_bits > MOST_ROWS {
            return Err(ModelError::Invalid("size of a table"));
        }
        let shared_scales = reader.floats()?;
        let own_scales = reader.floats()?;
        let count = u16::from_le_bytes(reader.array()?);
        let other = reader.floats()?;
        let mut languages = Vec::with_capacity(count.into());
        for _ in 0..count {
            languages.push((reader.text()?, reader.floats()?));
        }
        let start = reader.at;
        let length = start + (3 << shared_bits) + (3 << own_bits);
        if bytes.len() != length {
            return Err(ModelError::Length(bytes.len().saturating_sub(length)));
        }
        if xxh64(&bytes[HEAD..], 0) != checksum {
            return Err(ModelError::Checksum);
        }
        if !languages.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(ModelError::Invalid("order of the languages"));
        }
        let (shared_bytes, own_bytes) = match bytes {
            // One static slice serves both tables.
            Cow::Borrowed(all) => (Cow::Borrowed(&all[start..]), Cow::Borrowed(all)),
            Cow::Owned(mut all) => {
                let own = all.split_off(start + (3 << shared_bits));
                all.drain(..start);
                (Cow::Owned(all), Cow::Owned(own))
            }
        };
        let own_start = own_bytes.len() - (3 << own_bits);
        let table = |scales, bits, start, bytes| Table {
            scales,
            bits,
            start,
            bytes,
        };
        Ok(Self {
            version,
            least_confidence,
            languages,
            other,
            shared: table(shared_scales, shared_bits, 0, shared_bytes),
            own: table(own_scales, own_bits, own_start, own_bytes),
        })
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

fn put_floats(body: &mut Vec<u8>, values: &[f32]) {
    body.extend(values.iter().flat_map(|v| v.to_le_bytes()));
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
        let rows = |seed: i8| (0..24).map(|i| (i as i8).wrapping_mul(seed)).collect();
        Parts {
            version: "linear-test".into(),
            least_confidence: 0.25,
            languages: vec![("ar".into(), [0.1, 0.2, -0.3]), ("fa".into(), [0.0; 3])],
            other: [0.5, -0.5, 0.0],
            shared: Table::new(3, [0.1, 0.2, 0.3], rows(5)).unwrap(),
            own: Table::new(3, [1.0, 2.0, 3.0], rows(-7)).unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let parts = parts();
        let bytes = parts.encode();
        let leaked: &'static [u8] = bytes.clone().leak();
        for read in [Cow::Owned(bytes), Cow::Borrowed(leaked)] {
            let read = Parts::decode(read).unwrap();
            assert_eq!(
                (&read.version, &read.languages),
                (&parts.version, &parts.languages)
            );
            for feature in (0..8u32).map(|i| i << 29) {
                assert_eq!(read.shared.row(feature), parts.shared.row(feature));
                assert_eq!(read.own.row(feature), parts.own.row(feature));
            }
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
        for length in 8..good.len() {
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
        for at in HEAD..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 0x40;
            assert!(decode(&changed).is_err(), "byte {at}");
        }
    }
}
