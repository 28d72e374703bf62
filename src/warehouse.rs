//! The warehouse: ClickHouse tables, their rows, and the sink that fills them.

mod client;
pub mod error;
pub mod migrations;
pub mod retagging;
pub mod rows;
pub mod sink;

pub use client::{client, ping};
pub use sink::WarehouseSink;
