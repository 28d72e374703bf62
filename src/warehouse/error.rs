//! What an error of ClickHouse means: will it pass by itself, or never?

use clickhouse::error::Error;

use crate::pipeline::SinkError;
use crate::telemetry::Cause;

/// What an error means for the request that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// It speaks of the server's state: may pass by itself.
    Transient(Cause),
    /// It speaks of a row of the insert. ClickHouse's name for it; the message may hold values of
    /// the row, so it goes nowhere.
    Row(&'static str),
    /// It speaks of the request or the tables: trying again is no use.
    Permanent,
}

/// Decides on retry, alone.
pub fn meaning(error: &Error) -> Meaning {
    match error {
        Error::Network(_) => Meaning::Transient(Cause::Network),
        Error::TimedOut => Meaning::Transient(Cause::Timeout),
        Error::BadResponse(text) => match code(error) {
            Some(code) => meaning_of_code(code, text),
            None if proxy_is_transient(text) => Meaning::Transient(Cause::Unavailable),
            None => Meaning::Permanent,
        },
        _ => Meaning::Permanent,
    }
}

/// The sink's error for what the client reported, where no single row can be at fault.
pub fn sink_error(error: &Error, doing: &str) -> SinkError {
    match meaning(error) {
        Meaning::Transient(cause) => SinkError::Transient {
            message: format!("{doing}: {error}"),
            cause,
        },
        Meaning::Row(name) => SinkError::Permanent(format!("{doing}: ClickHouse says {name}")),
        Meaning::Permanent => SinkError::Permanent(format!("{doing}: {error}")),
    }
}

