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
        if let Some(last) = chain.last().filter(|_| is_address(text, chain)) {
            let end = last.end(text);
            found.push(start(text, first)..code_end(text, end).unwrap_or(end));
        }
    }
    found
}

/// Whether these parts, which stand together, are an address.
fn is_address(text: &str, chain: &[Piece]) -> bool {
    let Some(first) = chain.first() else {
        return false;
    };
    if chain.len() == 1 {
        return first.stands_alone(text);
    }
    let is = |part: Part| chain.iter().any(|piece| piece.part == part);
    let numbers = chain.iter().filter(|piece| piece.numbered).count();
    let house = chain.iter().any(|piece| piece.is_house(text));
    if is(Part::Street) && numbers > 0 {
        return true;
    }
    // `بالاتر از ظفر پلاک ۱۲`; `برج الماسة، مكتب ٨٠٣` needs the text to say that it is one.
    if house && numbers > 0 && (is(Part::Near) || (is(Part::Building) && first.is_told(text))) {
        return true;
    }
    // `بلوک ۴۷، واحد ۱۶`, `برج سپهر، واحد ۷۰۳`: one after the other, without a street.
    let close = |pair: &[Piece]| {
        let between = text.get(pair[0].range.end..pair[1].range.start);
        let named = pair[0].part == Part::Building && !pair[0].numbered;
        between.is_some_and(|between| words::after(between, 0).count() <= usize::from(named))
    };
    let home = matches!(first.part, Part::Building) && !first.is_market(text);
    if house && (numbers > 1 || home) && chain.windows(2).all(close) {
        return true;
    }
    // `عنواني حي الصفا، شارع الأمل`: no number, but said to be an address.
    let places = chain
        .iter()
        .filter(|piece| matches!(piece.part, Part::Street | Part::Building))
        .count();
    places > 1 && first.is_told(text)
}

/// Where an address begins whose first part this is: a street may be named without its word.
fn start(text: &str, first: &Piece) -> usize {
    let mut words = words::before(text, first.range.start);
    let (before, street) = (words.next(), words.next());
    let Some(before) = before else {
        return first.range.start;
    };
    let named =
        |word: &Word| word.text.chars().count() > 2 && !word.text.contains(char::is_numeric);
    // `شریعتی بالاتر از ظفر پلاک ۱۲`.
    if first.part == Part::Near && text[first.range.clone()].contains(" از") {
        let fits = before.gap == " " && named(&before);
        return if fits {
            before.range.start
        } else {
            first.range.start
        };
    }
    // `بزرگمهر غربی، بن بست لادن`.
    if SIDES.contains(&MatchForm::of(before.text).text.as_str())
        && matches!(before.gap, "، " | " " | ", ")
        && let Some(street) = street.filter(|street| street.gap == " " && named(street))
    {
        return street.range.start;
    }
    first.range.start
}

