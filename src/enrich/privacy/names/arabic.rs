//! Names in Arabic script, Persian and Arabic: known, or of the shape of a family name, or closed in by
//! the sentence.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::How;
use super::known::known;
use crate::enrich::privacy::words::{self, Word};
use crate::text::MatchForm;

/// A name has at most so many words.
const LONGEST: usize = 5;

/// The name that follows a cue that ends at `at`.
pub(super) fn after(text: &str, how: How, at: usize) -> Option<Range<usize>> {
    let mut next = words::after(text, at);
    let mut first = Seen::of(next.next()?);
    let gap = first.word.gap;
    if !may_stand_between(how, gap) {
        return None;
    }
    while how != How::Titled && TITLES.contains(&first.folded.as_str()) {
        first = Seen::of(next.next().filter(|word| word.gap == " ")?);
    }
    // Most words that follow `أنا` are no names: these are not looked at further.
    let given = || known().arabic.is_given(&first.folded);
    if first.is_none() || (matches!(how, How::Said | How::Greeted) && !given()) {
        return None;
    }
    // One more than a name has, to see what comes after it.
    let mut words = vec![first];
    words.extend(next.take(LONGEST).map(Seen::of));
    let first = words.first()?;
    let count = name_len(text, &words);
    let closed = ends(text, &words, count);
    // `أنا أحمد الله`: praise.
    let praise = first.folded != "عبد" && words.get(1).is_some_and(|word| word.folded == "الله");
    let name = words.get(..count).filter(|_| !praise)?;
    let range = first.word.range.start..name.last()?.word.range.end;
    is_name(how, gap, name, closed).then_some(range)
}

/// The name that a verb (`هستم`) at `at` says somebody to be: `من سارا احمدی هستم`.
pub(super) fn before(text: &str, at: usize) -> Option<Range<usize>> {
    let mut name: Vec<Seen> = Vec::new();
    for (number, word) in words::before(text, at).take(LONGEST).enumerate() {
        // A name stands in one piece, and at the verb.
        let joined = word.gap == " " || (number == 0 && word.gap == "\u{200C}");
        let seen = Seen::of(word);
        if !joined || seen.is_none() || TITLES.contains(&seen.folded.as_str()) {
            break;
        }
        name.insert(0, seen);
    }
    // From its first known first name on; what stands before that is no part of it.
    let names = &known().arabic;
    let start = name
        .iter()
        .position(|seen| names.is_given(&seen.folded))
        .or_else(|| {
            let last = name.len().checked_sub(1)?;
            names.is_surname(&name.get(last)?.folded).then_some(last)
        })?;
    let name = name.get(start..)?;
    let fits = name
        .iter()
        .enumerate()
        .skip(1)
        .all(|(number, seen)| seen.continues() || number + 1 == name.len());
    let alone = name.len() == 1 && known().persian_words.contains(&name.first()?.folded);
    let range = name.first()?.word.range.start..name.last()?.word.range.end;
    (fits && !alone).then_some(range)
}

/// Whether the name may begin after this.
fn may_stand_between(how: How, gap: &str) -> bool {
    let only = |chars: &str| gap.chars().all(|c| chars.contains(c)) && gap.len() <= 12;
    match how {
        How::Said | How::Titled => gap == " ",
        How::Greeted => gap == " " || gap == "، " || gap == ", ",
        How::Told | How::Field => only(" :：=-–—\"'«(*،,\n\u{200C}"),
        How::Signed => only(" ,،.!:؛;-–—~\n"),
        How::Thanked => only(" ,،.!\n") && gap.contains(['\n', ',', '،']),
        _ => false,
    }
}

/// Words of the name that the first of these begins.
fn name_len(text: &str, words: &[Seen]) -> usize {
    let mut count = 1;
    while let Some(next) = words.get(count).filter(|_| count < LONGEST) {
        let before = &words[count - 1];
        if next.word.gap != " " || next.is_none() {
            break;
        }
        let fits = before.joins()
            || next.continues()
            || next.is_family_of(before)
            || (next.joins() && words.len() > count + 1);
        // A second name that isn't known, closed in by the sentence.
        let closed_in = count == 1 && ends(text, words, count + 1);
        if !(fits || closed_in) {
            break;
        }
        count += 1;
    }
    // A joiner at the end joins nothing.
    while count > 1 && words[count - 1].joins() {
        count -= 1;
    }
    count
}

/// Whether the name of so many words ends there for certain: the text, the line or the clause ends,
/// or a verb says that it was a name (`است`).
fn ends(text: &str, words: &[Seen], count: usize) -> bool {
    let Some(last) = count.checked_sub(1).and_then(|last| words.get(last)) else {
        return false;
    };
    let rest = text[last.word.range.end..].trim_start_matches([' ', '"', '»', ')', '*']);
    if !rest.starts_with(char::is_alphanumeric) {
        return true;
    }
    let next = words.get(count).map(|next| next.folded.as_str());
    next.is_some_and(|next| VERBS.contains(&next))
}

