//! Where a group goes on, case by case, on a real Kafka and the real engine: each record has one
//! line of evidence and one row at the end, physically, since merges are stopped.

use std::process::Command;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::events::{deployed, score, send, send_scores};
use crate::kafka_server::KafkaServer;
use crate::support::{Deployment, PATIENCE, Running, SADA};

const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const SETTINGS: &str = "[batch]\nrows = 60\ntime = \"50ms\"\nper_second = 1000\n\
                        [kafka.properties]\n\"session.timeout.ms\" = \"6000\"\n";

/// A deployment of one partition whose pipeline has passed `count` scores and was stopped. Rows of
/// one item don't merge.
async fn settled(name: &str, count: usize) -> Deployment {
    let d = deployed(name, 1, SETTINGS);
    run(&d, "SYSTEM STOP MERGES feedback").await;
    send_scores(&d.topic(), 0..count);
    let pipeline = d.start();
    d.wait_for("SELECT count() FROM ingested", count as u64)
        .await;
    stop(&d, pipeline);
    d
}

async fn run(d: &Deployment, sql: &str) {
    d.client().query(sql).execute().await.unwrap();
}

fn stop(d: &Deployment, pipeline: Running) {
    assert!(pipeline.stop().success(), "{}", d.log());
}

/// What the pipeline printed as the name of its build, and the id of the topic.
async fn build_and_stream(d: &Deployment) -> (String, String) {
    let log = d.log();
    let (_, build) = log.split_once("build=\"").expect(&log);
    let build = build.split('"').next().unwrap().to_owned();
    let sql = "SELECT stream FROM streams ORDER BY started_at DESC LIMIT 1";
    let stream = d.client().query(sql).fetch_one::<String>().await.unwrap();
    (build, stream)
}

/// Commits for the group, as a crashed pipeline or another program would have.
fn commit(d: &Deployment, offset: i64, metadata: &str) {
    let consumer: BaseConsumer = KafkaServer::shared()
        .unwrap()
        .client()
        .set("group.id", &d.name)
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&d.topic(), 0, Offset::Offset(offset))
        .unwrap();
    if !metadata.is_empty() {
        list.find_partition(&d.topic(), 0)
            .unwrap()
            .set_metadata(metadata);
    }
    consumer.commit(&list, CommitMode::Sync).unwrap();
}

fn committed(d: &Deployment) -> (Offset, String) {
    let consumer: BaseConsumer = KafkaServer::shared()
        .unwrap()
        .client()
        .set("group.id", &d.name)
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition(&d.topic(), 0);
    let list = consumer.committed_offsets(list, PATIENCE).unwrap();
    let element = list.find_partition(&d.topic(), 0).unwrap();
    (element.offset(), element.metadata().to_owned())
}

/// As if the crash had come between the rows and their evidence.
async fn forget_lines(d: &Deployment, first: u64, last: u64) {
    let sql = format!(
        "ALTER TABLE ingested DELETE WHERE offset BETWEEN {first} AND {last} SETTINGS mutations_sync = 2"
    );
    run(d, &sql).await;
}

/// Every offset of one stream below `end` has one line, and each with a row one row.
async fn assert_exact(d: &Deployment, end: u64) {
    let lines = "SELECT count() * 1000000 + uniqExact(stream, offset) FROM ingested";
    assert_eq!(
        d.count(lines).await,
        end * 1_000_000 + end,
        "lines; log:\n{}",
        d.log()
    );
    let rows = "SELECT count() * 1000000 + uniqExact(_stream, _offset) FROM feedback";
    let expected = d
        .count("SELECT count() FROM ingested WHERE outcome = 'row'")
        .await;
    assert_eq!(
        d.count(rows).await,
        expected * 1_000_000 + expected,
        "rows; log:\n{}",
        d.log()
    );
}

/// Starts, sends ten more scores, waits for all, stops.
async fn go_on(d: &Deployment, from: usize) {
    let pipeline = d.start();
    send_scores(&d.topic(), from..from + 10);
    let newest = "SELECT max(offset) FROM ingested WHERE stream = \
                  (SELECT stream FROM streams ORDER BY started_at DESC LIMIT 1)";
    d.wait_for(newest, from as u64 + 9).await;
    stop(d, pipeline);
    assert_exact(d, from as u64 + 10).await;
    let (_, stream) = build_and_stream(d).await;
    let expected = (Offset::Offset(from as i64 + 10), format!("v1:{stream}"));
    assert_eq!(committed(d), expected);
}

