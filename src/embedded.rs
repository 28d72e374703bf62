//! The embedded default, nothing to install: a broker in this process and the real ClickHouse
//! engine, loaded as a library and served over its HTTP interface by a process of its own.
//!
//! [`stack`] starts both; [`address`] tells the other commands where they listen. [`broker`] is
//! the broker, [`clickhouse`] the engine's endpoint, and [`process`] starts a process that serves
//! it from another one, in a folder that no other one holds ([`held`]).

pub mod address;
pub mod broker;
pub mod clickhouse;
pub mod held;
pub mod process;
pub mod stack;

pub use address::Address;
pub use broker::EmbeddedBroker;
pub use process::EmbeddedClickHouse;
pub use stack::EmbeddedStack;
