//! Reading the file of cues.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use toml::Spanned;

use super::cues::{Cue, Cues, Entry, Languages, Meaning, Negator};
use super::marks::{Emotion, PHASES, STAGES, TOUCHPOINTS};
use super::urgency::Reason;
use super::wants::Want;
use crate::enrich::phrases::{self, Phrases};

/// What is wrong with a file of cues, and the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CuesError {
    /// The file is no TOML of the right shape.
    #[error("line {line}: {message}; `models/cues.toml` of the program shows the shape")]
    Shape {
        /// Line in the file, from 1.
        line: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// Nothing of this name is known.
    #[error("line {line}: no cue says `{says}`; known: {KNOWN}")]
    UnknownCue {
        /// Line of the cue.
        line: usize,
        /// As it stands in the file.
        says: String,
    },
    /// A cue or negator without phrases would never be found.
    #[error("line {line}: `{says}` has no phrases; add some, or remove it")]
    NoPhrases {
        /// Line of the cue or negator.
        line: usize,
        /// What the cue says, or the language of the negator.
        says: String,
    },
    /// A phrase without letter or digit.
    #[error("line {line}: phrase `{phrase}` of `{says}` has no letter or digit; remove it")]
    EmptyPhrase {
        /// Line of the cue or negator.
        line: usize,
        /// What the cue says, or the language of the negator.
        says: String,
        /// As it stands in the file.
        phrase: String,
    },
    /// The file holds one phrase of a cue as its own exception.
    #[error("line {line}: `{phrase}` of `{says}` is also in its `not`; keep it in one of them")]
    Excepted {
        /// Line of the cue or negator.
        line: usize,
        /// What the cue says, or the language of the negator.
        says: String,
        /// As it stands in the file.
        phrase: String,
    },
    /// No cues at all, or more phrases than fit.
    #[error("{0}")]
    Unusable(String),
}

