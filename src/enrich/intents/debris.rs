//! What in a text no customer wrote: debris of language models, bad translation, boilerplate.

use std::collections::HashMap;

use super::cues::{Cue, Mention};
use crate::text::is_unspaced;

/// Flag of a text with debris of a language model (`as an AI language model`).
pub const LLM_ARTIFACT: &str = "llm_artifact";
/// Flag of a text that a machine translated badly. Cheap cues only: what translators leave behind,
/// and little words that stand twice (`of of`, `در در`).
pub const MT_SUSPECT: &str = "mt_suspect";
/// Flag of a text with lines that stand on every page (`Read more`), or one line three times.
pub const BOILERPLATE: &str = "boilerplate";

/// What the confidence of a sentiment is multiplied by in a text that is [`MT_SUSPECT`]: a word whose
/// sense was lost may have turned the feeling.
pub const MT_DOUBT: f32 = 0.8;

/// So many equal lines are boilerplate …
const REPEATED: u32 = 3;
/// … of at least so many letters and digits, …
const LONG: usize = 12;
/// … or so many in scripts without spaces.
const LONG_UNSPACED: usize = 5;

/// Flags of a text in its match form, in the order of their constants.
pub(super) fn flags(text: &str, mentions: &[Mention]) -> Vec<&'static str> {
    let mut flags = Vec::new();
    let has = |cue: Cue| mentions.iter().any(|m| m.cue == cue);
    flags.extend(has(Cue::LlmArtifact).then_some(LLM_ARTIFACT));
    flags.extend(has(Cue::MachineTranslation).then_some(MT_SUSPECT));
    let mut lines = mentions.iter().filter(|m| m.cue == Cue::Boilerplate);
    let is_boilerplate = lines.any(|m| is_line(text, m)) || repeats_a_line(text);
    flags.extend(is_boilerplate.then_some(BOILERPLATE));
    flags
}

/// Whether a mention begins its line and is at least half of it.
fn is_line(text: &str, mention: &Mention) -> bool {
    let range = &mention.range;
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let before = before.rsplit('\n').next().unwrap_or_default();
    let after = after.split('\n').next().unwrap_or_default();
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    letters(before) == 0 && letters(after) <= letters(&text[range.clone()])
}

fn repeats_a_line(text: &str) -> bool {
    if memchr::memchr_iter(b'\n', text.as_bytes()).nth(1).is_none() {
        return false;
    }
    let mut seen: HashMap<&str, u32> = HashMap::new();
    text.split('\n').filter(|line| is_long(line)).any(|line| {
        let times = seen.entry(line.trim()).or_default();
        *times += 1;
        *times == REPEATED
    })
}

fn is_long(line: &str) -> bool {
    let letters = || line.chars().filter(|c| c.is_alphanumeric());
    letters().nth(LONG - 1).is_some()
        || letters()
            .filter(|c| is_unspaced(*c))
            .nth(LONG_UNSPACED - 1)
            .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flagged(text: &str, cues: &[(Cue, &str)]) -> Vec<&'static str> {
        let mention = |(cue, words): &(Cue, &str)| {
            let start = text.find(words).unwrap();
            Mention {
                cue: *cue,
                range: start..start + words.len(),
            }
        };
        flags(text, &cues.iter().map(mention).collect::<Vec<_>>())
    }

    #[test]
    fn boilerplate_is_a_line_of_its_own() {
        let more = [(Cue::Boilerplate, "read more")];
        assert_eq!(
            flagged("all fine\n» read more …\nbye", &more),
            [BOILERPLATE]
        );
        assert_eq!(flagged("read more about it", &more), [BOILERPLATE]);
        assert!(flagged("i want to read more of this", &more).is_empty());
        assert!(flagged("read more books by the same author please", &more).is_empty());
    }

    #[test]
    fn a_long_line_three_times_is_boilerplate() {
        let text = |line: &str, times: usize| format!("{line}\n").repeat(times) + "end";
        assert_eq!(
            flagged(&text("subscribe to our news", 3), &[]),
            [BOILERPLATE]
        );
        assert!(flagged(&text("subscribe to our news", 2), &[]).is_empty());
        assert!(flagged(&text("ok", 9), &[]).is_empty());
        assert_eq!(flagged(&text("所有文章列表", 3), &[]), [BOILERPLATE]);
    }

    #[test]
    fn debris_is_flagged_in_order() {
        let cues = [
            (Cue::MachineTranslation, "of of"),
            (Cue::LlmArtifact, "ai model"),
        ];
        assert_eq!(
            flagged("the best of of all ai model", &cues),
            [LLM_ARTIFACT, MT_SUSPECT]
        );
    }
}
