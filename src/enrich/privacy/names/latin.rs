//! Names in Latin, Cyrillic and Greek letters: told by their capitals, or known.

use std::ops::Range;

use super::How;
use super::known::{Script, known};
use crate::enrich::privacy::words::{self, Word};
use crate::text::MatchForm;

mod stops;

use stops::STOP_WORDS;

/// A name has at most so many words.
const LONGEST: usize = 5;

/// The name that follows a cue that ends at `at`.
pub(super) fn after(text: &str, how: How, at: usize) -> Option<Range<usize>> {
    let mut next = words::after(text, at);
    let mut first = next.next()?;
    let gap = first.gap;
    if !may_stand_between(how, gap) {
        return None;
    }
    // `my name is Mr. Brown`: the title is no part of the name.
    if how != How::Titled && is_title(first.text) {
        first = next.next().filter(|word| matches!(word.gap, " " | ". "))?;
    }
    let first = Seen::of(first);
    let initial = first.case == Case::Initial
        && next
            .clone()
            .next()
            .is_some_and(|second| second.gap.starts_with('.'));
    if (first.is_none() && !initial) || !first.may_begin(how) {
        return None;
    }
    // One more than a name has, to see what comes after it.
    let mut words = vec![first];
    words.extend(next.take(LONGEST).map(Seen::of));
    let first = words.first()?;
    let count = first.name_len(&words, matches!(how, How::Told | How::Field | How::Label));
    let name = words.get(..count)?;
    let after = After::of(text, &words, count);
    let mut range = first.word.range.start..name.last()?.word.range.end;
    // `DELGADO, MARIA TERESA`.
    if how == How::Field
        && let Some(given) = words.get(count).filter(|given| given.word.gap == ", ")
        && known().latin.is_given(&given.folded)
        && given.case != Case::Lower
    {
        let rest = words.get(count..)?;
        range.end = rest
            .get(given.name_len(rest, false).checked_sub(1)?)?
            .word
            .range
            .end;
    }
    is_name(how, gap, &words, count, after).then_some(range)
}

/// The name that introduces itself before a cue: `Rosalind Achebe speaking`.
pub(super) fn before(text: &str, cue: &Range<usize>) -> Option<Range<usize>> {
    let rest = text[cue.end..].trim_start_matches(' ');
    let introduces = !rest.starts_with(char::is_alphanumeric)
        || ["from", "here", "about", "again", "with"]
            .iter()
            .any(|link| rest.starts_with(link));
    if !introduces {
        return None;
    }
    let mut name: Vec<Seen> = words::before(text, cue.start)
        .take(3)
        .take_while(|word| word.gap == " ")
        .map(Seen::of)
        .take_while(|seen| {
            seen.case == Case::Capital && !seen.is_none() && !is_of_a_place(&seen.folded)
        })
        .collect();
    name.reverse();
    let (first, last) = (name.first()?, name.last()?);
    let names = &known().latin;
    let alone = names.is_given(&first.folded) && !names.is_word(&first.folded);
    (name.len() > 1 || alone).then_some(first.word.range.start..last.word.range.end)
}

/// Whether the word at a place is the first letter of a name.
fn is_initial(words: &[Seen], at: usize) -> bool {
    let dotted = words
        .get(at + 1)
        .is_some_and(|next| next.word.gap.starts_with('.'));
    dotted && words.get(at).is_some_and(|word| word.case == Case::Initial)
}

fn is_title(word: &str) -> bool {
    ["mr", "mrs", "ms", "miss", "dr", "prof"]
        .iter()
        .any(|title| word.eq_ignore_ascii_case(title))
}

/// Whether the name may begin after this.
fn may_stand_between(how: How, gap: &str) -> bool {
    let only = |chars: &str| gap.chars().all(|c| chars.contains(c)) && gap.len() <= 12;
    match how {
        How::Said => gap == " ",
        How::Greeted => gap == " " || gap == ", ",
        How::Role | How::Label | How::Kin | How::Spoken => matches!(gap, " " | ", " | " - " | ": "),
        How::Named => matches!(gap, " " | ": " | ":" | " - "),
        How::Closing => gap.len() <= 2,
        How::Titled => gap == " " || gap == ". " || gap == ".",
        How::Told | How::Field => only(" :：=-–—\"'“”‘’«(*,\n"),
        How::Signed => only(" ,.!:;-–—~/|\n"),
        // `Thanks Sara` is thanks to Sara, but a line of its own signs.
        How::Thanked => only(" ,.!-–—\n") && gap.contains(['\n', ',']),
        _ => false,
    }
}

