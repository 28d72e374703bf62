//! Strings that nobody writes: mojibake repair and language detection never panic, always answer
//! within their promises, in a time that grows with the length alone.
//!
//! `SADA_FUZZ_STRINGS` (100000) strings of `SADA_FUZZ_SEED` (1); `make fuzz` sends ten million. A
//! failure names its seed and number.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rayon::prelude::*;
use sada::language::{Detector, Hints, Model, classes, mojibake};
use sada::training::progress;

#[path = "language_fuzz/long.rs"]
mod long;
#[path = "language_fuzz/strings.rs"]
mod strings;

/// Some that say nothing, one that is no tag.
const HINTS: [&str; 7] = ["", "fa", "AR-eg", "zh_TW", "no", "-", "\u{202E}\u{0}ﷺ"];

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => text.parse().expect(variable),
        _ => default,
    }
}

fn detector() -> Detector {
    Detector::new(Model::of_this_build().unwrap())
}

/// What is wrong with the answer to a text, if anything is.
fn broken_promise(detector: &Detector, text: &str, hints: Hints) -> Option<String> {
    let repaired = mojibake::repair(text);
    if let Some(repaired) = &repaired {
        if repaired == text {
            return Some("a repair that changes nothing".into());
        }
        if let Some(again) = mojibake::repair(repaired) {
            return Some(format!("repaired twice: {repaired:?}, then {again:?}"));
        }
    }
    let texts = [Some(text), repaired.as_deref()];
    let wrong = |text: &str| {
        let detected = detector.detect(text, hints);
        let known = |tag: &str| tag == classes::UNKNOWN || classes::has(tag);
        let language = detected.language;
        let parts = &detected.parts;
        let shares: f32 = parts.iter().map(|part| part.share).sum();
        let kept = known(language.tag)
            && language.base == classes::base(language.tag)
            && (0.0..=1.0).contains(&language.confidence)
            && parts
                .first()
                .map_or(classes::UNKNOWN, |part| part.language_tag)
                == language.tag
            && (parts.is_empty() || (shares - 1.0).abs() < 1e-3)
            && parts.iter().all(|part| {
                known(part.language_tag)
                    && part.language == classes::base(part.language_tag)
                    && part.share > 0.0
                    && part.share <= 1.0
            })
            && parts.is_sorted_by(|a, b| a.share >= b.share)
            && detector.detect(text, hints) == detected;
        (!kept).then(|| format!("{detected:?}"))
    };
    texts.into_iter().flatten().find_map(wrong)
}

/// The same, where a panic is a broken promise too.
fn failure(detector: &Detector, text: &str, hints: Hints) -> Option<String> {
    catch_unwind(AssertUnwindSafe(|| broken_promise(detector, text, hints)))
        .unwrap_or_else(|_| Some("a panic".into()))
}

/// These tests take all cores: one after the other, so that none disturbs the times of another.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn no_string_breaks_a_promise() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (count, seed) = (
        number("SADA_FUZZ_STRINGS", 100_000),
        number("SADA_FUZZ_SEED", 1),
    );
    println!("{count} strings, SADA_FUZZ_SEED={seed}");
    let tags = ["fa", "fa-Latn", "zh"].map(str::to_owned);
    let detectors = [detector(), detector().expecting(&tags).unwrap()];
    let bar = progress("strings", count);
    const BLOCK: u64 = 1_000;
    let block = |first: u64| {
        for n in first..(first + BLOCK).min(count) {
            let mut random = fastrand::Rng::with_seed(seed ^ n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let text = strings::any(&mut random);
            let hints = Hints {
                stated: random.choice(HINTS).unwrap(),
                locale: random.choice(HINTS).unwrap(),
            };
            let detector = &detectors[random.usize(0..2)];
            let failed = failure(detector, &text, hints);
            assert!(
                failed.is_none(),
                "string {n} of SADA_FUZZ_SEED={seed}: {text:?} with {hints:?}: {}",
                failed.unwrap()
            );
        }
        bar.inc(BLOCK.min(count - first));
    };
    let blocks = count.div_ceil(BLOCK);
    (0..blocks).into_par_iter().for_each(|n| block(n * BLOCK));
    bar.finish_and_clear();
}

#[test]
fn long_strings_keep_the_promises_too() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let detector = detector();
    for shape in long::SHAPES {
        let text = (shape.of)(shape.most);
        let failed = failure(&detector, &text, Hints::default());
        assert!(failed.is_none(), "{}: {}", shape.name, failed.unwrap());
    }
}

/// Sixteen times the text takes about sixteen times as long; a longer text may fall out of a cache,
/// and machines are noisy, so a shape has several tries, and half the way (on a scale of powers) to
/// the 256 times of what grows with the square is left.
#[test]
fn time_grows_with_the_length_alone() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    const TRIES: usize = 4;
    let detector = detector();
    let bar = progress("growth of the time", long::SHAPES.len() as u64);
    let mut slow = Vec::new();
    for shape in long::SHAPES {
        let texts = [16, 4, 1].map(|part| (shape.of)(shape.most / part));
        let grown = |_| {
            let [one, four, sixteen] = times(&detector, &texts);
            // Below that the clock and what is done once for any text weigh more.
            let least = Duration::from_micros(50);
            let ratio = |long: Duration| long.as_secs_f64() / one.max(least).as_secs_f64();
            let [four, sixteen] = [ratio(four), ratio(sixteen)];
            (sixteen > 64.0).then_some((four, sixteen))
        };
        let tries: Vec<_> = (0..TRIES).map_while(grown).collect();
        if tries.len() == TRIES {
            slow.push(format!(
                "{}: times 4 and 16 the text: {tries:.1?}",
                shape.name
            ));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

/// Processor time of this thread: others on the machine don't count.
fn spent() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// Least time for each text, in turn: what else the machine does only adds to it. The first round, in which memory grows, does not count.
fn times(detector: &Detector, texts: &[String; 3]) -> [Duration; 3] {
    let mut times = [const { Vec::new() }; 3];
    for round in 0..6 {
        for (text, times) in texts.iter().zip(&mut times) {
            let start = spent();
            let repaired = mojibake::repair(text);
            let text = repaired.as_deref().unwrap_or(text);
            std::hint::black_box(detector.detect(text, Hints::default()));
            if round > 0 {
                times.push(spent() - start);
            }
        }
    }
    times.map(|times: Vec<Duration>| times.into_iter().min().unwrap())
}