#[tokio::test]
async fn a_range_of_the_same_build_is_written_once() {
    let d = settled("same_build", 200).await;
    let (build, stream) = build_and_stream(&d).await;
    // Rows are there, lines of evidence are not; then only a part of the lines.
    forget_lines(&d, 150, 199).await;
    commit(&d, 150, &format!("v1:{stream}:150-199:{build}"));
    go_on(&d, 200).await;
    assert!(
        d.log().contains("announced, perhaps written"),
        "{}",
        d.log()
    );
    forget_lines(&d, 180, 209).await;
    commit(&d, 155, &format!("v1:{stream}:155-209:{build}"));
    go_on(&d, 210).await;
}

#[tokio::test]
async fn a_range_of_another_build_is_written_where_it_lacks() {
    let d = settled("other_build", 200).await;
    let (_, stream) = build_and_stream(&d).await;
    forget_lines(&d, 170, 199).await;
    commit(&d, 150, &format!("v1:{stream}:150-199:another"));
    go_on(&d, 200).await;
    assert!(
        d.log().contains("announced by another build"),
        "{}",
        d.log()
    );
}

#[tokio::test]
async fn a_range_past_the_token_window_is_written_once() {
    let d = settled("past_window", 200).await;
    let (build, stream) = build_and_stream(&d).await;
    for table in ["feedback", "ingested"] {
        run(
            &d,
            &format!("ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 1"),
        )
        .await;
    }
    // A batch of the run, under the very tokens that it had.
    let log = "SELECT count() FROM ingested WHERE offset >= 120";
    assert_eq!(d.count(log).await, 80);
    forget_lines(&d, 120, 179).await;
    commit(&d, 120, &format!("v1:{stream}:120-179:{build}"));
    go_on(&d, 200).await;
}

#[tokio::test]
async fn offsets_that_expired_go_on_after_the_evidence() {
    let d = settled("expired", 200).await;
    // The last range had its rows when the group's offsets went.
    forget_lines(&d, 190, 199).await;
    let kafka = KafkaServer::shared().unwrap();
    kafka
        .tool(GROUPS, &["--delete", "--group", &d.name])
        .unwrap();
    assert_eq!(committed(&d).0, Offset::Invalid);
    go_on(&d, 200).await;
    assert!(
        d.log().contains("offsets of the group are gone"),
        "{}",
        d.log()
    );
}

/// Limits under which every score of [`long_scores`] is a dead letter, and no other.
const STRICT: &str = "[limits]\nrecord_bytes = 1024\ntext_bytes = 1024\n";

/// Scores that are longer than the strict limits allow, by what JSON ignores.
fn send_long_scores(d: &Deployment, numbers: std::ops::Range<usize>) {
    let long = |number| format!("{}{}", score(number), " ".repeat(1_024));
    send(&d.topic(), numbers.map(|number| Some(long(number))));
}

/// Gives the next start other limits: another build.
fn limit(d: &Deployment, limits: &str) {
    let text = std::fs::read_to_string(&d.file).unwrap();
    let before = text.split("[limits]").next().unwrap();
    std::fs::write(&d.file, format!("{before}{limits}")).unwrap();
}

/// A deployment whose pipeline has passed `count` long scores under these limits and was stopped,
/// as if it had crashed before the lines from `first` on, to be started again under others.
async fn crashed(name: &str, count: usize, limits: [&str; 2], first: u64) -> Deployment {
    let d = deployed(name, 1, SETTINGS);
    limit(&d, limits[0]);
    run(&d, "SYSTEM STOP MERGES feedback").await;
    send_long_scores(&d, 0..count);
    let pipeline = d.start();
    d.wait_for("SELECT count() FROM ingested", count as u64)
        .await;
    stop(&d, pipeline);
    let (build, stream) = build_and_stream(&d).await;
    let last = count as u64 - 1;
    forget_lines(&d, first, last).await;
    let announced = format!("v1:{stream}:{first}-{last}:{build}");
    commit(&d, first as i64, &announced);
    limit(&d, limits[1]);
    d
}

/// What `sada reconcile` says is that all is in order.
fn assert_reconciled(d: &Deployment) {
    let said = d.sada("reconcile");
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(said.status.code(), Some(0), "{text}\nlog:\n{}", d.log());
}

