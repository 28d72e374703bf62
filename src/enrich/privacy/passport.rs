//! Numbers of passports. Their shapes are those of serial and part numbers, so one counts only where
//! the text calls it a passport's.

use std::ops::Range;

use super::before::Before;
use super::cues::{Cue, Hit};
use super::numbers::KEPT;
use super::shadow::Shadow;
use super::{Finding, Kind};
use crate::text::{MatchForm, is_unspaced};

/// Words that say that the number of a passport stands beside them.
#[rustfmt::skip]
pub(super) const CUES: &[(Cue, &[&str])] = &[(
    Cue::Passport,
    &[
        "passport", "passports", "passport no", "pass port", "ppt", "pp", "travel document", "travel documents",
        "passeport", "reisepass", "pasaporte", "pasaport", "passaporto", "паспорт",
        "پاسپورت", "پاسپورتم", "پاسپورتمو", "پاسپورتمه", "پاسپورتش", "پاسپورتت", "پاسپورتتون", "پاسم", "شماره پاس",
        "گذرنامه", "گذرنامه ام", "گذرنامه‌ام", "گذرنامه اش", "گذرنامم", "گذرنامشو", "گذرناممه", "گذر نامه", "سند سفر",
        "جواز", "جواز السفر", "جواز سفر", "جوازي", "جواز سفري", "جواز سفره", "جواز سفرها", "الجواز",
        "بجواز", "بجوازي", "بالجواز", "جوازه", "جوازها", "جوازك", "للجواز", "لجوازي", "باسبور", "باسبورت", "باسبورتي",
        "باسبوري", "الباسبور", "الباسبورت", "البسبور", "وثيقة السفر", "وثيقة سفر", "وثيقة سفري", "护照",
        "護照", "旅行证", "旅行證", "通行证", "通行證", "台胞证", "台胞證", "回乡证", "回鄉證",
    ],
)];

/// Characters between the cue and the number.
const NEAR: usize = 40;

/// Words that may stand between in a number of any shape, in match form.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "no", "nr", "number", "numbers", "num", "nummer", "id", "is", "was", "my", "the", "with", "holder", "as", "card",
    "details", "info", "data", "s", "شماره", "شمارش", "شمارهاش", "من", "منه", "ام", "به", "ی", "م", "با", "اینه", "بنده", "جدید", "جدیدم",
    "قبلی", "قدیمی", "مشخصات", "رقم", "رقمه", "رقمها", "السفر", "سفر", "سفری", "هو", "الخاص", "بی", "حقی", "حقتی",
    "برقم", "بیانات", "الجدید", "القدیم", "号", "号码", "号码是", "号是", "号为", "是", "为", "证件号", "证件", "证件号码",
    "编号", "的号码是", "的号码", "我的", "信息", "件", "件号", "件号码", "码", "的",
];

/// Words that say what else the number is of, in match form; those of [`KEPT`] do so as well.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "flight", "gate", "seat", "visa", "size", "cover", "case", "wallet", "sleeve", "drive", "disk", "lock", "locker", "queue",
    "hotel", "room", "code", "account", "user", "customer", "پرواز", "گیت", "صندلی", "جلد", "کیف", "هارد", "مدل", "کد", "بلیط", "بلیت",
    "نوبت", "پیگیری", "الرحله", "رحله", "بوابه", "مقعد", "غطاء", "محفظه", "مودیل", "کود", "هارد", "التاشیره",
    "طرح", "طلب", "شحنه", "تذکره", "翻译", "取票", "航班", "登机", "座位", "夹", "套", "包裹", "硬盘", "排队", "排号", "编码", "航空",
];

/// Words between a number and the cue behind it: `A1234567 is my passport number`. In match form.
#[rustfmt::skip]
const BEHIND: &[&str] = &[
    "is", "was", "it", "s", "my", "the", "a", "an", "this", "entered", "given", "typed", "used", "on", "号", "that", "as", "number", "no", "of", "رقم", "هذا", "هو", "هذه",
    "شماره", "این", "اینم", "ی", "همون", "是", "我的", "这是", "是我的", "为", "这是我的", "是本人的", "就是", "本人", "就是我的", "是我",
];

