//! Persian affixes written with a space are joined to their word.
//!
//! `می شود` and `کتاب ها` are what people type for `می‌شود` and `کتاب‌ها`, whose joiner the match
//! form drops. A space goes only where both sides leave no doubt:
//!
//! * after `می` or `نمی` as whole words, before a word of two or more Arabic letters that does not
//!   begin with `می` or `نمی` itself (contemporary Persian writes `می` for nothing but the verb's
//!   prefix);
//! * before a plural or comparative ending as a whole word (`ها های هایی هایم … تر ترین`), after
//!   a word of two or more Arabic letters.
//!
//! `تر` is also "wet" and the Arabic "you see": it stays alone in `تر و تمیز`, `تر و تازه` and
//! after `لم`. Shorter endings (`ام`, `ای`, `اش`) are words too often, so they stay as they are.

use super::fold::is_arabic_letter;

const PREFIXES: [&str; 2] = ["می", "نمی"];

const SUFFIXES: [&str; 11] = [
    "ها",
    "های",
    "هایی",
    "هایم",
    "هایت",
    "هایش",
    "هایمان",
    "هایتان",
    "هایشان",
    "تر",
    "ترین",
];

/// Byte offsets of the spaces in a folded text that stand between a word and its affix.
pub(super) fn spaces(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    // Cheap no: every prefix ends in ی, every suffix begins with ه or ت, both beside a space.
    if !(text.contains("می ") || text.contains(" ها") || text.contains(" تر")) {
        return found;
    }
    for at in memchr::memchr_iter(b' ', text.as_bytes()) {
        let left = word_before(&text[..at]);
        let right = word_after(&text[at + 1..]);
        if joins(left, right, &text[at + 1..]) {
            found.push(at);
        }
    }
    found
}

fn joins(left: &str, right: &str, rest: &str) -> bool {
    // Two letters of the Arabic script are four bytes.
    if left.len() < 4 || right.len() < 4 {
        return false;
    }
    if PREFIXES.contains(&left) {
        return !PREFIXES.iter().any(|prefix| right.starts_with(prefix));
    }
    SUFFIXES.contains(&right) && !(right == "تر" && is_wet_or_see(left, &rest[right.len()..]))
}

fn is_wet_or_see(left: &str, after: &str) -> bool {
    left == "لم" || after.starts_with(" و تمیز") || after.starts_with(" و تازه")
}

fn word_before(text: &str) -> &str {
    &text[text.trim_end_matches(is_arabic_letter).len()..]
}

fn word_after(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches(is_arabic_letter).len()]
}
