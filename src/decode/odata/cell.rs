//! What stands in a column, read as what it should be: text, identifier, money, time, number.
//!
//! Operational systems write the same thing in many ways. A decimal comes as a number, as a text or,
//! from Debezium, as the bytes of an integer; a moment as text, or as a number of seconds,
//! milliseconds, microseconds, nanoseconds or days. Where the record carries a schema, it decides;
//! without one the number itself tells its unit (see [`Cell::time`]).

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::batch::{DecodeError, Reason};
use crate::decode::checks::Checks;
use crate::decode::fault::fault;
use crate::decode::time;
use crate::decode::wire::Str;
use crate::feedback::Millis;
use crate::odata::Decimal4;

use super::connect::Logical;

const DAY: Millis = 24 * 60 * 60 * 1000;
/// Numbers below are days since 1970: as seconds they would be the first hours of 1970.
const DAYS_END: u64 = 100_000;
/// Numbers below are seconds, as in feedback.
const SECONDS_END: u64 = 100_000_000_000;
/// Numbers below are milliseconds, until the year 5138.
const MILLIS_END: u64 = 100_000_000_000_000;
/// Numbers below are microseconds; others nanoseconds, since March 1973.
const MICROS_END: u64 = 100_000_000_000_000_000;
/// Greatest value of `Decimal(18, 4)`.
const LARGEST: u128 = 999_999_999_999_999_999;
/// Places of [`Decimal4`].
const PLACES: i32 = 4;

/// A value that is there: no null.
#[derive(Debug, Clone)]
pub(super) struct Cell<'a> {
    /// JSON, without white space around it.
    pub json: Cow<'a, str>,
    /// What its schema says of it.
    pub logical: Logical,
}

/// What a refusal says; the field is added by whoever knows it.
fn refuse<T>(reason: Reason, message: impl Into<String>) -> Result<T, DecodeError> {
    Err(fault(reason, "", message))
}

impl<'a> Cell<'a> {
    /// A value without a schema.
    #[cfg(test)]
    pub fn plain(json: &'a str) -> Self {
        Self {
            json: json.into(),
            logical: Logical::None,
        }
    }

