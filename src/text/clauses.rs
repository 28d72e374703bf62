//! Clauses: the pieces of a text that can carry a feeling of their own.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{MatchForm, is_unspaced};

/// Words that turn from one feeling to the other, by language. Words that mean something else in
/// another common language (Danish `dog`, Croatian `no`, English `yet`) are left out, for a text's
/// language plays no part here.
const CONTRASTS: &[&str] = &[
    "but however although though unfortunately nevertheless", // en
    "aber jedoch allerdings obwohl",                          // de
    "mais cependant toutefois pourtant malgré",               // fr
    "pero aunque",                                            // es
    "porém embora",                                           // pt
    "maar echter hoewel",                                     // nl
    "но однако хотя зато",                                    // ru
    "međutim avšak hoci",                                     // hr, sk
    "ancak fakat",                                            // tr
    "tapi tetapi namun sayangnya",                            // id
    "nhưng",                                                  // vi
    "lakini ingawa",                                          // sw
    "लेकिन हालांकि",                                            // hi
    "لكن ولكن لكنه لكنها",                                    // ar
    "اما ولی ولیکن لیکن هرچند متاسفانه",                      // fa
    "하지만 그러나 그런데",                                   // ko
    "しかし ですが けど",                                     // ja
    "但是 但 不过 可是 然而 只是",                            // zh
    "แต่",                                                     // th
];

static CONTRAST: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = CONTRASTS
        .iter()
        .flat_map(|line| line.split(' '))
        .map(|word| MatchForm::of(word).text);
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        // It looks for first bytes, which every letter of a script shares.
        .prefilter(false)
        .build(words)
        .ok()
});

/// A clause begins at a contrast word only this many characters after the last cut.
const BEFORE_CONTRAST: usize = 8;
/// Shorter pieces join their neighbour: characters in scripts with spaces …
const SHORTEST: usize = 12;
/// … and in scripts without.
const SHORTEST_UNSPACED: usize = 5;

/// Byte ranges of the clauses of a text, in order, together the whole text.
///
/// Cut after `. ! ? ; … 。 ； ۔ ؟ ؛` (not inside a number) and line breaks, and before contrast
/// words (`but`, `ولی`, `لکن`, `但是`). Small pieces join the one before, a small first one the one
/// after. Give the match form: contrast words are told in it.
pub fn clauses(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for cut in cuts(text) {
        join_or_add(&mut ranges, text, start..cut);
        start = cut;
    }
    join_or_add(&mut ranges, text, start..text.len());
    ranges.into_iter()
}

/// Adds a piece, or lengthens the last clause by it if either is small.
fn join_or_add(ranges: &mut Vec<Range<usize>>, text: &str, piece: Range<usize>) {
    if piece.is_empty() {
        return;
    }
    match ranges.last_mut() {
        Some(last) if is_small(&text[piece.clone()]) || is_small(&text[last.clone()]) => {
            last.end = piece.end;
        }
        _ => ranges.push(piece),
    }
}

fn is_small(piece: &str) -> bool {
    // Counted no further than needed, so that a long piece costs no more than a short one.
    let mut chars = 0;
    let mut unspaced = 0;
    for c in piece.chars().filter(|c| c.is_alphanumeric()).take(SHORTEST) {
        chars += 1;
        unspaced += usize::from(is_unspaced(c));
    }
    chars < SHORTEST && unspaced < SHORTEST_UNSPACED
}

/// Offsets to cut at, ascending, some of them perhaps twice.
fn cuts(text: &str) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        if ends_clause(c) && !ends_clause(next) && !(before.is_numeric() && next.is_numeric()) {
            found.push(at + c.len_utf8());
        }
        before = c;
    }
    if let Some(contrast) = CONTRAST.as_ref() {
        let marks = found.len();
        for word in contrast.find_iter(text) {
            let last = found[..marks]
                .partition_point(|cut| *cut <= word.start())
                .checked_sub(1)
                .map_or(0, |i| found[i]);
            let far = text[last..word.start()].chars().nth(BEFORE_CONTRAST - 1);
            if far.is_some() && is_whole(text, word.range()) {
                found.push(word.start());
            }
        }
        found.sort_unstable();
    }
    found
}

fn ends_clause(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | ';' | '…' | '。' | '！' | '？' | '；' | '۔' | '؟' | '؛' | '।' | '\n'
    )
}

/// Whether a word stands alone; in scripts without spaces every word does.
fn is_whole(text: &str, word: Range<usize>) -> bool {
    if text[word.clone()].chars().any(is_unspaced) {
        return true;
    }
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !letter(text[..word.start].chars().next_back()) && !letter(text[word.end..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(text: &str) -> Vec<&str> {
        clauses(text).map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_and_contrasts_are_clauses() {
        assert_eq!(
            pieces("the room was clean. breakfast was cold but the staff smiled"),
            [
                "the room was clean.",
                " breakfast was cold ",
                "but the staff smiled"
            ]
        );
        assert_eq!(
            pieces("کیفیت محصول عالی بود ولی ارسال خیلی طول کشید"),
            ["کیفیت محصول عالی بود ", "ولی ارسال خیلی طول کشید"]
        );
        assert_eq!(
            pieces("الطعام كان لذيذا ولكن الخدمه بطيئه جدا"),
            ["الطعام كان لذيذا ولكن الخدمه بطيئه جدا"],
            "contrast words are told in the match form"
        );
        assert_eq!(
            pieces(&MatchForm::of("الطعام كان لذيذا ولكن الخدمة بطيئة جدا").text),
            ["الطعام کان لذیذا ", "ولکن الخدمه بطییه جدا"]
        );
        assert_eq!(
            pieces("房间很干净。早餐一般,但是服务非常好"),
            ["房间很干净。", "早餐一般,但是服务非常好"],
            "too near the last cut"
        );
        assert_eq!(
            pieces("这家店的味道非常不错但是等了很久"),
            ["这家店的味道非常不错", "但是等了很久"]
        );
    }

    #[test]
    fn small_pieces_and_numbers_are_not_cut() {
        assert_eq!(pieces("ok. fine. great product all in all!").len(), 1);
        assert_eq!(
            pieces("it costs 3.50 euros for everything"),
            ["it costs 3.50 euros for everything"]
        );
        assert_eq!(pieces("a button fell off on the first day").len(), 1);
        assert_eq!(
            pieces("really bad service!!! the food was good...").len(),
            2
        );
        assert!(pieces("").is_empty());
    }

    proptest! {
        #[test]
        fn clauses_are_the_whole_text(text in r"(\PC|[.!?;؟。\n]| but | ولی |但是){0,60}") {
            prop_assert_eq!(pieces(&text).concat(), text);
        }
    }
}
