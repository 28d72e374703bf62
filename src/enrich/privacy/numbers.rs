//! Phone numbers, payment cards, IBANs and national ids: long numbers, told apart by their shape.
//!
//! Ordinary numbers stay: fewer than nine digits, dates, prices, ratings, and long numbers of no
//! known shape (tracking numbers, bar codes, times in milliseconds).

use std::ops::Range;

use super::shadow::{LETTER, Shadow};
use super::{Class, Finding};

/// Longest number that is looked at: an IBAN has at most 34 characters, a card 19 digits.
const LONGEST: usize = 34;
/// A number has at most this many groups.
const GROUPS: usize = 7;

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
            found.push(Finding {
                class: Class::Iban,
                start,
                end,
            });
        }
    }
    found
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

/// A run of digits without anything between.
type Group = Range<usize>;

/// Cards, national ids and phone numbers.
pub(super) fn numbers(text: &Shadow) -> Vec<Finding> {
    let groups = groups(text);
    let mut found = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        let near = 1
            + (first + 1..groups.len().min(first + GROUPS))
                .take_while(|next| separated(text, &groups[next - 1], &groups[*next]))
                .count();
        let run = &groups[first..first + near];
        match card(text, run)
            .or_else(|| national_id(text, run))
            .or_else(|| phone(text, run))
        {
            Some((class, used)) => {
                let start = run[0].start - lead(text, run[0].start);
                // The letter at the end of a Chinese id.
                let last = run[used - 1].end;
                let end = last + usize::from(class == Class::Id && is_x(text.at(last)));
                found.push(Finding { class, start, end });
                first += used;
            }
            None => first += 1,
        }
    }
    found
}

fn groups(text: &Shadow) -> Vec<Group> {
    let bytes = text.bytes();
    let mut groups: Vec<Group> = Vec::new();
    for (at, b) in bytes.iter().enumerate() {
        if b.is_ascii_digit() {
            match groups.last_mut() {
                Some(last) if last.end == at => last.end = at + 1,
                _ => groups.push(at..at + 1),
            }
        }
    }
    groups
}

/// Whether only a separator of numbers stands between two groups.
fn separated(text: &Shadow, left: &Group, right: &Group) -> bool {
    let between = &text.bytes()[left.end..right.start];
    between.len() <= 3
        && between
            .iter()
            .all(|b| matches!(b, b' ' | b'-' | b'.' | b'(' | b')'))
}

/// Length of `+` or `(` that belongs to the number after it.
fn lead(text: &Shadow, start: usize) -> usize {
    let before = |n: usize| start.checked_sub(n).map_or(0, |at| text.at(at));
    match (before(2), before(1)) {
        (b'+', b'(') => 2,
        (_, b'+') => 1,
        _ => 0,
    }
}

fn digits(text: &Shadow, groups: &[Group]) -> Vec<u8> {
    groups
        .iter()
        .flat_map(|group| &text.bytes()[group.clone()])
        .map(|b| b - b'0')
        .collect()
}

