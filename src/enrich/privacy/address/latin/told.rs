//! Addresses without the word of a street, where the text says that one stands there.

use std::ops::Range;

use super::{front, is_number, is_unit, tail};
use crate::enrich::privacy::words::{self, Word};

/// The address behind words that say that one follows, though it has no word of a street:
/// `address: 12 The Paddocks`.
pub(in crate::enrich::privacy::address) fn told(
    text: &str,
    cue: &Range<usize>,
) -> Option<Range<usize>> {
    let word = &text[cue.clone()];
    // What stands `at` is a time or a shop as well.
    let weak = word.eq_ignore_ascii_case("at");
    let mut said = word.ends_with(':');
    let gaps = |gap: &str| matches!(gap, " " | ": " | ":" | " - " | " – " | "\n");
    let mut words = words::after(text, cue.end).peekable();
    for _ in 0..3 {
        let word = words.peek()?;
        if !gaps(word.gap) {
            return None;
        }
        said |= word.gap.contains(':');
        // `Address line 1:` is no number.
        let label = word.text == "1" && text[word.range.end..].starts_with(':');
        if !LINKS.contains(&word.text) && !label {
            break;
        }
        words.next();
    }
    let first = words.next().filter(|word| gaps(word.gap))?;
    let numbered = numbered(text, first, &mut words)?;
    let (end, names) = name_end(words, said)?;
    (!weak || names > 1).then(|| front(text, numbered)..tail(text, end))
}

/// The address that begins with a flat, whatever its street is called: `Flat 3/2, 18 Byres Loan`.
pub(in crate::enrich::privacy::address) fn flat(
    text: &str,
    cue: &Range<usize>,
) -> Option<Range<usize>> {
    if !text[cue.clone()].starts_with(char::is_uppercase) {
        return None;
    }
    let mut words = words::after(text, cue.start);
    let first = words.next()?;
    numbered(text, first, &mut words)?;
    let (end, _) = name_end(words, true)?;
    Some(front(text, cue.start)..tail(text, end))
}

/// Where the number of the house begins that comes next, behind its flat or not.
fn numbered<'t>(
    text: &'t str,
    mut first: Word<'t>,
    words: &mut impl Iterator<Item = Word<'t>>,
) -> Option<usize> {
    let start = first.range.start;
    if is_unit(&first) {
        let mut number = words
            .next()
            .filter(|word| matches!(word.gap, " " | ". " | " #"))?;
        if !number.text.starts_with(|c: char| c.is_ascii_alphanumeric()) || number.text.len() > 5 {
            return None;
        }
        // `3/2`, and the comma behind it.
        for _ in 0..2 {
            number = words.next()?;
            if number.gap == ", " {
                break;
            }
            if !matches!(number.gap, "/" | "-") {
                return None;
            }
        }
        first = number;
    }
    let _ = text;
    is_number(first.text).then_some(start)
}

/// Where the name of a street ends that comes next, and of how many words it is.
fn name_end<'t>(words: impl Iterator<Item = Word<'t>>, said: bool) -> Option<(usize, usize)> {
    let mut end = None;
    let mut long = false;
    let mut names = 0;
    for word in words.take(5) {
        // `29-31`.
        if names == 0 && word.gap == "-" && is_number(word.text) {
            continue;
        }
        let name = word.gap == " " && word.text.starts_with(char::is_uppercase);
        if !name
            || !word
                .text
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '\'' | '’'))
        {
            // What goes on in small letters is a sentence: `to 12 Customers who`.
            if word.gap == " " && !said && names == 1 {
                return None;
            }
            break;
        }
        long |= word.text.chars().nth(2).is_some() && word.text.chars().any(char::is_lowercase);
        if NO_STREETS.contains(&word.text) {
            return None;
        }
        end = Some(word.range.end);
        names += 1;
    }
    end.filter(|_| long).map(|end| (end, names))
}

/// Words that may link a cue to the address.
const LINKS: [&str; 9] = [
    "is", "line", "now", "new", "to", "at", "my", "changed", "of",
];

/// Words in capitals behind numbers that are no streets.
#[rustfmt::skip]
const NO_STREETS: [&str; 36] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December", "Days", "Items", "Customers", "People", "Months", "Jan", "Feb", "Mar", "Apr", "Aug", "Sep", "Sept", "Oct",
    "Nov", "Dec", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Noon", "Percent",
];
