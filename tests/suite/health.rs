//! `sada run --listen`: metrics and health over HTTP, and the lag of real partitions.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use metrics_exporter_prometheus::PrometheusBuilder;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientContext, Message, Statistics};
use sada::health::{Health, Now, lag};
use sada::telemetry::metrics::{ALL, LAG_RECORDS, LAG_SECONDS};

use crate::kafka_server::KafkaServer;
use crate::support::{Deployment, PATIENCE, SADA};

/// Status, head and body of the answer; none while nobody listens.
pub fn ask(address: &str, method: &str, path: &str) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some((status, head.to_lowercase(), body.to_owned()))
}

/// Waits until something is there.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Names and values of all samples, after a look at the form of every line.
fn samples(text: &str) -> Vec<(String, f64)> {
    let mut samples = Vec::new();
    for line in text.lines().filter(|l| !l.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            assert!(
                comment.starts_with("HELP ") || comment.starts_with("TYPE "),
                "{line}"
            );
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect(line);
        let of = |m: &&sada::telemetry::metrics::Metric| name.starts_with(m.name);
        assert!(ALL.iter().any(|m| of(&m)), "unknown: {line}");
        samples.push((name.to_owned(), value.parse().expect(line)));
    }
    samples
}

#[test]
fn a_pipeline_answers_on_all_three_paths() {
    let kafka = KafkaServer::shared().unwrap();
    let d = Deployment::new("health_http", kafka.bootstrap(), "");
    kafka.create_topic(&d.topic(), 2).unwrap();
    kafka.create_topic(&d.dead_letter_topic(), 1).unwrap();
    let migrated = d.sada("migrate");
    assert!(
        migrated.status.success(),
        "{}",
        String::from_utf8_lossy(&migrated.stderr)
    );

    let address = free_address();
    let pipeline = d.start_with(&["--listen", &address]);
    let (status, _, body) = until("nobody listens", || ask(&address, "GET", "/health/live"));
    assert_eq!((status, body.as_str()), (200, "live\n"), "{}", d.log());
    // Up before the models are loaded and the servers looked at.
    let (status, _, body) = ask(&address, "GET", "/health/ready").unwrap();
    assert_eq!(status, 503);
    assert!(body.starts_with("not ready: starting for "), "{body}");

    let (status, head, text) = ask(&address, "GET", "/metrics").unwrap();
    assert_eq!(status, 200);
    assert!(
        head.contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    let samples = samples(&text);
    let value = |name: &str| samples.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
    let rejected = r#"sada_records_rejected_total{topic="health_http.feedback",reason="too_deep"}"#;
    assert_eq!(value(rejected), Some(0.0), "{text}");
    assert_eq!(value("sada_partitions_held"), Some(0.0), "{text}");

    let (status, head, body) = ask(&address, "HEAD", "/metrics").unwrap();
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("content-length: "), "{head}");
    let (status, head, _) = ask(&address, "POST", "/health/live").unwrap();
    assert_eq!(status, 405);
    assert!(head.contains("allow: get, head"), "{head}");
    assert_eq!(ask(&address, "GET", "/").unwrap().0, 404);

    until("the pipeline does not start", || {
        d.log().contains("pipeline started").then_some(())
    });
    assert_eq!(ask(&address, "GET", "/health/live").unwrap().0, 200);
    let (status, _, body) = ask(&address, "GET", "/health/ready").unwrap();
    assert_eq!(status == 200, body == "ready\n", "{status} {body}");
    assert!(pipeline.stop().success(), "{}", d.log());
    assert_eq!(ask(&address, "GET", "/health/live"), None);
}

#[test]
fn an_address_that_is_taken_or_none_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let port = address.rsplit(':').next().unwrap();
    // A port alone is on loopback, so it is taken too.
    for (listen, word) in [
        (address.as_str(), "take another port"),
        (port, "take another port"),
        ("nine", "0.0.0.0:9100"),
    ] {
        let output = Command::new(SADA)
            .args(["run", "--listen", listen])
            .env("SADA_HEALTH_LISTEN", "127.0.0.1:0")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        for word in ["health.listen", listen, word] {
            assert!(text.contains(word), "{word:?} is missing in {text}");
        }
    }
    let output = Command::new(SADA)
        .arg("run")
        .env("SADA_HEALTH_LISTEN", &address)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(2),
        "the variable counts too: {text}"
    );
    assert!(text.contains("health.listen"), "{text}");
}

/// A consumer that tells its health what Sada's tells.
struct Told {
    health: Arc<Health>,
    statistics: Arc<AtomicU64>,
}

impl ClientContext for Told {
    fn stats(&self, statistics: Statistics) {
        lag::update(&statistics, &self.health);
        self.statistics.fetch_add(1, Ordering::SeqCst);
    }
}

