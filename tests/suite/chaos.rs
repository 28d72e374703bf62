//! Chaos: real parts, a seeded schedule of faults, continuous load, and then a check of every
//! record by SQL against what was produced.
//!
//! `make test` runs a short one; `make chaos FAULTS=1000 EVENTS=2000000 SEED=…` a long one, with
//! the same code. The schedule and the records are functions of the seed; the order in which
//! processes and machines take them is not, so a seed that fails may need a few runs to fail again.

#[path = "chaos/check.rs"]
mod check;
#[path = "chaos/drain.rs"]
mod drain;
#[path = "chaos/faults.rs"]
mod faults;
#[path = "chaos/findings.rs"]
mod findings;
#[path = "chaos/joined.rs"]
mod joined;
#[path = "chaos/kafka_log.rs"]
mod kafka_log;
#[path = "chaos/load.rs"]
mod load;
#[path = "chaos/operations.rs"]
mod operations;
#[path = "chaos/oracle.rs"]
mod oracle;
#[path = "chaos/producer.rs"]
mod producer;
#[path = "chaos/scene.rs"]
mod scene;
#[path = "chaos/schedule.rs"]
mod schedule;
#[path = "chaos/superseded.rs"]
mod superseded;
#[path = "chaos/witness.rs"]
mod witness;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::fault_proxy::{Extent, Fault, Scope};
use crate::support::PATIENCE;
use check::Check;
use drain::Lag;
use faults::Faults;
use findings::{Findings, Sort};
use load::Load;
use producer::{Produced, Producer};
use scene::Scene;
use schedule::{GAP, Schedule, Strike};

/// Processes that run all the time.
const STEADY: usize = 3;
/// Time between two turns of the loop.
const TURN: Duration = Duration::from_millis(50);
/// Time between two looks at what has been ingested, and between two lines of progress.
const LOOK: Duration = Duration::from_secs(1);
const REPORT: Duration = Duration::from_secs(5);
/// Records without an outcome up to which faults come. Past it they pause until the group has
/// caught up: on a slow machine it would else never get two quiet seconds, and the run would
/// measure the machine. The load goes on, and so do the failures that still wait for a request.
const BACKLOG: u64 = 40_000;
/// Events up to which `feedback` does not merge, so that each row in it can be counted. A longer run
/// merges, as production does, or its parts would become too many.
const UNMERGED: u64 = 200_000;
/// Events a second that go on when all are sent and faults are left.
const TRICKLE: u64 = 100;

/// Strikes, each with the time since the one before.
type Strikes = Box<dyn Iterator<Item = (Duration, Strike)>>;

/// What a run is to be.
#[derive(Debug, Clone)]
struct Plan {
    faults: u64,
    events: u64,
    seed: u64,
    /// `exactly_once` or `at_least_once`.
    delivery: String,
    /// Strikes of a seed.
    strikes: fn(u64) -> Strikes,
    steady: usize,
    /// Faults come when the first records have become rows, not before.
    settled: bool,
    /// [`Load::ids`]
    ids: u32,
}

impl Plan {
    /// From `SADA_CHAOS_FAULTS`, `…_EVENTS`, `…_SEED` and `…_DELIVERY`, else the short run.
    fn from_environment() -> Self {
        Self::from_environment_or(60, 100_000)
    }

    /// The same with other numbers of a short run.
    fn from_environment_or(faults: u64, events: u64) -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let number = |name: &str, default| match text(name) {
            Some(value) => value
                .parse()
                .unwrap_or_else(|_| panic!("{name} is no number: {value}")),
            None => default,
        };
        Self {
            faults: number("SADA_CHAOS_FAULTS", faults),
            events: number("SADA_CHAOS_EVENTS", events),
            seed: number("SADA_CHAOS_SEED", 20_260_501),
            delivery: text("SADA_CHAOS_DELIVERY").unwrap_or_else(|| "exactly_once".into()),
            strikes: |seed| Box::new(Schedule::new(seed)),
            steady: STEADY,
            settled: false,
            ids: 0,
        }
    }

    fn load(&self) -> Load {
        Load {
            seed: self.seed,
            ids: self.ids,
        }
    }

    /// Whether `feedback` merges while it runs.
    fn merges(&self) -> bool {
        self.events > UNMERGED
    }

    /// The command that repeats it.
    fn again(&self) -> String {
        let Plan {
            faults,
            events,
            seed,
            delivery,
            ids,
            ..
        } = self;
        let target = if *ids > 0 { "chaos-odata" } else { "chaos" };
        format!("make {target} FAULTS={faults} EVENTS={events} SEED={seed} DELIVERY={delivery}")
    }
}

