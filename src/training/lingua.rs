//! lingua itself, the oracle that the detector is held against.

use std::sync::LazyLock;

use anyhow::{Context, ensure};
use lingua::{IsoCode639_1, Language, LanguageDetector, LanguageDetectorBuilder};

/// lingua with the models of its languages in memory.
pub struct Oracle {
    detector: LanguageDetector,
}

impl Oracle {
    /// lingua with all its languages, or with these only (ISO 639-1), if there are any. Reads their
    /// models.
    ///
    /// # Errors
    /// A language is none of lingua's, or there is only one: lingua compares.
    pub fn new(only: &[&str]) -> anyhow::Result<Self> {
        let mut builder = if only.is_empty() {
            LanguageDetectorBuilder::from_all_languages()
        } else {
            let codes = only.iter().map(|code| {
                let parsed = code.parse::<IsoCode639_1>().ok();
                parsed.with_context(|| format!("{code}: lingua has no such language"))
            });
            let codes: Vec<IsoCode639_1> = codes.collect::<anyhow::Result<_>>()?;
            let different = codes.iter().skip(1).any(|code| *code != codes[0]);
            ensure!(different, "lingua needs two languages to compare");
            LanguageDetectorBuilder::from_iso_codes_639_1(&codes)
        };
        let detector = builder.with_preloaded_language_models().build();
        Ok(Self { detector })
    }

    /// The likeliest language (ISO 639-1); none for texts without letters, or when two are equally
    /// likely.
    pub fn detect(&self, text: &str) -> Option<&'static str> {
        let language = self.detector.detect_language_of(text)?;
        Some(code(language))
    }
}

/// ISO 639-1 code of a language.
pub fn code(language: Language) -> &'static str {
    let at = CODES.binary_search_by_key(&language, |(l, _)| *l);
    at.map_or("und", |at| CODES[at].1.as_str())
}

/// The code as lingua has it; none if it has no such language.
pub fn known(code: &str) -> Option<&'static str> {
    let mut codes = CODES.iter().map(|(_, code)| code.as_str());
    codes.find(|known| *known == code)
}

/// All languages with their codes, sorted.
static CODES: LazyLock<Vec<(Language, String)>> = LazyLock::new(|| {
    let all = Language::all().into_iter();
    let mut codes: Vec<_> = all.map(|l| (l, l.iso_code_639_1().to_string())).collect();
    codes.sort_unstable();
    codes
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_codes_of_the_languages_asked_for() {
        let oracle = Oracle::new(&["fa", "en", "nb"]).unwrap();
        assert_eq!(oracle.detect("بسته سه روز دیر رسید"), Some("fa"));
        assert_eq!(oracle.detect("the parcel came late"), Some("en"));
        // None of the three is Russian.
        assert_eq!(oracle.detect("Посылка пришла поздно"), None);
        assert_eq!(oracle.detect("4711 👍"), None);
    }

    #[test]
    fn wrong_languages_are_refused() {
        let error = |only: &[&str]| Oracle::new(only).err().unwrap().to_string();
        assert!(error(&["en", "ckb"]).contains("ckb"));
        assert!(error(&["en", "en"]).contains("two languages"));
    }

    #[test]
    fn each_language_has_its_code() {
        for language in Language::all() {
            let own = language.iso_code_639_1().to_string();
            assert_eq!(code(language), own);
            assert_eq!(known(&own), Some(code(language)));
        }
        assert_eq!(known("und"), None);
    }
}
