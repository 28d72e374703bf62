//! Records on a real Kafka become rows in the real engine, whatever happens in between.

use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;

use crate::events::{deployed, review, send};
use crate::kafka_server::KafkaServer;
use crate::support::{Deployment, PATIENCE};

const OUTCOMES: &str = "SELECT count() FROM ingested";

#[tokio::test]
async fn bad_records_become_dead_letters_and_their_neighbours_rows() {
    let d = deployed("neighbours", 1, "");
    let mut payloads: Vec<Option<String>> = (0..1_000)
        .map(|i| Some(review(i, "Great value, fast delivery")))
        .collect();
    let cut = review(100, "cut").split_off(80);
    payloads[100] = Some(cut.clone());
    payloads[500] = Some(
        r#"{"specversion": "1.0", "id": "x", "source": "s", "type": "cx.review.v1",
        "time": "2026-03-01T10:00:00Z", "data": {"review_id": 7, "platform": "shop"}}"#
            .into(),
    );
    payloads[900] = None;
    send(&d.topic(), payloads);
    let pipeline = d.start();
    d.wait_for(OUTCOMES, 1_000).await;
    assert!(pipeline.stop().success(), "{}", d.log());

    let outcomes: Vec<(String, u64)> = d
        .client()
        .query("SELECT toString(outcome), count() FROM ingested GROUP BY 1 ORDER BY 1")
        .fetch_all()
        .await
        .unwrap();
    let expected = [("dead_letter", 2), ("row", 997), ("skipped", 1)];
    assert_eq!(outcomes, expected.map(|(name, n)| (name.to_owned(), n)));
    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, 997);
    let reasons: Vec<(i64, String, String)> = d
        .client()
        .query("SELECT toInt64(offset), reason, field FROM dead_letters FINAL ORDER BY offset")
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(reasons[0].0, 100);
    assert_eq!(reasons[0].1, "malformed_json");
    assert_eq!(
        reasons[1],
        (500, "wrong_type".into(), "data.review_id".into())
    );
    assert_dead_letter(&d, &cut);
}

/// The first dead letter on the topic holds this payload, with reason and position.
fn assert_dead_letter(d: &Deployment, payload: &str) {
    let consumer: BaseConsumer = KafkaServer::shared()
        .unwrap()
        .client()
        .set("group.id", "reader")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer.subscribe(&[&d.dead_letter_topic()]).unwrap();
    let begun = Instant::now();
    let message = loop {
        // A poll also ends, empty, when the group gets its partitions.
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            break message.unwrap();
        }
        assert!(begun.elapsed() < PATIENCE, "no dead letter on the topic");
    };
    assert_eq!(message.payload().unwrap(), payload.as_bytes());
    let header = |name: &str| {
        let headers = message.headers().unwrap();
        let found = headers
            .iter()
            .find(|h| h.key == name)
            .unwrap_or_else(|| panic!("{name}"));
        String::from_utf8(found.value.unwrap_or_default().to_vec()).unwrap()
    };
    assert_eq!(header("sada-reason"), "malformed_json");
    assert_eq!(header("sada-topic"), d.topic());
    assert_eq!(
        (header("sada-partition"), header("sada-offset")),
        ("0".into(), "100".into())
    );
    assert_eq!(
        header("sada-stream").len(),
        32,
        "Kafka's topic id in hexadecimal digits"
    );
}

#[tokio::test]
async fn killed_in_the_middle_and_started_again_nothing_is_lost() {
    const EVENTS: usize = 3_000;
    // The group gives a killed member's partitions away when its session ends.
    let settings = "[batch]\nrows = 200\ntime = \"100ms\"\nper_second = 1000\n\
                    [kafka.properties]\n\"session.timeout.ms\" = \"6000\"\n";
    let d = deployed("killed", 3, settings);
    send(
        &d.topic(),
        (0..EVENTS).map(|i| Some(review(i, "Late again, I want my money back"))),
    );
    for share in [0.1, 0.3, 0.6] {
        let pipeline = d.start();
        d.wait_for(OUTCOMES, (share * EVENTS as f64) as u64).await;
        pipeline.kill();
    }
    let pipeline = d.start();
    let distinct = "SELECT uniqExact(stream, topic, partition, offset) FROM ingested";
    assert_eq!(d.wait_for(distinct, EVENTS as u64).await, EVENTS as u64);
    assert_eq!(
        d.count("SELECT count() FROM feedback FINAL").await,
        EVENTS as u64
    );
    assert!(pipeline.stop().success(), "{}", d.log());
}

#[tokio::test]
async fn what_was_committed_is_not_read_again() {
    let d = deployed("goes_on", 2, "");
    for round in 1..=3 {
        send(
            &d.topic(),
            (0..50).map(|i| Some(review(100 * round + i, "fine"))),
        );
        let pipeline = d.start();
        d.wait_for(OUTCOMES, 50 * round as u64).await;
        assert!(pipeline.stop().success(), "{}", d.log());
    }
    assert_eq!(d.count(OUTCOMES).await, 150);
}

#[tokio::test]
async fn a_table_that_goes_missing_stops_the_pipeline_and_commits_nothing() {
    let d = deployed("no_table", 1, "");
    let pipeline = d.start();
    send(&d.topic(), [Some(review(1, "fine"))]);
    d.wait_for(OUTCOMES, 1).await;
    d.client()
        .query("RENAME TABLE ingested TO elsewhere")
        .execute()
        .await
        .unwrap();
    send(&d.topic(), [Some(review(2, "fine"))]);
    assert!(!pipeline.wait().success());
    assert!(d.log().contains("ingested"), "{}", d.log());
    d.client()
        .query("RENAME TABLE elsewhere TO ingested")
        .execute()
        .await
        .unwrap();
    let pipeline = d.start();
    d.wait_for("SELECT uniqExact(offset) FROM ingested", 2)
        .await;
    assert!(pipeline.stop().success());
}
