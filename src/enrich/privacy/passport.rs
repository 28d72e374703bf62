//! Numbers of passports. Their shapes are those of serial and part numbers, so one counts only where
//! the text calls it a passport's.

use super::cues::{Cue, Hit};
use super::shadow::Shadow;
use super::{Finding, Kind};
use crate::text::MatchForm;

/// Words that say that the number of a passport follows.
#[rustfmt::skip]
pub(super) const CUES: &[(Cue, &[&str])] = &[(
    Cue::Passport,
    &[
        "passport", "passports", "passport no", "passeport", "reisepass", "pasaporte", "pasaport",
        "پاسپورت", "پاسپورتم", "گذرنامه", "گذرنامه ام", "گذرنامه‌ام", "جواز", "جواز السفر", "جواز سفر",
        "جوازي", "جواز سفري", "الجواز", "بجواز", "بجوازي", "بالجواز", "باسبور", "护照", "護照", "旅行证",
    ],
)];

/// Characters between the cue and the number.
const NEAR: usize = 32;

/// Words that may stand between, in match form.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "no", "nr", "number", "num", "nummer", "id", "is", "was", "my", "the", "with", "holder", "شماره",
    "شمارش", "من", "ام", "به", "ی", "م", "با", "رقم", "رقمه", "السفر", "سفر", "سفری", "هو", "الخاص", "بی",
    "برقم", "号", "号码", "号码是", "号是", "号为", "是", "为", "证件号", "编号", "的号码是", "我的",
];

/// Numbers of passports after these cues: up to two letters and six to eight digits, or eight or nine
/// digits.
pub(super) fn passports(text: &Shadow, hits: &[Hit]) -> Vec<Finding> {
    hits.iter()
        .filter(|hit| hit.cue == Cue::Passport)
        .filter_map(|hit| after(text, text.position(hit.range.end)))
        .collect()
}

fn after(text: &Shadow, at: usize) -> Option<Finding> {
    let bytes = text.bytes();
    let near = bytes.get(at..(at + NEAR).min(bytes.len()))?;
    let digit = at + near.iter().position(u8::is_ascii_digit)?;
    let mut start = digit;
    while start > at && bytes[start - 1].is_ascii_alphabetic() {
        start -= 1;
    }
    let rest = bytes.get(digit..)?;
    let digits = rest
        .iter()
        .position(|b| !b.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    let end = digit + digits;
    let all_digits = bytes[digit..end].iter().all(u8::is_ascii_digit);
    let shape = match (digit - start, digits) {
        (1 | 2, 6..=8) => all_digits,
        (0, 8 | 9) => all_digits,
        _ => false,
    };
    if !shape {
        return None;
    }
    let between = MatchForm::of(text.source(at..start)).text;
    let linked = between
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| LINKS.contains(&word));
    linked.then(|| text.finding(Kind::Passport, start..end))
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
        ]);
    }
}
