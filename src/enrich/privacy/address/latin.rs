//! Addresses in English order: number, name, street; then flat, floor and postal code.

use std::ops::Range;

use crate::enrich::privacy::words::{self, Word};

/// Words of streets that need no capital.
const PLAIN: [&str; 5] = ["street", "road", "avenue", "boulevard", "lane"];

/// Sides of a town behind the word of a street.
const SIDES: [&str; 12] = [
    "N", "S", "E", "W", "NE", "NW", "SE", "SW", "North", "South", "East", "West",
];

/// Words of streets that need none where the text says that an address follows.
const LOWER: [&str; 16] = [
    "terrace", "drive", "crescent", "court", "gardens", "grove", "parade", "rd", "ave", "st",
    "blvd", "ln", "close", "highway", "parkway", "quay",
];

/// Words that are no streets alone: they need the text to say that an address follows, or a unit.
const WEAK: [&str; 20] = [
    "view", "park", "green", "gate", "point", "plaza", "wharf", "heights", "meadows", "meadow",
    "fields", "mount", "path", "loop", "estate", "villas", "vale", "reach", "bank", "chase",
];

/// Words whose numbers make an address where two of them stand together: `Villa 12, Street 4`.
const NUMBERED: [&str; 16] = [
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
];

/// Words before the number of a flat.
const UNITS: [&str; 15] = [
    "flat",
    "apt",
    "apartment",
    "unit",
    "suite",
    "ste",
    "room",
    "floor",
    "fl",
    "house",
    "building",
    "bldg",
    "villa",
    "office",
    "block",
];

/// The address around the word of a street.
pub(super) fn address(text: &str, street: &Range<usize>) -> Option<Range<usize>> {
    let word = text.get(street.clone())?;
    let capital = word.starts_with(char::is_uppercase);
    let is = |words: &[&str]| words.iter().any(|plain| word.eq_ignore_ascii_case(plain));
    if capital && let Some(pairs) = pairs(text, street) {
        return Some(pairs);
    }
    if !capital && !is(&PLAIN) && !is(&LOWER) {
        return None;
    }
    let number = number_before(text, street.start, capital)?;
    let first = doubled(text, number);
    let named = text[..first].strip_suffix("No. ").map(str::len);
    let start = unit_before(text, first).or(named).unwrap_or(first);
    let end = tail(text, street.end);
    let weak = is(&WEAK) || (!capital && is(&LOWER));
    let told =
        || start < first || end > street.end || introduced(words::before(text, start).next());
    (!weak || told()).then_some(start..end)
}

/// Where `301-15` or `2/45` begins, whose second number begins at `number`.
fn doubled(text: &str, number: usize) -> usize {
    let before = text[..number].strip_suffix(['-', '/']);
    let head = before.map(|before| before.trim_end_matches(|c: char| c.is_ascii_digit()));
    match (before, head) {
        (Some(before), Some(head))
            if (1..=4).contains(&(before.len() - head.len()))
                && !head.ends_with(char::is_alphanumeric) =>
        {
            head.len()
        }
        _ => number,
    }
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
    (count > 1).then_some(start..end)
}

