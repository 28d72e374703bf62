//! The embedded default: a broker and the ClickHouse engine, nothing to install.

mod address;
pub mod broker;
mod stack;

pub use address::Address;
pub use broker::EmbeddedBroker;
pub use stack::EmbeddedStack;
