//! The as-of index against a real Kafka: caught up before it is asked, on from its offsets after a
//! restart, from the start of a topic that was made again.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sada::config::{Config, Feed};
use sada::decode::Limits;
use sada::enrich::privacy::Redactor;
use sada::erasure::Erasures;
use sada::kafka::Follower;
use sada::odata::{AsOf, Found};
use sada::operations::Index;
use sada::operations::following::{Following, Progress};

use crate::kafka_server::KafkaServer;
use crate::support::PATIENCE;

const PARTITIONS: i32 = 2;

struct Scene {
    config: Config,
    topic: &'static str,
    producer: BaseProducer,
}

impl Scene {
    fn new(kafka: &KafkaServer, topic: &'static str) -> Self {
        let mut config = Config::default();
        config.kafka.brokers = kafka.bootstrap().to_owned();
        config.operations.feeds = vec![Feed {
            topic: topic.into(),
            entity: "customer".into(),
            format: "upsert".into(),
            id: "id".into(),
            valid_from: "since".into(),
            version: "n".into(),
            ..Feed::default()
        }];
        Self {
            config,
            topic,
            producer: kafka.client().create().unwrap(),
        }
    }

    fn send(&self, payload: &str) {
        let record = BaseRecord::to(self.topic).key(payload).payload(payload);
        self.producer.send(record).map_err(|(e, _)| e).unwrap();
        self.producer.flush(PATIENCE).unwrap();
    }

    fn customer(&self, id: &str, since: &str, segment: &str) {
        self.send(&format!(
            r#"{{"id": "{id}", "since": "{since}", "n": 1, "segment": "{segment}"}}"#
        ));
    }

    /// An index in a folder, caught up, and how much that took.
    fn caught_up(&self, folder: &Path) -> (Arc<Index>, Following, Progress) {
        let index = Index::open(folder, 16 << 20, Duration::from_secs(1 << 40), "a").unwrap();
        let index = Arc::new(index);
        let redactor = Arc::new(Redactor::new(b"a key known to tests"));
        let feeds = Arc::new(self.config.operations.feeds(redactor).unwrap());
        let topics = feeds.topics().map(str::to_owned).collect();
        let follower = Follower::connect(&self.config, topics, HashMap::new()).unwrap();
        let following = Following::start(
            follower,
            index.clone(),
            feeds,
            Limits::default(),
            16 << 20,
            Arc::new(Erasures::none()),
            || panic!("it ended by itself"),
        )
        .unwrap();
        let begun = Instant::now();
        let mut last = Progress::default();
        let done = following
            .caught_up(|| begun.elapsed() > PATIENCE, |now| last = now)
            .unwrap();
        assert!(done, "{last:?}");
        (index, following, last)
    }
}

fn segment(index: &Index, id: &str, at: &str) -> Option<String> {
    let at = at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    match index.look().customer("default", id, at) {
        Found::Hit(customer) => Some(customer.segment),
        Found::Miss => None,
        Found::Late => panic!("all is kept"),
    }
}

fn until(true_at_last: impl Fn() -> bool) {
    let begun = Instant::now();
    while !true_at_last() {
        assert!(begun.elapsed() < PATIENCE, "it does not come true");
        std::thread::yield_now();
    }
}

#[test]
fn it_catches_up_goes_on_from_its_offsets_and_begins_again_with_its_topic() {
    let kafka = KafkaServer::shared().unwrap();
    let topic = "index.customers";
    kafka.create_topic(topic, PARTITIONS).unwrap();
    let scene = Scene::new(kafka, topic);
    let folder = tempfile::tempdir().unwrap();
    for n in 0..50 {
        scene.customer(&format!("c{n}"), "2026-01-01T00:00:00Z", "family");
    }
    scene.customer("c7", "2026-02-01T00:00:00Z", "enterprise");
    scene.send("no JSON");

    let (index, following, progress) = scene.caught_up(folder.path());
    assert_eq!(
        progress,
        Progress {
            read: 52,
            ..Progress::default()
        }
    );
    assert_eq!(
        segment(&index, "c7", "2026-01-31T23:59:59Z").unwrap(),
        "family"
    );
    assert_eq!(
        segment(&index, "c7", "2026-02-01T00:00:00Z").unwrap(),
        "enterprise"
    );
    assert_eq!(segment(&index, "c7", "2025-12-31T00:00:00Z"), None);
    // It follows.
    scene.customer("new", "2026-01-01T00:00:00Z", "family");
    until(|| segment(&index, "new", "2026-03-01T00:00:00Z").is_some());
    following.end().unwrap();
    drop(index);

    // A restart reads what came since, and no more.
    scene.customer("c7", "2026-03-01T00:00:00Z", "small");
    let (index, following, progress) = scene.caught_up(folder.path());
    assert_eq!(
        progress,
        Progress {
            read: 1,
            ..Progress::default()
        }
    );
    assert_eq!(
        segment(&index, "c7", "2026-03-01T00:00:00Z").unwrap(),
        "small"
    );
    assert_eq!(
        segment(&index, "c8", "2026-03-01T00:00:00Z").unwrap(),
        "family"
    );

    // Made again while it is followed: read from its start.
    kafka.delete_topic(topic).unwrap();
    until(|| kafka.create_topic(topic, PARTITIONS).is_ok());
    scene.customer("again", "2026-01-01T00:00:00Z", "family");
    until(|| segment(&index, "again", "2026-03-01T00:00:00Z").is_some());
    following.end().unwrap();
    drop(index);
    let (index, following, progress) = scene.caught_up(folder.path());
    assert_eq!(progress, Progress::default());
    assert_eq!(
        segment(&index, "c8", "2026-03-01T00:00:00Z").unwrap(),
        "family"
    );
    following.end().unwrap();
}

