//! A hash that near duplicates share.

use xxhash_rust::xxh3::xxh3_64;

use super::MatchForm;

/// XXH3 of the letters of a match form: texts that differ in punctuation, spaces, digits, case or
/// spelling variants alone have the same. 0 for a text without letters.
pub fn match_hash(form: &MatchForm) -> u64 {
    let letters: String = form.text.chars().filter(|c| c.is_alphabetic()).collect();
    if letters.is_empty() {
        return 0;
    }
    xxh3_64(letters.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(clean: &str) -> u64 {
        match_hash(&MatchForm::of(clean))
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