/// For the message about an unknown cue.
const KNOWN: &str = "complaint, question, request, suggestion, praise, churn_risk, escalation, \
    resolved, urgency=safety|stranded|deadline|money|asked, \
    emotion=anger|worry|disappointment|confusion|joy|gratitude, effort=-5…5 without 0, profanity, \
    repeated, stage=…, phase=…, touchpoint=…, llm_artifact, mt_suspect, boilerplate";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(default)]
    negator: Vec<FileNegator>,
    #[serde(default)]
    cue: Vec<FileCue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNegator {
    language: Spanned<String>,
    side: Side,
    reach: usize,
    words: Vec<String>,
    #[serde(default)]
    not: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Before,
    After,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCue {
    says: Spanned<String>,
    #[serde(default = "yes")]
    negation: bool,
    #[serde(default)]
    not: Vec<String>,
    #[serde(default)]
    phrases: BTreeMap<String, Vec<String>>,
}

fn yes() -> bool {
    true
}

/// Reads and checks a file of cues.
pub(super) fn cues(toml: &str) -> Result<Cues, CuesError> {
    let line_of = |at: usize| 1 + toml.bytes().take(at).filter(|b| *b == b'\n').count();
    let file: File = toml::from_str(toml).map_err(|error| CuesError::Shape {
        line: error.span().map_or(1, |span| line_of(span.start)),
        message: error.message().to_owned(),
    })?;
    let mut lexicon = Lexicon::default();
    let mut negators = Vec::new();
    for (group, negator) in file.negator.iter().enumerate() {
        let language = lexicon.language(negator.language.get_ref())?;
        let place = Place {
            line: line_of(negator.language.span().start),
            says: negator.language.get_ref(),
        };
        lexicon.add(&place, &negator.words, Meaning::Negator(group))?;
        lexicon.except(&place, &negator.not, Meaning::NoNegator(group), |m| {
            m == Meaning::Negator(group)
        })?;
        negators.push(Negator {
            language,
            before: matches!(negator.side, Side::Before),
            reach: negator.reach,
        });
    }
    let mut entries = Vec::new();
    for (entry, cue) in file.cue.iter().enumerate() {
        let place = Place {
            line: line_of(cue.says.span().start),
            says: cue.says.get_ref(),
        };
        let says = named(place.says).ok_or_else(|| CuesError::UnknownCue {
            line: place.line,
            says: place.says.to_owned(),
        })?;
        if cue.phrases.is_empty() {
            return Err(place.no_phrases());
        }
        for (language, list) in &cue.phrases {
            let language = lexicon.language(language)?;
            lexicon.add(&place, list, Meaning::Cue(entry, language))?;
        }
        lexicon.except(
            &place,
            &cue.not,
            Meaning::NoCue(entry),
            |m| matches!(m, Meaning::Cue(of, _) if of == entry),
        )?;
        entries.push(Entry {
            cue: says,
            negatable: cue.negation,
        });
    }
    if entries.is_empty() {
        return Err(CuesError::Unusable(
            "no [[cue]] at all; add one, or leave the setting out to use the built-in cues"
                .to_owned(),
        ));
    }
    let words = lexicon.words.iter().map(|(word, _)| word.as_str());
    Ok(Cues {
        version: file.version,
        phrases: Phrases::new(words),
        meanings: lexicon.words.into_iter().map(|(_, of)| of).collect(),
        entries,
        negators,
    })
}

/// What a cue of this name says.
fn named(name: &str) -> Option<Cue> {
    let one_of = |names: &'static [&'static str], name: &str| {
        names.iter().copied().find(|known| *known == name)
    };
    match name.split_once('=') {
        Some(("urgency", reason)) => Reason::named(reason).map(Cue::Urgency),
        Some(("emotion", name)) => {
            let emotion = Emotion::ALL.into_iter().find(|e| e.name() == name);
            emotion.map(Cue::Emotion)
        }
        Some(("effort", effort)) => {
            let effort = effort.parse().ok();
            effort
                .filter(|e| *e != 0 && (-5..=5).contains(e))
                .map(Cue::Effort)
        }
        Some(("stage", stage)) => one_of(&STAGES, stage).map(Cue::Stage),
        Some(("phase", phase)) => one_of(&PHASES, phase).map(Cue::Phase),
        Some(("touchpoint", point)) => one_of(&TOUCHPOINTS, point).map(Cue::Touchpoint),
        Some(_) => None,
        None => match name {
            "resolved" => Some(Cue::Resolved),
            "profanity" => Some(Cue::Profanity),
            "repeated" => Some(Cue::Repeated),
            "llm_artifact" => Some(Cue::LlmArtifact),
            "mt_suspect" => Some(Cue::MachineTranslation),
            "boilerplate" => Some(Cue::Boilerplate),
            name => Want::named(name).map(Cue::Want),
        },
    }
}

/// Where in the file something stands.
struct Place<'a> {
    line: usize,
    says: &'a str,
}

impl Place<'_> {
    fn no_phrases(&self) -> CuesError {
        CuesError::NoPhrases {
            line: self.line,
            says: self.says.to_owned(),
        }
    }
}

impl Meaning {
    /// Whether both say the same, in whatever languages.
    fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Cue(one, _), Self::Cue(other, _)) => one == other,
            (one, other) => one == other,
        }
    }
}

/// All phrases of the file, each once.
#[derive(Default)]
struct Lexicon {
    words: Vec<(String, Vec<Meaning>)>,
    numbers: HashMap<String, usize>,
    languages: Vec<String>,
}

impl Lexicon {
    /// The set of a language alone.
    fn language(&mut self, name: &str) -> Result<Languages, CuesError> {
        let known = self.languages.iter().position(|known| known == name);
        let number = known.unwrap_or(self.languages.len());
        if known.is_none() {
            self.languages.push(name.to_owned());
        }
        let bit = u32::try_from(number).ok();
        let bit = bit.and_then(|number| Languages::checked_shl(1, number));
        bit.ok_or_else(|| {
            let most = Languages::BITS;
            CuesError::Unusable(format!("more than {most} languages; remove some"))
        })
    }