    /// A value that is no record's.
    pub fn owned(json: String) -> Cell<'static> {
        Cell {
            json: json.into(),
            logical: Logical::None,
        }
    }

    fn first(&self) -> u8 {
        self.json.bytes().next().unwrap_or_default()
    }

    /// The string that it is; `None` if it is something else.
    fn string(&self) -> Option<Str<'_>> {
        match self.first() {
            b'"' => serde_json::from_str(&self.json).ok(),
            _ => None,
        }
    }

    fn is_number(&self) -> bool {
        matches!(self.first(), b'-' | b'0'..=b'9')
    }

    /// A string; a number or a boolean as it is written. Lists and objects are none.
    pub fn text(&self, checks: &Checks<'_>) -> Result<String, DecodeError> {
        let text = match self.first() {
            b'[' | b'{' => return refuse(Reason::WrongType, "expected a text"),
            b'"' => self.string(),
            _ => Some(Str((&*self.json).into())),
        };
        match text {
            Some(text) => checks.label("", Some(text)),
            // Its characters were seen to be JSON; what is left are halves of surrogates.
            None => refuse(Reason::MalformedJson, "a string holds half a character"),
        }
    }

    /// An identifier: a string or a whole number.
    pub fn id(&self, checks: &Checks<'_>) -> Result<String, DecodeError> {
        let is_whole = self.is_number() && !self.json.contains(['.', 'e', 'E']);
        if !is_whole && self.first() != b'"' {
            return refuse(Reason::WrongType, "expected a string or a whole number");
        }
        self.text(checks)
    }

    /// A whole number that is not negative and takes 32 bits.
    pub fn count(&self) -> Result<u32, DecodeError> {
        let number = match self.string() {
            Some(text) => whole(text.0.trim()),
            None if self.is_number() => whole(&self.json),
            None => return refuse(Reason::WrongType, "expected a whole number"),
        };
        match number.and_then(|n| u32::try_from(n).ok()) {
            Some(count) => Ok(count),
            None => refuse(
                Reason::InvalidValue,
                "expected a whole number from 0 to 4294967295",
            ),
        }
    }

    /// How many: a number, or a list (or the JSON text of one) that is counted.
    pub fn length(&self) -> Result<u32, DecodeError> {
        let list = match self.string() {
            Some(text) if text.0.trim_start().starts_with('[') => entries(&text.0),
            None if self.first() == b'[' => entries(&self.json),
            _ => return self.count(),
        };
        list.map_or_else(|| refuse(Reason::InvalidValue, "expected a list"), Ok)
    }

    /// True or false, also as a text or as 1 and 0.
    pub fn flag(&self) -> Result<bool, DecodeError> {
        let text = self.string();
        match text.as_ref().map_or(&*self.json, |text| &text.0) {
            "true" | "1" | "t" => Ok(true),
            "false" | "0" | "f" | "" => Ok(false),
            _ => refuse(Reason::WrongType, "expected true or false"),
        }
    }

    /// What grows with each version: a whole number, or a moment, which counts in microseconds.
    pub fn version(&self) -> Result<u64, DecodeError> {
        let text = self.string();
        let number = match &text {
            Some(text) => whole(text.0.trim()),
            None if self.is_number() => whole(&self.json),
            None => None,
        };
        let moment = || text?.0.parse::<Timestamp>().ok();
        let version = match number {
            Some(number) => u64::try_from(number).ok(),
            None => moment().and_then(|at| u64::try_from(at.as_microsecond()).ok()),
        };
        match version {
            Some(version) => Ok(version),
            None => refuse(
                Reason::InvalidValue,
                "expected what grows: a whole number from 0, or a time by RFC 3339",
            ),
        }
    }

    /// A moment: what the schema says; else RFC 3339, a date (`2026-05-01`: midnight in UTC), or a
    /// number since 1970 of days (below 100,000), seconds (below 10¹¹), milliseconds (below 10¹⁴),
    /// microseconds (below 10¹⁷) or nanoseconds.
    pub fn time(&self) -> Result<Millis, DecodeError> {
        let millis = match self.string() {
            Some(text) => moment(&text.0)?,
            None if self.is_number() => self.number_as_time()?,
            None => {
                let message = "expected a time: RFC 3339, a date, or a number since 1970";
                return refuse(Reason::WrongType, message);
            }
        };
        time::within_warehouse("", millis)
    }

    fn number_as_time(&self) -> Result<Millis, DecodeError> {
        let Some(number) = whole(&self.json) else {
            // Seconds or milliseconds with a fraction.
            let number = self.json.parse().unwrap_or(f64::MAX);
            return time::millis("", &crate::decode::wire::Time::Fraction(number));
        };
        let Ok(number) = i64::try_from(number) else {
            return time::within_warehouse("", Millis::MAX);
        };
        Ok(match self.logical {
            Logical::Days => number.saturating_mul(DAY),
            Logical::Millis => number,
            Logical::Micros => number.div_euclid(1_000),
            Logical::Nanos => number.div_euclid(1_000_000),
            _ => match number.unsigned_abs() {
                0..DAYS_END => number * DAY,
                DAYS_END..SECONDS_END => number * 1_000,
                SECONDS_END..MILLIS_END => number,
                MILLIS_END..MICROS_END => number.div_euclid(1_000),
                _ => number.div_euclid(1_000_000),
            },
        })
    }

    /// Money or another decimal, to four places, rounded half away from zero: a number, a text, or
    /// what Debezium makes of it by its schema.
    pub fn decimal(&self) -> Result<Decimal4, DecodeError> {
        let value = match (self.logical, self.string()) {
            (Logical::Decimal(scale), Some(text)) => scaled(unscaled(&text.0)?, scale),
            (_, Some(text)) => written(text.0.trim())?,
            (_, None) if self.is_number() => written(&self.json)?,
            (_, None) if self.first() == b'{' => self.with_scale()?,
            _ => return refuse(Reason::WrongType, "expected a decimal number"),
        };
        let fits = value.filter(|value| value.unsigned_abs() <= LARGEST);
        match fits.and_then(|value| i64::try_from(value).ok()) {
            Some(value) => Ok(value),
            None => refuse(
                Reason::InvalidValue,
                "the amount has more than 14 digits before the point",
            ),
        }
    }

    /// `io.debezium.data.VariableScaleDecimal`: a decimal whose scale is its own.
    fn with_scale(&self) -> Result<Option<i128>, DecodeError> {
        #[derive(Deserialize)]
        struct Variable<'a> {
            scale: i32,
            #[serde(borrow)]
            value: Str<'a>,
        }
        match serde_json::from_str::<Variable<'_>>(&self.json) {
            Ok(variable) => Ok(scaled(unscaled(&variable.value.0)?, variable.scale)),
            Err(_) => refuse(Reason::WrongType, "expected a decimal number"),
        }
    }
}

