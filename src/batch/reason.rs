//! Why a record is a dead letter.

/// Reason codes of dead letters; stable names, they are stored and filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not JSON, or cut off.
    MalformedJson,
    /// Not UTF-8.
    InvalidUtf8,
    /// A string holds a NUL.
    NulCharacter,
    /// Nested deeper than the limit.
    TooDeep,
    /// The record or one of its fields is longer than its limit.
    TooLong,
    /// A required field is absent.
    MissingField,
    /// A field has the wrong JSON type.
    WrongType,
    /// A field has the right type and an impossible value.
    InvalidValue,
    /// A number outside its scale.
    OutOfScale,
    /// A time before 2000 or after the Kafka time plus a day.
    TimeOutOfRange,
    /// No event type, or one that Sada doesn't know.
    UnknownKind,
    /// ClickHouse takes the rows around it, and not this one.
    RefusedByWarehouse,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 12] = [
        Reason::MalformedJson,
        Reason::InvalidUtf8,
        Reason::NulCharacter,
        Reason::TooDeep,
        Reason::TooLong,
        Reason::MissingField,
        Reason::WrongType,
        Reason::InvalidValue,
        Reason::OutOfScale,
        Reason::TimeOutOfRange,
        Reason::UnknownKind,
        Reason::RefusedByWarehouse,
    ];

    /// Code in the header `sada-reason` and the column `reason`.
    pub fn code(self) -> &'static str {
        match self {
            Reason::MalformedJson => "malformed_json",
            Reason::InvalidUtf8 => "invalid_utf8",
            Reason::NulCharacter => "nul_character",
            Reason::TooDeep => "too_deep",
            Reason::TooLong => "too_long",
            Reason::MissingField => "missing_field",
            Reason::WrongType => "wrong_type",
            Reason::InvalidValue => "invalid_value",
            Reason::OutOfScale => "out_of_scale",
            Reason::TimeOutOfRange => "time_out_of_range",
            Reason::UnknownKind => "unknown_kind",
            Reason::RefusedByWarehouse => "refused_by_warehouse",
        }
    }
}

/// Why a record can't be decoded. Its message names shapes and limits, never the content.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}{}{field}: {message}", .reason.code(), if .field.is_empty() { "" } else { " at " })]
pub struct DecodeError {
    /// Code to count and filter by.
    pub reason: Reason,
    /// Path of the field (`data.answers[2].number`), empty for the whole record.
    pub field: String,
    /// For people; holds no personal data.
    pub message: String,
}
