//! The table that languages are told apart by: n-grams of 1 to 5 letters, and how much each speaks
//! for which language. One file, used as it lies in memory.
//!
//! File, little-endian: 64 bytes of header (magic, format, five lengths, xxh3 of the rest), buckets,
//! dense rows, lists, weights (`f32`), tags of the columns. A bucket is a cache line: 12 tags of 16
//! bits, 12 entries of 24 bits, and whether n-grams of this bucket lie in the next one.

use std::ops::Range;
use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use xxhash_rust::xxh3::xxh3_64;

use super::classes::{Class, Script, class};
use super::confidence::TERMS;
use super::short::Short;

const MAGIC: [u8; 8] = *b"SADALANG";
const FORMAT: u32 = 1;
/// Most columns of a model.
pub const MOST_COLUMNS: usize = 96;
/// Columns of a dense row: those of the Latin script come first.
pub const DENSE: usize = 64;
/// Entries of a bucket.
pub const SLOTS: usize = 12;

/// What one n-gram says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entry<'a> {
    /// It speaks for one column.
    One(u8, u8),
    /// It speaks for several: column, value.
    Few(&'a [[u8; 2]]),
    /// It speaks for many of the first columns.
    Many(&'a [u8; DENSE]),
}

/// Twelve n-grams.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Bucket {
    /// Low bits of the n-grams' hashes, never 0; 0 for a free slot.
    pub tags: [u16; SLOTS],
    /// Entries, as [`pack`] makes them.
    pub entries: [[u8; 3]; SLOTS],
    /// 1 if n-grams of this bucket lie in the next one.
    pub more: u32,
}

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Header {
    magic: [u8; 8],
    format: u32,
    columns: u32,
    buckets: u32,
    rows: u32,
    pairs: u32,
    text: u32,
    hash: u64,
    _rest: [u8; 24],
}

/// A value for each of the first columns.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Row(pub [u8; DENSE]);

/// Numbers beside the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Weights {
    /// Nats of one step of a value.
    pub step: f32,
    /// Scores are divided by letters to this power: letters are no independent witnesses.
    pub power: f32,
    /// Logistic function of the confidence: constant, log-odds, familiarity, log of the letters.
    pub confidence: [f32; TERMS],
}

/// Numbers of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Column {
    /// Added to the score, once.
    pub once: f32,
    /// Added to the score for each letter.
    pub each: f32,
    /// Score of a letter in texts of this language, nats.
    pub usual: f32,
}

/// A model file that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("no language model of this version: {0}; make it again with `sada train language`")]
pub struct BadModel(&'static str);

/// The table. It lives as long as the program.
#[derive(Debug, Clone)]
pub struct Model {
    buckets: &'static [Bucket],
    rows: &'static [Row],
    pairs: &'static [[u8; 2]],
    weights: Weights,
    columns: Vec<(Class, Column)>,
    /// Columns of each script: they lie side by side.
    scripts: [Range<usize>; Script::ALL.len()],
    short: Arc<Short>,
    version: String,
}

/// A file carried in the program begins on a cache line.
#[repr(C, align(64))]
struct Aligned<B: ?Sized>(B);

const CARRIED: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/models/language.bin"
)));

impl Model {
    /// Bytes of the model that the program carries.
    pub const FILE: &'static [u8] = &CARRIED.0;

    /// The model that the program carries, used where it lies.
    ///
    /// # Errors
    /// It was made for another version of the program.
    pub fn of_this_build() -> Result<Self, BadModel> {
        Self::at(Self::FILE)
    }

    /// A model file. A copy of it stays in memory to the end of the program.
    ///
    /// # Errors
    /// It is no model, is damaged, or was made for another version of the program.
    pub fn read(bytes: &[u8]) -> Result<Self, BadModel> {
        let mut lines = vec![Row([0; DENSE]); bytes.len().div_ceil(DENSE)];
        bytemuck::cast_slice_mut(&mut lines)[..bytes.len()].copy_from_slice(bytes);
        let lines: &'static [Row] = lines.leak();
        let model = Self::at(&bytemuck::cast_slice(lines)[..bytes.len()])?;
        match xxh3_64(&bytes[size_of::<Header>()..]) == header(bytes)?.hash {
            true => Ok(model),
            false => Err(BadModel("it is damaged")),
        }
    }