/// End of the postal code that follows an address: `، 13322-2910`.
fn code_end(text: &str, end: usize) -> Option<usize> {
    let mut words = words::after(text, end);
    let code = words.next()?;
    let digits = |word: &Word, counts: &[usize]| {
        word.text.chars().all(char::is_numeric) && counts.contains(&word.text.chars().count())
    };
    if !matches!(code.gap, "، " | ", " | " " | " - ") || !digits(&code, &[5, 10]) {
        return None;
    }
    let more = words
        .next()
        .filter(|more| more.gap == "-" && digits(more, &[4, 5]));
    Some(more.map_or(code.range.end, |more| more.range.end))
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
        if !matches!(
            part,
            Part::Street | Part::Building | Part::Unit | Part::Near
        ) {
            return None;
        }
        let number = match part {
            // `متفرع من ش سعد`: what follows is another street.
            Part::Near => None,
            _ => number_after(text, cue.end, part == Part::Unit),
        };
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

    /// Whether its word is one of a house, not of a part of a shop or a book as well.
    fn is_house(&self, text: &str) -> bool {
        let form = MatchForm::of(&text[self.cue_start..self.cue_end]).text;
        self.numbered && HOUSES.contains(&form.as_str())
    }

    /// Whether it names a place of shops.
    fn is_market(&self, text: &str) -> bool {
        ["بازار", "پاساژ", "مرکز"]
            .iter()
            .any(|shops| text[self.cue_start..].starts_with(shops))
    }

    /// Whether the text says that an address follows, a town's name before it or not.
    fn is_told(&self, text: &str) -> bool {
        words::before(text, self.range.start).take(3).any(|word| {
            let form = MatchForm::of(word.text).text;
            word.gap.contains([':', '(']) || TOLD.contains(&form.as_str())
        })
    }

    /// Whether it is an address by itself: `٨ ش الجلاء`, where the text says that one follows.
    fn stands_alone(&self, text: &str) -> bool {
        let before = words::before(text, self.range.start).next();
        let told = before.as_ref().is_some_and(|word| {
            let form = MatchForm::of(word.text).text;
            word.gap.contains([':', '(', '\n'])
                || INTRODUCED.contains(&form.as_str())
                || TOLD.contains(&form.as_str())
        });
        if self.part != Part::Street {
            return false;
        }
        let mut names = words::after(text, self.cue_end);
        let Some(name) = names.next().filter(|name| {
            name.gap == " "
                && name.text.chars().count() > 2
                && name.text.chars().all(char::is_alphabetic)
        }) else {
            return false;
        };
        // `١١٧ كورنيش النيل`: streets that are counted have no article.
        let has_article = |word: &str| word.starts_with("ال") && !word.starts_with("الى");
        let mut article = || {
            let second = names.next().filter(|second| second.gap == " ");
            has_article(name.text)
                || (!BESIDE.contains(&name.text)
                    && second.is_some_and(|name| has_article(name.text)))
        };
        // `٤١ شارع بورسعيد ده عنواني`.
        let first = before
            .as_ref()
            .is_none_or(|word| word.gap.contains(['.', '،', '-', '!']))
            && !BESIDE.contains(&name.text)
            && BEHIND_NUMBERS.contains(
                &MatchForm::of(&text[self.cue_start..self.cue_end])
                    .text
                    .as_str(),
            );
        if self.range.start < self.cue_start {
            return told || first || article();
        }
        // `عنواني شارع النيل ٤٤`.
        let numbered = || {
            self.end(text) > name.range.end && text[..self.end(text)].ends_with(char::is_numeric)
        };
        before.is_some_and(|word| TOLD.contains(&MatchForm::of(word.text).text.as_str()))
            && numbered()
    }

    /// Where the address ends if this is its last part.
    fn end(&self, text: &str) -> usize {
        if self.range.end > self.cue_end {
            // `پلاک ۴ غربی`, `١٢ مكرر`.
            let side = words::after(text, self.range.end).next().filter(|side| {
                side.gap == " " && SIDES.contains(&MatchForm::of(side.text).text.as_str())
            });
            return side.map_or(self.range.end, |side| side.range.end);
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
fn number_after(text: &str, at: usize, unit: bool) -> Option<usize> {
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
    let form = MatchForm::of(word.text).text;
    let ordinal = ORDINALS.contains(&form.as_str()) || (unit && SIDES.contains(&form.as_str()));
    (letter || ordinal).then_some(word.range.end)
}

/// Words that tell what stands near an address, and others that go on behind it.
#[rustfmt::skip]
const BESIDE: [&str; 26] = [
    "جنب", "قدام", "خلف", "مقابل", "بجانب", "تحت", "قرب", "ورا", "قبال", "روبروی", "کنار", "نرسیده", "بعد", "که",
    "من", "في", "على", "عند", "بس", "الى", "إلى", "رو", "از", "به", "هست", "ولی",
];

/// Words before an address that stand before much else, in match form.
const INTRODUCED: [&str; 5] = ["فی", "علی", "الی", "عند", "ساکن"];

/// Words that say that an address follows, in match form.
#[rustfmt::skip]
const TOLD: [&str; 41] = [
    "عنوانی", "العنوان", "عنوان", "عنوانها", "عنواننا", "بیتی", "بیتنا", "البیت", "ساکن", "ساکنه", "اسکن", "السکن", "سکنی",
    "مسکنی", "اقامتی", "نسکن", "یسکن", "تسکن", "مقیم", "مقیمه", "عایش", "عایشه", "المنزل", "منزلی", "منزلنا",
    "ادرس", "ادرسم", "ادرسمون", "نشانی", "نشانیم", "منزل", "منزلم", "خونه", "خونم", "خونمون", "خانه", "سکونت", "خونهمون",
    "ادرسش", "السکنی", "موقعی",
];

/// Words of houses, in match form: their numbers stand for one home.
#[rustfmt::skip]
const HOUSES: [&str; 27] = [
    "پلاک", "پ", "پلاکش", "بلوک", "واحد", "ساختمان", "مجتمع", "برج", "شقه", "الشقه", "منزل", "المنزل", "بیت", "البیت",
    "فیلا", "الفیلا", "فله", "دار", "الدار", "عماره", "العماره", "مبنی", "المبنی", "بنایه", "البنایه", "قسیمه", "القسیمه",
];

/// Words of Arabic streets, before which the number of the house stands, in match form.
const BEHIND_NUMBERS: [&str; 6] = ["شارع", "ش", "طریق", "حاره", "زنقه", "نهج"];

/// Sides of a street or a building, and what a number has behind it, in match form.
const SIDES: [&str; 7] = ["شرقی", "غربی", "شمالی", "جنوبی", "مکرر", "شرقیه", "غربیه"];

/// Ordinal numbers of floors, in match form.
#[rustfmt::skip]
const ORDINALS: [&str; 40] = [
    "اول", "دوم", "سوم", "چهارم", "پنجم", "ششم", "هفتم", "هشتم", "نهم", "دهم", "یازدهم", "دوازدهم", "همکف", "زیرزمین",
    "الاول", "الاولی", "الثانی", "ثانی", "ثالث", "رابع", "خامس", "ارضی",
    "الثانیه", "الثالث", "الثالثه", "الرابع", "الرابعه", "الخامس", "الخامسه", "السادس", "السادسه", "السابع", "السابعه",
    "الثامن", "الثامنه", "التاسع", "التاسعه", "العاشر", "الاخیر", "الارضی",
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
            NO_NAMES.contains(&word.text)
        })
}

/// Words that part two addresses, or say something of a street.
const NO_NAMES: [&str; 18] = [
    "بود", "است", "هست", "کان", "كان", "که", "شد", "ولی", "لكن", "إلى", "الى", "بدل", "مو", "مش",
    "وليس", "نه", "به", "لا",
];

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
            ("پلاک ۳۴ طبقه همکف رو", "[address] رو"),
            ("شریعتی بالاتر از ظفر پلاک ۱۲۰۰", "[address]"),
            ("برج سپهر، واحد ۷۰۳", "[address]"),
            ("پلاکمون ۱۴ هست", "پلاکمون [address] هست"),
            ("اسكن بـعمارة 21 مدخل 3", "اسكن بـ[address]"),
            ("مجاورة ٣٤، عمارة ١٧، شقة ٤", "[address]"),
            ("عند ١١٧ كورنيش النيل من أسبوع", "عند [address] من أسبوع"),
            (
                "العنوان: 7342 طريق الملك، حي الياسمين، 13322-2910",
                "العنوان: [address]",
            ),
            (
                "من شارع القدس عمارة 11 إلى شارع الجامعة عمارة 40",
                "من [address] إلى [address]",
            ),
            ("العنوان المختصر RRRD2929", "العنوان المختصر [address]"),
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
            "بازار بزرگ طبقه ۲ سرویس نداره",
            "الطابق الثاني، مكتب ٣ أدراج",
            "پلاک ما ۲ ساعت دیر شد",
            "١٢ شارع في المدينة",
        ]);
    }
}
