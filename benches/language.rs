//! How many short reviews a second one thread tells the language of: ours and lingua in turn.
//!
//! `make bench-language`. Both answer the same 60 reviews of about 100 characters in 20 languages, in
//! several rounds, since machines are noisy; the ratio is that of the medians, with its range.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use sada::language::{Detector, Hints, Model};
use sada::training::lingua::Oracle;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Label, tab, text.
const REVIEWS: &str = include_str!("language/reviews.tsv");

const ROUNDS: usize = 3;

fn main() -> anyhow::Result<()> {
    let reviews: Vec<&str> = REVIEWS
        .lines()
        .filter_map(|line| Some(line.split_once('\t')?.1))
        .collect();
    let detector = Detector::new(Model::of_this_build()?);
    let lingua = Oracle::new(&[])?;
    let mut criterion = Criterion::default().without_plots().configure_from_args();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let mut group = criterion.benchmark_group(format!("short reviews, round {round}"));
        group
            .throughput(Throughput::Elements(reviews.len() as u64))
            .warm_up_time(Duration::from_secs(1))
            .measurement_time(Duration::from_secs(3));
        ours.extend(measure(&mut group, "sada", &reviews, |text| {
            black_box(detector.detect(text, Hints::default()));
        }));
        // An iteration takes a tenth of a second.
        group.sample_size(10);
        theirs.extend(measure(&mut group, "lingua", &reviews, |text| {
            black_box(lingua.detect(text));
        }));
        group.finish();
    }
    if ours.len() == ROUNDS && theirs.len() == ROUNDS {
        let ratios = ours.iter().zip(&theirs).map(|(o, t)| o / t).collect();
        println!("\nShort reviews, texts/s on one thread (median of rounds, lowest to highest)");
        for (name, rounds) in [("sada", ours), ("lingua", theirs), ("ratio", ratios)] {
            let [lowest, median, highest] = spread(rounds);
            println!("{name:8} {median:>10.0}   {lowest:.0} – {highest:.0}");
        }
    }
    Ok(())
}

/// Texts a second by criterion's own samples, their median; none if the name was filtered out.
fn measure(
    group: &mut BenchmarkGroup<WallTime>,
    name: &str,
    reviews: &[&str],
    detect: impl Fn(&str),
) -> Option<f64> {
    let rates = RefCell::new(Vec::new());
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let start = Instant::now();
            for _ in 0..iterations {
                reviews.iter().for_each(|text| detect(black_box(text)));
            }
            let time = start.elapsed();
            let texts = iterations as f64 * reviews.len() as f64;
            rates.borrow_mut().push(texts / time.as_secs_f64());
            time
        });
    });
    let rates = rates.into_inner();
    (!rates.is_empty()).then(|| spread(rates)[1])
}

/// Lowest, median, highest.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    ]
}
