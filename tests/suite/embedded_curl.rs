//! The embedded ClickHouse engine, asked by curl.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use sada::embedded::EmbeddedClickHouse;

use crate::support::{PATIENCE, engine};

/// An answer as curl shows it.
pub struct Answer {
    pub status: u16,
    headers: String,
    pub body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value.trim_end())
        })
    }
}

/// `curl ARGUMENTS URL` with `body`, if there is one, by POST.
fn curl(
    engine: &EmbeddedClickHouse,
    query: &str,
    body: Option<&[u8]>,
    arguments: &[&str],
) -> Answer {
    let mut command = Command::new("curl");
    command
        .args(["-sS", "-i", "-g", "--max-time", "60"])
        .args(arguments);
    if body.is_some() {
        command.args(["--data-binary", "@-"]);
    }
    let mut child = command
        .arg(format!("{}/{query}", engine.url()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(body.unwrap_or_default())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    let (headers, body) = text
        .rsplit_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{text}{error}"));
    // After `100 Continue` come the headers that count.
    let headers = headers.rsplit("\r\n\r\n").next().unwrap();
    Answer {
        status: headers.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: headers.to_owned(),
        body: body.to_owned(),
    }
}

/// The body of an answer that must be a success.
#[track_caller]
pub fn sql(engine: &EmbeddedClickHouse, statement: &str) -> String {
    let answer = curl(engine, "", Some(statement.as_bytes()), &[]);
    assert_eq!(answer.status, 200, "{statement}: {}", answer.body);
    answer.body
}

/// Makes a database for a test.
pub fn database(name: &str) {
    sql(engine(), &format!("CREATE DATABASE IF NOT EXISTS {name}"));
}

#[test]
fn curl_asks_in_the_url_and_in_the_body() {
    let engine = engine();
    for path in ["ping", "replicas_status", ""] {
        let answer = curl(engine, path, None, &[]);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, "Ok.\n"),
            "{path}"
        );
    }
    let answer = curl(
        engine,
        "?query=SELECT+1+AS+x,'a'&default_format=JSONEachRow",
        None,
        &[],
    );
    assert_eq!(answer.body, "{\"x\":1,\"'a'\":\"a\"}\n");
    assert_eq!(answer.header("x-clickhouse-format"), Some("JSONEachRow"));
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-ndjson; charset=UTF-8")
    );
    let answer = curl(
        engine,
        "?query_id=mine",
        Some(b"SELECT number FROM numbers(3) FORMAT CSV"),
        &[],
    );
    assert_eq!(answer.body, "0\n1\n2\n");
    assert_eq!(answer.header("x-clickhouse-format"), Some("CSV"));
    assert_eq!(answer.header("x-clickhouse-query-id"), Some("mine"));
    let summary = answer.header("x-clickhouse-summary").unwrap();
    assert!(
        summary.contains(r#""read_rows":"3""#) && summary.contains(r#""result_rows":"3""#),
        "{summary}"
    );
    let half = curl(
        engine,
        "?query=SELECT+number",
        Some(b"FROM numbers(2)"),
        &[],
    );
    assert_eq!(half.body, "0\n1\n");
}

#[test]
fn settings_and_parameters_hold_for_their_request() {
    let engine = engine();
    let answer = curl(
        engine,
        "?query=SELECT+getSetting('max_block_size')&max_block_size=77",
        None,
        &[],
    );
    assert_eq!(answer.body, "77\n");
    let answer = curl(
        engine,
        "?query=SELECT+getSetting('max_block_size')=77",
        None,
        &[],
    );
    assert_eq!(answer.body, "0\n");
    let query = "?query=SELECT+{a:String},{b:Array(UInt8)},{c:Nullable(Date)}\
                 &param_a=it%27s+%5C%5C+%7Bb:UInt8%7D&param_b=[1,2]&param_c=%5CN";
    assert_eq!(
        curl(engine, query, None, &[]).body,
        "it\\'s \\\\ {b:UInt8}\t[1,2]\t\\N\n"
    );
    // A name is quoted, a number is a number: neither becomes SQL.
    let answer = curl(
        engine,
        "?query=SELECT+1+FROM+{t:Identifier}&param_t=one`+x",
        None,
        &[],
    );
    assert_eq!(
        answer.header("x-clickhouse-exception-code"),
        Some("60"),
        "{}",
        answer.body
    );
    let answer = curl(engine, "?query=SELECT+{n:UInt8}&param_n=1+OR+1", None, &[]);
    assert_eq!(
        answer.header("x-clickhouse-exception-code"),
        Some("457"),
        "{}",
        answer.body
    );
    database("by_header");
    let header = [
        "-H",
        "X-ClickHouse-Database: by_header",
        "-H",
        "X-ClickHouse-User: anyone",
    ];
    assert_eq!(
        curl(engine, "?query=SELECT+currentDatabase()", None, &header).body,
        "by_header\n"
    );
    let answer = curl(
        engine,
        "?query=SELECT+currentDatabase()&database=system",
        None,
        &header,
    );
    assert_eq!(answer.body, "system\n");
}

