//! Who is in a group, whichever protocol it speaks: of a group of the new one, the request of old
//! (`DescribeGroups`) tells that it has no members.

use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::bindings as ffi;
use rdkafka::client::{Client, ClientContext};

const NO_ERROR: ffi::rd_kafka_resp_err_t = ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
const UNKNOWN_GROUP: ffi::rd_kafka_resp_err_t =
    ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND;

/// How many members a group has now; none if it does not exist.
///
/// # Errors
/// The cluster did not answer in time, or does not tell.
pub(super) fn members<C: ClientContext>(
    client: &Client<C>,
    group: &str,
    timeout: Duration,
) -> Result<usize> {
    let name = CString::new(group)?;
    let mut names = [name.as_ptr()];
    let milliseconds = timeout.as_millis() as i32;
    // SAFETY: the client is alive for the whole call; options, queue and event are made here and
    // destroyed once each below; what is read out of the event is copied before that.
    unsafe {
        let rk = client.native_ptr();
        let options = ffi::rd_kafka_AdminOptions_new(
            rk,
            ffi::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
        );
        ffi::rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, ptr::null_mut(), 0);
        let queue = ffi::rd_kafka_queue_new(rk);
        ffi::rd_kafka_DescribeConsumerGroups(rk, names.as_mut_ptr(), names.len(), options, queue);
        let event = ffi::rd_kafka_queue_poll(queue, milliseconds + 1_000);
        let members = read(event);
        if !event.is_null() {
            ffi::rd_kafka_event_destroy(event);
        }
        ffi::rd_kafka_queue_destroy(queue);
        ffi::rd_kafka_AdminOptions_destroy(options);
        members
    }
}

/// # Safety
/// `event` is null or a live event of a DescribeConsumerGroups request for one group.
unsafe fn read(event: *mut ffi::rd_kafka_event_t) -> Result<usize> {
    if event.is_null() {
        bail!("the cluster did not describe the group in time");
    }
    // SAFETY: see above; the result lives as long as the event, every pointer is checked.
    unsafe {
        let error = ffi::rd_kafka_event_error(event);
        let result = ffi::rd_kafka_event_DescribeConsumerGroups_result(event);
        if error != NO_ERROR || result.is_null() {
            bail!("the cluster did not describe the group: {}", name(error));
        }
        let mut count = 0;
        let groups = ffi::rd_kafka_DescribeConsumerGroups_result_groups(result, &mut count);
        if groups.is_null() || count != 1 {
            bail!("the cluster described {count} groups instead of one");
        }
        let group = *groups;
        match ffi::rd_kafka_error_code(ffi::rd_kafka_ConsumerGroupDescription_error(group)) {
            NO_ERROR => Ok(ffi::rd_kafka_ConsumerGroupDescription_member_count(group)),
            UNKNOWN_GROUP => Ok(0),
            error => bail!("the cluster did not describe the group: {}", name(error)),
        }
    }
}

fn name(error: ffi::rd_kafka_resp_err_t) -> String {
    // SAFETY: the name of any code is a string that lives for ever.
    let name = unsafe { CStr::from_ptr(ffi::rd_kafka_err2name(error)) };
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::*;

    #[test]
    fn a_cluster_that_does_not_answer_is_not_a_group_without_members() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", free.local_addr().unwrap().to_string())
            .create()
            .unwrap();
        let told = members(consumer.client(), "sada", Duration::from_millis(300));
        assert!(told.is_err(), "{told:?}");
    }
}
