//! The words before a number, by which a text says what the number is.

use super::shadow::{LETTER, MARK, Shadow};
use crate::text::{MatchForm, is_unspaced};

/// Characters looked at.
const NEAR: usize = 32;

/// Short words that may stand between what a number is called and the number.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "is", "no", "number", "num", "nr", "id", "code", "my", "was", "号码", "编号", "号", "码", "是", "为",
    "هست", "شماره", "کد", "من", "ما", "ام", "هو", "هی", "رقم", "الخاص", "بی", "برقم",
];

/// What stands close before a number, in match form.
pub(super) struct Before(String);

impl Before {
    /// The text before a position; nothing that is further away than another number or a mark, for
    /// the words there speak of that.
    pub(super) fn of(text: &Shadow, position: usize) -> Self {
        let far = position.saturating_sub(NEAR);
        let bytes = &text.bytes()[far..position];
        let other = bytes.iter().rposition(|b| b.is_ascii_digit() || *b == MARK);
        let from = far + other.map_or(0, |at| at + 1);
        let letters = text.bytes()[from..position]
            .iter()
            .any(|b| b.is_ascii_alphabetic() || *b == LETTER);
        if !letters {
            return Self(String::new());
        }
        Self(MatchForm::of(text.source(from..position)).text)
    }

    /// The same of the text after a position, which ends at another number, a mark or a sentence's end.
    pub(super) fn after(text: &Shadow, position: usize) -> Self {
        let bytes = text.bytes().get(position..).unwrap_or_default();
        let far = bytes.len().min(NEAR);
        let other = bytes[..far]
            .iter()
            .position(|b| b.is_ascii_digit() || matches!(*b, MARK | b'.' | b'!' | b'?' | b'\n'));
        let to = position + other.unwrap_or(far);
        Self(MatchForm::of(text.source(position..to)).text)
    }

    /// Whether one of the words stands here, whatever stands between.
    pub(super) fn holds(&self, words: &[&str]) -> bool {
        !self.0.is_empty()
            && words.iter().any(|word| {
                self.0.match_indices(word).any(|(at, _)| {
                    let end = at + word.len();
                    let next = self.0[end..].chars().next();
                    let inside = next.is_some_and(|next| {
                        next.is_alphanumeric() && !is_unspaced(next) && !word.ends_with(is_unspaced)
                    });
                    !inside && ends_with(&self.0[..end], word)
                })
            })
    }

    /// Whether one of the words ends here: only punctuation, spaces and links (`is`, `:`, `号`) may
    /// stand between. Words in match form.
    pub(super) fn calls(&self, words: &[&str]) -> bool {
        let mut near = self.0.as_str();
        loop {
            near = near.trim_end_matches(|c: char| !c.is_alphanumeric());
            if words.iter().any(|word| ends_with(near, word)) {
                return true;
            }
            let link = LINKS.iter().find(|link| ends_with(near, link));
            match link.and_then(|link| near.strip_suffix(link)) {
                Some(rest) => near = rest,
                None => return false,
            }
        }
    }
}

/// Whether a text ends with a word; in scripts without spaces with its characters. `hotel` does not
/// end with `tel`.
fn ends_with(text: &str, word: &str) -> bool {
    let Some(rest) = text.strip_suffix(word) else {
        return false;
    };
    let first = word.chars().next().unwrap_or(' ');
    let fused = rest.chars().next_back().is_some_and(char::is_alphanumeric);
    let arabic = ('\u{600}'..='\u{6FF}').contains(&first);
    match rest.chars().next_back() {
        // The article and one-letter words of the Arabic script grow on the word.
        Some(before) if fused && arabic => {
            let token = rest.rsplit(|c: char| !c.is_alphanumeric()).next();
            !('\u{600}'..='\u{6FF}').contains(&before)
                || matches!(token, Some("و" | "ب" | "ل" | "ال" | "بال" | "وال" | "لل"))
        }
        Some(_) if fused && first.is_ascii() => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn calls(text: &str, words: &[&str]) -> bool {
        let shadow = Shadow::of(text);
        Before::of(&shadow, shadow.bytes().len()).calls(words)
    }

    #[test]
    fn links_and_punctuation_may_stand_between() {
        for text in [
            "my phone number is: ",
            "Phone # ",
            "PHONE - no. ",
            "then phone",
        ] {
            assert!(calls(text, &["phone"]), "{text}");
        }
        assert!(calls("شماره سفارش من: ", &["سفارش"]));
        assert!(calls("والهاتف ", &["هاتف"]));
        assert!(calls("我的订单编号是", &["订单"]));
    }

    #[test]
    fn other_words_other_numbers_and_marks_end_the_look() {
        for text in [
            "phone for ",
            "telephones ",
            "microphone ",
            "phone 12 ",
            "phone [phone] ",
            "",
        ] {
            assert!(!calls(text, &["phone"]), "{text}");
        }
    }
}
