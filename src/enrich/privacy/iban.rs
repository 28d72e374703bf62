//! Numbers of bank accounts, by their check digits (ISO 13616).

use super::shadow::Shadow;
use super::{Finding, Kind};

/// Longest number that is looked at: an IBAN has at most 34 characters, a card 19 digits.
const LONGEST: usize = 34;
/// Length of an IBAN by country (ISO 13616 registry).
const IBANS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IR", 26),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];

/// IBANs of a known country whose check digits are right, in groups or not.
pub(super) fn ibans(text: &Shadow) -> Vec<Finding> {
    let bytes = text.bytes();
    let mut found = Vec::new();
    for start in 0..bytes.len() {
        let [a, b, c, d] = std::array::from_fn(|i| text.at(start + i));
        let begins = a.is_ascii_alphabetic()
            && b.is_ascii_alphabetic()
            && c.is_ascii_digit()
            && d.is_ascii_digit()
            && (start == 0 || !bytes[start - 1].is_ascii_alphanumeric());
        if let Some(end) = begins.then(|| iban_end(text, start)).flatten() {
            found.push(text.finding(Kind::Iban, start..end));
        }
    }
    found
}

/// Whether these digits stand behind a country as those of an IBAN do: `DE89`, and more to come.
pub(super) fn is_head(text: &Shadow, start: usize, digits: usize) -> bool {
    let before = |n: usize| start.checked_sub(n).map_or(0, |at| text.at(at));
    let country = [before(2), before(1)].map(|b| b.to_ascii_uppercase());
    digits == 2
        && !before(3).is_ascii_alphanumeric()
        && IBANS.iter().any(|(code, _)| code.as_bytes() == country)
}

fn iban_end(text: &Shadow, start: usize) -> Option<usize> {
    let country = [text.at(start), text.at(start + 1)].map(|b| b.to_ascii_uppercase());
    let (_, length) = IBANS.iter().find(|(code, _)| code.as_bytes() == country)?;
    let mut number = Vec::with_capacity(LONGEST);
    let mut at = start;
    while number.len() < *length {
        let b = text.at(at);
        if b.is_ascii_alphanumeric() {
            number.push(b.to_ascii_uppercase());
        } else if !(matches!(b, b' ' | b'-') && text.at(at + 1).is_ascii_alphanumeric()) {
            return None;
        }
        at += 1;
    }
    if text.at(at).is_ascii_alphanumeric() {
        return None;
    }
    number.rotate_left(4);
    let rest = number.iter().fold(0u32, |rest, b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        _ => (rest * 100 + u32::from(b - b'A') + 10) % 97,
    });
    (rest == 1).then_some(at)
}
