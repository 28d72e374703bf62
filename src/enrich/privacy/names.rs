//! Names of persons, where the text says that one stands there: after or before a cue.
//!
//! No cue, no name: `Mercedes broke down` and «امید دارم» are no persons, and a name without a cue is
//! not found. What may stand as a name depends on how sure the cue is ([`How`]) and on the script that
//! it is written in: [`latin`] has capitals, [`arabic`] words without them, [`chinese`] surnames and no
//! spaces. [`known`] holds the names that help to decide.

use std::ops::Range;

use super::cues::{Cue, Hit};
use super::words;
use super::{Finding, Kind};
use crate::text::{is_arabic, is_unspaced};

mod arabic;
mod chinese;
mod cues;
mod known;
mod latin;

pub(super) use cues::CUES;

/// How a cue tells of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It says so: `my name is`.
    Told,
    /// It is the label of a field: `Recipient:`.
    Field,
    /// The same without its colon: a word like others, behind which only what looks like a name is one.
    Label,
    /// Of a title: `Mr.`.
    Titled,
    /// Of a title that stands behind the name: 先生.
    TitledBefore,
    /// A letter's end: `Best regards,`.
    Signed,
    /// An end that is said inside a text as well: `Thanks,`.
    Thanked,
    /// A letter's end behind the name: 敬上.
    SignedBefore,
    /// `I am`: what follows is seldom a name.
    Said,
    /// The same behind the name: «هستم».
    SaidBefore,
    /// `speaking`, behind the name.
    SpeakingBefore,
    /// What is done with somebody, behind the name: «به … زنگ بزنید».
    SpokenBefore,
    /// How somebody is called, before the name: `يا`.
    Called,
    /// Arabic "from", Persian "I": «من». A known name alone may follow.
    From,
    /// What a person is to somebody: `my wife`, `agent`, 客服. Any word may follow.
    Role,
    /// Somebody's family: seldom does another word in capitals follow.
    Kin,
    /// Whom somebody spoke to: `كلمت`. People alone are spoken to.
    Spoken,
    /// The same where more likely a name follows: `in the name of`.
    Named,
    /// What is somebody's own, behind the name: 的名义.
    OwnedBefore,
    /// How somebody is addressed, behind the name: «جان».
    CalledBefore,
    /// The last line of a text.
    Closing,
    /// `Hi`: the name of who is written to.
    Greeted,
    /// Whose surname it is: 免贵姓.
    Surname,
}

/// Names beside these cues, the surest first. They may overlap.
pub(super) fn names(text: &str, hits: &[Hit]) -> Vec<Finding> {
    let mut found = Vec::new();
    for hit in hits {
        let Cue::Name(how) = hit.cue else {
            continue;
        };
        if let Some(range) = beside(text, how, &hit.range) {
            let other = contrasted(text, range.end);
            found.extend(
                [Some(range), other]
                    .into_iter()
                    .flatten()
                    .map(|range| Finding {
                        kind: Kind::Name,
                        range,
                    }),
            );
        }
    }
    found.extend(closing(text).map(|range| Finding {
        kind: Kind::Name,
        range,
    }));
    // Of two that overlap the longer one holds: `Mr. Brown` ends before `Mr. Brown Smith`.
    found.sort_by_key(|finding| usize::MAX - finding.range.len());
    found
}

/// Whether a name may stand beside a cue that ends at `at`, as far as a glance tells: people are spoken
/// of often, and seldom by name.
pub(super) fn may_follow(text: &str, how: How, cue: &Range<usize>) -> bool {
    let at = cue.end;
    match how {
        How::From => return arabic::is_given_after(text, at),
        How::SpeakingBefore => {
            let before = text[..cue.start].trim_end_matches(' ');
            let word = before.trim_end_matches(char::is_alphabetic).len();
            return before[word..].starts_with(char::is_uppercase);
        }
        _ => {}
    }
    if !matches!(how, How::Role | How::Named | How::Kin) {
        return true;
    }
    let mut next = text[at..].chars().skip_while(|c| !c.is_alphanumeric());
    let (first, second) = (next.next(), next.next());
    // 朵朵 is how a child is called.
    first.is_some_and(|c| {
        !c.is_lowercase() && (!is_unspaced(c) || first == second || chinese::may_begin(c))
    })
}

/// Whether a text ends as a letter does, with a line of its own or after a dash.
pub(super) fn is_signed(text: &str) -> bool {
    closing_line(text).is_some()
}