/// Words between the numbers of two passports, in match form, besides [`LINKS`].
#[rustfmt::skip]
const NEXT: &[&str] = &[
    "new", "old", "now", "before", "previous", "to", "and", "mine", "his", "hers", "one", "or", "و", "بود", "شد", "جدیده", "اون",
    "الی", "والجدید", "والقدیم", "新", "旧", "换", "换成", "换成新的", "改成", "改为", "和", "而", "新的",
];

/// Numbers of passports beside these cues: up to three letters and five to nine digits, or eight or
/// nine digits, in groups or not.
pub(super) fn passports(text: &Shadow, hits: &[Hit]) -> Vec<Finding> {
    let mut found = Vec::new();
    for hit in hits.iter().filter(|hit| hit.cue == Cue::Passport) {
        let (start, end) = (text.position(hit.range.start), text.position(hit.range.end));
        if is_other(text, start) {
            continue;
        }
        let Some(number) = after(text, end).or_else(|| before(text, start)) else {
            continue;
        };
        let mut end = number.range.end;
        found.push(text.finding(Kind::Passport, number.range));
        // `my old passport was …, the new one is …`.
        while let Some(next) = Number::after(text, end)
            && words(text, end..next.range.start)
                .all(|word| [NEXT, LINKS].iter().any(|of| of.contains(&word.as_str())))
        {
            end = next.range.end;
            found.push(text.finding(Kind::Passport, next.range));
        }
    }
    found
}

/// The number that follows a cue.
fn after(text: &Shadow, at: usize) -> Option<Number> {
    let number = Number::after(text, at)?;
    let between = at..number.range.start;
    let source = text.source(between.clone());
    let mut linked = true;
    for (count, word) in words(text, between).enumerate() {
        let link = LINKS.contains(&word.as_str());
        // `جواز زوجتي رقمه …`: any words, unless they say that the number is of something else.
        if count > 5 || (!link && (is_any(&word, OTHERS) || is_any(&word, KEPT))) {
            return None;
        }
        linked &= link;
    }
    let one = !source.contains(['.', '!', '?', '؟', '。', '；', ';', '\n']) || linked;
    let told = number.plain || (!number.lettered && says_number(source));
    (linked || (one && told)).then_some(number)
}

/// The number before a cue, which the words between say to be the passport's.
fn before(text: &Shadow, at: usize) -> Option<Number> {
    let bytes = text.bytes();
    let far = at.saturating_sub(NEAR);
    let end = far + bytes.get(far..at)?.iter().rposition(u8::is_ascii_digit)? + 1;
    // The first part of a number in groups is sought from its letters on.
    let from = end.saturating_sub(LONGEST);
    let mut number = None;
    for start in (from..end).filter(|start| !is_alphanumeric(text.at(start.wrapping_sub(1)))) {
        number = Number::at(text, start).filter(|number| number.range.end == end);
        if number.is_some() {
            break;
        }
    }
    let number = number?;
    let known: Vec<bool> = words(text, end..at)
        .map(|word| BEHIND.contains(&word.as_str()))
        .collect();
    let count = known.len();
    // `P1234567, a Pakistani passport`.
    let linked = match known.split_last() {
        Some((false, rest)) => number.plain && !rest.is_empty() && rest.iter().all(|known| *known),
        _ => known.iter().all(|known| *known),
    };
    let bracket = matches!(text.source(end..at).trim(), "(" | "（");
    let told = linked && (count > 1 || (count == 1 && number.lettered)) || bracket;
    let called = Before::of(text, number.range.start).calls(KEPT);
    (told && !called && (number.lettered || count > 1)).then_some(number)
}

