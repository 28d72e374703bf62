//! A real Kafka Connect with Debezium's connector for PostgreSQL, in one JVM.
//!
//! Its jars come from `make debezium`. Without them a start fails, and with it the test.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::time::Instant;

use crate::guarded::Guarded;
use crate::kafka_server::{KafkaServer, cache, java};
use crate::postgres::{NAME, Postgres};
use crate::support::PATIENCE;

/// The version that `deploy/dev/debezium/pom.xml` names.
const VERSION: &str = "3.2.0.Final";

/// A running Connect. Dropping it ends it.
pub struct Connect {
    worker: Guarded,
    folder: tempfile::TempDir,
}

impl Connect {
    /// Starts a connector for each set of properties; their `topic.prefix` names them. Server and
    /// Kafka are filled in.
    ///
    /// # Errors
    /// The jars or Java are missing; the message says how to get them.
    pub fn start(
        kafka: &KafkaServer,
        postgres: &Postgres,
        connectors: &[(&str, String)],
    ) -> io::Result<Self> {
        let libraries = cache().join("debezium").join(VERSION).join("libs");
        if !libraries.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!(
                    "Debezium's jars are not in {}: run `make debezium`",
                    libraries.display()
                ),
            ));
        }
        let folder = tempfile::Builder::new().prefix("sada-connect-").tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let json = "org.apache.kafka.connect.json.JsonConverter";
        let worker = folder.path().join("worker.properties");
        fs::write(
            &worker,
            format!(
                "bootstrap.servers={}\nlisteners=http://127.0.0.1:{port}\n\
                 plugin.discovery=service_load\noffset.storage.file.filename={}\n\
                 offset.flush.interval.ms=500\nkey.converter={json}\nvalue.converter={json}\n",
                kafka.bootstrap(),
                folder.path().join("offsets").display()
            ),
        )?;
        let mut files = vec![worker];
        for (prefix, properties) in connectors {
            let file = folder.path().join(format!("{prefix}.properties"));
            fs::write(&file, connector(postgres, prefix, properties))?;
            files.push(file);
        }
        let output = File::create(folder.path().join("connect.log"))?;
        let mut command = java(&libraries, "org.apache.kafka.connect.cli.ConnectStandalone");
        command
            .args(files)
            .stdout(output.try_clone()?)
            .stderr(output);
        let worker = Guarded::start(&mut command, "KILL")?;
        Ok(Self { worker, folder })
    }

    /// Waits until there are so many records.
    ///
    /// # Panics
    /// Connect ends, or the records don't come; the message has its log.
    pub fn wait(&mut self, there: impl Fn() -> i64, records: i64) {
        let begun = Instant::now();
        loop {
            let there = there();
            if there >= records {
                return;
            }
            let ended = self.worker.ended().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "{there} of {records} records, Connect: {ended:?}\n{}",
                self.log()
            );
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    /// What Connect wrote, without what it always warns of.
    pub fn log(&self) -> String {
        let log = self.folder.path().join("connect.log");
        let text = fs::read_to_string(log).unwrap_or_default();
        let telling = |line: &&str| {
            !["is already mapped", "UNKNOWN_TOPIC_OR_PARTITION"]
                .iter()
                .any(|usual| line.contains(usual))
        };
        text.lines()
            .filter(telling)
            .map(|l| format!("{l}\n"))
            .collect()
    }
}

/// A connector's file: its properties, and what this machine adds.
fn connector(postgres: &Postgres, prefix: &str, properties: &str) -> String {
    format!(
        "{properties}\nname={prefix}\ntopic.prefix={prefix}\nslot.name={prefix}\n\
         publication.name={prefix}\ndatabase.hostname=127.0.0.1\ndatabase.port={}\n\
         database.user={NAME}\ndatabase.password=\ndatabase.dbname={NAME}\n\
         topic.creation.default.partitions=3\ntopic.creation.default.replication.factor=1\n",
        postgres.port()
    )
}
