//! ClickHouse hangs under load: memory stays bounded, nobody is evicted, readiness says so, and
//! everything arrives when it is back. `SADA_STALL_SECONDS` makes it hang longer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::events::{deployed, send_scores};
use crate::fault_proxy::{Extent, Fault, FaultProxy, Scope};
use crate::support::{Deployment, PATIENCE, engine};

/// The client's patience with ClickHouse.
const TIMEOUT: Duration = Duration::from_secs(2);
/// `batch.memory` of the test.
const MEMORY: usize = 1 << 20;
/// What a pipeline may take beside its batches: programs, models, engine's answers, allocator.
const BESIDE: usize = 64 << 20;

fn behind_proxy(name: &str, extra: &str) -> (Deployment, FaultProxy) {
    with_timeout(name, extra, TIMEOUT)
}

fn with_timeout(name: &str, extra: &str, timeout: Duration) -> (Deployment, FaultProxy) {
    let d = deployed(name, 4, extra);
    let proxy = FaultProxy::start(engine().address(), timeout, Box::new(|_, _| ())).unwrap();
    let text = std::fs::read_to_string(&d.file).unwrap();
    let text = text.replace(&engine().url(), &proxy.url());
    let section = format!("[clickhouse]\ntimeout = \"{}s\"", timeout.as_secs());
    std::fs::write(&d.file, text.replace("[clickhouse]", &section)).unwrap();
    (d, proxy)
}

/// Status and body of `/health/ready`.
fn ready(address: &str) -> (String, String) {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().unwrap_or_default();
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}

/// Resident memory of a process in bytes.
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 1024
}

