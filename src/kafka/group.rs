//! Who is in a group, whichever protocol it speaks: of a group of the new one, the request of old
//! (`DescribeGroups`) tells that it has no members.

use std::ffi::CString;
use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::bindings as ffi;
use rdkafka::client::{Client, ClientContext};

use super::described::{self, NO_ERROR, described};

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
    let kind = ffi::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
    // SAFETY: one question of this kind; names are copied, what is read is a number.
    unsafe {
        described(
            client,
            (kind, "the group"),
            timeout,
            |rk, options, queue| {
                let (names, count) = (names.as_mut_ptr(), names.len());
                ffi::rd_kafka_DescribeConsumerGroups(rk, names, count, options, queue);
            },
            |event| read(event),
        )
    }
}

/// # Safety
/// `event` is a live event of a DescribeConsumerGroups request for one group.
unsafe fn read(event: *mut ffi::rd_kafka_event_t) -> Result<usize> {
    // SAFETY: see above; the result lives as long as the event, every pointer is checked.
    unsafe {
        let result = ffi::rd_kafka_event_DescribeConsumerGroups_result(event);
        if result.is_null() {
            bail!("the cluster did not describe the group");
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
            error => bail!(
                "the cluster did not describe the group: {}",
                described::name(error)
            ),
        }
    }
}
