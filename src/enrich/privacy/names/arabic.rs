//! Names in Arabic script, Persian and Arabic: known, or of the shape of a family name, or closed in by
//! the sentence.

use std::ops::Range;

use super::How;
use super::known::known;
use crate::enrich::privacy::words::{self, Word};
use crate::text::MatchForm;
use words_of_none::{CALLED, NOUNS, OWNERS, STOP_WORDS, TITLES, VERBS};

mod words_of_none;

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
    // `م. کریم‌زاده`.
    let mut initial = None;
    if first.folded.chars().nth(1).is_none()
        && let Some(second) = next.clone().next()
        && matches!(second.gap, ". " | ".")
    {
        initial = Some(first.word.range.start);
        first = Seen::of(second);
        next.next();
    }
    // `أم فهد`, written as the word for "or" is.
    let mother = matches!(first.word.text, "أم" | "ام")
        && next.clone().next().is_some_and(|child| {
            child.gap == " " && known().arabic.is_given(&MatchForm::of(child.text).text)
        });
    let role = matches!(
        how,
        How::Role | How::Named | How::Label | How::Kin | How::Spoken
    );
    while (how != How::Titled && TITLES.contains(&first.folded.as_str()))
        || (role && OWNERS.contains(&first.folded.as_str()) && !gap.contains(':'))
    {
        let joined = |word: &Word| matches!(word.gap, " " | "\u{200C}");
        first = Seen::of(next.next().filter(joined)?);
    }
    if first.is_none() && !mother {
        return None;
    }
    // Most words that follow `أنا` are no names: these are not looked at further.
    if role
        || matches!(
            how,
            How::Said | How::Greeted | How::Closing | How::Called | How::From
        )
    {
        let given = known().arabic.is_given(&first.folded)
            || (how == How::From && first.is_given_with_verb());
        // `أنا لولوة الدوسري`: a first name that isn't known, before a family name.
        let surname = || {
            let second = next.clone().next();
            second.is_some_and(|second| {
                let names = &known().arabic;
                let family = second.text.starts_with("ال")
                    || matches!(how, How::Named | How::Label | How::Closing);
                let folded = || MatchForm::of(second.text).text;
                second.gap == " "
                    && family
                    && names.is_surname(&folded())
                    && !names.is_word(&folded())
            })
        };
        if !(given || mother || (first.joins() && role) || surname()) {
            return None;
        }
    }
    // One more than a name has, to see what comes after it.
    let mut words = vec![first];
    words.extend(next.take(LONGEST).map(Seen::of));
    let first = words.first()?;
    let count = name_len(text, &words, how);
    let closed = ends(text, &words, count);
    // `أنا أحمد الله`: praise.
    let praise = first.folded != "عبد" && words.get(1).is_some_and(|word| word.folded == "الله");
    let name = words.get(..count).filter(|_| !praise)?;
    let start = initial.unwrap_or(first.word.range.start);
    let range = start..name.last()?.word.range.end;
    ((mother && name.len() > 1) || is_name(how, gap, name, closed)).then_some(range)
}

/// Whether a first name follows a cue that ends at `at`, and nothing else that is said as well.
pub(super) fn is_given_after(text: &str, at: usize) -> bool {
    let next = words::after(text, at).next().filter(|word| word.gap == " ");
    next.is_some_and(|word| {
        let folded = MatchForm::of(word.text).text;
        let names = &known().arabic;
        // `من لیلاام`.
        let verb = folded
            .strip_suffix("ام")
            .is_some_and(|name| names.is_given(name));
        verb || names.is_given(&folded)
    })
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
            // `من مرضیه توکلی هستم`: nothing but a first name stands before it.
            let word = &name.get(last)?.folded;
            let surname = names.is_surname(word)
                && !names.is_word(word)
                && !known().persian_words.contains(word);
            surname.then_some(if name.len() == 2 { 0 } else { last })
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
        How::Said | How::Titled | How::Called | How::From => gap == " ",
        How::Role | How::Named | How::Label | How::Kin | How::Spoken => only(" :：،\u{200C}"),
        How::Closing => gap.len() <= 2,
        How::Greeted => gap == " " || gap == "، " || gap == ", ",
        How::Told | How::Field => only(" :：=/-–—\"'«(*،,\n\u{200C}"),
        How::Signed => only(" ,،.!:؛;-–—~/|\n"),
        How::Thanked => only(" ,،.!\n") && gap.contains(['\n', ',', '،']),
        _ => false,
    }
}