#[tokio::test]
async fn what_was_a_row_before_a_crash_stays_one_though_it_would_be_refused_now() {
    let d = crashed("stays_row", 200, ["", STRICT], 150).await;
    let pipeline = d.start();
    send_long_scores(&d, 200..210);
    d.wait_for("SELECT count() FROM ingested", 210).await;
    stop(&d, pipeline);
    assert!(
        d.log().contains("announced by another build"),
        "{}",
        d.log()
    );
    assert_exact(&d, 210).await;
    assert_eq!(d.count("SELECT count() FROM feedback").await, 200);
    let letters = "SELECT count() * 1000 + min(offset) FROM dead_letters";
    assert_eq!(d.count(letters).await, 10_200, "only what came after");
    // Its line says of it what its row says.
    let proved = "SELECT count() FROM ingested AS i JOIN feedback AS f \
                  ON i.stream = f._stream AND i.offset = f._offset \
                  WHERE i.item_hash = xxh3(concat(tenant, '\\0', kind, '\\0', source, '\\0', feedback_id)) \
                  AND i.version = f.version AND i.created_at = f.created_at AND i.reason = ''";
    assert_eq!(d.count(proved).await, 200);
    assert_reconciled(&d);
}

#[tokio::test]
async fn what_was_a_dead_letter_before_a_crash_stays_one_though_it_would_be_a_row_now() {
    let d = crashed("stays_letter", 200, [STRICT, ""], 150).await;
    let pipeline = d.start();
    send_long_scores(&d, 200..210);
    d.wait_for("SELECT count() FROM ingested", 210).await;
    stop(&d, pipeline);
    assert_exact(&d, 210).await;
    assert_eq!(d.count("SELECT count() FROM feedback").await, 10);
    let lines = "SELECT count() FROM ingested \
                 WHERE outcome = 'dead_letter' AND reason = 'too_long' AND offset < 200";
    assert_eq!(d.count(lines).await, 200);
    let letters = "SELECT count() * 1000 + max(offset) FROM dead_letters FINAL";
    assert_eq!(d.count(letters).await, 200_199);
    assert_reconciled(&d);
    // The way from one to the other is a replay.
    let replayed = Command::new(SADA)
        .args(["replay", "--topic", &d.topic(), "--config"])
        .arg(&d.file)
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{replayed:?}");
    assert_eq!(d.count("SELECT count() FROM feedback").await, 210);
    assert_reconciled(&d);
}

#[tokio::test]
async fn what_was_a_row_before_retention_ate_its_record_is_no_gap() {
    let d = crashed("stays_row_in_gap", 200, ["", ""], 150).await;
    for sql in [
        // What deletes waits for merges.
        "SYSTEM START MERGES feedback",
        "ALTER TABLE feedback DELETE WHERE _offset >= 180 SETTINGS mutations_sync = 2",
    ] {
        run(&d, sql).await;
    }
    KafkaServer::shared()
        .unwrap()
        .delete_records(&d.topic(), 0, 200)
        .unwrap();
    go_on(&d, 200).await;
    let gaps = "SELECT count() * 1000000 + min(offset) * 1000 + max(offset) FROM ingested WHERE outcome = 'gap'";
    assert_eq!(d.count(gaps).await, 20_180_199);
    assert_reconciled(&d);
}

#[tokio::test]
async fn what_retention_ate_is_a_gap() {
    let d = settled("retention", 200).await;
    send_scores(&d.topic(), 200..300);
    KafkaServer::shared()
        .unwrap()
        .delete_records(&d.topic(), 0, 250)
        .unwrap();
    go_on(&d, 300).await;
    let gaps = "SELECT count() * 1000000 + min(offset) * 1000 + max(offset) FROM ingested WHERE outcome = 'gap'";
    assert_eq!(d.count(gaps).await, 50_200_249);
    assert!(d.log().contains("Kafka deleted records"), "{}", d.log());
}

#[tokio::test]
async fn an_offset_reset_backwards_by_kafkas_own_tool_doubles_nothing() {
    let d = settled("reset", 200).await;
    let kafka = KafkaServer::shared().unwrap();
    let reset = [
        "--reset-offsets",
        "--to-offset",
        "30",
        "--execute",
        "--group",
        &d.name,
        "--topic",
        &d.topic(),
    ];
    kafka.tool(GROUPS, &reset).unwrap();
    assert_eq!(committed(&d), (Offset::Offset(30), String::new()));
    go_on(&d, 200).await;
    assert!(
        d.log().contains("committed by another program"),
        "{}",
        d.log()
    );
}