fn is_name(how: How, gap: &str, name: &[Seen], closed: bool) -> bool {
    let Some(first) = name.first() else {
        return false;
    };
    let names = &known().arabic;
    let given = names.is_given(&first.folded);
    let word = names.is_word(&first.folded);
    let any_known = name
        .iter()
        .any(|seen| names.is_name(&seen.folded) || seen.is_family());
    let family = name
        .windows(2)
        .any(|pair| pair[1].continues() || pair[1].is_family_of(&pair[0]));
    match how {
        How::Told | How::Field => given || any_known || closed,
        How::Titled => any_known || first.folded.ends_with('ی') && first.long(4),
        How::Signed => {
            let on_its_own = gap.contains(['\n', ',', '،', ':', '-', '—']);
            any_known && closed && (on_its_own || given)
        }
        How::Thanked => any_known && closed && name.len() > 1,
        How::Said => given && (!word || family),
        How::Greeted => given && (family || closed),
        _ => false,
    }
}

struct Seen<'t> {
    word: Word<'t>,
    folded: String,
}

impl<'t> Seen<'t> {
    fn of(word: Word<'t>) -> Self {
        Self {
            folded: MatchForm::of(word.text).text,
            word,
        }
    }

    fn long(&self, letters: usize) -> bool {
        self.folded.chars().count() >= letters
    }

    /// Whether it is part of no name.
    fn is_none(&self) -> bool {
        // `على`, the Arabic "on", folds to a name.
        self.word.text == "على"
            || self.folded.chars().any(char::is_numeric)
            || STOP_WORDS.contains(self.folded.as_str())
            || VERBS.contains(&self.folded.as_str())
            || self.folded.chars().nth(1).is_none()
    }

    /// Whether it goes on with a name.
    fn continues(&self) -> bool {
        known().arabic.is_name(&self.folded) || self.is_family()
    }

    /// Whether it has the shape of a family name.
    fn is_family(&self) -> bool {
        let persian = ["زاده", "پور", "نژاد", "نیا", "یان", "وند", "منش"]
            .iter()
            .any(|end| self.folded.ends_with(end));
        (persian && self.long(5))
            || (self.folded.starts_with("ال") && self.folded.ends_with('ی') && self.long(6))
    }

    /// Whether it has the article, behind a first name: `خالد المنصور`.
    fn is_family_of(&self, before: &Seen) -> bool {
        self.folded.starts_with("ال") && self.long(5) && known().arabic.is_given(&before.folded)
    }

    /// `بن`, `عبد`: what follows is part of the name.
    fn joins(&self) -> bool {
        ["بن", "ابن", "بنت", "ابو", "عبد", "ال", "سید", "سیده"].contains(&self.folded.as_str())
    }
}

/// Titles before a name, in match form.
#[rustfmt::skip]
const TITLES: [&str; 16] = [
    "اقای", "خانم", "جناب", "سرکار", "دکتر", "مهندس", "السید", "السیده", "الاستاذ", "الاستاذه", "المهندس",
    "المهندسه", "الدکتور", "الدکتوره", "الاخ", "الاخت",
];

/// Verbs that end a name, in match form.
#[rustfmt::skip]
const VERBS: [&str; 11] = [
    "است", "هست", "هستم", "هستش", "میباشد", "میباشم", "بوده", "بود", "ه", "هو", "شد",
];

/// [`STOPS`], to look up: they are asked for at every cue.
static STOP_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| STOPS.iter().copied().collect());

