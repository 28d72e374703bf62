//! `sada replay` after real runs against a real Kafka and the real engine.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::kafka_server::KafkaServer;
use crate::support::{Deployment, PATIENCE, SADA};

/// Records longer than a kilobyte are refused.
const SHORT: &str = "[limits]\nrecord_bytes = 1024\ntext_bytes = 512\n";
/// The reason mended.
const LONG: &str = "[limits]\nrecord_bytes = 65536\ntext_bytes = 512\n";

fn deployed(name: &str, partitions: i32, extra: &str) -> Deployment {
    let kafka = KafkaServer::shared().unwrap();
    let deployment = Deployment::new(name, kafka.bootstrap(), &format!("{SHORT}{extra}"));
    kafka.create_topic(&deployment.topic(), partitions).unwrap();
    let dead = deployment.dead_letter_topic();
    kafka.create_topic(&dead, 2).unwrap();
    let migrated = deployment.sada("migrate");
    assert!(migrated.status.success(), "{migrated:?}");
    deployment
}

/// Gives the configuration other limits.
fn mend(d: &Deployment) {
    let text = std::fs::read_to_string(&d.file).unwrap();
    std::fs::write(&d.file, text.replace(SHORT, LONG)).unwrap();
}

/// A score, which costs no time to enrich. `padding`: bytes that no schema knows.
fn score(id: usize, version: u64, padding: usize) -> String {
    serde_json::json!({
        "specversion": "1.0", "id": format!("event-{id}-{version}"), "source": "forms",
        "type": "cx.survey_response.v1", "time": "2026-03-01T10:00:00Z", "tenant_id": "acme",
        "version": version, "padding": "x".repeat(padding),
        "data": {
            "response_id": format!("s{id}"), "survey": {"id": "nps"}, "status": "complete",
            "created_at": "2026-03-01T09:00:00Z", "submitted_at": "2026-03-01T09:00:00Z",
            "answers": [{"question_id": "q", "text": "?", "type": "nps", "number": version % 11}]
        }
    })
    .to_string()
}

