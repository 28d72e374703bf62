//! Fits a model: the linear part and the network side by side, each on all texts.

use super::examples::Examples;
use super::linear::{self, Fitted};
use super::network::{self, Weights};
use super::progress;
use crate::enrich::sentiment::softmax;

/// Small sets that are wide, or carefully labelled, count more; large and narrow ones less.
const SETS: [(&str, f32); 7] = [
    ("umsab", 4.0),
    ("deepsentipers", 5.0),
    ("snappfood", 2.0),
    ("smsa", 2.0),
    ("sst", 2.0),
    ("uit-vsfc", 2.0),
    ("mabsa-", 0.5),
];

/// What training was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Order of the texts, and which parts of them are left out as they are learned.
    pub seed: u64,
    /// Passes over the texts.
    pub epochs: u32,
    /// log2 of the rows of the linear part that all languages share …
    pub shared_bits: u8,
    /// … and of those of language copies.
    pub own_bits: u8,
    /// Fits of the linear part on other orders of the texts, whose mean is taken.
    pub fits: u32,
    /// Step of AdaGrad for the linear part.
    pub linear_rate: f32,
    /// Pull of touched weights of the linear part towards 0.
    pub decay: f32,
    /// log2 of the rows of the network.
    pub bits: u8,
    /// Step of AdaGrad for rows of the network.
    pub rate: f32,
    /// Step of AdaGrad for its filters and heads.
    pub dense_rate: f32,
    /// Step for biases.
    pub bias_rate: f32,
    /// What is left of the network's steps at the end.
    pub end_rate: f32,
    /// How much the network's logits count beside those of the linear part.
    pub share: f32,
    /// Share of texts that forget their language, so that others are judged well too.
    pub forget: f32,
    /// Exponent of the balance between the labels of a set: 0 none, 1 full.
    pub balance: f32,
    /// How much the texts of a set count, by the begin of its name; others count 1.
    pub sets: &'static [(&'static str, f32)],
    /// Texts that a language needs to have weights of its own.
    pub least_texts: usize,
    /// Confidence of the language below which it does not count.
    pub least_confidence: f32,
    /// Dev rows of each set that are looked at.
    pub dev_rows: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            epochs: 2,
            shared_bits: 21,
            own_bits: 22,
            fits: 4,
            linear_rate: 0.1,
            decay: 0.005,
            bits: 21,
            rate: 0.05,
            dense_rate: 0.02,
            bias_rate: 0.02,
            end_rate: 0.1,
            share: 0.5,
            forget: 0.15,
            balance: 0.5,
            sets: &SETS,
            least_texts: 1000,
            least_confidence: 0.2,
            dev_rows: 1000,
        }
    }
}

impl Settings {
    /// For texts that a model fitted before is to learn beside what it knows: small steps.
    pub fn fine_tuning() -> Self {
        Self {
            fits: 1,
            linear_rate: 0.03,
            decay: 0.0,
            rate: 0.01,
            dense_rate: 0.002,
            ..Self::default()
        }
    }
}

/// What a text is fitted to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// 0 negative, 1 neutral, 2 positive.
    pub gold: u8,
    /// Neutral is no label of the text's set: it is neither learned nor unlearned.
    pub no_neutral: bool,
    /// How much the text counts.
    pub weight: f32,
}

impl Target {
    /// Gradient of the cross-entropy for each logit.
    pub fn gradient(&self, mut logits: [f32; 3]) -> [f32; 3] {
        if self.no_neutral {
            logits[1] = f32::NEG_INFINITY;
        }
        let p = softmax(logits);
        [0, 1, 2].map(|c| {
            let gold = f32::from(u8::from(usize::from(self.gold) == c));
            (p[c] - gold) * self.weight
        })
    }
}

/// Fits both parts, which begin with `start`, on all cores. The same examples and settings give the same
/// weights, on any number of threads.
pub fn fit(
    start: (Fitted, Weights),
    examples: &Examples,
    settings: &Settings,
) -> (Fitted, Weights) {
    let passes = u64::from(settings.epochs) * (u64::from(settings.fits.max(1)) + 1);
    let bar = progress("fitting", passes * examples.len() as u64);
    let weights = examples.weights(settings.balance);
    let target = |row: usize| {
        let text = examples.get(row);
        let (weight, no_neutral) = text.weight(&weights);
        Target {
            gold: text.gold,
            no_neutral,
            weight,
        }
    };
    let (linear, mut network) = start;
    let fitted = rayon::join(
        || linear::fit(&linear, examples, settings, &target, &bar),
        || {
            network::fit(&mut network, examples, settings, &target, &bar);
            network
        },
    );
    bar.finish_and_clear();
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::features::Tokens;
    use crate::enrich::sentiment::file::Parts;

    const TEXTS: [(&str, u8); 6] = [
        ("this is good", 2),
        ("this is not good", 0),
        ("that was bad", 0),
        ("that was not bad", 2),
        ("where is it", 1),
        ("when does it open", 1),
    ];

    fn settings() -> Settings {
        Settings {
            shared_bits: 12,
            own_bits: 12,
            bits: 12,
            epochs: 30,
            fits: 2,
            ..Settings::default()
        }
    }

    fn fitted(threads: usize) -> Parts {
        let mut examples = Examples::default();
        examples.begin_set(1.0);
        let mut tokens = Tokens::default();
        for (text, gold) in TEXTS.repeat(8) {
            tokens.read(text);
            examples.push(&tokens, Some(0), gold);
        }
        let settings = settings();
        let start = (Fitted::new(&settings, 1), Weights::new(&settings, 1));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        let (linear, network) = pool.install(|| fit(start, &examples, &settings));
        Parts {
            version: "toy".into(),
            least_confidence: 0.5,
            temperature: 1.0,
            share: settings.share,
            languages: vec!["en".into()],
            linear: linear.quantise(),
            network: network.quantise(),
        }
    }

    #[test]
    fn both_parts_learn_and_do_so_alike_on_any_threads() {
        let parts = fitted(1);
        assert_eq!(parts.encode(), fitted(3).encode());
        let mut tokens = Tokens::default();
        for (text, gold) in TEXTS {
            tokens.read(text);
            for logits in [
                parts.linear.logits(tokens.whole(), Some(0)),
                parts.network.logits(tokens.whole(), Some(0)),
            ] {
                let most = logits.into_iter().fold(f32::NEG_INFINITY, f32::max);
                assert_eq!(logits[usize::from(gold)], most, "{text}: {logits:?}");
            }
        }
    }

    #[test]
    fn what_was_fitted_is_taken_up_again_as_it_was() {
        let parts = fitted(1);
        assert_eq!(
            Fitted::of(&parts.linear).quantise().biases,
            parts.linear.biases
        );
        let again = Weights::of(&parts.network).quantise();
        let mut tokens = Tokens::default();
        tokens.read("this is not good");
        for language in [None, Some(0)] {
            let (a, b) = (
                parts.network.logits(tokens.whole(), language),
                again.logits(tokens.whole(), language),
            );
            for c in 0..3 {
                assert!((a[c] - b[c]).abs() < 0.05, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_set_without_neutral_says_nothing_of_neutral() {
        let target = |no_neutral| Target {
            gold: 2,
            no_neutral,
            weight: 2.0,
        };
        let logits = [0.0, 5.0, 0.0];
        let [negative, neutral, positive] = target(true).gradient(logits);
        assert_eq!((negative, neutral, positive), (1.0, 0.0, -1.0));
        assert!(target(false).gradient(logits)[1] > 1.9);
    }
}
