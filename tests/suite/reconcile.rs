//! `sada reconcile` against a real Kafka and the real engine: it finds exactly what was taken away
//! or doubled, and nothing else.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DefaultProducerContext, Producer, ThreadedProducer,
};
use rdkafka::{Message, Offset, TopicPartitionList};
use sada::config::Config;
use sada::kafka::GroupLog;
use serde_json::{Value, json};

use crate::kafka_server::KafkaServer;
use crate::support::{Deployment, PATIENCE, SADA};

/// When the records of these tests were made: 2026-02-02.
pub const TIME: u64 = 1_770_000_000_000;

/// A deployment with topics and tables, whose lines and rows a test writes itself.
pub struct Stage {
    /// Its folder, topics and database.
    pub d: Deployment,
    /// Id of the topic.
    pub stream: String,
}

impl Stage {
    /// `extra`: more lines of configuration.
    pub fn new(name: &str, partitions: i32, extra: &str) -> Self {
        let kafka = KafkaServer::shared().unwrap();
        let d = Deployment::new(name, kafka.bootstrap(), extra);
        kafka.create_topic(&d.topic(), partitions).unwrap();
        kafka.create_topic(&d.dead_letter_topic(), 1).unwrap();
        let migrated = d.sada("migrate");
        let errors = String::from_utf8_lossy(&migrated.stderr).into_owned();
        assert!(migrated.status.success(), "{errors}");
        let log = GroupLog::connect(&Config::load(Some(&d.file)).unwrap()).unwrap();
        let stream = log.stream(&d.topic()).unwrap().unwrap();
        Self { d, stream }
    }

    /// Runs a statement, to its end.
    pub async fn sql(&self, sql: &str) {
        let client = self.d.client().with_setting("mutations_sync", "2");
        let done = client.query(sql).execute().await;
        done.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// Records that are there to be counted only.
    pub fn produce(&self, partition: i32, count: usize) {
        let producer: BaseProducer = KafkaServer::shared().unwrap().client().create().unwrap();
        let topic = self.d.topic();
        for _ in 0..count {
            let record = BaseRecord::<str, str>::to(&topic)
                .partition(partition)
                .payload("x");
            producer.send(record).map_err(|(error, _)| error).unwrap();
            producer.poll(Duration::ZERO);
        }
        producer.flush(PATIENCE).unwrap();
    }

    /// Lines of outcome `row` for the offsets of a SELECT, each of an item of its own.
    async fn lines(&self, stream: &str, partition: i32, offsets: &str) {
        let (group, topic) = (&self.d.name, self.d.topic());
        self.sql(&format!(
            "INSERT INTO ingested (consumer_group, topic, stream, partition, offset, outcome, \
                                   item_hash, version, kafka_time) \
             SELECT '{group}', '{topic}', '{stream}', {partition}, number, 'row', \
                    xxh3(concat('acme\\0review\\0shop\\0', '{partition}-', toString(number))), \
                    {TIME}, fromUnixTimestamp64Milli({TIME}) FROM ({offsets})"
        ))
        .await;
    }

    /// The rows of such lines.
    async fn rows(&self, stream: &str, partition: i32, offsets: &str) {
        let topic = self.d.topic();
        self.sql(&format!(
            "INSERT INTO feedback (tenant, kind, source, feedback_id, version, created_at, \
                                   _topic, _stream, _partition, _offset, _kafka_time, _revision) \
             SELECT 'acme', 'review', 'shop', concat('{partition}-', toString(number)), {TIME}, \
                    fromUnixTimestamp64Milli({TIME}), '{topic}', '{stream}', {partition}, number, \
                    fromUnixTimestamp64Milli({TIME}), 0 FROM ({offsets})"
        ))
        .await;
    }

    /// Records, lines, rows and commit: one partition in order.
    async fn in_order(&self, partition: i32, count: usize) {
        self.produce(partition, count);
        let offsets = numbers(0, count);
        self.lines(&self.stream, partition, &offsets).await;
        self.rows(&self.stream, partition, &offsets).await;
        self.commit(partition, count as i64, &format!("v1:{}", self.stream));
    }

    async fn begins(&self, partition: i32, first: u64) {
        let (group, topic, stream) = (&self.d.name, self.d.topic(), &self.stream);
        self.sql(&format!(
            "INSERT INTO streams (consumer_group, topic, stream, partition, first_offset) \
             VALUES ('{group}', '{topic}', '{stream}', {partition}, {first})"
        ))
        .await;
    }

    /// Commits for the group.
    pub fn commit(&self, partition: i32, offset: i64, metadata: &str) {
        let consumer: BaseConsumer = KafkaServer::shared()
            .unwrap()
            .client()
            .set("group.id", &self.d.name)
            .create()
            .unwrap();
        let topic = self.d.topic();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&topic, partition, Offset::Offset(offset))
            .unwrap();
        let mut element = list.find_partition(&topic, partition).unwrap();
        element.set_metadata(metadata);
        consumer.commit(&list, CommitMode::Sync).unwrap();
    }