/// What came of a run: everything is ended and drained, nothing is checked yet.
struct Ridden {
    load: Load,
    produced: Produced,
    /// Processes that did not behave.
    complaints: Vec<String>,
    faults: BTreeMap<&'static str, u64>,
    struck: BTreeMap<Fault, u64>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_has_one_outcome_whatever_fails() {
    let plan = Plan::from_environment();
    println!("chaos, seed {}: {}", plan.seed, plan.again());
    let begun = Instant::now();
    let mut scene = Scene::set(&plan.delivery, plan.again(), "").unwrap();
    let ridden = ride(&plan, &scene).await.unwrap();
    println!("{:28} {:>6}", "fault", "times");
    for (name, times) in &ridden.faults {
        println!("{name:28} {times:>6}");
    }
    println!("{:28} {:>6}", "all", ridden.faults.values().sum::<u64>());
    println!("requests struck: {:?}", ridden.struck);

    let client = scene.client();
    let mut findings = physical(&client, &ridden, &scene, plan.merges())
        .await
        .unwrap();
    check::merge(&client).await.unwrap();
    let mut check = Check::new(&client, ridden.load, &ridden.produced);
    check.latest().await.unwrap();
    findings.join(check.findings);
    let mut complaints = ridden.complaints;
    complaints.extend(reconciled(&scene).unwrap());
    let records = ridden.produced.total();
    println!("{records} records, {:.0} s", begun.elapsed().as_secs_f64());
    assert!(
        findings.is_clean() && complaints.is_empty(),
        "seed {}:\n{findings}{}",
        plan.seed,
        complaints.join("\n")
    );
    scene.passed();
}

/// Load and faults, side by side, to the end of both; then all is healed, drained and stopped.
async fn ride(plan: &Plan, scene: &Scene) -> Result<Ridden> {
    let load = plan.load();
    let kafka = scene.kafka_client();
    let client = scene.client();
    if !plan.merges() {
        check::stop_merges(&client).await?;
    }
    witness::call(&client).await?;

    let producer = Producer::start(kafka.clone(), scene::topic(), load)?;
    let mut faults = Faults::start(scene, plan.steady, plan.seed)?;
    if plan.settled {
        settle(&producer, &client).await?;
    }
    storm(plan, &producer, &mut faults, &client).await?;

    faults.heal()?;
    let mut produced = producer.finish(Duration::from_secs(120))?;
    let lag = Lag::new(&kafka)?;
    let filled = producer::fill(&mut produced, &lag.ends()?, |partition, offset| {
        kafka_log::read_key(&kafka, &scene::topic(), partition, offset)
    })?;
    if filled > 0 {
        println!("{filled} offsets were looked up: their reports told none");
    }
    let mut told = Instant::now();
    lag.wait(|lag| {
        if told.elapsed() > REPORT {
            told = Instant::now();
            println!("draining: {lag} records to go");
        }
        faults.turn()
    })?;
    Ok(Ridden {
        load,
        produced,
        faults: faults.counts().clone(),
        struck: scene.proxy.struck(),
        complaints: faults.stop()?,
    })
}

/// Sends a few records and waits for their lines: every partition is read then.
async fn settle(producer: &Producer, client: &clickhouse::Client) -> Result<()> {
    const FIRST: u64 = 400;
    producer.aim(FIRST);
    let begun = Instant::now();
    while ingested(client).await? < FIRST {
        ensure!(begun.elapsed() < PATIENCE, "nothing is ingested");
        tokio::time::sleep(TURN).await;
    }
    Ok(())
}

/// Strikes until all faults are done; the load keeps step with them.
///
/// # Errors
/// The group does not catch up in a pause of the faults.
async fn storm(
    plan: &Plan,
    producer: &Producer,
    faults: &mut Faults<'_>,
    client: &clickhouse::Client,
) -> Result<()> {
    let begun = Instant::now();
    let (mut looked, mut told, mut caught_up) = (begun, begun, begun);
    let (mut trickled, mut lines) = (0, 0);
    let mut strikes = (plan.strikes)(plan.seed);
    let mut next = strikes.next();
    let mut since = Instant::now();
    let mut done = 0;
    while done < plan.faults {
        let Some((gap, strike)) = &next else { break };
        if looked.elapsed() >= LOOK {
            // A busy server may miss one; if it goes on, the group is taken not to catch up.
            match ingested(client).await {
                Ok(counted) => lines = counted,
                Err(error) => println!("lines in ingested: {error:#}; asked again"),
            }
            looked = Instant::now();
        }
        let (sent, _) = producer.progress();
        if sent <= lines + BACKLOG {
            caught_up = Instant::now();
        }
        ensure!(
            caught_up.elapsed() < 3 * PATIENCE,
            "{done} faults, {sent} records, {lines} lines: the group does not catch up"
        );
        let pause = sent > lines + BACKLOG;
        if since.elapsed() >= *gap && !pause {
            let struck = faults.strike(strike, producer)?;
            if struck || faults.gives_up() {
                done += u64::from(struck);
                (next, since) = (strikes.next(), Instant::now());
            }
        }
        faults.turn()?;
        producer.refused()?;

        // Between two faults it goes on at the pace of the mean gap.
        let between = (since.elapsed().as_secs_f64() / GAP.as_secs_f64()).min(1.0);
        let share = ((done as f64 + between) / plan.faults as f64).min(1.0);
        let planned = (plan.events as f64 * share) as u64;
        if sent >= planned {
            trickled += TRICKLE * TURN.as_millis() as u64 / 1_000;
        }
        producer.aim(planned + trickled);
        if told.elapsed() >= REPORT {
            told = Instant::now();
            let left = begun.elapsed().as_secs_f64() / share.max(1e-3) * (1.0 - share);
            println!(
                "{done:>5} faults, {sent:>8} records, {lines:>8} lines in ingested, {} processes up, \
                 {} failures wait{}, {left:.0} s left",
                faults.up(),
                faults.waiting(),
                if pause { ", faults pause" } else { "" },
            );
        }
        tokio::time::sleep(TURN).await;
    }
    producer.aim(plan.events);
    Ok(())
}

async fn ingested(client: &clickhouse::Client) -> Result<u64> {
    let lines = client.query("SELECT count() FROM ingested");
    Ok(lines.fetch_one().await?)
}

/// What lies in the tables and on the dead-letter topic. `merged`: `feedback` has folded versions,
/// and only the witness tells what was inserted.
async fn physical(
    client: &clickhouse::Client,
    ridden: &Ridden,
    scene: &Scene,
    merged: bool,
) -> Result<Findings> {
    let mut check = Check::new(client, ridden.load, &ridden.produced);
    check.ingested().await.context("ingested")?;
    if !merged {
        check.feedback().await.context("feedback")?;
    }
    check.witness().await.context("witness")?;
    check.dead_letters().await.context("dead_letters")?;
    check.dead_letter_topic(&scene.kafka_client())?;
    Ok(check.findings)
}

/// What `sada reconcile` has to say against the same run: nothing, if all is well.
fn reconciled(scene: &Scene) -> Result<Option<String>> {
    let output = scene.sada(&["reconcile"])?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.code() {
        Some(0) => Ok(None),
        Some(1) => Ok(Some(format!("reconcile: {}", said(&output.stdout)))),
        _ => bail!("reconcile, {}: {}", output.status, said(&output.stderr)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_can_fail() {
    fn cut(table: &'static str) -> Strike {
        Strike::Proxy {
            fault: Fault::CutAfter,
            scope: Scope::Into(table),
            extent: Extent::Requests(1),
        }
    }
    let plan = Plan {
        faults: 6,
        events: 4_000,
        seed: 1,
        delivery: "at_least_once".into(),
        strikes: |_| {
            let tables = ["feedback", "ingested"].into_iter().cycle();
            Box::new(tables.map(|table| (GAP / 2, cut(table))))
        },
        steady: 1,
        settled: true,
        ids: 0,
    };
    let mut scene = Scene::set(&plan.delivery, String::new(), "").unwrap();
    let ridden = ride(&plan, &scene).await.unwrap();
    assert_eq!(ridden.complaints, [""; 0]);
    let client = scene.client();
    let found = physical(&client, &ridden, &scene, false).await.unwrap();
    let places = [findings::INGESTED, findings::FEEDBACK, findings::WITNESS];
    let all = |sort| places.map(|place| found.count(place, sort));
    assert!(
        all(Sort::Duplicated).iter().all(|n| *n > 0),
        "nothing is there twice:\n{found}"
    );
    assert_eq!(all(Sort::Missing), [0; 3], "{found}");

    // A hundred offsets less: exactly these are missing. (Deleting waits for merges.)
    for sql in [
        "SYSTEM START MERGES feedback",
        "OPTIMIZE TABLE feedback FINAL",
    ] {
        client.query(sql).execute().await.unwrap();
    }
    let before = physical(&client, &ridden, &scene, false).await.unwrap();
    let rows = "SELECT count() FROM feedback WHERE _partition = 3 AND _offset < 100";
    let rows: u64 = client.query(rows).fetch_one().await.unwrap();
    assert!(rows > 0);
    for (table, prefix) in [("ingested", ""), ("feedback", "_")] {
        let sql = format!(
            "ALTER TABLE {table} DELETE WHERE {prefix}partition = 3 AND {prefix}offset < 100 \
             SETTINGS mutations_sync = 2"
        );
        client.query(&sql).execute().await.unwrap();
    }
    let after = physical(&client, &ridden, &scene, false).await.unwrap();
    let more = |place| after.count(place, Sort::Missing) - before.count(place, Sort::Missing);
    assert_eq!(
        [more(findings::INGESTED), more(findings::FEEDBACK)],
        [100, rows],
        "{after}"
    );
    scene.passed();
}
