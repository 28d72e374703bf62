//! Sada: what customers say, as rows that a data team can query seconds later.
//!
//! This page is the architecture. Each module says what it promises; this one says how they hang
//! together.
//!
//! # The path of a record
//! ```text
//! Kafka topic ─► source ─► RawBatch ─► decode ─► enrich ─► EnrichedBatch ─► rows ─► feedback ──┐
//!                (forms the batch,       │                        every outcome ─► ingested ──┴► advance the offset
//!                 announces its range)   └ a bad record is data (Rejected) ─► dead letters
//! ```
//! 1. [`kafka::source`] is a member of the group. Its thread polls, copies records into a
//!    [`batch::RawBatch`] per partition, and closes it by rows, bytes or time, no more batches a
//!    second than may be written.
//! 2. [`pipeline::run`] is the loop: each partition has a lane, each lane hands its batches to all
//!    cores ahead of time. [`decode`] turns bytes into a [`feedback::Feedback`], [`enrich`] tags it.
//!    A record that can't be used becomes a [`batch::Rejected`], its neighbours go on.
//! 3. In its turn a batch is announced: its first offset is committed with the range as metadata
//!    ([`kafka::ledger`]). Only then anything of it is written.
//! 4. Rows go into `feedback` under a token of the range. A row that ClickHouse refuses for good is
//!    found by halving and becomes a dead letter.
//! 5. [`kafka::dead_letters`] sends rejected records, whole, to the dead-letter topic and waits for
//!    the acknowledgement.
//! 6. [`warehouse::Evidence`] writes reasons into `dead_letters`, and last one line per record into
//!    `ingested`: a record that has its line there is done.
//! 7. The commit that announces the next range ends this one.
//!
//! # Exactly once
//! Crashes, evictions and lost answers leave at most one range of a partition in doubt: the one
//! that was announced. Whoever gets the partition looks up offset, metadata, the log's bounds and
//! the evidence, and decides by `kafka::recovery` alone: a range that was announced is formed again
//! exactly, so that its tokens are the same; any record that may have been written before is held
//! against `ingested`, and its row against `feedback`, before it is written. So the
//! tokens cover inserts that are still under way, and the evidence covers what the tables' windows
//! of tokens no longer remember. `sada reconcile` proves it from both systems.
//!
//! Offsets mean something only within one life of a topic: tokens, metadata and rows carry the
//! topic's id, which is looked at again before each announcement.
//!
//! # The rules that hold on it
//! 1. **A batch is formed once, at the source, from one partition, and owns its offset range to
//!    the end.** Offsets advance only when its rows, dead letters and outcomes are durable, in order.
//! 2. **The core is pure.** [`feedback`], [`decode`], [`text`], [`language`], [`enrich`], [`batch`] do no IO and
//!    name no tokio, rdkafka or clickhouse type. A test asserts it.
//! 3. **Every record has exactly one outcome: row, dead letter, or skipped** (a tombstone); or gap,
//!    when Kafka deleted it before it was read.
//! 4. **Enrichment is a function of the record, the models and `language.expected` alone**, keeps no
//!    state between records, never fails ("unknown" is a value), and stamps the versions of models and
//!    taxonomy on the row. What needs other records is SQL.
//! 5. **Personal data is removed before anything is stored or logged.** Kafka is the raw store; the
//!    dead-letter topic is the only other place that holds whole payloads.
//! 6. **A row's ClickHouse partition and sorting key come only from fields that are the same in
//!    every version of the item**, so that versions meet and re-sent batches are recognised.
//! 7. **Whoever wrote a partition's offset held the partition.** A batch carries the epoch of the
//!    assignment that it was read under; commits happen while that is held fast, and the first batch
//!    that finds it over ends its lane for all behind it.
//!
//! # Code map
//! Dependencies point one way:
//! `feedback` ← `text` ← `language` ← `enrich` ← `batch` ← `decode` ← `health` ← `pipeline` ← {`kafka`, `warehouse`,
//! `memory`} ← `embedded` ← `commands` ← `main`. [`config`] is read by all that do IO.
//!
//! | a question | the place |
//! |---|---|
//! | What is a review, a turn, an answer? | [`feedback`] |
//! | Which fields may an event have, and when is it refused? | [`decode`], `schemas/feedback/` |
//! | How is a text cleaned, how is it folded for matching? | [`text`] |
//! | Sentiment, topics, redaction | one file each in [`enrich`] |
//! | Which language is a text in, how sure is that, what else is it in? | [`language`], a file a step |
//! | Which languages are told apart? | [`language::classes`] |
//! | What do `lang_hint`, `locale` and `language.expected` decide? | [`language::hints`] |
//! | What is mojibake, and when is it repaired? | [`language::mojibake`] |
//! | Which words make a topic? | `models/taxonomy.toml` |
//! | Columns of a table, a view's formula | `schemas/clickhouse/` |
//! | How is a stored row enriched again, a dead letter processed again? | [`warehouse::retagging`], [`commands::replay`] |
//! | Which error is tried again, which blames a row? | [`warehouse::error`]; for the topic [`kafka::dead_letters`] |
//! | Where does a group go on, and why? | `kafka/recovery.rs` |
//! | What holds when a crash came between an outcome and its line of evidence? | [`batch::Kept`] |
//! | What is in the offset's metadata? | [`kafka::ledger`] |
//! | What is a token made of? | `warehouse/servers.rs` |
//! | A setting, its default, its bounds | [`config`] |
//! | What proves that nothing is missing or doubled? | [`commands::reconcile`], from [`warehouse::audit`] and [`kafka::log`] |
//! | A metric's name and meaning | [`telemetry::metrics`] |
//! | When is an instance live, when ready? | [`health`] |
//! | How a model is made and measured, and what lingua is still for | [`training`] |

pub mod batch;
pub mod commands;
pub mod config;
pub mod decode;
pub mod embedded;
pub mod enrich;
pub mod erasure;
pub mod feedback;
pub mod health;
pub mod kafka;
pub mod language;
pub mod memory;
pub mod odata;
pub mod operations;
pub mod pipeline;
pub mod ranges;
pub mod telemetry;
pub mod text;
pub mod training;
pub mod warehouse;
