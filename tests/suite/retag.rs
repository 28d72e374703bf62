//! `sada retag` against the real engine, as a process.

use std::process::{Command, Output, Stdio};
use std::time::Instant;

use sada::batch::{Computed, Partition, RawRecord};
use sada::decode::{Limits, decode};
use sada::enrich::intents::Cues;
use sada::enrich::privacy::Redactor;
use sada::enrich::sentiment::Model;
use sada::enrich::topics::{Taxonomy, trained};
use sada::enrich::{Enriched, Enricher};
use sada::language::{self, Detector};
use sada::warehouse::rows::{FeedbackRow, Position};

use crate::support::{Deployment, PATIENCE, SADA};

const DAYS: [&str; 4] = ["--from", "2026-01-01", "--to", "2026-12-31"];

/// A database with tables; no Kafka is needed.
fn deployed(name: &str) -> Deployment {
    let deployment = Deployment::new(name, "localhost:1", "");
    let migrated = deployment.sada("migrate");
    assert!(migrated.status.success(), "{migrated:?}");
    deployment
}

/// `sada retag` of all days, not started yet.
pub fn retag(d: &Deployment, more: &[&str]) -> Command {
    let mut command = Command::new(SADA);
    command.arg("retag").arg("--config").arg(&d.file);
    command.args(DAYS).args(more).stdin(Stdio::null());
    command
}

