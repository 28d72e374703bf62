//! Topic ids: which life of a topic this is. Deleted and made again, a topic begins at offset 0
//! under the old name; only its id tells the two apart.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::bindings as ffi;
use rdkafka::client::{Client, ClientContext};

use super::described::{self, NO_ERROR, described};

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
    let kind = ffi::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    // SAFETY: one question of this kind; the collection is made here and destroyed once, after the
    // answer; what is read is copied.
    unsafe {
        let collection =
            ffi::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        let ids = described(
            client,
            (kind, "its topics"),
            timeout,
            |rk, options, queue| ffi::rd_kafka_DescribeTopics(rk, collection, options, queue),
            |event| read(event),
        );
        ffi::rd_kafka_TopicCollection_destroy(collection);
        ids
    }
}

/// # Safety
/// `event` is a live event of a DescribeTopics request.
unsafe fn read(event: *mut ffi::rd_kafka_event_t) -> Result<HashMap<String, Option<String>>> {
    // SAFETY: see above; the result lives as long as the event, every pointer is checked.
    unsafe {
        let result = ffi::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            bail!("the cluster did not describe its topics");
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
                bail!(
                    "the cluster did not describe topic {name}: {}",
                    described::name(error)
                );
            }
            let high = ffi::rd_kafka_Uuid_most_significant_bits(id) as u64;
            let low = ffi::rd_kafka_Uuid_least_significant_bits(id) as u64;
            let id = ((high, low) != (0, 0)).then(|| format!("{high:016x}{low:016x}"));
            ids.insert(name, id);
        }
        Ok(ids)
    }
}