#[tokio::test]
async fn nothing_grows_and_nobody_is_evicted_while_clickhouse_hangs() {
    let seconds = std::env::var("SADA_STALL_SECONDS").ok();
    let stall = Duration::from_secs(seconds.map_or(15, |s| s.parse().unwrap()));
    let settings = format!(
        "[batch]\nbytes = 65536\nmemory = {MEMORY}\ntime = \"50ms\"\nper_second = 1000\n\
         [kafka.properties]\n\"session.timeout.ms\" = \"6000\"\n\"max.poll.interval.ms\" = \"10000\"\n"
    );
    let (d, proxy) = behind_proxy("stalled", &settings);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let pipeline = d.start_with(&["--listen", &address]);
    send_scores(&d.topic(), 0..2_000);
    d.wait_for("SELECT count() FROM ingested", 2_000).await;
    let before = resident(pipeline.id());

    // 16 MB of records, sixteen times the bound.
    proxy.arm(Fault::Hang, Scope::All, Extent::Time(stall));
    let begun = Instant::now();
    send_scores(&d.topic(), 2_000..42_000);
    let (mut highest, mut reasons) = (0, Vec::new());
    while begun.elapsed() < stall {
        highest = highest.max(resident(pipeline.id()));
        let (status, body) = ready(&address);
        if status == "503" {
            reasons.push(body);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let grown = highest.saturating_sub(before);
    println!(
        "stalled {stall:?}: {before} bytes before, {highest} at most; {:?}",
        reasons.last()
    );
    assert!(
        grown < MEMORY + BESIDE,
        "{before} bytes before, {highest} at most"
    );
    assert!(
        reasons.iter().any(|r| r.contains("clickhouse")),
        "{reasons:?}"
    );

    proxy.heal();
    d.wait_for("SELECT count() FROM ingested", 42_000).await;
    let begun = Instant::now();
    while ready(&address).0 != "200" {
        assert!(begun.elapsed() < PATIENCE, "{:?}", ready(&address));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(pipeline.stop().success(), "{}", d.log());
    assert_eq!(d.count("SELECT count() FROM ingested").await, 42_000);
    assert_eq!(d.count("SELECT count() FROM feedback FINAL").await, 42_000);
    assert_eq!(
        d.log().matches("partitions revoked").count(),
        1,
        "{}",
        d.log()
    );
}

/// Waits until the proxy has struck so many requests.
fn wait_for_strikes(proxy: &FaultProxy, count: u64) {
    let begun = Instant::now();
    while proxy.struck().values().sum::<u64>() < count {
        assert!(begun.elapsed() < PATIENCE, "{:?}", proxy.struck());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_hangs_at_the_start_is_refused_whichever_question_it_does_not_answer() {
    let (d, proxy) = behind_proxy("stalled_check", "");
    for answered in 0..4 {
        proxy.heal();
        if answered > 0 {
            proxy.arm(Fault::Slow, Scope::All, Extent::Requests(answered));
        }
        proxy.arm(Fault::Hang, Scope::All, Extent::Time(PATIENCE));
        let refused = d.start().wait();
        assert_eq!(refused.code(), Some(2), "{answered}: {}", d.log());
    }
    assert_eq!(d.log().matches("no ClickHouse answers").count(), 4);
}

#[test]
fn a_shutdown_does_not_wait_for_a_server_that_hangs_at_the_start() {
    let (d, proxy) = with_timeout("stalled_start", "", PATIENCE * 2);
    proxy.arm(Fault::Hang, Scope::All, Extent::Time(PATIENCE * 2));
    let pipeline = d.start();
    wait_for_strikes(&proxy, 1);
    let begun = Instant::now();
    assert!(pipeline.stop().success(), "{}", d.log());
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert!(d.log().contains("stopped before everything was checked"));
}

#[tokio::test]
async fn killed_in_an_insert_and_started_when_its_token_is_forgotten() {
    let settings = "[batch]\nrows = 500\ntime = \"50ms\"\nper_second = 1000\n\
                    [kafka.properties]\n\"session.timeout.ms\" = \"6000\"\n";
    let (d, proxy) = behind_proxy("forgotten", settings);
    let run = async |sql: &str| d.client().query(sql).execute().await.unwrap();
    run("SYSTEM STOP MERGES feedback").await;
    run("ALTER TABLE feedback MODIFY SETTING non_replicated_deduplication_window = 5").await;
    run("ALTER TABLE ingested MODIFY SETTING non_replicated_deduplication_window = 5").await;
    let pipeline = d.start();
    send_scores(&d.topic(), 0..1_000);
    d.wait_for("SELECT count() FROM ingested", 1_000).await;

    // Rows are taken, the answer never comes, the process dies.
    proxy.arm(Fault::HangAfter, Scope::Inserts, Extent::Time(PATIENCE));
    send_scores(&d.topic(), 1_000..3_000);
    let rows = d.wait_for("SELECT count() FROM feedback", 1_001).await;
    pipeline.kill();
    proxy.heal();
    assert_eq!(d.count("SELECT count() FROM ingested").await, 1_000);
    assert!(rows > 1_000);
    for other in 0..10 {
        let token = format!(
            "INSERT INTO feedback (feedback_id, created_at) SETTINGS insert_deduplication_token = 'o{other}' VALUES ('o{other}', now64(3))"
        );
        run(&token).await;
        let token = format!(
            "INSERT INTO ingested (stream, offset) SETTINGS insert_deduplication_token = 'o{other}' VALUES ('other', {other})"
        );
        run(&token).await;
    }
    let pipeline = d.start();
    d.wait_for(
        "SELECT count() FROM ingested WHERE stream != 'other'",
        3_000,
    )
    .await;
    assert!(pipeline.stop().success(), "{}", d.log());
    for (table, offset) in [
        ("feedback", "(_partition, _offset)"),
        ("ingested", "(partition, offset)"),
    ] {
        let column = if table == "feedback" {
            "_stream"
        } else {
            "stream"
        };
        let sql = format!(
            "SELECT count() * 10000 + uniqExact({offset}) FROM {table} WHERE {column} NOT IN ('', 'other')"
        );
        assert_eq!(d.count(&sql).await, 30_003_000, "{table}: {}", d.log());
    }
}

#[tokio::test]
async fn told_to_end_while_clickhouse_hangs_it_ends_in_time_and_the_next_start_goes_on() {
    let (d, proxy) = behind_proxy(
        "abandoned",
        "[batch]\nrows = 500\ntime = \"50ms\"\nper_second = 1000\n",
    );
    let text = std::fs::read_to_string(&d.file).unwrap();
    let text = text.replace("timeout = \"2s\"", "timeout = \"60s\"");
    std::fs::write(&d.file, format!("shutdown = \"1s\"\n{text}")).unwrap();
    let pipeline = d.start();
    send_scores(&d.topic(), 0..1_000);
    d.wait_for("SELECT count() FROM ingested", 1_000).await;
    proxy.arm(Fault::HangAfter, Scope::Inserts, Extent::Time(PATIENCE));
    send_scores(&d.topic(), 1_000..3_000);
    d.wait_for("SELECT count() FROM feedback", 1_001).await;
    let begun = Instant::now();
    assert_eq!(pipeline.stop().code(), Some(1), "{}", d.log());
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert!(d.log().contains("abandoned"), "{}", d.log());
    proxy.heal();
    let pipeline = d.start();
    d.wait_for("SELECT count() FROM ingested", 3_000).await;
    let begun = Instant::now();
    assert!(pipeline.stop().success(), "{}", d.log());
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    let lines = "SELECT count() * 10000 + uniqExact(partition, offset) FROM ingested";
    assert_eq!(d.count(lines).await, 30_003_000, "{}", d.log());
    assert_eq!(d.count("SELECT count() FROM feedback FINAL").await, 3_000);
}
