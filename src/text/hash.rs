//! A hash that near duplicates share.

use xxhash_rust::xxh3::xxh3_64;

use super::MatchForm;

/// XXH3 of the letters of a match form: texts that differ in punctuation, spaces, digits, case or
/// spelling variants alone have the same. 0 for a text without letters.
pub fn match_hash(form: &MatchForm) -> u64 {
    let mut letters = String::with_capacity(form.text.len());
    letters.extend(form.text.chars().filter(|c| is_letter(*c)));
    if letters.is_empty() {
        return 0;
    }
    xxh3_64(letters.as_bytes())
}

/// As [`char::is_alphabetic`], without its tables for the letters that are most frequent.
fn is_letter(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphabetic(),
        'ء'..='غ' | 'ف'..='ي' | 'پ' | 'چ' | 'ژ' | 'ک' | 'گ' | 'ی' | '\u{4E00}'..='\u{9FFF}' => {
            true
        }
        _ => c.is_alphabetic(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(clean: &str) -> u64 {
        match_hash(&MatchForm::of(clean))
    }

    #[test]
    fn letters_are_those_of_unicode() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_letter(c), c.is_alphabetic(), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn near_duplicates_have_one_hash() {
        let one = hash("Order 4711 came late!!");
        assert_eq!(one, hash("order 4712 CAME, late"));
        assert_ne!(one, hash("order came early"));
        assert_eq!(hash("می\u{200C}شود ۱۲"), hash("ميشود"));
        assert_eq!(hash("價格便宜。"), hash("价格 便宜"));
        assert_eq!((hash("5/5 👍"), hash("")), (0, 0));
    }
}
