//! Both embedded parts together, as `run --embedded` and `demo` use them.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::clickhouse::library;
use super::{Address, EmbeddedBroker, EmbeddedClickHouse, address, held, process};
use crate::config::Config;

/// A broker in this process and the ClickHouse engine in a child process; both end with it.
pub struct EmbeddedStack {
    broker: EmbeddedBroker,
    clickhouse: EmbeddedClickHouse,
    dir: PathBuf,
}

impl EmbeddedStack {
    /// Starts both over one folder and points the configuration at them. ClickHouse listens on
    /// this port of the loopback interface, 0 for a free one. Rows stay in the folder;
    /// the broker's records are gone when it ends. A key for identifiers is made on first use.
    ///
    /// # Errors
    /// Another process holds the folder, it can't be written, the engine's library is missing, the
    /// port is taken.
    pub fn start(dir: &Path, port: u16, config: &mut Config) -> Result<Self> {
        let path = dir.join("clickhouse");
        held::refuse(&path)?;
        std::fs::create_dir_all(dir).with_context(|| format!("can't make {}", dir.display()))?;
        if config.privacy.key_file.as_os_str().is_empty() {
            config.privacy.key_file = key_file(dir)?;
        }
        address::defaults(dir, config);
        let clickhouse = EmbeddedClickHouse::start(&process::Settings {
            program: std::env::current_exe().context("can't find this program's file")?,
            path,
            port: (port != 0).then_some(port),
            library: Some(library::find(None)?),
        })?;
        let read = config.topics();
        let others = [&config.kafka.dead_letter_topic, &config.kafka.erasure_topic];
        let topics = read.iter().chain(others);
        let broker = EmbeddedBroker::start(topics.map(String::as_str))?;
        let parts = Address {
            bootstrap: broker.bootstrap(),
            http: clickhouse.url(),
        };
        parts
            .write(dir)
            .with_context(|| format!("can't write into {}", dir.display()))?;
        parts.apply(dir, config);
        Ok(Self {
            broker,
            clickhouse,
            dir: dir.to_owned(),
        })
    }

    /// `bootstrap.servers` of the broker.
    pub fn bootstrap(&self) -> String {
        self.broker.bootstrap()
    }

    /// Base URL of ClickHouse's HTTP interface.
    pub fn http_url(&self) -> String {
        self.clickhouse.url()
    }

    /// Waits for the engine's process to end, which it does not by itself.
    pub async fn engine_ended(&mut self) -> anyhow::Error {
        let mut look = tokio::time::interval(Duration::from_millis(500));
        loop {
            look.tick().await;
            if let Some(how) = self.clickhouse.ended() {
                return anyhow!("the embedded ClickHouse engine ended ({how})");
            }
        }
    }

    /// Stream ids of this broker's topics.
    pub fn streams(&self) -> HashMap<String, String> {
        self.broker.streams()
    }
}

impl Drop for EmbeddedStack {
    fn drop(&mut self) {
        Address::remove(&self.dir);
    }
}

/// The secret of this folder, readable by its owner alone.
fn key_file(dir: &Path) -> Result<PathBuf> {
    let path = dir.join(address::KEY_FILE);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(mut file) => {
            let secret = uuid::Uuid::new_v4().simple().to_string();
            writeln!(file, "{secret}")
                .with_context(|| format!("can't write {}", path.display()))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("can't write {}", path.display())),
    }
    Ok(path)
}
