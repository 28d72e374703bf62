//! The embedded broker: librdkafka's mock cluster. It keeps 5 MiB a partition in memory, drops the
//! oldest beyond that, and forgets everything when it ends.

use std::collections::HashMap;

use anyhow::{Context, Result};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use uuid::Uuid;

/// Partitions of each topic.
pub const PARTITIONS: i32 = 4;

/// A Kafka broker inside this process.
pub struct EmbeddedBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    streams: HashMap<String, String>,
}

impl EmbeddedBroker {
    /// Starts a broker with these topics, on a free port of the loopback interface.
    ///
    /// # Errors
    /// librdkafka refuses.
    pub fn start<'t>(topics: impl IntoIterator<Item = &'t str>) -> Result<Self> {
        let cluster = MockCluster::new(1).context("the embedded broker does not start")?;
        let mut streams = HashMap::new();
        for topic in topics {
            cluster
                .create_topic(topic, PARTITIONS, 1)
                .with_context(|| format!("topic {topic}"))?;
            streams.insert(topic.to_owned(), Uuid::new_v4().simple().to_string());
        }
        Ok(Self { cluster, streams })
    }

    /// Address for `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// A stream id for each topic: new at every start, since offsets begin again at 0.
    pub fn streams(&self) -> HashMap<String, String> {
        self.streams.clone()
    }
}
