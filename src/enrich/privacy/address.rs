//! Postal addresses, as far as patterns carry: English, Arabic, Persian and Chinese.
//!
//! An address is found where a street and a number stand together, where numbers of a house do (`بلوک ۴۷،
//! واحد ۱۶`), or where the text says that one follows (`lives at 12 The Paddocks`), and reaches to its last
//! number or unit. A street alone (`Baker Street is busy`) is no address. Town and country that stand
//! before the street stay, except in Chinese, where nothing parts them from it.

use std::ops::Range;

use super::cues::{Cue, Hit};
use super::words;
use super::{Finding, Kind};

mod arabic;
mod chinese;
mod cues;
mod latin;

pub(super) use cues::CUES;

/// Which part of an address a cue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Word of a street behind its name: `Road`.
    Lane,
    /// The same, which is the end of a German name: `straße`.
    Ending,
    /// Word of a house behind its name, in Latin letters: `Towers`.
    House,
    /// Word of a flat that a street may follow: `Flat 12, …`.
    Flat,
    /// Words by which an English text says that an address follows: `lives at`.
    Told,
    /// Word of a street before its name, in Latin letters: `Rue`.
    Before,
    /// A box at the post office: `P.O. Box`.
    Box,
    /// Word of a street or quarter before its name: `شارع`.
    Street,
    /// Word of a building before its name or number: `بناية`.
    Building,
    /// Word before a number: `پلاک`.
    Unit,
    /// Word before a postal code that is an address by itself: «کد پستی».
    Code,
    /// Words before the number of somebody's own door: «پلاکمون».
    Door,
    /// Words that place a house by a second street: «نبش».
    Near,
    /// Word of a Chinese street behind its name: 路.
    HanStreet,
    /// Word of a place where Chinese live, behind its name: 小区.
    HanPlace,
    /// Unit behind the number of a Chinese building: 号楼.
    HanUnit,
}

/// Postal addresses at these cues. They may overlap; of those that do, the longer ones come first.
pub(super) fn addresses(text: &str, hits: &[Hit]) -> Vec<Finding> {
    let parts: Vec<(Part, Range<usize>)> = hits
        .iter()
        .filter_map(|hit| match hit.cue {
            Cue::Address(part) => Some((part, hit.range.clone())),
            _ => None,
        })
        .collect();
    let mut found: Vec<Range<usize>> = arabic::addresses(text, &parts);
    for (part, cue) in &parts {
        found.extend(match part {
            Part::Lane | Part::House => latin::address(text, *part, cue),
            Part::Told => latin::told(text, cue),
            Part::Flat => latin::flat(text, cue),
            Part::Door => door(text, cue),
            Part::Ending => latin::compound(text, cue),
            Part::Before => latin::named_behind(text, cue),
            Part::Box => post_box(text, cue),
            Part::Code => postal_code(text, cue),
            Part::HanStreet | Part::HanPlace => chinese::address(text, *part, cue),
            Part::HanUnit => chinese::building(text, cue),
            Part::Street | Part::Building | Part::Unit | Part::Near => None,
        });
    }
    found.sort_by_key(|range| usize::MAX - range.len());
    found
        .into_iter()
        .map(|range| Finding {
            kind: Kind::Address,
            range,
        })
        .collect()
}

/// Whether an address may stand at a word, as far as a glance tells: streets and roads are spoken of
/// often, and seldom with the number of a house.
pub(super) fn may_stand(text: &str, part: Part, cue: &Range<usize>) -> bool {
    match part {
        Part::Lane | Part::House => latin::may_stand(text, cue),
        Part::Flat => followed_by_number(text, cue),
        Part::Told if cue.len() == 2 => followed_by_number(text, cue),
        Part::HanStreet | Part::HanPlace => chinese::may_stand(text, cue),
        Part::HanUnit => chinese::is_numbered(text, cue),
        _ => true,
    }
}

/// Whether a number stands right behind a word, one sign between at most.
fn followed_by_number(text: &str, cue: &Range<usize>) -> bool {
    let near = text.as_bytes().get(cue.end..).unwrap_or_default();
    near.iter().take(3).any(u8::is_ascii_digit)
}

/// A box with its number.
fn post_box(text: &str, cue: &Range<usize>) -> Option<Range<usize>> {
    let mut words = words::after(text, cue.end);
    let mut number = words.next()?;
    if number.text == "رقم" || number.text == "شماره" {
        number = words.next()?;
    }
    let near = number.gap.len() <= 3 && number.text.starts_with(char::is_numeric);
    // `۱۴۱۵۵-۶۳۴۱`.
    let second = words
        .next()
        .filter(|next| matches!(next.gap, "-" | "/") && next.text.starts_with(char::is_numeric));
    let mut end = second.map_or(number.range.end, |next| next.range.end);
    let word = &text[cue.clone()];
    if word.is_ascii() {
        // `RR 2 Box 118`.
        let route = word.eq_ignore_ascii_case("rr") || word.eq_ignore_ascii_case("rural route");
        let mut words = words::after(text, end);
        match (route, words.next(), words.next()) {
            (true, Some(of), Some(number)) if of.text == "Box" => end = number.range.end,
            (true, ..) => return None,
            _ => {}
        }
        end = latin::tail(text, end);
    }
    near.then_some(cue.start..end)
}

/// The number of a door that the text calls somebody's own: «پلاکمون ۱۴».
fn door(text: &str, cue: &Range<usize>) -> Option<Range<usize>> {
    let number = words::after(text, cue.end).next()?;
    let near = matches!(
        number.gap,
        " " | ": " | ":" | "：" | "" | "是" | "号" | "號"
    );
    let end = number.range.end;
    let digits = number.text.chars().take_while(|c| c.is_numeric()).count();
    // What is counted is no number of a door: «پلاک ما ۲ ساعت».
    let next = words::after(text, end).next();
    let closed = next.is_none_or(|next| next.gap != " " || DOOR_ENDS.contains(&next.text));
    (near && (1..=5).contains(&digits) && closed).then_some(number.range.start..end)
}

/// Words that may follow the number of a door.
const DOOR_ENDS: [&str; 8] = ["هست", "است", "هستش", "بود", "شده", "شد", "واحد", "طبقه"];

/// A postal code that stands for one house or street: ten digits of Iran, `SW1A 2ZZ`, `RRRD2929`.
fn postal_code(text: &str, cue: &Range<usize>) -> Option<Range<usize>> {
    if let Some(code) = latin::code_after(text, cue.end) {
        return Some(code);
    }
    let rest = &text[cue.end..];
    let gap = rest.find(char::is_numeric)?;
    let between = rest[..gap].trim_matches([' ', ':', '\u{200C}']);
    // «کد پستی منزل ما» ۸۱۷۳۶۵۴۴۱۲.
    let near = between.len() <= 32
        && between
            .chars()
            .all(|c| c.is_alphabetic() || " :\u{200C}".contains(c));
    let end = rest[gap..]
        .find(|c: char| !c.is_numeric() && c != '-')
        .unwrap_or(rest.len() - gap);
    let code = &rest[gap..gap + end];
    let digits = code.chars().filter(|c| c.is_numeric()).count();
    let start = cue.end + gap;
    (digits == 10 && near).then_some(start..start + end)
}
