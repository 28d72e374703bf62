//! How many short reviews a second one thread judges, by length, and what the model costs to load.
//!
//! `make bench-sentiment`. The texts are the reviews of `bench-language`, in their match form, with
//! their languages as detected: sentiment alone, as the pipeline calls it. `SADA_BENCH_MODEL` names
//! another model than the one built in.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput};
use sada::enrich::sentiment::Model;
use sada::language::{self, Detector, Hints};
use sada::text::{MatchForm, clean};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Label, tab, text.
const REVIEWS: &str = include_str!("language/reviews.tsv");

fn main() -> anyhow::Result<()> {
    let before = resident();
    let start = Instant::now();
    let model = match std::env::var_os("SADA_BENCH_MODEL") {
        Some(file) => Model::parse(std::fs::read(file)?)?,
        None => Model::built_in()?,
    };
    let loaded = start.elapsed();
    let detector = Detector::new(language::Model::of_this_build()?);
    let texts: Vec<_> = REVIEWS
        .lines()
        .filter_map(|line| Some(line.split_once('\t')?.1))
        .map(|text| {
            let language = detector.detect(text, Hints::default()).language;
            (MatchForm::of(&clean(text)).text, language)
        })
        .collect();
    let characters: usize = texts.iter().map(|(text, _)| text.chars().count()).sum();
    for (text, language) in &texts {
        black_box(model.score(text, language));
    }
    println!(
        "model {}: ready after {:.1} ms; resident memory {before} KiB before, {} KiB with the language \
         model beside it; {} reviews of {} characters on average",
        model.version(),
        1000.0 * loaded.as_secs_f64(),
        resident(),
        texts.len(),
        characters / texts.len().max(1)
    );
    let mut criterion = Criterion::default().without_plots().configure_from_args();
    let mut group = criterion.benchmark_group("sentiment");
    let groups = [("all", ""), ("zh", "zh"), ("fa", "fa"), ("en", "en")];
    for (name, base) in groups {
        let texts: Vec<_> = texts
            .iter()
            .filter(|(_, language)| base.is_empty() || language.base == base)
            .collect();
        group
            .throughput(Throughput::Elements(texts.len() as u64))
            .bench_function(name, |bencher| {
                bencher.iter(|| {
                    for (text, language) in &texts {
                        black_box(model.score(text, language));
                    }
                });
            });
    }
    group.finish();
    Ok(())
}

/// Resident memory of this process in KiB; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
