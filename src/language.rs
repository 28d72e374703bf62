//! The language of a text, found on its raw form: ي and ی, ك and ک are its best evidence.
//!
//! `letters` reads the words that are evidence, each in one script. Where a script has one language
//! the script is the answer; else `score` adds up what the n-grams of the words speak for, out of
//! the table of `model`, with what `hints` say where the letters leave it open. `confidence` tells
//! how sure that is, `chinese` which characters, `parts` what else a mixed text is in. `mojibake`
//! comes before all that: a text read in a wrong code page is repaired first.

use std::cell::RefCell;

pub mod chars;
pub mod chinese;
pub mod classes;
pub mod confidence;
pub mod hints;
pub mod letters;
pub mod model;
pub mod mojibake;
pub mod parts;
pub mod score;
pub mod short;

pub use hints::Hints;
pub use model::Model;

use classes::{Class, Script, UNKNOWN};
use confidence::Evidence;
use letters::{Letters, Word};
use model::MOST_COLUMNS;
use score::{Candidate, Score};

/// Main language of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Language {
    /// Base subtag: `fa`, `zh`, `und`.
    pub base: &'static str,
    /// Full BCP-47 tag: `fa-Latn`, `zh-Hans`, `und`.
    pub tag: &'static str,
    /// Share of such answers that are right: 0 to 1.
    pub confidence: f32,
}

/// Share of a text in one language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LanguageShare {
    /// Base subtag.
    pub language: &'static str,
    /// Full tag.
    pub language_tag: &'static str,
    /// Share of the letters, 0 to 1.
    pub share: f32,
}

/// What a text is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// Main language.
    pub language: Language,
    /// Main language first; empty for texts without letters.
    pub parts: Vec<LanguageShare>,
}

/// A language that the configuration names and no class is.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is no language that is told apart")]
pub struct UnknownLanguage(pub String);

/// Tags of all classes: each script's in their order, and Chinese that tells its characters.
pub fn tags() -> impl Iterator<Item = &'static str> {
    classes::all()
        .filter(|class| class.is_answer())
        .map(|class| class.tag)
}

/// Finds languages. Shared by all threads.
#[derive(Debug, Clone)]
pub struct Detector {
    model: Model,
    expected: Vec<Class>,
    left_out: Vec<Class>,
}

/// What some words are in, and on what evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The answer.
    pub language: Language,
    /// What its confidence rests on; `None` if the script alone tells.
    pub evidence: Option<Evidence>,
}

/// Nats behind the best at which a class has no share of the probability.
const NOTHING: f32 = -17.0;
/// Confidence where a script has one language: others that write it are no classes.
const SCRIPT_ALONE: f32 = 0.98;

thread_local! {
    /// Kept from text to text, so that reading allocates nothing.
    static LETTERS: RefCell<Letters> = RefCell::default();
}

