//! What the join costs: catching up with O-data, a join from the index, and the same join made by
//! ClickHouse when it is asked.
//!
//! `make bench-join`, or `cargo bench --bench join -- --customers 100000 --orders 300000 --tickets 30000`.
//! Records lie on a real Kafka; orders change once. Both sides have the same data by the same
//! formulas, and what they join is held against each other.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use comfy_table::{CellAlignment, Table, presets};
use sada::config::{Config, Feed};
use sada::decode::Limits;
use sada::embedded::EmbeddedClickHouse;
use sada::embedded::process::Settings;
use sada::enrich::privacy::Redactor;
use sada::erasure::Erasures;
use sada::kafka::Follower;
use sada::odata::{Joined, Keys, join::join};
use sada::operations::Index;
use sada::operations::following::Following;

#[path = "join/data.rs"]
mod data;
#[path = "../tests/suite/kafka_server.rs"]
#[allow(dead_code, unused_imports, reason = "tests use more of it")]
mod kafka_server;
#[path = "join/queried.rs"]
mod queried;

use data::Sizes;
use kafka_server::KafkaServer;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Longest wait for a catch-up.
const PATIENCE: Duration = Duration::from_secs(3600);

fn main() -> Result<()> {
    let sizes = sizes()?;
    let folder = tempfile::tempdir()?;
    let kafka = KafkaServer::start()?;
    eprintln!("sending {} records to Kafka …", sizes.records());
    data::fill(&kafka, &sizes)?;
    let mut config = Config::default();
    config.kafka.brokers = kafka.bootstrap().to_owned();
    config.operations.feeds = data::TOPICS.map(feed).into();
    let index_folder = folder.path().join("index");

    let before = resident()?;
    let watch = Watch::start();
    eprintln!("catching up …");
    let (first, index, following) = caught_up(&config, &index_folder)?;
    let peak = watch.end().saturating_sub(before);
    ensure!(
        first.records == sizes.records(),
        "{} records",
        first.records
    );
    let settled = resident()?.saturating_sub(before);
    let disk = index.bytes();

    eprintln!("joining …");
    let joins = measured(&index, &sizes);
    following.end()?;
    drop(index);

    let (again, index, following) = caught_up(&config, &index_folder)?;
    ensure!(
        again.records == 0,
        "a restart read {} records",
        again.records
    );
    let warm = measured(&index, &sizes);
    let joined = Sums::of(&index, &sizes);
    following.end()?;

    eprintln!("the same in ClickHouse …");
    let engine = EmbeddedClickHouse::start(&Settings {
        program: env!("CARGO_BIN_EXE_sada").into(),
        path: folder.path().join("clickhouse"),
        port: None,
        library: None,
    })?;
    let queried = queried::measure(&engine.url(), &sizes)?;
    ensure!(
        queried.sums == joined,
        "joined otherwise: {:?}, {joined:?}",
        queried.sums
    );

    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .set_header(["what", "figure"]);
    let mut row = |what: &str, figure: String| {
        table.add_row([what.to_owned(), figure]);
    };
    let (records, seconds) = (first.records, first.seconds);
    row("catch-up", format!("{records} records in {seconds:.1} s"));
    row("  records/s", format!("{:.0}", records as f64 / seconds));
    row("  CPU s", format!("{:.1}", first.cpu));
    row("memory, peak", format!("{} MB", peak >> 10));
    row("memory, after it", format!("{} MB", settled >> 10));
    row("disk", format!("{} MB", disk >> 20));
    row("restart to ready", format!("{:.2} s", again.seconds));
    for (name, joins) in [("after catch-up", &joins), ("after restart", &warm)] {
        row(
            &format!("join, {name}: p50, p99"),
            format!("{:.2}, {:.2} µs", joins.p50, joins.p99),
        );
        row("  joins/s and core", format!("{:.0}", joins.per_second));
    }
    let items = queried::ITEMS;
    row(
        &format!("ClickHouse, ASOF JOIN of {items} items"),
        format!("{:.0} ms", queried.all_ms),
    );
    row(
        "  an item",
        format!("{:.1} µs", queried.all_ms * 1e3 / items as f64),
    );
    row("  of one item", format!("{:.1} ms", queried.one_ms));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("\nThe join, everything on this machine\n{table}");
    Ok(())
}

