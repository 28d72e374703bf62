//! One spelling of a value, so that equal values have equal hashes.

use super::Kind;
use crate::text::{self, MatchForm};

/// E-mail addresses in lower case, spelled ones with their signs; phone numbers and ids as ASCII digits
/// without separators and leading `+` or `00`; other numbers as upper-case letters and digits; names and
/// addresses as words in match form; secrets and IP addresses as they are.
pub(super) fn form(value: &str, kind: Kind) -> String {
    match kind {
        Kind::Email => email(value),
        Kind::Phone | Kind::Id | Kind::Card => {
            let digits = digits(value);
            match digits.strip_prefix("00") {
                Some(rest) => rest.to_owned(),
                None => digits,
            }
        }
        Kind::Iban | Kind::Passport => value
            .chars()
            .filter_map(|c| match text::digit(c) {
                Some(digit) => Some(char::from(b'0' + digit)),
                None => c.is_alphanumeric().then(|| c.to_ascii_uppercase()),
            })
            .collect(),
        Kind::Name | Kind::Address => {
            let form = MatchForm::of(value).text;
            let words = form.split(|c: char| !c.is_alphanumeric());
            words
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        }
        Kind::Ip | Kind::Secret => value.to_owned(),
    }
}

fn digits(value: &str) -> String {
    value
        .chars()
        .filter_map(text::digit)
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

fn email(value: &str) -> String {
    let lower = value.trim().to_lowercase();
    if lower.contains('@') {
        return lower;
    }
    // `jo (at) example dot com`.
    let words = lower.split(|c: char| " ()[]{}".contains(c));
    words
        .map(|word| match word {
            "at" => "@",
            "dot" => ".",
            word => word,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_form() {
        for (kind, spellings, one) in [
            (
                Kind::Email,
                [
                    "Jo@Example.com",
                    "jo at example dot com",
                    "jo(at)example.com",
                ],
                "jo@example.com",
            ),
            (
                Kind::Phone,
                ["+98 912 345 6789", "0098-912-3456789", "۹۸۹۱۲۳۴۵۶۷۸۹"],
                "989123456789",
            ),
            (
                Kind::Iban,
                ["DE89 3704", "de893704", "DE89-3704"],
                "DE893704",
            ),
            (
                Kind::Name,
                ["علي  رضایی", "علی رضايي", "«علی رضایی»"],
                "علی رضایی",
            ),
        ] {
            for spelling in spellings {
                assert_eq!(form(spelling, kind), one, "{spelling}");
            }
        }
    }
}
