//! Addresses in Arabic and Persian: parts that each name themselves, `خیابان … کوچه … پلاک ۱۲ واحد ۳`.

use std::ops::Range;

use super::Part;
use crate::enrich::privacy::words::{self, Word};
use crate::text::MatchForm;

/// Words between two parts of one address: the name of a street.
const NAME: usize = 5;

/// Chains of parts with a street and a number.
pub(super) fn addresses(text: &str, parts: &[(Part, Range<usize>)]) -> Vec<Range<usize>> {
    let mut parts: Vec<Piece> = parts
        .iter()
        .filter_map(|(part, cue)| Piece::of(text, *part, cue))
        .collect();
    parts.sort_by_key(|piece| (piece.range.start, usize::MAX - piece.cue_end));
    // `بن بست` holds no second part, nor does `عمارة رقم ٢٢`.
    parts.dedup_by(|next, before| next.cue_start < before.range.end);
    let mut found = Vec::new();
    let mut rest = parts.as_slice();
    while let Some(first) = rest.first() {
        let mut count = 1;
        while let Some(next) = rest.get(count)
            && joined(text, &rest[count - 1], next)
        {
            count += 1;
        }
        let (chain, later) = rest.split_at(count);
        rest = later;
        let street = chain.iter().any(|piece| piece.part == Part::Street);
        let numbered = chain.iter().any(|piece| piece.numbered);
        let alone = count == 1 && first.stands_alone(text);
        if (count > 1 && street && numbered) || alone {
            let last = &chain[count - 1];
            found.push(first.range.start..last.end(text));
        }
    }
    found
}

/// A part of an address that has what it needs: a unit its number.
struct Piece {
    part: Part,
    /// From the cue, or the number before it, to its number.
    range: Range<usize>,
    cue_start: usize,
    cue_end: usize,
    numbered: bool,
}

impl Piece {
    fn of(text: &str, part: Part, cue: &Range<usize>) -> Option<Self> {
        if !matches!(part, Part::Street | Part::Building | Part::Unit) {
            return None;
        }
        let number = number_after(text, cue.end);
        if part == Part::Unit && number.is_none() {
            return None;
        }
        let mut start = cue.start;
        let mut numbered = number.is_some();
        // `٩ شارع الهرم`.
        if part == Part::Street
            && let Some(before) = words::before(text, cue.start).next()
            && before.gap == " "
            && before.text.chars().all(char::is_numeric)
            && before.text.chars().count() <= 4
        {
            start = before.range.start;
            numbered = true;
        }
        Some(Self {
            part,
            range: start..number.unwrap_or(cue.end),
            cue_start: cue.start,
            cue_end: cue.end,
            numbered,
        })
    }

    /// Whether it is an address by itself: `٨ ش الجلاء`, where the text says that one follows.
    fn stands_alone(&self, text: &str) -> bool {
        let before = words::before(text, self.range.start).next();
        let told = before.is_some_and(|word| {
            let form = MatchForm::of(word.text).text;
            word.gap.contains([':', '(', '\n']) || INTRODUCED.contains(&form.as_str())
        });
        let name = words::after(text, self.cue_end).next();
        let named = name.is_some_and(|name| {
            name.gap == " "
                && name.text.chars().count() > 2
                && name.text.chars().all(char::is_alphabetic)
        });
        self.part == Part::Street && self.range.start < self.cue_start && told && named
    }

    /// Where the address ends if this is its last part.
    fn end(&self, text: &str) -> usize {
        if self.range.end > self.cue_end {
            return self.range.end;
        }
        // The name of a street or building, up to a sign; no more than two words, and a number.
        let mut end = self.cue_end;
        for (at, word) in words::after(text, self.cue_end).take(3).enumerate() {
            let number = word.text.starts_with(char::is_numeric);
            if word.gap != " " || (at == 2 && !number) || (at > 0 && BESIDE.contains(&word.text)) {
                break;
            }
            end = word.range.end;
            if number {
                break;
            }
        }
        end
    }
}

/// End of the number after a word: `۱۲`, `: ۱۲`, `رقم ۱۲`, `۵۵/۱`, `ب`, `سوم`.
fn number_after(text: &str, at: usize) -> Option<usize> {
    let mut words = words::after(text, at);
    let mut word = words.next()?;
    if matches!(word.text, "رقم" | "شماره" | "شماره‌ی") && word.gap == " " {
        word = words.next()?;
    }
    let near = word.gap.chars().count() <= 2 && !word.gap.contains(['\n', '،', ',']);
    let is_number = |word: &Word| word.text.starts_with(char::is_numeric);
    if !near {
        return None;
    }
    if is_number(&word) {
        let second = words
            .next()
            .filter(|next| next.gap == "/" && is_number(next));
        return Some(second.map_or(word.range.end, |next| next.range.end));
    }
    let letter = word.text.chars().count() == 1 && word.text != "و";
    let ordinal = || ORDINALS.contains(&MatchForm::of(word.text).text.as_str());
    (letter || ordinal()).then_some(word.range.end)
}

