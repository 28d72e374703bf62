//! Logs: lower-case lines with fields, to standard error. And [`metrics`]: every name in one place.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, Log, LogFormat};

mod cause;
pub mod metrics;

pub use cause::Cause;

/// Starts logging. A second call changes nothing.
///
/// # Errors
/// The filter can't be parsed.
pub fn start(log: &Log) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| ConfigError {
        place: String::new(),
        field: "log.filter".into(),
        message: format!("{:?}: {error}", log.filter),
        mend: "write a level (info) or targets (sada=debug,librdkafka=warn)".into(),
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Fails only if a subscriber is set already.
    let _ = match log.format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    Ok(())
}
