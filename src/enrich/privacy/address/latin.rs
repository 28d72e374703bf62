//! Addresses in English order: number, name, street; then flat, floor and postal code.

use std::ops::Range;

use super::Part;
use crate::enrich::privacy::words::{self, Word};

mod front;
mod tail;
mod told;

use front::{front, is_house};
pub(super) use tail::{code_after, tail};
pub(super) use told::{flat, told};

/// Words of streets that need no capital.
const PLAIN: [&str; 5] = ["street", "road", "avenue", "boulevard", "lane"];

/// Words of streets that need none where the text says that an address follows.
const LOWER: [&str; 16] = [
    "terrace", "drive", "crescent", "court", "gardens", "grove", "parade", "rd", "ave", "st",
    "blvd", "ln", "close", "highway", "parkway", "quay",
];

/// Words that are no streets alone: they need the text to say that an address follows, or a unit.
#[rustfmt::skip]
const WEAK: [&str; 61] = [
    "view", "park", "green", "gate", "point", "plaza", "wharf", "heights", "meadows", "meadow",
    "fields", "mount", "path", "loop", "estate", "villas", "vale", "reach", "bank", "chase",
    "ridge", "cove", "hollow", "glen", "crossing", "yard", "croft", "orchard", "copse", "spinney", "lea", "mead",
    "brow", "passage", "arcade", "strand", "route", "garden", "pike", "ter", "av", "wy",
    "landing", "bend", "trace", "harbour", "harbor", "viaduct", "brae", "loan", "fold", "garth", "dell", "downs", "common",
    "springs", "village", "bridge", "pass", "run", "side",
];

/// Words whose numbers make an address where two of them stand together: `Villa 12, Street 4`.
const NUMBERED: [&str; 24] = [
    "street",
    "road",
    "avenue",
    "block",
    "zone",
    "sector",
    "villa",
    "building",
    "bldg",
    "house",
    "flat",
    "apartment",
    "office",
    "way",
    "plot",
    "tower",
    "lot",
    "blk",
    "phase",
    "floor",
    "apt",
    "unit",
    "gate",
    "entrance",
];

/// Words before the number of a flat or of a part of a quarter.
#[rustfmt::skip]
const UNITS: [&str; 39] = [
    "flat", "apt", "apartment", "unit", "suite", "ste", "room", "rm", "floor", "fl", "house", "building", "bldg",
    "villa", "office", "block", "blk", "plot", "lot", "no", "number", "tower", "level", "penthouse", "studio", "shop",
    "entrance", "app", "appt", "interno", "int", "piso", "puerta", "etage", "étage", "apto", "кв", "дом", "д",
];

/// Numbers of houses that are written as words.
const SPELLED: [&str; 10] = [
    "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten",
];

/// Whether an address may stand at the word of a street: it has a number close by, and a capital where
/// the word means much else.
pub(super) fn may_stand(text: &str, street: &Range<usize>) -> bool {
    /// Bytes before and after.
    const FAR: usize = 70;
    const NEAR: usize = 16;
    let bytes = text.as_bytes();
    let word = &text[street.clone()];
    let is = |words: &[&str]| words.iter().any(|plain| word.eq_ignore_ascii_case(plain));
    if word.starts_with(|c: char| c.is_ascii_lowercase()) && !is(&PLAIN) && !is(&LOWER) {
        return false;
    }
    let before = &bytes[street.start.saturating_sub(FAR)..street.start];
    let after = &bytes[street.end..bytes.len().min(street.end + NEAR)];
    before.iter().chain(after).any(u8::is_ascii_digit)
        || SPELLED.iter().any(|number| contains(before, number))
}

fn contains(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find(bytes, word.as_bytes()).is_some()
}

