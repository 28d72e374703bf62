//! Long strings, each as bad as it gets in one way.

use super::strings::{CONTROLS, TEXTS, misread};

/// A string of any length.
pub struct Shape {
    /// For messages.
    pub name: &'static str,
    /// How often its pattern comes at most: a text of about a million bytes.
    pub most: usize,
    /// The string, its pattern repeated so often.
    pub of: fn(usize) -> String,
}

const fn shape(name: &'static str, most: usize, of: fn(usize) -> String) -> Shape {
    Shape { name, most, of }
}

pub const SHAPES: [Shape; 30] = [
    shape("one Latin letter", 1_000_000, |n| "a".repeat(n)),
    shape("one Persian letter", 1_000_000, |n| "ه".repeat(n)),
    shape("one Chinese character", 500_000, |n| "好".repeat(n)),
    shape("combining marks", 100_000, |n| {
        format!("e{}", "\u{301}\u{323}".repeat(n / 2))
    }),
    shape("vowel signs", 100_000, |n| {
        format!("ب{}", "\u{64E}".repeat(n))
    }),
    shape("tatweel", 500_000, |n| format!("س{}لام", "ـ".repeat(n))),
    shape("presentation forms", 320_000, |n| cycle(0xFB50..=0xFEFC, n)),
    shape("the longest compatibility form", 100_000, |n| "ﷺ".repeat(n)),
    shape("marks of direction", 320_000, |n| {
        let mark = |at: usize| ['ا', CONTROLS[at % CONTROLS.len()]];
        (0..n / 2).flat_map(mark).collect()
    }),
    shape("surrogates, lost", 320_000, |n| {
        String::from_utf8_lossy(&[0xED, 0xA0, 0x80].repeat(n / 3)).into_owned()
    }),
    shape("mojibake", 4_000, |n| misread(&sentences(n), 0)),
    shape("mojibake in Arabic letters", 4_000, |n| {
        misread(&sentences(n), 1)
    }),
    shape("mojibake of mojibake", 1_600, |n| {
        misread(&misread(&sentences(n), 0), 0)
    }),
    shape("beginnings of mojibake", 320_000, |n| "Ø".repeat(n)),
    shape("signs of mojibake", 160_000, |n| {
        "Ã\u{83}Â\u{82}".repeat(n / 4)
    }),
    shape("one word of all letters", 320_000, |n| {
        cycle('a' as u32..='z' as u32, n)
    }),
    shape("Chinese without an end", 320_000, |n| {
        cycle(0x4E00..=0x9FFF, n)
    }),
    shape("a language without spaces", 4_000, |n| {
        sentences(n).replace([' ', '.', '!', '?'], "")
    }),
    shape("ten thousand sentences", 10_000, |n| {
        "Nobody answered me. ".repeat(n)
    }),
    shape("sentences of many languages", 8_000, sentences),
    shape("ten thousand script switches", 10_000, |n| {
        "سلام hello ".repeat(n / 2)
    }),
    shape("a script each letter", 320_000, |n| {
        "aбاक好가".repeat(n / 6)
    }),
    shape("a sentence each letter", 320_000, |n| "a.б!".repeat(n / 4)),
    shape("dots", 1_000_000, |n| ".".repeat(n)),
    shape("letters and dots", 500_000, |n| "a.".repeat(n / 2)),
    shape("host names", 320_000, |n| ".com".repeat(n / 4)),
    shape("the www of nothing", 320_000, |n| "www".repeat(n / 3)),
    shape("beginnings of addresses", 320_000, |n| "a://".repeat(n / 4)),
    shape("mentions", 320_000, |n| "a@#".repeat(n / 3)),
    shape("digits in words", 320_000, |n| "a3b7".repeat(n / 4)),
];

/// The characters of a range, again and again.
fn cycle(range: std::ops::RangeInclusive<u32>, count: usize) -> String {
    let chars = range.filter_map(char::from_u32).cycle();
    chars.take(count).collect()
}

/// So many texts of ours.
fn sentences(count: usize) -> String {
    let texts = TEXTS.iter().cycle().take(count);
    texts.flat_map(|text| [text, " "]).collect()
}
