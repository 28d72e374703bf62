//! Evidence: what became of every record, and why some were rejected.

use clickhouse::Row;
use serde::{Serialize, Serializer};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::batch::{self, Kept, OutcomeKind, Rejected};
use crate::feedback::{Feedback, Millis};
use crate::odata::{Change, Facts};

use super::Position;

/// The ends that a record can come to, as `ingested.outcome` numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub enum Outcome {
    /// A row of `feedback`, or of the history of an entity.
    Row = 1,
    /// A row of `dead_letters`, and the record in the dead-letter topic.
    DeadLetter = 2,
    /// Nothing to store.
    Skipped = 3,
    /// Kafka deleted the record before it was read.
    Gap = 4,
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i8(*self as i8)
    }
}

/// A row of table `ingested`: one line for each Kafka record, whatever became of it.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct IngestedRow<'a> {
    pub consumer_group: &'a str,
    pub topic: &'a str,
    pub stream: &'a str,
    pub partition: i32,
    pub offset: u64,
    pub outcome: Outcome,
    pub reason: &'a str,
    pub item_hash: u64,
    pub version: u64,
    pub revision: u64,
    pub kafka_time: Millis,
    pub created_at: Millis,
}

impl<'a> IngestedRow<'a> {
    /// Line of one outcome. `group`: the consumer group that read the record.
    pub fn new(outcome: &'a batch::Outcome, position: Position<'a>, group: &'a str) -> Self {
        let (kind, reason, item_hash, version, created_at) = match &outcome.kind {
            OutcomeKind::Row(e) => (
                Outcome::Row,
                "",
                self::item_hash(&e.feedback),
                e.feedback.version,
                e.feedback.created_at,
            ),
            OutcomeKind::Operational(change) => (
                Outcome::Row,
                "",
                change_hash(change),
                change.version,
                change.valid_from,
            ),
            OutcomeKind::DeadLetter(r) => (
                Outcome::DeadLetter,
                r.error.reason.code(),
                0,
                0,
                position.time,
            ),
            OutcomeKind::Kept(Kept::Row {
                item_hash,
                version,
                created_at,
            }) => (Outcome::Row, "", *item_hash, *version, *created_at),
            OutcomeKind::Kept(Kept::DeadLetter { reason }) => {
                (Outcome::DeadLetter, reason.as_str(), 0, 0, position.time)
            }
            OutcomeKind::Gap => (Outcome::Gap, "", 0, 0, position.time),
            OutcomeKind::Skipped(reason) => (Outcome::Skipped, reason.name(), 0, 0, position.time),
        };
        Self {
            consumer_group: group,
            topic: &position.partition.topic,
            stream: &position.partition.stream,
            partition: position.partition.number,
            offset: position.offset.max(0) as u64,
            outcome: kind,
            reason,
            item_hash,
            version,
            revision: position.computed.revision,
            kafka_time: position.time,
            created_at,
        }
    }
}

/// Hash of the item's key, the same as SQL's
/// `xxh3(concat(tenant, '\0', kind, '\0', source, '\0', feedback_id))`.
pub fn item_hash(feedback: &Feedback) -> u64 {
    let mut hash = Xxh3Default::new();
    hash.update(feedback.tenant.as_bytes());
    for part in [feedback.kind().name(), &feedback.source, &feedback.id] {
        hash.update(b"\0");
        hash.update(part.as_bytes());
    }
    hash.digest()
}

/// Hash of the key of a version of an entity, the same as SQL's
/// `xxh3(concat(tenant, '\0', entity, '\0', toString(valid_from in ms), '\0', id))`; the identifier of
/// an identity is its type, char 1, its value.
pub fn change_hash(change: &Change) -> u64 {
    let mut hash = Xxh3Default::new();
    hash.update(change.tenant.as_bytes());
    for part in [change.entity().name(), &change.valid_from.to_string()] {
        hash.update(b"\0");
        hash.update(part.as_bytes());
    }
    hash.update(b"\0");
    if let Facts::Identity(identity) = &change.facts {
        hash.update(identity.kind.as_bytes());
        hash.update(b"\x01");
    }
    hash.update(change.id.as_bytes());
    hash.digest()
}

/// A row of table `dead_letters`: why a record was rejected, never what it held.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct DeadLetterRow<'a> {
    pub topic: &'a str,
    pub stream: &'a str,
    pub partition: i32,
    pub offset: u64,
    pub reason: &'static str,
    pub field: &'a str,
    pub message: &'a str,
    pub payload_size: u64,
    pub payload_hash: u64,
    pub kafka_time: Millis,
}

impl<'a> DeadLetterRow<'a> {
    /// Row of a rejected record.
    pub fn new(rejected: &'a Rejected, position: Position<'a>) -> Self {
        Self {
            topic: &position.partition.topic,
            stream: &position.partition.stream,
            partition: position.partition.number,
            offset: position.offset.max(0) as u64,
            reason: rejected.error.reason.code(),
            field: &rejected.error.field,
            message: &rejected.error.message,
            payload_size: rejected.payload.len() as u64,
            payload_hash: xxh3_64(&rejected.payload),
            kafka_time: position.time,
        }
    }
}