fn retagged(d: &Deployment, more: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = retag(d, more).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The number in the line of the summary that begins with a word.
pub fn told(summary: &str, what: &str) -> u64 {
    let line = summary.lines().find(|l| l.trim_start().starts_with(what));
    let line = line.unwrap_or_else(|| panic!("{what} in\n{summary}"));
    line.split_whitespace()
        .next_back()
        .unwrap()
        .parse()
        .unwrap()
}

async fn run(d: &Deployment, sql: &str) {
    let query = d.client().query_raw(sql).execute().await;
    query.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

/// Rows of a query, one a line.
async fn lines(d: &Deployment, sql: &str) -> Vec<String> {
    let bytes = d.client().query(sql).fetch_bytes("JSONEachRow").unwrap();
    let mut bytes = bytes;
    let bytes = bytes
        .collect()
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Short surveys of one day, tagged by models of long ago: `n` items with ids from `first`.
pub async fn old_surveys(d: &Deployment, first: u64, n: u64, version: u64, text: &str) {
    run(
        d,
        &format!(
            "INSERT INTO feedback (tenant, kind, source, feedback_id, version, created_at, text, \
             language, language_tag, `answers.question_id`, `answers.type`, `answers.text`, \
             `answers.sentiment`, `answers.sentiment_score`, `answers.sentiment_confidence`, \
             `answers.question`, `answers.number`, `answers.boolean`, `answers.choices`, \
             `answers.scale_min`, `answers.scale_max`, `answers.higher_better`, \
             model_version, taxonomy_version, _offset, survey_name) \
             SELECT 'acme', 'survey', 's1', concat('r', toString(number)), {version}, \
             toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + number % 5 * 86400, '{text}', 'xx', \
             'xx', ['q'], ['text'], ['{text}'], ['unknown'], [0], [0], ['why'], [NULL], [NULL], \
             [[]], [NULL], [NULL], [NULL], 'models of old', 't0', {version} * 1000000 + number, \
             'kept' FROM numbers({first}, {n})"
        ),
    )
    .await;
}

fn enricher() -> Enricher {
    Enricher::new(
        Detector::new(language::Model::of_this_build().unwrap()),
        Redactor::new(b"a key known to tests"),
        Model::built_in().unwrap(),
        Taxonomy::built_in()
            .unwrap()
            .with(trained::Model::built_in().unwrap()),
        Cues::built_in().unwrap(),
    )
}

/// Every example of an event, enriched as it comes in.
fn examples() -> Vec<Enriched> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/feedback/examples");
    let mut files: Vec<_> = ["review", "conversation", "message", "survey"]
        .iter()
        .flat_map(|kind| std::fs::read_dir(format!("{folder}/{kind}")).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let enricher = enricher();
    files
        .iter()
        .map(|file| {
            let payload = std::fs::read(file).unwrap();
            let record = RawRecord {
                offset: 1,
                time: 1_777_680_000_000,
                key: b"",
                payload: Some(&payload),
                headers: Vec::new(),
            };
            enricher.enrich(decode(&record, &Limits::default()).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn a_fresh_row_retagged_by_the_same_models_keeps_its_tags() {
    let d = deployed("retag_same");
    let partition = Partition {
        topic: "t".into(),
        stream: "s".into(),
        number: 0,
    };
    let mut examples = examples();
    // Flags tell of the raw text, so they are kept.
    let flagged = examples.iter_mut().find(|e| !e.feedback.deleted).unwrap();
    flagged.tags.flags = vec![sada::enrich::mojibake::REPAIRED];
    let mut insert = d
        .client()
        .insert::<FeedbackRow<'static>>("feedback")
        .await
        .unwrap();
    for (offset, enriched) in (0..).zip(&examples) {
        let position = Position {
            partition: &partition,
            offset,
            time: 1_777_680_000_000,
            computed: Computed::STREAM,
        };
        insert
            .write(&FeedbackRow::new(enriched, position))
            .await
            .unwrap();
    }
    insert.end().await.unwrap();
    // Where personal data was replaced, the stored text tells a little less of its language.
    let rows = "SELECT * EXCEPT (_ingested_at, _revision, _origin) \
                REPLACE (if(redactions > 0, 0, language_confidence) AS language_confidence) \
                FROM feedback FINAL WHERE is_deleted = 0 ORDER BY ALL";
    let before = lines(&d, rows).await;
    assert!(before.len() > 20);
    let summary = retagged(&d, &["--all"]);
    assert_eq!(told(&summary, "written"), before.len() as u64, "{summary}");
    let after = lines(&d, rows).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    for changed in ["other language", "other sentiment", "other topics"] {
        assert_eq!(told(&summary, changed), 0, "{summary}");
    }
    let origins = "SELECT count() FROM feedback FINAL WHERE is_deleted = 0 AND _origin = 'retag'";
    assert_eq!(d.count(origins).await, before.len() as u64);
    let flags = "SELECT count() FROM feedback_latest WHERE flags = ['mojibake_repaired']";
    assert_eq!(d.count(flags).await, 1);
    let again = retagged(&d, &[]);
    assert!(again.contains("Nothing to do."), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_half_way_beside_live_writes_every_row_is_retagged_once() {
    const ROWS: u64 = 5_000;
    const NEWER: u64 = 1_000;
    let d = deployed("retag_killed");
    run(&d, "SYSTEM STOP MERGES feedback").await;
    old_surveys(&d, 0, ROWS, 1, "ok").await;
    let done = "SELECT count() FROM feedback WHERE _origin = 'retag'";

    let log = std::fs::File::create(d.folder.path().join("sada.log")).unwrap();
    let mut job = retag(&d, &["--rate", "1000"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    // Newer versions from the source, all through the job.
    let mut next = 0;
    let begun = Instant::now();
    while d.count(done).await < ROWS / 3 && begun.elapsed() < PATIENCE {
        old_surveys(&d, next, 10, 2, "perfect").await;
        next += 10;
        assert!(next < NEWER, "{}", d.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    job.kill().unwrap();
    job.wait().unwrap();
    let first = d.count(done).await;
    assert!((ROWS / 3..ROWS).contains(&first), "{first}: {}", d.log());

    let second = retag(&d, &["--rate", "20000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    while next < NEWER {
        old_surveys(&d, next, 10, 2, "perfect").await;
        next += 10;
    }
    assert!(second.wait_with_output().unwrap().status.success());
    // Those that came while it ran.
    retagged(&d, &[]);

    let latest = "SELECT count() FROM feedback_latest WHERE model_version != 'models of old'";
    assert_eq!(d.count(latest).await, ROWS);
    let latest = "SELECT count() FROM feedback_latest";
    assert_eq!(d.count(latest).await, ROWS);
    let newer = "SELECT count() FROM feedback_latest WHERE text = 'perfect' AND version = 2 \
                 AND sentiment = 'positive' AND answers.sentiment = ['positive']";
    assert_eq!(d.count(newer).await, NEWER, "no live update is lost");
    let copied = "SELECT count() FROM feedback_latest WHERE survey_name = 'kept' \
                  AND answers.question = ['why'] AND taxonomy_version != 't0' AND language != 'xx'";
    assert_eq!(d.count(copied).await, ROWS);
    let twice = "SELECT count() FROM (SELECT feedback_id, version FROM feedback \
                 WHERE _origin = 'retag' GROUP BY ALL HAVING count() > 1)";
    assert_eq!(d.count(twice).await, 0, "each row is retagged once");
    let again = retagged(&d, &[]);
    assert!(again.contains("Nothing to do."), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_repair_copies_meanwhile_are_retagged_too() {
    const ROWS: u64 = 3_000;
    let d = deployed("retag_copied");
    old_surveys(&d, 0, ROWS, 1, "ok").await;
    let job = retag(&d, &["--rate", "1500"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut job = Some(tokio::task::spawn_blocking(move || {
        job.wait_with_output().unwrap()
    }));
    // As repair does it, again and again.
    let copy = "INSERT INTO feedback SELECT * REPLACE (_revision + 1 AS _revision, now64(3) AS \
                _ingested_at) FROM feedback FINAL WHERE _origin != 'retag'";
    while job.as_ref().is_some_and(|job| !job.is_finished()) {
        run(&d, copy).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    let output = job.take().unwrap().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let summary = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told(&summary, "written"), ROWS, "{summary}");
    let old = "SELECT count() FROM feedback_latest WHERE model_version = 'models of old'";
    assert_eq!(d.count(old).await, 0, "{summary}");
    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, ROWS);
}

#[tokio::test]
async fn only_rows_in_scope_are_read_whatever_their_keys_hold() {
    let d = deployed("retag_scope");
    let row = |tenant: &str, id: &str, day: &str, language: &str, deleted: u8| {
        format!(
            "('{tenant}', 'review', 'shop', '{id}', 1, '{day} 23:59:59', 'late', '{language}', {deleted}, 'm0')"
        )
    };
    let strange = r"a\'b\\c\t?\n{d:String} \%é";
    let rows = [
        row("acme", "in", "2026-01-01", "en", 0),
        row("acme", strange, "2026-12-31", "en", 0),
        row("acme", "late", "2027-01-01", "en", 0),
        row("acme", "early", "2025-12-31", "en", 0),
        row("acme", "persian", "2026-02-01", "fa", 0),
        row("acme", "gone", "2026-02-01", "en", 1),
        row("other", "theirs", "2026-02-01", "en", 0),
    ];
    run(
        &d,
        &format!(
            "INSERT INTO feedback (tenant, kind, source, feedback_id, version, created_at, text, \
             language, is_deleted, model_version) SETTINGS async_insert = 0 VALUES {}",
            rows.join(", ")
        ),
    )
    .await;
    let scope = ["--tenant", "acme", "--language", "en"];
    let dry = retagged(&d, &[&scope[..], &["--dry-run"]].concat());
    assert_eq!(told(&dry, "read"), 2, "{dry}");
    assert_eq!(told(&dry, "other sentiment"), 2, "{dry}");
    let done = "SELECT count() FROM feedback WHERE _origin = 'retag'";
    assert_eq!(d.count(done).await, 0);

    let summary = retagged(&d, &scope);
    assert_eq!(told(&summary, "written"), 2, "{summary}");
    let ids = "SELECT feedback_id FROM feedback WHERE _origin = 'retag' ORDER BY 1";
    let ids = lines(&d, ids).await;
    assert_eq!(ids.len(), 2);
    assert!(
        ids[0].contains("{d:String}") && ids[1].contains("in"),
        "{ids:?}"
    );

    // A language of stored rows, outside of the scope or in it as a part, is no mistake.
    let none = retagged(&d, &["--tenant", "other", "--language", "fa"]);
    assert!(none.contains("Nothing to do."), "{none}");
    let refused = retag(&d, &["--language", "xx"]).output().unwrap();
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("no stored row is tagged xx") && errors.contains("mend: name one of "),
        "{errors}"
    );
    assert!(errors.contains("fa"), "{errors}");

    let refused = retag(&d, &["--embedded", "/nowhere"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}

#[tokio::test]
async fn a_job_of_all_rows_goes_on_by_its_number() {
    let d = deployed("retag_job");
    old_surveys(&d, 0, 100, 1, "ok").await;
    let first = retagged(&d, &["--all"]);
    let job = first
        .split("--job ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    run(&d, "INSERT INTO feedback SELECT * REPLACE (0 AS _revision, concat('new', feedback_id) AS feedback_id) FROM feedback FINAL LIMIT 7").await;
    let second = retagged(&d, &["--all", "--job", job]);
    assert_eq!(told(&second, "written"), 7, "{second}");
    let third = retagged(&d, &["--all", "--job", job]);
    assert!(third.contains("Nothing to do."), "{third}");
    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, 107);
}