    fn reconcile(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `sada reconcile`, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(SADA);
        command.arg("reconcile").arg("--config").arg(&self.d.file);
        command.args(arguments);
        command
    }

    /// Exit code and report.
    pub fn report(&self, arguments: &[&str]) -> (i32, Value) {
        let mut with_json = vec!["--json"];
        with_json.extend(arguments);
        let output = self.reconcile(&with_json);
        let errors = String::from_utf8_lossy(&output.stderr);
        let report =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {errors}"));
        (output.status.code().unwrap(), report)
    }
}

fn numbers(from: usize, count: usize) -> String {
    format!("SELECT number FROM numbers({from}, {count})")
}

fn found(ranges: &[(u64, u64)]) -> Value {
    let count: u64 = ranges.iter().map(|(first, last)| last - first + 1).sum();
    json!({"count": count, "ranges": ranges, "truncated": false})
}

fn nothing() -> Value {
    found(&[])
}

fn review(id: usize) -> String {
    json!({
        "specversion": "1.0", "id": format!("event-{id}"), "source": "shop/surveys",
        "type": "cx.review.v1", "time": "2026-03-01T10:00:00Z", "tenant_id": "acme",
        "data": {
            "review_id": format!("r{id}"), "platform": "shop",
            "rating": {"value": 1 + id % 5}, "created_at": "2026-03-01T09:59:00Z"
        }
    })
    .to_string()
}

