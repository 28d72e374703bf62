//! The warehouse: ClickHouse tables, their rows, and the sinks that fill them.

use std::sync::Arc;

use crate::config::{Config, ConfigError};

pub mod audit;
mod client;
pub mod erasing;
pub mod error;
mod evidence;
mod feedback_sink;
pub mod migrations;
pub mod repair;
pub mod replaying;
pub mod retagging;
pub mod rows;
mod servers;
mod tables;

pub use audit::Audit;
pub use client::{client, clients, ping};
pub use evidence::{Evidence, Known};
pub use feedback_sink::FeedbackSink;
pub use tables::Table;

/// The sinks of the configured warehouse: rows, then evidence.
///
/// # Errors
/// The password file can't be read.
pub fn sinks(config: &Config) -> Result<(FeedbackSink, Evidence), ConfigError> {
    let servers = Arc::new(servers::Servers::new(config)?);
    let rows = FeedbackSink::new(servers.clone(), config);
    Ok((rows, Evidence::new(servers)))
}
