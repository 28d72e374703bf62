//! Batches: what travels through the pipeline. A batch is formed once, at the source, from one
//! partition, and owns its offset range to the end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::enrich::Enriched;
use crate::feedback::Millis;
use crate::odata::Change;

mod reason;

pub use reason::{DecodeError, Reason};

/// One partition in one life of its topic. Offsets mean something only inside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// Topic's name.
    pub topic: Arc<str>,
    /// Id of this life of the topic: Kafka's topic id, or made at the start of the embedded broker.
    pub stream: Arc<str>,
    /// Partition number.
    pub number: i32,
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]", self.topic, self.number)
    }
}

/// The offsets a batch owns: all records of one partition from the first to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offsets {
    /// Partition they belong to.
    pub partition: Partition,
    /// Assignment under which they were read: stale once the partition was revoked.
    pub epoch: u64,
    /// First and last offset, both inclusive.
    pub range: RangeInclusive<i64>,
    /// Kafka timestamp of the last record in ms; 0 if there is none.
    pub last_time: Millis,
}

/// Records of one partition as Kafka delivered them, bytes copied into one buffer.
#[derive(Debug, Clone)]
pub struct RawBatch {
    partition: Partition,
    epoch: u64,
    /// First and last offset owned; `None` while nothing is in it.
    range: Option<(i64, i64)>,
    last_time: Millis,
    delivery: Delivery,
    buffer: Vec<u8>,
    records: Vec<Slot>,
    kept: BTreeMap<i64, Kept>,
}

/// What is known of the delivery of a batch before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Its records were never written.
    First,
    /// Some of its records may have been written before, by this instance or another one: the
    /// evidence is asked before anything is written.
    Doubtful,
    /// Kafka deleted its records before they were read; some of them may have their outcome
    /// already.
    Gap,
}

#[derive(Debug, Clone)]
struct Slot {
    offset: i64,
    time: Millis,
    key: Span,
    payload: Option<Span>,
    headers: Vec<(Span, Span)>,
}

type Span = (u32, u32);

/// One record of a [`RawBatch`].
#[derive(Debug, Clone)]
pub struct RawRecord<'a> {
    /// Offset in its partition.
    pub offset: i64,
    /// Kafka timestamp in ms; 0 if the broker gave none.
    pub time: Millis,
    /// Key; empty if there was none.
    pub key: &'a [u8],
    /// Payload; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// Headers in their order.
    pub headers: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> RawRecord<'a> {
    /// Value of the first header of that name, if it is UTF-8.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.headers.iter().find(|(n, _)| *n == name.as_bytes())?;
        std::str::from_utf8(value).ok()
    }

    /// Bytes that the record takes on the wire, without framing.
    pub fn size(&self) -> usize {
        self.key.len()
            + self.payload.map_or(0, <[u8]>::len)
            + self
                .headers
                .iter()
                .map(|(n, v)| n.len() + v.len())
                .sum::<usize>()
    }
}

impl RawBatch {
    /// An empty batch of one partition, under one assignment.
    pub fn new(partition: Partition, epoch: u64) -> Self {
        Self {
            partition,
            epoch,
            range: None,
            last_time: 0,
            delivery: Delivery::First,
            buffer: Vec::new(),
            records: Vec::new(),
            kept: BTreeMap::new(),
        }
    }

    /// Offsets that Kafka deleted before they were read, found out at `time`.
    pub fn gap(partition: Partition, epoch: u64, range: RangeInclusive<i64>, time: Millis) -> Self {
        let mut batch = Self::new(partition, epoch);
        batch.delivery = Delivery::Gap;
        for offset in range {
            batch.push(offset, time, None, None, []);
        }
        batch
    }

    /// Some of its records may have been written before.
    pub fn doubt(&mut self) {
        self.delivery = Delivery::Doubtful;
    }

    /// What is known of its delivery.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Makes the batch own exactly these offsets, as it was announced, whichever of their records
    /// are still there.
    pub fn claim(&mut self, range: RangeInclusive<i64>) {
        self.range = Some((*range.start(), *range.end()));
    }

    /// Leaves out records that have their outcome. The range stays.
    pub fn forget(&mut self, recorded: &BTreeSet<i64>) {
        self.records.retain(|slot| !recorded.contains(&slot.offset));
    }

    /// These records have come to their outcome already, and only their lines of evidence are
    /// missing: they keep it, whatever would become of them now.
    pub fn keep(&mut self, kept: BTreeMap<i64, Kept>) {
        self.kept = kept;
    }

    /// Outcome that the record at an offset keeps.
    pub fn kept(&self, offset: i64) -> Option<&Kept> {
        self.kept.get(&offset)
    }

    /// Copies a record in. Offsets come in ascending order; compacted topics leave gaps.
    pub fn push<'h>(
        &mut self,
        offset: i64,
        time: Millis,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) {
        let first = self.range.map_or(offset, |(first, _)| first);
        self.range = Some((first, offset));
        self.last_time = time;
        let key = self.copy(key.unwrap_or_default());
        let payload = payload.map(|p| self.copy(p));
        let headers = headers
            .into_iter()
            .map(|(n, v)| (self.copy(n.as_bytes()), self.copy(v)))
            .collect();
        self.records.push(Slot {
            offset,
            time,
            key,
            payload,
            headers,
        });
    }

    fn copy(&mut self, bytes: &[u8]) -> Span {
        let start = self.buffer.len() as u32;
        self.buffer.extend_from_slice(bytes);
        (start, self.buffer.len() as u32)
    }

    fn at(&self, (start, end): Span) -> &[u8] {
        &self.buffer[start as usize..end as usize]
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no record is in it.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes held: keys, payloads and headers.
    pub fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Assignment under which it was read.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Partition of all its records.
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Offsets that it owns; `None` while nothing is in it.
    pub fn offsets(&self) -> Option<Offsets> {
        let (first, last) = self.range?;
        Some(Offsets {
            partition: self.partition.clone(),
            epoch: self.epoch,
            range: first..=last,
            last_time: self.last_time,
        })
    }

    /// Index of the record at an offset.
    pub fn find(&self, offset: i64) -> Option<usize> {
        self.records
            .binary_search_by_key(&offset, |s| s.offset)
            .ok()
    }

    /// Its record at an index below `len()`, in the order of their offsets.
    pub fn record(&self, index: usize) -> RawRecord<'_> {
        let slot = &self.records[index];
        RawRecord {
            offset: slot.offset,
            time: slot.time,
            key: self.at(slot.key),
            payload: slot.payload.map(|span| self.at(span)),
            headers: slot
                .headers
                .iter()
                .map(|(n, v)| (self.at(*n), self.at(*v)))
                .collect(),
        }
    }
}

