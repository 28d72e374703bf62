//! Phone numbers.

use super::before::Before;
use super::numbers::{Group, digits, lead};
use super::shadow::Shadow;

/// Phone numbers: international; national shapes of Iran, the Arab countries, China, Russia and
/// North America; trunk prefix 0 with ten digits or more; and what the text itself calls a phone.
/// How many groups the number takes.
pub(super) fn phone(text: &Shadow, run: &[Group], before: &Before) -> Option<usize> {
    let start = run[0].start;
    let before_lead = start
        .checked_sub(1 + lead(text, start))
        .map_or(0, |at| text.at(at));
    let plus = lead(text, start) > 0 && !before_lead.is_ascii_digit();
    let used = if plus {
        international(run, 13).or_else(|| international(run, 15))
    } else if before.calls(PHONE_WORDS) {
        longest(run, |groups| {
            matches!(total(groups), 7..=15) && !is_date(groups)
        })
    } else {
        None
    };
    used.or_else(|| {
        longest(run, |groups| {
            matches!(total(groups), 9..=15)
                && !is_date(groups)
                && is_phone(&digits(text, groups), groups)
        })
    })
}

/// A phone number that is one whatever stands before it, as in `about my order 0912 345 6789`: eleven
/// digits after a trunk prefix. How many groups it takes.
pub(super) fn with_trunk(text: &Shadow, run: &[Group]) -> Option<usize> {
    longest(run, |groups| {
        let number = digits(text, groups);
        matches!((number.len(), number.as_slice()), (11, [0, 1..=9, ..]))
            && !is_date(groups)
            && is_phone(&number, groups)
    })
}

fn total(groups: &[Group]) -> usize {
    groups.iter().map(ExactSizeIterator::len).sum()
}

/// Most groups from the first on that are such a number.
fn longest(run: &[Group], such: impl Fn(&[Group]) -> bool) -> Option<usize> {
    (1..=run.len()).rev().find(|used| such(&run[..*used]))
}

fn international(run: &[Group], most: usize) -> Option<usize> {
    longest(run, |groups| (8..=most).contains(&total(groups)))
}

/// Whether the groups hold a date: `2024-05-12`, `12.05.2024`.
fn is_date(groups: &[Group]) -> bool {
    groups.windows(3).any(|three| {
        let [a, b, c] = [three[0].len(), three[1].len(), three[2].len()];
        b <= 2 && ((a == 4 && c <= 2) || (a <= 2 && c == 4))
            // A French number goes on in pairs, a date ends in its year.
            && !(groups[0].len() == 2 && groups.len() == 5 && c == 2)
    })
}

/// `2010 2011 2012`.
fn are_years(number: &[u8], groups: &[Group]) -> bool {
    groups.len() > 1
        && groups.iter().all(|group| group.len() == 4)
        && number
            .chunks(4)
            .all(|year| matches!(year, [1, 9, ..] | [2, 0, ..]))
}

fn is_phone(number: &[u8], groups: &[Group]) -> bool {
    if are_years(number, groups) {
        return false;
    }
    let lengths: Vec<usize> = groups.iter().map(ExactSizeIterator::len).collect();
    let single = lengths.len() == 1;
    // A lone digit at the head is a price or a list, except before an area code.
    let grouped = lengths.iter().skip(1).all(|n| *n >= 2);
    let american = matches!(lengths.as_slice(), [3, 3, 4] | [1, 3, 3, 4] | [3, 7]);
    match (number.len(), number) {
        // 00 and the country's code.
        (11..=15, [0, 0, 1..=9, ..]) => grouped,
        // Trunk prefix: Iran 09…, Egypt 01…, Iraq 07…, Gulf 05…, China 0755…, Europe.
        (10..=11, [0, 1..=9, ..]) => grouped && lengths.first() != Some(&1),
        (12, [0, 1..=9, ..]) => single || matches!(lengths.as_slice(), [3, 9] | [4, 8] | [5, 7]),
        // Mobiles without it: Iran and India, China.
        (10, [9, ..]) => {
            single || (grouped && matches!(lengths.as_slice(), [3, 3, 4] | [3, 7] | [5, 5]))
        }
        (11, [1, 3..=9, ..]) => single || matches!(lengths.as_slice(), [3, 4, 4]),
        // Country's code without a sign: Iran, Turkey, Egypt, Iraq, Saudi Arabia, the Emirates.
        (
            12,
            [9, 8, 9, ..]
            | [9, 0, 5, ..]
            | [2, 0, 1, 0..=2 | 5, ..]
            | [9, 6, 6, 5, ..]
            | [9, 7, 1, 5, ..],
        )
        | (13, [9, 6, 4, 7, ..] | [8, 6, 1, 3..=9, ..])
        | (12, [9, 6, 2, 7, ..]) => grouped,
        // Russia.
        (11, [7 | 8, 9, ..]) => single || lengths.first() == Some(&1),
        (10, [2..=9, _, _, 2..=9, ..]) | (11, [1, 2..=9, _, _, 2..=9, ..]) => american,
        _ => false,
    }
}

/// Words that say that a phone number follows.
#[rustfmt::skip]
const PHONE_WORDS: &[&str] = &[
    "phone", "telephone", "tel", "call", "mobile", "whatsapp", "cell", "number is", "telegram", "viber",
    "sms", "wa.me", "t.me", "تلفن", "تلفنم", "موبایل", "موبایلم", "همراه", "همراهم", "شماره تماس",
    "شماره من", "شماره ام", "شمارم", "واتساپ", "تلگرام", "تماس", "جوال", "جوالی", "هاتف", "هاتفی",
    "تلفون", "تلفونی", "موبایلی", "واتساب", "واتس", "رقمی", "电话", "手机", "微信", "联系方式", "座机",
    "致电", "拨打",
];
