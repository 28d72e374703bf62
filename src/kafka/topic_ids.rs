//! Topic ids: which life of a topic this is. Deleted and made again, a topic begins at offset 0
//! under the old name; only its id tells the two apart.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::bindings as ffi;
use rdkafka::client::{Client, ClientContext};

const NO_ERROR: ffi::rd_kafka_resp_err_t = ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
const UNKNOWN_TOPIC: ffi::rd_kafka_resp_err_t =
    ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

/// Ids of topics as 32 hexadecimal digits, by name; `None` where the broker knows no ids (older than
/// 2.8). A topic that does not exist has no entry.
///
/// # Errors
/// The cluster did not answer in time, or did not tell of a topic.
pub(super) fn describe<C: ClientContext>(
    client: &Client<C>,
    topics: &[String],
    timeout: Duration,
) -> Result<HashMap<String, Option<String>>> {
    let names: Vec<CString> = topics
        .iter()
        .map(|t| CString::new(t.as_str()))
        .collect::<Result<_, _>>()?;
    let mut pointers: Vec<_> = names.iter().map(|n| n.as_ptr()).collect();
    let milliseconds = timeout.as_millis() as i32;
    // SAFETY: the client is alive for the whole call; collection, options, queue and event are made
    // here and destroyed once each below; what is read out of the event is copied before that.
    unsafe {
        let rk = client.native_ptr();
        let collection =
            ffi::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        let options = ffi::rd_kafka_AdminOptions_new(
            rk,
            ffi::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        );
        ffi::rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, ptr::null_mut(), 0);
        let queue = ffi::rd_kafka_queue_new(rk);
        ffi::rd_kafka_DescribeTopics(rk, collection, options, queue);
        let event = ffi::rd_kafka_queue_poll(queue, milliseconds + 1_000);
        let ids = read(event);
        if !event.is_null() {
            ffi::rd_kafka_event_destroy(event);
        }
        ffi::rd_kafka_queue_destroy(queue);
        ffi::rd_kafka_AdminOptions_destroy(options);
        ffi::rd_kafka_TopicCollection_destroy(collection);
        ids
    }
}

/// # Safety
/// `event` is null or a live event of a DescribeTopics request.
unsafe fn read(event: *mut ffi::rd_kafka_event_t) -> Result<HashMap<String, Option<String>>> {
    if event.is_null() {
        bail!("the cluster did not describe its topics in time");
    }
    // SAFETY: see above; the result lives as long as the event, every pointer is checked.
    unsafe {
        let result = ffi::rd_kafka_event_DescribeTopics_result(event);
        // A request that failed has a result, too: an empty one.
        let failed = ffi::rd_kafka_event_error(event) != NO_ERROR;
        if result.is_null() || failed {
            let text = ffi::rd_kafka_event_error_string(event);
            let text = if text.is_null() {
                c"no answer"
            } else {
                CStr::from_ptr(text)
            };
            bail!(
                "the cluster did not describe its topics: {}",
                text.to_string_lossy()
            );
        }
        let mut count = 0;
        let topics = ffi::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        let mut ids = HashMap::new();
        for index in 0..count {
            let topic = *topics.add(index);
            let (name, id) = (
                ffi::rd_kafka_TopicDescription_name(topic),
                ffi::rd_kafka_TopicDescription_topic_id(topic),
            );
            if name.is_null() || id.is_null() {
                bail!("the cluster described a topic without its name");
            }
            let name = CStr::from_ptr(name).to_string_lossy().into_owned();
            let error = ffi::rd_kafka_error_code(ffi::rd_kafka_TopicDescription_error(topic));
            if error == UNKNOWN_TOPIC {
                continue;
            }
            if error != NO_ERROR {
                bail!("the cluster did not describe topic {name}: {error:?}");
            }
            let high = ffi::rd_kafka_Uuid_most_significant_bits(id) as u64;
            let low = ffi::rd_kafka_Uuid_least_significant_bits(id) as u64;
            let id = ((high, low) != (0, 0)).then(|| format!("{high:016x}{low:016x}"));
            ids.insert(name, id);
        }
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::*;

    #[test]
    fn a_cluster_that_does_not_answer_tells_nothing() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", free.local_addr().unwrap().to_string())
            .create()
            .unwrap();
        let topics = ["sada.feedback".to_owned()];
        // Not an empty answer: that would look like a topic that is gone, or made again.
        let told = describe(consumer.client(), &topics, Duration::from_millis(300));
        assert!(told.is_err(), "{told:?}");
    }
}
