//! Folding of single characters: the tables behind the match form.

use std::sync::LazyLock;

/// First and last character of the table that folds traditional Chinese.
const HAN: std::ops::RangeInclusive<u32> = 0x3400..=0x9FFF;

/// Traditional → simplified, by character. A fold, not a translation: `著` and `着` coincide in
/// every context, because lexicons and models only ever see the folded form.
static SIMPLIFIED: LazyLock<Box<[u16]>> = LazyLock::new(|| {
    let chars = || HAN.filter_map(char::from_u32);
    // The line ends keep the crate's rules for pairs of characters out.
    let mut lines = String::with_capacity(4 * HAN.count());
    for c in chars() {
        lines.push(c);
        lines.push('\n');
    }
    let simple: Vec<u32> = fast2s::convert(&lines)
        .chars()
        .filter(|c| *c != '\n')
        .map(u32::from)
        .collect();
    let one = |c: u32| match char::from_u32(c) {
        Some('著') => u32::from('着'),
        Some('乾') => u32::from('干'),
        Some('妳') => u32::from('你'),
        Some('裏') => u32::from('里'),
        Some('臺' | '檯' | '颱') => u32::from('台'),
        _ => c
            .checked_sub(*HAN.start())
            .and_then(|i| simple.get(i as usize).copied())
            .unwrap_or(c),
    };
    // Twice, because a few simplified forms are themselves listed as traditional ones.
    HAN.map(|c| u16::try_from(one(one(c))).unwrap_or(c as u16))
        .collect()
});

/// A character's simplified form, if it is a Chinese character of the basic plane.
pub fn simplified(c: char) -> Option<char> {
    let index = u32::from(c).checked_sub(*HAN.start())? as usize;
    let folded = *SIMPLIFIED.get(index)?;
    char::from_u32(u32::from(folded))
}

/// Letters of the Arabic script that coincide, and apostrophes.
pub(super) fn letter(c: char) -> char {
    match c {
        'أ' | 'إ' | 'آ' | 'ٱ' | 'ٲ' | 'ٳ' => 'ا',
        'ي' | 'ى' | 'ئ' | 'ے' | 'ۓ' => 'ی',
        'ك' | 'ڪ' => 'ک',
        'ة' | 'ۀ' | 'ە' | 'ھ' | 'ہ' | 'ۂ' | 'ۃ' => 'ه',
        'ؤ' => 'و',
        '’' | '‘' | 'ʼ' => '\'',
        // Full case folding makes i and a combining dot of it, which no Turkish text has.
        'İ' => 'i',
        _ => c,
    }
}

/// Characters that carry no meaning for matching: vowel marks and tatweel of the Arabic script,
/// joiners, direction marks, soft hyphens, variation selectors.
pub(super) fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{0610}'..='\u{061A}' | '\u{061C}' | '\u{0640}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
        | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}' | '\u{06E7}' | '\u{06E8}'
        | '\u{06EA}'..='\u{06ED}' | '\u{00AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// Whether NFC surely leaves the character as it is, whatever stands beside it: the common part
/// of the Latin, Cyrillic, Arabic, Chinese and Japanese repertoire, told without a table.
pub(super) fn is_plain(c: char) -> bool {
    matches!(u32::from(c),
        0..=0x02FF | 0x0400..=0x0482 | 0x0621..=0x064A | 0x066E..=0x066F | 0x0671..=0x06D5 | 0x06F0..=0x06FF
        | 0x200B..=0x2027 | 0x3001..=0x3020 | 0x3041..=0x3096 | 0x30A1..=0x30FC
        | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3 | 0xFF01..=0xFF60)
}

/// Lower case of the common letters with accents and of Russian, if `c` is one: letters that NFKC
/// leaves alone and that fold to one letter.
pub(super) fn lower(c: char) -> Option<char> {
    let code = u32::from(c);
    match code {
        0xE0..=0xFF | 0x430..=0x45F => Some(c),
        0xC0..=0xDE if code != 0xD7 => char::from_u32(code + 0x20),
        0x410..=0x42F => char::from_u32(code + 0x20),
        0x400..=0x40F => char::from_u32(code + 0x50),
        _ => None,
    }
}

/// Value of a decimal digit in any of the scripts that feedback is written in.
pub fn digit(c: char) -> Option<u8> {
    /// The digit zero of each script; its nine others follow.
    const ZEROS: [u32; 20] = [
        0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66,
        0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0xFF10,
    ];
    let code = u32::from(c);
    if code < 0x80 {
        return c.is_ascii_digit().then(|| (code - 0x30) as u8);
    }
    if !(0x660..0x181A).contains(&code) && !(0xFF10..0xFF1A).contains(&code) {
        return None;
    }
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)].last()?;
    u8::try_from(code - zero).ok().filter(|value| *value < 10)
}

/// Whether the character belongs to a script that sets no spaces between words
/// (Chinese, Japanese, Thai, Lao, Khmer, Myanmar, Tibetan).
pub fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x0F00..=0x0FFF | 0x1000..=0x109F | 0x1780..=0x17FF
        | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x31F0..=0x31FF | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF)
}

/// Whether the character is of the Arabic script, Persian and Urdu letters, marks and digits included.
pub fn is_arabic(c: char) -> bool {
    ('\u{0620}'..='\u{06FF}').contains(&c)
}

/// Whether the character is a letter of the Arabic script that the match form can hold.
pub(super) fn is_arabic_letter(c: char) -> bool {
    matches!(u32::from(c), 0x0621..=0x064A | 0x066E..=0x06D5 | 0x06EE..=0x06EF | 0x06FA..=0x06FF
        | 0x0750..=0x077F | 0x08A0..=0x08C9)
        && c != '\u{06D4}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traditional_characters_become_simplified() {
        let fold = |t: &str| t.chars().filter_map(simplified).collect::<String>();
        assert_eq!(fold("價格便宜質量"), "价格便宜质量");
        assert_eq!(fold("裡裏後麼乾淨臺妳著"), "里里后么干净台你着");
        assert_eq!(fold("价格"), "价格");
    }

    #[test]
    fn simplifying_twice_changes_nothing() {
        for c in HAN.filter_map(char::from_u32) {
            let once = simplified(c).unwrap();
            assert_eq!(simplified(once), Some(once), "{c}");
        }
    }

    #[test]
    fn short_ways_agree_with_the_tables() {
        use caseless::Caseless;
        use unicode_normalization::char::canonical_combining_class;
        use unicode_normalization::{IsNormalized, is_nfc_quick, is_nfkc_quick};
        let one = std::iter::once::<char>;
        for c in '\0'..=char::MAX {
            if is_plain(c) {
                assert_eq!(canonical_combining_class(c), 0, "{c}");
                assert!(is_nfc_quick(one(c)) == IsNormalized::Yes, "{c}");
            }
            if let Some(lower) = lower(c) {
                assert!(is_nfkc_quick(one(lower)) == IsNormalized::Yes, "{c}");
                assert_eq!(one(c).default_case_fold().collect::<Vec<_>>(), [lower]);
            }
        }
    }

    #[test]
    fn digits_of_many_scripts() {
        let values: Vec<u8> = "0۶٢९৩๙９".chars().filter_map(digit).collect();
        assert_eq!(values, [0, 6, 2, 9, 3, 9, 9]);
        assert_eq!("a٪½²Ⅳ".chars().filter_map(digit).count(), 0);
    }
}