/// Words that tell what stands near an address.
const BESIDE: [&str; 14] = [
    "جنب",
    "قدام",
    "خلف",
    "مقابل",
    "بجانب",
    "تحت",
    "قرب",
    "ورا",
    "قبال",
    "روبروی",
    "کنار",
    "نرسیده",
    "بعد",
    "که",
];

/// Words before an address, in match form.
const INTRODUCED: [&str; 12] = [
    "عنوانی",
    "العنوان",
    "عنوان",
    "بیتی",
    "بیتنا",
    "البیت",
    "ساکن",
    "ساکنه",
    "اسکن",
    "فی",
    "علی",
    "الی",
];

/// Ordinal numbers of floors, in match form.
#[rustfmt::skip]
const ORDINALS: [&str; 22] = [
    "اول", "دوم", "سوم", "چهارم", "پنجم", "ششم", "هفتم", "هشتم", "همکف", "الاول", "الاولی", "الثانی",
    "الثانیه", "الثالث", "الثالثه", "الرابع", "الرابعه", "الخامس", "الخامسه", "السادس", "السابع", "الارضی",
];

/// Whether two parts belong to one address: a name between them, no end of a sentence.
fn joined(text: &str, left: &Piece, right: &Piece) -> bool {
    let Some(between) = text.get(left.range.end..right.range.start.max(left.range.end)) else {
        return false;
    };
    !between.contains(['.', '!', '?', '؟', ';', '؛', '\n', '('])
        && words::after(between, 0).take(NAME + 1).count() <= NAME
        // What is said of a street is no name: `خیابان … شلوغ بود پلاک …`.
        && !words::after(between, 0).any(|word| {
            ["بود", "است", "هست", "کان", "كان", "که", "شد", "ولی", "لكن"].contains(&word.text)
        })
}

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn parts_that_name_themselves() {
        check(&[
            (
                "آدرس من خیابان ولیعصر، کوچه نسترن، پلاک ۱۲، واحد ۳",
                "آدرس من [address]",
            ),
            (
                "تهران، خیابان سعدی کوچه مهر پلاک ۳ کد پستی ۷۱۳۵۸۴۴۱۹۰.",
                "تهران، [address].",
            ),
            (
                "جدید - خیابان بهار، پلاک ۵۵/۱، زنگ اول - رو",
                "جدید - [address] - رو",
            ),
            ("شهرک اکباتان، فاز ۲، بلوک ۱۴، واحد ۵۲ زیر", "[address] زیر"),
            ("عنواني شارع الملك فهد، مبنى ١٢، شقة ٣", "عنواني [address]"),
            (
                "العنوان: ٩ شارع الهرم، عمارة ب، شقة ٥٢",
                "العنوان: [address]",
            ),
            ("شارع الأمير سلطان رقم 77 تحت", "[address] تحت"),
            ("في ص.ب ٤٤١٧ استلمت", "في [address] استلمت"),
            ("شارع المدينة عمارة رقم ٢٢ شقة ٥", "[address]"),
            ("التوصيل لشارع ٥، بناية ١٢", "التوصيل ل[address]"),
            ("بيتي ٨ ش الجلاء جنب الصيدلية", "بيتي [address] جنب الصيدلية"),
            ("خ انقلاب خ وصال ک شفیعی پ ۱۲ ط ۳", "[address]"),
            ("کدپستی ۱۹۸۵۷۱۳۶۴۵ تهران", "کدپستی [address] تهران"),
        ]);
    }

    #[test]
    fn a_part_alone_stays() {
        stay(&[
            "خیابان ولیعصر خیلی شلوغ بود",
            "پلاک ماشین ۱۲ ب ۳۴۵ بود",
            "طبقه ۳ پاساژ هم نداشتن",
            "قیمت هر واحد ۱۲۰ هزار تومن",
            "لعبة حي السمسم ١٢ قطعة ناقصة",
            "غرفة ١٢٠٤ بدون مناشف",
            "شارع التحلية كان زحمة والمندوب تأخر",
            "۲ کوچه بالاتر ارزون‌تره",
            "کد پستی ده رقمیه",
        ]);
    }
}