/// A whole number as it is written: also `3.0`, as some JSON libraries write it.
fn whole(text: &str) -> Option<i128> {
    let digits = text.split_once('.').map_or(text, |(whole, fraction)| {
        let is_zero = !fraction.is_empty() && fraction.bytes().all(|b| b == b'0');
        if is_zero { whole } else { text }
    });
    digits.parse().ok()
}

fn entries(json: &str) -> Option<u32> {
    let list: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    u32::try_from(list.len()).ok()
}

fn moment(text: &str) -> Result<Millis, DecodeError> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp.as_millisecond());
    }
    let day = text.strip_suffix('Z').unwrap_or(text);
    let date = (day.len() == "2026-05-01".len()).then(|| day.parse::<Date>().ok());
    let midnight = date.flatten().and_then(|d| d.to_zoned(TimeZone::UTC).ok());
    match midnight {
        Some(midnight) => Ok(midnight.timestamp().as_millisecond()),
        None => refuse(
            Reason::InvalidValue,
            "no time with zone by RFC 3339 (2026-05-01T12:30:00Z), nor a date (2026-05-01)",
        ),
    }
}

/// The integer that Connect writes as base64 of its bytes, the highest first.
fn unscaled(text: &str) -> Result<i128, DecodeError> {
    let Ok(bytes) = BASE64_STANDARD.decode(text) else {
        return refuse(
            Reason::InvalidValue,
            "the schema says bytes in base64, it is none",
        );
    };
    // More bytes than these may still be a small number: the rest repeats the sign.
    let sign = if bytes.first().is_some_and(|b| *b >= 0x80) {
        0xff
    } else {
        0
    };
    let (rest, low) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut whole = [sign; 16];
    whole[16 - low.len()..].copy_from_slice(low);
    let number = i128::from_be_bytes(whole);
    if rest.iter().any(|b| *b != sign) || (number < 0) != (sign == 0xff) {
        return refuse(
            Reason::InvalidValue,
            "the amount has more than 14 digits before the point",
        );
    }
    Ok(number)
}

/// `number × 10^-scale` in ten-thousandths; `None` if that is no number of 128 bits.
fn scaled(number: i128, scale: i32) -> Option<i128> {
    let power = PLACES.checked_sub(scale)?;
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        return match number {
            0 => Some(0),
            _ => number.checked_mul(factor?),
        };
    }
    // What is divided by more than any number is nothing.
    let Some(factor) = factor else { return Some(0) };
    let (whole, rest) = (number / factor, number % factor);
    let up = rest.unsigned_abs() >= factor.unsigned_abs().div_ceil(2);
    Some(whole + if up { number.signum() } else { 0 })
}

