//! Addresses in English order: number, name, street; then flat, floor and postal code.

use std::ops::Range;

use crate::enrich::privacy::words::{self, Word};

/// Words of streets that need no capital.
const PLAIN: [&str; 5] = ["street", "road", "avenue", "boulevard", "lane"];

/// Words before the number of a flat.
const UNITS: [&str; 12] = [
    "flat",
    "apt",
    "apartment",
    "unit",
    "suite",
    "ste",
    "room",
    "floor",
    "fl",
    "house",
    "building",
    "bldg",
];

/// The address around the word of a street.
pub(super) fn address(text: &str, street: &Range<usize>) -> Option<Range<usize>> {
    let word = text.get(street.clone())?;
    let capital = word.starts_with(char::is_uppercase);
    if !capital && !PLAIN.iter().any(|plain| word.eq_ignore_ascii_case(plain)) {
        return None;
    }
    let number = number_before(text, street.start, capital)?;
    let start = unit_before(text, number).unwrap_or(number);
    Some(start..tail(text, street.end))
}

/// Where the number before the name of a street begins: at most four words, in capitals where the
/// street's own word is.
fn number_before(text: &str, street: usize, capital: bool) -> Option<usize> {
    const NAMES: usize = 4;
    let mut names = 0;
    let mut words = words::before(text, street);
    loop {
        let word = words.next()?;
        if !matches!(word.gap, " " | ". " | "-") || names > NAMES {
            return None;
        }
        if is_number(word.text) {
            // `7 Dr. Martens` has no name between, `on 2 lane roads` no place before.
            let placed = capital || introduced(words.next());
            return (names > 0 && placed).then_some(word.range.start);
        }
        let fits = match capital {
            true => is_name_part(word.text),
            false => is_lower_name(word.text) && names < 2,
        };
        if !fits {
            return None;
        }
        names += 1;
    }
}

/// Whether an address may begin after this word.
fn introduced(before: Option<Word>) -> bool {
    before.is_some_and(|word| {
        ["at", "to", "is", "in", "address", "live"]
            .iter()
            .any(|intro| word.text.eq_ignore_ascii_case(intro))
            || word.gap.contains([':', '\n', ','])
    })
}

/// `35`, `35A`; not `48th`.
fn is_number(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = word.len() - rest.len();
    (1..=5).contains(&digits) && (rest.is_empty() || (rest.len() == 1 && rest.is_ascii()))
}

fn is_ordinal(word: &str) -> bool {
    let end = word.trim_start_matches(|c: char| c.is_ascii_digit());
    end.len() < word.len()
        && ["st", "nd", "rd", "th"]
            .iter()
            .any(|th| end.eq_ignore_ascii_case(th))
}

fn is_name_part(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
        || is_ordinal(word)
        || ["of", "the", "de", "la"].contains(&word)
}

fn is_lower_name(word: &str) -> bool {
    ![
        "a", "an", "the", "of", "and", "your", "my", "our", "this", "that", "from", "in", "on",
        "to", "minute", "hour",
    ]
    .contains(&word)
        && word.starts_with(char::is_alphabetic)
}

/// Where `Flat 12` before the number begins.
fn unit_before(text: &str, number: usize) -> Option<usize> {
    let mut words = words::before(text, number);
    let flat = words.next().filter(|word| matches!(word.gap, ", " | " "))?;
    let unit = words.next().filter(|word| word.gap == " ")?;
    let is_flat = flat.text.chars().count() <= 5 && is_unit(&unit);
    is_flat.then_some(unit.range.start)
}

fn is_unit(word: &Word) -> bool {
    UNITS
        .iter()
        .any(|unit| word.text.eq_ignore_ascii_case(unit))
}

/// Where the address ends that has come to `end`.
fn tail(text: &str, mut end: usize) -> usize {
    // Flat, floor and building are as much as an address has.
    for _ in 0..3 {
        let words: Vec<Word> = words::after(text, end).take(6).collect();
        let Some(next) = unit_end(&words) else {
            return code_end(&words).unwrap_or(end);
        };
        end = next;
    }
    end
}

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
    let numbered = second.text.contains(|c: char| c.is_ascii_digit())
        || (second.text.len() == 1 && second.text.starts_with(char::is_uppercase));
    if is_unit(first) && numbered && matches!(second.gap, " " | ". " | " #") {
        return Some(second.range.end);
    }
    let floor = is_ordinal(first.text) && second.text.eq_ignore_ascii_case("floor");
    floor.then_some(second.range.end)
}

/// End of town and postal code: `, Springfield, IL 62704`, `, Truro TR1 3BN`.
fn code_end(words: &[Word]) -> Option<usize> {
    let joined = |word: &Word| matches!(word.gap, " " | ", " | ". ");
    for (at, word) in words.iter().take(4).enumerate() {
        if !joined(word) {
            return None;
        }
        if let Some(next) = words.get(at + 1).filter(|next| next.gap == " ")
            && (is_american(word.text, next.text) || is_british(word.text, next.text))
        {
            return Some(next.range.end);
        }
        if !word.text.starts_with(char::is_uppercase) {
            return None;
        }
    }
    None
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
    ["A9", "A99", "AA9", "AA99", "A9A", "AA9A"].contains(&shape(outward).as_str())
        && shape(inward) == "9AA"
}

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn number_name_and_street() {
        check(&[
            ("deliver to 42 Willow Lane.", "deliver to [address]."),
            ("at Flat 12, 9 Garrick Street, now", "at [address], now"),
            ("to 310 W 48th St, Apt 1204, not", "to [address], not"),
            ("233 Pine St, Springfield, IL 62704 lost", "[address] lost"),
            ("3 Chapel Hill, Truro TR1 3BN, second", "[address], second"),
            ("7 St. Mary's Close", "[address]"),
            ("803 East Jefferson Street #5 any day", "[address] any day"),
            ("640 Fifth Avenue, 14th Floor", "[address]"),
            ("I live at 12 high street", "I live at [address]"),
            ("P.O. Box 4471", "[address]"),
        ]);
    }

    #[test]
    fn streets_and_numbers_apart_stay() {
        stay(&[
            "The shop on Baker Street is busy",
            "I walked 5 blocks to the Market Square branch",
            "7 Dr. Martens in one box",
            "10 out of 10 on the way home",
            "2 lane road ahead",
            "PO number 4471 on the invoice",
            "a 20 minute road break",
        ]);
    }
}