/// What stands after the name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// The end of the text or of the line.
    End,
    /// Punctuation.
    Stop,
    /// A word of who introduces themselves (`here`, `speaking`).
    Speaking,
    /// A word by which somebody goes on to tell of themselves (`from`, `and`).
    Link,
    /// Another word.
    Word,
}

impl After {
    fn of(text: &str, words: &[Seen], count: usize) -> Self {
        let end = count
            .checked_sub(1)
            .and_then(|last| words.get(last))
            .map_or(0, |last| last.word.range.end);
        let rest = text[end..].trim_start_matches([' ', '"', '\'', '”', '’', ')', '*']);
        match rest.chars().next() {
            None | Some('\n') => return Self::End,
            Some(c) if !c.is_alphanumeric() => return Self::Stop,
            Some(_) => {}
        }
        match words.get(count).map(|next| next.folded.as_str()) {
            Some("here" | "speaking" | "writing") => Self::Speaking,
            Some("from" | "calling" | "and" | "i" | "im" | "i'm" | "again" | "aus" | "my") => {
                Self::Link
            }
            _ => Self::Word,
        }
    }
}

/// Whether the first words, so many, are a name.
fn is_name(how: How, gap: &str, words: &[Seen], count: usize, after: After) -> bool {
    let names = &known().latin;
    let (Some(name), Some(first)) = (words.get(..count), words.first()) else {
        return false;
    };
    let given = names.is_given(&first.folded);
    let word = names.is_word(&first.folded);
    let capitals = name
        .iter()
        .all(|seen| seen.case != Case::Lower || PARTICLES.contains(&seen.folded.as_str()));
    // `Black Friday` is none, `Rob Brown` is one.
    let is_known = |seen: &Seen| names.is_name(&seen.folded) && !names.is_word(&seen.folded);
    let pair = given
        && name
            .last()
            .is_some_and(|last| names.is_surname(&last.folded));
    let any_known = name.iter().any(is_known) || (name.len() > 1 && pair);
    let closed = after != After::Word;
    match how {
        How::Told | How::Field => first.case != Case::Lower || (given && !word) || closed,
        How::Titled => capitals || (any_known && closed),
        How::Signed => match after {
            After::Word | After::Link | After::Speaking => false,
            _ => capitals || any_known || (gap.contains('\n') && name.len() < 3),
        },
        How::Thanked => match after {
            After::End => (capitals || gap.contains('\n')) && any_known && !first.is_common(names),
            _ => false,
        },
        How::Said => match first.case {
            // `I'm sara from Bonn`, not `i'm frank with you`.
            Case::Lower => given && !word && closed,
            _ if name.len() > 1 => any_known || is_introduced(name, after),
            _ => (given && (closed || !word)) || is_introduced(name, after),
        },
        How::Greeted => match first.case {
            Case::Lower => given && !word && matches!(after, After::End | After::Stop),
            _ if gap == ", " => given && !word && closed,
            _ => given && (!word || matches!(after, After::End | After::Stop)),
        },
        // `cust name priya raman`, `Full name Jean-Pierre Moreau`.
        How::Label => {
            (given && !word && gap != ", ")
                || (capitals && given && closed)
                || (capitals && name.len() > 1 && any_known && closed)
        }
        // `thanks Sara for`, `my wife, Sara, …`; `agent Orange` is nobody.
        How::Role | How::Named | How::Kin | How::Spoken => {
            let all = capitals && name.iter().all(|seen| seen.case != Case::Upper || given);
            // A name that isn't known.
            let is_one = first.case == Case::Capital && capitals && !is_of_a_place(&first.folded);
            let told = how == How::Named && all && name.len() > 1 && closed;
            (all && given && gap != ", ")
                || (gap == ", " && given && !word && closed)
                || (all && name.len() > 1 && any_known && closed)
                || told
                || (how == How::Kin && is_one && gap == " ")
                || (is_one && gap == " " && says(words.get(count..).unwrap_or_default()))
                || (first.case == Case::Initial && name.len() > 1 && capitals)
                // `booked under Sorensen`.
                || (is_one && gap == " " && is_known(first) && closed)
        }
        How::Closing => after == After::End && capitals && given && (name.len() > 1 || !word),
        _ => false,
    }
}

