//! How an address in Latin letters ends: side of the town, flat and floor, town and postal code.

use std::ops::Range;

use super::{is_ordinal, is_unit};
use crate::enrich::privacy::words::{self, Word};

/// Sides of a town behind the word of a street.
const SIDES: [&str; 12] = [
    "N", "S", "E", "W", "NE", "NW", "SE", "SW", "North", "South", "East", "West",
];

/// Words of quarters that have numbers.
const AREAS: [&str; 5] = ["phase", "sector", "block", "zone", "extension"];

/// Where the address ends that has come to `end`.
pub(in crate::enrich::privacy::address) fn tail(text: &str, mut end: usize) -> usize {
    // `Pennsylvania Ave NW`.
    if let Some(side) = words::after(text, end).next()
        && side.gap == " "
        && SIDES.contains(&side.text)
    {
        end = side.range.end;
    }
    // Flat, floor and building are as much as an address has.
    for _ in 0..3 {
        let words: Vec<Word> = words::after(text, end).take(7).collect();
        let Some(next) = unit_end(&words).or_else(|| street_end(&words)) else {
            return code_end(&words).unwrap_or(end);
        };
        end = next;
    }
    end
}

/// End of the street on which a house with a name stands: `2 Church View Cottages, Main Street`.
fn street_end(words: &[Word]) -> Option<usize> {
    for (at, word) in words.iter().take(4).enumerate() {
        if word.gap != if at == 0 { ", " } else { " " }
            || !word.text.starts_with(char::is_uppercase)
        {
            return None;
        }
        if at > 0 && STREETS.contains(&word.text) {
            return Some(word.range.end);
        }
    }
    None
}

/// Words that are streets behind a name.
const STREETS: [&str; 10] = [
    "Street", "St", "Road", "Rd", "Avenue", "Ave", "Lane", "Drive", "Way", "Terrace",
];

fn unit_end(words: &[Word]) -> Option<usize> {
    let first = words.first()?;
    if matches!(first.gap, " #" | ", #") && first.text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(first.range.end);
    }
    let joined = |word: &Word| matches!(word.gap, " " | ", " | ". " | "., " | " - ");
    let second = words.get(1)?;
    if !joined(first) {
        return None;
    }
    // `Lekki Phase 1`.
    if let Some(number) = words.get(2)
        && AREAS
            .iter()
            .any(|area| second.text.eq_ignore_ascii_case(area))
        && first.text.starts_with(char::is_uppercase)
        && second.gap == " "
        && number.gap == " "
        && number.text.starts_with(|c: char| c.is_ascii_digit())
    {
        return Some(number.range.end);
    }
    let numbered = second.text.contains(|c: char| c.is_ascii_digit())
        || (second.text.len() == 1 && second.text.starts_with(char::is_uppercase));
    if is_unit(first) && numbered && matches!(second.gap, " " | ". " | " #") {
        return Some(second.range.end);
    }
    let floor = is_ordinal(first.text) && second.text.eq_ignore_ascii_case("floor");
    floor.then_some(second.range.end)
}

/// End of town and postal code: `, Springfield, IL 62704`, `, Truro TR1 3BN`, `, Pune 411001`.
fn code_end(words: &[Word]) -> Option<usize> {
    let joined = |word: &Word| matches!(word.gap, " " | ", " | ". " | " - " | "-");
    for (at, word) in words.iter().take(5).enumerate() {
        if !joined(word) {
            return None;
        }
        if let Some(next) = words.get(at + 1).filter(|next| next.gap == " ") {
            if is_american(word.text, next.text) {
                // `62704-1234`.
                let more = words.get(at + 2).filter(|more| {
                    more.gap == "-" && more.text.len() == 4 && is_digits(more.text, &[4])
                });
                return Some(more.map_or(next.range.end, |more| more.range.end));
            }
            if is_british(word.text, next.text) || is_australian(word.text, next.text) {
                return Some(next.range.end);
            }
        }
        // A code alone stands behind the town, or before it as in much of Europe.
        let town = words
            .get(at + 1)
            .is_some_and(|next| next.gap == " " && next.text.starts_with(char::is_uppercase));
        if is_digits(word.text, &[5, 6]) && word.gap != "-" && (at > 0 || town) {
            return Some(word.range.end);
        }
        if !word.text.starts_with(char::is_uppercase) {
            return None;
        }
    }
    None
}

fn is_digits(word: &str, counts: &[usize]) -> bool {
    counts.contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_australian(state: &str, code: &str) -> bool {
    ["NSW", "VIC", "QLD", "SA", "WA", "TAS", "NT", "ACT"].contains(&state) && is_digits(code, &[4])
}

/// A postal code that stands for a street, behind the word that calls it so: `SW1A 2ZZ`, `RRRD2929`.
pub(in crate::enrich::privacy::address) fn code_after(
    text: &str,
    at: usize,
) -> Option<Range<usize>> {
    let mut words = words::after(text, at);
    let mut first = words.next()?;
    if ["is", "was"].contains(&first.text) {
        first = words.next()?;
    }
    if !matches!(first.gap, " " | ": " | ":" | " - " | "：") {
        return None;
    }
    let bytes = first.text.as_bytes();
    let short = bytes.len() == 8
        && bytes[..4].iter().all(u8::is_ascii_uppercase)
        && bytes[4..].iter().all(u8::is_ascii_digit);
    if short {
        return Some(first.range);
    }
    let second = words.next()?;
    (second.gap == " " && is_british(first.text, second.text))
        .then_some(first.range.start..second.range.end)
}

fn is_american(state: &str, code: &str) -> bool {
    state.len() == 2
        && state.bytes().all(|b| b.is_ascii_uppercase())
        && code.len() == 5
        && code.bytes().all(|b| b.is_ascii_digit())
}

fn is_british(outward: &str, inward: &str) -> bool {
    let shape = |word: &str| -> String {
        let kind = |c: char| match c {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            _ => '?',
        };
        word.chars().map(kind).collect()
    };
    let canadian = shape(outward) == "A9A" && shape(inward) == "9A9";
    let outwards = ["A9", "A99", "AA9", "AA99", "A9A", "AA9A"];
    canadian || (outwards.contains(&shape(outward).as_str()) && shape(inward) == "9AA")
}
