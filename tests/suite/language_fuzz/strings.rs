//! Random strings: of all of Unicode, of single scripts, and texts of ours broken in many ways.

use std::sync::LazyLock;

use encoding_rs::{WINDOWS_1252, WINDOWS_1256};
use fastrand::Rng;

/// Texts in some thirty languages, written for tests and the demo.
pub static TEXTS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let reviews = include_str!("../../../benches/language/reviews.tsv").lines();
    let reviews = reviews.filter_map(|line| Some(line.split_once('\t')?.1));
    let demo = include_str!("../../../src/commands/demo/feedback.toml").split('"');
    let demo = demo.skip(1).step_by(2).filter(|text| text.len() > 20);
    let texts: Vec<&str> = reviews.chain(demo).collect();
    assert!(texts.len() > 200, "{}", texts.len());
    texts
});

/// First and last letter of blocks: scripts with and without a class, signs, forms, emoji.
const BLOCKS: [(u32, u32); 34] = [
    (0x20, 0x7E),
    (0x80, 0xFF),
    (0x100, 0x24F),
    (0x250, 0x2FF),
    (0x300, 0x36F),
    (0x370, 0x3FF),
    (0x400, 0x52F),
    (0x530, 0x5FF),
    (0x600, 0x6FF),
    (0x750, 0x77F),
    (0x8A0, 0x8FF),
    (0x900, 0x97F),
    (0x980, 0xAFF),
    (0xB80, 0xC7F),
    (0xE00, 0xE7F),
    (0x10A0, 0x10FF),
    (0x1100, 0x11FF),
    (0x1200, 0x137F),
    (0x1C90, 0x1CBF),
    (0x1E00, 0x1FFF),
    (0x2000, 0x206F),
    (0x2100, 0x214F),
    (0x2460, 0x24FF),
    (0x3000, 0x30FF),
    (0x3130, 0x318F),
    (0x3200, 0x33FF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0xFB00, 0xFDFF),
    (0xFE00, 0xFEFF),
    (0xFF00, 0xFFFF),
    (0x1_D400, 0x1_D7FF),
    (0x1_F000, 0x1_FAFF),
];

/// Marks without a width: direction, joiners, variation, byte order, tags, line ends.
pub const CONTROLS: [char; 22] = [
    '\u{200B}',
    '\u{200C}',
    '\u{200D}',
    '\u{200E}',
    '\u{200F}',
    '\u{202A}',
    '\u{202B}',
    '\u{202C}',
    '\u{202D}',
    '\u{202E}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{FEFF}',
    '\u{FE0F}',
    '\u{E0001}',
    '\u{E007F}',
    '\u{0}',
    '\u{7F}',
    '\u{85}',
    '\u{2028}',
];

/// A string of any kind.
pub fn any(random: &mut Rng) -> String {
    match random.u8(0..11) {
        0 => random_chars(random, 200),
        1 => of_blocks(random, 1),
        2 => of_blocks(random, 6),
        3 => mutated(random),
        4 => truncated(random),
        5 => misread_again(random),
        6 => random_bytes(random),
        7 => marked(random),
        8 => addresses(random),
        9 => joined(random),
        _ => text(random).to_owned(),
    }
}

/// A text of ours.
fn text(random: &mut Rng) -> &'static str {
    random.choice(TEXTS.iter()).unwrap()
}

/// Any characters.
fn random_chars(random: &mut Rng, most: usize) -> String {
    (0..random.usize(0..=most))
        .map(|_| random.char(..))
        .collect()
}

/// A character of a block; the block's first if the place is none.
fn of_block(random: &mut Rng, (first, last): (u32, u32)) -> char {
    char::from_u32(random.u32(first..=last)).unwrap_or(' ')
}

/// Words of some blocks, with or without spaces.
fn of_blocks(random: &mut Rng, blocks: usize) -> String {
    let blocks: Vec<_> = (0..blocks)
        .map(|_| BLOCKS[random.usize(0..BLOCKS.len())])
        .collect();
    let space = *random
        .choice([" ", "", "\u{3000}", ".", "\n"].iter())
        .unwrap();
    let mut text = String::new();
    for _ in 0..random.usize(0..30) {
        let block = blocks[random.usize(0..blocks.len())];
        text.extend((0..random.usize(1..12)).map(|_| of_block(random, block)));
        text.push_str(space);
    }
    text
}