/// What computed a row, and in which revision of its item's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Computed {
    /// What computed it.
    pub origin: Origin,
    /// 0 as the record came in; what computes a row afresh stamps its job's start, in seconds since
    /// 2020-01-01: of rows of one version the greater revision holds.
    pub revision: u64,
}

impl Computed {
    /// As the record came in.
    pub const STREAM: Self = Self {
        origin: Origin::Stream,
        revision: 0,
    };
}

/// What computed a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The pipeline, as the record came in.
    Stream,
    /// `sada replay`: from the dead letters, or from Kafka again.
    Replay,
    /// `sada retag`: from the stored text.
    Retag,
}

impl Origin {
    /// Name in column `_origin`.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Stream => "stream",
            Origin::Replay => "replay",
            Origin::Retag => "retag",
        }
    }
}

/// A batch after decoding and enrichment: exactly one outcome for every record of its range that
/// had none before.
#[derive(Debug)]
pub struct EnrichedBatch {
    /// Range that the batch owns.
    pub offsets: Offsets,
    /// Outcome of each record, in the order of offsets.
    pub outcomes: Vec<Outcome>,
    /// What computed its rows.
    pub computed: Computed,
    /// The records as they came, for those that are rejected later.
    pub raw: RawBatch,
}

/// A row that the warehouse will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Offset of its record.
    pub offset: i64,
    /// What the warehouse says, for people; names columns and shapes, never the content.
    pub message: String,
}

impl EnrichedBatch {
    /// Makes dead letters of rows that the warehouse refuses.
    pub fn reject(&mut self, refused: Vec<Refused>) {
        for Refused { offset, message } in refused {
            let outcome = self.outcomes.binary_search_by_key(&offset, |o| o.offset);
            let (Ok(outcome), Some(record)) = (outcome, self.raw.find(offset)) else {
                continue;
            };
            let error = DecodeError {
                reason: Reason::RefusedByWarehouse,
                field: String::new(),
                message,
            };
            let rejected = Rejected::new(&self.raw.record(record), error);
            self.outcomes[outcome].kind = OutcomeKind::DeadLetter(Box::new(rejected));
        }
    }
}

/// What became of one record.
#[derive(Debug)]
pub struct Outcome {
    /// Offset of the record.
    pub offset: i64,
    /// Its Kafka timestamp in ms.
    pub time: Millis,
    /// Row, dead letter or skipped.
    pub kind: OutcomeKind,
}

/// The ends that a record can come to.
#[derive(Debug)]
pub enum OutcomeKind {
    /// A row of the fact table.
    Row(Box<Enriched>),
    /// A row of the history of an entity.
    Operational(Box<Change>),
    /// A dead letter: the record goes whole to the dead-letter topic.
    DeadLetter(Box<Rejected>),
    /// Nothing to store.
    Skipped(SkipReason),
    /// Kafka deleted the record before it was read.
    Gap,
    /// What the record came to before a crash: only its line of evidence is written.
    Kept(Kept),
}

/// What a record came to before its line of evidence could be written. The program, its models or
/// its limits may have changed since: what was durable first holds, or the record would come to two
/// ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Its row is in the fact table.
    Row {
        /// Hash of the item's key.
        item_hash: u64,
        /// Version of the row.
        version: u64,
        /// When the item was created at its source.
        created_at: Millis,
    },
    /// It is a dead letter, in topic and table.
    DeadLetter {
        /// Code of the reason; another build may know others.
        reason: String,
    },
}

/// Why a record leaves neither a row nor a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// A null payload: the marker of a compacted topic.
    Tombstone,
    /// Its customer asked to be forgotten, after it happened.
    Erased,
    /// A record of an O-data topic that tells of no entity: a page view among the calls of a site.
    NoChange,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [SkipReason; 3] = [
        SkipReason::Tombstone,
        SkipReason::Erased,
        SkipReason::NoChange,
    ];

    /// Name in tables and metrics.
    pub fn name(self) -> &'static str {
        match self {
            SkipReason::Tombstone => "tombstone",
            SkipReason::Erased => "erased",
            SkipReason::NoChange => "no_change",
        }
    }
}

/// A record that could not be used, whole, with the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// Key as received.
    pub key: Vec<u8>,
    /// Payload as received.
    pub payload: Vec<u8>,
    /// Headers as received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Why.
    pub error: DecodeError,
}

impl Rejected {
    /// Copies the record whole.
    pub fn new(record: &RawRecord<'_>, error: DecodeError) -> Self {
        let name = |n: &[u8]| String::from_utf8_lossy(n).into_owned();
        Self {
            key: record.key.to_vec(),
            payload: record.payload.unwrap_or_default().to_vec(),
            headers: record
                .headers
                .iter()
                .map(|(n, v)| (name(n), v.to_vec()))
                .collect(),
            error,
        }
    }
}
