//! What an event costs: each step alone, transport, and all of it, with a Python pipeline beside.
//!
//! `make bench`, or `cargo bench --bench pipeline -- --events 100000 --rounds 3`. Machines are noisy: ours and the
//! Python pipeline run in turn over the same records, and every figure is the median of the rounds
//! with its range. CPU is that of the pipeline's own process: not of Kafka, not of the engine.

use std::time::Duration;

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table, presets};
use sada::config::DeliveryMode;
use sada::embedded::EmbeddedClickHouse;
use sada::embedded::process::Settings;

#[path = "pipeline/events.rs"]
mod events;
#[path = "../tests/suite/kafka_server.rs"]
#[allow(dead_code, unused_imports, reason = "tests use more of it")]
mod kafka_server;
#[path = "pipeline/measure.rs"]
mod measure;
#[path = "pipeline/python.rs"]
mod python;
#[path = "pipeline/steps.rs"]
mod steps;
#[path = "pipeline/transport.rs"]
mod transport;

use kafka_server::KafkaServer;
use measure::{Cost, Spread};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sizes of a run.
struct Sizes {
    /// Records of a transport round.
    events: usize,
    /// Records of a round with all enrichment.
    enriched: usize,
    rounds: usize,
}

fn main() -> Result<()> {
    let sizes = sizes()?;
    let folder = tempfile::tempdir()?;
    let engine = EmbeddedClickHouse::start(&Settings {
        program: env!("CARGO_BIN_EXE_sada").into(),
        path: folder.path().join("clickhouse"),
        port: None,
        library: None,
    })?;
    let kafka = KafkaServer::start()?;
    let bench = transport::Bench {
        engine: engine.url(),
        kafka: &kafka,
    };

    eprintln!("sending {} records to Kafka …", sizes.events);
    bench.fill("transport", sizes.events)?;
    let (mut ours, mut loose, mut python) = (Vec::new(), Vec::new(), Vec::new());
    let exactly = DeliveryMode::ExactlyOnce;
    for round in 0..sizes.rounds {
        eprintln!("transport, round {} of {}: ours", round + 1, sizes.rounds);
        let run = |delivery| {
            bench.ours(
                "transport",
                round,
                sizes.events,
                transport::bare(),
                delivery,
            )
        };
        // In turn, and in turn the first.
        if round % 2 == 0 {
            ours.push(run(exactly)?);
            loose.push(run(DeliveryMode::AtLeastOnce)?);
        } else {
            loose.push(run(DeliveryMode::AtLeastOnce)?);
            ours.push(run(exactly)?);
        }
        eprintln!("transport, round {} of {}: Python", round + 1, sizes.rounds);
        if let Some(cost) = python::run(&bench, "transport", round, sizes.events)? {
            python.push(cost);
        }
    }
    let memory_transport = measure::peak_memory_mb()?;

    eprintln!("steps …");
    let enricher = steps::Steps::load()?;
    let steps = enricher.measure(sizes.rounds);

    eprintln!("everything, {} records …", sizes.enriched);
    bench.fill("everything", sizes.enriched)?;
    let enrich = enricher.into_enrich();
    let whole = bench.ours("everything", 0, sizes.enriched, enrich, exactly)?;
    let memory_whole = measure::peak_memory_mb()?;

    println!(
        "\nOne text, one core (median of rounds, lowest to highest)\n{}",
        steps_table(&steps)
    );
    println!(
        "\nKafka to ClickHouse, both on this machine\n{}",
        table(&ours, &loose, &python, &whole)
    );
    let kept = loose.iter().zip(&ours).map(|(l, o)| l.wall() / o.wall());
    let kept = Spread::of(kept.collect());
    println!(
        "Events/s with the ledger, of those without: {:.3} ({:.3} – {:.3})",
        kept.median, kept.lowest, kept.highest
    );
    println!("Peak memory: {memory_transport} MB transport, {memory_whole} MB with all models");
    if !python.is_empty() {
        let ratio = |f: fn(&Cost) -> f64| {
            Spread::of(ours.iter().zip(&python).map(|(o, p)| f(p) / f(o)).collect())
        };
        println!(
            "Python's cost in ours: CPU ×{:.1}, time ×{:.1}",
            ratio(Cost::cpu).median,
            ratio(Cost::wall).median
        );
    }
    Ok(())
}

fn sizes() -> Result<Sizes> {
    let mut sizes = Sizes {
        events: 200_000,
        enriched: 50_000,
        rounds: 3,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let field = match name.as_str() {
            "--events" => &mut sizes.events,
            "--enriched" => &mut sizes.enriched,
            "--rounds" => &mut sizes.rounds,
            _ => continue, // cargo passes --bench
        };
        *field = arguments.next().context("a number is missing")?.parse()?;
    }
    Ok(sizes)
}

fn steps_table(steps: &[(&'static str, Spread)]) -> Table {
    let mut table = aligned(&["step", "texts/s", "µs a text", "range"]);
    for (name, micros) in steps {
        table.add_row([
            (*name).to_owned(),
            format!("{:.0}", 1e6 / micros.median),
            format!("{:.2}", micros.median),
            format!("{:.2} – {:.2}", micros.lowest, micros.highest),
        ]);
    }
    table
}

fn table(ours: &[Cost], loose: &[Cost], python: &[Cost], whole: &Cost) -> Table {
    let mut table = aligned(&[
        "pipeline",
        "events",
        "events/s",
        "CPU s per million",
        "range",
    ]);
    let mut row = |name: &str, costs: &[Cost]| {
        if costs.is_empty() {
            return;
        }
        let rate = Spread::of(costs.iter().map(|c| c.events as f64 / c.wall()).collect());
        let cpu = Spread::of(costs.iter().map(Cost::cpu).collect());
        table.add_row([
            name.to_owned(),
            costs[0].events.to_string(),
            format!("{:.0}", rate.median),
            format!("{:.2}", cpu.median),
            format!("{:.2} – {:.2}", cpu.lowest, cpu.highest),
        ]);
    };
    row("Sada, transport with decode", ours);
    row("Sada, delivery = at_least_once", loose);
    row("Python (orjson, clickhouse-connect)", python);
    row("Sada, all enrichment", std::slice::from_ref(whole));
    table
}

fn aligned(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Longest wait for a round.
const PATIENCE: Duration = Duration::from_secs(600);
