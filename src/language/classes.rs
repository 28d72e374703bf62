//! The languages that are told apart, by BCP-47 tag, and the scripts that they are written in.

/// A language, in a script where that isn't its usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// Full tag: `fa`, `fa-Latn`.
    pub tag: &'static str,
    /// Its language alone: `fa`.
    pub base: &'static str,
}

/// Tag of a text without evidence.
pub const UNKNOWN: &str = "und";

/// A group of letters that languages share. Scripts that one language alone uses here have no
/// model: the script is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Script {
    Latin,
    Cyrillic,
    Arabic,
    Devanagari,
    /// Chinese characters, and kana beside them.
    Han,
    Hangul,
    Hebrew,
    Greek,
    Armenian,
    Georgian,
    Bengali,
    Gujarati,
    Gurmukhi,
    Tamil,
    Telugu,
    Thai,
}

impl Script {
    /// All of them, in the order of their numbers.
    pub const ALL: [Script; 16] = [
        Script::Latin,
        Script::Cyrillic,
        Script::Arabic,
        Script::Devanagari,
        Script::Han,
        Script::Hangul,
        Script::Hebrew,
        Script::Greek,
        Script::Armenian,
        Script::Georgian,
        Script::Bengali,
        Script::Gujarati,
        Script::Gurmukhi,
        Script::Tamil,
        Script::Telugu,
        Script::Thai,
    ];

    /// Tags of the classes written in it, then of languages that are no classes but look like some:
    /// a text that may be in one of these is none of the others for sure.
    pub fn tags(self) -> &'static [&'static str] {
        match self {
            Script::Latin => &LATIN,
            Script::Cyrillic => &["be", "bg", "kk", "mk", "mn", "ru", "sr", "uk"],
            Script::Arabic => &[
                "ar", "ckb", "fa", "ps", "sd", "ug", "ur", "x-bal", "x-glk", "x-hac", "x-ks",
            ],
            Script::Devanagari => &["hi", "mr"],
            Script::Han => &["ja", "zh"],
            Script::Hangul => &["ko"],
            Script::Hebrew => &["he"],
            Script::Greek => &["el"],
            Script::Armenian => &["hy"],
            Script::Georgian => &["ka"],
            Script::Bengali => &["bn"],
            Script::Gujarati => &["gu"],
            Script::Gurmukhi => &["pa"],
            Script::Tamil => &["ta"],
            Script::Telugu => &["te"],
            Script::Thai => &["th"],
        }
    }

    /// Script of a letter; `None` for all others.
    pub fn of(letter: char) -> Option<Script> {
        Some(match letter as u32 {
            0x41..=0x5A | 0x61..=0x7A | 0xC0..=0x24F | 0x250..=0x2AF | 0x1E00..=0x1EFF => {
                Script::Latin
            }
            0x400..=0x52F => Script::Cyrillic,
            0x600..=0x6FF | 0x750..=0x77F | 0x8A0..=0x8FF => Script::Arabic,
            0x900..=0x97F => Script::Devanagari,
            0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2FFFF | 0x3005..=0x3007 => Script::Han,
            0x3040..=0x30FF | 0x31F0..=0x31FF => Script::Han,
            0xAC00..=0xD7AF | 0x1100..=0x11FF | 0x3130..=0x318F => Script::Hangul,
            0x590..=0x5FF => Script::Hebrew,
            0x370..=0x3FF | 0x1F00..=0x1FFF => Script::Greek,
            0x530..=0x58F => Script::Armenian,
            0x10A0..=0x10FF | 0x1C90..=0x1CBF | 0x2D00..=0x2D2F => Script::Georgian,
            0x980..=0x9FF => Script::Bengali,
            0xA80..=0xAFF => Script::Gujarati,
            0xA00..=0xA7F => Script::Gurmukhi,
            0xB80..=0xBFF => Script::Tamil,
            0xC00..=0xC7F => Script::Telugu,
            0xE00..=0xE7F => Script::Thai,
            _ => return None,
        })
    }
}

/// Classes in Latin letters.
const LATIN: [&str; 58] = [
    "af", "ar-Latn", "az", "bs", "ca", "cs", "cy", "da", "de", "en", "eo", "es", "et", "eu",
    "fa-Latn", "fi", "fr", "ga", "hi-Latn", "hr", "hu", "id", "is", "it", "kmr", "la", "lg", "lt",
    "lv", "mi", "ms", "nb", "nl", "nn", "pl", "pt", "ro", "sk", "sl", "sn", "so", "sq", "st", "sv",
    "sw", "tl", "tn", "tr", "ts", "ur-Latn", "vi", "xh", "yo", "zu", "x-ha", "x-ig", "x-rw",
    "x-tw",
];

/// Chinese that tells its characters: found beside the scores, from the characters alone.
pub const SIMPLIFIED: &str = "zh-Hans";
pub const TRADITIONAL: &str = "zh-Hant";

/// The class of a tag, whatever its case; `None` if it is none. Languages that are only there to be
/// told from the others have tags that begin with `x-`.
pub fn class(tag: &str) -> Option<Class> {
    all().find(|class| class.tag.eq_ignore_ascii_case(tag))
}

/// All classes, those among them that are only there to be told from the others.
pub fn all() -> impl Iterator<Item = Class> {
    let written = Script::ALL.into_iter().flat_map(Script::tags).copied();
    let tags = written.chain([SIMPLIFIED, TRADITIONAL]);
    tags.map(|tag| Class {
        tag,
        base: base(tag),
    })
}

impl Class {
    /// Whether it is the same: tags come from one list.
    pub fn is(self, other: Class) -> bool {
        std::ptr::eq(self.tag, other.tag)
    }

    /// Whether it is an answer: not a language that is only there to be told from the others.
    pub fn is_answer(self) -> bool {
        !self.tag.starts_with("x-")
    }
}

/// Language of a full tag: all before the first hyphen.
pub fn base(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// Whether a full tag (`fa`, `fa-Latn`) is one of the classes.
pub fn has(tag: &str) -> bool {
    class(tag).is_some_and(Class::is_answer)
}
