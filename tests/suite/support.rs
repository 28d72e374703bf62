//! What several tests need: the engine, a database of their own, and the program as a process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sada::embedded::EmbeddedClickHouse;
use sada::embedded::process::Settings;

/// The program under test.
pub const SADA: &str = env!("CARGO_BIN_EXE_sada");

/// Longest wait for something to come true.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// One engine for all tests; each uses a database of its own.
pub fn engine() -> &'static EmbeddedClickHouse {
    &engine_and_folder().0
}

/// Where the one engine keeps its files.
pub fn engine_folder() -> &'static Path {
    engine_and_folder().1.path()
}

fn engine_and_folder() -> &'static (EmbeddedClickHouse, tempfile::TempDir) {
    static ENGINE: OnceLock<(EmbeddedClickHouse, tempfile::TempDir)> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            program: SADA.into(),
            path: folder.path().into(),
            port: None,
            library: None,
        };
        (EmbeddedClickHouse::start(&settings).unwrap(), folder)
    })
}

/// A folder with a `sada.toml` for a test: own database, group, topics and privacy key.
pub struct Deployment {
    /// Kept until the test ends.
    pub folder: tempfile::TempDir,
    /// Name of the test: database, group and prefix of topics.
    pub name: String,
    /// The file.
    pub file: PathBuf,
}

impl Deployment {
    /// `brokers`: Kafka; `extra`: more lines of configuration, with their section heads.
    pub fn new(name: &str, brokers: &str, extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("privacy.key");
        std::fs::write(&key, "a key known to tests").unwrap();
        let file = folder.path().join("sada.toml");
        let text = format!(
            "[kafka]\nbrokers = \"{brokers}\"\ntopics = [\"{name}.feedback\"]\ngroup = \"{name}\"\n\
             dead_letter_topic = \"{name}.dead-letters\"\n\
             [clickhouse]\nurl = \"{}\"\ndatabase = \"{name}\"\n\
             [privacy]\nkey_file = \"{}\"\n{extra}",
            engine().url(),
            key.display()
        );
        std::fs::write(&file, text).unwrap();
        Self {
            folder,
            name: name.to_owned(),
            file,
        }
    }

    /// Topic that is read.
    pub fn topic(&self) -> String {
        format!("{}.feedback", self.name)
    }

    /// Topic of the dead letters.
    pub fn dead_letter_topic(&self) -> String {
        format!("{}.dead-letters", self.name)
    }

    /// `sada COMMAND --config FILE`, to its end.
    pub fn sada(&self, command: &str) -> Output {
        Command::new(SADA)
            .arg(command)
            .arg("--config")
            .arg(&self.file)
            .output()
            .unwrap()
    }

    /// `sada run`, in the background; its log goes to `FOLDER/sada.log`.
    pub fn start(&self) -> Running {
        self.start_with(&[])
    }

    /// `sada run` with more arguments.
    pub fn start_with(&self, arguments: &[&str]) -> Running {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("sada.log"))
            .unwrap();
        let child = Command::new(SADA)
            .arg("run")
            .arg("--config")
            .arg(&self.file)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Running(child)
    }

    /// Log of all runs.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("sada.log")).unwrap_or_default()
    }

    /// A client of the test's database.
    pub fn client(&self) -> clickhouse::Client {
        clickhouse::Client::default()
            .with_url(engine().url())
            .with_database(&self.name)
    }

    /// First column of the first row, a `UInt64`.
    pub async fn count(&self, sql: &str) -> u64 {
        self.client()
            .query(sql)
            .fetch_one()
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    /// Waits until a count reaches `n`.
    pub async fn wait_for(&self, sql: &str, n: u64) -> u64 {
        let begun = Instant::now();
        loop {
            let count = self.count(sql).await;
            if count >= n {
                return count;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{sql}: {count} of {n}; log:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A running program, killed when dropped.
pub struct Running(pub Child);

impl Running {
    /// The process's id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// SIGTERM, then its exit.
    pub fn stop(mut self) -> ExitStatus {
        Command::new("kill")
            .arg(self.0.id().to_string())
            .status()
            .unwrap();
        self.0.wait().unwrap()
    }

    /// Its exit.
    pub fn wait(mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
