//! What the cluster describes and `rdkafka` has no function for: one question, one answer.

use std::ffi::CStr;
use std::ptr;
use std::time::Duration;

use anyhow::{Result, anyhow};
use rdkafka::bindings as ffi;
use rdkafka::client::{Client, ClientContext};

pub(super) const NO_ERROR: ffi::rd_kafka_resp_err_t =
    ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;

/// Has `ask` send a question of this kind, with the client, its options and the queue for the answer,
/// and returns what `read` reads out of the answer, which is gone after that. `what` is asked for, in
/// words.
///
/// # Errors
/// The cluster did not answer in time, or refused; or `read`'s.
///
/// # Safety
/// `ask` sends one question of the kind `operation` into that queue, and keeps none of the three.
/// `read` is given a live event of its answer, and keeps nothing of it.
pub(super) unsafe fn described<C: ClientContext, T>(
    client: &Client<C>,
    (operation, what): (ffi::rd_kafka_admin_op_t, &str),
    timeout: Duration,
    ask: impl FnOnce(
        *mut ffi::rd_kafka_t,
        *mut ffi::rd_kafka_AdminOptions_t,
        *mut ffi::rd_kafka_queue_t,
    ),
    read: impl FnOnce(*mut ffi::rd_kafka_event_t) -> Result<T>,
) -> Result<T> {
    let milliseconds = timeout.as_millis() as i32;
    // SAFETY: the client is alive for the whole call; options, queue and event are made here and
    // destroyed once each below.
    unsafe {
        let rk = client.native_ptr();
        let options = ffi::rd_kafka_AdminOptions_new(rk, operation);
        ffi::rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, ptr::null_mut(), 0);
        let queue = ffi::rd_kafka_queue_new(rk);
        ask(rk, options, queue);
        let event = ffi::rd_kafka_queue_poll(queue, milliseconds + 1_000);
        let answer = match refusal(event) {
            None => read(event),
            Some(why) => Err(anyhow!("the cluster did not describe {what}: {why}")),
        };
        if !event.is_null() {
            ffi::rd_kafka_event_destroy(event);
        }
        ffi::rd_kafka_queue_destroy(queue);
        ffi::rd_kafka_AdminOptions_destroy(options);
        answer
    }
}

/// Why there is no answer; one that failed has an empty result, too.
///
/// # Safety
/// `event` is null or alive.
unsafe fn refusal(event: *mut ffi::rd_kafka_event_t) -> Option<String> {
    if event.is_null() {
        return Some("no answer in time".into());
    }
    // SAFETY: see above; the text lives as long as the event.
    unsafe {
        let error = ffi::rd_kafka_event_error(event);
        if error == NO_ERROR {
            return None;
        }
        let text = ffi::rd_kafka_event_error_string(event);
        Some(match text.is_null() {
            true => name(error),
            false => CStr::from_ptr(text).to_string_lossy().into_owned(),
        })
    }
}

/// Name of an error, as in librdkafka's documentation.
pub(super) fn name(error: ffi::rd_kafka_resp_err_t) -> String {
    // SAFETY: the name of any code is a string that lives for ever.
    let name = unsafe { CStr::from_ptr(ffi::rd_kafka_err2name(error)) };
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::super::{group, topic_ids};
    use super::*;

    /// No empty answer: that would look like a group without members, or a topic that is gone.
    #[test]
    fn a_cluster_that_does_not_answer_tells_nothing() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", free.local_addr().unwrap().to_string())
            .create()
            .unwrap();
        let (client, wait) = (consumer.client(), Duration::from_millis(300));
        let members = group::members(client, "sada", wait);
        assert!(members.is_err(), "{members:?}");
        let ids = topic_ids::describe(client, &["sada.feedback".to_owned()], wait);
        assert!(ids.is_err(), "{ids:?}");
    }
}