/// Whether the words before a cue make it another word: 保护照明, غطاء جواز.
fn is_other(text: &Shadow, at: usize) -> bool {
    let before = text.source(at.saturating_sub(NEAR)..at);
    let word = before.trim_end().rsplit(' ').next().unwrap_or_default();
    before.ends_with(['保', '维', '維', '爱', '愛', '守', '掩', '监', '監'])
        || CASES.contains(&MatchForm::of(word).text.as_str())
}

/// What passports are kept in, in match form.
const CASES: [&str; 7] = ["غطا", "غطاء", "محفظه", "حافظه", "جلد", "کیف", "کاور"];

/// Whether a text calls what follows a number.
fn says_number(text: &str) -> bool {
    MatchForm::of(text)
        .text
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| {
            ["number", "no", "num", "nr", "رقم", "رقمه", "شماره"].contains(&word)
                || word.contains('号')
        })
}

/// Words of the text behind these positions, in match form.
fn words(text: &Shadow, positions: Range<usize>) -> impl Iterator<Item = String> {
    let form = MatchForm::of(text.source(positions)).text;
    let words: Vec<String> = form
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// Whether a word is one of these, with a plural's or an article's letters; in scripts without spaces,
/// whether it holds one.
fn is_any(word: &str, of: &[&str]) -> bool {
    let bare = word
        .strip_prefix("وال")
        .or_else(|| word.strip_prefix("لل"))
        .or_else(|| word.strip_prefix("بال"))
        .or_else(|| word.strip_prefix("ال"))
        .or_else(|| word.strip_prefix('و'))
        .unwrap_or(word);
    let unspaced = word.starts_with(is_unspaced);
    of.iter().any(|other| match unspaced {
        true => other.starts_with(is_unspaced) && word.contains(other),
        false => *other == word || *other == bare || word.strip_suffix('s') == Some(other),
    })
}

/// Most characters of a number in groups.
const LONGEST: usize = 14;

/// What has the shape of a passport's number.
struct Number {
    range: Range<usize>,
    /// It begins with letters, or holds some.
    lettered: bool,
    /// Up to two letters, then seven digits or more: few other numbers have them.
    plain: bool,
}

impl Number {
    /// The first number after a position.
    fn after(text: &Shadow, at: usize) -> Option<Self> {
        let bytes = text.bytes();
        let near = bytes.get(at..(at + NEAR).min(bytes.len()))?;
        let mut digit = at + near.iter().position(u8::is_ascii_digit)?;
        // A year stands between: `passport expiry 2029, number …`.
        let year = bytes[digit..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if year <= 4
            && !is_alphanumeric(text.at(digit - 1))
            && bytes
                .get(digit + year)
                .is_some_and(|b| matches!(b, b',' | b';'))
        {
            let more = bytes[digit + year..].iter().take(NEAR);
            digit += year + more.into_iter().position(|b| b.is_ascii_digit())?;
        }
        let letters = |end: usize| {
            let part = &bytes[at..end];
            part.iter()
                .rev()
                .take_while(|b| b.is_ascii_alphabetic())
                .count()
        };
        let mut start = digit - letters(digit);
        // `AB 1234567`: capitals that are no word.
        if start == digit && start > at + 1 && matches!(bytes[start - 1], b' ' | b'-') {
            let before = letters(start - 1);
            let word = &bytes[start - 1 - before..start - 1];
            let capitals = word.iter().all(u8::is_ascii_uppercase);
            let link = [&b"NO"[..], b"NR", b"ID", b"IS"].contains(&word);
            if (1..=2).contains(&before) && capitals && !link {
                start -= 1 + before;
            }
        }
        Self::at(text, start)
    }

    /// The number that begins at a position.
    fn at(text: &Shadow, start: usize) -> Option<Self> {
        let rest = text.bytes().get(start..)?;
        let count = |from: usize, such: fn(&u8) -> bool| {
            let rest = rest.get(from..).unwrap_or_default();
            rest.iter().position(|b| !such(b)).unwrap_or(rest.len())
        };
        let letters = count(0, u8::is_ascii_alphabetic);
        let gap = usize::from(letters > 0 && matches!(rest.get(letters), Some(b' ' | b'-')));
        let mut end = letters + gap;
        let mut digits = count(end, u8::is_ascii_digit);
        end += digits;
        let fits = |digits: usize| match letters {
            0 => matches!(digits, 8 | 9),
            1 | 2 => matches!(digits, 6..=9),
            3 => digits == 6,
            _ => false,
        };
        if gap == 0 && rest.get(end).is_some_and(u8::is_ascii_alphabetic) {
            return Self::mixed(rest, count(0, u8::is_ascii_alphanumeric), start);
        }
        // `A 123 456 78`: groups, until there are enough.
        let mut groups = 1;
        while digits >= 2 && matches!(rest.get(end), Some(b' ' | b'-')) {
            let next = count(end + 1, u8::is_ascii_digit);
            let more = !fits(digits) || (groups > 1 && next < 4 && fits(digits + next));
            if next < 2 || digits + next > 9 || !more {
                break;
            }
            digits += next;
            end += 1 + next;
            groups += 1;
        }
        let whole = !rest.get(end).is_some_and(u8::is_ascii_alphanumeric);
        (fits(digits) && whole).then(|| Self {
            range: start..start + end,
            lettered: letters > 0,
            plain: (1..3).contains(&letters) && digits > 6,
        })
    }

    /// `C01X00T47`: nine letters and digits, capitals.
    fn mixed(rest: &[u8], len: usize, start: usize) -> Option<Self> {
        let number = rest.get(..len)?;
        let digits = number.iter().filter(|b| b.is_ascii_digit()).count();
        let fits = len == 9 && digits >= 4 && !number.iter().any(u8::is_ascii_lowercase);
        fits.then(|| Self {
            range: start..start + len,
            lettered: true,
            plain: false,
        })
    }
}

fn is_alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn numbers_of_passports_beside_their_cue() {
        check(&[
            (
                "My passport number is A03645400.",
                "My passport number is [passport].",
            ),
            ("passport # G56855422 but", "passport # [passport] but"),
            ("passport: 512345678", "passport: [passport]"),
            (
                "شماره گذرنامه من K۱۲۳۴۵۶۷۸ است",
                "شماره گذرنامه من [passport] است",
            ),
            ("رقم جواز السفر: A12345678", "رقم جواز السفر: [passport]"),
            ("护照号码E12345678丢了", "护照号码[passport]丢了"),
            ("ppt no k1234567", "ppt no [passport]"),
            ("passport AB 1234567, old", "passport [passport], old"),
            ("travel document A 123 456 78", "travel document [passport]"),
            ("reisepass C01X00T47", "reisepass [passport]"),
            (
                "A1234567 is my passport number",
                "[passport] is my passport number",
            ),
            ("EB1234567（护照）", "[passport]（护照）"),
            (
                "P12345678 این شماره پاسپورتمه",
                "[passport] این شماره پاسپورتمه",
            ),
            ("جواز زوجتي رقمه G12345678", "جواز زوجتي رقمه [passport]"),
            (
                "my old passport was K1234567 and the new one is E7654321",
                "my old passport was [passport] and the new one is [passport]",
            ),
        ]);
    }

    #[test]
    fn what_is_called_otherwise_stays() {
        stay(&[
            "part number A0973610 does not fit",
            "passport control: order AB1234567",
            "My Passport 4 TB, serial WX11A12345",
            "a passport renewal for 130 is robbery",
            "جواز المرور والطلب A12345678",
            "护照夹 12 元",
            "order A1234567 passport cover",
            "flight EK123456 was late and nobody checked a passport",
            "护照套订单E12345678没发",
            "غطاء جواز K1234567 لونه باهت",
        ]);
    }
}
