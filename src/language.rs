//! Language of a text, found on its raw form.

pub mod mojibake;

/// Tags of the classes.
pub mod classes {
    /// Whether a full tag (`fa`, `fa-Latn`) is one of the classes.
    pub fn has(tag: &str) -> bool {
        // lingua's 75, as long as lingua answers.
        const TAGS: &str = " af sq ar hy az eu be bn nb bs bg ca zh hr cs da nl en eo et fi fr lg \
            ka de el gu he hi hu is id ga it ja kk ko la lv lt mk ms mi mr mn nn fa pl pt pa ro ru \
            sr sn sk sl so st es sw sv tl ta te th ts tn tr uk ur vi cy xh yo zu ";
        TAGS.contains(&format!(" {tag} "))
    }
}

/// Main language of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Language {
    /// Base subtag: `fa`, `zh`, `und`.
    pub base: &'static str,
    /// Full BCP-47 tag: `fa-Latn`, `zh-Hans`, `und`.
    pub tag: &'static str,
    /// 0 to 1.
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

/// What was found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// Main language.
    pub language: Language,
    /// Main part first; empty for texts without letters.
    pub parts: Vec<LanguageShare>,
}

/// What others say about a text's language.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// As the source states it.
    pub stated: &'a str,
    /// The customer's locale.
    pub locale: &'a str,
}

/// The table that answers come from.
pub struct Model;

impl Model {
    /// Bytes of the model that the program carries.
    pub const FILE: &'static [u8] = &[];

    /// The model that the program carries.
    pub fn of_this_build() -> Result<Self, std::io::Error> {
        Ok(Self)
    }

    /// Another model file.
    pub fn read(_bytes: &[u8]) -> Result<Self, std::io::Error> {
        Ok(Self)
    }
}

/// Finds languages.
pub struct Detector(crate::enrich::language::Detector);

impl Detector {
    /// A detector.
    pub fn new(_model: Model) -> Self {
        Self(crate::enrich::language::Detector::new())
    }

    /// Name and version of the model.
    pub fn version(&self) -> &str {
        self.0.version()
    }

    /// Language of a text.
    pub fn detect(&self, raw: &str, _hints: Hints) -> Detected {
        let (found, _) = self.0.detect(raw);
        #[cfg(feature = "lingua")]
        let base = crate::training::lingua::known(&found.base).unwrap_or("und");
        #[cfg(not(feature = "lingua"))]
        let base = "und";
        Detected {
            language: Language {
                base,
                tag: base,
                confidence: found.confidence,
            },
            parts: Vec::new(),
        }
    }
}