    fn at(bytes: &'static [u8]) -> Result<Self, BadModel> {
        const SHORT: BadModel = BadModel("it is cut short");
        let header = header(bytes)?;
        let mut rest = &bytes[size_of::<Header>()..];
        let mut take = |count: u32, size: usize| {
            let (part, after) = rest.split_at_checked(count as usize * size)?;
            rest = after;
            Some(part)
        };
        let mut part = |count, size| take(count, size).ok_or(SHORT);
        let buckets = part(header.buckets, size_of::<Bucket>())?;
        let rows = part(header.rows, size_of::<Row>())?;
        let pairs = part(header.pairs, 2)?;
        let weights = part(1, size_of::<Weights>())?;
        let columns = part(header.columns, size_of::<Column>())?;
        let tags = std::str::from_utf8(part(header.text, 1)?).map_err(|_| SHORT)?;

        let columns: Vec<Column> = columns
            .chunks_exact(size_of::<Column>())
            .map(bytemuck::pod_read_unaligned)
            .collect();
        let tags: Vec<Class> = tags.split_ascii_whitespace().filter_map(class).collect();
        if tags.len() != columns.len() || tags.len() > MOST_COLUMNS {
            return Err(BadModel("it has other languages"));
        }
        let mut model = Self {
            buckets: bytemuck::try_cast_slice(buckets).map_err(|_| SHORT)?,
            rows: bytemuck::try_cast_slice(rows).map_err(|_| SHORT)?,
            pairs: bytemuck::try_cast_slice(pairs).map_err(|_| SHORT)?,
            weights: bytemuck::pod_read_unaligned(weights),
            scripts: Script::ALL.map(|script| {
                let written = |class: &Class| script.tags().contains(&class.tag);
                let start = tags.iter().position(written).unwrap_or(tags.len());
                start..start + tags[start..].iter().take_while(|c| written(c)).count()
            }),
            columns: tags.into_iter().zip(columns).collect(),
            short: Arc::default(),
            version: format!("language-{:08x}", header.hash >> 32),
        };
        model.short = Arc::new(Short::of(&model));
        Ok(model)
    }

    /// Name and contents, for the stamp of rows.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Numbers beside the table.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// What each column speaks for. A class may have several: one for each way of typing it.
    pub fn columns(&self) -> &[(Class, Column)] {
        &self.columns
    }

    /// Numbers of the columns of a script.
    pub fn columns_of(&self, script: Script) -> Range<usize> {
        self.scripts[script as usize].clone()
    }

    /// What n-grams of plain letters say.
    pub fn short(&self) -> &Short {
        &self.short
    }

    /// What an n-gram says, by its [`hash`]. Touches one cache line, seldom two.
    pub fn find(&self, hash: u64) -> Option<Entry<'_>> {
        let tag = tag(hash);
        let mut at = bucket(hash, self.buckets.len());
        loop {
            let bucket = self.buckets.get(at)?;
            if let Some(slot) = slot(&bucket.tags, tag) {
                return self.entry(bucket.entries[slot]);
            }
            if bucket.more == 0 {
                return None;
            }
            at = if at + 1 == self.buckets.len() {
                0
            } else {
                at + 1
            };
        }
    }

    /// Has the cache line of an n-gram come near, before it is looked up.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        if let Some(bucket) = self.buckets.get(bucket(hash, self.buckets.len())) {
            prefetch(bucket);
        }
    }

    fn entry(&self, packed: [u8; 3]) -> Option<Entry<'_>> {
        let [low, middle, high] = packed;
        let number = u32::from_le_bytes([low, middle, high & 0x7F, 0]) as usize;
        Some(match high >> 6 {
            0 => Entry::One(middle, low),
            1 => Entry::Many(&self.rows.get(number & 0x3F_FFFF)?.0),
            _ => {
                let list = self.pairs.get(number..)?;
                let count = usize::from(list.first()?[0]);
                Entry::Few(list.get(1..=count)?)
            }
        })
    }
}