/// Where the last line of a text begins, if it is as short as a name.
fn closing_line(text: &str) -> Option<usize> {
    const LONGEST: usize = 60;
    let bytes = text.as_bytes();
    let far = bytes.len().saturating_sub(LONGEST);
    let last = memchr::memrchr3(b'\n', b'-', 0x94, bytes.get(far..)?)? + far;
    // A dash is U+2014; a hyphen stands between spaces.
    match bytes[last] {
        b'\n' => Some(last + 1),
        b'-' => (last > 0 && bytes.get(last + 1) == Some(&b' ') && bytes[last - 1] == b' ')
            .then_some(last + 1),
        _ => bytes[..=last].ends_with("—".as_bytes()).then_some(last + 1),
    }
}

/// A name that is the last line of the text, or stands after its last dash.
fn closing(text: &str) -> Option<Range<usize>> {
    let start = closing_line(text)?;
    let range = beside(text, How::Closing, &(start..start))?;
    let rest = text[range.end..].trim_end_matches([' ', '.', '!', '\n']);
    rest.is_empty().then_some(range)
}

/// The name that the text sets against one that ends at `at`: `it's Kristyna, not Christina`.
fn contrasted(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let mut words = words::after(text, at);
    let first = words.next().filter(|word| word.gap.len() <= 3)?;
    if let Some(not) = rest.find("不是").filter(|not| *not <= 3) {
        return chinese::after(text, How::Said, at + not + "不是".len());
    }
    let not = match first.text {
        "هست" | "است" | "هستش" => words.next().filter(|word| word.gap.len() <= 3)?,
        _ => first,
    };
    let how = match not.text {
        "not" | "مو" | "مش" | "وليس" | "ليس" | "لا" | "نه" => How::Named,
        _ => return None,
    };
    beside(text, how, &(not.range.start..not.range.end))
}

/// Whether the first letter is of the Arabic script.
fn is_arabic_next(text: &str) -> bool {
    text.chars()
        .take(GAP)
        .find(|c| c.is_alphabetic())
        .is_some_and(is_arabic)
}

/// Bytes to the colon of a longer label of a name: `Name on the card:`, «نام دارنده حساب:».
fn long_label(rest: &str) -> Option<usize> {
    const LONGEST: usize = 48;
    let near = rest.char_indices().find(|(at, c)| {
        *at > LONGEST || !(c.is_lowercase() || *c == ' ' || *c == '\u{200C}' || is_arabic(*c))
    });
    let (len, _) = near.filter(|(at, c)| *at <= LONGEST && *c == ':')?;
    let label = &rest[..len];
    let mut words = words::after(label, 0);
    let few = words.clone().count() <= 4;
    (few && label.starts_with(' ') && !words.any(|word| THINGS.contains(&word.text))).then_some(len)
}

/// What has a name and is no person.
#[rustfmt::skip]
const THINGS: [&str; 42] = [
    "product", "item", "brand", "model", "file", "city", "town", "street", "company", "shop", "store", "app", "game", "book",
    "film", "movie", "song", "hotel", "restaurant", "bank", "site", "محصول", "کالا", "برند", "فروشگاه", "شرکت", "شهر", "خیابان", "فایل",
    "کتاب", "فیلم", "هتل", "بانک", "سایت", "کاربری", "المنتج", "الشركة", "المتجر", "المدينة", "الشارع", "الكتاب", "البنك",
];

fn beside(text: &str, mut how: How, cue: &Range<usize>) -> Option<Range<usize>> {
    match how {
        How::SaidBefore | How::CalledBefore => return arabic::before(text, cue.start),
        How::SpokenBefore => {
            let name = arabic::before(text, cue.start)?;
            let to = text[..name.start].trim_end_matches(' ');
            return [" به", " با"]
                .iter()
                .any(|with| to.ends_with(with) || to == with.trim_start())
                .then_some(name);
        }
        How::SpeakingBefore => return latin::before(text, cue),
        How::TitledBefore | How::SignedBefore | How::OwnedBefore => {
            return chinese::before(text, how, cue);
        }
        How::Surname => return chinese::surname(text, cue.end),
        How::Field => {
            let colon = text[cue.end..].trim_start_matches(' ');
            // `الاسم / أسيل`.
            let slash = colon.starts_with('/') && is_arabic_next(colon);
            if !colon.starts_with([':', '：', '=']) && !slash {
                match long_label(&text[cue.end..]) {
                    Some(len) => return beside(text, how, &(cue.start..cue.end + len)),
                    None => how = How::Label,
                }
            }
        }
        // Persian writes "or" so, with its own letter.
        How::Called if !text[cue.clone()].ends_with("يا") => return None,
        _ => {}
    }
    // Which script the name would be in.
    let first = text[cue.end..]
        .chars()
        .take(GAP)
        .find(|c| c.is_alphabetic())?;
    if is_arabic(first) {
        arabic::after(text, how, cue.end)
    } else if is_unspaced(first) {
        chinese::after(text, how, cue.end)
    } else {
        latin::after(text, how, cue.end)
    }
}

/// Characters that may stand between a cue and the name.
const GAP: usize = 8;
