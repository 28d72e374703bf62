//! Who wins: an update, a repair and a retag of the same item never lose each other's part.

use std::collections::BTreeMap;

use fastrand::Rng;
use sada::enrich::Versions;
use sada::odata::Joined;
use sada::warehouse::repair::{Pass, Repair, SLICE_ITEMS, Window};
use sada::warehouse::retagging::{Retagged, Retagging, Scope, Slice};

use super::arrived::Arrived;
use super::oracle::oracle;
use super::stored::{Seen, Warehouse, enriched};
use super::story::Story;
use super::{Arrival, BEGIN, HOUR, Said, number_of_stories};

/// A job of retag that has read the row, and its number.
struct Job {
    retagging: Retagging,
    slice: Slice,
    number: u64,
}

/// One item on which a live stream, jobs of retag and repairs work at a time.
struct Contest<'a> {
    warehouse: &'a Warehouse,
    story: Story,
    rng: Rng,
    known: Arrived,
    told: usize,
    versions: Vec<Said>,
    /// Which job wrote the tags of which record, by version and offset.
    tagged: BTreeMap<(u64, i64), u64>,
    jobs: Vec<Job>,
    passes: Vec<Pass<'a>>,
    clock: u64,
}

impl<'a> Contest<'a> {
    async fn step(&mut self, repair: &'a Repair) {
        match self.rng.u8(..12) {
            0..3 => self.change().await,
            3..5 => self.say().await,
            5..7 => self.start_retag().await,
            7..9 => self.write_retag().await,
            9..11 => {
                let window = Window {
                    from: 0,
                    until: 4_000_000_000_000,
                    rows: 1,
                };
                let mut pass = repair.pass(window).await.unwrap();
                let found = pass.next(true).await.unwrap();
                if found.is_some_and(|found| found.rows > 0) {
                    self.passes.push(pass);
                }
            }
            _ => {
                if !self.passes.is_empty() {
                    let pass = self.passes.swap_remove(self.rng.usize(..self.passes.len()));
                    pass.write().await.unwrap();
                }
            }
        }
    }

    async fn change(&mut self) {
        let Some(told) = self.story.changes.get(self.told).cloned() else {
            return;
        };
        self.told += 1;
        // Half of the changes are not known to the index in time.
        if self.rng.bool() {
            self.known.learn(&told);
        }
        let arrival = Arrival::Changes(vec![told]);
        self.warehouse
            .arrive(&arrival, &self.known, &mut self.rng)
            .await;
    }

    async fn say(&mut self) {
        let Some(mut said) = self.story.said.pop() else {
            return;
        };
        // All of them are versions of one item.
        said.feedback.id = "r".into();
        said.feedback.created_at = BEGIN + 15 * HOUR;
        said.feedback.version = self.rng.u64(..4);
        self.versions.push(said.clone());
        let rank = (said.feedback.version, said.offset);
        self.tagged.insert(rank, 0);
        let arrival = Arrival::Feedback(vec![said]);
        self.warehouse
            .arrive(&arrival, &self.known, &mut self.rng)
            .await;
    }

    fn newest(&self) -> Option<&Said> {
        let rank = |s: &&Said| (s.feedback.version, s.offset);
        self.versions.iter().max_by_key(rank)
    }

    async fn start_retag(&mut self) {
        self.clock += 1_000;
        let scope = Scope {
            from: "2026-01-01".into(),
            to: "2026-12-31".into(),
            tenant: Some(self.story.tenant.clone()),
            ..Scope::default()
        };
        let versions = Versions {
            models: self.clock.to_string(),
            taxonomy: "t".into(),
        };
        let config = &self.warehouse.config;
        let retagging = Retagging::new(config, scope, versions, self.clock).unwrap();
        if let Some(slice) = retagging.next(None, 100).await.unwrap() {
            self.jobs.push(Job {
                retagging,
                slice,
                number: self.clock,
            });
        }
    }

    async fn write_retag(&mut self) {
        if self.jobs.is_empty() {
            return;
        }
        let job = self.jobs.swap_remove(self.rng.usize(..self.jobs.len()));
        let Some(row) = job.slice.rows.first() else {
            return;
        };
        let tags = enriched(self.versions[0].feedback.clone(), Joined::default()).tags;
        let retagged = [Retagged::new(row, &tags, &[])];
        let written = job.retagging.write(&job.slice.range, &retagged).await;
        if written.unwrap() == 1 {
            let newest = self.newest().unwrap();
            let rank = (newest.feedback.version, newest.offset);
            self.tagged.insert(rank, job.number);
        }
    }
}

#[tokio::test]
async fn repair_a_live_update_and_retag_never_lose_each_others_part() {
    let warehouse = Warehouse::new("repair_contest").await;
    let repair = Repair::new(&warehouse.config, SLICE_ITEMS).unwrap();
    let mut contests = 0;
    for seed in 0..number_of_stories() {
        let tenant = format!("contest{seed}");
        let mut contest = Contest {
            warehouse: &warehouse,
            story: Story::new(seed, &tenant, 1_000 * seed as i64),
            rng: Rng::with_seed(500 + seed),
            known: Arrived::default(),
            told: 0,
            versions: Vec::new(),
            tagged: BTreeMap::new(),
            jobs: Vec::new(),
            passes: Vec::new(),
            clock: 0,
        };
        for _ in 0..60 {
            contest.step(&repair).await;
        }
        // What had read the row before, and writes only now, is found by the next look.
        for pass in contest.passes.drain(..) {
            pass.write().await.unwrap();
        }
        warehouse.look(100).await;
        assert_eq!(warehouse.look(100).await, 0, "contest {seed}");

        let Some(newest) = contest.newest() else {
            continue;
        };
        contests += 1;
        let sql = format!(
            "SELECT version, _offset, text, model_version FROM feedback FINAL WHERE tenant = '{tenant}'"
        );
        let row = warehouse.client.query(&sql).fetch_one();
        let (version, offset, text, models): (u64, u64, String, String) = row.await.unwrap();
        let rank = (newest.feedback.version, newest.offset);
        assert_eq!(
            (version, offset as i64),
            rank,
            "contest {seed}: newest version"
        );
        assert_eq!(text, format!("version {version}"), "contest {seed}");
        assert_eq!(
            models,
            contest.tagged[&rank].to_string(),
            "contest {seed}: tags"
        );
        let told = &contest.story.changes[..contest.told];
        let expected = Seen::of(&oracle(&newest.feedback, told));
        assert_eq!(
            warehouse.seen(&tenant).await["r"],
            expected,
            "contest {seed}"
        );
    }
    assert!(2 * contests >= number_of_stories());
}
