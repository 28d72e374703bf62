//! Who wins: rows of one item written by the live stream, by replay, by repair-like copies and by
//! `retag`, in any order. First against a model of row versions, then against the real engine.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sada::enrich::{Tags, Versions};
use sada::warehouse::retagging::{Retagged, Retagging, Scope, Slice};

use crate::support::Deployment;

/// A row of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    /// Source's version of the item.
    version: u64,
    /// Place of the record in Kafka; also stands for what it says.
    offset: u64,
    /// Seconds of the job that computed it, or one more than that of the row it copies.
    revision: u64,
    /// What the record says: must be that of its offset.
    said: u64,
    /// Job that computed the tags, 0 at ingest.
    tagged_by: u64,
}

/// Between the starts of two jobs lie seconds; a row is repaired less often than that.
const SECONDS: u64 = 1_000;

impl Row {
    /// Column `_row_version`.
    fn row_version(self) -> u128 {
        (u128::from(self.version) << 84)
            | (u128::from(self.offset) << 40)
            | u128::from(self.revision)
    }

    fn of_record(version: u64, offset: u64) -> Self {
        Self {
            version,
            offset,
            revision: 0,
            said: offset,
            tagged_by: 0,
        }
    }

    fn retagged(self, job: u64) -> Self {
        Self {
            revision: job,
            tagged_by: job,
            ..self
        }
    }

    fn repaired(self) -> Self {
        Self {
            revision: self.revision + 1,
            ..self
        }
    }
}

/// All rows of one item: what `ReplacingMergeTree` is given, in the order of inserts.
#[derive(Debug, Default)]
struct Item {
    rows: Vec<Row>,
}

impl Item {
    /// What FINAL shows: of equal row versions the last one inserted.
    fn latest(&self) -> Option<Row> {
        self.rows
            .iter()
            .copied()
            .max_by_key(|row| row.row_version())
    }

    /// What must hold, whatever came in whatever order.
    fn check(&self) -> Result<(), TestCaseError> {
        let Some(latest) = self.latest() else {
            return Ok(());
        };
        let newest = self.rows.iter().map(|r| (r.version, r.offset)).max();
        prop_assert_eq!(
            Some((latest.version, latest.offset)),
            newest,
            "newest version, last offset"
        );
        prop_assert_eq!(latest.said, latest.offset, "says what its record said");
        let same = self
            .rows
            .iter()
            .filter(|r| (r.version, r.offset) == (latest.version, latest.offset));
        let best = same.map(|r| r.tagged_by).max();
        prop_assert_eq!(
            Some(latest.tagged_by),
            best,
            "no copy of an old row beats new tags"
        );
        Ok(())
    }
}

/// What may happen next.
#[derive(Debug, Clone)]
enum Event {
    /// A record of this version comes in.
    Ingest(u64),
    /// A record of this version becomes a dead letter, which a replay may mend later.
    DeadLetter(u64),
    /// The record of an earlier row is processed again under its old offset.
    Repeat(usize),
    /// A replay of a dead letter starts and writes.
    Replay(usize),
    /// A job of retag starts and reads the row.
    StartRetag,
    /// One of the jobs of retag goes a step further: the server reads the row anew and compares its
    /// version, then it inserts.
    StepRetag(usize),
    /// A repair reads the row.
    ReadForRepair,
    /// One of the repairs writes its copy.
    WriteRepair(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..4u64).prop_map(Event::Ingest),
        1 => (0..4u64).prop_map(Event::DeadLetter),
        1 => any::<usize>().prop_map(Event::Repeat),
        1 => any::<usize>().prop_map(Event::Replay),
        2 => Just(Event::StartRetag),
        4 => any::<usize>().prop_map(Event::StepRetag),
        2 => Just(Event::ReadForRepair),
        2 => any::<usize>().prop_map(Event::WriteRepair),
    ]
}

/// A job of retag that has read a row.
#[derive(Debug, Clone, Copy)]
enum Retag {
    Read { base: Row, job: u64 },
    Compared { row: Row },
}

#[derive(Debug, Default)]
struct World {
    item: Item,
    offset: u64,
    clock: u64,
    dead: Vec<(u64, u64)>,
    retags: Vec<Retag>,
    repairs: Vec<Row>,
}

impl World {
    fn new_offset(&mut self) -> u64 {
        self.offset += 1;
        self.offset
    }

    fn new_job(&mut self) -> u64 {
        self.clock += SECONDS;
        self.clock
    }

