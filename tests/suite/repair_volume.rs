//! Repair of many rows at once: how long, how many parts, how much memory of the engine. The size
//! comes from `SADA_REPAIR_ROWS` (`make bench-repair`: a million).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sada::config::Config;
use sada::embedded::EmbeddedClickHouse;
use sada::embedded::process::Settings;
use sada::warehouse::repair::{Done, Repair, SLICE_ITEMS, Window};
use sada::warehouse::{self, migrations};

use crate::support::SADA;

/// Rows without the variable.
const FEW: u64 = 30_000;
/// Most that the engine may grow meanwhile, in bytes: bounded, however many rows there are.
const MEMORY: u64 = 2 << 30;

/// Memory of a process in bytes, from `/proc`.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:"));
    let kib = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_great_import_of_history_is_repaired_in_bounded_memory() {
    let told = std::env::var("SADA_REPAIR_ROWS");
    let rows: u64 = told.map_or(FEW, |rows| rows.parse().unwrap());
    // An engine of its own, so that its memory is repair's.
    let folder = tempfile::tempdir().unwrap();
    let engine = EmbeddedClickHouse::start(&Settings {
        program: SADA.into(),
        path: folder.path().into(),
        port: None,
        library: None,
    })
    .unwrap();
    let mut config = Config::default();
    config.clickhouse.url = engine.url();
    config.clickhouse.database = "repair_volume".into();
    migrations::apply(&config).await.unwrap();
    let client = warehouse::client(&config.clickhouse)
        .unwrap()
        .with_database("repair_volume");
    let run = async |sql: &str| {
        let done = client.query(sql).execute().await;
        done.unwrap_or_else(|e| panic!("{sql}: {e}"));
    };
    let count = async |sql: &str| -> u64 {
        let found = client.query(sql).fetch_one().await;
        found.unwrap_or_else(|e| panic!("{sql}: {e}"))
    };
    // Feedback of 60 days first, in inserts as of a pipeline; then what it should have been joined
    // with: ten items a customer, an order with a shipment for each.
    let (batch, customers) = (50_000, rows / 10);
    let begin = "toDateTime64('2025-12-01 00:00:00', 3, 'UTC')";
    let tables = [
        (
            "feedback (tenant, kind, source, feedback_id, version, created_at, text, customer_id, \
             order_id, customer_join, order_join, delivery_join, joined_customer_id, _offset)",
            format!(
                "'review', 'web', toString(sipHash64(number)), 1, \
                 toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number % 5184000, \
                 randomPrintableASCII(200), concat('c', toString(number % {customers})), \
                 concat('o', toString(number)), 'late', 'late', 'late', \
                 concat('c', toString(number % {customers})), number"
            ),
            rows,
        ),
        (
            "customers_history (tenant, customer_id, valid_from, version, segment, clv)",
            format!(
                "concat('c', toString(intDiv(number, 2))), {begin} + (number % 2) * 3000000, 1, \
                 if(number % 2, 'gold', 'new'), number"
            ),
            2 * customers,
        ),
        (
            "orders_history (tenant, order_id, valid_from, version, customer_id, status, total)",
            format!(
                "concat('o', toString(number)), {begin}, 1, \
                 concat('c', toString(number % {customers})), 'paid', number"
            ),
            rows,
        ),
        (
            "deliveries_history (tenant, shipment_id, valid_from, version, order_id, status, \
             promised_at, delivered_at)",
            format!(
                "concat('p', toString(number)), {begin}, 1, concat('o', toString(number)), \
                 'delivered', {begin}, {begin} + (number % 10) * 86400"
            ),
            rows,
        ),
    ];
    for (table, values, rows) in &tables {
        for first in (0..*rows).step_by(batch as usize) {
            let size = batch.min(rows - first);
            run(&format!(
                "INSERT INTO {table} SELECT 'shop', {values} FROM numbers({first}, {size})"
            ))
            .await;
        }
    }

    let parts = "SELECT count() FROM system.parts WHERE database = 'repair_volume' \
                 AND table = 'feedback' AND active";
    let parts_before = count(parts).await;
    let before = resident(engine.id());
    let (peak, over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (watched, ended, process) = (peak.clone(), over.clone(), engine.id());
    let watch = std::thread::spawn(move || {
        while !ended.load(Ordering::Relaxed) {
            watched.fetch_max(resident(process), Ordering::Relaxed);
            std::thread::park_timeout(Duration::from_millis(50));
        }
    });
    let repair = Repair::new(&config, SLICE_ITEMS).unwrap();
    let until = repair.now().await.unwrap() + 1;
    let begun = Instant::now();
    let mut told = |_: Window, done: &Done| {
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{:>9} items, {:>9} rows, {seconds:.1} s",
            done.items, done.rows
        );
    };
    let done = repair
        .look("run", 0, until, false, &mut told)
        .await
        .unwrap();
    let took = begun.elapsed();
    over.store(true, Ordering::Relaxed);
    watch.thread().unpark();
    watch.join().unwrap();
    let grown = peak.load(Ordering::Relaxed).saturating_sub(before);
    println!(
        "{} rows repaired in {:.1} s ({:.0} rows/s), {} slices; parts of feedback: {parts_before} \
         before, {} after; the engine's memory grew from {} to {} MB",
        done.rows,
        took.as_secs_f64(),
        done.rows as f64 / took.as_secs_f64(),
        done.slices,
        count(parts).await,
        before >> 20,
        (before + grown) >> 20,
    );
    assert_eq!(done.rows, rows);
    let right = count(
        "SELECT count() FROM feedback_latest WHERE customer_join = 'hit' AND order_join = 'hit' \
         AND delivery_join = 'hit' AND order_total = _offset AND days_late = _offset % 10 \
         AND segment = if(created_at < '2026-01-04 17:20:00', 'new', 'gold')",
    );
    assert_eq!(right.await, rows);
    assert!(grown < MEMORY, "{} MB", grown >> 20);
    let mut silent = |_: Window, _: &Done| {};
    let again = repair.look("run", 0, until, false, &mut silent).await;
    assert_eq!(again.unwrap().rows, 0);
}