/// Has a cache line come near before it is read.
#[inline]
pub fn prefetch<T>(line: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is that of a value; a prefetch changes nothing and needs SSE alone,
        // which all of this architecture have. Without it a text takes twice as long.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// Where a tag is. Four tags at a time: a 16-bit lane of `apart` is 0 where it is, and the lowest
/// such lane is the lowest bit that the subtraction borrows into.
#[inline]
fn slot(tags: &[u16; SLOTS], tag: u16) -> Option<usize> {
    const ONES: u64 = 0x0001_0001_0001_0001;
    let wanted = u64::from(tag) * ONES;
    for (at, four) in tags.as_chunks::<4>().0.iter().enumerate() {
        let lanes = four
            .iter()
            .rev()
            .fold(0u64, |lanes, tag| lanes << 16 | u64::from(*tag));
        let apart = lanes ^ wanted;
        let zero = apart.wrapping_sub(ONES) & !apart & (ONES << 15);
        if zero != 0 {
            return Some(4 * at + zero.trailing_zeros() as usize / 16);
        }
    }
    None
}

/// Entry of a slot. Numbers below 2²² (rows) or 2²³ (pairs).
pub fn pack(entry: Packed) -> [u8; 3] {
    let bytes = |number: u32| {
        let [low, middle, high, _] = number.to_le_bytes();
        [low, middle, high]
    };
    match entry {
        Packed::One(column, value) => [value, column, 0],
        Packed::Row(number) => bytes(number | 1 << 22),
        Packed::List(number) => bytes(number | 1 << 23),
    }
}

/// What a slot holds.
#[derive(Debug, Clone, Copy)]
pub enum Packed {
    /// One column and its value.
    One(u8, u8),
    /// Number of a dense row.
    Row(u32),
    /// Number of the first pair of a list, which holds its length.
    List(u32),
}

/// The parts of a model file, put together.
pub fn file(
    (buckets, rows, pairs): (&[Bucket], &[Row], &[[u8; 2]]),
    weights: Weights,
    columns: &[(&str, Column)],
) -> Vec<u8> {
    let tags: Vec<&str> = columns.iter().map(|column| column.0).collect();
    let text = tags.join(" ");
    let numbers: Vec<Column> = columns.iter().map(|column| column.1).collect();
    let mut bytes = vec![0; size_of::<Header>()];
    bytes.extend(bytemuck::cast_slice::<_, u8>(buckets));
    bytes.extend(bytemuck::cast_slice::<_, u8>(rows));
    bytes.extend(pairs.as_flattened());
    bytes.extend(bytemuck::bytes_of(&weights));
    bytes.extend(bytemuck::cast_slice::<_, u8>(&numbers));
    bytes.extend(text.as_bytes());
    let header = Header {
        magic: MAGIC,
        format: FORMAT,
        columns: columns.len() as u32,
        buckets: buckets.len() as u32,
        rows: rows.len() as u32,
        pairs: pairs.len() as u32,
        text: text.len() as u32,
        hash: xxh3_64(&bytes[size_of::<Header>()..]),
        _rest: [0; 24],
    };
    bytes[..size_of::<Header>()].copy_from_slice(bytemuck::bytes_of(&header));
    bytes
}

fn header(bytes: &[u8]) -> Result<Header, BadModel> {
    let header = bytes
        .get(..size_of::<Header>())
        .map(bytemuck::pod_read_unaligned::<Header>)
        .ok_or(BadModel("it is cut short"))?;
    match header.magic == MAGIC && header.format == FORMAT {
        true => Ok(header),
        false => Err(BadModel("it has another format")),
    }
}

/// Hash of no letters, to begin with.
pub const START: u64 = 0x9E37_79B9_7F4A_7C15;

/// Hash of an n-gram, from that of all its letters but the last.
#[inline]
pub fn hash(before: u64, letter: char) -> u64 {
    let mixed = (before ^ u64::from(letter as u32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^ (mixed >> 32)
}

/// The bucket of a hash.
pub fn bucket(hash: u64, buckets: usize) -> usize {
    (((hash >> 32) * buckets as u64) >> 32) as usize
}

/// The tag of a hash.
pub fn tag(hash: u64) -> u16 {
    (hash as u16).max(1)
}
