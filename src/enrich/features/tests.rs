use std::collections::BTreeSet;

use super::*;

fn features(text: &str) -> Vec<u32> {
    Tokens::of(text).whole().all().collect()
}

/// Number of features of each token.
fn sizes(tokens: &Tokens) -> Vec<usize> {
    tokens.whole().tokens().map(<[u32]>::len).collect()
}

fn judgeable(text: &str) -> bool {
    Tokens::of(text).whole().is_judgeable()
}

#[test]
fn words_pairs_and_skips_count_more_than_pieces() {
    // "ab" has "<ab", "ab>"; alone it is one word.
    let one = features("ab");
    assert_eq!(one.len(), 3);
    assert_eq!(one.iter().filter(|f| weight(**f) == WORD_WEIGHT).count(), 1);
    // Three words: each itself and 2 pieces; 2 pairs, 1 skip.
    let three = Tokens::of("ab cd ef");
    assert_eq!(sizes(&three), [3, 3, 3]);
    assert_eq!(three.whole().across().len(), 3);
    assert_eq!(three.whole().features()[0], one[0]);
}

#[test]
fn nothing_is_left_of_the_text_before() {
    let mut tokens = Tokens::of("one long text before");
    tokens.read("ab cd");
    assert_eq!(sizes(&tokens), [3, 3]);
    assert!(tokens.whole().all().eq(features("ab cd")));
}

#[test]
fn parts_of_a_text_are_together_the_whole() {
    for text in [
        "good room. bad food!",
        "很好但是太贵了",
        "ดีมาก แพง",
        "a 👍👍 b",
    ] {
        let tokens = Tokens::of(text);
        let whole: Vec<u32> = tokens.whole().all().collect();
        for cut in 0..=text.len() {
            let parts = [tokens.part(&(0..cut)), tokens.part(&(cut..text.len()))];
            let features = parts.map(Part::features).concat();
            let across = parts.map(Part::across).concat();
            assert_eq!([features, across].concat(), whole, "{text} {cut}");
            let of_parts = parts.into_iter().flat_map(Part::tokens);
            assert!(of_parts.eq(tokens.whole().tokens()), "{text} {cut}");
        }
    }
    let tokens = Tokens::of("good!! bad");
    assert!(!tokens.part(&(4..7)).is_judgeable() && tokens.part(&(4..10)).is_judgeable());
    assert!(tokens.part(&(10..10)).is_empty());
}

#[test]
fn ways_to_write_the_same_thing_meet() {
    assert_eq!(
        features("see https://a.example/b?c=1 now"),
        features("see www.b.example now")
    );
    assert_eq!(features("see url now"), features("see http now"));
    assert_eq!(features("@somebody_1 hi"), features("user hi"));
    assert_eq!(features("took 17 days"), features("took 29 days"));
    assert_eq!(features("sooo good"), features("soooooooo good"));
    assert_ne!(features("sooo good"), features("soo good"));
    assert_eq!(features("!!!"), features("!!!!!!"));
    assert_ne!(features("!"), features("!!"));
}

#[test]
fn a_text_without_letter_digit_or_emoji_is_not_judgeable() {
    for text in ["", " \n\t", "...", "—!؟", "٪ $"] {
        assert!(!judgeable(text), "{text:?}");
    }
    for text in ["a", "5", "۵", "好", "ดี", "👍", "❤", "س", "क्"] {
        assert!(judgeable(text), "{text:?}");
    }
}

#[test]
fn unspaced_scripts_give_grams_of_characters() {
    // A token an ideograph: grams of 1 to 3 that begin there, those of 4 apart.
    let good = Tokens::of("质量很好");
    assert_eq!(sizes(&good), [3, 3, 2, 1]);
    assert_eq!(good.whole().across().len(), 1);
    // A token four Thai characters; the last, alone, is a gram by itself.
    assert_eq!(sizes(&Tokens::of("ดีมาก")), [10, 1]);
    let shared = features("很好").into_iter().collect::<BTreeSet<_>>();
    assert!(shared.iter().all(|f| features("真的很好").contains(f)));
}

#[test]
fn of_long_texts_begin_and_end_are_read() {
    let long = Tokens::of(&format!("first {}last", "word ".repeat(10_000)));
    let whole = long.whole();
    assert_eq!(whole.tokens().count(), MOST_TOKENS);
    assert_eq!(whole.features()[0], features("first")[0]);
    assert!(whole.features().contains(&features("last")[0]));
    assert_eq!(sizes(&long).iter().sum::<usize>(), whole.features().len());
    assert!(whole.across().len() <= 2 * MOST_TOKENS);
    // Runs without a space are cut, and nothing of them is left out.
    assert!(sizes(&Tokens::of(&"ab".repeat(200))).len() > 5);
}

#[test]
fn copies_of_a_language_differ_from_each_other() {
    let copies: BTreeSet<_> = (0..40).map(|l| in_language(7, l)).collect();
    assert_eq!(copies.len(), 40);
}
