//! `sada load` against real Kafka and the embedded broker: every line one record.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::mocking::MockCluster;
use sada::batch::RawRecord;
use sada::decode::{Limits, decode};
use sada::feedback::Kind;
use serde_json::{Value, json};

use crate::kafka_server::KafkaServer;

const PATIENCE: Duration = Duration::from_secs(120);

fn sada(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sada"));
    command
        .current_dir(folder)
        .arg("load")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(text).unwrap()
}

/// Reads records from the start of a topic until there are `count`, with a group of their own.
fn records(client: &mut ClientConfig, topic: &str, count: usize) -> Vec<(String, Vec<u8>)> {
    let consumer: BaseConsumer = client
        .set("group.id", "readers")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer.subscribe(&[topic]).unwrap();
    let mut records = Vec::new();
    let begun = Instant::now();
    while records.len() < count {
        assert!(begun.elapsed() < PATIENCE, "{} of {count}", records.len());
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            let message = message.unwrap();
            let key = message.key().unwrap_or_default().to_vec();
            let payload = message.payload().unwrap_or_default().to_vec();
            records.push((String::from_utf8(key).unwrap(), payload));
        }
    }
    records
}

/// Records of a topic of one partition, by their text (or by their bytes, where they are no event).
fn by_text(records: &[(String, Vec<u8>)]) -> BTreeMap<String, Value> {
    let entry = |(key, payload): &(String, Vec<u8>)| match serde_json::from_slice::<Value>(payload)
    {
        Ok(event) if event["data"]["body"].is_string() => {
            let text = event["data"]["body"].as_str().unwrap().to_owned();
            (text, json!({"key": key, "event": event}))
        }
        _ => {
            let bytes = payload.escape_ascii().to_string();
            (bytes, json!({"key": key}))
        }
    };
    records.iter().map(entry).collect()
}

/// The kind of item that the pipeline makes of a payload; none if it makes a dead letter of it.
fn kind(payload: &[u8]) -> Option<Kind> {
    let record = RawRecord {
        offset: 0,
        time: 0,
        key: &[],
        payload: Some(payload),
        headers: Vec::new(),
    };
    let feedback = decode(&record, &Limits::default()).ok()?;
    assert_eq!(feedback.unknown_fields, 0);
    Some(feedback.kind())
}