#[test]
fn an_empty_index_is_filled_with_all_that_is_there_and_goes_on_from_there() {
    const CUSTOMERS: u64 = 30_000;
    let kafka = KafkaServer::shared().unwrap();
    let topic = "index.many";
    kafka.create_topic(topic, PARTITIONS).unwrap();
    let scene = Scene::new(kafka, topic);
    for (since, segment) in [("2026-01-01", "family"), ("2026-02-01", "enterprise")] {
        for n in 0..CUSTOMERS {
            let payload = format!(
                r#"{{"id": "c{n}", "since": "{since}T00:00:00Z", "n": 1, "segment": "{segment}"}}"#
            );
            let record = BaseRecord::to(topic).key(&payload).payload(&payload);
            scene.producer.send(record).map_err(|(e, _)| e).unwrap();
        }
        scene.producer.flush(PATIENCE).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let (index, following, progress) = scene.caught_up(folder.path());
    assert_eq!(progress.read, 2 * CUSTOMERS);
    for n in (0..CUSTOMERS).step_by(97) {
        let at = |at| segment(&index, &format!("c{n}"), at);
        assert_eq!(at("2026-01-31T00:00:00Z").unwrap(), "family");
        assert_eq!(at("2026-02-02T00:00:00Z").unwrap(), "enterprise");
        assert_eq!(at("2025-12-31T00:00:00Z"), None);
    }
    scene.customer("c7", "2026-03-01T00:00:00Z", "small");
    until(|| segment(&index, "c7", "2026-03-01T00:00:00Z").as_deref() == Some("small"));
    following.end().unwrap();
    drop(index);

    let (_, following, progress) = scene.caught_up(folder.path());
    assert_eq!(progress, Progress::default());
    following.end().unwrap();
}

#[test]
fn what_a_transaction_leaves_behind_is_no_record_and_hides_none_of_another_topic() {
    let kafka = KafkaServer::shared().unwrap();
    let (marked, plain) = ("index.marked", "index.plain");
    for topic in [marked, plain] {
        kafka.create_topic(topic, PARTITIONS).unwrap();
    }
    let mut scene = Scene::new(kafka, plain);
    let feed = scene.config.operations.feeds[0].clone();
    scene.config.operations.feeds.push(Feed {
        topic: marked.into(),
        ..feed
    });
    let producer: BaseProducer = kafka
        .client()
        .set("transactional.id", marked)
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    for partition in 0..PARTITIONS {
        producer.begin_transaction().unwrap();
        let payload = format!(r#"{{"id": "m{partition}", "since": "2026-01-01", "n": 1}}"#);
        let record = BaseRecord::<(), _>::to(marked).payload(&payload);
        let sent = producer.send(record.partition(partition));
        sent.map_err(|(error, _)| error).unwrap();
        producer.commit_transaction(PATIENCE).unwrap();
    }
    for n in 0..20 {
        scene.customer(&format!("p{n}"), "2026-01-01T00:00:00Z", "family");
    }
    let folder = tempfile::tempdir().unwrap();
    let (index, following, progress) = scene.caught_up(folder.path());
    assert_eq!(
        progress,
        Progress {
            read: 22,
            ..Progress::default()
        }
    );
    let at = "2026-01-02T00:00:00Z";
    assert_eq!(segment(&index, "m1", at).unwrap(), "");
    assert_eq!(segment(&index, "p19", at).unwrap(), "family");
    // And it reads on, in both.
    scene.customer("more", "2026-01-01T00:00:00Z", "small");
    producer.begin_transaction().unwrap();
    let payload = r#"{"id": "m more", "since": "2026-01-01", "n": 1, "segment": "small"}"#;
    let record = BaseRecord::<(), _>::to(marked).payload(payload);
    let sent = producer.send(record).map_err(|(error, _)| error);
    sent.unwrap();
    producer.commit_transaction(PATIENCE).unwrap();
    for id in ["more", "m more"] {
        until(|| segment(&index, id, at).is_some());
    }
    following.end().unwrap();
}

#[test]
fn a_topic_that_is_not_there_is_not_read_to_its_end() {
    let kafka = KafkaServer::shared().unwrap();
    kafka.create_topic("index.there", 1).unwrap();
    let scene = Scene::new(kafka, "index.there");
    let topics = ["index.there", "index.absent"].map(str::to_owned);
    let mut follower = Follower::connect(&scene.config, topics.into(), HashMap::new()).unwrap();
    let error = follower.look(|_| Ok(None)).unwrap_err();
    assert!(format!("{error:#}").contains("index.absent"), "{error:#}");
}
