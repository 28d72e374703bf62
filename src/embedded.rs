//! The parts that make a demo possible with nothing installed: the real ClickHouse engine, loaded
//! as a library and served over its HTTP interface by a process of its own.
//!
//! ```text
//! TCP ─► http (loopback, Host, Origin) ─► request (URL, headers) ─► endpoint ─► response
//!                                                                     │
//!                              tokens, insert (what kind of statement)├─► connections, sessions ─► library (FFI)
//!                              compression (bodies), native (blocks)  ┘
//! ```
//! [`confine`] takes the process's rights to the file system away before the library is loaded;
//! [`process`] starts such a process from another one.

pub mod compression;
pub mod confine;
pub mod connections;
pub mod endpoint;
pub mod exception;
pub mod http;
pub mod insert;
pub mod library;
pub mod native;
pub mod process;
pub mod request;
pub mod response;
pub mod sessions;
pub mod tokens;