/// Whether what follows tells what a person did, not a thing: `agent Devon told me`, `in billing`.
fn says(next: &[Seen]) -> bool {
    let Some(verb) = next.first().filter(|verb| verb.word.gap == " ") else {
        return false;
    };
    let place = next
        .get(1)
        .is_some_and(|place| DEPARTMENTS.contains(&place.folded.as_str()));
    SAID.contains(&verb.folded.as_str())
        || (["in", "from", "at"].contains(&verb.folded.as_str()) && place)
}

/// What people do.
#[rustfmt::skip]
const SAID: [&str; 22] = [
    "told", "said", "promised", "hung", "helped", "assured", "explained", "apologised", "apologized", "who", "answered",
    "confirmed", "assisted", "phoned", "emailed", "insisted", "cried", "yelled", "shouted", "smiled", "listened", "laughed",
];

/// Where they work.
const DEPARTMENTS: [&str; 10] = [
    "billing",
    "sales",
    "support",
    "returns",
    "accounts",
    "customer",
    "tech",
    "technical",
    "tier",
    "claims",
];

/// `This is Sarvenaz speaking`, where the name isn't known.
fn is_introduced(name: &[Seen], after: After) -> bool {
    let is_capital = |seen: &Seen| seen.case == Case::Capital && !is_of_a_place(&seen.folded);
    after == After::Speaking && name.iter().all(is_capital)
}

/// `Iranian`, `Chinese`, `Turkish`.
fn is_of_a_place(word: &str) -> bool {
    [
        "ian", "ese", "ish", "ean", "can", "german", "dutch", "french", "arab", "muslim",
    ]
    .iter()
    .any(|end| word.ends_with(end))
}

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// `Sara`, `O'Brien`.
    Capital,
    /// `SARA`.
    Upper,
    /// `J` of `J. Smith`.
    Initial,
    /// `sara`.
    Lower,
}

struct Seen<'t> {
    word: Word<'t>,
    folded: String,
    case: Case,
}

impl<'t> Seen<'t> {
    fn of(word: Word<'t>) -> Self {
        let mut chars = word.text.chars();
        let first = chars.next().is_some_and(char::is_uppercase);
        let case = match (first, chars.next()) {
            (false, _) => Case::Lower,
            (true, None) => Case::Initial,
            (true, Some(_)) if !word.text.chars().any(char::is_lowercase) => Case::Upper,
            (true, Some(_)) => Case::Capital,
        };
        Self {
            folded: MatchForm::of(word.text).text,
            word,
            case,
        }
    }

    /// Whether it can't be the first word of a name.
    fn is_none(&self) -> bool {
        self.is_stop() || self.word.text.contains(|c: char| c.is_numeric())
    }

    /// Whether a name may begin so after such a cue: most words that follow `I am` are small and none.
    fn may_begin(&self, how: How) -> bool {
        match how {
            How::Said | How::Greeted if self.case == Case::Lower => {
                known().latin.is_given(&self.folded)
            }
            _ => true,
        }
    }

    fn is_stop(&self) -> bool {
        let word = self.folded.split('\'').next().unwrap_or_default();
        STOP_WORDS.contains(word)
    }

    /// A word that more often thanks than signs.
    fn is_common(&self, names: &Script) -> bool {
        names.is_word(&self.folded) && self.case == Case::Lower
    }

    /// Words of the name that begins with this one, the first of them. Where the text tells of a name,
    /// one that isn't known may stand in small letters behind a first name: `bogdan ionescu i ordered`.
    fn name_len(&self, words: &[Seen], told: bool) -> usize {
        let names = &known().latin;
        let mut count = 1;
        while count < LONGEST {
            let Some(next) = words.get(count) else {
                break;
            };
            let before = &words[count - 1];
            let initial = before.word.text.chars().count() == 1;
            let joined = match next.word.gap {
                " " | "-" => true,
                ". " | "." => initial,
                _ => false,
            };
            // `Li Na`, which elsewhere says that there is none, and `Beatrix A. Nolan`.
            let given = next.word.text == "Na" || is_initial(words, count);
            if !joined || (next.is_none() && !given) {
                break;
            }
            let fits = match (self.case, next.case) {
                (Case::Lower, Case::Lower) => {
                    let after = words.get(count + 1);
                    let closed = after.is_none_or(|after| {
                        after.word.gap != " "
                            || ["i", "and", "my", "from"].contains(&after.word.text)
                    });
                    let second = told && count == 1 && closed && names.is_given(&self.folded);
                    (names.is_name(&next.folded) && !names.is_word(&next.folded)) || second
                }
                (Case::Lower, _) => false,
                (Case::Upper, case) => case == Case::Upper || case == Case::Initial,
                (_, Case::Lower) => false,
                (_, Case::Upper) => {
                    next.word.text.chars().count() < 4 || names.is_name(&next.folded)
                }
                _ => true,
            };
            if fits {
                count += 1;
                continue;
            }
            // `van der Berg`, `al Hassan`.
            let is_particle = |(at, seen): &(usize, &Seen)| {
                PARTICLES.contains(&seen.folded.as_str()) && (*at == 0 || seen.word.gap == " ")
            };
            let particles = words[count..]
                .iter()
                .enumerate()
                .take_while(is_particle)
                .count();
            let end = count + particles;
            let follows = words
                .get(end)
                .is_some_and(|word| word.case == Case::Capital && word.word.gap.len() == 1);
            if particles == 0 || !follows || end >= LONGEST || words[end].is_none() {
                break;
            }
            count = end + 1;
        }
        count
    }
}