/// Words of the name that the first of these begins.
fn name_len(text: &str, words: &[Seen], how: How) -> usize {
    let mut count = 1;
    while let Some(next) = words.get(count).filter(|_| count < LONGEST) {
        let before = &words[count - 1];
        // `عبد العزيز`: the second word alone is none.
        let servant = before.folded == "عبد" && next.folded.starts_with("ال");
        if next.word.gap != " " || (next.is_none() && !servant) {
            break;
        }
        // `الهام سادات حسینی`: a middle name that isn't known.
        let middle = || {
            let last = words.get(count + 1);
            count == 1
                && known().arabic.is_given(&before.folded)
                && last
                    .is_some_and(|last| last.word.gap == " " && !last.is_none() && last.is_last())
        };
        let fits = before.joins()
            || (count == 1 && before.word.text == "ام")
            || next.continues()
            || (how != How::From && next.is_family_of(before))
            || (how == How::From && next.is_last_with_verb())
            || (next.joins() && words.len() > count + 1)
            || (how != How::Said && middle());
        // A second name that isn't known, closed in by the sentence.
        let sure = matches!(how, How::Told | How::Field | How::Named);
        let stops = || words.get(count + 1).is_none_or(Seen::is_stop);
        let closed_in = (count == 1 || (sure && count < 4))
            && !next.is_second_sentence()
            && (ends(text, words, count + 1) || (sure && next.long(4) && stops()));
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
        How::Told | How::Field => given || any_known || closed || first.is_given_with_verb(),
        // `من جمال التصميم` speaks of beauty, `يا كريم` calls God.
        How::From => {
            let month = CALLED.contains(&first.folded.as_str());
            let verb = name.get(1).is_some_and(Seen::is_last_with_verb);
            let grown = first
                .folded
                .strip_suffix("ام")
                .is_some_and(|name| names.is_given(name) && !known().persian_words.contains(name));
            (grown && name.len() == 1)
                || given && !month && (verb || (!word && (closed || (name.len() > 1 && any_known))))
        }
        How::Called => given && !CALLED.contains(&first.folded.as_str()),
        How::Role | How::Named | How::Label | How::Kin | How::Spoken => {
            let one = !word && !known().persian_words.contains(&first.folded);
            let listed = gap.contains([':', '：']);
            // `الموظفة إيمان`: "the employee faith" says nothing.
            let noun = NOUNS.contains(&first.folded.as_str());
            (given
                && (one
                    || noun
                    || how == How::Spoken
                    || family
                    || (closed && (listed || how != How::Role))))
                || (first.joins() && name.len() > 1 && any_known)
                || (name.len() > 1 && family)
        }
        How::Closing => closed && any_known && (given && !word || name.len() > 1),
        // `الدكتورة سمعتني`: an Arabic verb ends so, "… me".
        How::Titled => {
            let verb = first.folded.ends_with("تنی");
            any_known || (first.folded.ends_with('ی') && first.long(4) && !verb)
        }
        How::Signed => {
            let on_its_own = gap.contains(['\n', ',', '،', ':', '-', '—']);
            any_known && closed && (on_its_own || given)
        }
        How::Thanked => any_known && closed && name.len() > 1,
        // `أنا مي`: nobody says to be water.
        How::Said => (given && (!word || NOUNS.contains(&first.folded.as_str()))) || family,
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

    /// A first name with the verb grown on: `سارام`, `رویاست`.
    fn is_given_with_verb(&self) -> bool {
        ["ست", "م", "ه", "ام"].iter().any(|verb| {
            let name = self.folded.strip_suffix(verb);
            name.is_some_and(|name| known().arabic.is_given(name))
        })
    }

    /// A family name with the verb grown on: `زارعم`.
    fn is_last_with_verb(&self) -> bool {
        let name = self.folded.strip_suffix('م');
        name.is_some_and(|name| known().arabic.is_surname(name))
    }

    /// Whether it begins with "and", and a word that names nobody: `ووعدتني`.
    fn is_second_sentence(&self) -> bool {
        self.folded
            .strip_prefix('و')
            .is_some_and(|rest| rest.starts_with('و') || STOP_WORDS.contains(rest))
    }

    /// Whether it is a word of the language that names nobody, or a sentence's end.
    fn is_stop(&self) -> bool {
        self.word.gap != " " || self.is_none()
    }

    /// Whether it is part of no name.
    fn is_none(&self) -> bool {
        // `اشتباهه`: "it is wrong".
        let grown = self.folded.strip_suffix('ه');
        if grown.is_some_and(|word| STOP_WORDS.contains(word)) {
            return true;
        }
        // `على`, the Arabic "on", folds to a name.
        // So does «جوری», the Persian "in such a way".
        matches!(self.word.text, "على" | "جوری")
            || self.folded.chars().any(char::is_numeric)
            || STOP_WORDS.contains(self.folded.as_str())
            || VERBS.contains(&self.folded.as_str())
            || self.folded.chars().nth(1).is_none()
    }

    /// Whether it goes on with a name.
    fn continues(&self) -> bool {
        known().arabic.is_name(&self.folded) || self.is_family()
    }

    /// Whether it is a family name and no word else.
    fn is_last(&self) -> bool {
        let names = &known().arabic;
        (names.is_surname(&self.folded) && !names.is_word(&self.folded)) || self.is_family()
    }

    /// Whether it has the shape of a family name.
    fn is_family(&self) -> bool {
        let persian = [
            "زاده",
            "پور",
            "نژاد",
            "نیا",
            "یان",
            "وند",
            "منش",
            "پناه",
            "فر",
            "خواه",
            "پرست",
            "ابادی",
            "دوست",
        ]
        .iter()
        .any(|end| self.folded.ends_with(end));
        (persian && self.long(5))
            || (self.folded.starts_with("ال") && self.folded.ends_with('ی') && self.long(6))
    }

    /// Whether it has the article or a family name's end, behind a first name: `خالد المنصور`.
    fn is_family_of(&self, before: &Seen) -> bool {
        (self.folded.starts_with("ال")
            || (self.folded.ends_with('ی') && !self.folded.starts_with('و') && !self.is_none()))
            && self.long(5)
            && known().arabic.is_given(&before.folded)
    }

    /// `بن`, `عبد`: what follows is part of the name.
    fn joins(&self) -> bool {
        // Persian says "I am" with the other spelling.
        self.word.text == "أم"
            || ["بن", "ابن", "بنت", "ابو", "عبد", "ال", "سید", "سیده"]
                .contains(&self.folded.as_str())
    }
}

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
            ("المندوب أبو بكر ما رد", "المندوب [name] ما رد"),
            ("أنا لولوة الدوسري وطلبي", "أنا [name] وطلبي"),
            (
                "پشتیبان‌تون نگار خیلی مودب بود",
                "پشتیبان‌تون [name] خیلی مودب بود",
            ),
            ("به نام فرهاد شکیبا ثبت شده", "به نام [name] ثبت شده"),
            ("پیک شما اکبر آقا بود", "پیک شما [name] آقا بود"),
            ("من حسن زارعم", "من [name]"),
            ("نام دارنده حساب: سمیه عباس‌نژاد", "نام دارنده حساب: [name]"),
            ("تحویل گیرنده: م. کریم‌زاده", "تحویل گیرنده: [name]"),
            ("به نیلوفر رحیمی زنگ بزنید", "به [name] زنگ بزنید"),
            (
                "گیرنده پریسا نوروزی هست نه پریا",
                "گیرنده [name] هست نه [name]",
            ),
            ("أنا أم فهد وطلبي", "أنا [name] وطلبي"),
            ("يا عبير متى ترجعون", "يا [name] متى ترجعون"),
            ("الموظفة إيمان ووعدتني", "الموظفة [name] ووعدتني"),
            ("كلمت هند من الخدمة", "كلمت [name] من الخدمة"),
            ("رسالة من باسل الحمدان", "رسالة من [name]"),
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
            "المندوب محترم جدا",
            "به نام کیفیت جنس بنجل میدن",
            "پیک شما محترم بود",
            "من ایمان دارم",
            "من آدم صبوری هستم",
            "يا سلام على الجودة",
            "يا كريم",
            "من جمال التصميم",
            "العاشر من رمضان",
        ]);
    }
}
