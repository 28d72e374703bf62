//! A real Debezium: rows inserted, changed and deleted by SQL in a real PostgreSQL arrive, through
//! a real Kafka Connect, in the tables of O-data and in the join of feedback.
//!
//! A test program of its own, `make test-debezium`: it needs PostgreSQL and 38 MB of jars. Nothing
//! is skipped in it: what is missing fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "debezium/connect.rs"]
mod connect;
#[path = "suite/events.rs"]
#[allow(dead_code, reason = "the suite uses more of it")]
mod events;
#[path = "debezium/guarded.rs"]
mod guarded;
#[path = "suite/kafka_server.rs"]
#[allow(dead_code, reason = "the suite uses more of it")]
mod kafka_server;
#[path = "debezium/postgres.rs"]
mod postgres;
#[path = "debezium/readme.rs"]
mod readme;
#[path = "debezium/shop.rs"]
mod shop;
#[path = "suite/support.rs"]
#[allow(dead_code, reason = "the suite uses more of it")]
mod support;

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};

use connect::Connect;
use events::deployed;
use kafka_server::KafkaServer;
use postgres::Postgres;
use shop::Shop;
use support::{Deployment, PATIENCE};

/// Prefixes of topics: records with the schema of each, and without.
const WITH_SCHEMAS: &str = "shop";
const WITHOUT: &str = "bare";
/// The connector's defaults: the schema in every record, decimals as bytes, times in microseconds.
const SCHEMAS: &str = "
key.converter.schemas.enable=true
value.converter.schemas.enable=true
decimal.handling.mode=precise
time.precision.mode=adaptive
";
/// Stands for the index's folder until the deployment has one.
const INDEX: &str = "INDEX";

#[tokio::test(flavor = "multi_thread")]
async fn what_sql_changes_arrives_in_the_latest_rows_and_in_the_join() {
    let kafka = KafkaServer::shared().unwrap();
    let postgres = Postgres::start().unwrap();
    let shop = Shop::open(&postgres);
    let mut connect = Connect::start(
        kafka,
        &postgres,
        &[
            (WITH_SCHEMAS, readme::connector() + SCHEMAS),
            (WITHOUT, readme::connector()),
        ],
    )
    .unwrap();
    // What was there before is read as a snapshot; Connect makes the topics.
    for prefix in [WITH_SCHEMAS, WITHOUT] {
        for (table, rows) in shop::ROWS_AT_FIRST {
            connect.wait(|| records(&format!("{prefix}.public.{table}")), rows);
        }
    }
    let deployments = [WITH_SCHEMAS, WITHOUT].map(|prefix| {
        let deployment = deployed(&format!("debezium_{prefix}"), 2, &feeds(prefix));
        place_index(&deployment);
        // Some of it is about orders that nobody has heard of yet.
        events::send(&deployment.topic(), shop.feedback());
        deployment
    });
    let running = deployments.each_ref().map(Deployment::start);
    for d in &deployments {
        same(d, shop::ORDERS, || shop.orders()).await;
        same(d, shop::JOINED, || shop.joined_at_first()).await;
    }

    shop.trade();
    for d in &deployments {
        same(d, shop::ORDERS, || shop.orders()).await;
        same(d, shop::CUSTOMERS, || shop.customers()).await;
        same(d, shop::JOINED, || shop.joined()).await;
        assert_eq!(d.count("SELECT count() FROM dead_letters").await, 0);
    }
    for running in running {
        assert!(running.stop().success());
    }

    // The same records once more, into an empty database.
    let [first, _] = &deployments;
    let again = again(first);
    let running = again.start();
    for table in shop::EVERYTHING {
        let expected = rows(first, table).await;
        same(&again, table, || expected.clone()).await;
    }
    assert!(running.stop().success());
}

/// Records of a topic, tombstones too; none where it is not there, or has no leader yet.
fn records(topic: &str) -> i64 {
    const ANSWER: Duration = Duration::from_secs(10);
    let client: BaseConsumer = KafkaServer::shared().unwrap().client().create().unwrap();
    let metadata = client.fetch_metadata(None, ANSWER).unwrap();
    let mut topics = metadata.topics().iter().filter(|t| t.name() == topic);
    let partitions = topics.next().map_or(0, |t| t.partitions().len()) as i32;
    let ends =
        (0..partitions).map(|p| client.fetch_watermarks(topic, p, ANSWER).map_or(0, |w| w.1));
    ends.sum()
}

/// Configuration of the feeds as the README has it, for the topics of a connector.
fn feeds(prefix: &str) -> String {
    let mapping = readme::mapping();
    let topic = format!("topic = \"{WITH_SCHEMAS}.");
    assert!(mapping.contains(&topic), "other topics than {topic}…");
    let mapping = mapping.replace(&topic, &format!("topic = \"{prefix}."));
    format!(
        "[batch]\ntime = \"100ms\"\n[operations]\nindex = \"{INDEX}\"\nrepair = \"1s\"\n{mapping}\n"
    )
}

/// Puts the index into the deployment's folder.
fn place_index(d: &Deployment) {
    let folder = d.folder.path().join("index").display().to_string();
    change(d, INDEX, &folder);
}

/// Changes the configuration.
fn change(d: &Deployment, from: &str, to: &str) {
    let text = std::fs::read_to_string(&d.file).unwrap();
    assert!(text.contains(from), "no {from}:\n{text}");
    std::fs::write(&d.file, text.replace(from, to)).unwrap();
}

/// A deployment with tables and index of its own that reads the topics of another one.
fn again(first: &Deployment) -> Deployment {
    let kafka = KafkaServer::shared().unwrap();
    let again = Deployment::new("debezium_again", kafka.bootstrap(), &feeds(WITH_SCHEMAS));
    kafka.create_topic(&again.dead_letter_topic(), 1).unwrap();
    place_index(&again);
    change(&again, &again.topic(), &first.topic());
    let migrated = again.sada("migrate");
    assert!(migrated.status.success(), "{migrated:?}");
    again
}

/// Rows of a query as text, a line each.
async fn rows(d: &Deployment, sql: &str) -> String {
    let mut found = d.client().query(sql).fetch_bytes("TSV").unwrap();
    let bytes = found.collect().await;
    let bytes = bytes.unwrap_or_else(|e| panic!("{sql}: {e}"));
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Waits until a query gives these rows.
async fn same(d: &Deployment, sql: &str, expected: impl Fn() -> String) {
    let begun = Instant::now();
    let expected = expected();
    loop {
        let found = rows(d, sql).await;
        if found == expected {
            return;
        }
        if begun.elapsed() > PATIENCE {
            println!("{}", d.log());
            assert_eq!(found, expected, "{}: {sql}", d.name);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