#[test]
fn a_form_has_query_parameters_and_settings() {
    let engine = engine();
    let form = |fields: &[&str]| {
        let arguments: Vec<&str> = fields.iter().flat_map(|f| ["-F", *f]).collect();
        curl(engine, "?default_format=CSV", None, &arguments)
    };
    let query = "query=SELECT {x:String}, getSetting('max_block_size')";
    let answer = form(&[query, "param_x=سلام, it's", "max_block_size=77"]);
    assert_eq!(answer.body, "\"سلام, it's\",77\n");
    let answer = form(&["query=SELECT * FROM t", "t=1\n;filename=t.csv"]);
    assert_eq!(answer.status, 501, "{}", answer.body);
    assert!(answer.body.contains("temporary table"), "{}", answer.body);
}

#[test]
fn errors_have_the_status_and_the_code_of_a_server() {
    let engine = engine();
    for (query, status, code, words) in [
        ("?query=SELECT+1+FROM+nowhere", 404, "60", "UNKNOWN_TABLE"),
        ("?query=SELEC+1", 400, "62", "SYNTAX_ERROR"),
        ("?query=SELECT+nothing", 404, "47", "nothing"),
        ("?query=SELECT+1&database=nowhere", 404, "81", "nowhere"),
        (
            "?query=SELECT+1&no_such_setting=1",
            404,
            "115",
            "no_such_setting",
        ),
        ("?query=SELECT+1&max_threads=many", 400, "27", "many"),
        ("?query=SELECT+1;SELECT+2", 400, "62", "Multi-statements"),
        ("?query=SELECT+{x:UInt8}", 400, "456", "`x`"),
        ("?query=SELECT+throwIf(1)", 500, "395", "FUNCTION_THROW_IF"),
        (
            "?query=SELECT+1&session_id=none&session_check=1",
            404,
            "372",
            "none",
        ),
        // GET must not change anything, in a session neither.
        ("?query=CREATE+DATABASE+by_get", 500, "164", "READONLY"),
        (
            "?query=CREATE+DATABASE+by_get&session_id=get",
            500,
            "164",
            "READONLY",
        ),
        (
            "?query=CREATE+DATABASE+by_get&readonly=0",
            500,
            "164",
            "READONLY",
        ),
    ] {
        let answer = curl(engine, query, None, &[]);
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
        assert_eq!(
            answer.header("x-clickhouse-exception-code"),
            Some(code),
            "{query}"
        );
        assert!(answer.body.contains(words), "{query}: {}", answer.body);
        assert!(
            answer.body.starts_with(&format!("Code: {code}. ")),
            "{query}: {}",
            answer.body
        );
    }
}

#[test]
fn a_session_keeps_its_tables_and_settings_to_itself() {
    let engine = engine();
    let ask = |session: &str, statement: &str| {
        let answer = curl(engine, session, Some(statement.as_bytes()), &[]);
        (answer.status, answer.body)
    };
    let empty = (200, String::new());
    assert_eq!(
        ask("?session_id=one", "CREATE TEMPORARY TABLE mine (x UInt8)"),
        empty
    );
    assert_eq!(
        ask("?session_id=one", "INSERT INTO mine FORMAT CSV 5"),
        empty
    );
    assert_eq!(ask("?session_id=one", "SET max_block_size = 55"), empty);
    let both = "SELECT x, getSetting('max_block_size') FROM mine";
    assert_eq!(ask("?session_id=one&max_block_size=66", both).1, "5\t66\n");
    assert_eq!(ask("?session_id=one", both).1, "5\t55\n");
    assert_eq!(ask("?session_id=two", both).0, 404);
    assert_eq!(ask("", both).0, 404);
    assert_eq!(ask("?session_id=one&close_session=1", both).1, "5\t55\n");
    assert_eq!(ask("?session_id=one", both).0, 404);
    // Without a session, too, nobody sees what another request did to its connection.
    assert_eq!(ask("", "SET max_block_size = 99"), empty);
    assert_eq!(ask("", "SELECT getSetting('max_block_size') = 99").1, "0\n");
}

