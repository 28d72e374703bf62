//! The ClickHouse client, made from `[clickhouse]`, with every setting that delivery rests on.
//!
//! Tables are always named with their database, so the client needs none of its own and can speak
//! to a server on which the database does not exist yet.

use std::time::Duration;

use clickhouse::error::Error;
use clickhouse::{Client, Compression};

use crate::config::{ClickHouse, ConfigError, secret};

use super::error;

/// Settings sent with every request. Their defaults differ between versions and profiles.
pub(super) const SETTINGS: [(&str, &str); 8] = [
    // Answer only when the rows are in the table.
    ("async_insert", "0"),
    ("wait_end_of_query", "1"),
    // An insert that comes again is dropped by its token …
    ("insert_deduplicate", "1"),
    // … which holds only if a batch is one block: the greatest batch fits.
    ("max_insert_block_size", "4194304"),
    ("min_insert_block_size_rows", "4194304"),
    ("min_insert_block_size_bytes", "4294967296"),
    ("max_insert_threads", "1"),
    // A batch may hold items of many years.
    ("max_partitions_per_insert_block", "0"),
];

/// A client for the server of the configuration, the first of several replicas. Connects at the
/// first request.
///
/// # Errors
/// The password file can't be read.
pub fn client(config: &ClickHouse) -> Result<Client, ConfigError> {
    let url = config.url.split(',').next().unwrap_or_default().trim();
    client_of(url, config)
}

/// A client for each replica of the configuration, with its URL.
///
/// # Errors
/// The password file can't be read.
pub fn clients(config: &ClickHouse) -> Result<Vec<(String, Client)>, ConfigError> {
    let urls = config.url.split(',').map(str::trim);
    urls.map(|url| Ok((url.to_owned(), client_of(url, config)?)))
        .collect()
}

fn client_of(url: &str, config: &ClickHouse) -> Result<Client, ConfigError> {
    let mut client = Client::default()
        .with_url(url)
        .with_compression(compression(url))
        .with_product_info("sada", env!("CARGO_PKG_VERSION"));
    if !config.user.is_empty() {
        client = client.with_user(&config.user);
    }
    if !config.password_file.as_os_str().is_empty() {
        let password = secret(&config.password_file, "clickhouse.password_file")?;
        client = client.with_password(password);
    }
    for (name, value) in SETTINGS {
        client = client.with_setting(name, value);
    }
    Ok(client)
}

/// Bodies are compressed unless the server is on this machine, where it only costs time.
fn compression(url: &str) -> Compression {
    let host = url
        .parse::<hyper::Uri>()
        .ok()
        .and_then(|u| u.host().map(str::to_owned));
    match host.as_deref() {
        Some("localhost" | "127.0.0.1" | "[::1]") => Compression::None,
        _ => Compression::Lz4,
    }
}

/// Asks the server for its version: it is there, and lets us in.
///
/// # Errors
/// It is not; says which field to mend.
pub async fn ping(client: &Client, config: &ClickHouse) -> Result<String, ConfigError> {
    let answer = client.query("SELECT version()").fetch_one::<String>();
    let version = within(config.timeout, answer).await;
    version.map_err(|error| refusal(&error, config))
}

/// The answer of a server, if it comes in time.
pub(super) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = clickhouse::error::Result<T>>,
) -> clickhouse::error::Result<T> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::TimedOut),
    }
}

/// What in the configuration an error at start points to.
pub(super) fn refusal(error: &Error, config: &ClickHouse) -> ConfigError {
    let (field, message, mend) = match error::code(error) {
        Some(192..=195 | 516) => (
            "clickhouse.user",
            format!("{} refuses the user: {error}", config.url),
            "correct clickhouse.user and clickhouse.password_file",
        ),
        Some(497) => (
            "clickhouse.user",
            format!("the user lacks a right: {error}"),
            "grant it, or name another user in clickhouse.user",
        ),
        Some(_) => (
            "clickhouse",
            format!("ClickHouse at {} refuses: {error}", config.url),
            "see what it says; `sada migrate` creates and updates the tables",
        ),
        None => (
            "clickhouse.url",
            format!("no ClickHouse answers at {}: {}", config.url, chain(error)),
            "start ClickHouse or correct clickhouse.url (the HTTP port, usually 8123); \
             without a server of your own, `sada run --embedded` brings one",
        ),
    };
    ConfigError {
        place: String::new(),
        field: field.into(),
        message,
        mend: mend.into(),
    }
}

/// The error with its causes: "network error: …: connection refused".
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;

    #[test]
    fn bodies_to_other_machines_are_compressed() {
        for (url, expected) in [
            ("http://127.0.0.1:8123", "None"),
            ("http://localhost:8123/", "None"),
            ("http://[::1]:8123", "None"),
            ("https://clickhouse:8443", "Lz4"),
        ] {
            assert_eq!(format!("{:?}", compression(url)), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_with_the_mend() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let config = ClickHouse {
            url: url.clone(),
            timeout: Duration::from_secs(5),
            ..ClickHouse::default()
        };
        let error = ping(&client(&config).unwrap(), &config).await.unwrap_err();
        assert_eq!(error.field, "clickhouse.url");
        assert!(
            error.message.contains(&url) && error.message.contains("refused"),
            "{error}"
        );
    }

    #[test]
    fn a_password_file_that_is_empty_is_refused_and_a_full_one_never_shown() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let config = ClickHouse {
            password_file: file.path().into(),
            ..ClickHouse::default()
        };
        let error = client(&config).unwrap_err();
        assert_eq!(error.field, "clickhouse.password_file");
        file.write_all(b"very secret\n").unwrap();
        assert!(!format!("{:?}", client(&config).unwrap()).contains("secret"));
    }
}