/// 13 to 19 digits of a card scheme, in one piece or in groups as cards print them, by Luhn.
fn card(text: &Shadow, run: &[Group]) -> Option<(Class, usize)> {
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
            return Some((Class::Card, used));
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

fn luhn(number: &[u8]) -> bool {
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

fn is_x(b: u8) -> bool {
    matches!(b, b'x' | b'X')
}

/// Ids that their own shape proves (China, by date and check digit; the United States, by its
/// hyphens), and ten digits that the text itself calls a national id.
fn national_id(text: &Shadow, run: &[Group]) -> Option<(Class, usize)> {
    let number = digits(text, &run[..1]);
    let next = text.at(run[0].end);
    let chinese = match number.len() {
        18 => is_chinese_id(&number),
        17 if is_x(next) => is_chinese_id(&[number.as_slice(), &[10]].concat()),
        _ => false,
    };
    if chinese {
        return Some((Class::Id, 1));
    }
    let hyphens = |i: usize| text.bytes()[run[i].end..run[i + 1].start] == *b"-";
    if let [3, 2, 4, ..] = run.iter().map(ExactSizeIterator::len).collect::<Vec<_>>()[..]
        && hyphens(0)
        && hyphens(1)
        && run.len() == 3
    {
        return Some((Class::Id, 3));
    }
    (number.len() == 10 && follows(text, run[0].start, ID_WORDS)).then_some((Class::Id, 1))
}

fn is_chinese_id(number: &[u8]) -> bool {
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

/// Phone numbers: international; national shapes of Iran, the Arab countries, China, Russia and
/// North America; trunk prefix 0 with ten digits or more; and what the text itself calls a phone.
fn phone(text: &Shadow, run: &[Group]) -> Option<(Class, usize)> {
    let start = run[0].start;
    let before_lead = start
        .checked_sub(1 + lead(text, start))
        .map_or(0, |at| text.at(at));
    let plus = lead(text, start) > 0 && !before_lead.is_ascii_digit();
    let used = if plus {
        international(run, 13).or_else(|| international(run, 15))
    } else if follows(text, start, PHONE_WORDS) {
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
    .map(|used| (Class::Phone, used))
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

fn is_phone(number: &[u8], groups: &[Group]) -> bool {
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
        (12, [0, 1..=9, ..]) => single,
        // Mobiles without it: Iran and India, China.
        (10, [9, ..]) => single || (grouped && matches!(lengths.as_slice(), [3, 3, 4] | [3, 7])),
        (11, [1, 3..=9, ..]) => single || matches!(lengths.as_slice(), [3, 4, 4]),
        // Country's code without a sign: Iran, Turkey, Egypt, Iraq, Saudi Arabia, the Emirates.
        (
            12,
            [9, 8, 9, ..] | [9, 0, 5, ..] | [2, 0, 1, ..] | [9, 6, 6, 5, ..] | [9, 7, 1, 5, ..],
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
const PHONE_WORDS: &[&str] = &[
    "phone",
    "tel",
    "call",
    "mobile",
    "whatsapp",
    "cell",
    "number is",
    "تلفن",
    "موبایل",
    "همراه",
    "شماره تماس",
    "شماره من",
    "واتساپ",
    "تماس",
    "جوال",
    "هاتف",
    "واتساب",
    "رقمی",
    "الجوال",
    "电话",
    "手机",
    "手机号",
    "微信",
    "联系方式",
    "電話",
    "手機",
];

/// Words that say that a national id follows.
const ID_WORDS: &[&str] = &[
    "کد ملی",
    "کدملی",
    "شماره ملی",
    "رقم الهویه",
    "رقم الاقامه",
    "الهویه",
    "national id",
    "iqama",
];

/// Whether one of the words ends just before a position: only punctuation, spaces and a short
/// link (`is`, `:`, `号`, `هست`) may stand between.
fn follows(text: &Shadow, position: usize, words: &[&str]) -> bool {
    /// Characters looked at.
    const NEAR: usize = 24;
    let from = position.saturating_sub(NEAR);
    // A number between would be the one that the word speaks of.
    let bytes = &text.bytes()[from..position];
    let from = from
        + bytes
            .iter()
            .rposition(u8::is_ascii_digit)
            .map_or(0, |i| i + 1);
    if !text.bytes()[from..position]
        .iter()
        .any(|b| b.is_ascii_alphabetic() || *b == LETTER)
    {
        return false;
    }
    let mut near = crate::text::MatchForm::of(text.source(from..position)).text;
    loop {
        let kept = near.trim_end_matches(|c: char| !c.is_alphanumeric());
        let kept = [
            "is", "no", "number", "num", "nr", "号码", "号", "是", "هست", "هو", "my",
        ]
        .iter()
        .find_map(|link| kept.strip_suffix(link))
        .unwrap_or(kept);
        if kept.len() == near.len() {
            break;
        }
        near.truncate(kept.len());
    }
    words.iter().any(|word| {
        near.strip_suffix(word).is_some_and(|before| {
            // `hotel 2024…` is no `tel`.
            !word.is_ascii() || !before.ends_with(|c: char| c.is_ascii_alphanumeric())
        })
    })
}
