//! How Kafka forgets what lies in a topic: its `cleanup.policy`.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaResult;

use crate::config::{Config, ConfigError};

/// How long the cluster may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Refuses a topic of erasures that forgets: a customer would come back with the next replay. Returns
/// what is to be known of the feeds of O-data, for people: a compacted one loses the versions that were
/// true before the newest. A cluster that doesn't tell a policy is trusted, and that is told.
///
/// # Errors
/// Kafka deletes marks after a time.
pub async fn check(config: &Config) -> Result<Vec<String>, ConfigError> {
    let erasures = &config.kafka.erasure_topic;
    let feeds = config.operations.feeds.iter().map(|feed| &feed.topic);
    let asked = feeds.clone().chain([erasures]).filter(|t| !t.is_empty());
    let asked: Vec<&String> = asked.collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let (policies, mut warnings) = match policies(config, &asked).await {
        Ok(told) => told,
        Err(error) => return Ok(vec![format!("kafka: cleanup.policy is not told: {error}")]),
    };
    if let Some(policy) = policies.get(erasures)
        && policy != "compact"
    {
        return Err(ConfigError {
            place: String::new(),
            field: "kafka.erasure_topic".into(),
            message: format!(
                "cleanup.policy of {erasures} is {policy}: it would forget who was erased"
            ),
            mend: format!(
                "kafka-configs.sh --alter --entity-type topics --entity-name {erasures} \
                 --add-config cleanup.policy=compact --bootstrap-server {}",
                config.kafka.brokers
            ),
        });
    }
    let is_compacted =
        |topic: &&String| policies.get(*topic).is_some_and(|p| p.contains("compact"));
    let warning = |topic: &String| {
        format!(
            "operations.feeds: {topic} is compacted: read again from its start, it tells only the \
             newest version of each entity, and older feedback is joined as a miss"
        )
    };
    warnings.extend(feeds.filter(is_compacted).map(warning));
    Ok(warnings)
}

/// `cleanup.policy` of topics (`delete`, `compact` or `compact,delete`), by name; and of which it is not
/// told, for people.
async fn policies(
    config: &Config,
    topics: &[impl AsRef<str>],
) -> anyhow::Result<(HashMap<String, String>, Vec<String>)> {
    let client: AdminClient<DefaultClientContext> = super::client(config)?.create()?;
    let asked: Vec<ResourceSpecifier<'_>> = topics
        .iter()
        .map(|topic| ResourceSpecifier::Topic(topic.as_ref()))
        .collect();
    let options = AdminOptions::new().request_timeout(Some(TIMEOUT));
    let answers: KafkaResult<Vec<_>> = client.describe_configs(&asked, &options).await;
    let (mut policies, mut untold) = (HashMap::new(), Vec::new());
    for (topic, answer) in topics.iter().zip(answers?) {
        let topic = topic.as_ref();
        match answer {
            Ok(told) => {
                let policy = told.get("cleanup.policy").and_then(|e| e.value.clone());
                policies.extend(policy.map(|policy| (topic.to_owned(), policy)));
            }
            Err(code) => untold.push(format!(
                "kafka: cleanup.policy of {topic} is not told: {code}"
            )),
        }
    }
    Ok((policies, untold))
}
