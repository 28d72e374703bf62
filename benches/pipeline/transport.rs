//! Our pipeline over records that lie on a real Kafka, into the real engine.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sada::batch::EnrichedBatch;
use sada::config::{Config, DeliveryMode};
use sada::decode::Limits;
use sada::enrich::{Enriched, Tags, Versions};
use sada::feedback::{Body, Feedback};
use sada::health::Health;
use sada::kafka::{DeadLetterTopic, KafkaSource};
use sada::pipeline::{self, Outcomes, Parts, Sink, SinkError};
use sada::warehouse::{self, migrations};
use tokio_util::sync::CancellationToken;

use crate::kafka_server::KafkaServer;
use crate::measure::{Cost, cpu_seconds};
use crate::{PATIENCE, events};

/// Both servers.
pub struct Bench<'a> {
    pub engine: String,
    pub kafka: &'a KafkaServer,
}

/// Tags one item.
pub type Enrich = Box<dyn Fn(Feedback) -> Enriched + Send + Sync>;

/// No enrichment: the text as it is, everything else unknown.
pub fn bare() -> Enrich {
    let versions = Arc::new(Versions {
        models: "none".into(),
        taxonomy: "none".into(),
    });
    Box::new(move |feedback| {
        let text = match &feedback.body {
            Body::Review(review) => review.body.clone(),
            _ => String::new(),
        };
        let tags = Tags::untagged(text);
        Enriched {
            joined: sada::odata::Joined::default(),
            feedback,
            tags,
            parts: Vec::new(),
            redactions: sada::enrich::privacy::Redactions::default(),
            versions: versions.clone(),
        }
    })
}

impl Bench<'_> {
    /// Makes a topic and sends reviews to it.
    pub fn fill(&self, topic: &str, count: usize) -> Result<()> {
        self.kafka.create_topic(topic, 4)?;
        let producer: BaseProducer = self
            .kafka
            .client()
            .set("queue.buffering.max.messages", "1000000")
            .set("linger.ms", "20")
            .create()?;
        for number in 0..count {
            let (key, payload) = (number.to_string(), events::review(number));
            while producer
                .send(BaseRecord::to(topic).key(&key).payload(&payload))
                .is_err()
            {
                producer.poll(Duration::from_millis(10));
            }
            producer.poll(Duration::ZERO);
        }
        producer.flush(PATIENCE)?;
        Ok(())
    }

    /// Reads the whole topic as a new group, into a database of its own.
    pub fn ours(
        &self,
        topic: &str,
        round: usize,
        events: usize,
        enrich: Enrich,
        delivery: DeliveryMode,
    ) -> Result<Cost> {
        let mut config = Config {
            delivery,
            ..Config::default()
        };
        config.kafka.brokers = self.kafka.bootstrap().to_owned();
        config.kafka.topics = vec![topic.to_owned()];
        let name = format!("{topic}_{delivery:?}_{round}");
        config.kafka.group.clone_from(&name);
        config.clickhouse.url = self.engine.clone();
        config.clickhouse.database = name;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            migrations::apply(&config).await?;
            let done = CancellationToken::new();
            let (rows, evidence) = warehouse::sinks(&config)?;
            let health = Health::new(config.health.stalled);
            let parts = Parts {
                outcomes: Outcomes::new(enrich, Arc::default(), Limits::default()),
                rows,
                dead_letters: DeadLetterTopic::new(&config)?,
                evidence: Counted {
                    inner: evidence.clone(),
                    left: AtomicUsize::new(events),
                    done: done.clone(),
                },
                in_flight: 4,
                health: health.clone(),
            };
            let (begun, cpu) = (Instant::now(), cpu_seconds("self")?);
            let source =
                KafkaSource::start(&config, HashMap::new(), evidence, "bench", health.clone())?;
            let run = pipeline::run(Arc::new(source), Arc::new(parts), done);
            tokio::time::timeout(PATIENCE, run)
                .await
                .map_err(|_| anyhow!("took too long"))??;
            Ok(Cost {
                events,
                wall_s: begun.elapsed().as_secs_f64(),
                cpu_s: cpu_seconds("self")? - cpu,
            })
        })
    }
}

/// A sink that ends the run when all records have arrived.
struct Counted<S> {
    inner: S,
    left: AtomicUsize,
    done: CancellationToken,
}

impl<S: Sink> Sink for Counted<S> {
    async fn write(&self, batch: &EnrichedBatch) -> Result<(), SinkError> {
        self.inner.write(batch).await?;
        let count = batch.outcomes.len();
        if self.left.fetch_sub(count, Ordering::SeqCst) == count {
            self.done.cancel();
        }
        Ok(())
    }
}