/// A decimal as text: `-1234.5678`, `1.2E7`. `None` if it is too large to be told.
fn written(text: &str) -> Result<Option<i128>, DecodeError> {
    let wrong = || {
        refuse(
            Reason::InvalidValue,
            "no decimal number; Debezium's decimals need their schema, or \
             decimal.handling.mode=string",
        )
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => match exponent.parse::<i32>() {
            Ok(exponent) => (mantissa, exponent),
            Err(_) => return wrong(),
        },
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut digits = whole.bytes().chain(fraction.bytes());
    if whole.is_empty() && fraction.is_empty() || !digits.all(|b| b.is_ascii_digit()) {
        return wrong();
    }
    // Digits past these places decide nothing.
    let fraction = &fraction[..fraction.len().min(30)];
    let number = |digits: &str| match digits.trim_start_matches('0') {
        "" => Some(0),
        digits => digits.parse::<i128>().ok(),
    };
    let number = number(&format!("{whole}{fraction}"));
    let Some(scale) = i32::try_from(fraction.len())
        .ok()
        .and_then(|f| f.checked_sub(exponent))
    else {
        return wrong();
    };
    let sign = if mantissa.starts_with('-') { -1 } else { 1 };
    Ok(number.and_then(|number| scaled(sign * number, scale)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Limits;

    fn with(json: &str, logical: Logical) -> Cell<'_> {
        Cell {
            json: json.into(),
            logical,
        }
    }

    fn money(json: &str) -> Result<Decimal4, Reason> {
        Cell::plain(json).decimal().map_err(|e| e.reason)
    }

    #[test]
    fn money_in_all_its_spellings() {
        for (json, expected) in [
            ("0", 0),
            ("12.5", 125_000),
            ("\"12.50\"", 125_000),
            ("\" -0.00005 \"", -1),
            ("0.00004", 0),
            ("1.23456", 12_346),
            ("-1.23455", -12_346),
            ("1.2E7", 120_000_000_000),
            ("\"1e-3\"", 10),
            ("\".5\"", 5_000),
            ("7.", 70_000),
            ("99999999999999.9999", 999_999_999_999_999_999),
            ("-99999999999999.9999", -999_999_999_999_999_999),
            (
                "0.1000000000000000055511151231257827021181583404541015625",
                1_000,
            ),
            ("0e999999", 0),
            ("1e-999999", 0),
            (r#"{"scale": 3, "value": "AeJA"}"#, 1_234_560),
        ] {
            assert_eq!(money(json), Ok(expected), "{json}");
        }
    }

    #[test]
    fn what_is_no_money_or_too_much_is_refused() {
        for (json, reason) in [
            ("100000000000000", Reason::InvalidValue),
            ("99999999999999.99995", Reason::InvalidValue),
            ("1e15", Reason::InvalidValue),
            ("1e99999999999", Reason::InvalidValue),
            (
                "\"9999999999999999999999999999999999999999999\"",
                Reason::InvalidValue,
            ),
            ("\"1,250\"", Reason::InvalidValue),
            ("\"۱۲\"", Reason::InvalidValue),
            ("\"\"", Reason::InvalidValue),
            ("\"AeJA\"", Reason::InvalidValue),
            ("true", Reason::WrongType),
            ("[1]", Reason::WrongType),
            ("{\"amount\": 1}", Reason::WrongType),
            (r#"{"scale": 3, "value": "%"}"#, Reason::InvalidValue),
        ] {
            assert_eq!(money(json), Err(reason), "{json}");
        }
    }

    #[test]
    fn decimals_of_connect_are_bytes_with_a_scale() {
        let decimal = |text: &str, scale| {
            let cell = with(text, Logical::Decimal(scale));
            cell.decimal().map_err(|e| e.reason)
        };
        assert_eq!(decimal("\"AeJA\"", 2), Ok(12_345_600));
        assert_eq!(decimal("\"/h3A\"", 2), Ok(-12_345_600));
        assert_eq!(decimal("\"AA==\"", 2), Ok(0));
        assert_eq!(decimal("\"\"", 2), Ok(0));
        assert_eq!(decimal("\"AQ==\"", -3), Ok(10_000_000));
        assert_eq!(decimal("\"fw==\"", 6), Ok(1));
        // Bytes that only repeat the sign, and those that do not.
        let wide = |first: u8, last: u8| {
            let mut bytes = vec![first; 20];
            bytes[19] = last;
            format!("\"{}\"", BASE64_STANDARD.encode(bytes))
        };
        assert_eq!(decimal(&wide(0, 5), 0), Ok(50_000));
        assert_eq!(decimal(&wide(0xff, 0xfb), 0), Ok(-50_000));
        assert_eq!(decimal(&wide(0x01, 5), 0), Err(Reason::InvalidValue));
        // Mode string or double, with a schema that says so.
        assert_eq!(with("\"1234.56\"", Logical::None).decimal(), Ok(12_345_600));
        assert_eq!(
            with("1234.56", Logical::Decimal(2)).decimal(),
            Ok(12_345_600)
        );
    }

    #[test]
    fn one_moment_in_all_its_forms() {
        let moment = 1_777_638_600_000;
        for json in [
            "\"2026-05-01T12:30:00Z\"",
            "\"2026-05-01T16:00:00+03:30\"",
            "\"2026-05-01T12:30:00.000000Z\"",
            "1777638600",
            "1777638600.0",
            "1777638600000",
            "1777638600000000",
            "1777638600000000000",
        ] {
            assert_eq!(Cell::plain(json).time(), Ok(moment), "{json}");
        }
        let midnight = 1_777_593_600_000;
        for json in ["\"2026-05-01\"", "\"2026-05-01Z\"", "20574"] {
            assert_eq!(Cell::plain(json).time(), Ok(midnight), "{json}");
        }
        assert_eq!(Cell::plain("1777638600.25").time(), Ok(moment + 250));
    }

    #[test]
    fn a_schema_says_the_unit() {
        let time = |json, logical| with(json, logical).time().map_err(|e| e.reason);
        assert_eq!(time("1", Logical::Days), Ok(DAY));
        assert_eq!(time("86400000", Logical::Millis), Ok(DAY));
        assert_eq!(time("86400000999", Logical::Micros), Ok(DAY));
        assert_eq!(time("86400000999999", Logical::Nanos), Ok(DAY));
        // PostgreSQL's `infinity`.
        let endless = time("9223372036825200000", Logical::Micros);
        assert_eq!(endless, Err(Reason::TimeOutOfRange));
        assert_eq!(
            time("9223372036854775807", Logical::Days),
            Err(Reason::TimeOutOfRange)
        );
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for (json, reason) in [
            ("\"2026-05-01T12:30:00\"", Reason::InvalidValue),
            ("\"2026-05-01 12:30:00\"", Reason::InvalidValue),
            ("\"2026-13-01\"", Reason::InvalidValue),
            ("\"1777638600\"", Reason::InvalidValue),
            ("\"\"", Reason::InvalidValue),
            ("\"1969-12-31\"", Reason::TimeOutOfRange),
            ("-1", Reason::TimeOutOfRange),
            ("99999999999999999999999999", Reason::TimeOutOfRange),
            ("1e300", Reason::TimeOutOfRange),
            ("true", Reason::WrongType),
            ("{}", Reason::WrongType),
        ] {
            let refused = Cell::plain(json).time().map_err(|e| e.reason);
            assert_eq!(refused, Err(reason), "{json}");
        }
    }

    #[test]
    fn numbers_texts_identifiers_and_flags() {
        let limits = Limits::default();
        let checks = Checks::new(&limits, 0, true);
        let id = |json| Cell::plain(json).id(&checks).map_err(|e| e.reason);
        assert_eq!(id("\"a-1\""), Ok("a-1".into()));
        assert_eq!(id("1042"), Ok("1042".into()));
        assert_eq!(id("-3"), Ok("-3".into()));
        for json in ["true", "1.5", "1e3", "[1]", "{}"] {
            assert_eq!(id(json), Err(Reason::WrongType), "{json}");
        }
        assert_eq!(id("\"\\u0000\""), Err(Reason::NulCharacter));
        let long = format!("\"{}\"", "ي".repeat(257));
        assert_eq!(id(&long), Err(Reason::TooLong));

        let text = |json| Cell::plain(json).text(&checks).map_err(|e| e.reason);
        assert_eq!(text("\"\\u06af\\n\""), Ok("گ\n".into()));
        assert_eq!(text("3"), Ok("3".into()));
        assert_eq!(text("true"), Ok("true".into()));
        assert_eq!(text("[\"a\"]"), Err(Reason::WrongType));
        assert_eq!(text("\"\\ud800\""), Err(Reason::MalformedJson));

        let count = |json| Cell::plain(json).count().map_err(|e| e.reason);
        assert_eq!(count("3"), Ok(3));
        assert_eq!(count("\"3\""), Ok(3));
        assert_eq!(count("3.0"), Ok(3));
        for json in ["-1", "4294967296", "1.5", "\"x\""] {
            assert_eq!(count(json), Err(Reason::InvalidValue), "{json}");
        }
        assert_eq!(count("false"), Err(Reason::WrongType));

        let length = |json| Cell::plain(json).length().map_err(|e| e.reason);
        assert_eq!(length("[{\"sku\": \"a\"}, {}]"), Ok(2));
        assert_eq!(length("\"[1, 2, 3]\""), Ok(3));
        assert_eq!(length("2"), Ok(2));
        assert_eq!(length("\"[1\""), Err(Reason::InvalidValue));

        let flag = |json| Cell::plain(json).flag().map_err(|e| e.reason);
        assert_eq!([flag("true"), flag("\"true\""), flag("1")], [Ok(true); 3]);
        assert_eq!([flag("false"), flag("\"f\""), flag("0")], [Ok(false); 3]);
        assert_eq!(flag("\"no\""), Err(Reason::WrongType));

        let version = |json| Cell::plain(json).version().map_err(|e| e.reason);
        assert_eq!(version("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(version("\"7\""), Ok(7));
        assert_eq!(
            version("\"2026-05-01T12:30:00.000001Z\""),
            Ok(1_777_638_600_000_001)
        );
        for json in ["-1", "18446744073709551616", "1.5", "\"x\"", "true"] {
            assert_eq!(version(json), Err(Reason::InvalidValue), "{json}");
        }
    }
}
