//! Simplified or traditional Chinese, told by characters that only one of them writes.
//!
//! A character of GB 2312 that Big5 lacks is simplified, one of Big5 that GB 2312 lacks
//! traditional; the others belong to both.

use std::sync::LazyLock;

use encoding_rs::{BIG5, Encoding, GBK};

use super::classes::{SIMPLIFIED, TRADITIONAL};

/// Characters that were looked at: the unified ideographs.
const FIRST: u32 = 0x4E00;
const COUNT: usize = 0x5200;

/// 1: simplified alone; 2: traditional alone; 0: both.
static KINDS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let kind = |at: u32| {
        let c = char::from_u32(FIRST + at).unwrap_or_default();
        match (in_gb2312(c), bytes(BIG5, c).is_some()) {
            (true, false) => 1,
            (false, true) => 2,
            _ => 0,
        }
    };
    (0..COUNT as u32).map(kind).collect()
});

/// `zh-Hans`, `zh-Hant`, or `zh` if the characters don't tell.
pub fn tag(characters: impl Iterator<Item = char>) -> &'static str {
    let mut counts = [0usize; 3];
    for c in characters {
        let at = (c as u32).wrapping_sub(FIRST) as usize;
        counts[usize::from(KINDS.get(at).copied().unwrap_or(0))] += 1;
    }
    let [_, simplified, traditional] = counts;
    if simplified > 2 * traditional {
        SIMPLIFIED
    } else if traditional > 2 * simplified {
        TRADITIONAL
    } else {
        "zh"
    }
}

/// GB 2312 is the part of GBK whose bytes are both above A0.
fn in_gb2312(c: char) -> bool {
    bytes(GBK, c).is_some_and(|[lead, trail]| lead >= 0xB0 && trail >= 0xA1)
}

/// The two bytes of a character.
fn bytes(encoding: &'static Encoding, c: char) -> Option<[u8; 2]> {
    let mut utf8 = [0; 4];
    let (bytes, _, unmappable) = encoding.encode(c.encode_utf8(&mut utf8));
    match unmappable {
        true => None,
        false => bytes.as_ref().try_into().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_one_way_of_writing_tell() {
        for (text, expected) in [
            ("快递很慢，客服也不理人", SIMPLIFIED),
            ("質量很好，物流也快", TRADITIONAL),
            ("客服態度很差", TRADITIONAL),
            ("很好", "zh"),
            ("不理人", "zh"),
            ("質量 质量", "zh"),
            ("", "zh"),
        ] {
            assert_eq!(tag(text.chars()), expected, "{text}");
        }
    }
}
