//! National identity numbers: China, Iran, Saudi Arabia, the Emirates, the United States.

use super::before::Before;
use super::card::luhn;
use super::numbers::{Group, digits, is_x};
use super::shadow::Shadow;

/// A national id at the head of a run of groups: how many groups it takes.
///
/// Sure by shape alone are those of China (date and check digit), of the Emirates (784, year, check
/// digit) and, by its hyphens, the number of the United States. Ten digits are the id of Iran or of
/// Saudi Arabia where the text calls them so; or where the check digit is right, and the text speaks of
/// ids beside them or is in Arabic script. One in ten other numbers would pass that, so a number that is
/// called otherwise never gets here (`numbers`).
pub(super) fn id(text: &Shadow, run: &[Group], before: &Before) -> Option<usize> {
    let lengths: Vec<usize> = run.iter().map(ExactSizeIterator::len).collect();
    let hyphens = |groups: usize| {
        run[..groups]
            .windows(2)
            .all(|pair| text.bytes()[pair[0].end..pair[1].start] == *b"-")
    };
    if lengths.len() == 3 && lengths == [3, 2, 4] && hyphens(3) {
        return Some(3);
    }
    let (mut total, mut ten) = (0, None);
    for (at, length) in lengths.iter().enumerate() {
        total += length;
        let used = at + 1;
        let number = || digits(text, &run[..used]);
        let found = match total {
            10 => {
                ten = Some(used);
                false
            }
            15 => is_emirati(&number()),
            17 if is_x(text.at(run[at].end)) => is_chinese(&[number(), vec![10]].concat()),
            18 => is_chinese(&number()),
            19.. => break,
            _ => false,
        };
        if found {
            return Some(used);
        }
    }
    // Groups after ten digits make them a part of something longer.
    let ten = ten.filter(|used| *used == 1 || *used == run.len() || hyphens(*used))?;
    let number = digits(text, &run[..ten]);
    is_called(text, &run[..ten], &number, before, hyphens(ten)).then_some(ten)
}

/// Whether ten digits are an id by what the text says of them.
fn is_called(
    text: &Shadow,
    groups: &[Group],
    number: &[u8],
    before: &Before,
    hyphens: bool,
) -> bool {
    if before.calls(ID_WORDS) {
        return true;
    }
    // Mobile numbers of Iran without their 0 begin with 9.
    let right = is_saudi(number) || (is_iranian(number) && number.first() != Some(&9));
    if !right {
        return false;
    }
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
        return false;
    };
    // As cards of Iran print it.
    let whole = groups.len() == 1 || (hyphens && groups[0].len() == 3 && groups.len() == 3);
    before.calls(&["id"])
        || (whole && in_arabic_script(text, first) && !before.calls(OTHER_WORDS))
        || before.holds(ID_WORDS)
        || before.holds(&["id"])
        || Before::after(text, last.end).holds(ID_WORDS)
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
    "کد ملی", "کدملی", "کد ملیم", "کدملیم", "شماره ملی", "ش ملی", "کارت ملی", "ملیم", "شماره شناسایی", "الهویه",
    "هویتی", "هویته", "هویتها", "هویه", "الاقامه", "اقامه", "اقامتی", "اقامت", "السجل المدنی", "سجلی المدنی", "سجل مدنی",
    "الرقم القومی", "رقمی القومی", "الرقم الوطنی", "رقمی الوطنی", "رقم وطنی", "بطاقه الاحوال", "البطاقه الشخصیه",
    "بطاقتی الشخصیه", "البطاقه الوطنیه", "بطاقتی الوطنیه", "الهویه الوطنیه", "الرقم المدنی", "البطاقه المدنیه",
    "national id", "national", "national code", "nid", "iqama", "id card", "identity", "identity card", "identification",
    "civil id", "citizen", "citizenship", "saudi", "resident", "residence", "residency", "residence permit", "residence card",
    "social security", "ssn", "kod melli", "kode melli", "code melli", "kod meli", "code meli", "kodemeli", "codemeli", "melli",
    "身份证", "身份证件", "身份证明", "身份", "证件", "居留证", "居留", "居留许可", "国民", "公民", "实名",
];

/// Words by which a text calls a number that is nobody's id, though its check digit may be right.
#[rustfmt::skip]
const OTHER_WORDS: &[&str] = &[
    "کاربری", "مشتری", "اشتراک", "پرداخت", "کد پستی", "کدپستی", "المستخدم", "الحساب", "حسابی", "المحفظه", "الاشتراک",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::privacy::tests::{check, stay};

    fn values(number: &str) -> Vec<u8> {
        number.bytes().map(|b| b - b'0').collect()
    }

    #[test]
    fn ids_by_what_the_text_says_of_them() {
        check(&[
            (
                "ID number of my father is 1000000008",
                "ID number of my father is [id]",
            ),
            ("1000000008 is my national ID", "[id] is my national ID"),
            ("identity no 1 000 000 008", "identity no [id]"),
            ("کد ملی بنده 001 234567 9", "کد ملی بنده [id]"),
            ("身份证 110105 19491231 002X", "身份证 [id]"),
            ("784 1990 1234567 6 expired", "[id] expired"),
        ]);
        stay(&[
            "transaction ID 1000000008",
            "membership number 1000000008",
            "کد پرداخت 0012345679",
        ]);
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
