//! A real Apache Kafka for tests and benchmarks: one JVM, broker and controller in one, on free
//! ports and a temporary folder, ended with the value.
//!
//! Its jars come from `make kafka`. Without them a start fails, and with it the test that asked.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// The version that `deploy/dev/kafka/pom.xml` names.
const VERSION: &str = "4.1.0";
const PROPERTIES: &str = include_str!("../../deploy/dev/kafka/server.properties");
const START: Duration = Duration::from_secs(90);

/// A running Kafka server. Dropping it kills it and removes its folder.
pub struct KafkaServer {
    libraries: PathBuf,
    folder: tempfile::TempDir,
    bootstrap: String,
    process: Option<Process>,
}

/// The server's process, and a shell that kills it when this program ends without dropping it
/// (values in statics never are, and a test may be killed).
struct Process {
    server: Child,
    guard: Child,
}

impl KafkaServer {
    /// Formats a folder and starts a server; returns when it answers.
    ///
    /// # Errors
    /// The jars or Java are missing (the message says how to get them), or the server ends or is
    /// silent for 90 s: then the message holds the end of its log.
    pub fn start() -> io::Result<Self> {
        let libraries = libraries()?;
        // Another program may take a free port before Kafka does: then with other ports.
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::start_on(&libraries, free_port()?, free_port()?) {
                Err(e) if tries < 3 && e.kind() == io::ErrorKind::AddrInUse => {}
                result => return result,
            }
        }
    }

    /// One server for all tests of the program that need nothing but topics of their own.
    ///
    /// # Errors
    /// As for [`start`](Self::start), to every test that asks.
    pub fn shared() -> io::Result<&'static KafkaServer> {
        static SERVER: OnceLock<io::Result<KafkaServer>> = OnceLock::new();
        SERVER
            .get_or_init(KafkaServer::start)
            .as_ref()
            .map_err(|e| io::Error::new(e.kind(), e.to_string()))
    }

    fn start_on(libraries: &Path, port: u16, controller_port: u16) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sada-kafka-").tempdir()?;
        let properties = format!(
            "{PROPERTIES}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
             controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}\n\
             log.dirs={}\n",
            folder.path().join("data").display()
        );
        let file = folder.path().join("server.properties");
        fs::write(&file, properties)?;
        let format = java(libraries, "kafka.tools.StorageTool")
            .args([
                "format",
                "--standalone",
                "-t",
                "c2FkYS10ZXN0LWNsdXN0ZXI",
                "-c",
            ])
            .arg(&file)
            .output()
            .map_err(no_java)?;
        if !format.status.success() {
            return Err(io::Error::other(format!(
                "Kafka's storage tool failed: {}{}",
                String::from_utf8_lossy(&format.stdout),
                String::from_utf8_lossy(&format.stderr)
            )));
        }
        let mut server = Self {
            libraries: libraries.to_owned(),
            folder,
            bootstrap: format!("127.0.0.1:{port}"),
            process: None,
        };
        server.start_again()?;
        Ok(server)
    }

    /// Starts the server again after [`stop`](Self::stop) or [`kill`](Self::kill), on the same
    /// port and with what it had stored.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_again(&mut self) -> io::Result<()> {
        self.kill();
        let log = self.log_file();
        let output = File::options().create(true).append(true).open(&log)?;
        let server = java(&self.libraries, "kafka.Kafka")
            .arg(self.folder.path().join("server.properties"))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(no_java)?;
        let guard = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$0"; rm -rf "$1""#])
            .arg(server.id().to_string())
            .arg(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let process = self.process.insert(Process { server, guard });

        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "100")
            .create()
            .map_err(io::Error::other)?;
        let begun = Instant::now();
        loop {
            // Waits up to its own time-out, so this loop is no busy one.
            let problem = match client.fetch_metadata(None, Duration::from_millis(500)) {
                Ok(metadata) if !metadata.brokers().is_empty() => return Ok(()),
                Ok(_) => "it knows no broker".to_owned(),
                Err(error) => error.to_string(),
            };
            if let Some(status) = process.server.try_wait()? {
                return Err(not_up(&log, &format!("ended with {status}")));
            }
            if begun.elapsed() > START {
                return Err(not_up(&log, &problem));
            }
        }
    }

    /// `host:port` for clients.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// What the server wrote so far; gone with the value.
    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("kafka.log")
    }

    /// A client configuration that names this server.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap);
        config
    }

    /// Makes a topic and waits until it has a leader. Works inside an async test too.
    ///
    /// # Errors
    /// The topic is there already, or the server refuses.
    pub fn create_topic(&self, name: &str, partitions: i32) -> io::Result<()> {
        self.create(NewTopic::new(name, partitions, TopicReplication::Fixed(1)))
    }

    /// The same, of which Kafka keeps the newest record of each key for ever.
    ///
    /// # Errors
    /// As [`create_topic`](Self::create_topic).
    pub fn create_compacted_topic(&self, name: &str, partitions: i32) -> io::Result<()> {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        self.create(topic.set("cleanup.policy", "compact"))
    }

    fn create(&self, topic: NewTopic<'_>) -> io::Result<()> {
        let (name, partitions) = (topic.name, topic.num_partitions);
        let results =
            self.administer(async |admin, options| admin.create_topics(&[topic], options).await)?;
        for result in results {
            result.map_err(|(topic, code)| io::Error::other(format!("{topic}: {code}")))?;
        }
        let client: BaseConsumer = self.client().create().map_err(io::Error::other)?;
        let begun = Instant::now();
        loop {
            let metadata = client
                .fetch_metadata(Some(name), Duration::from_secs(10))
                .map_err(io::Error::other)?;
            let ready = metadata.topics().iter().any(|t| {
                t.partitions().len() == partitions as usize
                    && t.partitions().iter().all(|p| p.leader() >= 0)
            });
            if ready {
                return Ok(());
            }
            if begun.elapsed() > START {
                return Err(io::Error::other(format!("{name} has no leader")));
            }
        }
    }

    /// Deletes a topic; its offsets and records are gone.
    ///
    /// # Errors
    /// The server refuses.
    pub fn delete_topic(&self, name: &str) -> io::Result<()> {
        self.administer(async |admin, options| {
            admin.delete_topics(&[name], options).await.map(|_| ())
        })
    }

    /// Deletes the records before an offset, as retention would.
    ///
    /// # Errors
    /// The server refuses.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> io::Result<()> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(before))
            .map_err(io::Error::other)?;
        self.administer(async |admin, options| {
            admin.delete_records(&list, options).await.map(|_| ())
        })
    }

    /// Runs one of Kafka's own tools against this server; returns what it printed.
    ///
    /// # Errors
    /// It fails; the message has what it printed.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> io::Result<String> {
        let output = java(&self.libraries, class)
            .args(["--bootstrap-server", &self.bootstrap])
            .args(arguments)
            .output()
            .map_err(no_java)?;
        let printed = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        match output.status.success() {
            true => Ok(printed),
            false => Err(io::Error::other(printed)),
        }
    }

    /// Asks as administrator, on a thread of its own: a runtime can't be entered inside another one.
    fn administer<T: Send>(
        &self,
        ask: impl AsyncFnOnce(
            &AdminClient<DefaultClientContext>,
            &AdminOptions,
        ) -> Result<T, KafkaError>
        + Send,
    ) -> io::Result<T> {
        let admin: AdminClient<DefaultClientContext> =
            self.client().create().map_err(io::Error::other)?;
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
        let ask = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime
                .block_on(ask(&admin, &options))
                .map_err(io::Error::other)
        };
        std::thread::scope(|scope| {
            let asked = scope.spawn(ask).join();
            asked.unwrap_or_else(|_| Err(io::Error::other("the admin client panicked")))
        })
    }

    /// Ends the server in good order (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// The signal can't be sent.
    pub fn stop(&mut self) -> io::Result<()> {
        if let Some(mut process) = self.process.take() {
            Command::new("sh")
                .args(["-c", r#"kill -TERM "$0""#])
                .arg(process.server.id().to_string())
                .status()?;
            process.server.wait()?;
            process.dismiss_guard();
        }
        Ok(())
    }

    /// Kills the server as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.server.kill();
            let _ = process.server.wait();
            process.dismiss_guard();
        }
    }
}