impl Detector {
    /// A detector with a model.
    pub fn new(model: Model) -> Self {
        Self {
            model,
            expected: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Weighs the classes of these tags: where the letters leave it open, it is one of them.
    ///
    /// # Errors
    /// A tag is no class.
    pub fn expecting(mut self, tags: &[String]) -> Result<Self, UnknownLanguage> {
        let known = |tag: &String| {
            let class = classes::class(tag).filter(|class| class.is_answer());
            class.ok_or_else(|| UnknownLanguage(tag.clone()))
        };
        self.expected = tags.iter().map(known).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Never answers with some classes: what they cost the others is seen without them.
    pub fn without(mut self, is_left_out: impl Fn(&Class) -> bool) -> Self {
        self.left_out = classes::all().filter(is_left_out).collect();
        self
    }

    /// Name and version of the model, for the stamp of rows.
    pub fn version(&self) -> &str {
        self.model.version()
    }

    /// Language of a text and of its parts. Time is linear in its length.
    pub fn detect(&self, raw: &str, hints: Hints) -> Detected {
        LETTERS.with_borrow_mut(|letters| {
            letters.read(raw);
            let Some(script) = letters.script() else {
                return Detected {
                    language: Language::UNKNOWN,
                    parts: Vec::new(),
                };
            };
            let of_script = letters.words().iter().filter(|word| word.script == script);
            let whole = self.words(letters, script, of_script, hints);
            let (language, parts) = parts::of(self, letters, script, whole, hints);
            Detected { language, parts }
        })
    }

    /// What some words of one script are in.
    pub fn words<'a>(
        &self,
        letters: &Letters,
        script: Script,
        words: impl Iterator<Item = &'a Word> + Clone,
        hints: Hints,
    ) -> Found {
        if let [tag] = script.tags() {
            return Found::by_script(tag);
        }
        if script == Script::Han {
            let (all, kana) = words.clone().fold((0, 0), |(all, kana), word| {
                let kana_here = letters
                    .of(word)
                    .iter()
                    .filter(|c| chars::is_kana(**c))
                    .count();
                (all + word.letters.len(), kana + kana_here)
            });
            // A の stands in Chinese brands too.
            if kana > 1 && 10 * kana >= all || kana > 0 && 4 * kana >= all {
                return Found::by_script("ja");
            }
        }
        let mut score = Score::default();
        score.read(&self.model, letters, script, words.clone());
        let mut found = self.best(&score, script, hints);
        if found.language.tag == "zh" {
            let characters = words.flat_map(|word| letters.of(word)).copied();
            found.language.tag = chinese::tag(characters);
        }
        found
    }

    fn best(&self, score: &Score, script: Script, hints: Hints) -> Found {
        let weigh = |mut candidate: Candidate| {
            candidate.score += hints.favour(candidate.class, score.letters());
            // Which Chinese is told by its characters, after this.
            let chinese = candidate.class.tag == "zh";
            let is = |class: &Class| class.is(candidate.class) || chinese && class.base == "zh";
            if self.expected.iter().any(is) {
                candidate.score += hints::EXPECTED;
            }
            candidate
        };
        let stays =
            |candidate: &Candidate| !(self.left_out.iter()).any(|class| class.is(candidate.class));
        let candidates = score.candidates(&self.model, script);
        let (mut scores, mut count) = ([0.0; MOST_COLUMNS], 0);
        let mut best: Option<Candidate> = None;
        for candidate in candidates.filter(stays).map(weigh) {
            scores[count] = candidate.score;
            count += 1;
            if candidate.class.is_answer() && best.is_none_or(|b| candidate.score >= b.score) {
                best = Some(candidate);
            }
        }
        let Some(best) = best.filter(|best| best.familiar > 0.0) else {
            return match script {
                // Rare characters: Chinese has most of them.
                Script::Han => Found::by_script("zh").doubtful(),
                _ => Found::nothing(),
            };
        };
        // Those far behind add nothing that a float has room for.
        let near = scores[..count].iter().map(|score| score - best.score);
        let all: f32 = near.filter(|lead| *lead > NOTHING).map(f32::exp).sum();
        let evidence = Evidence {
            probability: 1.0 / all,
            familiar: best.familiar,
            letters: score.letters(),
        };
        Found {
            language: Language {
                base: best.class.base,
                tag: best.class.tag,
                confidence: evidence.confidence(&self.model.weights().confidence),
            },
            evidence: Some(evidence),
        }
    }
}

impl Found {
    fn by_script(tag: &'static str) -> Self {
        Self {
            language: Language {
                base: tag,
                tag,
                confidence: SCRIPT_ALONE,
            },
            evidence: None,
        }
    }

    fn doubtful(mut self) -> Self {
        self.language.confidence = 0.5;
        self
    }

    fn nothing() -> Self {
        Self {
            language: Language::UNKNOWN,
            evidence: None,
        }
    }
}

impl Language {
    /// No letters, or none that tell anything.
    pub const UNKNOWN: Self = Self {
        base: UNKNOWN,
        tag: UNKNOWN,
        confidence: 0.0,
    };
}