    fn happens(&mut self, event: &Event) {
        let any = |i: usize, n: usize| (n > 0).then(|| i % n.max(1));
        match *event {
            Event::Ingest(version) => {
                let offset = self.new_offset();
                self.item.rows.push(Row::of_record(version, offset));
            }
            Event::DeadLetter(version) => {
                let offset = self.new_offset();
                self.dead.push((version, offset));
            }
            Event::Repeat(i) => {
                if let Some(i) = any(i, self.item.rows.len()) {
                    let row = self.item.rows[i];
                    self.item.rows.push(Row::of_record(row.version, row.offset));
                }
            }
            Event::Replay(i) => {
                if let Some(i) = any(i, self.dead.len()) {
                    let (version, offset) = self.dead[i];
                    let job = self.new_job();
                    self.item
                        .rows
                        .push(Row::of_record(version, offset).retagged(job));
                }
            }
            Event::StartRetag => {
                let job = self.new_job();
                if let Some(base) = self.item.latest().filter(|row| row.revision < job) {
                    self.retags.push(Retag::Read { base, job });
                }
            }
            Event::StepRetag(i) => {
                if let Some(i) = any(i, self.retags.len()) {
                    match self.retags.swap_remove(i) {
                        Retag::Read { base, job } => {
                            let now = self.item.latest();
                            if now.is_some_and(|now| now.row_version() == base.row_version()) {
                                self.retags.push(Retag::Compared {
                                    row: base.retagged(job),
                                });
                            }
                        }
                        Retag::Compared { row } => self.item.rows.push(row),
                    }
                }
            }
            Event::ReadForRepair => self.repairs.extend(self.item.latest()),
            Event::WriteRepair(i) => {
                if let Some(i) = any(i, self.repairs.len()) {
                    let read = self.repairs.swap_remove(i);
                    self.item.rows.push(read.repaired());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_newest_version_holds_and_new_tags_are_never_lost(
        events in prop::collection::vec(event(), 1..60)
    ) {
        let mut world = World::default();
        for event in &events {
            world.happens(event);
            world.item.check()?;
        }
    }
}

/// Jobs of the engine's test, which stand for [`Retag`].
struct Job {
    retagging: Retagging,
    slice: Slice,
    number: u64,
}

/// One item of the engine's test: the model, and what runs on the table beside it.
#[derive(Default)]
struct Mirrored {
    world: World,
    jobs: Vec<Job>,
}

impl Mirrored {
    async fn happens(&mut self, d: &Deployment, name: &str, event: &Event) {
        match *event {
            Event::StartRetag => {
                let number = self.world.new_job();
                let scope = Scope {
                    from: "2026-01-01".into(),
                    to: "2026-12-31".into(),
                    tenant: Some(name.to_owned()),
                    ..Scope::default()
                };
                let versions = Versions {
                    models: number.to_string(),
                    taxonomy: "t".into(),
                };
                let config = sada::config::Config::load(Some(&d.file)).unwrap();
                let retagging = Retagging::new(&config, scope, versions, number).unwrap();
                if let Some(slice) = retagging.next(None, 100).await.unwrap() {
                    self.jobs.push(Job {
                        retagging,
                        slice,
                        number,
                    });
                }
            }
            Event::StepRetag(i) if !self.jobs.is_empty() => {
                let job = self.jobs.swap_remove(i % self.jobs.len());
                let tags = Tags::untagged(String::new());
                let row = &job.slice.rows[0];
                let retagged = [Retagged::new(row, &tags, &[])];
                let written = job
                    .retagging
                    .write(&job.slice.range, &retagged)
                    .await
                    .unwrap();
                // The model's own comparison tells whether it should have been.
                let latest = self.world.item.latest().unwrap();
                let unchanged = latest.row_version() == row.base;
                assert_eq!(written, u64::from(unchanged), "{name}");
                if unchanged {
                    self.world.item.rows.push(latest.retagged(job.number));
                }
            }
            Event::StepRetag(_) => {}
            ref event => {
                let before = self.world.item.rows.len();
                self.world.happens(event);
                for row in &self.world.item.rows[before..] {
                    insert(d, name, row).await;
                }
            }
        }
    }
}

async fn insert(d: &Deployment, name: &str, row: &Row) {
    let sql = format!(
        "INSERT INTO feedback (tenant, kind, source, feedback_id, version, created_at, text, \
         model_version, _offset, _revision) SETTINGS async_insert = 0, insert_deduplicate = 0 \
         SELECT '{name}', 'review', 'shop', 'r', {}, '2026-03-01 10:00:00', '{}', '{}', {}, {}",
        row.version, row.said, row.tagged_by, row.offset, row.revision
    );
    d.client().query(&sql).execute().await.unwrap();
}

#[tokio::test]
async fn the_engine_agrees_with_the_model() {
    let d = Deployment::new("row_versions", "localhost:1", "");
    assert!(d.sada("migrate").status.success());
    let mut expected = BTreeMap::new();
    for seed in 0..8 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut mirrored = Mirrored::default();
        let name = format!("tenant{seed}");
        for _ in 0..25 {
            let (i, version) = (random.usize(..), random.u64(..4));
            let event = match random.u8(..12) {
                0..3 => Event::Ingest(version),
                3 => Event::DeadLetter(version),
                4 => Event::Repeat(i),
                5 => Event::Replay(i),
                6..8 => Event::StartRetag,
                8..10 => Event::StepRetag(i),
                10 => Event::ReadForRepair,
                _ => Event::WriteRepair(i),
            };
            mirrored.happens(&d, &name, &event).await;
        }
        mirrored.world.item.check().unwrap();
        if let Some(row) = mirrored.world.item.latest() {
            let by = row.tagged_by.to_string();
            expected.insert(name, (row.row_version(), row.said.to_string(), by));
        }
    }
    let found: Vec<(String, u128, String, String)> = d
        .client()
        .query(
            "SELECT tenant, _row_version, text, model_version FROM feedback FINAL ORDER BY tenant",
        )
        .fetch_all()
        .await
        .unwrap();
    let found: BTreeMap<_, _> = found
        .into_iter()
        .map(|(tenant, version, said, by)| (tenant, (version, said, by)))
        .collect();
    assert!(expected.len() > 5);
    assert_eq!(found, expected);
}
