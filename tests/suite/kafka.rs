//! The real Kafka that other tests stand on.

use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::kafka_server::KafkaServer;

#[test]
fn what_is_produced_is_consumed_also_after_a_restart() {
    let mut server = KafkaServer::start().unwrap();
    server.create_topic("voices", 2).unwrap();
    assert!(
        server.create_topic("voices", 2).is_err(),
        "is there already"
    );

    let producer: BaseProducer = server.client().set("acks", "all").create().unwrap();
    for (key, text) in [("a", "صدا"), ("b", "صدى"), ("c", "声音")] {
        producer
            .send(BaseRecord::to("voices").key(key).payload(text))
            .unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
    server.kill();
    server.start_again().unwrap();

    let consumer: BaseConsumer = server
        .client()
        .set("group.id", "listeners")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer.subscribe(&["voices"]).unwrap();
    let mut heard = Vec::new();
    let begun = Instant::now();
    while heard.len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "heard {heard:?}");
        // A poll also ends early, on a rebalance.
        if let Some(message) = consumer.poll(Duration::from_secs(5)) {
            heard.push(String::from_utf8(message.unwrap().payload().unwrap().to_vec()).unwrap());
        }
    }
    heard.sort();
    assert_eq!(heard, ["صدا", "صدى", "声音"]);
    // A consumer that outlives its coordinator takes 45 s to close.
    drop(consumer);
    server.stop().unwrap();
}

#[test]
fn the_shared_server_is_one() {
    let server = KafkaServer::shared().unwrap();
    assert_eq!(
        server.bootstrap(),
        KafkaServer::shared().unwrap().bootstrap()
    );
    server.create_topic("shared", 1).unwrap();
}
