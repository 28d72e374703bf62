//! What wire structs are made of: strings that borrow, times, open maps, and the way to parse them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::batch::DecodeError;

use super::fault::locate;

/// Parses one JSON document and counts the fields that `T` doesn't know.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    json: &'a str,
    unknown: &mut u32,
) -> Result<T, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_ignored::deserialize(&mut deserializer, |_| *unknown = unknown.saturating_add(1))
        .and_then(|Object(value)| deserializer.end().map(|()| value))
        .map_err(|_| locate::<Object<T>>(json))
}

/// A struct that comes as an object. (What serde derives takes an array of its fields too.)
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A string of the payload: borrowed unless it holds escapes. (serde borrows no `Option<Cow<str>>`.)
#[derive(Debug, Clone, Default)]
pub(super) struct Str<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Str<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Str(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A time as events write it; `time::millis` says what it means.
#[derive(Debug, Clone)]
pub(super) enum Time<'a> {
    /// Seconds or milliseconds since 1970.
    Whole(i64),
    /// Seconds or milliseconds since 1970, with a fraction.
    Fraction(f64),
    /// RFC 3339.
    Text(Str<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Time<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Moment;

        impl<'de> Visitor<'de> for Moment {
            type Value = Time<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time: RFC 3339, or seconds or milliseconds since 1970")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Time::Whole(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Time::Whole(i64::try_from(number).unwrap_or(i64::MAX)))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Time::Fraction(number))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Time::Text(Str(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Time::Text(Str(Cow::Owned(text.to_owned()))))
            }
        }

        deserializer.deserialize_any(Moment)
    }
}

/// An object whose members are named by the source, in their order; null members are left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairs<'a>(pub(super) Vec<(Str<'a>, Str<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = map.next_entry::<Str<'de>, Option<Str<'de>>>()? {
                    pairs.extend(value.map(|value| (name, value)));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
