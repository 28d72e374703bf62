//! The erasure topic and the group, as the cluster tells of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use sada::config::Config;
use sada::erasure::{Erasures, Mark, Marker};
use sada::kafka::{ErasureFollower, ErasureTopic, GroupLog, clock};

use crate::kafka_server::KafkaServer;
use crate::support::PATIENCE;

fn until(mut true_at_last: impl FnMut() -> bool, what: &str) {
    let begun = Instant::now();
    while !true_at_last() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

async fn publish(config: &Config, marks: std::ops::Range<u128>) {
    let topic = ErasureTopic::new(config).unwrap();
    let marks: Vec<Mark> = marks.map(Mark::from).collect();
    topic.publish(&marks, 1_780_000_000_000).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn made_again_it_is_read_from_its_start_however_long_it_is() {
    let kafka = KafkaServer::shared().unwrap();
    let mut config = Config::default();
    config.kafka.brokers = kafka.bootstrap().to_owned();
    config.kafka.erasure_topic = "erase_again.erasure".into();
    let topic = config.kafka.erasure_topic.clone();
    kafka.create_compacted_topic(&topic, 1).unwrap();
    let marker = Marker::new(b"a key known to tests");
    let erasures = Arc::new(Erasures::new(marker, clock));
    let marks = Box::new(|_: &_| Vec::new());
    let _follower =
        ErasureFollower::start(&config, &HashMap::new(), erasures.clone(), marks).unwrap();
    let mut known = 0;
    // The second life is as long as the first, the third one shorter.
    for marks in [0..5, 10..15, 20..22] {
        publish(&config, marks.clone()).await;
        known += marks.count();
        until(|| erasures.len() == known, &format!("{known} marks"));
        until(|| erasures.is_fresh(), "heard to its end");
        kafka.delete_topic(&topic).unwrap();
        until(
            || kafka.create_compacted_topic(&topic, 1).is_ok(),
            "made again",
        );
    }
}

#[test]
fn members_of_a_group_are_counted_whatever_protocol_it_speaks() {
    let kafka = KafkaServer::shared().unwrap();
    let topic = "erase_members.feedback";
    kafka.create_topic(topic, 1).unwrap();
    for protocol in ["classic", "consumer"] {
        let mut config = Config::default();
        config.kafka.brokers = kafka.bootstrap().to_owned();
        config.kafka.topics = vec![topic.into()];
        config.kafka.group = format!("erase_members.{protocol}");
        let log = GroupLog::connect(&config).unwrap();
        assert_eq!(log.members().unwrap(), 0, "{protocol}: there is no group");
        let member: BaseConsumer = kafka
            .client()
            .set("group.id", &config.kafka.group)
            .set("group.protocol", protocol)
            .create()
            .unwrap();
        member.subscribe(&[topic]).unwrap();
        let joined = || {
            let polled = member.poll(Duration::from_millis(50));
            assert!(!matches!(polled, Some(Ok(_))));
            log.members().unwrap() == 1
        };
        until(joined, protocol);
        drop(member);
        until(|| log.members().unwrap() == 0, protocol);
    }
}
