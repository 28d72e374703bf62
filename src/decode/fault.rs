//! Faults of a record: building a [`DecodeError`] from the inside out, and finding out which field of a
//! JSON document is to blame. Nothing of the record's content ever gets into a message.

use serde::Deserialize;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use crate::batch::{DecodeError, Reason};

/// A fault at one field; whoever contains the field adds its own name with [`InField`].
#[cold]
pub(super) fn fault(reason: Reason, field: &str, message: impl Into<String>) -> DecodeError {
    DecodeError {
        reason,
        field: field.to_owned(),
        message: message.into(),
    }
}

/// A required field is absent.
#[cold]
pub(super) fn missing(field: &str) -> DecodeError {
    fault(Reason::MissingField, field, "the field is required")
}

/// Puts the name of the containing field in front of a fault's path.
pub(super) trait InField {
    /// `field.path`
    fn in_field(self, field: &str) -> Self;
    /// `field[index].path`
    fn in_item(self, field: &str, index: usize) -> Self;
}

impl<T> InField for Result<T, DecodeError> {
    fn in_field(self, field: &str) -> Self {
        self.map_err(|error| prefixed(error, field))
    }

    fn in_item(self, field: &str, index: usize) -> Self {
        self.map_err(|error| prefixed(error, &format!("{field}[{index}]")))
    }
}

#[cold]
fn prefixed(mut error: DecodeError, field: &str) -> DecodeError {
    // What isn't JSON has no fields to be named.
    if error.reason != Reason::MalformedJson {
        error.field = joined(field, &error.field);
    }
    error
}

fn joined(outer: &str, inner: &str) -> String {
    match inner {
        "" => outer.to_owned(),
        _ if outer.is_empty() => inner.to_owned(),
        _ if inner.starts_with('[') => format!("{outer}{inner}"),
        _ => format!("{outer}.{inner}"),
    }
}

/// Fields whose members are named by the source: their names are content, paths end before them.
const OPEN: [&str; 2] = ["extra", "hidden"];

/// Decodes a document again that has failed as a `T`, now with its path tracked, and says what is
/// wrong with it and where.
#[cold]
pub(super) fn locate<'a, T: Deserialize<'a>>(json: &'a str) -> DecodeError {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => {
            let message = "something follows the end of the JSON document";
            fault(Reason::MalformedJson, "", message)
        }
        Err(error) => {
            let path = dotted(error.path());
            classify(&path, error.inner(), json)
        }
    }
}

fn dotted(path: &serde_path_to_error::Path) -> String {
    let mut dotted = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => dotted = joined(&dotted, &format!("[{index}]")),
            Segment::Map { key } => dotted = joined(&dotted, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        if matches!(segment, Segment::Map { key } if OPEN.contains(&key.as_str())) {
            break;
        }
    }
    dotted
}

pub(super) fn classify(path: &str, error: &serde_json::Error, json: &str) -> DecodeError {
    // The texts are serde's and serde_json's; a test holds each of these cases.
    let text = error.to_string();
    match error.classify() {
        Category::Data => {
            if let Some(field) = text.strip_prefix("missing field `") {
                missing(&member(path, field))
            } else if let Some(field) = text.strip_prefix("duplicate field `") {
                let message = "the field is there twice";
                fault(Reason::InvalidValue, &member(path, field), message)
            } else if text.starts_with("invalid type") {
                fault(Reason::WrongType, path, expectation(&text))
            } else {
                fault(Reason::InvalidValue, path, expectation(&text))
            }
        }
        _ if text.starts_with("number out of range") => {
            fault(Reason::InvalidValue, path, "the number is too large")
        }
        _ if text.starts_with("recursion limit") => {
            fault(Reason::TooDeep, path, "nested too deeply")
        }
        _ if text.starts_with("control character") && json.contains('\0') => {
            fault(Reason::NulCharacter, path, "a string holds a NUL")
        }
        Category::Eof => {
            let message = format!("the JSON is cut off after {} bytes", json.len());
            fault(Reason::MalformedJson, "", message)
        }
        _ => {
            let (line, column) = (error.line(), error.column());
            let message = format!("not JSON: wrong at line {line}, column {column}");
            fault(Reason::MalformedJson, "", message)
        }
    }
}

/// Path of the member of `path` that a message of serde names; such a name is one of ours.
fn member(path: &str, field: &str) -> String {
    joined(path, field.split('`').next().unwrap_or_default())
}

/// What a decoder expected. Comes last in its message, after what it found, which is content.
fn expectation(text: &str) -> String {
    let Some((_, expected)) = text.rsplit_once("expected ") else {
        return "the value is impossible".to_owned();
    };
    let expected = expected.split(" at line ").next().unwrap_or_default();
    format!("expected {expected}")
}
