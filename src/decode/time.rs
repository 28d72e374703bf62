//! Times of events: RFC 3339, or a number of seconds or milliseconds since 1970.

use jiff::Timestamp;

use crate::batch::{DecodeError, Reason};
use crate::feedback::Millis;

use super::fault::fault;
use super::wire::Time;

/// Numbers below are seconds (until the year 5138), others milliseconds (since March 1973).
const SECONDS_END: i64 = 100_000_000_000;

/// Last moment that the warehouse can hold: the end of 2299.
const LAST: Millis = 10_413_791_999_999;

/// First moment at which an item can have been created: 2000-01-01T00:00:00Z.
const FIRST_CREATION: Millis = 946_684_800_000;

/// How far a source's clock may be ahead of Kafka's.
const CLOCK_AHEAD: Millis = 24 * 60 * 60 * 1000;

/// Milliseconds since 1970, between 1970 and 2299.
pub(super) fn millis(field: &str, time: &Time<'_>) -> Result<Millis, DecodeError> {
    let millis = match time {
        Time::Whole(n) if n.unsigned_abs() < SECONDS_END.unsigned_abs() => n * 1000,
        Time::Whole(n) => *n,
        Time::Fraction(n) if n.abs() < SECONDS_END as f64 => (n * 1000.0).round() as Millis,
        Time::Fraction(n) => n.round() as Millis,
        Time::Text(text) => rfc3339(field, &text.0)?,
    };
    within_warehouse(field, millis)
}

/// A moment reckoned from another one.
pub(super) fn after(field: &str, base: Millis, offset: u64) -> Result<Millis, DecodeError> {
    let offset = Millis::try_from(offset).unwrap_or(Millis::MAX);
    within_warehouse(field, base.saturating_add(offset))
}

pub(super) fn within_warehouse(field: &str, millis: Millis) -> Result<Millis, DecodeError> {
    if (0..=LAST).contains(&millis) {
        return Ok(millis);
    }
    let message = "the time is before 1970 or after 2299";
    Err(fault(Reason::TimeOutOfRange, field, message))
}

fn rfc3339(field: &str, text: &str) -> Result<Millis, DecodeError> {
    match text.parse::<Timestamp>() {
        Ok(timestamp) => Ok(timestamp.as_millisecond()),
        Err(_) => {
            let message = "not a time with zone by RFC 3339, like 2026-05-01T12:30:00Z";
            Err(fault(Reason::InvalidValue, field, message))
        }
    }
}

/// Checks when an item was created: not before 2000, not a day or more after Kafka got the record.
/// Without a Kafka time (≤ 0) there is no upper bound.
pub(super) fn check_creation(
    field: &str,
    created_at: Millis,
    kafka_time: Millis,
) -> Result<Millis, DecodeError> {
    if created_at < FIRST_CREATION {
        let message = "the item was created before 2000";
        return Err(fault(Reason::TimeOutOfRange, field, message));
    }
    if kafka_time > 0 && created_at > kafka_time.saturating_add(CLOCK_AHEAD) {
        let message = "the item was created more than a day after the record's Kafka time";
        return Err(fault(Reason::TimeOutOfRange, field, message));
    }
    Ok(created_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::wire::Str;

    fn text(text: &str) -> Result<Millis, Reason> {
        millis("at", &Time::Text(Str(text.into()))).map_err(|e| e.reason)
    }

    #[test]
    fn one_moment_in_all_its_forms() {
        let moment = 1_777_638_600_000;
        assert_eq!(text("2026-05-01T12:30:00Z"), Ok(moment));
        assert_eq!(text("2026-05-01T16:00:00+03:30"), Ok(moment));
        assert_eq!(text("2026-05-01t12:30:00.000000z"), Ok(moment));
        for number in [1_777_638_600, moment] {
            assert_eq!(millis("at", &Time::Whole(number)), Ok(moment));
            assert_eq!(millis("at", &Time::Fraction(number as f64)), Ok(moment));
        }
        assert_eq!(
            millis("at", &Time::Fraction(1_777_638_600.25)),
            Ok(moment + 250)
        );
    }

    #[test]
    fn a_time_without_zone_or_a_date_is_no_moment() {
        for wrong in [
            "2026-05-01T12:30:00",
            "2026-05-01",
            "yesterday",
            "1777638600",
            "",
        ] {
            assert_eq!(text(wrong), Err(Reason::InvalidValue), "{wrong}");
        }
    }

    #[test]
    fn impossible_moments_are_out_of_range() {
        for wrong in [-1, i64::MIN, i64::MAX, LAST + 1] {
            let refused = millis("at", &Time::Whole(wrong)).unwrap_err();
            assert_eq!(refused.reason, Reason::TimeOutOfRange, "{wrong}");
        }
        let refused = millis("at", &Time::Fraction(1e300)).unwrap_err();
        assert_eq!(refused.reason, Reason::TimeOutOfRange);
        let refused = after("at", 1_777_638_600_000, u64::MAX).unwrap_err();
        assert_eq!(refused.reason, Reason::TimeOutOfRange);
    }

    #[test]
    fn creation_lies_between_2000_and_a_day_after_kafka() {
        let kafka = 1_777_638_600_000;
        let check = |at, kafka| check_creation("created_at", at, kafka).is_ok();
        assert!(check(FIRST_CREATION, kafka));
        assert!(!check(FIRST_CREATION - 1, kafka));
        assert!(check(kafka + CLOCK_AHEAD, kafka));
        assert!(!check(kafka + CLOCK_AHEAD + 1, kafka));
        assert!(check(kafka + 2 * CLOCK_AHEAD, 0));
        assert!(check(kafka + 2 * CLOCK_AHEAD, -1));
    }
}
