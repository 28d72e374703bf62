//! Numbers of payment cards, by scheme and check digit.

use super::numbers::{Group, digits};
use super::shadow::Shadow;

/// 13 to 19 digits of a card scheme, in one piece or in groups as cards print them, by Luhn:
/// how many groups it takes.
pub(super) fn card(text: &Shadow, run: &[Group]) -> Option<usize> {
    for used in [5, 4, 3, 1] {
        let Some(groups) = run.get(..used) else {
            continue;
        };
        let shape: Vec<usize> = groups.iter().map(ExactSizeIterator::len).collect();
        let printed = match shape.as_slice() {
            [n] => (13..=19).contains(n),
            [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 1..=3] => true,
            _ => false,
        };
        if printed && is_card(&digits(text, groups)) {
            return Some(used);
        }
    }
    None
}

fn is_card(number: &[u8]) -> bool {
    let scheme = match (number.len(), number) {
        (13, [4, ..]) | (14, [3, 0 | 6 | 8, ..]) | (15, [3, 4 | 7, ..]) => true,
        // 9: banks of Iran and Turkey.
        (16, [2 | 4 | 5 | 6 | 9, ..]) | (17..=19, [6, ..]) | (19, [4, ..]) => true,
        _ => false,
    };
    scheme && luhn(number)
}

/// Whether the last digit is the check digit of those before it (ISO/IEC 7812).
pub(super) fn luhn(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| match u32::from(*digit) * (1 + i as u32 % 2) {
            double @ 10.. => double - 9,
            single => single,
        })
        .sum();
    sum.is_multiple_of(10)
}