fn send(d: &Deployment, payloads: impl IntoIterator<Item = String>) {
    let producer: BaseProducer = KafkaServer::shared().unwrap().client().create().unwrap();
    let topic = d.topic();
    for (number, payload) in payloads.into_iter().enumerate() {
        let key = number.to_string();
        let record = BaseRecord::to(&topic).key(&key).payload(&payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    }
    producer.flush(PATIENCE).unwrap();
}

/// Runs the pipeline until so many records have their outcome and are committed.
async fn ingest(d: &Deployment, outcomes: u64) {
    let pipeline = d.start();
    d.wait_for("SELECT count() FROM ingested", outcomes).await;
    assert!(pipeline.stop().success(), "{}", d.log());
}

fn replay(d: &Deployment, arguments: &[&str]) -> Command {
    let mut command = Command::new(SADA);
    command.arg("replay").arg("--config").arg(&d.file);
    command.args(arguments).stdin(Stdio::null());
    command
}

fn replayed(d: &Deployment, arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = replay(d, arguments).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The numbers in the line that begins with these words.
fn told(summary: &str, what: &str) -> Vec<u64> {
    let mut lines = summary.lines().filter_map(|l| l.trim().strip_prefix(what));
    let line = lines
        .next()
        .unwrap_or_else(|| panic!("{what} in\n{summary}"));
    line.split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect()
}

async fn run(d: &Deployment, sql: &str) {
    let done = d.client().query_raw(sql).execute().await;
    done.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

const REPLAYED: &str = "SELECT count() FROM feedback WHERE _origin = 'replay'";
const LINES: &str = "SELECT count() FROM ingested WHERE revision > 0";

#[tokio::test]
async fn letters_that_pass_now_become_rows_once_and_newer_versions_win() {
    let d = deployed("replay_letters", 2, "");
    run(&d, "SYSTEM STOP MERGES feedback").await;
    let mut payloads: Vec<String> = (0..40).map(|i| score(i, 1_700_000_000_000, 0)).collect();
    for (i, payload) in payloads.iter_mut().enumerate().take(20) {
        *payload = score(i, 1_700_000_000_001, 2_000);
    }
    payloads.push("{".into());
    send(&d, payloads);
    ingest(&d, 41).await;
    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, 20);

    // Nothing passes before the reason is mended.
    let early = replayed(&d, &[]);
    assert_eq!(told(&early, "too_long"), [20, 0, 0, 20, 0], "{early}");
    assert_eq!(d.count(LINES).await, 0);
    mend(&d);
    let dry = replayed(&d, &["--dry-run"]);
    assert_eq!(told(&dry, "too_long"), [20, 20, 0, 0, 0], "{dry}");
    assert_eq!(told(&dry, "malformed_json"), [1, 0, 0, 1, 0], "{dry}");
    for none in [
        &["--reason", "invalid_utf8"][..],
        &["--since", "2999-01-01"],
    ] {
        let summary = replayed(&d, none);
        assert!(summary.contains("No dead letter"), "{none:?}: {summary}");
    }
    let refused = replay(&d, &["--topic", "another"]).output().unwrap();
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("never read another")
            && errors.contains(&format!("mend: name one of {}\n", d.topic())),
        "{errors}"
    );
    assert_eq!(d.count(REPLAYED).await, 0);

    // A newer version of one has come meanwhile.
    send(&d, [score(3, 1_800_000_000_000, 0)]);
    ingest(&d, 42).await;
    let summary = replayed(
        &d,
        &[
            "--reason",
            "too_long",
            "--topic",
            &d.topic(),
            "--since",
            "1h",
        ],
    );
    assert_eq!(told(&summary, "too_long"), [20, 20, 0, 0, 0], "{summary}");
    assert_eq!(d.count(REPLAYED).await, 20);
    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, 40);
    let newest = "SELECT version FROM feedback_latest WHERE feedback_id = 's3'";
    assert_eq!(d.count(newest).await, 1_800_000_000_000);
    // Row and line stand at the record's own position.
    let agree = "SELECT count() FROM feedback AS f INNER JOIN ingested AS i \
                 ON f._stream = i.stream AND f._partition = i.partition AND f._offset = i.offset \
                 AND f._revision = i.revision AND f.version = i.version \
                 WHERE f._origin = 'replay' AND i.outcome = 'row' AND i.revision > 0 \
                 AND (i.stream, i.partition, i.offset) IN \
                 (SELECT stream, partition, offset FROM ingested WHERE outcome = 'dead_letter')";
    assert_eq!(d.count(agree).await, 20);

    let again = replayed(&d, &[]);
    assert_eq!(told(&again, "too_long"), [20, 0, 20, 0, 0], "{again}");
    assert_eq!((d.count(REPLAYED).await, d.count(LINES).await), (20, 20));

    // What retention has taken from the topic is told from the table.
    assert!(!again.contains("no longer in the topic"), "{again}");
    let gone =
        "INSERT INTO dead_letters SELECT * REPLACE (999 AS offset) FROM dead_letters LIMIT 1";
    run(&d, gone).await;
    let again = replayed(&d, &[]);
    assert!(
        again.contains("1 dead letters are no longer in the topic"),
        "{again}"
    );
}

