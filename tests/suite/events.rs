//! Events that tests send, and the deployment that reads them.

use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::kafka_server::KafkaServer;
use crate::support::{Deployment, PATIENCE};

/// A deployment with its topics and tables.
pub fn deployed(name: &str, partitions: i32, extra: &str) -> Deployment {
    let kafka = KafkaServer::shared().unwrap();
    let deployment = Deployment::new(name, kafka.bootstrap(), extra);
    kafka.create_topic(&deployment.topic(), partitions).unwrap();
    kafka
        .create_topic(&deployment.dead_letter_topic(), 1)
        .unwrap();
    let migrated = deployment.sada("migrate");
    assert!(
        migrated.status.success(),
        "{}",
        String::from_utf8_lossy(&migrated.stderr)
    );
    deployment
}

/// A review with a text.
pub fn review(id: usize, text: &str) -> String {
    serde_json::json!({
        "specversion": "1.0", "id": format!("event-{id}"), "source": "shop/reviews",
        "type": "cx.review.v1", "time": "2026-03-01T10:00:00Z", "tenant_id": "acme",
        "customer": {"customer_id": format!("c{}", id % 17)},
        "context": {"channel": "web", "country": "DE"},
        "data": {
            "review_id": format!("r{id}"), "platform": "shop", "body": text,
            "rating": {"value": 1 + id % 5}, "created_at": "2026-03-01T09:59:00Z"
        }
    })
    .to_string()
}

/// Sends payloads in order, `None` as tombstones, and waits for the acknowledgement of all.
pub fn send(topic: &str, payloads: impl IntoIterator<Item = Option<String>>) {
    let producer: BaseProducer = KafkaServer::shared().unwrap().client().create().unwrap();
    for (number, payload) in payloads.into_iter().enumerate() {
        let key = number.to_string();
        let mut record = BaseRecord::to(topic).key(&key);
        if let Some(payload) = &payload {
            record = record.payload(payload);
        }
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    }
    producer.flush(PATIENCE).unwrap();
}

/// An answer to "would you recommend us?", without a word: its language costs nothing.
pub fn score(id: usize) -> String {
    serde_json::json!({
        "specversion": "1.0", "id": format!("event-{id}"), "source": "shop/surveys",
        "type": "cx.survey_response.v1", "time": "2026-03-01T10:00:00Z", "tenant_id": "acme",
        "data": {
            "response_id": format!("s{id}"), "survey": {"id": "nps"}, "status": "complete",
            "submitted_at": "2026-03-01T09:59:00Z", "created_at": "2026-03-01T09:59:00Z",
            "answers": [{"question_id": "q", "type": "nps", "number": id % 11}]
        }
    })
    .to_string()
}

/// Sends scores with these numbers, in order.
pub fn send_scores(topic: &str, numbers: std::ops::Range<usize>) {
    send(topic, numbers.map(|number| Some(score(number))));
}