/// The address around the word of a street or of a house.
pub(super) fn address(text: &str, part: Part, street: &Range<usize>) -> Option<Range<usize>> {
    let word = text.get(street.clone())?;
    let capital = word.starts_with(char::is_uppercase);
    let is = |words: &[&str]| words.iter().any(|plain| word.eq_ignore_ascii_case(plain));
    if capital && let Some(pairs) = pairs(text, street) {
        return Some(pairs);
    }
    if !capital && !is(&PLAIN) && !is(&LOWER) {
        return None;
    }
    let road = numbered_road(text, street);
    let number = number_before(text, street.start, capital, road.is_some())?;
    let start = front(text, number);
    let own = road.unwrap_or(street.end);
    let end = tail(text, own);
    if part == Part::House {
        // `Apt 1903, Marina Gate Tower 2`: a house has no number of its own.
        return (start < number).then_some(start..end);
    }
    let spelled = text[number..].starts_with(|c: char| c.is_ascii_alphabetic());
    let weak = is(&WEAK) || spelled || (!capital && is(&LOWER));
    let told =
        || start < number || end > street.end || introduced(words::before(text, start).next());
    // `40 Park Avenue shoes`.
    let counted = || {
        let next = words::after(text, end).next();
        next.is_some_and(|next| next.gap == " " && is_plural(next.text))
    };
    // `14 Ballygowan Park as address`, not `3 Point Lighting`.
    let whole = || {
        let long = text[number..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count()
            > 1;
        let next = words::after(text, end).next();
        long && next.is_none_or(|next| next.gap != " " || GOES_ON.contains(&next.text))
    };
    ((!weak && !counted()) || told() || (weak && capital && whole())).then_some(start..end)
}

/// Small words by which a sentence goes on behind an address.
const GOES_ON: [&str; 17] = [
    "as", "and", "in", "on", "is", "was", "for", "at", "to", "but", "which", "the", "with", "this",
    "by", "not", "instead",
];

/// Whether it is what is counted, as far as its end tells.
fn is_plural(word: &str) -> bool {
    const VERBS: [&str; 8] = [
        "was", "has", "is", "does", "always", "needs", "says", "gets",
    ];
    word.starts_with(char::is_lowercase)
        && word.len() > 3
        && word.ends_with('s')
        && !VERBS.contains(&word)
}

/// End of the number that a road has: `210 County Road 45`, `Blk 678 Tampines Street 61`.
fn numbered_road(text: &str, street: &Range<usize>) -> Option<usize> {
    let number = words::after(text, street.end).next()?;
    let word = text[street.clone()].to_ascii_lowercase();
    let before = words::before(text, street.start).next();
    let highway = matches!(word.as_str(), "highway" | "hwy" | "route")
        || (word == "road"
            && before.is_some_and(|name| ["County", "State", "Rural"].contains(&name.text)));
    // `Tampines Street 61`, and `Gate Tower 2`.
    let last = || {
        matches!(
            word.as_str(),
            "street" | "avenue" | "tower" | "towers" | "block"
        ) && !text[number.range.end..]
            .trim_start()
            .starts_with(char::is_alphabetic)
    };
    (number.gap == " " && is_number(number.text) && (highway || last())).then_some(number.range.end)
}

/// `Villa 12, Street 4`: words with their numbers, at least two of them around the word of a street.
fn pairs(text: &str, street: &Range<usize>) -> Option<Range<usize>> {
    let is_pair = |name: &Word, number: &Word| {
        NUMBERED
            .iter()
            .any(|word| name.text.eq_ignore_ascii_case(word))
            && name.text.starts_with(char::is_uppercase)
            && is_number(number.text)
            && matches!(number.gap, " " | " #" | " No. ")
    };
    let joins = |gap: &str| matches!(gap, ", " | " " | " - " | ",");
    let mut words = words::after(text, street.start);
    let (name, number) = (words.next()?, words.next()?);
    if !is_pair(&name, &number) {
        return None;
    }
    let (mut start, mut end, mut count) = (name.range.start, number.range.end, 1);
    while let (Some(name), Some(number)) = (words.next(), words.next())
        && joins(name.gap)
        && is_pair(&name, &number)
    {
        end = number.range.end;
        count += 1;
    }
    let mut words = words::before(text, start);
    while let (Some(number), Some(name)) = (words.next(), words.next())
        && joins(number.gap)
        && is_pair(
            &name,
            &Word {
                gap: name.gap,
                ..number.clone()
            },
        )
    {
        start = name.range.start;
        count += 1;
    }
    // `Villa 16, Street 8B, Al Barsha 1`.
    for (names, word) in words::after(text, end).take(4).enumerate() {
        let joined = if names == 0 { ", " } else { " " };
        if word.gap != joined {
            break;
        }
        if names > 0 && is_number(word.text) {
            end = word.range.end;
        }
        if !word.text.starts_with(char::is_uppercase) {
            break;
        }
    }
    (count > 1).then_some(start..end)
}

/// An address whose street is one German word: `Marienstraße 17`.
pub(super) fn compound(text: &str, ending: &Range<usize>) -> Option<Range<usize>> {
    let name = text[..ending.start].trim_end_matches(char::is_alphabetic);
    let capital = text[name.len()..].starts_with(char::is_uppercase);
    let number = words::after(text, ending.end).next()?;
    let near = matches!(number.gap, " " | ". ") && is_number(number.text);
    // `221-H`.
    let rest = &text[number.range.end..];
    let more = words::after(rest, 0)
        .next()
        .filter(|more| more.gap == "-" && more.text.len() <= 3 && more.text.is_ascii());
    let end = number.range.end + more.map_or(0, |more| more.range.end);
    (capital && near).then(|| name.len()..tail(text, end))
}

/// An address whose street's word stands before its name: `56 Rue Lafayette`, `Via Roma 7`.
pub(super) fn named_behind(text: &str, cue: &Range<usize>) -> Option<Range<usize>> {
    let capital = text[cue.start..].starts_with(char::is_uppercase);
    let before = words::before(text, cue.start)
        .next()
        .filter(|word| matches!(word.gap, " " | ", ") && is_number(word.text));
    let english = ["avenue", "boulevard"]
        .iter()
        .any(|word| text[cue.clone()].eq_ignore_ascii_case(word));
    let mut end = None;
    for word in words::after(text, cue.end).take(5) {
        if !matches!(word.gap, " " | ". " | "-" | ", " | "'" | "’") {
            break;
        }
        if is_number(word.text) {
            return match (end, &before) {
                (Some(_), None) if capital && !english => {
                    Some(cue.start..tail(text, word.range.end))
                }
                (Some(end), Some(number)) => Some(number.range.start..end),
                _ => None,
            };
        }
        let particle = [
            "de", "du", "des", "la", "le", "del", "da", "do", "di", "della", "l", "d",
        ];
        match word.text.starts_with(char::is_uppercase) {
            true if word.gap != ", " => end = Some(word.range.end),
            false if particle.contains(&word.text) => {}
            _ => break,
        }
    }
    Some(before?.range.start..tail(text, end?))
}

/// Where the number before the name of a street begins: at most four words, in capitals where the
/// street's own word is.
fn number_before(text: &str, street: usize, capital: bool, road: bool) -> Option<usize> {
    const NAMES: usize = 4;
    let mut names = 0;
    let mut house = false;
    let mut words = words::before(text, street);
    loop {
        let word = words.next()?;
        // `No. 5, Riverside Drive`, `B-204, Sunrise Towers, MG Road`.
        let comma = word.gap == ", ";
        let crossed = comma && capital && !house && is_house(&word);
        let number = is_number(word.text) || (capital && SPELLED.contains(&word.text));
        if !matches!(word.gap, " " | ". " | "-") && !(comma && (number || crossed)) || names > NAMES
        {
            return None;
        }
        house |= crossed;
        if number {
            // `7 Dr. Martens` has no name between, `on 2 lane roads` no place before.
            let placed = match comma {
                true => words.next().is_some_and(|unit| {
                    is_unit(&unit) || (unit.gap == "-" && unit.text.len() == 1) || house
                }),
                false => capital || introduced(words.next()),
            };
            // `300 Broadway` needs no name, nor does `505 Hwy 12`.
            let named = names > 0 || road || text[street..].starts_with("Broadway");
            return (named && placed).then_some(word.range.start);
        }
        let fits = match capital {
            true => is_name_part(word.text),
            false => is_lower_name(word.text) && names < 2,
        };
        if !fits {
            return None;
        }
        names += 1;
    }
}

/// Whether an address may begin after this word.
fn introduced(before: Option<Word>) -> bool {
    before.is_some_and(|word| {
        [
            "at",
            "to",
            "is",
            "in",
            "for",
            "from",
            "address",
            "live",
            "on",
            "of",
            "outside",
            "near",
            "confirmed",
            "our",
            "find",
            "addr",
        ]
        .iter()
        .any(|intro| word.text.eq_ignore_ascii_case(intro))
            || word.gap.contains([':', '\n', ','])
    })
}

/// `35`, `35A`; not `48th`.
fn is_number(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = word.len() - rest.len();
    (1..=5).contains(&digits) && (rest.is_empty() || (rest.len() == 1 && rest.is_ascii()))
}

fn is_ordinal(word: &str) -> bool {
    let end = word.trim_start_matches(|c: char| c.is_ascii_digit());
    end.len() < word.len()
        && ["st", "nd", "rd", "th"]
            .iter()
            .any(|th| end.eq_ignore_ascii_case(th))
}

fn is_name_part(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
        || is_ordinal(word)
        || ["of", "the", "de", "la"].contains(&word)
}

fn is_lower_name(word: &str) -> bool {
    ![
        "a", "an", "the", "of", "and", "your", "my", "our", "this", "that", "from", "in", "on",
        "to", "minute", "hour",
    ]
    .contains(&word)
        && word.starts_with(char::is_alphabetic)
}

fn is_unit(word: &Word) -> bool {
    UNITS
        .iter()
        .any(|unit| word.text.eq_ignore_ascii_case(unit))
}

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn number_name_and_street() {
        check(&[
            ("deliver to 42 Willow Lane.", "deliver to [address]."),
            ("at Flat 12, 9 Garrick Street, now", "at [address], now"),
            ("to 310 W 48th St, Apt 1204, not", "to [address], not"),
            ("233 Pine St, Springfield, IL 62704 lost", "[address] lost"),
            ("3 Chapel Hill, Truro TR1 3BN, second", "[address], second"),
            ("7 St. Mary's Close", "[address]"),
            ("803 East Jefferson Street #5 any day", "[address] any day"),
            ("640 Fifth Avenue, 14th Floor", "[address]"),
            ("I live at 12 high street", "I live at [address]"),
            ("P.O. Box 4471", "[address]"),
            ("is No. 5, Riverside Drive", "is [address]"),
            (
                "2/45 Banksia Crescent, at the back",
                "[address], at the back",
            ),
            ("use 56 Rue Lafayette from", "use [address] from"),
            ("we are at Marienstraße 17", "we are at [address]"),
            ("to Villa 12, Street 4, please", "to [address], please"),
            ("I live at 742 evergreen terrace", "I live at [address]"),
            ("1600 Pennsylvania Ave NW is", "[address] is"),
            ("Home: 12 The Paddocks", "Home: [address]"),
            ("to Flat 3/2, 18 Byres Loan after", "to [address] after"),
            ("B-204, Sunrise Towers, MG Road, Pune 411001", "[address]"),
            ("at #12-345, Blk 678 Tampines Street 61", "at [address]"),
            (
                "Apt. 1903, Marina Gate Tower 2 reports",
                "[address] reports",
            ),
            ("the 3rd floor, 55 Tannery Row", "the [address]"),
            ("2 Church View Cottages, Main Street", "[address]"),
            ("at 210 County Road 45 still", "at [address] still"),
            ("PO Box 2231, Wagga Wagga NSW 2650", "[address]"),
            ("postcode SW1A 2ZZ", "postcode [address]"),
            ("for Keizersgracht 221-H, where", "for [address], where"),
        ]);
    }

    #[test]
    fn streets_and_numbers_apart_stay() {
        stay(&[
            "The shop on Baker Street is busy",
            "I walked 5 blocks to the Market Square branch",
            "7 Dr. Martens in one box",
            "10 out of 10 on the way home",
            "2 lane road ahead",
            "PO number 4471 on the invoice",
            "a 20 minute road break",
            "Street View shows 3 doors",
            "8 gate points in the game",
            "sent via Amazon 3 days ago",
            "Ordered 10 Park Avenue dresses",
            "delivered to 12 Customers who complained",
            "at 5 Monday morning",
            "Tower 2 of the set",
        ]);
    }
}
