//! The warehouse: ClickHouse tables, their rows, and the sink that fills them.

mod client;
pub mod error;
pub mod audit;
pub mod migrations;
pub mod rows;
pub mod sink;

pub use client::{client, ping};
pub use audit::Audit;
pub use sink::WarehouseSink;