#[tokio::test]
async fn what_the_pipeline_writes_is_in_order_also_while_it_writes() {
    const RECORDS: usize = 20_000;
    let s = Stage::new(
        "reconcile_run",
        3,
        "[batch]\nrows = 500\ntime = \"100ms\"\n",
    );
    let pipeline = s.d.start();
    let topic = s.d.topic();
    let producer: BaseProducer = KafkaServer::shared().unwrap().client().create().unwrap();
    let mut looks = 0;
    s.d.wait_for("SELECT count() FROM streams", 3).await;
    for number in 0..RECORDS {
        let payload = match number % 1_000 {
            10 => "{\"cut".to_owned(),
            // Sent again: the same item, newer.
            20..30 => review(number - 15),
            _ => review(number),
        };
        let key = number.to_string();
        let record = BaseRecord::to(&topic).key(&key).payload(&payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
        if number % 5_000 == 4_999 {
            producer.flush(PATIENCE).unwrap();
            let (code, report) = s.report(&[]);
            assert_eq!(code, 0, "{report:#}");
            assert_eq!(report["totals"]["ahead"], 0, "{report:#}");
            looks += 1;
        }
    }
    assert_eq!(looks, 4);
    let lines = "SELECT count() FROM ingested";
    s.d.wait_for(lines, RECORDS as u64).await;
    assert!(pipeline.stop().success(), "{}", s.d.log());

    let (code, report) = s.report(&[]);
    let totals = &report["totals"];
    assert_eq!((code, &report["ok"]), (0, &json!(true)), "{report:#}");
    assert_eq!(totals["offsets"], RECORDS, "{report:#}");
    assert_eq!(totals["dead_letters"], RECORDS / 1_000);
    assert_eq!(totals["rows"], RECORDS - RECORDS / 1_000);
    let table = s.reconcile(&[]);
    let text = String::from_utf8(table.stdout).unwrap();
    assert_eq!(table.status.code(), Some(0));
    assert!(
        text.contains("In order: 20000 offsets of group reconcile_run"),
        "{text}"
    );
    assert!(text.contains("malformed_json"), "{text}");
}

#[tokio::test]
async fn lines_that_were_deleted_are_named_exactly() {
    let s = Stage::new("reconcile_lines", 2, "");
    s.in_order(0, 1_000).await;
    s.in_order(1, 1_000).await;
    assert_eq!(s.report(&[]).0, 0);
    s.sql("DELETE FROM ingested WHERE partition = 1 AND offset % 10 = 3")
        .await;
    let (code, report) = s.report(&[]);
    assert_eq!((code, &report["ok"]), (1, &json!(false)));
    let expected: Vec<(u64, u64)> = (0..100).map(|i| (10 * i + 3, 10 * i + 3)).collect();
    assert_eq!(report["partitions"][0]["missing"], nothing());
    assert_eq!(report["partitions"][1]["missing"], found(&expected));
    assert_eq!(report["partitions"][1]["without_row"], nothing());
    assert_eq!(s.report(&["--partition", "0"]).0, 0);

    s.sql("ALTER TABLE ingested DELETE WHERE partition = 0 AND offset BETWEEN 400 AND 499")
        .await;
    let output = s.reconcile(&["--partition", "0", "--topic", &s.d.topic()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = "reconcile_lines.feedback[0]: missing, no line in ingested: 100 offsets: 400-499\n";
    assert!(text.contains(told), "{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("not in order: 100 missing"), "{errors}");
}

#[tokio::test]
async fn rows_that_were_deleted_or_are_older_are_named_exactly() {
    let s = Stage::new("reconcile_rows", 1, "");
    s.in_order(0, 1_000).await;
    s.sql("DELETE FROM feedback WHERE _offset BETWEEN 200 AND 299")
        .await;
    // Item 5 came once more, newer, and only its line is there; item 6 with its row, and the older
    // row is gone.
    s.produce(0, 2);
    for (offset, item) in [(1_000, 5), (1_001, 6)] {
        let (group, topic, stream) = (&s.d.name, s.d.topic(), &s.stream);
        s.sql(&format!(
            "INSERT INTO ingested (consumer_group, topic, stream, partition, offset, outcome, \
                                   item_hash, version, kafka_time) \
             SELECT '{group}', '{topic}', '{stream}', 0, {offset}, 'row', item_hash, \
                    version + 1, kafka_time FROM ingested WHERE offset = {item}"
        ))
        .await;
    }
    s.sql(
        "INSERT INTO feedback (tenant, kind, source, feedback_id, version, created_at, _topic, \
                               _stream, _partition, _offset, _kafka_time, _revision) \
         SELECT tenant, kind, source, feedback_id, version + 1, created_at, _topic, _stream, \
                _partition, 1001, _kafka_time, 0 FROM feedback WHERE _offset = 6",
    )
    .await;
    s.sql("DELETE FROM feedback WHERE _offset = 6").await;
    s.commit(0, 1_002, &format!("v1:{}", s.stream));
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let partition = &report["partitions"][0];
    assert_eq!(
        partition["without_row"],
        found(&[(200, 299), (1_000, 1_000)])
    );
    assert_eq!(partition["missing"], nothing());
    assert_eq!(partition["duplicated"], nothing());
}

#[tokio::test]
async fn doubled_lines_are_named_and_replays_are_not() {
    let s = Stage::new("reconcile_doubled", 1, "");
    s.in_order(0, 500).await;
    let again = |revision: u64, condition: &str| {
        format!(
            "INSERT INTO ingested SELECT * REPLACE ({revision} AS revision) \
             FROM (SELECT * FROM ingested WHERE revision = 0 AND {condition})"
        )
    };
    s.sql("INSERT INTO feedback (tenant, kind, source, feedback_id, version, created_at, _offset, _revision) \
           SELECT tenant, kind, source, feedback_id, version, created_at, _offset, 99 FROM feedback \
           WHERE _offset < 50").await;
    s.sql(&again(99, "offset < 50")).await;
    let (code, report) = s.report(&[]);
    assert_eq!(
        (code, &report["totals"]["replays"]),
        (0, &json!(50)),
        "{report:#}"
    );
    s.sql(&again(99, "offset = 30")).await;
    s.sql(&again(0, "offset BETWEEN 7 AND 8")).await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let partition = &report["partitions"][0];
    assert_eq!(partition["duplicated"], found(&[(7, 8), (30, 30)]));
    assert_eq!(partition["missing"], nothing());
}

#[tokio::test]
async fn what_is_in_flight_or_ahead_is_told_and_no_fault() {
    let s = Stage::new("reconcile_ahead", 1, "");
    s.produce(0, 1_000);
    s.lines(&s.stream, 0, &numbers(0, 650)).await;
    s.lines(&s.stream, 0, &numbers(800, 2)).await;
    s.rows(&s.stream, 0, &numbers(0, 600)).await;
    s.commit(0, 600, &format!("v1:{}:600-699:b", s.stream));
    let (code, report) = s.report(&[]);
    let partition = &report["partitions"][0];
    assert_eq!(code, 0, "{report:#}");
    let in_flight = json!({"first": 600, "last": 699, "lines": 50});
    assert_eq!(partition["in_flight"], in_flight);
    assert_eq!(partition["ahead"], found(&[(800, 801)]));
    assert_eq!(partition["accounted"], json!([0, 599]));

    // Set back by Kafka's own tool: no metadata, all lines beyond are ahead.
    s.commit(0, 100, "");
    let (code, report) = s.report(&[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(
        report["partitions"][0]["ahead"],
        found(&[(100, 649), (800, 801)])
    );
}

#[tokio::test]
async fn markers_of_transactions_are_not_missing() {
    let s = Stage::new("reconcile_transactions", 1, "");
    // Polls by itself, which ending a transaction waits for.
    let producer: ThreadedProducer<DefaultProducerContext> = KafkaServer::shared()
        .unwrap()
        .client()
        .set("transactional.id", "reconcile_transactions")
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    for round in 0..6 {
        producer.begin_transaction().unwrap();
        for _ in 0..10 {
            let topic = s.d.topic();
            let record = BaseRecord::<str, str>::to(&topic).payload("x");
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
        match round {
            3 => producer.abort_transaction(PATIENCE).unwrap(),
            _ => producer.commit_transaction(PATIENCE).unwrap(),
        }
    }
    let readable = readable(&s.d.topic());
    assert_eq!(readable.len(), 50);
    let end = 66;
    let offsets: Vec<String> = readable.iter().map(u64::to_string).collect();
    let offsets = format!("SELECT arrayJoin([{}]) AS number", offsets.join(", "));
    s.begins(0, 0).await;
    s.lines(&s.stream, 0, &offsets).await;
    s.rows(&s.stream, 0, &offsets).await;
    s.commit(0, end, &format!("v1:{}", s.stream));
    let (code, report) = s.report(&[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["partitions"][0]["empty"], 16);

    s.sql("DELETE FROM ingested WHERE offset = 23").await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    assert_eq!(report["partitions"][0]["missing"], found(&[(23, 23)]));
    assert_eq!(report["partitions"][0]["empty"], 16);
}

/// Offsets of partition 0 that a reader of committed records gets.
fn readable(topic: &str) -> BTreeSet<u64> {
    let consumer: BaseConsumer = KafkaServer::shared()
        .unwrap()
        .client()
        .set("group.id", "reads committed")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&list).unwrap();
    let mut offsets = BTreeSet::new();
    while let Some(Ok(message)) = consumer.poll(PATIENCE) {
        offsets.insert(message.offset() as u64);
    }
    offsets
}

#[tokio::test]
async fn what_kafka_deleted_is_missing_only_if_the_group_was_to_read_it() {
    let s = Stage::new("reconcile_retention", 1, "");
    s.in_order(0, 500).await;
    s.sql("DELETE FROM ingested WHERE offset BETWEEN 20 AND 119 OR offset BETWEEN 300 AND 309")
        .await;
    delete_records(&s.d.topic(), 100).await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let partition = &report["partitions"][0];
    assert_eq!(partition["missing"], found(&[(100, 119), (300, 309)]));
    assert_eq!(partition["unprovable"], found(&[(20, 99)]));

    s.begins(0, 0).await;
    let (_, report) = s.report(&[]);
    let partition = &report["partitions"][0];
    assert_eq!(partition["missing"], found(&[(20, 119), (300, 309)]));
    assert_eq!(partition["unprovable"], nothing());

    let (group, topic, stream) = (&s.d.name, s.d.topic(), &s.stream);
    s.sql(&format!(
        "INSERT INTO ingested (consumer_group, topic, stream, partition, offset, outcome, kafka_time) \
         SELECT '{group}', '{topic}', '{stream}', 0, number, 'gap', fromUnixTimestamp64Milli({TIME}) \
         FROM numbers(20, 80)"
    ))
    .await;
    let (_, report) = s.report(&[]);
    let partition = &report["partitions"][0];
    assert_eq!(partition["missing"], found(&[(100, 119), (300, 309)]));
    assert_eq!(partition["gaps"], 80);
}

async fn delete_records(topic: &str, before: i64) {
    let admin: AdminClient<DefaultClientContext> =
        KafkaServer::shared().unwrap().client().create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(before))
        .unwrap();
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    admin.delete_records(&list, &options).await.unwrap();
}

#[tokio::test]
async fn an_earlier_life_of_the_topic_is_checked_by_its_lines() {
    let s = Stage::new("reconcile_lives", 1, "");
    let earlier = "00000000000000000000000000000001";
    s.produce(0, 10);
    s.lines(
        earlier,
        0,
        "SELECT number FROM numbers(100) WHERE number NOT IN (40, 41)",
    )
    .await;
    s.rows(
        earlier,
        0,
        "SELECT number FROM numbers(100) WHERE number != 70",
    )
    .await;
    s.commit(0, 100, &format!("v1:{earlier}"));
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let [present, past] = &report["partitions"].as_array().unwrap()[..] else {
        panic!("{report:#}")
    };
    assert_eq!(
        (&present["is_present"], &present["accounted"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        (&past["is_present"], &past["stream"]),
        (&json!(false), &json!(earlier))
    );
    assert_eq!(past["unprovable"], found(&[(40, 41)]));
    assert_eq!(past["without_row"], found(&[(70, 70)]));
    assert_eq!(past["missing"], nothing());
}

#[tokio::test]
async fn rows_past_their_time_are_explained() {
    let s = Stage::new(
        "reconcile_ttl",
        1,
        "[clickhouse.ttl]\nfeedback = \"10 YEAR\"\n",
    );
    s.in_order(0, 100).await;
    s.sql("ALTER TABLE ingested UPDATE created_at = toDateTime64('2014-05-01 00:00:00', 3, 'UTC') WHERE offset < 30").await;
    s.sql("DELETE FROM feedback WHERE _offset < 31").await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let partition = &report["partitions"][0];
    assert_eq!(partition["expired_rows"], 30, "{report:#}");
    assert_eq!(partition["without_row"], found(&[(30, 30)]));
}

#[tokio::test]
async fn lines_past_their_time_are_explained() {
    let s = Stage::new("reconcile_old_lines", 1, "");
    s.in_order(0, 100).await;
    s.begins(0, 0).await;
    s.sql(
        "INSERT INTO ingested SELECT * \
           REPLACE (toDateTime64('2014-05-01 00:00:00', 3, 'UTC') AS kafka_time) \
         FROM (SELECT * FROM ingested WHERE offset BETWEEN 10 AND 19)",
    )
    .await;
    s.sql("DELETE FROM ingested WHERE offset < 20 AND kafka_time > '2020-01-01' OR offset = 50")
        .await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let partition = &report["partitions"][0];
    assert_eq!(partition["missing"], found(&[(0, 9), (50, 50)]));
    // The table is told only now, so that no merge removes the old lines before.
    let mut text = std::fs::read_to_string(&s.d.file).unwrap();
    text.push_str("[clickhouse.ttl]\ningested = \"10 YEAR\"\n");
    std::fs::write(&s.d.file, text).unwrap();
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let partition = &report["partitions"][0];
    assert_eq!(partition["missing"], found(&[(50, 50)]));
    assert_eq!(partition["expired"], 10, "{report:#}");
}

#[tokio::test]
async fn a_line_that_does_not_know_when_its_item_was_created_finds_its_row() {
    let s = Stage::new("reconcile_days", 1, "");
    s.in_order(0, 100).await;
    s.sql("ALTER TABLE ingested UPDATE created_at = created_at + toIntervalDay(offset) WHERE true")
        .await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 0, "{report:#}");
    s.sql("DELETE FROM feedback WHERE _offset = 42").await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    assert_eq!(report["partitions"][0]["without_row"], found(&[(42, 42)]));
}

#[tokio::test]
async fn dead_letters_without_their_row_are_named() {
    let s = Stage::new("reconcile_letters", 1, "");
    s.in_order(0, 100).await;
    s.sql("ALTER TABLE ingested UPDATE outcome = 'dead_letter', reason = 'malformed_json' WHERE offset % 50 < 2").await;
    let (topic, stream) = (s.d.topic(), &s.stream);
    s.sql(&format!(
        "INSERT INTO dead_letters (topic, stream, partition, offset, reason) \
         SELECT '{topic}', '{stream}', 0, number, 'malformed_json' FROM numbers(2)"
    ))
    .await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let partition = &report["partitions"][0];
    assert_eq!(partition["without_dead_letter"], found(&[(50, 51)]));
    assert_eq!(
        (&partition["dead_letters"], &partition["rows"]),
        (&json!(4), &json!(96))
    );
}

#[tokio::test]
async fn a_server_that_fails_on_the_way_is_no_finding() {
    let s = Stage::new("reconcile_broken", 1, "");
    s.in_order(0, 10).await;
    s.begins(0, 0).await;
    s.sql("RENAME TABLE streams TO kept").await;
    s.sql("CREATE VIEW streams AS SELECT * FROM kept WHERE NOT throwIf(partition >= 0, 'broken')")
        .await;
    let output = s.reconcile(&[]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("can't tell whether all is in order") && errors.contains("broken"),
        "{errors}"
    );
}

#[tokio::test]
async fn what_can_t_be_checked_is_refused_with_the_mend() {
    let kafka = KafkaServer::shared().unwrap();
    let d = Deployment::new("reconcile_refused", kafka.bootstrap(), "");
    let refused = d.sada("reconcile");
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{errors}");
    assert!(errors.contains("sada migrate"), "{errors}");

    let s = Stage::new("reconcile_unknown", 1, "");
    let refused = s.reconcile(&["--partition", "7"]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{errors}");
    assert!(errors.contains("--partition"), "{errors}");
}

/// Feeds of all entities: topic and table.
fn histories(name: &str) -> Vec<(String, &'static str)> {
    let topic = |entity: sada::odata::Entity| format!("{name}.{entity}");
    let all = sada::odata::Entity::ALL;
    all.map(|entity| (topic(entity), entity.table())).into()
}

#[tokio::test]
async fn a_version_that_is_gone_from_its_history_is_named() {
    const VERSIONS: u64 = 40;
    let name = "reconcile_odata";
    let index = tempfile::tempdir().unwrap();
    let mut extra = format!(
        "[operations]\nindex = \"{}\"\nrepair = \"0s\"\n",
        index.path().join("index").display()
    );
    for entity in sada::odata::Entity::ALL {
        extra += &format!(
            "[[operations.feeds]]\ntopic = \"{name}.{entity}\"\nentity = \"{entity}\"\n\
             format = \"upsert\"\nid = \"id\"\nvalid_from = \"since\"\nversion = \"version\"\n"
        );
    }
    let kafka = KafkaServer::shared().unwrap();
    let histories = histories(name);
    for (topic, _) in &histories {
        kafka.create_topic(topic, 1).unwrap();
    }
    let s = Stage::new(name, 1, &extra);
    let producer: BaseProducer = kafka.client().create().unwrap();
    for (topic, _) in &histories {
        for number in 0..VERSIONS {
            let payload = json!({
                "id": format!("x{}", number % 7),
                "since": format!("2026-03-{:02}T10:00:00Z", 1 + number % 9),
                "version": number,
                "identity_type": "device_id",
            })
            .to_string();
            let record = BaseRecord::<str, str>::to(topic).payload(&payload);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
    }
    producer.flush(PATIENCE).unwrap();
    let pipeline = s.d.start();
    let lines = "SELECT count() FROM ingested WHERE outcome = 'row'";
    s.d.wait_for(lines, 6 * VERSIONS).await;
    assert!(pipeline.stop().success(), "{}", s.d.log());
    let (code, report) = s.report(&[]);
    assert_eq!(code, 0, "{report:#}\n{}", s.d.log());
    assert_eq!(report["totals"]["rows"], 6 * VERSIONS, "{report:#}");

    for (topic, table) in &histories {
        // The newest of its valid_from: no version of it is as new.
        let gone = VERSIONS - 1;
        s.sql(&format!("DELETE FROM {table} WHERE _offset = {gone}"))
            .await;
        let (code, report) = s.report(&["--topic", topic]);
        assert_eq!(code, 1, "{table}: {report:#}");
        let partition = &report["partitions"][0];
        assert_eq!(
            partition["without_row"],
            found(&[(gone, gone)]),
            "{table}: {report:#}"
        );
    }
}