impl ConsumerContext for Told {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance {
            let elements = list.elements();
            self.health
                .assigned(elements.iter().map(|e| (e.topic(), e.partition())));
        }
    }
}

/// A metric of partition 0, as it is told; none while it isn't.
fn told(health: &Health, topic: &str, name: &str) -> Option<f64> {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || health.publish());
    let wanted = format!("{name}{{topic=\"{topic}\",partition=\"0\"}}");
    let samples = samples(&recorder.handle().render());
    samples
        .into_iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

#[test]
fn lag_counts_records_not_markers_and_sees_a_paused_partition() {
    let topic = "health_lag";
    let kafka = KafkaServer::shared().unwrap();
    kafka.create_topic(topic, 1).unwrap();
    let producer: BaseProducer = kafka
        .client()
        .set("transactional.id", topic)
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    let send = |count: usize| {
        producer.begin_transaction().unwrap();
        for _ in 0..count {
            let record = BaseRecord::<(), _>::to(topic).payload("x");
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.commit_transaction(PATIENCE).unwrap();
    };
    send(50);

    // A clock that can be put forward.
    let ahead = Arc::new(AtomicU64::new(0));
    let clock = ahead.clone();
    let health = Health::with_clock(Duration::from_secs(120), move || {
        let ahead = Duration::from_secs(clock.load(Ordering::SeqCst));
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + ahead;
        Now {
            instant: Instant::now() + ahead,
            millis: since_1970.as_millis() as i64,
        }
    });
    let statistics = Arc::new(AtomicU64::new(0));
    let context = Told {
        health: health.clone(),
        statistics: statistics.clone(),
    };
    let consumer: BaseConsumer<Told> = kafka
        .client()
        .set("group.id", topic)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "10")
        .set("statistics.interval.ms", "100")
        .create_with_context(context)
        .unwrap();
    consumer.subscribe(&[topic]).unwrap();
    let poll = || {
        health.turned();
        let message = consumer.poll(Duration::from_millis(20))?.unwrap();
        Some((message.offset(), message.timestamp().to_millis().unwrap()))
    };
    let lag = || told(&health, topic, LAG_RECORDS.name);
    let wait_for_lag = |records: f64| {
        until(&format!("lag is not {records} but {:?}", lag()), || {
            poll();
            (lag() == Some(records)).then_some(())
        });
    };

    health.turned();
    assert_eq!(health.ready().len(), 1, "not in the group yet");
    let (offset, _) = until("no record", poll);
    assert_eq!((offset, lag()), (0, None), "not recovered yet");
    health.recovered(topic, 0, 0);
    health.reading(topic, 0, offset);
    let (offset, time) = until("not all records", || {
        poll().filter(|(offset, _)| *offset == 49)
    });
    wait_for_lag(51.0);
    let seconds = told(&health, topic, LAG_SECONDS.name).unwrap();
    assert!(seconds < PATIENCE.as_secs_f64(), "{seconds}");
    // The last offset is the transaction's marker: no record will ever come for it.
    health.durable(topic, 0, offset + 1, time);
    wait_for_lag(0.0);
    assert_eq!(health.ready(), [""; 0]);

    let assignment = consumer.assignment().unwrap();
    consumer.pause(&assignment).unwrap();
    let wait_for_statistics = || {
        let seen = statistics.load(Ordering::SeqCst);
        until("no statistics", || {
            assert_eq!(poll(), None, "paused");
            (statistics.load(Ordering::SeqCst) > seen + 5).then_some(())
        });
    };
    // The last fetch under way ends.
    wait_for_statistics();
    send(30);
    wait_for_statistics();
    assert_eq!(
        lag(),
        Some(0.0),
        "librdkafka does not look where it does not fetch"
    );
    ahead.fetch_add(lag::ASK_EVERY.as_secs() + 1, Ordering::SeqCst);
    lag::ask_ends(&consumer, &health, PATIENCE);
    assert_eq!(lag(), Some(31.0));
    ahead.fetch_add(121, Ordering::SeqCst);
    poll();
    let reasons = health.ready();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let expected = "health_lag[0]: no progress for 12";
    assert!(
        reasons[0].starts_with(expected) && reasons[0].ends_with(", lag 31"),
        "{reasons:?}"
    );

    consumer.resume(&assignment).unwrap();
    let (offset, _) = until("no record", poll);
    assert_eq!(offset, 51);
    health.reading(topic, 0, offset);
    let (offset, time) = until("not all records", || {
        poll().filter(|(offset, _)| *offset == 80)
    });
    health.durable(topic, 0, offset + 1, time);
    wait_for_lag(0.0);
    assert_eq!(health.ready(), [""; 0]);
}

#[test]
fn the_readme_names_every_metric() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    for metric in ALL {
        assert!(
            readme.contains(&format!("`{}`", metric.name)),
            "{}",
            metric.name
        );
    }
}
