//! Errors as ClickHouse's HTTP interface tells them: a code, a text, a status.

use hyper::StatusCode;

/// An error with ClickHouse's code (`system.errors` lists them).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Exception {
    /// ClickHouse's number of the error.
    pub code: u32,
    /// The whole text: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`.
    pub message: String,
}

impl Exception {
    /// An error of the endpoint itself, in the engine's words.
    pub fn new(code: u32, message: &str) -> Self {
        let name = match code {
            36 => " (BAD_ARGUMENTS)",
            48 => " (NOT_IMPLEMENTED)",
            62 => " (SYNTAX_ERROR)",
            115 => " (UNKNOWN_SETTING)",
            372 => " (SESSION_NOT_FOUND)",
            373 => " (SESSION_IS_LOCKED)",
            _ => "",
        };
        Self {
            code,
            message: format!("Code: {code}. DB::Exception: {message}{name}"),
        }
    }

    /// Takes the code out of the engine's text.
    pub fn from_engine(message: &str) -> Self {
        let digits = message.split_once("Code: ").map_or("", |(_, rest)| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or("")
        });
        Self {
            // 1001 is STD_EXCEPTION: an error without a code of ClickHouse.
            code: digits.parse().unwrap_or(1001),
            message: message.trim_end().to_owned(),
        }
    }

    /// The HTTP status that a ClickHouse server answers such an error with.
    pub fn status(&self) -> StatusCode {
        match self.code {
            // can't parse, bad arguments, wrong types
            6
            | 25..=27
            | 33
            | 36
            | 38
            | 41
            | 43
            | 53
            | 62
            | 69
            | 72
            | 117
            | 154
            | 167
            | 168
            | 223
            | 321
            | 407
            | 427
            | 456
            | 457 => StatusCode::BAD_REQUEST,
            // unknown table, column, function, type, database, setting, format …
            46 | 47 | 50 | 56 | 60 | 61 | 63 | 73 | 78 | 81 | 115 | 128 | 336 | 372 => {
                StatusCode::NOT_FOUND
            }
            194 => StatusCode::UNAUTHORIZED,
            192 | 193 | 291 | 492 | 497 | 516 => StatusCode::FORBIDDEN,
            159 => StatusCode::REQUEST_TIMEOUT,
            307 => StatusCode::PAYLOAD_TOO_LARGE,
            48 => StatusCode::NOT_IMPLEMENTED,
            202 | 209 | 210 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_from_the_engines_text() {
        let e = Exception::from_engine(
            "Code: 60. DB::Exception: Unknown table expression identifier 'x'. (UNKNOWN_TABLE)\n",
        );
        assert_eq!((e.code, e.status()), (60, StatusCode::NOT_FOUND));
        assert!(e.message.ends_with("(UNKNOWN_TABLE)"));
    }

    #[test]
    fn a_text_without_a_code_is_still_an_error() {
        let e = Exception::from_engine("out of luck");
        assert_eq!(
            (e.code, e.status()),
            (1001, StatusCode::INTERNAL_SERVER_ERROR)
        );
    }
}