fn sizes() -> Result<Sizes> {
    let mut sizes = Sizes {
        customers: 1_000_000,
        orders: 3_000_000,
        tickets: 300_000,
        joins: 200_000,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let field = match name.as_str() {
            "--customers" => &mut sizes.customers,
            "--orders" => &mut sizes.orders,
            "--tickets" => &mut sizes.tickets,
            "--joins" => &mut sizes.joins,
            _ => continue, // cargo passes --bench
        };
        *field = arguments.next().context("a number is missing")?.parse()?;
        ensure!(*field > 0, "{name} is 0");
    }
    Ok(sizes)
}

fn feed((topic, entity, id): (&str, &str, &str)) -> Feed {
    Feed {
        topic: topic.into(),
        entity: entity.into(),
        format: "upsert".into(),
        id: id.into(),
        valid_from: "since".into(),
        version: "since".into(),
        ..Feed::default()
    }
}

/// What a catch-up took.
struct Start {
    records: u64,
    seconds: f64,
    cpu: f64,
}

fn caught_up(config: &Config, folder: &Path) -> Result<(Start, Arc<Index>, Following)> {
    let (begun, cpu) = (Instant::now(), cpu_seconds()?);
    let operations = &config.operations;
    let index = Index::open(folder, operations.memory, PATIENCE * 1_000_000, "bench")?;
    let index = Arc::new(index);
    let redactor = Arc::new(Redactor::new(b"a key of the bench"));
    let feeds = Arc::new(operations.feeds(redactor)?);
    let topics = feeds.topics().map(str::to_owned).collect();
    let follower = Follower::connect(config, topics, HashMap::new())?;
    let following = Following::start(
        follower,
        index.clone(),
        feeds,
        Limits::default(),
        operations.memory,
        Arc::new(Erasures::none()),
        || eprintln!("the index ended by itself"),
    )?;
    let mut records = 0;
    let done = following.caught_up(|| begun.elapsed() > PATIENCE, |now| records = now.read)?;
    if !done {
        bail!("no end after {PATIENCE:?}");
    }
    let start = Start {
        records,
        seconds: begun.elapsed().as_secs_f64(),
        cpu: cpu_seconds()? - cpu,
    };
    Ok((start, index, following))
}

/// Times of joins on one thread.
struct Joins {
    p50: f64,
    p99: f64,
    per_second: f64,
}

fn measured(index: &Index, sizes: &Sizes) -> Joins {
    // Warm: as many before as are measured.
    for n in 0..sizes.joins {
        std::hint::black_box(joined(index, sizes, n));
    }
    let mut times = Vec::with_capacity(sizes.joins as usize);
    let begun = Instant::now();
    for n in 0..sizes.joins {
        let one = Instant::now();
        std::hint::black_box(joined(index, sizes, n));
        times.push(one.elapsed().as_secs_f64() * 1e6);
    }
    let all = begun.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Joins {
        p50: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
        per_second: times.len() as f64 / all,
    }
}

/// An item that names its order: the customer is the order's.
fn joined(index: &Index, sizes: &Sizes, n: u64) -> Joined {
    let item = sizes.item(n);
    let keys = Keys {
        customer_id: "",
        identities: &[],
        order_id: &item.order,
        ticket_id: &item.ticket,
        session_id: "",
        shipment_id: "",
    };
    join("default", &keys, item.at, &index.look())
}

/// By which both ways are held against each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Items whose order had been delivered.
    pub delivered: u64,
    /// Items whose customer is of the first segment.
    pub first_segment: u64,
    /// Items whose ticket was there.
    pub tickets: u64,
}

impl Sums {
    fn of(index: &Index, sizes: &Sizes) -> Self {
        let mut sums = Self::default();
        for n in 0..queried::ITEMS {
            let joined = joined(index, sizes, n);
            sums.delivered += u64::from(joined.order_status == "delivered");
            sums.first_segment += u64::from(joined.segment == "segment-0");
            sums.tickets += u64::from(joined.ticket_status == "open");
        }
        sums
    }
}

/// Highest resident memory while something goes on.
struct Watch {
    stop: Arc<AtomicBool>,
    highest: Arc<AtomicU64>,
}

impl Watch {
    fn start() -> Self {
        let watch = Self {
            stop: Arc::default(),
            highest: Arc::default(),
        };
        let (stop, highest) = (watch.stop.clone(), watch.highest.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                highest.fetch_max(resident().unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        watch
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.highest.load(Ordering::Relaxed)
    }
}

/// Resident memory of this process in kB, pages of files included.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with("VmRSS"));
    let figure = line.and_then(|l| l.split_whitespace().nth(1));
    Ok(figure.context("no VmRSS")?.parse()?)
}

/// CPU seconds of this process, user and system.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().context("no such stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
