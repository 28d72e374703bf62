//! What files of models have in common: everything little-endian, checked whole before a weight is used.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | which model |
//! | 4 | version of its format |
//! | 8 | xxh64 of all bytes that follow |
//! | … | its parts: texts as a byte of length and UTF-8, numbers of floating point in 32 bits |

use xxhash_rust::xxh64::xxh64;

/// Bytes before the parts.
const HEAD: usize = 20;

/// Why a model file can't be used; `model` names it as `sada train` does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ModelError {
    /// It begins with something else.
    #[error("this is no model of {model}; `sada train {model}` writes one")]
    NotAModel { model: &'static str },
    /// It was written for another version of Sada.
    #[error(
        "the model of {model} has format {found}, this version of Sada reads {read}; train it again with `sada train {model}`"
    )]
    Format {
        model: &'static str,
        found: u32,
        read: u32,
    },
    /// Its length is wrong.
    #[error("the model of {model} is cut short or has {more} bytes too many; copy it again")]
    Length { model: &'static str, more: usize },
    /// Its bytes have changed.
    #[error("the model of {model} is damaged (its checksum is wrong); copy it again")]
    Checksum { model: &'static str },
    /// It contradicts itself.
    #[error("the model of {model} is damaged ({what}); train it again with `sada train {model}`")]
    Invalid {
        model: &'static str,
        what: &'static str,
    },
}

/// What a file says that it is.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What it begins with.
    pub magic: &'static [u8; 8],
    /// Version of its layout and of what its numbers mean; a file of another one is refused.
    pub version: u32,
    /// Name of the model, as `sada train` has it.
    pub model: &'static str,
}

impl Format {
    /// A file of these parts.
    pub fn file(&self, parts: &[u8]) -> Vec<u8> {
        let mut file = Vec::with_capacity(HEAD + parts.len());
        file.extend(self.magic);
        file.extend(self.version.to_le_bytes());
        file.extend(xxh64(parts, 0).to_le_bytes());
        file.extend_from_slice(parts);
        file
    }

    /// Reads a file from its parts on.
    ///
    /// # Errors
    /// It is of another model or format.
    pub fn read<'a>(&self, file: &'a [u8]) -> Result<Reader<'a>, ModelError> {
        let mut reader = Reader {
            bytes: file,
            at: 0,
            model: self.model,
        };
        match reader.array::<8>() {
            Ok(magic) if magic == *self.magic => {}
            _ => return Err(ModelError::NotAModel { model: self.model }),
        }
        let found = u32::from_le_bytes(reader.array()?);
        if found != self.version {
            return Err(ModelError::Format {
                model: self.model,
                found,
                read: self.version,
            });
        }
        reader.at = HEAD;
        Ok(reader)
    }
}

/// Reads parts one after the other.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    model: &'static str,
}

impl Reader<'_> {
    /// The next bytes.
    ///
    /// # Errors
    /// The file ends before.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let found = self.bytes.get(self.at..).and_then(|b| b.first_chunk::<N>());
        self.at += N;
        found.copied().ok_or(ModelError::Length {
            model: self.model,
            more: 0,
        })
    }

    /// The next numbers.
    ///
    /// # Errors
    /// The file ends before, or one is infinite or none.
    pub fn floats<const N: usize>(&mut self) -> Result<[f32; N], ModelError> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = f32::from_le_bytes(self.array()?);
            if !value.is_finite() {
                return Err(self.invalid("a number that is none"));
            }
        }
        Ok(values)
    }

    /// The next text.
    ///
    /// # Errors
    /// The file ends before, or it is no UTF-8.
    pub fn text(&mut self) -> Result<String, ModelError> {
        let [length] = self.array::<1>()?;
        let end = self.at + usize::from(length);
        let text = self
            .bytes
            .get(self.at..end)
            .ok_or_else(|| self.length(0))?
            .to_vec();
        self.at = end;
        String::from_utf8(text).map_err(|_| self.invalid("a text"))
    }

    /// As many texts as the next two bytes say, which have to be sorted.
    ///
    /// # Errors
    /// The file ends before, one is no UTF-8, or their order is another.
    pub fn sorted_texts(&mut self) -> Result<Vec<String>, ModelError> {
        let count = u16::from_le_bytes(self.array()?);
        let texts: Vec<String> = (0..count).map(|_| self.text()).collect::<Result<_, _>>()?;
        match texts.is_sorted_by(|a, b| a < b) {
            true => Ok(texts),
            false => Err(self.invalid("order of names")),
        }
    }

    /// Where the last part begins, which has `length` bytes.
    ///
    /// # Errors
    /// The file has another length, or its bytes have changed.
    pub fn last(self, length: usize) -> Result<usize, ModelError> {
        let end = self.at + length;
        if self.bytes.len() != end {
            return Err(self.length(self.bytes.len().saturating_sub(end)));
        }
        let told = self.bytes[..HEAD].last_chunk::<8>().copied();
        if told.map(u64::from_le_bytes) != Some(xxh64(&self.bytes[HEAD..], 0)) {
            return Err(ModelError::Checksum { model: self.model });
        }
        Ok(self.at)
    }

    /// The file contradicts itself.
    pub fn invalid(&self, what: &'static str) -> ModelError {
        ModelError::Invalid {
            model: self.model,
            what,
        }
    }

    fn length(&self, more: usize) -> ModelError {
        ModelError::Length {
            model: self.model,
            more,
        }
    }
}

/// Adds a text to parts; of a longer one than fits, the begin.
pub fn put_text(parts: &mut Vec<u8>, text: &str) {
    let mut length = text.len().min(255);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    parts.push(length as u8);
    parts.extend_from_slice(&text.as_bytes()[..length]);
}

/// Adds texts with their number.
pub fn put_texts(parts: &mut Vec<u8>, texts: &[String]) {
    parts.extend((texts.len() as u16).to_le_bytes());
    for text in texts {
        put_text(parts, text);
    }
}

/// Adds numbers.
pub fn put_floats<'a>(parts: &mut Vec<u8>, values: impl IntoIterator<Item = &'a f32>) {
    parts.extend(values.into_iter().flat_map(|v| v.to_le_bytes()));
}

/// Holds that every cut, addition and changed byte of a file is refused.
#[cfg(test)]
pub(super) fn check_damage<T: std::fmt::Debug>(
    good: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, ModelError>,
) {
    assert!(decode(good).is_ok());
    for wrong in [&b""[..], b"PK\x03\x04 something else"] {
        assert!(matches!(decode(wrong), Err(ModelError::NotAModel { .. })));
    }
    for length in (8..good.len()).step_by(3) {
        let cut = decode(&good[..length]);
        assert!(
            matches!(cut, Err(ModelError::Length { more: 0, .. })),
            "{length}: {cut:?}"
        );
    }
    let long = [good, &[0]].concat();
    assert!(matches!(
        decode(&long),
        Err(ModelError::Length { more: 1, .. })
    ));
    let mut format = good.to_vec();
    format[8] = 99;
    assert!(matches!(
        decode(&format),
        Err(ModelError::Format { found: 99, .. })
    ));
    for at in (HEAD..good.len()).step_by(5) {
        let mut changed = good.to_vec();
        changed[at] ^= 0x40;
        assert!(decode(&changed).is_err(), "byte {at}");
    }
}
