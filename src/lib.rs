//! Sada: what customers say, as rows that a data team can query seconds later.
//!
//! This page is the architecture. Each module says what it promises; this one says how they hang
//! together.
//!
//! # The path of a record
//! ```text
//!           (forms the batch,             ┌ O-data ─────────────────────┐                 ┌► rows ─► feedback, histories ┐
//! Kafka ─┬► source ─► RawBatch ─► decode ─┼ feedback ─► enrich ─► join ─┴► EnrichedBatch ─┴► every outcome ─► ingested ──┴► advance the offset
//!        │  announces its range)          └ bad ─► dead letters    ▲
//!        └► index of O-data, of this instance ─────────────────────┘
//! ```
//! 1. Before the first record, an instance reads who is erased ([`kafka::erasures`]) and brings its
//!    index of O-data up to the ends of the feeds ([`operations`]). It follows both as it runs.
//! 2. [`kafka::source`] is a member of the group. Its thread polls, copies records into a
//!    [`batch::RawBatch`] per partition, and closes it by rows, bytes or time, no more batches a
//!    second than may be written.
//! 3. [`pipeline::run`] is the loop: each partition has a lane, each lane hands its batches to all
//!    cores ahead of time. [`decode`] turns bytes into a [`feedback::Feedback`], which [`enrich`] tags
//!    and [`odata::join`] joins with what was true when it was said; or, where the topic is a feed,
//!    into an [`odata::Change`]. A record that can't be used becomes a [`batch::Rejected`], its
//!    neighbours go on.
//! 4. In its turn a batch is announced: its first offset is committed with the range as metadata
//!    ([`kafka::ledger`]). Only then anything of it is written. Before each try it is held against
//!    who is erased by now ([`pipeline::Outcomes::hold`]); an instance that has heard nothing of that
//!    for [`erasure::LEASE`] writes nothing.
//! 5. Rows go into `feedback`, changes into the history of their entity, under a token of the range.
//!    A row that ClickHouse refuses for good is found by halving and becomes a dead letter.
//! 6. [`kafka::dead_letters`] sends rejected records, whole, to the dead-letter topic and waits for
//!    the acknowledgement.
//! 7. [`warehouse::Evidence`] writes reasons into `dead_letters`, and last one line per record into
//!    `ingested`: a record that has its line there is done.
//! 8. The commit that announces the next range ends this one.
//! 9. Now and then [`warehouse::repair`] joins stored rows again, whose O-data came later.
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
//! 2. **The core is pure.** [`feedback`], [`odata`], [`erasure`], [`text`], [`language`], [`enrich`], [`batch`],
//!    [`decode`] do no IO and name no tokio, rdkafka or clickhouse type. A test asserts it.
//! 3. **Every record has exactly one outcome: row, dead letter, or skipped** (with a
//!    [reason](batch::SkipReason)); or gap, when Kafka deleted it before it was read.
//! 4. **Enrichment is a function of the record, the models and `language.expected` alone**, keeps no
//!    state between records, never fails ("unknown" is a value), and stamps the versions of models and
//!    taxonomy on the row. Of other records only [`odata::join`] knows: it is a function of the item and
//!    of all O-data that is there, in any order of arrival, and stands a second time in SQL.
//! 5. **Personal data is removed before anything is stored or logged.** Kafka is the raw store; the
//!    dead-letter topic is the only other place that holds whole payloads.
//! 6. **A row's ClickHouse partition and sorting key come only from fields that are the same in
//!    every version of the item**, so that versions meet and re-sent batches are recognised.
//! 7. **Whoever wrote a partition's offset held the partition.** A batch carries the epoch of the
//!    assignment that it was read under; commits happen while that is held fast, and the first batch
//!    that finds it over ends its lane for all behind it.
//!
//! # Code map
//! Dependencies point one way, as a test asserts:
//! {`feedback`, `ranges`} ← `odata` ← `erasure` ← `text` ← `language` ← `enrich` ← `batch` ← `decode` ←
//! {`config`, `telemetry`, `training`} ← `health` ← `pipeline` ← {`kafka`, `warehouse`, `operations`, `memory`} ←
//! `embedded` ← `commands` ← `main`. Inside of braces, and of the last three, no test asserts it: `telemetry`
//! knows `config`; `operations` reads by `kafka`, which asks `warehouse` for the evidence.
//!
//! | a question | the place |
//! |---|---|
//! | What is a review, a turn, an answer? | [`feedback`] |
//! | What is an order, a ticket, a visit? | [`odata`] |
//! | Which fields may an event have, and when is it refused? | [`decode`], `schemas/feedback/`, `schemas/odata/` |
//! | Which column of theirs is which field, and what may stand in it? | `decode/odata/known.rs`; what a feed says of it `decode/odata/mapping.rs` |
//! | Since when is a record of O-data true, by format? | [`decode::odata`] |
//! | What is joined, by which keys, as of when? | [`odata::join`]; a second time, in SQL, `warehouse/repair/` |
//! | Which version of an entity holds? | [`odata::Rank`], three times: `Version::order` in `operations/history.rs`, `_row_version` in `schemas/clickhouse/016_odata.sql`, `expected` in `warehouse/tables.rs` |
//! | What does the index keep, and when is it made anew? | [`operations`] |
//! | Which rows are repaired, how often, by whom? | [`warehouse::repair`]; [`config::Operations::repair`]; `commands/run/repair.rs` |
//! | How is a text cleaned, how is it folded for matching? | [`text`] |
//! | Sentiment, topics, redaction, mojibake in an item | one file each in [`enrich`] |
//! | Which words and n-grams do the models of sentiment and topics see? | [`enrich::features`] |
//! | What do the trained parts of topics add to keywords, and take away? | `enrich/topics/found.rs`; learned from `models/topics/` and labelled reviews, `training/topics/` |
//! | Which endings and prefixes may a keyword or cue have? | `enrich/phrases.rs` |
//! | What happens at SIGHUP? | `commands/run/again.rs` |
//! | Which language is a text in, how sure is that, what else is it in? | [`language`], a file a step |
//! | What is personal data, and by which words and shapes is it found? | [`enrich::privacy`], a file a kind; names in `models/names.toml` |
//! | Which fields are texts, which identifiers, which keys? | `enrich/privacy/item.rs`, of O-data `enrich/privacy/change.rs` |
//! | Which languages are told apart? | [`language::classes`] |
//! | What do `lang_hint`, `locale` and `language.expected` decide? | [`language::hints`] |
//! | What is mojibake, and when is it repaired? | [`language::mojibake`]; in which texts `enrich/mojibake.rs` |
//! | Which words make a topic? | `models/taxonomy.toml` |
//! | What is a complaint, a request, urgent, actionable, effort? | [`enrich::intents`], a file a rule; which words say so `models/cues.toml` |
//! | What is boilerplate, debris of a language model, a bad translation? | [`enrich::intents::debris`] |
//! | Which texts are near duplicates? | [`text::match_hash`]; view `v_near_duplicates` |
//! | Columns of a table, a view's formula | `schemas/clickhouse/` |
//! | How is a stored row enriched again, a dead letter processed again? | [`warehouse::retagging`], [`commands::replay`] |
//! | Whose is a record, what does an erasure take? | [`erasure`]; in the tables [`warehouse::erasing`], in the index `operations/erasing.rs` |
//! | What are the steps of an erasure, who takes them? | `commands/erase/job.rs`; for other systems `commands/erase/requests.rs` |
//! | What stands in the erasure topic? | [`decode::erasure`], `schemas/erasure/`; read by [`kafka::erasures`], written by [`kafka::erasure_topic`] |
//! | Which error is tried again, which blames a row? | [`warehouse::error`]; for the topic [`kafka::dead_letters`] |
//! | Where does a group go on, and why? | `kafka/recovery.rs` |
//! | What holds when a crash came between an outcome and its line of evidence? | [`batch::Kept`] |
//! | What is in the offset's metadata? | [`kafka::ledger`] |
//! | What is a token made of? | `warehouse/servers.rs` |
//! | A setting, its default, its bounds | [`config`] |
//! | What proves that nothing is missing or doubled? | [`commands::reconcile`], from [`warehouse::audit`] and [`kafka::log`]; offsets as [`ranges`] |
//! | A metric's name and meaning | [`telemetry::metrics`] |
//! | When is an instance live, when ready? | [`health`] |
//! | A pipeline without servers, for tests and benches | [`memory`]; with its own broker and engine [`embedded`] |
//! | How a model is made and measured, and what lingua is still for | [`training`] |
//! | How are topics, intents and redaction measured on lists of one's own? | [`training::lists`], a file each |
//! | How does a text of any script stand on a terminal? | `commands/terminal.rs`; what `sada tag --explain` tells `commands/tag/explain.rs` |

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