#[rustfmt::skip]
const PARTICLES: [&str; 20] = [
    "van", "von", "der", "den", "de", "da", "di", "del", "della", "dos", "das", "la", "le", "bin", "ibn",
    "bint", "al", "el", "abu", "ter",
];

#[cfg(test)]
mod tests {
    use crate::enrich::privacy::tests::{check, stay};

    #[test]
    fn names_beside_a_cue() {
        check(&[
            ("my name is Helen Okafor and I", "my name is [name] and I"),
            ("My name is sarvenaz.", "My name is [name]."),
            ("Hi, my name's Bridget O'Hara.", "Hi, my name's [name]."),
            ("I'm Fatima Kareem from Leeds", "I'm [name] from Leeds"),
            ("i'm sara, from bonn", "i'm [name], from bonn"),
            ("This is Sarvenaz speaking", "This is [name] speaking"),
            ("Name: Anna-Lena Vogt", "Name: [name]"),
            ("Dear Mr. Alder, your", "Dear Mr. [name], your"),
            ("dear Grace, your answer", "dear [name], your answer"),
            ("Best regards,\nJ. R. van der Berg", "Best regards,\n[name]"),
            ("Thanks,\nPriya", "Thanks,\n[name]"),
            ("Ich heiße Bettina Vogt", "Ich heiße [name]"),
            ("spoke with Agent Sarah who", "spoke with Agent [name] who"),
            ("My wife Sunita placed it", "My wife [name] placed it"),
            ("thank you, Jessica, for it", "thank you, [name], for it"),
            ("in the name of Hugo Lambertz.", "in the name of [name]."),
            ("No answer yet - Carlos Mendez", "No answer yet - [name]"),
            ("меня зовут Ольга Иванова", "меня зовут [name]"),
            ("Full name Jean-Pierre Moreau", "Full name [name]"),
            ("Hi, Rosalind Achebe here again", "Hi, [name] here again"),
            (
                "Name on the card: Beatrix A. Nolan",
                "Name on the card: [name]",
            ),
            ("Holder name: DELGADO, MARIA TERESA", "Holder name: [name]"),
            ("My daughter Zdenka cried", "My daughter [name] cried"),
            ("agent Devonte told me", "agent [name] told me"),
            (
                "my name is Kristyna not Christina",
                "my name is [name] not [name]",
            ),
            (
                "my name is bogdan ionescescu i ordered",
                "my name is [name] i ordered",
            ),
            ("booked under Sorensen.", "booked under [name]."),
        ]);
    }

    #[test]
    fn other_words_stay() {
        stay(&[
            "I am angry with this",
            "I am Legend is a good film",
            "I'm Samsung through and through",
            "i'm frank with you",
            "my name is on the list",
            "my name is wrong on the ticket",
            "name: required",
            "what's in a name",
            "regards, a very unhappy customer",
            "Thanks, Royal Mail, for losing it",
            "Dear Sir or Madam, please refund",
            "dear support, where is my order",
            "call me crazy, but I liked it",
            "This is Black Friday, not a sale",
            "Dr Pepper was warm",
            "thanks Amazon for nothing",
            "agent Orange is a bad name",
            "my wife ordered it",
            "Three weeks late - Not good",
            "name of the product: Galaxy Tab",
            "English speaking staff",
            "Hi there, Black screen again",
            "ask for Discount at the desk",
        ]);
    }
}
