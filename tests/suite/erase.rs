//! `sada erase` against a real Kafka and the real engine: planted values are looked for in every
//! table, in ClickHouse's files and in the erasure topic; they do not come back.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use sada::embedded::EmbeddedClickHouse;
use sada::embedded::process::Settings;
use serde_json::{Value, json};

use crate::kafka_server::KafkaServer;
use crate::support::{Deployment, PATIENCE, Running, SADA, engine};

#[path = "erase/rules.rs"]
mod rules;
#[path = "erase/topic.rs"]
mod topic;

/// Part of every value that is the customer's.
const PLANTED: &str = "zqplanted";
/// Before any request.
const THEN: &str = "2026-03-01T10:00:00Z";

/// A deployment with an engine of its own, whose files are looked into: strings lie in them as they
/// are.
struct Scene {
    d: Deployment,
    engine: EmbeddedClickHouse,
    files: tempfile::TempDir,
}

impl Scene {
    async fn new(name: &str) -> Self {
        Self::with(name, "").await
    }

    /// `extra`: more lines of configuration.
    async fn with(name: &str, extra: &str) -> Self {
        let kafka = KafkaServer::shared().unwrap();
        let files = tempfile::tempdir().unwrap();
        let settings = Settings::new(SADA, files.path());
        let own = EmbeddedClickHouse::start(&settings).unwrap();
        let d = Deployment::new(name, kafka.bootstrap(), extra);
        let text = std::fs::read_to_string(&d.file).unwrap();
        let text = text.replace(&engine().url(), &own.url()).replace(
            "[clickhouse]\n",
            &format!("erasure_topic = \"{name}.erasure\"\n[clickhouse]\n"),
        );
        std::fs::write(&d.file, text).unwrap();
        kafka.create_topic(&d.topic(), 2).unwrap();
        kafka.create_topic(&d.dead_letter_topic(), 1).unwrap();
        kafka
            .create_compacted_topic(&format!("{name}.erasure"), 2)
            .unwrap();
        let migrated = d.sada("migrate");
        assert!(migrated.status.success(), "{migrated:?}");
        let scene = Self {
            d,
            engine: own,
            files,
        };
        scene.write_as_it_is().await;
        scene
    }

    /// Columns without compression: what is planted would be found on disk.
    async fn write_as_it_is(&self) {
        let columns = "SELECT concat(table, ' ', arrayStringConcat(groupArray( \
                         concat('MODIFY COLUMN `', name, '` CODEC(NONE)')), ', ')) \
                       FROM system.columns WHERE database = currentDatabase() \
                       AND table IN (SELECT name FROM system.tables \
                                     WHERE database = currentDatabase() AND engine LIKE '%MergeTree') \
                       AND default_kind != 'ALIAS' GROUP BY table";
        for column in self.strings(columns).await {
            self.run(&format!("ALTER TABLE {column}")).await;
        }
    }

    fn client(&self) -> clickhouse::Client {
        clickhouse::Client::default()
            .with_url(self.engine.url())
            .with_database(&self.d.name)
            // What is planted stands in the statements.
            .with_setting("log_queries", "0")
    }

