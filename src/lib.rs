//! Sada: what customers say, as rows that a data team can query seconds later.
//!
//! This page is the architecture. Each module says what it promises; this one says how they hang
//! together.
//!
//! # The path of a record
//! ```text
//! Kafka topic ─► source ─► RawBatch ─► decode ─► enrich ─► EnrichedBatch ─► rows ─► feedback ─┐
//!                (forms the batch)       │                        every outcome ─► ingested ─┴► commit the offset
//!                                        └ a bad record is data (Rejected) ─► dead letters ──┘
//! ```
//! 1. [`kafka::source`] polls on one thread, copies records into a [`batch::RawBatch`] per
//!    partition, and closes it by rows, bytes or time.
//! 2. [`pipeline::run`] is the loop. It hands each batch to all cores: [`decode`] turns bytes into
//!    a [`feedback::Feedback`], [`enrich`] tags it. A record that can't be used becomes a
//!    [`batch::Rejected`], its neighbours go on.
//! 3. [`kafka::dead_letters`] sends rejected records, whole, to the dead-letter topic and waits for
//!    the acknowledgement.
//! 4. [`warehouse::sink`] inserts rows into `feedback`, reasons into `dead_letters`, and last one
//!    line per record into `ingested`: the evidence. Each insert carries a token of its range.
//! 5. The source commits the offset after the range.
//!
//! # The rules that hold on it
//! 1. **A batch is formed once, at the source, from one partition, and owns its offset range to
//!    the end.** Offsets advance only when its rows, dead letters and outcomes are durable, in order.
//! 2. **The core is pure.** [`feedback`], [`decode`], [`text`], [`enrich`], [`batch`] do no IO and
//!    name no tokio, rdkafka or clickhouse type. A test asserts it.
//! 3. **Every record has exactly one outcome: row, dead letter, or skipped** (a tombstone).
//! 4. **Enrichment is a function of the record and the models alone**, keeps no state between
//!    records, never fails ("unknown" is a value), and stamps the versions of models and taxonomy
//!    on the row. What needs other records is SQL.
//! 5. **Personal data is removed before anything is stored or logged.** Kafka is the raw store; the
//!    dead-letter topic is the only other place that holds whole payloads.
//! 6. **A row's ClickHouse partition and sorting key come only from fields that are the same in
//!    every version of the item**, so that versions meet and re-sent batches are recognised.
//!
//! # Code map
//! Dependencies point one way:
//! `feedback` ← `text` ← `enrich` ← `batch` ← `decode` ← `health` ← `pipeline` ← {`kafka`, `warehouse`,
//! `memory`} ← `embedded` ← `commands` ← `main`. [`config`] is read by all that do IO.
//!
//! | a question | the place |
//! |---|---|
//! | What is a review, a turn, an answer? | [`feedback`] |
//! | Which fields may an event have, and when is it refused? | [`decode`], `schemas/feedback/` |
//! | How is a text cleaned, how is it folded for matching? | [`text`] |
//! | Language, sentiment, topics, redaction | one file each in [`enrich`] |
//! | Which words make a topic? | `models/taxonomy.toml` |
//! | Columns of a table, a view's formula | `schemas/clickhouse/` |
//! | How is a stored row enriched again, a dead letter processed again? | [`warehouse::retagging`], [`commands::replay`] |
//! | Which error is tried again? | [`pipeline::SinkError`], made in [`warehouse`] and [`kafka::dead_letters`] |
//! | A setting, its default, its bounds | [`config`] |
//! | A metric's name and meaning | [`telemetry::metrics`] |
//! | When is an instance live, when ready? | [`health`] |
//! | How a model is fitted and measured | [`training`] |

pub mod batch;
pub mod commands;
pub mod config;
pub mod decode;
pub mod embedded;
pub mod enrich;
pub mod feedback;
pub mod health;
pub mod kafka;
pub mod memory;
pub mod pipeline;
pub mod telemetry;
pub mod text;
pub mod training;
pub mod warehouse;
