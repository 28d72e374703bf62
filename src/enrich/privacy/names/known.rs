//! Names that are known, and words that look like them: `models/names.toml`.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::text::MatchForm;

/// The lists, ready to look up. Words are asked for in match form.
pub(super) struct Known {
    pub(super) latin: Script,
    pub(super) arabic: Script,
    /// Of `arabic`: what somebody may say of themselves in Persian.
    pub(super) persian_words: HashSet<String>,
    pub(super) chinese_surnames: HashSet<String>,
    /// Characters of Chinese given names.
    pub(super) chinese_given: HashSet<char>,
    /// Words that begin with a Chinese surname.
    pub(super) chinese_words: HashSet<String>,
}

/// Names of a script with spaces.
pub(super) struct Script {
    given: HashSet<String>,
    surnames: HashSet<String>,
    words: HashSet<String>,
}

impl Script {
    /// A first name, or two of them in one word: «غلامحسین».
    pub(super) fn is_given(&self, word: &str) -> bool {
        self.given.contains(word)
            || COMPOUNDS.iter().any(|first| {
                let second = word.strip_prefix(first);
                second.is_some_and(|second| second.len() > 4 && self.given.contains(second))
            })
    }

    /// A family name.
    pub(super) fn is_surname(&self, word: &str) -> bool {
        self.surnames.contains(word)
    }

    /// Either.
    pub(super) fn is_name(&self, word: &str) -> bool {
        self.is_given(word) || self.is_surname(word)
    }

    /// A name that is a word as well.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

/// First halves of first names in the Arabic script, in match form.
const COMPOUNDS: [&str; 8] = ["محمد", "امیر", "علی", "غلام", "سید", "عبدال", "حسین", "گل"];

/// The names of `models/names.toml`.
pub(super) fn known() -> &'static Known {
    &KNOWN
}

/// A file that can't be read would leave the lists empty; a test refutes that.
static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../../../models/names.toml")).unwrap_or_default();
    Known {
        latin: Script {
            given: folded(&file.latin.given),
            surnames: folded(&file.latin.surnames),
            words: folded(&file.latin.words),
        },
        persian_words: folded(&file.arabic.persian_words),
        arabic: Script {
            given: folded(&file.arabic.given),
            surnames: folded(&file.arabic.surnames),
            words: folded(&file.arabic.words),
        },
        chinese_surnames: folded(&file.chinese.surnames),
        chinese_given: file.chinese.given.chars().collect(),
        chinese_words: folded(&file.chinese.words),
    }
});

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    latin: LatinFile,
    arabic: ArabicFile,
    chinese: ChineseFile,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LatinFile {
    given: String,
    surnames: String,
    words: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArabicFile {
    given: String,
    surnames: String,
    words: String,
    persian_words: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChineseFile {
    surnames: String,
    given: String,
    words: String,
}

fn folded(list: &str) -> HashSet<String> {
    list.split([',', '\n'])
        .map(|name| MatchForm::of(name.trim()).text)
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read() {
        let known = known();
        assert!(known.latin.is_given("sara") && known.latin.is_surname("smith"));
        assert!(known.latin.is_word("mark") && !known.latin.is_word("sara"));
        assert!(known.arabic.is_given("علی") && known.arabic.is_surname("القحطانی"));
        assert!(known.persian_words.contains("راضی"));
        assert!(known.chinese_surnames.contains("欧阳") && known.chinese_given.contains(&'芳'));
        assert!(known.chinese_words.contains("白天"));
    }
}
