//! What stands after the cue of a secret: signs, links and the value.

use crate::text::{self, MatchForm, is_arabic, is_unspaced};

/// How a cue is joined to its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    /// By nothing but a space.
    Beside,
    /// By a verb.
    Said,
    /// By a colon.
    Listed,
    /// By `=`.
    Set,
}

/// Words that may stand between a cue and its value, as they are written in lower case.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "is", "was", "are", "id", "code", "now", "to", "as", "number", "no.", "my", "new", "old", "current", "هستش", "هست", "است",
    "اینه", "اینه که", "این", "من", "ام", "م", "هم", "رو", "را", "گذاشتم", "به", "زدم", "میزنم", "وارد", "کردم", "وارد کردم", "شد", "جدیدم", "جدید", "قبلیم", "قبلی", "حسابم", "کارتم", "کارت",
    "پیامکی", "قفل", "گوشیم", "گوشی", "وای فای", "وای‌فای", "ایمیلم", "ایمیل", "همراه بانکم", "همراه بانک", "s",
    "بوده", "بود", "هو", "هي", "كانت", "كان", "حقي", "حقتي", "الخاص", "الخاصة", "بي", "لي", "حسابي", "إلى", "الى", "الجديدة", "الجديد",
    "القديمة", "القديم", "للبطاقة", "للصراف", "للحساب", "بطاقتي", "رقم", "otp", "就是", "改成了", "改成", "改为", "換成", "换成", "设成", "设为",
    "设置为", "应该是", "是", "为", "為", "我的", "码", "碼", "api", "key", "token", "basic", "bearer",
];

/// Words after which a number is no secret, in match form.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "error", "order", "product", "model", "item", "ticket", "invoice", "postal", "promo", "discount", "area", "phone",
    "page", "step", "version", "build", "خطا", "خطای", "محصول", "سفارش", "مدل", "تخفیف", "پستی", "پیگیری", "ارز", "مودم", "صفحه", "صفحة",
    "الخطا", "المنتج", "الخصم", "خصم", "البریدی", "الطلب", "طلب", "مودیل", "جوال", "هاتف", "错误", "商品", "订单", "优惠",
];

/// Words that are said of passwords and are none.
#[rustfmt::skip]
const NO_PASSWORDS: &[&str] = &[
    "required", "incorrect", "invalid", "wrong", "missing", "expired", "forgotten", "hidden", "unknown", "mandatory",
    "optional", "empty", "changed", "reset", "rejected", "accepted", "protected", "strong", "never", "nothing",
    "again", "email", "username", "login", "refused", "short", "field", "needed", "correct", "error", "failed",
];

/// Words after a number that say what it counts, as they are written in lower case.
#[rustfmt::skip]
const UNITS: &[&str] = &[
    "char", "digit", "letter", "minute", "time", "day", "hour", "second", "year", "rial", "toman", "dollar", "euro",
    "gb", "mb", "ریال", "تومان", "تومن", "حرف", "رقم", "کاراکتر", "دقیقه", "بار", "روز", "ساعت", "دلار", "عدد", "دقيقة", "دقائق",
    "أرقام", "أحرف", "حروف", "ريال", "درهم", "دينار", "جنيه", "مرات", "مرة", "خانات", "خانة", "أيام", "ساعات",
    "元", "块", "塊", "次", "位", "分", "天", "秒", "个", "個", "人", "年", "月", "张", "款", "米", "斤", "版",
];

/// Bytes of the signs at the head of a text, and how they join.
pub(super) fn signs(text: &str) -> (usize, Told) {
    // `my pin, 2468, …`.
    let number = text.trim_start_matches([',', '،', '，', ' ']);
    let digits = number
        .chars()
        .take_while(|c| text::digit(*c).is_some())
        .count();
    if text.starts_with([',', '،', '，']) && (4..=8).contains(&digits) {
        return (text.len() - number.len(), Told::Said);
    }
    let openers = [' ', '"', '\'', '«', '“', '(', '（', '#', '\u{200C}'];
    let trimmed = text.trim_start_matches(openers);
    let told = match trimmed.chars().next() {
        Some('=') => Told::Set,
        Some(':' | '：') => Told::Listed,
        _ if text[..text.len() - trimmed.len()].contains(['"', '\'', '«', '“', '(', '（']) => {
            Told::Said
        }
        _ => Told::Beside,
    };
    let rest = trimmed
        .trim_start_matches([':', '：', '=', '-', '>', '→'])
        .trim_start_matches([' ', '"', '\'', '«', '“']);
    (text.len() - rest.len(), told)
}

/// Whether a value may stand near the head of a text: it holds Latin letters or digits.
pub(super) fn may_follow(text: &str) -> bool {
    const NEAR: usize = 48;
    text.chars()
        .take(NEAR)
        .any(|c| c.is_ascii_alphanumeric() || (!c.is_ascii() && text::digit(c).is_some()))
}

/// Bytes of the link at the head of a text.
pub(super) fn link(text: &str) -> Option<usize> {
    let first = text.as_bytes().first()?.to_ascii_lowercase();
    LINKS.iter().find_map(|link| {
        if link.as_bytes().first() != Some(&first) {
            return None;
        }
        let head = text.get(..link.len())?;
        let tail = &text[link.len()..];
        // `is` of `island` and `key` of `key_1` are no links; Chinese sets no spaces.
        let ends = tail.starts_with([' ', ':', '：', '=']) || !link.starts_with(is_letter);
        (head.eq_ignore_ascii_case(link) && ends).then_some(link.len())
    })
}