#[test]
fn web_pages_and_foreign_names_are_refused() {
    let engine = engine();
    for header in [
        "Origin: http://evil.example",
        "Origin: null",
        "Host: evil.example:8123",
        "Sec-Fetch-Site: cross-site",
    ] {
        for body in [None, Some(&b"SELECT 1"[..])] {
            let answer = curl(engine, "?query=SELECT+1", body, &["-H", header]);
            assert_eq!(answer.status, 403, "{header}");
            assert!(
                answer.body.starts_with("a foreign"),
                "{header}: {}",
                answer.body
            );
        }
    }
    let own = format!("Origin: {}", engine.url());
    assert_eq!(
        curl(engine, "?query=SELECT+1", None, &["-H", &own]).status,
        200
    );
}

#[cfg(target_os = "linux")]
#[test]
fn sql_reaches_no_file_outside_of_the_directory() {
    let engine = engine();
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.txt");
    std::fs::write(&secret, "secret").unwrap();
    for file in [
        Path::new("/etc/passwd"),
        Path::new("/proc/self/environ"),
        secret.as_path(),
    ] {
        let file = file.display();
        for statement in [
            format!("SELECT file('{file}')"),
            format!("SELECT * FROM file('{file}', 'LineAsString')"),
            format!("CREATE TABLE leak (a String) ENGINE = File('LineAsString', '{file}')"),
            format!("SELECT 1 INTO OUTFILE '{file}' TRUNCATE"),
        ] {
            if statement.starts_with("CREATE") {
                // The engine reads nothing before it is asked to.
                curl(engine, "", Some(statement.as_bytes()), &[]);
                let answer = curl(engine, "", Some(b"SELECT * FROM leak"), &[]);
                assert_ne!(answer.status, 200, "{statement}: {}", answer.body);
                curl(engine, "", Some(b"DROP TABLE IF EXISTS leak"), &[]);
            } else {
                let answer = curl(engine, "", Some(statement.as_bytes()), &[]);
                assert_ne!(answer.status, 200, "{statement}: {}", answer.body);
                let refused = ["Permission denied", "No such file"];
                assert!(
                    refused.iter().any(|r| answer.body.contains(r)),
                    "{}",
                    answer.body
                );
            }
        }
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "secret");
    // What it writes itself, it may read.
    sql(
        engine,
        "INSERT INTO FUNCTION file('own.csv', 'CSV', 'a UInt8') VALUES (7)",
    );
    assert_eq!(
        sql(engine, "SELECT * FROM file('own.csv', 'CSV', 'a UInt8')"),
        "7\n"
    );
}

/// Never ends by itself, and asks every second whether it should.
pub const ENDLESS: &str =
    "SELECT sum(sleepEachRow(1)) FROM numbers(1000000000) SETTINGS max_block_size = 1";

/// Waits until `n` endless queries of the database run. Each test has its own.
fn wait_for_endless(engine: &EmbeddedClickHouse, database: &str, n: u8) {
    let count = format!(
        "SELECT count() FROM system.processes \
         WHERE current_database = '{database}' AND startsWith(query, 'SELECT sum(sleep')"
    );
    let begun = Instant::now();
    while sql(engine, &count) != format!("{n}\n") {
        assert!(begun.elapsed() < PATIENCE, "{database} never had {n}");
    }
}

