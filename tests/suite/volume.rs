//! What proof and re-enrichment cost by volume: `sada reconcile` over many rows, `sada retag` of
//! many rows beside a live pipeline.
//!
//! `make test` runs both short; `make volume ROWS=10000000 RETAG=1000000` runs them long, in a
//! release build, one after the other. They print what they measure, each a line.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::events::{deployed, send};
use crate::reconcile::{Stage, TIME};
use crate::retag::{old_surveys, retag, told};
use crate::support::{Deployment, engine};

/// Time between two looks at a process.
const LOOK: Duration = Duration::from_millis(20);
/// Most memory of a client of the warehouse, whatever the volume.
const CLIENT_MB: u64 = 200;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name).ok().filter(|v| !v.is_empty()) {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{name}: {text}")),
        None => default,
    }
}

/// Highest resident memory of a process so far, in MB; `None` once it has ended.
fn peak_mb(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

/// Forgets the engine's highest memory, so that the next peak is that of what comes now.
fn forget_peak() {
    std::fs::write(format!("/proc/{}/clear_refs", engine().id()), "5").unwrap();
}

fn engine_mb() -> u64 {
    peak_mb(engine().id()).unwrap()
}

/// What a command said and took.
struct Ended {
    code: Option<i32>,
    said: String,
    seconds: f64,
    client_mb: u64,
}

/// Waits for the end of a command, whose standard output is piped; `meanwhile` is called again and
/// again.
fn ended(mut child: Child, begun: Instant, mut meanwhile: impl FnMut()) -> Ended {
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut said = String::new();
        out.read_to_string(&mut said).unwrap();
        said
    });
    let mut client_mb = 0;
    let status = loop {
        client_mb = client_mb.max(peak_mb(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        meanwhile();
        std::thread::sleep(LOOK);
    };
    Ended {
        code: status.code(),
        said: reader.join().unwrap(),
        seconds: begun.elapsed().as_secs_f64(),
        client_mb,
    }
}

fn run(command: &mut Command) -> Ended {
    let begun = Instant::now();
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    ended(child, begun, || {})
}

/// Records, lines and rows of a partition: items created over a year, one in ten a newer version
/// of an earlier one.
async fn in_order(s: &Stage, partition: i32, count: u64) {
    /// Records sent, and rows inserted, at a time.
    const AT_ONCE: u64 = 50_000;
    const INSERTED: u64 = 500_000;
    for from in (0..count).step_by(AT_ONCE as usize) {
        s.produce(partition, AT_ONCE.min(count - from) as usize);
    }
    let (group, topic, stream) = (&s.d.name, s.d.topic(), &s.stream);
    let id = format!(
        "concat('{partition}-', toString(number % {}))",
        count * 9 / 10
    );
    let created = format!(
        "fromUnixTimestamp64Milli(toInt64({TIME} - (number % {}) % 365 * 86400000))",
        count * 9 / 10
    );
    let time = format!("fromUnixTimestamp64Milli(toInt64({TIME}))");
    for from in (0..count).step_by(INSERTED as usize) {
        let numbers = format!("numbers({from}, {})", INSERTED.min(count - from));
        s.sql(&format!(
            "INSERT INTO ingested (consumer_group, topic, stream, partition, offset, outcome, \
                                   item_hash, version, kafka_time, created_at) \
             SELECT '{group}', '{topic}', '{stream}', {partition}, number, 'row', \
                    xxh3(concat('acme\\0review\\0shop\\0', {id})), {TIME} + number, {time}, \
                    {created} FROM {numbers}"
        ))
        .await;
        s.sql(&format!(
            "INSERT INTO feedback (tenant, kind, source, feedback_id, version, created_at, _topic, \
                                   _stream, _partition, _offset, _kafka_time, _revision) \
             SELECT 'acme', 'review', 'shop', {id}, {TIME} + number, {created}, '{topic}', \
                    '{stream}', {partition}, number, {time}, 0 FROM {numbers}"
        ))
        .await;
    }
    s.commit(partition, count as i64, &format!("v1:{stream}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reconcile_of_many_rows_takes_bounded_memory_and_names_what_lacks() {
    const PARTITIONS: i32 = 4;
    let rows = number("SADA_VOLUME_ROWS", 200_000);
    let s = Stage::new("volume_reconcile", PARTITIONS, "");
    let begun = Instant::now();
    for partition in 0..PARTITIONS {
        in_order(&s, partition, rows / PARTITIONS as u64).await;
    }
    println!("{rows} rows made in {:.0} s", begun.elapsed().as_secs_f64());

    forget_peak();
    let clean = run(&mut s.command(&["--json"]));
    let report: Value = serde_json::from_str(&clean.said).unwrap();
    let totals = &report["totals"];
    assert_eq!(
        (clean.code, &totals["offsets"], &totals["rows"]),
        (Some(0), &json!(rows), &json!(rows)),
        "{report:#}"
    );
    println!(
        "reconcile of {rows} rows: {:.1} s, client {} MB, engine at most {} MB",
        clean.seconds,
        clean.client_mb,
        engine_mb()
    );
    assert!(clean.client_mb < CLIENT_MB, "{} MB", clean.client_mb);

    s.sql("DELETE FROM ingested WHERE partition = 1 AND offset BETWEEN 1000 AND 1099")
        .await;
    // A hundred items of one version each.
    let first = rows / PARTITIONS as u64 / 2;
    s.sql(&format!(
        "DELETE FROM feedback WHERE _partition = 2 AND _offset BETWEEN {first} AND {}",
        first + 99
    ))
    .await;
    let (code, report) = s.report(&[]);
    assert_eq!(code, 1);
    let found = |partition: usize, what: &str| report["partitions"][partition][what].clone();
    let ranges =
        |first: u64| json!({"count": 100, "ranges": [[first, first + 99]], "truncated": false});
    assert_eq!(found(1, "missing"), ranges(1_000));
    assert_eq!(found(2, "without_row"), ranges(first));
    let totals = &report["totals"];
    assert_eq!(
        [&totals["missing"], &totals["without_row"]],
        [&json!(100), &json!(100)]
    );
}

/// A newer version of a survey that [`old_surveys`] made, as its source sends it.
fn update(number: u64, version: u64) -> String {
    let day = 1 + number % 5;
    json!({
        "specversion": "1.0", "id": format!("update-{number}-{version}"), "source": "s1",
        "type": "cx.survey_response.v1", "time": "2026-03-06T10:00:00Z", "tenant_id": "acme",
        "version": version,
        "data": {
            "response_id": format!("r{number}"), "survey": {"id": "sv"}, "status": "complete",
            "created_at": format!("2026-03-0{day}T00:00:00Z"),
            "submitted_at": format!("2026-03-0{day}T00:00:00Z"),
            "answers": [
                {"question_id": "q", "text": "why", "type": "text", "text_value": "perfect"}
            ]
        }
    })
    .to_string()
}

/// Updates of items all over the table, each item's versions ascending, a few hundred at a time,
/// the next when the pipeline has written the last.
struct Updates<'d> {
    d: &'d Deployment,
    rows: u64,
    sent: u64,
}

impl Updates<'_> {
    const AT_ONCE: u64 = 200;
    /// Prime to all sizes of a table that are round.
    const STEP: u64 = 7_919;

    fn turn(&mut self, written: u64) {
        if written < self.sent {
            return;
        }
        let next = self.sent..self.sent + Self::AT_ONCE;
        let payload = |n: u64| Some(update(n * Self::STEP % self.rows, 2 + n / self.rows));
        send(&self.d.topic(), next.map(payload));
        self.sent += Self::AT_ONCE;
    }
}

const WRITTEN: &str = "SELECT count() FROM ingested";

#[tokio::test(flavor = "multi_thread")]
async fn retag_of_many_rows_beside_the_stream_loses_no_update() {
    let rows = number("SADA_VOLUME_RETAG", 10_000);
    let settings = "[batch]\ntime = \"200ms\"\nper_second = 100\n";
    let d = deployed("volume_retag", 4, settings);
    const AT_ONCE: u64 = 200_000;
    let text = "The parcel came two days late and nobody answered when I called";
    for from in (0..rows).step_by(AT_ONCE as usize) {
        old_surveys(&d, from, AT_ONCE.min(rows - from), 1, text).await;
    }
    let pipeline = d.start();
    let mut updates = Updates {
        d: &d,
        rows,
        sent: 0,
    };
    updates.turn(0);
    d.wait_for(WRITTEN, updates.sent).await;

    forget_peak();
    let begun = Instant::now();
    let log = std::fs::File::create(d.folder.path().join("retag.log")).unwrap();
    let job = retag(&d, &["--rate", "1000000"])
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let before = updates.sent;
    let runtime = tokio::runtime::Handle::current();
    let job = tokio::task::block_in_place(|| {
        ended(job, begun, || {
            updates.turn(runtime.block_on(d.count(WRITTEN)));
        })
    });
    let errors = std::fs::read_to_string(d.folder.path().join("retag.log")).unwrap();
    assert_eq!(job.code, Some(0), "{errors}");
    let peak = engine_mb();
    d.wait_for(WRITTEN, updates.sent).await;
    assert!(pipeline.stop().success(), "{}", d.log());
    assert!(updates.sent > before, "nothing came while it ran");
    assert!(job.client_mb < 2 * CLIENT_MB, "{} MB", job.client_mb);

    let written = told(&job.said, "written");
    println!(
        "retag of {rows} rows, {written} written: {:.1} s, {:.0} rows/s, client {} MB, engine at \
         most {peak} MB; {} updates from the stream meanwhile, {:.0} a second",
        job.seconds,
        written as f64 / job.seconds,
        job.client_mb,
        updates.sent - before,
        (updates.sent - before) as f64 / job.seconds,
    );
    let updated = updates.sent.min(rows);
    let latest = format!(
        "SELECT (count() = {rows}) + 2 * (countIf(text = 'perfect') = {updated}) \
         + 4 * (countIf(model_version = 'models of old') = 0) \
         + 8 * (sumIf(version - 1, text = 'perfect') = {sum}) FROM feedback_latest",
        // Versions of an item are 2, 3, …: the newest tells how many it had.
        sum = updates.sent,
    );
    let holds = d.count(&latest).await;
    assert_eq!(
        holds,
        15,
        "all rows, each updated as last sent, all tagged anew: {}",
        d.log()
    );
    let again = retag(&d, &[]).output().unwrap();
    let again = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.contains("Nothing to do."), "{again}");
    let reconciled = d.sada("reconcile");
    assert!(reconciled.status.success(), "{reconciled:?}");
}