/// Words that are part of no name, in match form.
#[rustfmt::skip]
const STOPS: &[&str] = &[
    // Persian
    "از", "به", "با", "در", "که", "را", "رو", "و", "این", "ان", "اون", "اینجا", "برای", "تا", "هم", "یا", "اما", "ولی", "چون", "اگر",
    "اگه", "نیست", "نبود", "نبوده", "نیستم", "دارم", "ندارم", "کردم", "کرده", "کنم", "میکنم", "شدم", "شده", "خیلی", "بسیار", "کاملا",
    "واقعا", "همیشه", "هنوز", "هیچ", "من", "تو", "ما", "شما", "او", "ایشان", "خود", "خودم", "همین", "همه", "هر", "یک", "یه", "دو",
    "توی", "روی", "زیر", "پیش", "بعد", "قبل", "درست", "اشتباه", "غلط", "ثبت", "نوشته", "نوشتید", "چی", "چیه", "چرا", "چه", "کی",
    "مشتری", "مشتریان", "خریدار", "فروشنده", "کاربر", "کارشناس", "راننده", "پیک", "پستچی", "منشی", "مدیر", "مدیریت", "پشتیبانی",
    "پشتیبان", "اپراتور", "تیم", "شرکت", "فروشگاه", "دیجیکالا", "خدمات", "عزیز", "محترم", "گرامی", "گرامیتان", "عزیزم", "ها", "های",
    "محصول", "کالا", "سفارش", "برند", "فایل", "شهر", "کشور", "شهروند", "عصبانی", "ناراحت", "ناراضی", "خوشحال", "ممنون", "متشکر",
    "سپاسگزار", "منتظر", "نگران", "مطمین", "مایل", "خواهان", "متاسفم", "فراوان", "لطفا", "سلام", "وقت", "روز", "ایرانی", "تهرانیها",
    "دانشجو", "معلم", "پزشک", "وکیل", "بازنشسته", "ساکن", "اهل", "متولد", "واحد", "خاص", "خاصی", "خدا", "دوستان", "بچهها", "همگی",
    "سابق", "وقتی", "خورده", "خورد", "زده", "زدن", "زدند", "صادر", "انجا", "اسم", "نام", "شماره", "تلفن", "ادرس", "کد", "پلاک", "خیابان", "ایمیل", "تماس", "قدیمی", "دایمی", "ثابت",
    // Arabic
    "من", "الی", "عن", "فی", "مع", "لا", "لم", "لن", "ما", "لیس", "لیست", "غیر", "هو", "هی", "هذا", "هذه", "ذلک", "انا", "انت",
    "نحن", "جدا", "حقا", "زبون", "زبونه", "عمیل", "عمیله", "مشترک", "مشترکه", "مستخدم", "مستخدمه", "غاضب", "غاضبه", "زعلان", "زعلانه",
    "مستاء", "مستاءه", "راضیه", "متاکد", "متاکده", "مندوب", "المندوب", "المشکله", "الخدمه", "المنتج", "التاخیر", "الرد", "موظف", "موظفه", "خدمه", "العملاء", "فریق", "الدعم", "الفنی", "شرکه",
    "متجر", "المتجر", "المدیر", "المسوول", "المحترم", "المحترمین", "الکرام", "الکریم", "العزیز", "مکتوب", "خطا", "صحیح", "موجود",
    "حق", "الحق", "یا", "قد", "کنت", "کان", "کانت", "ارید", "ابغی", "ابی", "احتاج", "اطلب", "طلبت", "اشتریت", "وصلنی", "وصل", "کل",
    "بعض", "کثیرا", "جزیلا", "لکم", "لک", "علیکم", "بکم", "بک", "الان", "الیوم", "امس", "صاحب", "صاحبه", "الطلب", "طلب", "رقم",
    "جوال", "هاتف", "عنوان", "العنوان", "شارع", "اسف", "اسفه", "سعوديه", "سعودی", "مصری", "عربی", "جدید", "جدیده", "قدیم", "دایم",
    "متابع", "متابعه", "ام", "اب", "الذی", "التی", "اللی", "عند", "عندی", "بعد", "قبل", "حتی", "اذا", "لو", "لان", "لکن", "او", "ثم",
    "لله", "اول", "واحد", "واحده", "علیه", "بالنسبه", "محتاج", "محتاجه", "محبط", "محبطه", "منزعج", "منزعجه", "للمره", "اسمی", "مهتم",
];

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn names_beside_a_cue() {
        check(&[
            ("اسم من سارا محمدی است و گوشی", "اسم من [name] است و گوشی"),
            ("من سارا فلاحت هستم", "من [name] هستم"),
            ("سلام، رضا هستم از شیراز", "سلام، [name] هستم از شیراز"),
            ("من علیرضا قربانی ام، همون", "من [name] ام، همون"),
            ("با احترام، مینا بهرامی", "با احترام، [name]"),
            (
                "آقای محمدی پیک بد رفتار کرد",
                "آقای [name] پیک بد رفتار کرد",
            ),
            ("اسمي أحمد الشمري وطلبت", "اسمي [name] وطلبت"),
            ("أنا سعيد القحطاني من جدة", "أنا [name] من جدة"),
            ("معكم عبد الله الكعبي", "معكم [name]"),
            (
                "المرسل: بدر المري، المستلم: مصطفى جابر",
                "المرسل: [name]، المستلم: [name]",
            ),
            ("عزيزي خالد، جوابك", "عزيزي [name]، جوابك"),
            ("مع تحيات يوسف صالح", "مع تحيات [name]"),
        ]);
    }

    #[test]
    fn other_words_stay() {
        stay(&[
            "من عصبانی هستم",
            "من راضی هستم",
            "من مادر دو تا بچه هستم",
            "من ایرانی هستم و چای دوست دارم",
            "با تشکر از شما",
            "با احترام برخورد کنید",
            "نام محصول روی جعبه غلط است",
            "آقای راننده بی‌ادب بود",
            "خانم‌ها دقت کنید",
            "أنا غاضب جدا",
            "أنا سعيد جدا",
            "أنا أحمد الله على كل حال",
            "اسمي موجود عندكم",
            "معك حق",
            "عزيزي العميل",
            "أخوكم في الإسلام",
        ]);
    }
}
