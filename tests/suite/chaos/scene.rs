//! The real parts of a run: a Kafka server and an engine of its own, the proxy between, the
//! processes under test, and a folder with everything that they wrote.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use rdkafka::ClientConfig;
use sada::embedded::EmbeddedClickHouse;
use sada::embedded::process::Settings;

use super::load::PARTITIONS;
use crate::fault_proxy::FaultProxy;
use crate::kafka_server::KafkaServer;
use crate::support::SADA;

/// Database, consumer group and prefix of topics.
pub const NAME: &str = "chaos";
/// `clickhouse.timeout`
pub const PATIENCE: Duration = Duration::from_secs(3);
/// `session.timeout.ms`
pub const SESSION: Duration = Duration::from_secs(6);
/// Longest wait of the group for members that don't come back.
const REBALANCE: Duration = Duration::from_secs(10);

/// Everything that runs. Ends with the value; the folder stays if [`Scene::passed`] was not told.
pub struct Scene {
    pub kafka: Arc<Mutex<KafkaServer>>,
    bootstrap: String,
    pub proxy: FaultProxy,
    /// `None` only while the scene ends.
    engine: Option<EmbeddedClickHouse>,
    pub journal: Journal,
    url: String,
    delivery: String,
    extra: String,
    folder: PathBuf,
    again: String,
    passed: bool,
}

impl Scene {
    /// Starts broker, engine and proxy, and makes topics and tables. `again`: the command that
    /// repeats this run; `extra`: more lines of configuration, with their section heads.
    pub fn set(delivery: &str, again: String, extra: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sada-chaos-").tempdir()?;
        let journal = Journal::create(&folder.path().join("journal.log"))?;
        let kafka = KafkaServer::start()?;
        for (topic, partitions) in [(topic(), PARTITIONS as i32), (dead_letter_topic(), 1)] {
            kafka.create_topic(&topic, partitions)?;
        }
        let engine = EmbeddedClickHouse::start(&Settings::new(SADA, folder.path().join("engine")))?;
        let log = journal.clone();
        let watch = Box::new(move |query: &str, fault| log.request(query, fault));
        let proxy = FaultProxy::start(engine.address(), PATIENCE, watch)?;
        std::fs::write(folder.path().join("privacy.key"), "a key known to tests")?;
        let scene = Self {
            bootstrap: kafka.bootstrap().to_owned(),
            kafka: Arc::new(Mutex::new(kafka)),
            proxy,
            journal,
            url: engine.url(),
            engine: Some(engine),
            delivery: delivery.to_owned(),
            extra: extra.to_owned(),
            folder: folder.keep(),
            again,
            passed: false,
        };
        let url = scene.url.clone();
        std::fs::write(
            scene.direct(),
            scene.config(&url, "60s", 5_000, Duration::from_secs(1)),
        )?;
        scene.configure(1_000, Duration::from_millis(300))?;
        let migrated = scene.sada(&["migrate"])?;
        if !migrated.status.success() {
            bail!("migrate: {}", String::from_utf8_lossy(&migrated.stderr));
        }
        Ok(scene)
    }

    /// The configuration of the processes from their next start on.
    pub fn configure(&self, rows: usize, time: Duration) -> Result<()> {
        let text = self.config(
            &self.proxy.url(),
            &format!("{}s", PATIENCE.as_secs()),
            rows,
            time,
        );
        // Whole or not at all: a process may be starting.
        let new = self.folder.join("sada.toml.new");
        std::fs::write(&new, text)?;
        Ok(std::fs::rename(new, self.folder.join("sada.toml"))?)
    }

    fn config(&self, url: &str, timeout: &str, rows: usize, time: Duration) -> String {
        format!(
            "{}\
             [kafka]\nbrokers = \"{}\"\ntopics = [\"{}\"]\ngroup = \"{NAME}\"\n\
             dead_letter_topic = \"{}\"\n\
             [kafka.properties]\n\"session.timeout.ms\" = \"{}\"\n\"heartbeat.interval.ms\" = \"1000\"\n\
             \"max.poll.interval.ms\" = \"{}\"\n\
             [clickhouse]\nurl = \"{url}\"\ndatabase = \"{NAME}\"\ntimeout = \"{timeout}\"\n\
             [batch]\nrows = {rows}\ntime = \"{}ms\"\n\
             [privacy]\nkey_file = \"{}\"\n\
             [log]\nfilter = \"info,sada=debug\"\n{}",
            delivery_key(&self.delivery),
            self.bootstrap,
            topic(),
            dead_letter_topic(),
            SESSION.as_millis(),
            REBALANCE.as_millis(),
            time.as_millis(),
            self.folder.join("privacy.key").display(),
            self.extra,
        )
    }