/// An address whose street is one German word: `Marienstraße 17`.
pub(super) fn compound(text: &str, ending: &Range<usize>) -> Option<Range<usize>> {
    let name = text[..ending.start].trim_end_matches(char::is_alphabetic);
    let capital = text[name.len()..].starts_with(char::is_uppercase);
    let number = words::after(text, ending.end).next()?;
    let near = matches!(number.gap, " " | ". ") && is_number(number.text);
    (capital && near).then(|| name.len()..tail(text, number.range.end))
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
fn number_before(text: &str, street: usize, capital: bool) -> Option<usize> {
    const NAMES: usize = 4;
    let mut names = 0;
    let mut words = words::before(text, street);
    loop {
        let word = words.next()?;
        // `No. 5, Riverside Drive`.
        let comma = word.gap == ", " && is_number(word.text);
        if !matches!(word.gap, " " | ". " | "-") && !comma || names > NAMES {
            return None;
        }
        if is_number(word.text) {
            // `7 Dr. Martens` has no name between, `on 2 lane roads` no place before.
            let placed = match comma {
                true => words
                    .next()
                    .is_some_and(|word| is_unit(&word) || word.text == "No"),
                false => capital || introduced(words.next()),
            };
            // `300 Broadway` needs no name.
            let named = names > 0 || text[street..].starts_with("Broadway");
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
            "at", "to", "is", "in", "for", "from", "address", "live", "on",
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

/// Where `Flat 12` before the number begins.
fn unit_before(text: &str, number: usize) -> Option<usize> {
    let mut words = words::before(text, number);
    let flat = words.next().filter(|word| matches!(word.gap, ", " | " "))?;
    let unit = words.next().filter(|word| matches!(word.gap, " " | " #"))?;
    let is_flat = flat.text.chars().count() <= 5 && is_unit(&unit);
    is_flat.then_some(unit.range.start)
}

fn is_unit(word: &Word) -> bool {
    UNITS
        .iter()
        .any(|unit| word.text.eq_ignore_ascii_case(unit))
}

/// Where the address ends that has come to `end`.
fn tail(text: &str, mut end: usize) -> usize {
    // `Pennsylvania Ave NW`.
    if let Some(side) = words::after(text, end).next()
        && side.gap == " "
        && SIDES.contains(&side.text)
    {
        end = side.range.end;
    }
    // Flat, floor and building are as much as an address has.
    for _ in 0..3 {
        let words: Vec<Word> = words::after(text, end).take(6).collect();
        let Some(next) = unit_end(&words) else {
            return code_end(&words).unwrap_or(end);
        };
        end = next;
    }
    end
}

fn unit_end(words: &[Word]) -> Option<usize> {
    let first = words.first()?;
    if matches!(first.gap, " #" | ", #") && first.text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(first.range.end);
    }
    let joined = |word: &Word| matches!(word.gap, " " | ", " | ". " | "., " | " - ");
    let second = words.get(1)?;
    if !joined(first) {
        return None;
    }
    let numbered = second.text.contains(|c: char| c.is_ascii_digit())
        || (second.text.len() == 1 && second.text.starts_with(char::is_uppercase));
    if is_unit(first) && numbered && matches!(second.gap, " " | ". " | " #") {
        return Some(second.range.end);
    }
    let floor = is_ordinal(first.text) && second.text.eq_ignore_ascii_case("floor");
    floor.then_some(second.range.end)
}

/// End of town and postal code: `, Springfield, IL 62704`, `, Truro TR1 3BN`.
fn code_end(words: &[Word]) -> Option<usize> {
    let joined = |word: &Word| matches!(word.gap, " " | ", " | ". ");
    for (at, word) in words.iter().take(4).enumerate() {
        if !joined(word) {
            return None;
        }
        if let Some(next) = words.get(at + 1).filter(|next| next.gap == " ")
            && (is_american(word.text, next.text) || is_british(word.text, next.text))
        {
            return Some(next.range.end);
        }
        if !word.text.starts_with(char::is_uppercase) {
            return None;
        }
    }
    None
}

fn is_american(state: &str, code: &str) -> bool {
    state.len() == 2
        && state.bytes().all(|b| b.is_ascii_uppercase())
        && code.len() == 5
        && code.bytes().all(|b| b.is_ascii_digit())
}

fn is_british(outward: &str, inward: &str) -> bool {
    let shape = |word: &str| -> String {
        let kind = |c: char| match c {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            _ => '?',
        };
        word.chars().map(kind).collect()
    };
    let canadian = shape(outward) == "A9A" && shape(inward) == "9A9";
    let outwards = ["A9", "A99", "AA9", "AA99", "A9A", "AA9A"];
    canadian || (outwards.contains(&shape(outward).as_str()) && shape(inward) == "9AA")
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
        ]);
    }
}