/// ClickHouse's error code, from `Code: 60. DB::Exception: …`; `None` if something else answered.
pub fn code(error: &Error) -> Option<u32> {
    let Error::BadResponse(text) = error else {
        return None;
    };
    let digits = text.split_once("Code: ")?.1;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// Codes that speak of the server's state, not of the request, by ClickHouse's names. What is not
/// listed is permanent: trying what can't pass without end would look like a healthy, silent
/// pipeline.
pub const TRANSIENT: [(u32, &str); 28] = [
    (159, "TIMEOUT_EXCEEDED"),
    (173, "CANNOT_ALLOCATE_MEMORY"),
    (198, "DNS_ERROR"),
    (202, "TOO_MANY_SIMULTANEOUS_QUERIES"),
    (203, "NO_FREE_CONNECTION"),
    (209, "SOCKET_TIMEOUT"),
    (210, "NETWORK_ERROR"),
    (225, "NO_ZOOKEEPER"),
    (236, "ABORTED"),
    (241, "MEMORY_LIMIT_EXCEEDED"),
    (242, "TABLE_IS_READ_ONLY"),
    (243, "NOT_ENOUGH_SPACE"),
    (252, "TOO_MANY_PARTS"),
    (254, "NO_ACTIVE_REPLICAS"),
    (265, "NO_AVAILABLE_REPLICA"),
    (279, "ALL_CONNECTION_TRIES_FAILED"),
    (285, "TOO_FEW_LIVE_REPLICAS"),
    (286, "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE"),
    (289, "REPLICA_IS_NOT_IN_QUORUM"),
    (319, "UNKNOWN_STATUS_OF_INSERT"),
    (364, "RECEIVED_ERROR_TOO_MANY_REQUESTS"),
    (394, "QUERY_WAS_CANCELLED"),
    (425, "SYSTEM_ERROR"),
    (439, "CANNOT_SCHEDULE_TASK"),
    (473, "DEADLOCK_AVOIDED"),
    (745, "SERVER_OVERLOADED"),
    (999, "KEEPER_EXCEPTION"),
    (1000, "POCO_EXCEPTION"),
];

/// Codes that speak of the values of a row, by ClickHouse's names.
pub const ROW: [(u32, &str); 9] = [
    (69, "ARGUMENT_OUT_OF_BOUND"),
    (128, "TOO_LARGE_ARRAY_SIZE"),
    (131, "TOO_LARGE_STRING_SIZE"),
    (190, "SIZES_OF_ARRAYS_DONT_MATCH"),
    (321, "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE"),
    (349, "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN"),
    (395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    (407, "DECIMAL_OVERFLOW"),
    (469, "VIOLATED_CONSTRAINT"),
];

fn meaning_of_code(code: u32, text: &str) -> Meaning {
    // "Too many partitions for (a) single INSERT block" comes as TOO_MANY_PARTS too: that block
    // never passes.
    if code == 252 && text.contains("single INSERT block") {
        return Meaning::Permanent;
    }
    let name = |codes: &[(u32, &'static str)]| codes.iter().find(|c| c.0 == code).map(|c| c.1);
    match (name(&TRANSIENT), name(&ROW)) {
        (Some(_), _) => Meaning::Transient(Cause::of_code(code)),
        (None, Some(name)) => Meaning::Row(name),
        (None, None) => Meaning::Permanent,
    }
}

/// Something between us and ClickHouse answered: its HTTP status is the first number in the page.
fn proxy_is_transient(page: &str) -> bool {
    let status = page
        .split(|c: char| !c.is_ascii_digit())
        .find(|word| word.len() == 3 && matches!(word.as_bytes()[0], b'4' | b'5'));
    !matches!(status, Some(s) if s.starts_with('4') && s != "408" && s != "429")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str) -> Error {
        Error::BadResponse(text.to_owned())
    }

    #[test]
    fn errors_that_pass_are_tried_again() {
        let all = [
            "Code: 252. DB::Exception: Too many parts (3000 with average size of 1.00 KiB) in table",
            "Code: 159. DB::Exception: Timeout exceeded: elapsed 60 seconds",
            "Code: 209. DB::Exception: Timeout: connect timed out",
            "Code: 210. DB::Exception: Connection refused",
            "Code: 241. DB::Exception: (total) memory limit exceeded",
            "Code: 242. DB::Exception: Table is in readonly mode",
            "Code: 319. DB::Exception: Unknown status of part",
            "Code: 999. Coordination::Exception: Session expired",
            "Code: 202. DB::Exception: Too many simultaneous queries",
            "Code: 203. DB::Exception: No free connection",
            "Code: 425. DB::Exception: Resource temporarily unavailable",
            "Code: 473. DB::Exception: Possible deadlock avoided",
            "Code: 285",
            "<html><head><title>502 Bad Gateway</title></head></html>",
            "503 Service Unavailable",
            "429 Too Many Requests",
            "upstream is gone",
        ];
        for text in all {
            assert!(
                sink_error(&answered(text), "insert").is_transient(),
                "{text}"
            );
        }
        let network = Error::Network("connection reset".into());
        assert!(sink_error(&network, "insert").is_transient());
        assert!(sink_error(&Error::TimedOut, "insert").is_transient());
    }

    #[test]
    fn errors_that_never_pass_stop_the_pipeline() {
        let all = [
            "Code: 252. DB::Exception: Too many partitions for a single INSERT block (120 partitions, limit is 100)",
            "Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100)",
            "Code: 516. DB::Exception: default: Authentication failed: password is incorrect",
            "Code: 497. DB::Exception: sada: Not enough privileges",
            "Code: 192. DB::Exception: There is no user",
            "Code: 194. DB::Exception: Password required",
            "Code: 60. DB::Exception: Table sada.feedback does not exist",
            "Code: 81. DB::Exception: Database sada does not exist",
            "Code: 16. DB::Exception: No such column tenant in table",
            "Code: 47. DB::Exception: Unknown identifier",
            "Code: 53. DB::Exception: Type mismatch",
            "Code: 117. DB::Exception: Type of 'text' must be String, not UInt8",
            "Code: 164. DB::Exception: Cannot execute query in readonly mode",
            "<html><head><title>401 Authorization Required</title></head></html>",
            "404 Not Found",
        ];
        for text in all {
            assert_eq!(meaning(&answered(text)), Meaning::Permanent, "{text}");
        }
        let mismatch = Error::SchemaMismatch("column `text` is missing".into());
        assert!(!sink_error(&mismatch, "insert").is_transient());
    }

    #[test]
    fn values_of_a_refused_row_are_not_passed_on() {
        let text = "Code: 469. DB::Exception: Constraint `c` for table sada.feedback is violated at \
                    row 1. Expression: (text != 'x'). Column values: text = 'my number is 12'";
        assert_eq!(
            meaning(&answered(text)),
            Meaning::Row("VIOLATED_CONSTRAINT")
        );
        let error = sink_error(&answered(text), "insert").to_string();
        assert!(!error.contains("12"), "{error}");
    }

    #[test]
    fn messages_say_what_was_tried() {
        let error = sink_error(
            &answered("Code: 60. DB::Exception: no table"),
            "insert into sada.feedback",
        );
        let expected = "insert into sada.feedback: bad response: Code: 60. DB::Exception: no table";
        assert_eq!(error.to_string(), expected);
    }
}
