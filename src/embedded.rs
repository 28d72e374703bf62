//! The embedded default: a broker and the ClickHouse engine, nothing to install.

pub mod broker;

pub use broker::EmbeddedBroker;
