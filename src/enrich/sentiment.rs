//! Sentiment of a text: a linear model on hashed n-grams, and a small network on the same.
//!
//! The linear part has weights that all languages share and, for languages in training, weights of
//! their own; the network reads three tokens at a time, so that it tells `not good` from `good`. Their
//! logits are added. A text whose language is unknown, doubtful or was never trained is judged by what
//! languages share. The label is the likeliest of negative, neutral and positive; no whole text is
//! called mixed, because the training data hold too few such texts to learn it: what a text praises
//! and what it blames is told by the sentiments of its topics. `models/sentiment.md` has the figures.

use std::borrow::Cow;

use super::Language;

pub mod file;
pub mod linear;
pub mod network;

use super::features::{Part, Tokens};
pub use super::model_file::ModelError;

/// Label of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    /// Unhappy.
    Negative,
    /// Neither.
    Neutral,
    /// Happy.
    Positive,
    /// Both, clearly.
    Mixed,
    /// No text to judge by.
    Unknown,
}

impl Label {
    /// Name in tables and answers.
    pub fn name(self) -> &'static str {
        match self {
            Label::Negative => "negative",
            Label::Neutral => "neutral",
            Label::Positive => "positive",
            Label::Mixed => "mixed",
            Label::Unknown => "unknown",
        }
    }
}

/// Sentiment of a text or clause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sentiment {
    /// The label.
    pub label: Label,
    /// p(positive) − p(negative), −1 to 1; 0 for unknown.
    pub score: f32,
    /// Probability of the label, 0 to 1; 0 for unknown.
    pub confidence: f32,
}

impl Sentiment {
    /// No text to judge by.
    pub const UNKNOWN: Self = Self {
        label: Label::Unknown,
        score: 0.0,
        confidence: 0.0,
    };

    /// From the logits of negative, neutral and positive.
    fn from_logits(logits: [f32; 3]) -> Self {
        let p = softmax(logits);
        let [negative, neutral, positive] = p;
        let (label, confidence) = if neutral >= negative && neutral >= positive {
            (Label::Neutral, neutral)
        } else if negative >= positive {
            (Label::Negative, negative)
        } else {
            (Label::Positive, positive)
        };
        Self {
            label,
            score: positive - negative,
            confidence,
        }
    }
}

/// Probabilities of logits.
pub fn softmax(logits: [f32; 3]) -> [f32; 3] {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let e = logits.map(|z| (z - most).exp());
    let sum: f32 = e.iter().sum();
    e.map(|v| v / sum)
}

/// The trained model.
pub struct Model {
    parts: file::Parts,
}

impl Model {
    /// The model that Sada is delivered with.
    ///
    /// # Errors
    /// None in a sound build; the file is checked all the same.
    pub fn built_in() -> Result<Self, ModelError> {
        let bytes: &'static [u8] = include_bytes!("../../models/sentiment.bin");
        Ok(Self {
            parts: file::Parts::decode(Cow::Borrowed(bytes))?,
        })
    }

    /// Reads a model file written by `sada train sentiment`.
    ///
    /// # Errors
    /// The bytes are no such file, or a damaged one.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ModelError> {
        Ok(Self {
            parts: file::Parts::decode(Cow::Owned(bytes))?,
        })
    }

    /// A model fresh from training.
    pub fn from_parts(parts: file::Parts) -> Self {
        Self { parts }
    }

    /// What the file holds.
    pub fn parts(&self) -> &file::Parts {
        &self.parts
    }

    /// What a file of it would hold.
    pub fn into_parts(self) -> file::Parts {
        self.parts
    }

    /// Version of the model file.
    pub fn version(&self) -> &str {
        &self.parts.version
    }

    /// Sentiment of a text in its match form.
    pub fn score(&self, matched: &str, language: &Language) -> Sentiment {
        self.judge(Tokens::of(matched).whole(), self.index_of(language))
    }

    /// Sentiment of a text, or a part of one, in a language of [`index_of`](Self::index_of).
    pub fn judge(&self, text: Part, language: Option<usize>) -> Sentiment {
        self.logits(text, language)
            .map_or(Sentiment::UNKNOWN, Sentiment::from_logits)
    }

    /// Logits of negative, neutral and positive; none for a text without letter, digit and emoji.
    pub fn logits(&self, text: Part, language: Option<usize>) -> Option<[f32; 3]> {
        text.is_judgeable().then(|| {
            let linear = self.parts.linear.logits(text, language);
            let network = self.parts.network.logits(text, language);
            [0, 1, 2].map(|c| (linear[c] + self.parts.share * network[c]) / self.parts.temperature)
        })
    }

    /// Index of the language as which a text is judged.
    pub fn index_of(&self, language: &Language) -> Option<usize> {
        index_of(&self.parts.languages, self.parts.least_confidence, language)
    }
}

/// Index of a language among the sorted tags of a model: romanised text by its full tag, other text
/// by the base subtag.
pub fn index_of(tags: &[String], least_confidence: f32, language: &Language) -> Option<usize> {
    if language.confidence < least_confidence {
        return None;
    }
    let tag = name_in_models(language);
    tags.binary_search_by(|t| t.as_str().cmp(tag)).ok()
}

