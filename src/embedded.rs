//! The embedded default, nothing to install: a broker in this process and the real ClickHouse
//! engine, loaded as a library and served over its HTTP interface by a process of its own.
//!
//! [`stack`] starts both; [`address`] tells the other commands where they listen. The engine:
//! ```text
//! TCP ─► http (loopback, Host, Origin) ─► request (URL, headers, form) ─► endpoint ─► response
//!                                                                     │
//!                              tokens, insert (what kind of statement)├─► connections, sessions ─► library (FFI)
//!                              compression (bodies), native (blocks)  ┘
//! ```
//! [`confine`] takes the process's rights to the file system away before the library is loaded;
//! [`process`] starts such a process from another one.

pub mod address;
pub mod broker;
pub mod compression;
pub mod confine;
pub mod connections;
pub mod endpoint;
pub mod exception;
pub mod form;
pub mod http;
pub mod insert;
pub mod library;
pub mod native;
pub mod process;
pub mod request;
pub mod response;
pub mod sessions;
pub mod stack;
pub mod tokens;

pub use address::Address;
pub use broker::EmbeddedBroker;
pub use process::EmbeddedClickHouse;
pub use stack::EmbeddedStack;
