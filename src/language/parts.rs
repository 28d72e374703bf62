//! Texts in more than one language: what share each has.
//!
//! A part is a sentence, or a run of another script within one. A single word of a second language
//! is none, nor are names and products.

use super::classes::Script;
use super::letters::{Letters, Word};
use super::{Detector, Found, Hints, Language, LanguageShare};

/// Fewer words, or fewer letters, are no part of their own.
const WORDS: usize = 3;
const LETTERS: usize = 12;
/// Chinese has no words to count: one letter here is about two elsewhere.
const CHARACTERS: usize = 6;
/// A sentence is in another language than the whole if that is as sure as this.
const SURE: f32 = 0.7;
/// Words of another script are in another language anyway: in which one must be as sure as this.
const LIKELY: f32 = 0.2;

/// Some words of a text, and what they were found to be in.
struct Part {
    language: Language,
    letters: usize,
}

/// Shares of a text's languages, the greatest first, and the language of that one. `whole`: what
/// the words of the main script are in, taken together.
pub fn of(
    detector: &Detector,
    letters: &Letters,
    main: Script,
    whole: Found,
    hints: Hints,
) -> (Language, Vec<LanguageShare>) {
    let words = letters.words();
    let mixed = words.iter().any(|word| word.script != main);
    let sentences = words.last().map_or(0, |word| word.sentence + 1);
    if !mixed && sentences < 2 {
        return (whole.language, vec![share(whole.language, 1.0)]);
    }
    let scripts = match mixed {
        true => &Script::ALL[..],
        false => std::slice::from_ref(&main),
    };
    let mut parts: Vec<Part> = Vec::new();
    for sentence in words.chunk_by(|a, b| a.sentence == b.sentence) {
        for &script in scripts {
            let of_script = || sentence.iter().filter(move |word| word.script == script);
            if of_script().next().is_none() {
                continue;
            }
            let language = match is_part(script, of_script()) {
                true => own(detector, letters, script, of_script(), (main, whole), hints),
                false => whole.language,
            };
            let count = of_script().map(|word| word.letters.len()).sum();
            match parts
                .iter_mut()
                .find(|part| part.language.tag == language.tag)
            {
                Some(part) => {
                    part.letters += count;
                    if language.confidence > part.language.confidence {
                        part.language = language;
                    }
                }
                None => parts.push(Part {
                    language,
                    letters: count,
                }),
            }
        }
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.letters));
    let all: usize = parts.iter().map(|part| part.letters).sum();
    let main = parts.first().map_or(whole.language, |part| part.language);
    let of_all = |part: &Part| share(part.language, part.letters as f32 / all.max(1) as f32);
    (main, parts.iter().map(of_all).collect())
}

fn is_part<'a>(script: Script, words: impl Iterator<Item = &'a Word>) -> bool {
    let (mut count, mut letters) = (0, 0);
    for word in words {
        // Names are words of any language.
        count += usize::from(!word.capital || count == 0);
        letters += word.letters.len();
    }
    match script {
        Script::Han => letters >= CHARACTERS,
        _ => count >= WORDS && letters >= LETTERS,
    }
}

/// Language of a part: its own where that is beyond doubt, else that of the whole.
fn own<'a>(
    detector: &Detector,
    letters: &Letters,
    script: Script,
    words: impl Iterator<Item = &'a Word> + Clone,
    (main, whole): (Script, Found),
    hints: Hints,
) -> Language {
    let found = detector.words(letters, script, words, hints).language;
    let least = if script == main { SURE } else { LIKELY };
    match found.confidence >= least {
        true => found,
        false => whole.language,
    }
}

fn share(language: Language, share: f32) -> LanguageShare {
    LanguageShare {
        language: language.base,
        language_tag: language.tag,
        share,
    }
}