    async fn count(&self, sql: &str) -> u64 {
        let count = self.client().query(sql).fetch_one().await;
        count.unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    async fn strings(&self, sql: &str) -> Vec<String> {
        let rows = self.client().query(sql).fetch_all().await;
        rows.unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    async fn run(&self, sql: &str) {
        let done = self.client().query_raw(sql).execute().await;
        done.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    async fn wait_for(&self, sql: &str, n: u64) {
        let begun = Instant::now();
        loop {
            let count = self.count(sql).await;
            if count >= n {
                return;
            }
            let log = self.d.log();
            assert!(begun.elapsed() < PATIENCE, "{sql}: {count} of {n}\n{log}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs the pipeline until so many records have their outcome.
    async fn ingested(&self, outcomes: u64) {
        self.wait_for("SELECT count() FROM ingested WHERE revision = 0", outcomes)
            .await;
    }

    fn sada(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(SADA);
        command.arg(arguments[0]).arg("--config").arg(&self.d.file);
        command.args(&arguments[1..]).stdin(Stdio::null());
        command
    }

    /// What a command prints, which must succeed.
    fn told(&self, arguments: &[&str]) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.sada(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&stderr);
        let stdout = String::from_utf8(stdout).unwrap();
        assert!(status.success(), "{arguments:?}: {stdout}{stderr}");
        for output in [&*stderr, &*stdout] {
            assert!(!output.contains(PLANTED), "{arguments:?}: {output}");
        }
        stdout
    }

    fn send(&self, topic: &str, records: &[(String, Value)]) {
        let producer: BaseProducer = KafkaServer::shared().unwrap().client().create().unwrap();
        for (key, value) in records {
            let payload = value.to_string();
            let record = BaseRecord::to(topic).key(key).payload(&payload);
            producer.send(record).map_err(|(error, _)| error).unwrap();
            producer.poll(Duration::ZERO);
        }
        producer.flush(PATIENCE).unwrap();
    }

    /// Rows of each table that hold a planted value.
    async fn in_tables(&self) -> Vec<(String, u64)> {
        let tables =
            "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name";
        let mut found = Vec::new();
        for table in self.strings(tables).await {
            let sql = format!(
                "SELECT count() FROM {table} WHERE position(toString(tuple(*)), '{PLANTED}') > 0"
            );
            found.push((table, self.count(&sql).await));
        }
        found.retain(|(_, count)| *count > 0);
        found
    }

    /// Files of the engine that hold a planted value.
    fn in_files(&self) -> Vec<String> {
        holding(self.files.path())
    }

    async fn assert_gone(&self) {
        assert_eq!(self.in_tables().await, []);
        assert_eq!(self.in_files(), Vec::<String>::new());
        let told = self.in_topic(&format!("{}.erasure", self.d.name));
        let clear = told.iter().filter(|record| has_planted(record));
        assert_eq!(clear.count(), 0);
    }

    /// Keys and payloads of a topic.
    fn in_topic(&self, topic: &str) -> Vec<Vec<u8>> {
        let consumer: BaseConsumer = KafkaServer::shared()
            .unwrap()
            .client()
            .set("group.id", "looks")
            .set("enable.partition.eof", "true")
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..2 {
            list.add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&list).unwrap();
        let (mut records, mut ends) = (Vec::new(), 0);
        while ends < 2 {
            match consumer.poll(PATIENCE).unwrap() {
                Ok(message) => {
                    let mut record = message.key().unwrap_or_default().to_vec();
                    record.extend(message.payload().unwrap_or_default());
                    records.push(record);
                }
                Err(rdkafka::error::KafkaError::PartitionEOF(_)) => ends += 1,
                Err(error) => panic!("{error}"),
            }
        }
        records
    }

    /// What happened: the planted customer, merged from another one, with all that belongs to them;
    /// and a bystander.
    async fn plant(&self) {
        let at = "toDateTime64('2026-02-01 00:00:00', 3, 'UTC')";
        for sql in [
            format!(
                "customers_history (tenant, customer_id, valid_from, version, merged_into) VALUES \
                ('acme', 'c-{PLANTED}', {at}, 1, ''), ('acme', 'old-{PLANTED}', {at}, 1, 'c-{PLANTED}'), \
                ('acme', 'bystander', {at}, 1, '')"
            ),
            format!(
                "orders_history (tenant, order_id, valid_from, version, customer_id) VALUES \
                ('acme', 'o-{PLANTED}', {at}, 1, 'old-{PLANTED}'), ('acme', 'o-2', {at}, 1, 'bystander')"
            ),
            format!(
                "tickets_history (tenant, ticket_id, valid_from, version, customer_id) VALUES \
                ('acme', 't-{PLANTED}', {at}, 1, 'c-{PLANTED}'), ('acme', 't-2', {at}, 1, 'bystander')"
            ),
            format!(
                "sessions_history (tenant, session_id, valid_from, version, customer_id, anonymous_id) VALUES \
                ('acme', 's-{PLANTED}', {at}, 1, '', 'a-{PLANTED}'), ('acme', 's-2', {at}, 1, 'bystander', 'a-2')"
            ),
            format!(
                "deliveries_history (tenant, shipment_id, valid_from, version, order_id) VALUES \
                ('acme', 'd-{PLANTED}', {at}, 1, 'o-{PLANTED}'), ('acme', 'd-2', {at}, 1, 'o-2')"
            ),
            format!(
                "identity_map (tenant, identity_type, identity_value, valid_from, version, customer_id) VALUES \
                ('acme', 'anonymous_id', 'a-{PLANTED}', {at}, 1, 'c-{PLANTED}'), \
                ('acme', 'anonymous_id', 'a-2', {at}, 1, 'bystander')"
            ),
        ] {
            self.run(&format!("INSERT INTO {sql}")).await;
        }
    }

    fn events(&self) -> Vec<(String, Value)> {
        let keyed = |(n, event): (usize, Value)| (n.to_string(), event);
        let planted = |what: &str| format!("{what}-{PLANTED}");
        let c = json!({"customer_id": planted("c")});
        let events = [
            review(&planted("named"), &c, json!({"order_id": "o-2"})),
            review(
                &planted("merged"),
                &json!({"customer_id": planted("old")}),
                json!({}),
            ),
            review(
                &planted("device"),
                &json!({"ids": [{"type": "anonymous_id", "value": planted("a")}]}),
                json!({}),
            ),
            review(
                &planted("order"),
                &json!({}),
                json!({"order_id": planted("o")}),
            ),
            message(&planted("said"), &planted("talk"), "customer", &c),
            message(&planted("answered"), &planted("talk"), "agent", &json!({})),
            survey(&planted("asked"), "delivery", &planted("d")),
            review("by", &json!({"customer_id": "bystander"}), json!({})),
            review("by-order", &json!({}), json!({"order_id": "o-2"})),
            message(
                "by-said",
                "by-talk",
                "customer",
                &json!({"customer_id": "bystander"}),
            ),
        ];
        events.into_iter().enumerate().map(keyed).collect()
    }
}

/// Of the events those that are the planted customer's.
const THEIRS: u64 = 7;
const ALL: u64 = 10;

fn event(kind: &str, customer: &Value, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": "e", "source": "desk", "type": kind, "time": THEN,
        "tenant_id": "acme", "version": 1_772_000_000_000_u64, "customer": customer, "data": data,
    })
}

fn review(id: &str, customer: &Value, more: Value) -> Value {
    let mut data = json!({
        "review_id": id, "platform": "shop", "rating": {"value": 2}, "body": format!("late, says {id}"),
        "created_at": THEN,
    });
    data.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    event("cx.review.v1", customer, data)
}

fn message(id: &str, conversation: &str, role: &str, customer: &Value) -> Value {
    let data = json!({
        "conversation_id": conversation, "turn_id": id, "seq": 1,
        "participant": {"id": "p", "role": role}, "sent_at": THEN, "body": format!("hello {id}"),
    });
    event("cx.message.v1", customer, data)
}

fn survey(id: &str, trigger: &str, of: &str) -> Value {
    let data = json!({
        "response_id": id, "survey": {"id": "nps"}, "status": "complete", "created_at": THEN,
        "submitted_at": THEN, "trigger": {"type": trigger, "id": of},
        "answers": [{"question_id": "q", "text": "?", "type": "nps", "number": 3}],
    });
    event("cx.survey_response.v1", &json!({}), data)
}

fn has_planted(bytes: &[u8]) -> bool {
    let planted = PLANTED.as_bytes();
    bytes.windows(planted.len()).any(|window| window == planted)
}

/// Files below a folder that hold a planted value.
fn holding(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path));
        } else if path.is_file() {
            let mut bytes = Vec::new();
            // Parts come and go while this looks.
            let read = std::fs::File::open(&path).and_then(|mut f| f.read_to_end(&mut bytes));
            if read.is_ok() && has_planted(&bytes) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// The number in the line that begins with these words.
fn number(text: &str, what: &str) -> u64 {
    let mut lines = text.lines().filter_map(|l| l.trim().strip_prefix(what));
    let line = lines.next().unwrap_or_else(|| panic!("{what} in\n{text}"));
    line.trim().parse().unwrap()
}

/// The pipeline at work on the events.
async fn at_work(scene: &Scene) -> Running {
    scene.plant().await;
    scene.send(&scene.d.topic(), &scene.events());
    let pipeline = scene.d.start();
    scene.ingested(ALL).await;
    pipeline
}

fn erase<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let customer = ["erase", "--tenant", "acme", "--customer", "c-zqplanted"];
    customer.iter().chain(more).copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_nowhere_and_does_not_come_back() {
    let scene = Scene::new("erase_all").await;
    let pipeline = at_work(&scene).await;
    let planted = scene.in_tables().await;
    for table in [
        "customers_history",
        "deliveries_history",
        "feedback",
        "identity_map",
        "orders_history",
        "sessions_history",
        "tickets_history",
    ] {
        assert!(
            planted.iter().any(|(t, _)| t == table),
            "{table}: {planted:?}"
        );
    }
    assert!(scene.in_files().len() > 10, "{:?}", scene.in_files());

    let dry = scene.told(&erase(&["--dry-run"]));
    assert_eq!(number(&dry, "feedback"), THEIRS, "{dry}");
    assert_eq!(number(&dry, "customers_history"), 2, "{dry}");
    assert_eq!(number(&dry, "conversation"), 1, "{dry}");
    assert_eq!(scene.in_tables().await, planted);

    // A copy that began before, and ends while it is erased.
    let copy = "INSERT INTO feedback SELECT f.* REPLACE (f._revision + 1 AS _revision) \
                FROM feedback AS f CROSS JOIN \
                  (SELECT sleepEachRow(3) AS slept FROM numbers(5)) AS n \
                WHERE f.feedback_id LIKE 'named-%' AND n.slept = 0 \
                SETTINGS function_sleep_max_microseconds_per_block = 60000000";
    let client = scene.client();
    let copying = tokio::spawn(async move { client.query_raw(copy).execute().await });

    // What others insert into tables of their own is not waited for.
    scene.run("CREATE DATABASE elsewhere").await;
    scene
        .run("CREATE TABLE elsewhere.feedback (n UInt64) ENGINE = Memory")
        .await;
    let others = "INSERT INTO elsewhere.feedback SELECT number FROM numbers(10000) \
                  WHERE sleepEachRow(3) = 0 SETTINGS max_block_size = 1";
    let client = scene.client();
    let inserting = tokio::spawn(async move { client.query_raw(others).execute().await });
    let inserts = "SELECT count() FROM system.processes WHERE query_kind = 'Insert'";
    scene.wait_for(inserts, 2).await;

    let erased = scene.told(&erase(&[]));
    assert!(number(&erased, "feedback") >= THEIRS, "{erased}");
    assert!(scene.count(inserts).await > 0 && !inserting.is_finished());
    scene
        .run("KILL QUERY WHERE query_kind = 'Insert' SYNC")
        .await;
    copying.await.unwrap().unwrap();
    scene.assert_gone().await;
    assert_eq!(
        scene.count("SELECT count() FROM feedback_latest").await,
        ALL - THEIRS
    );
    for table in [
        "customers_history",
        "orders_history",
        "tickets_history",
        "sessions_history",
        "deliveries_history",
        "identity_map",
    ] {
        assert_eq!(
            scene.count(&format!("SELECT count() FROM {table}")).await,
            1,
            "{table}"
        );
    }
    let steps = scene
        .strings("SELECT step FROM erasure_log ORDER BY at")
        .await;
    let expected = [
        "requested",
        "suppressed",
        "passed",
        "deleted",
        "applied",
        "removed",
        "indexed",
        "done",
    ];
    assert_eq!(steps, expected);

    // The same records again, later ones of the same items too, and by replay.
    let mut again = scene.events();
    for (_, event) in &mut again {
        event["version"] = json!(1_779_000_000_000_u64);
    }
    scene.send(&scene.d.topic(), &again);
    scene.ingested(2 * ALL).await;
    let skipped = "SELECT count() FROM ingested WHERE outcome = 'skipped' AND reason = 'erased'";
    assert_eq!(scene.count(skipped).await, THEIRS);
    for partition in 0..2 {
        let range = format!("{}:{partition}:0-99", scene.d.topic());
        scene.told(&["replay", "--offsets", &range]);
    }
    scene.told(&[
        "retag",
        "--from",
        "2026-01-01",
        "--to",
        "2026-12-31",
        "--all",
    ]);
    scene.assert_gone().await;
    assert_eq!(
        scene.count("SELECT count() FROM feedback_latest").await,
        ALL - THEIRS
    );

    // What is gone by right is told from what is lost.
    let proof = scene.told(&["reconcile", "--json"]);
    let proof: Value = serde_json::from_str(&proof).unwrap();
    assert_eq!(proof["totals"]["erased_rows"], THEIRS, "{proof:#}");
    scene
        .run("ALTER TABLE feedback DELETE WHERE feedback_id = 'by' SETTINGS mutations_sync = 2")
        .await;
    let proof = scene.sada(&["reconcile"]).output().unwrap();
    assert_eq!(proof.status.code(), Some(1), "{proof:?}");

    // The customer comes back: what happens after the request is taken.
    let mut back = scene.events().swap_remove(0);
    let now = jiff::Timestamp::now();
    back.1["data"]["review_id"] = json!("back");
    back.1["data"]["created_at"] = json!(now.to_string());
    scene.send(&scene.d.topic(), &[back]);
    scene.ingested(2 * ALL + 1).await;
    let back = "SELECT count() FROM feedback_latest WHERE feedback_id = 'back'";
    assert_eq!(scene.count(back).await, 1);
    assert!(pipeline.stop().success(), "{}", scene.d.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_and_run_again_it_comes_to_its_end() {
    let scene = Scene::new("erase_killed").await;
    let pipeline = at_work(&scene).await;
    // No mutation comes to its end before it is let.
    for step in ["suppressed", "deleted", "applied"] {
        let mut job = scene
            .sada(&erase(&[]))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let reached = format!("SELECT count() FROM erasure_log WHERE step = '{step}'");
        let before = scene.count(&reached).await;
        scene.wait_for(&reached, before + 1).await;
        job.kill().unwrap();
        job.wait().unwrap();
    }
    let requests = "SELECT uniqExact(request, requested_at) FROM erasure_log";
    assert_eq!(scene.count(requests).await, 1, "taken up, not begun again");
    let done = "SELECT count() FROM erasure_log WHERE step = 'done'";
    assert_eq!(scene.count(done).await, 0);
    scene.told(&erase(&[]));
    scene.assert_gone().await;
    assert_eq!(
        (scene.count(requests).await, scene.count(done).await),
        (1, 1)
    );
    // Run again it is a new request, of which nothing is left.
    let again = scene.told(&erase(&[]));
    assert_eq!(number(&again, "feedback"), 0, "{again}");
    assert_eq!(
        (scene.count(requests).await, scene.count(done).await),
        (2, 2)
    );
    assert!(pipeline.stop().success(), "{}", scene.d.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_another_system_is_answered_and_taken_out_of_the_topic() {
    let scene = Scene::new("erase_event").await;
    let pipeline = at_work(&scene).await;
    let request = json!({
        "specversion": "1.0", "id": "e1", "source": "/crm", "type": "cx.erasure.v1", "tenant_id": "acme",
        "data": {"customer_id": format!("c-{PLANTED}"), "requested_at": jiff::Timestamp::now().to_string()},
    });
    let topic = format!("{}.erasure", scene.d.name);
    // Of the same key, for somebody else: it is not taken away with the first one's answer.
    let mut second = request.clone();
    second["data"]["customer_id"] = json!("somebody");
    scene.send(
        &topic,
        &[
            ("request-1".to_owned(), request),
            ("request-1".to_owned(), second),
            ("broken".to_owned(), json!([])),
        ],
    );
    let done = "SELECT uniqExact(request) FROM erasure_log WHERE step = 'done'";
    // One after the other: each waits until ClickHouse has taken old parts off the disk.
    scene.wait_for(done, 1).await;
    scene.wait_for(done, 2).await;
    assert_eq!(scene.in_tables().await, []);
    assert_eq!(scene.in_files(), Vec::<String>::new());
    // The last record of its key is a tombstone: compaction takes what is before.
    let begun = Instant::now();
    loop {
        let records = scene.in_topic(&topic);
        let mut of_key = records.iter().filter(|r| r.starts_with(b"request-1"));
        if of_key.next_back().is_some_and(|last| last == b"request-1") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", scene.d.log());
    }
    assert!(pipeline.stop().success(), "{}", scene.d.log());
    let log = scene.d.log();
    assert!(log.contains("a request to erase can't be read"), "{log}");
    assert!(!log.contains(PLANTED), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_waits_until_the_index_of_an_instance_is_without_the_customer() {
    let index = tempfile::tempdir().unwrap();
    let name = "erase_index";
    let extra = format!(
        "[operations]\nindex = \"{}\"\nrepair = \"0s\"\n[[operations.feeds]]\n\
         topic = \"{name}.customers\"\nentity = \"customer\"\nformat = \"upsert\"\nid = \"id\"\n",
        index.path().display()
    );
    let kafka = KafkaServer::shared().unwrap();
    let feed = format!("{name}.customers");
    kafka.create_topic(&feed, 2).unwrap();
    let scene = Scene::with(name, &extra).await;
    let customer = |id: &str| {
        let value = json!({"tenant_id": "acme", "id": id, "segment": "family"});
        (id.to_owned(), value)
    };
    scene.send(
        &feed,
        &[customer(&format!("c-{PLANTED}")), customer("bystander")],
    );
    let pipeline = scene.d.start();
    scene
        .wait_for("SELECT count() FROM customers_history", 2)
        .await;
    let told = "SELECT count() FROM erasure_log WHERE step = 'index'";
    scene.wait_for(told, 1).await;
    assert!(!holding(index.path()).is_empty());

    let erased = scene.told(&erase(&[]));
    assert_eq!(holding(index.path()), Vec::<String>::new());
    assert!(
        erased.contains("The index of every instance is without them"),
        "{erased}"
    );
    scene.assert_gone().await;
    let counted = "SELECT counts['without'] * 10 + counts['left'] FROM erasure_log \
                   WHERE step = 'indexed'";
    assert_eq!(scene.count(counted).await, 10);
    assert_eq!(scene.count(told).await, 2);

    // Deleted at the source after the request: the deletion does not bring it back.
    let (key, mut gone) = customer(&format!("c-{PLANTED}"));
    gone["deleted"] = json!(true);
    scene.send(&feed, &[(key, gone)]);
    let skipped = "SELECT count() FROM ingested WHERE outcome = 'skipped' AND reason = 'erased'";
    scene.wait_for(skipped, 1).await;
    scene.assert_gone().await;
    assert!(pipeline.stop().success(), "{}", scene.d.log());
    assert_eq!(holding(index.path()), Vec::<String>::new());
}

#[test]
fn it_is_refused_without_a_topic() {
    let d = Deployment::new("erase_refused", "127.0.0.1:1", "");
    let output = Command::new(SADA)
        .args(["erase", "--customer", "c", "--config"])
        .arg(&d.file)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("kafka.erasure_topic"), "{errors}");
}
