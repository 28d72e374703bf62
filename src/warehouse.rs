//! The warehouse: ClickHouse tables, their rows, and the sink that fills them.

pub mod rows;