/// A text of ours with characters changed, doubled, swapped, put in and left out.
fn mutated(random: &mut Rng) -> String {
    let mut chars: Vec<char> = text(random).chars().collect();
    for _ in 0..random.usize(1..20) {
        if chars.is_empty() {
            break;
        }
        let (at, other) = (random.usize(0..chars.len()), random.usize(0..chars.len()));
        match random.u8(0..7) {
            0 => chars[at] = random.char(..),
            1 => chars[at] = of_block(random, BLOCKS[at % BLOCKS.len()]),
            2 => chars.insert(at, CONTROLS[other % CONTROLS.len()]),
            3 => chars.swap(at, other),
            4 => drop(chars.remove(at)),
            5 => {
                let letter = chars[at];
                chars.splice(at..at, std::iter::repeat_n(letter, random.usize(1..50)));
            }
            _ => drop(chars.drain(at.min(other)..at.max(other))),
        }
    }
    chars.into_iter().collect()
}

/// A piece of a text's bytes, cut anywhere.
fn truncated(random: &mut Rng) -> String {
    let bytes = text(random).as_bytes();
    let (a, b) = (random.usize(0..=bytes.len()), random.usize(0..=bytes.len()));
    String::from_utf8_lossy(&bytes[a.min(b)..a.max(b)]).into_owned()
}

/// A text read in a wrong code page, once or more often; bytes lost, or a right text beside it.
fn misread_again(random: &mut Rng) -> String {
    let mut text = text(random).to_owned();
    for _ in 0..random.usize(1..5) {
        if text.len() > 4_000 {
            break;
        }
        text = misread(&text, random.u8(..));
        if random.u8(0..4) == 0 {
            text.retain(|c| !('\u{80}'..'\u{A0}').contains(&c));
        }
    }
    match random.u8(0..3) {
        0 => format!("{text} {}", self::text(random)),
        1 => text.chars().filter(|_| random.u8(0..20) > 0).collect(),
        _ => text,
    }
}

/// The bytes of a text read as Windows-1252, Windows-1256 or ISO-8859-1.
pub fn misread(text: &str, page: u8) -> String {
    let bytes = text.as_bytes();
    match page % 3 {
        0 => WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
        1 => WINDOWS_1256
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Bytes, most of them those of surrogates and of sequences that are too long.
fn random_bytes(random: &mut Rng) -> String {
    let mut bytes = Vec::new();
    for _ in 0..random.usize(0..60) {
        match random.u8(0..4) {
            0 => bytes.extend([0xED, random.u8(0xA0..=0xBF), random.u8(0x80..=0xBF)]),
            1 => bytes.extend([random.u8(0xC0..=0xFD), random.u8(0x80..=0xBF)]),
            2 => bytes.extend(text(random).bytes().take(random.usize(0..9))),
            _ => bytes.push(random.u8(..)),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text of ours under accents, vowel signs, and marks of direction.
fn marked(random: &mut Rng) -> String {
    let mut marked = String::new();
    for c in text(random).chars() {
        marked.push(c);
        for _ in 0..random.usize(0..4) {
            marked.push(match random.u8(0..4) {
                0 => of_block(random, (0x300, 0x36F)),
                1 => of_block(random, (0x64B, 0x65F)),
                2 => '\u{640}',
                _ => *random.choice(CONTROLS.iter()).unwrap(),
            });
        }
    }
    marked
}

/// What looks like addresses, mentions, hashtags and numbers.
fn addresses(random: &mut Rng) -> String {
    let pieces = [
        "@", "#", ":", "://", ".", "www.", "WWW", "http", "com", ".com", ".ir", "/", "a", "ه", "é",
        "9", "٣", "3a", "_", "-", " ", "中", "\u{200C}", "..", "!", "%", "&", "?", "M3",
    ];
    let count = random.usize(0..60);
    (0..count)
        .map(|_| *random.choice(pieces.iter()).unwrap())
        .collect()
}

/// Pieces of several texts, with and without a space.
fn joined(random: &mut Rng) -> String {
    let mut joined = String::new();
    for _ in 0..random.usize(2..6) {
        let words: Vec<&str> = text(random).split(' ').collect();
        let first = random.usize(0..words.len());
        let count = random.usize(1..=words.len() - first);
        joined += &words[first..first + count].join(" ");
        joined += *random.choice(["", " ", ". ", "\n", "!"].iter()).unwrap();
    }
    joined
}
