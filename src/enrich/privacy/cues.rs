//! Words by which a text says that personal data stands beside them, found by one automaton.
//!
//! Most texts hold none, and for them this scan is all that names and addresses cost.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::words::is_arabic_letter;
use super::{address, names, network, passport, secret};
use crate::text::{is_arabic, is_unspaced};

/// What stands beside a cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// The name of a person.
    Name(names::How),
    /// The number of a passport, after it.
    Passport,
    /// A password, token or key, after it.
    Secret(secret::Sort),
    /// The `@` of an e-mail address, spelled in brackets.
    At,
    /// The dot of an e-mail address, spelled.
    Dot,
    /// A part of a postal address.
    Address(address::Part),
}

/// A cue in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) cue: Cue,
    /// Its bytes in the text.
    pub(super) range: Range<usize>,
}

/// All cues of a text, in the order of their ends; those of names that overlap, too.
pub(super) fn hits(text: &str) -> Vec<Hit> {
    let Some(cues) = &*CUES else {
        return Vec::new();
    };
    cues.automaton
        .find_overlapping_iter(text)
        .filter_map(|hit| {
            let cue = *cues.cues.get(hit.pattern().as_usize())?;
            let fits = match cue {
                Cue::Name(how) => names::may_follow(text, how, &hit.range()),
                Cue::Address(part) => address::may_stand(text, part, &hit.range()),
                _ => true,
            };
            (fits && is_word(text, cue, hit.range())).then(|| Hit {
                cue,
                range: hit.range(),
            })
        })
        .collect()
}

struct Cues {
    automaton: AhoCorasick,
    /// Meaning of each pattern.
    cues: Vec<Cue>,
}

/// `None` only if the automaton can't hold the lists, which a test refutes.
static CUES: LazyLock<Option<Cues>> = LazyLock::new(|| {
    let lists = [
        names::CUES,
        address::CUES,
        passport::CUES,
        secret::CUES,
        network::CUES,
    ];
    let (words, cues): (Vec<_>, Vec<_>) = lists
        .into_iter()
        .flatten()
        .flat_map(|(cue, words)| words.iter().map(move |word| (word, *cue)))
        .flat_map(|(word, cue)| spellings(word).into_iter().map(move |word| (word, cue)))
        .unzip();
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .prefilter(false)
        .build(words)
        .ok()?;
    Some(Cues { automaton, cues })
});

/// How keyboards write a word of the Arabic script: with Persian or Arabic letters, with and without
/// the signs on an alef.
fn spellings(word: &str) -> Vec<String> {
    let mut all = vec![word.to_owned()];
    if word.is_ascii() {
        return all;
    }
    let bare = |word: &str| word.replace(['أ', 'إ', 'آ'], "ا");
    let persian = |word: &str| word.replace('ي', "ی").replace('ك', "ک");
    let arabic = |word: &str| word.replace('ی', "ي").replace('ک', "ك");
    let round = |word: &str| word.replace('ة', "ه");
    for spelling in [
        bare(word),
        persian(word),
        arabic(word),
        round(word),
        persian(&bare(word)),
        arabic(&bare(word)),
        round(&bare(word)),
        word.replace(' ', "\u{200C}"),
        match word.rsplit_once(' ') {
            Some((words, last)) => format!("{words}\u{200C}{last}"),
            None => word.to_owned(),
        },
        arabic(word).replace(' ', "\u{200C}"),
    ] {
        if !all.contains(&spelling) {
            all.push(spelling);
        }
    }
    all
}

/// Whether the cue is no part of a longer word. In the Arabic script `و` may stand before it; scripts
/// without spaces have no words to be part of.
fn is_word(text: &str, cue: Cue, range: Range<usize>) -> bool {
    let (before, word, after) = (
        &text[..range.start],
        &text[range.clone()],
        &text[range.end..],
    );
    // Letters of another script end a word: `پاسپورتمR0670`.
    let inside = |edge: Option<char>, neighbour: Option<char>| {
        edge.zip(neighbour).is_some_and(|(edge, neighbour)| {
            // Most cues by far are parts of longer words of these letters.
            if is_arabic_letter(edge) && is_arabic_letter(neighbour) {
                return true;
            }
            if edge.is_ascii() && neighbour.is_ascii() {
                return edge.is_ascii_alphanumeric() && neighbour.is_ascii_alphanumeric();
            }
            let both = |such: fn(char) -> bool| such(edge) && such(neighbour);
            both(char::is_alphanumeric)
                && !is_unspaced(edge)
                && !is_unspaced(neighbour)
                && is_arabic(edge) == is_arabic(neighbour)
        })
    };
    if inside(word.chars().next_back(), after.chars().next()) {
        return false;
    }
    // `Marienstraße`.
    if cue == Cue::Address(address::Part::Ending) {
        return before.ends_with(char::is_alphabetic);
    }
    let first = word.chars().next();
    // `لشارع`, `بحي`: where a parcel goes.
    let grown: &[char] = match cue {
        Cue::Address(_) => &['و', 'ل', 'ب'],
        _ => &['و'],
    };
    // `بـعمارة`.
    let before = before.strip_suffix('ـ').unwrap_or(before);
    let before = match before.strip_suffix(grown) {
        Some(rest) if first.is_some_and(is_arabic) => rest,
        _ => before,
    };
    !inside(first, before.chars().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        hits(text).into_iter().map(|hit| &text[hit.range]).collect()
    }

    #[test]
    fn cues_are_whole_words_in_any_spelling() {
        assert!(CUES.is_some());
        assert!(found("My NAME is x").contains(&"My NAME is"));
        assert!(found("واسمي x").contains(&"اسمي"));
        assert!(found("أنا x, انا x").contains(&"انا"));
        assert!(found("我的姓名：x").contains(&"姓名"));
        for none in ["surnames", "renamed", "passporting", "مثلشارع"] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }
}