#[test]
fn requests_run_at_the_same_time() {
    let engine = engine();
    database("killed");
    // Without the second request the first one would not end for years.
    let first =
        std::thread::spawn(move || curl(engine, "?database=killed", Some(ENDLESS.as_bytes()), &[]));
    wait_for_endless(engine, "killed", 1);
    let kill = "KILL QUERY WHERE current_database = 'killed' SYNC";
    let killed = sql(engine, kill);
    assert!(killed.starts_with("finished\t"), "{killed}");
    let answer = first.join().unwrap();
    assert_eq!(
        answer.header("x-clickhouse-exception-code"),
        Some("394"),
        "{}",
        answer.body
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_query_ends_when_its_client_goes_away() {
    let engine = engine();
    database("left");
    for session in ["", "&session_id=left"] {
        let mut client = Command::new("curl")
            .args(["-sS", &format!("{}/?database=left{session}", engine.url())])
            .args(["-d", ENDLESS])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_endless(engine, "left", 1);
        client.kill().unwrap();
        client.wait().unwrap();
        wait_for_endless(engine, "left", 0);
    }
}

/// 100,000 rows packed in every way, in one piece and in many, arrive whole.
#[test]
fn large_bodies_arrive_whole_in_every_packing() {
    use sada::embedded::clickhouse::compression::Packing;
    let engine = engine();
    database("packed");
    let lines: Vec<String> = (0..100_000u32)
        .map(|n| format!("{n},\"نظر {}\"\n", n / 3))
        .collect();
    let whole = lines.concat();
    let expected = format!("100000\t{}\t33334\n", 99_999u64 * 100_000 / 2);
    let pack = |packing: Packing, pieces: usize| -> Vec<u8> {
        let size = lines.len().div_ceil(pieces);
        let packed = lines
            .chunks(size)
            .map(|c| packing.pack(c.concat().into()).unwrap());
        packed.flat_map(|p| p.to_vec()).collect()
    };
    let cases = [
        (Packing::Plain, 1),
        (Packing::Gzip, 1),
        (Packing::Gzip, 40),
        (Packing::Lz4, 1),
        (Packing::Lz4, 40),
        (Packing::Zstd, 1),
        (Packing::Zstd, 40),
        (Packing::Deflate, 1),
        (Packing::Frames, 40),
    ];
    for (packing, pieces) in cases {
        sql(
            engine,
            "CREATE OR REPLACE TABLE packed.t (a UInt32, s String) ENGINE = MergeTree ORDER BY a",
        );
        let header = format!(
            "Content-Encoding: {}",
            packing.header().unwrap_or("identity")
        );
        let framed = if packing == Packing::Frames {
            "&decompress=1"
        } else {
            ""
        };
        let query = format!("?database=packed&query=INSERT+INTO+t+FORMAT+CSV{framed}");
        let answer = curl(
            engine,
            &query,
            Some(&pack(packing, pieces)),
            &["-H", &header],
        );
        assert_eq!(answer.status, 200, "{packing:?} {pieces}: {}", answer.body);
        let summary = answer.header("x-clickhouse-summary").unwrap();
        assert!(
            summary.contains(r#""written_rows":"100000""#),
            "{packing:?} {pieces}: {summary}"
        );
        assert_eq!(
            sql(engine, "SELECT count(), sum(a), uniqExact(s) FROM packed.t"),
            expected
        );
    }
    // A body that is cut is refused, and none of it is kept.
    sql(engine, "TRUNCATE TABLE packed.t");
    let packed = pack(Packing::Lz4, 1);
    let cut = &packed[..packed.len() / 10];
    let query = "?query=INSERT+INTO+packed.t+FORMAT+CSV";
    let answer = curl(engine, query, Some(cut), &["-H", "Content-Encoding: lz4"]);
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(sql(engine, "SELECT count() FROM packed.t"), "0\n");
    // Answers are packed as asked.
    let query =
        "?query=SELECT+s+FROM+numbers(1)+ARRAY+JOIN+range(100000)+AS+s&enable_http_compression=1";
    for encoding in ["gzip", "deflate"] {
        let accept = format!("Accept-Encoding: {encoding}");
        let answer = curl(engine, query, None, &["--compressed", "-H", &accept]);
        assert_eq!(answer.header("content-encoding"), Some(encoding));
        assert_eq!(answer.body.lines().count(), 100_000);
    }
    assert!(whole.len() > 1 << 20, "the bodies have several chunks");
}
