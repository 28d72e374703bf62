//! National identity numbers: China, Iran, Saudi Arabia, the Emirates, the United States.

use super::before::Before;
use super::card::luhn;
use super::numbers::{Group, digits, is_x};
use super::shadow::Shadow;

/// A national id at the head of a run of groups: how many groups it takes.
///
/// Sure by shape alone are those of China (date and check digit), of the Emirates (784, year, check
/// digit) and, by its hyphens, the number of the United States. Ten digits are the id of Iran or of
/// Saudi Arabia where the text calls them so, or where it is in Arabic script and the check digit is
/// right; one in ten other numbers would pass that, so a number that is called otherwise never gets
/// here (`numbers`).
pub(super) fn id(text: &Shadow, run: &[Group], before: &Before) -> Option<usize> {
    let lengths: Vec<usize> = run.iter().map(ExactSizeIterator::len).collect();
    let hyphens = |groups: usize| {
        run[..groups]
            .windows(2)
            .all(|pair| text.bytes()[pair[0].end..pair[1].start] == *b"-")
    };
    let first = digits(text, &run[..1]);
    match (lengths.as_slice(), first.as_slice()) {
        ([18, ..], id) if is_chinese(id) => return Some(1),
        ([17, ..], id) if is_x(text.at(run[0].end)) && is_chinese(&[id, &[10]].concat()) => {
            return Some(1);
        }
        ([15, ..], id) if is_emirati(id) => return Some(1),
        ([3, 4, 7, 1, ..], _) if is_emirati(&digits(text, &run[..4])) => return Some(4),
        ([3, 2, 4], _) if hyphens(3) => return Some(3),
        _ => {}
    }
    let (used, number) = match lengths.as_slice() {
        [10, ..] => (1, first),
        // As cards of Iran print it.
        [3, 6, 1, ..] if hyphens(3) => (3, digits(text, &run[..3])),
        _ => return None,
    };
    if before.calls(ID_WORDS) {
        return Some(used);
    }
    // Mobile numbers of Iran without their 0 begin with 9.
    let right = is_saudi(&number) || (is_iranian(&number) && number.first() != Some(&9));
    let sure = right && (before.calls(&["id"]) || in_arabic_script(text, &run[0]));
    sure.then_some(used)
}

/// Whether the nearest letter before the number, else after it, is of the Arabic script.
fn in_arabic_script(text: &Shadow, number: &Group) -> bool {
    let near = text.source(number.start.saturating_sub(40)..number.start);
    let after = text.source(number.end..(number.end + 40).min(text.bytes().len()));
    let mut letters = near.chars().rev().chain(after.chars());
    letters
        .find(|c| c.is_alphabetic())
        .is_some_and(|c| ('\u{600}'..='\u{6FF}').contains(&c))
}

/// Ten digits, the last of which is the sum of the others, weighted 10 to 2, modulo 11 (or 11 less
/// that, from two on).
fn is_iranian(number: &[u8]) -> bool {
    let ([body @ .., check], 10) = (number, number.len()) else {
        return false;
    };
    let sum: u32 = (2..=10)
        .rev()
        .zip(body)
        .map(|(weight, digit)| weight * u32::from(*digit))
        .sum();
    let rest = sum % 11;
    let right = if rest < 2 { rest } else { 11 - rest };
    // Ten equal digits satisfy the formula and are nobody's.
    u32::from(*check) == right && number.iter().any(|digit| digit != check)
}

/// 1 (citizens) or 2 (residents), ten digits, check digit by Luhn.
fn is_saudi(number: &[u8]) -> bool {
    number.len() == 10 && matches!(number, [1 | 2, ..]) && luhn(number)
}

/// 784, year of birth, seven digits, check digit by Luhn.
fn is_emirati(number: &[u8]) -> bool {
    number.len() == 15
        && matches!(number, [7, 8, 4, 1, 9, ..] | [7, 8, 4, 2, 0, ..])
        && luhn(number)
}

/// Six digits of a region, date of birth, three digits, check digit (GB 11643).
fn is_chinese(number: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [u8; 11] = [1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    let (Some(century), Some(month), Some(check)) =
        (number.get(6..8), number.get(10..12), number.get(17))
    else {
        return false;
    };
    let sum: u32 = number
        .iter()
        .zip(WEIGHTS)
        .map(|(d, w)| u32::from(*d) * w)
        .sum();
    matches!(century, [1, 8 | 9] | [2, 0])
        && matches!(month, [0, 1..=9] | [1, 0..=2])
        && CHECKS[sum as usize % 11] == *check
}

/// Words that say that a national id follows.
#[rustfmt::skip]
const ID_WORDS: &[&str] = &[
    "کد ملی", "کدملی", "کد ملیم", "کدملیم", "شماره ملی", "کارت ملی", "الهویه", "هویتی", "هویه", "الاقامه",
    "اقامه", "اقامتی", "السجل المدنی", "الرقم القومی", "رقمی القومی", "الرقم الوطنی", "national id",
    "national", "iqama", "id card", "identity", "saudi", "resident", "social security", "ssn", "身份证", "身份证件", "居留证",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn values(number: &str) -> Vec<u8> {
        number.bytes().map(|b| b - b'0').collect()
    }

    #[test]
    fn check_digits_are_told_from_wrong_ones() {
        // Worked out by hand from the formulas.
        for (number, is) in [
            ("0012345679", is_iranian as fn(&[u8]) -> bool),
            ("1000000008", is_saudi),
            ("784199012345676", is_emirati),
        ] {
            let mut number = values(number);
            assert!(is(&number), "{number:?}");
            number[9] = (number[9] + 1) % 10;
            assert!(!is(&number), "{number:?}");
        }
        assert!(!is_iranian(&values("1111111111")));
        assert!(!is_iranian(&values("001234567")));
    }
}