/// Bytes of the word at the head of a text that may stand between a cue and its value: of letters, and
/// nothing else is told of.
pub(super) fn word(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if is_unspaced(first) {
        let other = OTHERS.iter().any(|other| text.starts_with(other));
        return (!other).then_some(first.len_utf8());
    }
    let end = text
        .find(|c: char| !(c.is_alphabetic() || c == '\u{200C}') || is_unspaced(c))
        .unwrap_or(text.len());
    let word = &text[..end];
    let plain = first.is_lowercase() || is_arabic(first);
    let spaced = text[end..].starts_with([' ', ':', '：', ',']);
    let other = || OTHERS.contains(&MatchForm::of(word).text.as_str());
    (plain && spaced && !word.is_empty() && !other()).then_some(end)
}

/// A letter of a script with spaces.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !is_unspaced(c)
}

/// Bytes of the value at the head of a text: ASCII without spaces and quotes, and digits of any script.
pub(super) fn length(text: &str) -> usize {
    let is_part = |c: char| {
        (c.is_ascii_graphic() && !matches!(c, '"' | '\'' | ',' | ';' | '<' | '>' | '(' | ')' | '['))
            || (!c.is_ascii() && text::digit(c).is_some())
    };
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text[..end]
        .trim_end_matches(['.', '!', '?', ':', '*'])
        .len()
}

/// Bytes of six digits in two groups at the head of a text: `384 920`.
pub(super) fn groups(text: &str) -> Option<usize> {
    let is_digit = |c: &char| text::digit(*c).is_some();
    let mut chars = text.chars();
    let first: usize = chars
        .by_ref()
        .take(3)
        .filter(is_digit)
        .map(char::len_utf8)
        .sum();
    let gap = chars.next().filter(|c| matches!(c, ' ' | '-'))?;
    let second: Vec<char> = chars.by_ref().take(3).filter(is_digit).collect();
    let whole = !chars.next().is_some_and(char::is_alphanumeric);
    let len = first + gap.len_utf8() + second.iter().map(|c| c.len_utf8()).sum::<usize>();
    let digits = text.get(..len)?.chars().filter(is_digit).count();
    (whole && digits == 6).then_some(len)
}

pub(super) fn is_password(value: &str, told: Told) -> bool {
    let digits = value.chars().filter(|c| text::digit(*c).is_some()).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    let signs = value.chars().count() - digits - letters;
    let long = value.chars().count();
    match told {
        Told::Set => long >= 4,
        Told::Said | Told::Listed => {
            long >= 4
                && (digits > 0 && (letters > 0 || digits >= 4)
                    || (signs > 0 && letters > 3 && !value.contains(['/', '-', '\''])))
        }
        Told::Beside => long >= 6 && digits > 0 && letters > 0,
    }
}

/// Whether it mixes letters and digits as words and model names seldom do.
pub(super) fn is_mixed(value: &str) -> bool {
    is_password(value, Told::Beside) && !value.contains("://")
}

/// Whether a value of letters alone is a password after its cue's colon: a Latin word after a cue of
/// another script, or one that ends the clause and isn't what is said of passwords.
pub(super) fn is_word(value: &str, cue: &str, told: Told, tail: &str) -> bool {
    let letters = value.len() >= 5 && value.bytes().all(|b| b.is_ascii_alphabetic());
    let lower = value.to_ascii_lowercase();
    let closed = tail
        .trim_start_matches(['"', '\'', '”', '.', '!'])
        .is_empty()
        || tail.starts_with([',', '.', ';', '\n', '，', '。', '،']);
    told == Told::Listed
        && letters
        && (!cue.is_ascii() || closed)
        && !NO_PASSWORDS.contains(&lower.as_str())
}

/// Whether a value is a few digits, so many at least, that count nothing.
pub(super) fn is_code(value: &str, least: usize, tail: &str) -> bool {
    let digits = value.chars().filter(|c| text::digit(*c).is_some()).count();
    let other = value.chars().count() - digits;
    let counted = tail.trim_start_matches([' ', '-']);
    (least..=8).contains(&digits)
        && (other == 0 || (other == 1 && value.contains([' ', '-', '#', '*'])))
        && !UNITS.iter().any(|unit| {
            counted
                .get(..unit.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(unit))
        })
}

/// `2024`: of two thousand and more, which no `رمز ۲۰۲۴` of success means as a password.
pub(super) fn is_this_year(value: &str) -> bool {
    is_year(value) && value.chars().find_map(text::digit) == Some(2)
}

/// `2024`, `۱۴۰۳`.
pub(super) fn is_year(value: &str) -> bool {
    let mut digits = value.chars().filter_map(text::digit);
    let century = (digits.next(), digits.next());
    let rest = digits.count();
    rest == 2 && matches!(century, (Some(1), Some(3 | 4 | 9)) | (Some(2), Some(0)))
}

pub(super) fn is_token(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    // `sid=…` holds the name of its value; `=` alone fills up the end.
    let named = value.trim_end_matches('=').contains('=');
    value.len() >= 16 && digits >= 1 && letters >= 2 && !named && !value.contains("://")
}
