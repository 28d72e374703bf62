//! How Kafka forgets what lies in a topic: its `cleanup.policy`.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaResult;

use crate::config::{Config, ConfigError};

/// How long the cluster may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Refuses a topic of erasures that forgets: a customer would come back with the next replay. A
/// cluster that doesn't tell its policies (the embedded one has none) is trusted.
///
/// # Errors
/// Kafka deletes marks after a time.
pub async fn keeps_erasures(config: &Config) -> Result<(), ConfigError> {
    let topic = &config.kafka.erasure_topic;
    if topic.is_empty() {
        return Ok(());
    }
    let policies = policies(config, &[topic]).await.unwrap_or_default();
    match policies.get(topic.as_str()) {
        Some(policy) if policy != "compact" => Err(ConfigError {
            place: String::new(),
            field: "kafka.erasure_topic".into(),
            message: format!(
                "cleanup.policy of {topic} is {policy}: it would forget who was erased"
            ),
            mend: format!(
                "kafka-configs.sh --alter --entity-type topics --entity-name {topic} \
                 --add-config cleanup.policy=compact --bootstrap-server {}",
                config.kafka.brokers
            ),
        }),
        _ => Ok(()),
    }
}

/// What is to be known of the feeds of O-data, for people: a compacted one loses the versions that
/// were true before the newest.
pub async fn warnings(config: &Config) -> Vec<String> {
    let feeds = &config.operations.feeds;
    let topics: Vec<&str> = feeds.iter().map(|feed| feed.topic.as_str()).collect();
    if topics.is_empty() {
        return Vec::new();
    }
    let policies = match policies(config, &topics).await {
        Ok(policies) => policies,
        Err(error) => {
            return vec![format!(
                "operations.feeds: cleanup.policy is not told: {error}"
            )];
        }
    };
    let compacted = topics
        .iter()
        .filter(|topic| policies.get(**topic).is_some_and(|p| p.contains("compact")));
    let warning = |topic: &&str| {
        format!(
            "operations.feeds: {topic} is compacted: read again from its start, it tells only the \
             newest version of each entity, and older feedback is joined as a miss"
        )
    };
    compacted.map(warning).collect()
}

/// `cleanup.policy` of topics (`delete`, `compact` or `compact,delete`), by name.
async fn policies(
    config: &Config,
    topics: &[impl AsRef<str>],
) -> anyhow::Result<HashMap<String, String>> {
    let client: AdminClient<DefaultClientContext> = super::client(config)?.create()?;
    let asked: Vec<ResourceSpecifier<'_>> = topics
        .iter()
        .map(|topic| ResourceSpecifier::Topic(topic.as_ref()))
        .collect();
    let options = AdminOptions::new().request_timeout(Some(TIMEOUT));
    let answers: KafkaResult<Vec<_>> = client.describe_configs(&asked, &options).await;
    let mut policies = HashMap::new();
    for (topic, answer) in topics.iter().zip(answers?) {
        let told = answer.map_err(|code| anyhow::anyhow!("{}: {code}", topic.as_ref()))?;
        if let Some(policy) = told.get("cleanup.policy").and_then(|e| e.value.clone()) {
            policies.insert(topic.as_ref().to_owned(), policy);
        }
    }
    Ok(policies)
}