/// Name of a language in models.
pub fn name_in_models(language: &Language) -> &'static str {
    match language.tag.ends_with("-Latn") {
        true => language.tag,
        false => language.base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::MatchForm;

    fn language(base: &'static str, confidence: f32) -> Language {
        Language {
            base,
            tag: base,
            confidence,
        }
    }

    fn score(text: &str, base: &'static str) -> Sentiment {
        let model = Model::built_in().unwrap();
        model.score(&MatchForm::of(text).text, &language(base, 1.0))
    }

    #[test]
    fn clear_praise_and_clear_blame_are_told_apart() {
        let cases = [
            (
                "en",
                "Absolutely love it, great quality and fast delivery, thank you!",
                "Terrible. It broke after a day and nobody answers, what a waste of money.",
            ),
            (
                "ar",
                "خدمة ممتازة وتوصيل سريع، شكرا جزيلا لكم، أنصح الجميع",
                "أسوأ تجربة في حياتي، المنتج وصل مكسور والخدمة سيئة جدا",
            ),
            (
                "fa",
                "عالی بود، خیلی خوشمزه و بسته‌بندی تمیز، ممنون",
                "افتضاح بود، غذا سرد رسید و خیلی بد بود، اصلا نخرید",
            ),
            (
                "zh",
                "质量非常好，物流很快，很满意，下次还会来",
                "太差了，质量垃圾，客服态度恶劣，再也不买了",
            ),
            (
                "de",
                "Super Service, bin sehr zufrieden, vielen Dank!",
                "Katastrophe, nie wieder, so ein schlechter Service",
            ),
            (
                "fr",
                "Super, très bon service, merci beaucoup !",
                "Quelle honte, service nul, je suis très déçu",
            ),
            (
                "es",
                "Me encanta, excelente servicio, muchas gracias",
                "Pésimo servicio, qué asco, no lo recomiendo",
            ),
            (
                "id",
                "mantap banget, makanannya enak dan pelayanannya ramah",
                "kecewa sekali, pelayanannya buruk dan makanannya tidak enak",
            ),
            (
                "tr",
                "çok güzel, harika bir ürün, teşekkürler",
                "berbat, çok kötü, hiç memnun kalmadım",
            ),
            ("th", "อร่อยมาก บริการดีมาก ชอบมาก", "แย่มาก บริการห่วย ไม่อร่อยเลย"),
        ];
        for (base, praise, blame) in cases {
            let (praised, blamed) = (score(praise, base), score(blame, base));
            assert_eq!(
                (praised.label, blamed.label),
                (Label::Positive, Label::Negative),
                "{base}"
            );
            assert!(
                praised.score > 0.1 && blamed.score < -0.1,
                "{base}: {praised:?} {blamed:?}"
            );
        }
    }

    #[test]
    fn score_and_confidence_keep_their_ranges() {
        for text in ["ok", "👍", "5", "a b c d e f g", &"good ".repeat(20_000)] {
            for base in ["en", "und", "xx"] {
                let s = score(text, base);
                assert!(s.label != Label::Unknown && s.label != Label::Mixed);
                assert!((-1.0..=1.0).contains(&s.score), "{text:.20}: {s:?}");
                assert!(
                    (1.0 / 3.0 - 1e-5..=1.0).contains(&s.confidence),
                    "{text:.20}: {s:?}"
                );
            }
        }
    }

    #[test]
    fn nothing_to_judge_by_is_unknown_with_score_0() {
        for text in ["", "   ", "...", "—", "?!"] {
            assert_eq!(score(text, "en"), Sentiment::UNKNOWN, "{text:?}");
        }
    }

    #[test]
    fn a_doubtful_or_untrained_language_is_judged_by_what_all_share() {
        let model = Model::built_in().unwrap();
        let text = "the delivery was good";
        let shared = model.score(text, &language("und", 0.0));
        assert_eq!(model.score(text, &language("en", 0.01)), shared);
        assert_eq!(model.score(text, &language("eo", 1.0)), shared);
        assert_ne!(model.score(text, &language("en", 1.0)), shared);
        let romanised = Language {
            tag: "en-Latn",
            ..language("en", 1.0)
        };
        assert_eq!(model.score(text, &romanised), shared);
    }

    #[test]
    fn the_built_in_model_is_small_and_named() {
        let bytes = include_bytes!("../../models/sentiment.bin");
        assert!(bytes.len() <= 60_000_000);
        let model = Model::parse(bytes.to_vec()).unwrap();
        assert!(model.version().starts_with("sentiment-"));
        assert!(Model::parse(bytes[1..].to_vec()).is_err());
    }

    #[test]
    fn a_text_is_judged_alike_whatever_came_before() {
        let alone = score("not good at all", "en");
        score(&"a long text in between ".repeat(400), "en");
        assert_eq!(score("not good at all", "en"), alone);
    }
}