impl Drop for KafkaServer {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    fn dismiss_guard(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

/// The folder of jars that `make kafka` fills.
fn libraries() -> io::Result<PathBuf> {
    let libraries = cache().join("kafka").join(VERSION).join("libs");
    if libraries.is_dir() {
        Ok(libraries)
    } else {
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!(
                "Kafka's jars are not in {}: run `make kafka`",
                libraries.display()
            ),
        ))
    }
}

/// The folder of everything that the Makefile fetches.
pub fn cache() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    if let Some(cache) = variable("SADA_CACHE") {
        PathBuf::from(cache)
    } else if let Some(cache) = variable("XDG_CACHE_HOME") {
        Path::new(&cache).join("sada")
    } else {
        Path::new(&variable("HOME").unwrap_or_default()).join(".cache/sada")
    }
}

/// Java with the jars of a folder, about to run a class.
pub fn java(libraries: &Path, class: &str) -> Command {
    let java = match std::env::var_os("JAVA_HOME") {
        Some(home) if !home.is_empty() => Path::new(&home).join("bin/java"),
        _ => "java".into(),
    };
    let mut command = Command::new(java);
    command
        .args(["-Xmx512m", "-XX:+UseSerialGC"])
        .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        .arg("-cp")
        .arg(libraries.join("*"))
        .arg(class);
    command
}

fn no_java(error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("can't start java ({error}): `make check-tools` says how to get it"),
    )
}

fn not_up(log: &Path, problem: &str) -> io::Error {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(20)..].join("\n");
    let kind = if text.contains("Address already in use") {
        io::ErrorKind::AddrInUse
    } else {
        io::ErrorKind::Other
    };
    io::Error::new(kind, format!("Kafka did not start: {problem}\n{end}"))
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