#[tokio::test]
async fn a_topic_made_again_is_a_new_stream() {
    let d = settled("made_again", 40).await;
    let kafka = KafkaServer::shared().unwrap();
    kafka.delete_topic(&d.topic()).unwrap();
    kafka.create_topic(&d.topic(), 1).unwrap();
    send_scores(&d.topic(), 100..130);
    let pipeline = d.start();
    d.wait_for("SELECT count() FROM ingested", 70).await;
    // And once more, while it runs.
    kafka.delete_topic(&d.topic()).unwrap();
    kafka.create_topic(&d.topic(), 1).unwrap();
    send_scores(&d.topic(), 200..260);
    d.wait_for("SELECT count() FROM ingested", 130).await;
    stop(&d, pipeline);
    assert_eq!(d.count("SELECT uniqExact(stream) FROM ingested").await, 3);
    assert_exact(&d, 130).await;
    assert!(d.log().contains("topic was made again"), "{}", d.log());
}

#[tokio::test]
async fn one_row_that_clickhouse_refuses_is_a_dead_letter_and_its_neighbours_are_rows() {
    let settings = "[batch]\nrows = 10000\nper_second = 1000\n";
    let d = deployed("refused", 1, settings);
    run(&d, "SYSTEM STOP MERGES feedback").await;
    run(
        &d,
        "ALTER TABLE feedback ADD CONSTRAINT c CHECK feedback_id != 's7777'",
    )
    .await;
    send_scores(&d.topic(), 0..10_000);
    let pipeline = d.start();
    d.wait_for("SELECT count() FROM ingested", 10_000).await;
    stop(&d, pipeline);
    assert_exact(&d, 10_000).await;
    assert_eq!(d.count("SELECT count() FROM feedback").await, 9_999);
    let refused: Vec<(u64, String, String)> = d
        .client()
        .query("SELECT offset, reason, message FROM dead_letters")
        .fetch_all()
        .await
        .unwrap();
    let message = "ClickHouse refuses the row: VIOLATED_CONSTRAINT".to_owned();
    assert_eq!(
        refused,
        [(7_777, "refused_by_warehouse".to_owned(), message)]
    );
}

#[tokio::test]
async fn a_constraint_that_all_rows_break_stops_the_pipeline() {
    let d = deployed("all_refused", 1, "");
    run(
        &d,
        "ALTER TABLE feedback ADD CONSTRAINT c CHECK tenant = 'nobody'",
    )
    .await;
    send_scores(&d.topic(), 0..300);
    let pipeline = d.start();
    assert!(!pipeline.wait().success());
    assert!(d.log().contains("no matter of single rows"), "{}", d.log());
    assert_eq!(d.count("SELECT count() FROM ingested").await, 0);
    assert_eq!(d.count("SELECT count() FROM dead_letters").await, 0);
}

/// Members join and leave under load.
async fn rebalanced(name: &str, property: &str) {
    const EVENTS: usize = 4_000;
    let settings = format!(
        "[batch]\nrows = 60\ntime = \"50ms\"\nper_second = 1000\n[kafka.properties]\n{property}\n"
    );
    let d = deployed(name, 4, &settings);
    run(&d, "SYSTEM STOP MERGES feedback").await;
    send_scores(&d.topic(), 0..EVENTS / 2);
    let first = d.start();
    d.wait_for("SELECT count() FROM ingested", 200).await;
    let second = d.start();
    send(&d.topic(), (EVENTS / 2..EVENTS).map(|i| Some(score(i))));
    d.wait_for("SELECT count() FROM ingested", EVENTS as u64 / 2 + 500)
        .await;
    stop(&d, first);
    let lines = "SELECT uniqExact(partition, offset) FROM ingested";
    d.wait_for(lines, EVENTS as u64).await;
    stop(&d, second);
    assert_eq!(
        d.count("SELECT count() FROM ingested").await,
        EVENTS as u64,
        "{}",
        d.log()
    );
    assert_eq!(
        d.count("SELECT count() FROM feedback").await,
        EVENTS as u64,
        "{}",
        d.log()
    );
}

#[tokio::test]
async fn members_join_and_leave_with_eager_assignment() {
    rebalanced("eager", "\"partition.assignment.strategy\" = \"range\"").await;
}

#[tokio::test]
async fn members_join_and_leave_with_cooperative_assignment() {
    rebalanced(
        "cooperative",
        "\"partition.assignment.strategy\" = \"cooperative-sticky\"",
    )
    .await;
}

#[tokio::test]
async fn members_join_and_leave_with_the_new_consumer_protocol() {
    rebalanced("kip848", "\"group.protocol\" = \"consumer\"").await;
}