#[test]
fn every_kind_of_wrapping_is_an_event_that_the_pipeline_takes() {
    let kafka = KafkaServer::shared().unwrap();
    kafka.create_topic("load.kinds", 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "物流很慢\n").unwrap();
    for name in ["review", "message", "survey"] {
        let flags = ["--kind", name, "--topic", "load.kinds"];
        let output = sada(folder.path(), &["a.txt", "--brokers", kafka.bootstrap()])
            .args(flags)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    let records = records(&mut kafka.client(), "load.kinds", 3);
    let kinds: Vec<_> = records.iter().map(|(_, payload)| kind(payload)).collect();
    let expected = [Kind::Review, Kind::Message, Kind::Survey].map(Some);
    assert_eq!(kinds, expected);
}

#[test]
fn files_of_all_formats_reach_real_kafka_line_by_line() {
    let kafka = KafkaServer::shared().unwrap();
    kafka.create_topic("load.formats", 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let event = r#"{"specversion":"1.0","type":"cx.message.v1","id":"m-1","source":"chat","data":{"conversation_id":"k-9","turn_id":"t-1","participant":{"id":"p","role":"customer"},"sent_at":"2026-05-01T12:30:00Z","body":"کسی هست؟"}}"#;
    let lines = format!(
        "{{\"text\": \"بسته دیر رسید\", \"label\": \"neg\"}}\n{event}\n{{\"text\": \"half\n\n{{\"note\": 1}}\n"
    );
    write(
        "a.jsonl.zst",
        &zstd::encode_all(lines.as_bytes(), 1).unwrap(),
    );
    write(
        "b.csv",
        "nr,text,who\n1,\"التوصيل سريع، شكرا\",c-1\n2\n".as_bytes(),
    );
    write(
        "c.txt",
        "first line\nsecond line\n\nnext paragraph\n".as_bytes(),
    );
    write("e.txt", b"{\"text\": \"raw\"}\n\nplain\n");
    write("d.txt", b"bad \xff bytes\n");

    let load = |arguments: &[&str]| {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--brokers", kafka.bootstrap(), "--topic", "load.formats"]);
        let output = sada(folder.path(), &arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let table = load(&["a.jsonl.zst", "--tenant", "shop"]);
    assert!(table.contains("4 of 4 records acknowledged"), "{table}");
    assert!(table.contains("2 lines hold no text"), "{table}");
    load(&["b.csv", "--id-field", "nr"]);
    load(&["c.txt", "--paragraphs", "--kind", "message"]);
    load(&["d.txt"]);
    load(&["e.txt", "--raw"]);

    let records = records(&mut kafka.client(), "load.formats", 11);
    let found = by_text(&records);
    let wrapped = &found["بسته دیر رسید"];
    assert_eq!(wrapped["event"]["extra"], json!({"label": "neg"}));
    assert_eq!(wrapped["event"]["tenant_id"], "shop");
    let arabic = &found["التوصيل سريع، شكرا"];
    assert_eq!(arabic["key"], "default:1");
    assert_eq!(arabic["event"]["extra"], json!({"who": "c-1"}));
    assert!(found.contains_key("first line\nsecond line"));
    let paragraph = &found["next paragraph"]["event"];
    assert_eq!(paragraph["type"], "cx.message.v1");
    assert_eq!(found["کسی هست؟"]["key"], "default:k-9");
    let decoded = records
        .iter()
        .filter(|(_, payload)| kind(payload).is_some());
    assert_eq!(decoded.count(), 5, "the wrapped texts and the whole event");
    let payloads: Vec<&[u8]> = records.iter().map(|(_, p)| p.as_slice()).collect();
    for as_it_is in [
        event.as_bytes(),
        b"{\"text\": \"half",
        b"{\"note\": 1}",
        b"2",
        b"bad \xff bytes",
        b"{\"text\": \"raw\"}",
        b"plain",
    ] {
        assert!(payloads.contains(&as_it_is), "{}", as_it_is.escape_ascii());
    }
}

#[test]
fn standard_input_loaded_twice_makes_the_same_items() {
    let kafka = KafkaServer::shared().unwrap();
    kafka.create_topic("load.twice", 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let flags = ["-", "--brokers", kafka.bootstrap(), "--topic", "load.twice"];
        let mut child = sada(folder.path(), &flags)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input
            .write_all("{\"text\":\"好\"}\n{\"text\":\"好\"}\n".as_bytes())
            .unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    let records = records(&mut kafka.client(), "load.twice", 4);
    let ids: Vec<Value> = records
        .iter()
        .map(|(_, payload)| serde_json::from_slice::<Value>(payload).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids[..2], ids[2..]);
    assert_ne!(ids[0], ids[1], "two customers may say the same");
}

#[test]
fn the_embedded_broker_loses_nothing_while_the_pipeline_is_slow() {
    // One partition keeps 5 MiB; this is three times that, and does not compress.
    let records = 2_000;
    let mut random = fastrand::Rng::with_seed(7);
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..records).map(|_| {
        let text: String = (0..8_000).map(|_| random.alphanumeric()).collect();
        text + "\n"
    });
    std::fs::write(folder.path().join("long.txt"), lines.collect::<String>()).unwrap();

    let broker = MockCluster::new(1).unwrap();
    broker.create_topic("sada.feedback", 1, 1).unwrap();
    let embedded = json!({"bootstrap": broker.bootstrap_servers(), "http": ""});
    std::fs::create_dir(folder.path().join("demo-data")).unwrap();
    let file = folder.path().join("demo-data/embedded.json");
    std::fs::write(file, embedded.to_string()).unwrap();
    // Found by itself: the demo's folder lies in the current one.
    let load = sada(folder.path(), &["long.txt"]).spawn().unwrap();

    let pipeline: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", "sada")
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "10")
        // A dropped offset shall be an error here, not a silent jump.
        .set("queued.max.messages.kbytes", "1024")
        .create()
        .unwrap();
    pipeline.subscribe(&["sada.feedback"]).unwrap();
    let begun = Instant::now();
    let mut next = 0;
    while next < records {
        assert!(begun.elapsed() < PATIENCE, "{next} of {records}");
        if let Some(message) = pipeline.poll(Duration::from_secs(1)) {
            let message = message.unwrap();
            assert_eq!(message.offset(), next, "records before it were dropped");
            next += 1;
            if next % 100 == 0 {
                pipeline.commit_message(&message, CommitMode::Sync).unwrap();
            }
        }
    }
    let output = load.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("2000 of 2000 records"),
        "{}",
        said(&output)
    );
}

#[test]
fn what_is_wrong_is_told_with_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,comment\n1,fine\n").unwrap();
    let refused = |arguments: &[&str]| {
        let output = sada(folder.path(), arguments).output().unwrap();
        assert!(!output.status.success());
        said(&output)
    };
    let column = refused(&["a.csv"]);
    assert!(
        column.contains("id, comment") && column.contains("--text-field"),
        "{column}"
    );
    let folder_missing = refused(&[
        "a.csv",
        "--text-field",
        "comment",
        "--embedded",
        "elsewhere",
    ]);
    assert!(folder_missing.contains("elsewhere"), "{folder_missing}");
    let file = refused(&["b.csv", "--brokers", "localhost:1"]);
    assert!(file.contains("can't open b.csv"), "{file}");
}
