//! Sada: what customers say, as rows that a data team can query seconds later.
//!
//! # The path of a record
//! ```text
//! Kafka topic ─► kafka::source ─► RawBatch ─► decode ─► enrich ─► EnrichedBatch ─► warehouse::sink ─► commit
//!                (forms the batch)             │                       │           (rows, then evidence)
//!                                              └ a bad record is data ─┴─► kafka::dead_letters
//! ```
pub mod batch;
pub mod commands;
pub mod config;
pub mod decode;
pub mod embedded;
pub mod enrich;
pub mod feedback;
pub mod kafka;
pub mod pipeline;
pub mod telemetry;
pub mod text;
pub mod training;
pub mod warehouse;