    fn add(&mut self, place: &Place, list: &[String], means: Meaning) -> Result<(), CuesError> {
        if list.is_empty() {
            return Err(place.no_phrases());
        }
        for phrase in list {
            let meanings = self.meanings(place, phrase)?;
            // One phrase of several languages, or spellings that coincide.
            let known = meanings.iter_mut().find(|known| known.is_same(means));
            match (known, means) {
                (Some(Meaning::Cue(_, known)), Meaning::Cue(_, more)) => *known |= more,
                (Some(_), _) => {}
                (None, means) => meanings.push(means),
            }
        }
        Ok(())
    }

    /// Adds phrases that hold another and mean something else.
    fn except(
        &mut self,
        place: &Place,
        list: &[String],
        means: Meaning,
        is_own: impl Fn(Meaning) -> bool,
    ) -> Result<(), CuesError> {
        for phrase in list {
            let meanings = self.meanings(place, phrase)?;
            if meanings.iter().any(|known| is_own(*known)) {
                return Err(CuesError::Excepted {
                    line: place.line,
                    says: place.says.to_owned(),
                    phrase: phrase.clone(),
                });
            }
            meanings.push(means);
        }
        Ok(())
    }

    fn meanings(&mut self, place: &Place, phrase: &str) -> Result<&mut Vec<Meaning>, CuesError> {
        let empty = || CuesError::EmptyPhrase {
            line: place.line,
            says: place.says.to_owned(),
            phrase: phrase.to_owned(),
        };
        let folded = phrases::folded(phrase).ok_or_else(empty)?;
        let number = *self.numbers.entry(folded.clone()).or_insert_with(|| {
            self.words.push((folded, Vec::new()));
            self.words.len() - 1
        });
        self.words
            .get_mut(number)
            .map(|(_, meanings)| meanings)
            .ok_or_else(empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known() {
        for name in [
            "complaint",
            "churn_risk",
            "resolved",
            "urgency=money",
            "emotion=joy",
        ] {
            assert!(named(name).is_some(), "{name}");
        }
        assert_eq!(named("effort=-3"), Some(Cue::Effort(-3)));
        assert_eq!(named("touchpoint=cart"), Some(Cue::Touchpoint("cart")));
        for name in [
            "other",
            "urgency=anger",
            "effort=0",
            "effort=6",
            "stage=x",
            "x=y",
            "",
        ] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn broken_files_are_refused_with_line_cue_and_mend() {
        const CUE: &str = "version = \"1\"\n[[cue]]\nsays = \"complaint\"\n";
        let one = format!("{CUE}[cue.phrases]\nen = [\"late\"]\n");
        assert!(cues(&one).is_ok());
        let error = |toml: String| match cues(&toml) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("accepted"),
        };
        for (toml, parts) in [
            ("version = \"1\"".to_owned(), ["no [[cue]]", "add one"]),
            (
                one.replace("complaint", "grumble"),
                ["line 3: no cue says `grumble`", "known: "],
            ),
            (
                CUE.to_owned(),
                ["line 3: `complaint` has no phrases", "add some"],
            ),
            (
                one.replace("\"late\"", ""),
                ["line 3: `complaint`", "add some"],
            ),
            (
                one.replace("late", "…"),
                ["line 3: phrase `…`", "remove it"],
            ),
            (
                one.replace("[cue.phrases]", "not = [\"LATE\"]\n[cue.phrases]"),
                ["line 3: `LATE` of `complaint`", "keep it in one"],
            ),
            (format!("{one}colour = 1\n"), ["line 6", "shape"]),
            ("version = 1".to_owned(), ["line 1", "shape"]),
            (
                format!(
                    "{one}[[negator]]\nlanguage = \"en\"\nside = \"before\"\nreach = 1\nwords = []\n"
                ),
                ["line 7: `en`", "add some"],
            ),
        ] {
            let message = error(toml);
            for part in parts {
                assert!(message.contains(part), "{message:?} lacks {part:?}");
            }
        }
    }
}
