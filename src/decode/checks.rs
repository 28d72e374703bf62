//! Checks that need the limits and the record's circumstances: strings, times of creation.

use crate::batch::{DecodeError, Reason};
use crate::feedback::{Millis, Rating};

use super::Limits;
use super::fault::{fault, missing};
use super::time;
use super::wire::{Pairs, Str, Time};

/// Longest identifier of an item, event or tenant, in characters.
pub(super) const ID: usize = 128;

/// Longest name, label or foreign identifier, in characters.
pub(super) const LABEL: usize = 256;

/// What conversions of one record share.
pub(super) struct Checks<'l> {
    limits: &'l Limits,
    kafka_time: Millis,
    may_hold_nul: bool,
    /// A text was cut.
    pub(super) truncated: bool,
}

impl<'l> Checks<'l> {
    /// `may_hold_nul`: the record's bytes hold something that can decode to a NUL.
    pub(super) fn new(limits: &'l Limits, kafka_time: Millis, may_hold_nul: bool) -> Self {
        Self {
            limits,
            kafka_time,
            may_hold_nul,
            truncated: false,
        }
    }

    /// Kafka time as a row version: the record's own time of last resort.
    pub(super) fn kafka_time(&self) -> Millis {
        self.kafka_time
    }

    /// An identifier of at most [`ID`] characters that must be there and not be empty.
    pub(super) fn id(&self, field: &str, value: Option<Str<'_>>) -> Result<String, DecodeError> {
        self.required(field, value, ID)
    }

    /// A string of at most `max` characters that must be there and not be empty.
    pub(super) fn required(
        &self,
        field: &str,
        value: Option<Str<'_>>,
        max: usize,
    ) -> Result<String, DecodeError> {
        let value = self.short(field, value.ok_or_else(|| missing(field))?, max)?;
        if value.is_empty() {
            return Err(fault(Reason::InvalidValue, field, "the field is empty"));
        }
        Ok(value)
    }

    /// A string of at most [`LABEL`] characters; empty if absent.
    pub(super) fn label(&self, field: &str, value: Option<Str<'_>>) -> Result<String, DecodeError> {
        match value {
            Some(value) => self.short(field, value, LABEL),
            None => Ok(String::new()),
        }
    }

    fn short(&self, field: &str, value: Str<'_>, max: usize) -> Result<String, DecodeError> {
        // Characters are counted only where bytes alone don't settle it.
        if value.0.len() > max && value.0.chars().count() > max {
            let message = format!("longer than {max} characters");
            return Err(fault(Reason::TooLong, field, message));
        }
        self.without_nul(field, value)
    }

    fn without_nul(&self, field: &str, value: Str<'_>) -> Result<String, DecodeError> {
        if self.may_hold_nul && value.0.contains('\0') {
            let message = "the string holds a NUL";
            return Err(fault(Reason::NulCharacter, field, message));
        }
        Ok(value.0.into_owned())
    }

    /// A text of any length; cut at a character boundary past the limit. Empty if absent.
    pub(super) fn text(
        &mut self,
        field: &str,
        value: Option<Str<'_>>,
    ) -> Result<String, DecodeError> {
        self.text_of(field, value, self.limits.max_text_bytes)
    }

    /// A text cut to `max` bytes, or to the limit of all texts if that is less.
    pub(super) fn text_of(
        &mut self,
        field: &str,
        value: Option<Str<'_>>,
        max: usize,
    ) -> Result<String, DecodeError> {
        let Some(value) = value else {
            return Ok(String::new());
        };
        let mut text = self.without_nul(field, value)?;
        let max = max.min(self.limits.max_text_bytes);
        if text.len() > max {
            let end = (0..=max).rev().find(|&at| text.is_char_boundary(at));
            text.truncate(end.unwrap_or(0));
            self.truncated = true;
        }
        Ok(text)
    }

    /// Members of an open object. Faults name the object: the names of its members are content.
    pub(super) fn pairs(
        &mut self,
        field: &str,
        pairs: Option<Pairs<'_>>,
    ) -> Result<Vec<(String, String)>, DecodeError> {
        let pairs = pairs.unwrap_or_default().0.into_iter();
        pairs
            .map(|(name, value)| {
                Ok((
                    self.short(field, name, LABEL)?,
                    self.text(field, Some(value))?,
                ))
            })
            .collect()
    }

    /// A time that may be absent.
    pub(super) fn time(
        &self,
        field: &str,
        time: Option<Time<'_>>,
    ) -> Result<Option<Millis>, DecodeError> {
        time.map(|time| time::millis(field, &time)).transpose()
    }

    /// When the item was created: required, and within bounds.
    pub(super) fn created_at(
        &self,
        field: &str,
        time: Option<Time<'_>>,
    ) -> Result<Millis, DecodeError> {
        let time = time.ok_or_else(|| missing(field))?;
        time::check_creation(field, time::millis(field, &time)?, self.kafka_time)
    }
}

/// A value on its scale; never clamped.
pub(super) fn rating(
    (field, value): (&str, f64),
    (worst, best): (f64, f64),
) -> Result<Rating, DecodeError> {
    on_scale(field, value, worst, best)?;
    Ok(Rating { value, worst, best })
}

/// Checks min ≤ value ≤ max on a scale that is one.
pub(super) fn on_scale(field: &str, value: f64, min: f64, max: f64) -> Result<(), DecodeError> {
    if min >= max {
        let message = "the lowest value of the scale is not below its highest";
        return Err(fault(Reason::InvalidValue, field, message));
    }
    if !(min..=max).contains(&value) {
        return Err(fault(Reason::OutOfScale, field, "outside its scale"));
    }
    Ok(())
}

/// Checks that a list has a number of entries that is allowed.
pub(super) fn check_count(field: &str, count: usize, max: usize) -> Result<(), DecodeError> {
    if count == 0 {
        return Err(fault(Reason::InvalidValue, field, "the list is empty"));
    }
    if count > max {
        let message = format!("more than {max} entries");
        return Err(fault(Reason::TooLong, field, message));
    }
    Ok(())
}
