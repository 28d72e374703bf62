//! Chaos with O-data: what is joined to each row in the end is what the oracle joins, whatever
//! failed while it was read, joined and repaired.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clickhouse::Row;
use sada::odata::Joined;
use sada::odata::join::join;
use serde::Deserialize;

use super::check::{self, Check};
use super::findings::{Findings, Sort};
use super::load::Load;
use super::operations::{self, Operations, Sender};
use super::oracle::{COLUMNS, Oracle, columns};
use super::scene::Scene;
use super::{Plan, reconciled, ride};

const PLACE: &str = "what is joined";
/// Rows that are not repaired for so long won't be.
const STANDSTILL: Duration = Duration::from_secs(120);

#[derive(Row, Deserialize)]
struct Stored {
    id: String,
    joined: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_true_is_joined_whatever_fails() {
    let mut plan = Plan::from_environment_or(20, 20_000);
    // As many versions of each entity in a long run as in a short one.
    plan.ids = (plan.events / 500) as u32;
    println!("chaos with O-data, seed {}: {}", plan.seed, plan.again());
    let begun = Instant::now();
    let mut scene = Scene::set(&plan.delivery, plan.again(), &operations::feeds()).unwrap();
    for entity in sada::odata::Entity::ALL {
        let topic = operations::topic(entity);
        let kafka = scene.kafka.lock().unwrap();
        kafka.create_topic(&topic, operations::PARTITIONS).unwrap();
    }
    let operations = Operations::of(plan.load(), (plan.events / 2) as u32);
    let sender = Sender::start(scene.kafka_client(), operations).unwrap();
    let ridden = ride(&plan, &scene).await.unwrap();
    println!("{} changes were sent meanwhile", sender.sent());
    sender.finish().unwrap();

    // All have ended. One instance reads what was sent last, and repairs what nobody has repaired.
    let member = scene.start(0).unwrap();
    let client = scene.client();
    let joins = Joins::new(ridden.load, operations);
    let mut findings = joins.settled(&client, operations).await.unwrap();
    member.signal("TERM").unwrap();
    let mut member = member;
    let status = member.wait(Duration::from_secs(60)).unwrap();
    assert!(status.success(), "{status}");

    check::merge(&client).await.unwrap();
    let mut check = Check::new(&client, ridden.load, &ridden.produced);
    check.latest().await.unwrap();
    findings.join(check.findings);
    let mut complaints = ridden.complaints;
    complaints.extend(reconciled(&scene).unwrap());
    let repaired = "SELECT countIf(_revision > 0) FROM feedback";
    let repaired: u64 = client.query(repaired).fetch_one().await.unwrap();
    println!(
        "{} changes, {} records of feedback, {repaired} rows repaired, {:.0} s",
        operations.records(),
        ridden.produced.total(),
        begun.elapsed().as_secs_f64()
    );
    assert!(repaired > 0, "nothing was left to repair");
    assert!(
        findings.is_clean() && complaints.is_empty(),
        "seed {}:\n{findings}{}",
        plan.seed,
        complaints.join("\n")
    );
    scene.passed();
}

/// What must be joined to the rows.
struct Joins {
    load: Load,
    oracle: Oracle,
}

impl Joins {
    fn new(load: Load, operations: Operations) -> Self {
        Self {
            load,
            oracle: Oracle::new(operations.changes()),
        }
    }

    /// Waits until every record of O-data has its outcome and the rows are as they must be; returns
    /// what is still wrong when nothing gets better any more.
    async fn settled(
        &self,
        client: &clickhouse::Client,
        operations: Operations,
    ) -> Result<Findings> {
        let (mut least, mut better) = (u64::MAX, Instant::now());
        loop {
            let lines = "SELECT uniqExact(topic, partition, offset) FROM ingested WHERE topic LIKE '%.odata.%'";
            let lines: u64 = client.query(lines).fetch_one().await?;
            let waiting = operations.records().saturating_sub(lines);
            let (rows, findings) = self.check(client).await?;
            let wrong = findings.count(PLACE, Sort::Wrong);
            if waiting == 0 && wrong == 0 {
                println!("{rows} rows are joined as the oracle joins them");
                return Ok(findings);
            }
            if waiting + wrong < least {
                (least, better) = (waiting + wrong, Instant::now());
                println!("settling: {waiting} changes to go, {wrong} of {rows} rows to repair");
            } else if better.elapsed() > STANDSTILL {
                if waiting > 0 {
                    bail!("{waiting} changes have no outcome");
                }
                return Ok(findings);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Holds every row against the oracle; returns how many there are, too.
    async fn check(&self, client: &clickhouse::Client) -> Result<(u64, Findings)> {
        let sql = format!("SELECT feedback_id AS id, {COLUMNS} AS joined FROM feedback_latest");
        let mut stored = client.query(&sql).fetch::<Stored>()?;
        let (mut rows, mut findings) = (0, Findings::default());
        while let Some(row) = stored.next().await? {
            rows += 1;
            let number = row.id.strip_prefix('i').and_then(|n| n.parse().ok());
            let Some(number) = number else {
                findings.add(PLACE, Sort::Unexpected, 1, row.id);
                continue;
            };
            let expected = columns(&self.expected(number));
            if expected != row.joined {
                let what = format!("{}: {:?}, not {expected:?}", row.id, row.joined);
                findings.add(PLACE, Sort::Wrong, 1, what);
            }
        }
        Ok((rows, findings))
    }

    fn expected(&self, number: u32) -> Joined {
        let item = self.load.item(number);
        let named = self.load.named(number);
        let identities = named.identities();
        let at = item.created_at as i64;
        join(&item.tenant, &named.keys(&identities), at, &self.oracle)
    }
}
