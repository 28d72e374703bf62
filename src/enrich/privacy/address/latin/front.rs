//! How an address in Latin letters begins: flat, floor, house and number.

use super::{is_number, is_ordinal, is_unit};
use crate::enrich::privacy::words::{self, Word};

/// Where the address begins whose house number begins at `number`.
pub(super) fn front(text: &str, number: usize) -> usize {
    let mut start = doubled(text, number);
    // Flat, floor, house and quarter are as much as an address has.
    for _ in 0..4 {
        let Some(next) = part_before(text, start) else {
            break;
        };
        start = next;
    }
    start
}

/// Where a part begins that stands before an address's begin: `No. `, `B-`, `Flat 12, `,
/// `#12-345, `, `3rd floor, `, `Kestrel House, `.
fn part_before(text: &str, start: usize) -> Option<usize> {
    let before = &text[..start];
    if let Some(head) = before.strip_suffix(['-', '#', '/']) {
        let sign = before.ends_with('#');
        let letter = head.trim_end_matches(|c: char| c.is_ascii_uppercase());
        let fits = head.len() - letter.len() == 1 && !letter.ends_with(char::is_alphanumeric);
        return match sign {
            true => Some(head.len()),
            false => fits.then_some(letter.len()),
        };
    }
    let mut words = words::before(text, start);
    let first = words.next()?;
    // `No. 5`, `Blk 678`.
    if matches!(first.gap, " " | ". " | " #") && is_unit(&first) {
        let small = first.text == "no" && first.gap == " ";
        return (!small).then_some(first.range.start);
    }
    if !matches!(first.gap, ", " | " " | ". ") {
        return None;
    }
    let second = words.next()?;
    let length = first.text.chars().count();
    let short = length == 1 || (length <= 5 && first.text.contains(|c: char| c.is_ascii_digit()));
    if short && matches!(second.gap, " " | " #" | ". ") && is_unit(&second) {
        return Some(second.range.start);
    }
    if first.gap != ", " {
        return None;
    }
    // `#12-345, `.
    let unit = text[..first.range.start]
        .strip_suffix('-')
        .map(|head| head.trim_end_matches(|c: char| c.is_ascii_alphanumeric()));
    if is_number(first.text)
        && let Some(head) = unit.and_then(|head| head.strip_suffix('#'))
    {
        return Some(head.len());
    }
    let ordinal = is_ordinal(second.text)
        || [
            "ground", "first", "second", "third", "top", "upper", "lower",
        ]
        .iter()
        .any(|th| second.text.eq_ignore_ascii_case(th));
    if first.text.eq_ignore_ascii_case("floor") || first.text.eq_ignore_ascii_case("flat") {
        return (ordinal && second.gap == " ").then_some(second.range.start);
    }
    // `Kestrel House, `.
    let name = second.gap == " " && second.text.starts_with(char::is_uppercase);
    if !is_house(&first) || !name {
        return None;
    }
    let third = words
        .next()
        .filter(|third| third.gap == " " && third.text.starts_with(char::is_uppercase));
    Some(third.map_or(second.range.start, |third| third.range.start))
}

/// Whether it is the word of a house behind its name.
pub(super) fn is_house(word: &Word) -> bool {
    [
        "House",
        "Tower",
        "Towers",
        "Building",
        "Court",
        "Mansions",
        "Lodge",
        "Apartments",
        "Residency",
        "Residence",
        "Residences",
        "Heights",
        "Plaza",
        "Complex",
        "Chambers",
        "Hall",
        "Centre",
        "Center",
    ]
    .contains(&word.text)
}

/// Where `301-15` or `2/45` begins, whose second number begins at `number`.
fn doubled(text: &str, number: usize) -> usize {
    // `36 1/2 Pearl Alley`.
    if let Some(head) = text[..number].strip_suffix(" 1/")
        && head.ends_with(|c: char| c.is_ascii_digit())
    {
        return head.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    }
    let before = text[..number].strip_suffix(['-', '/']);
    let head = before.map(|before| before.trim_end_matches(|c: char| c.is_ascii_digit()));
    match (before, head) {
        (Some(before), Some(head))
            if (1..=4).contains(&(before.len() - head.len()))
                && !head.ends_with(char::is_alphanumeric) =>
        {
            head.len()
        }
        _ => number,
    }
}
