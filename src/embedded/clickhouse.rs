//! The real ClickHouse engine, loaded as a library and served over ClickHouse's HTTP interface to
//! unchanged clients.
//!
//! ```text
//! TCP ─► http (loopback, Host, Origin) ─► request, form (URL, headers, body) ─► endpoint ─► response
//!         │                                                                     │
//!         └─ running (clients that go away)                                     │
//!                              tokens, insert (what kind of statement)──────────┼─► connections, sessions
//!                              compression (bodies), native (blocks)  ──────────┘            │
//!                                                                                            ▼
//!                                                                                library (C functions)
//! ```
//! [`confine`] takes the process's rights to the file system away before the library is loaded;
//! [`exception`] has the errors, with ClickHouse's codes.

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
pub mod request;
pub mod response;
pub mod running;
pub mod sessions;
pub mod tokens;