    /// Configuration of commands that speak to the engine itself, not through the proxy.
    fn direct(&self) -> PathBuf {
        self.folder.join("direct.toml")
    }

    /// `sada COMMAND… --config FILE`, to its end, past the proxy.
    pub fn sada(&self, command: &[&str]) -> Result<std::process::Output> {
        let mut program = Command::new(SADA);
        program.args(command).arg("--config").arg(self.direct());
        Ok(program.output()?)
    }

    /// A process of the pipeline; its log goes to `sada-SLOT.log`.
    pub fn start(&self, slot: usize) -> Result<Member> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file(slot))?;
        let index = self.folder.join(format!("index-{slot}"));
        Member::start(&self.folder.join("sada.toml"), &index, log)
    }

    /// Where the process of a slot writes.
    pub fn log_file(&self, slot: usize) -> PathBuf {
        self.folder.join(format!("sada-{slot}.log"))
    }

    /// A client of the database itself, past the proxy.
    pub fn client(&self) -> clickhouse::Client {
        clickhouse::Client::default()
            .with_url(&self.url)
            .with_database(NAME)
    }

    /// Settings of a client of Kafka.
    pub fn kafka_client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.bootstrap);
        client
    }

    /// Nothing needs to be kept.
    pub fn passed(&mut self) {
        self.passed = true;
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Before its tables are removed, or looked at.
        drop(self.engine.take());
        if self.passed {
            let _ = std::fs::remove_dir_all(&self.folder);
            return;
        }
        if let Ok(kafka) = self.kafka.lock() {
            let _ = std::fs::copy(kafka.log_file(), self.folder.join("kafka.log"));
        }
        println!(
            "chaos failed; logs, journal and tables are in {}\nagain: {}",
            self.folder.display(),
            self.again
        );
    }
}

/// Topic of the records.
pub fn topic() -> String {
    format!("{NAME}.feedback")
}

/// Topic of the dead letters.
pub fn dead_letter_topic() -> String {
    format!("{NAME}.dead-letters")
}

/// The line of the configuration that chooses the guarantee.
fn delivery_key(delivery: &str) -> String {
    format!("delivery = \"{delivery}\"\n")
}

/// A `sada run`, killed when dropped, and when this program ends without dropping it.
pub struct Member {
    child: Child,
    guard: Child,
}

impl Member {
    fn start(config: &Path, index: &Path, log: File) -> Result<Self> {
        let child = Command::new(SADA)
            .arg("run")
            .arg("--config")
            .arg(config)
            .env("SADA_OPERATIONS_INDEX", index)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("sada run")?;
        let guard = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$0""#])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, guard })
    }

    /// Sends `TERM`, `STOP` or `CONT`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let id = self.child.id().to_string();
        let status = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$0""#, &id, name])
            .status()?;
        if !status.success() {
            bail!("kill -s {name} {id}: {status}");
        }
        Ok(())
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if begun.elapsed() > patience {
                bail!("it did not end within {} s of SIGTERM", patience.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // `kill -9`, too, of a process that is stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

/// What the harness did and the proxy saw, each line with its time, like the processes' logs.
#[derive(Clone)]
pub struct Journal(Arc<Mutex<File>>);

impl Journal {
    fn create(file: &Path) -> Result<Self> {
        Ok(Self(Arc::new(Mutex::new(File::create(file)?))))
    }

    /// Adds a line.
    pub fn line(&self, text: &str) {
        let now = Timestamp::now();
        // A full disk fails the run elsewhere.
        let _ = writeln!(self.0.lock().unwrap(), "{now:.3} {text}");
    }

    /// A request that the proxy let pass or struck: its table and token.
    fn request(&self, query: &str, fault: Option<crate::fault_proxy::Fault>) {
        let values = query.split('&').filter_map(|pair| pair.split_once('='));
        let decoded = |value: &str| -> String {
            let text = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            text.replace('+', " ")
        };
        let named = |wanted: &str| {
            let mut found = values.clone().filter(|(name, _)| *name == wanted);
            found
                .next()
                .map(|(_, value)| decoded(value))
                .unwrap_or_default()
        };
        let statement: String = named("query").chars().take(40).collect();
        let token = named("insert_deduplication_token");
        let fault = fault.map(|f| format!(" STRUCK: {f:?}")).unwrap_or_default();
        self.line(&format!("request {statement} token={token}{fault}"));
    }
}