#[tokio::test]
async fn killed_half_way_and_run_again_each_letter_is_a_row_once() {
    const LETTERS: u64 = 4_000;
    let d = deployed(
        "replay_killed",
        3,
        "[batch]\nrows = 50\nper_second = 1000\n",
    );
    run(&d, "SYSTEM STOP MERGES feedback").await;
    send(&d, (0..LETTERS as usize).map(|i| score(i, 5, 1_000)));
    ingest(&d, LETTERS).await;
    assert_eq!(d.count("SELECT count() FROM feedback").await, 0);
    mend(&d);

    let mut job = replay(&d, &[]).stdout(Stdio::null()).spawn().unwrap();
    d.wait_for(REPLAYED, LETTERS / 4).await;
    job.kill().unwrap();
    job.wait().unwrap();
    let first = d.count(REPLAYED).await;
    assert!(first < LETTERS, "killed too late");
    // Killed between rows and their lines, as far as ClickHouse is concerned.
    let newest = "SELECT max(offset) FROM ingested WHERE revision > 0";
    let newest = d.count(newest).await;
    run(
        &d,
        &format!(
            "ALTER TABLE ingested DELETE WHERE revision > 0 AND offset > {} \
             SETTINGS mutations_sync = 2",
            newest / 2
        ),
    )
    .await;
    assert!(d.count(LINES).await < first);
    let summary = replayed(&d, &[]);
    let ends = told(&summary, "too_long");
    assert_eq!(
        (ends[0], ends[1] + ends[2]),
        (LETTERS, LETTERS),
        "{summary}"
    );
    assert_eq!(d.count(REPLAYED).await, LETTERS, "no row is written twice");
    assert_eq!(d.count(LINES).await, LETTERS, "no line is written twice");
    let agree = "SELECT count() FROM feedback AS f INNER JOIN ingested AS i \
                 ON f._partition = i.partition AND f._offset = i.offset AND f._revision = i.revision";
    assert_eq!(d.count(agree).await, LETTERS);
    assert_eq!(
        d.count("SELECT count() FROM feedback_latest").await,
        LETTERS
    );
}

#[tokio::test]
async fn a_range_of_offsets_is_processed_again() {
    let d = deployed("replay_offsets", 1, "");
    let mut payloads: Vec<String> = (0..30).map(|i| score(i, 7, 0)).collect();
    payloads[4] = "{".into();
    payloads[5] = score(5, 7, 2_000);
    payloads[6] = score(6, 7, 2_000);
    send(&d, payloads);
    ingest(&d, 30).await;
    mend(&d);
    // Lost: a row, a dead letter, and one that would pass now.
    run(
        &d,
        "ALTER TABLE ingested DELETE WHERE offset IN (2, 4, 6) SETTINGS mutations_sync = 2",
    )
    .await;
    run(
        &d,
        "ALTER TABLE feedback DELETE WHERE _offset = 2 SETTINGS mutations_sync = 2",
    )
    .await;
    run(
        &d,
        "ALTER TABLE dead_letters DELETE WHERE offset = 4 SETTINGS mutations_sync = 2",
    )
    .await;
    let range = format!("{}:0:0-99", d.topic());
    let dry = replayed(&d, &["--offsets", &range, "--dry-run"]);
    assert_eq!(told(&dry, "would be rows"), [29], "{dry}");
    assert_eq!(d.count(LINES).await, 0);

    let summary = replayed(&d, &["--offsets", &range]);
    assert_eq!(told(&summary, "read"), [30], "{summary}");
    assert_eq!(told(&summary, "rows written"), [29], "{summary}");
    assert_eq!(told(&summary, "that were none before"), [3], "{summary}");
    assert_eq!(
        told(&summary, "had no outcome, dead letters now"),
        [1],
        "{summary}"
    );
    assert!(
        summary.contains("offsets 30-99 are the pipeline's"),
        "{summary}"
    );
    assert_eq!(d.count("SELECT uniqExact(offset) FROM ingested").await, 30);
    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, 29);
    assert_eq!(
        d.count("SELECT count() FROM dead_letters FINAL WHERE offset = 4")
            .await,
        1
    );
    let outcome = "SELECT count() FROM ingested WHERE offset = 4 AND outcome = 'dead_letter'";
    assert_eq!(d.count(outcome).await, 1);

    // What is a dead letter stays one, and is told.
    let some = format!("{}:0:3-5", d.topic());
    let again = replayed(&d, &["--offsets", &some]);
    assert_eq!(told(&again, "rows written"), [2], "{again}");
    assert_eq!(told(&again, "still dead letters"), [1], "{again}");
    assert_eq!(d.count(outcome).await, 1);
    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, 29);

    let proof = d.sada("reconcile");
    assert!(
        proof.status.success(),
        "{}",
        String::from_utf8_lossy(&proof.stdout)
    );

    let unread = replay(&d, &["--offsets", "nowhere:0:1-2"])
        .output()
        .unwrap();
    assert_eq!(unread.status.code(), Some(1), "{unread:?}");
}
