//! The steps of an erasure. Each may be repeated; a job that broke off is begun again and does what is
//! left.
//!
//! 1. *Suppress*: find out what the customer is known by, and put its marks into the topic. From
//!    [`LEASE`] later on nobody writes a record of theirs: an instance that has not heard of the
//!    marks by then writes nothing at all.
//! 2. *Pass*: every partition of the group passes what was in it then, so nothing that was read
//!    before is still under way.
//! 3. *Delete*: inserts that began before are waited for, whoever sends them: `replay` may write what
//!    it decoded before, `retag` and repair copy rows that they read before. Then what is there is
//!    listed and deleted. Again, until nothing is found: what such an insert brought back goes in the
//!    next round, and what begins later finds nothing to copy.
//! 4. *Apply*: parts are written anew without the deleted rows, and the old ones leave the disk.
//! 5. *Index*: each instance writes its index anew by itself, and tells so in the log. It is waited
//!    for those that do it soon; which ones have not is told, for a stopped one does it at its start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio_util::sync::CancellationToken;

use super::super::job::patiently;
use super::passing::Passing;
use crate::config::Config;
use crate::enrich::privacy::Person;
use crate::erasure::{Erasures, LEASE, Mark, Marker};
use crate::kafka::ErasureTopic;
use crate::pipeline::SinkError;
use crate::warehouse::erasing::log::{IndexOf, Step, indexes};
use crate::warehouse::erasing::{Erasing, Known};

/// Rounds of deletion: the first one deletes, the second finds nothing.
const ROUNDS: u32 = 10;
/// How often it is looked whether something is done.
const LOOK: Duration = Duration::from_millis(200);
/// Longest wait for the indexes of instances that run.
const INDEXES: Duration = Duration::from_secs(60);

/// An erasure on its way.
pub struct Job<'a> {
    config: &'a Config,
    erasing: Erasing,
    topic: ErasureTopic,
    parties: Parties,
    shutdown: CancellationToken,
    tell: &'a (dyn Fn(&str) + Sync),
}

/// Who is erased, and what makes and knows marks.
pub struct Parties {
    /// Identifiers as they are stored.
    pub person: Person,
    /// Makes marks.
    pub marker: Marker,
    /// What the erasure topic holds, followed while the job runs.
    pub erasures: Arc<Erasures>,
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// What the customer was known by.
    pub known: Known,
    /// Rows deleted, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Indexes of instances that have not told that they are without it.
    pub indexes: Vec<IndexOf>,
}

impl<'a> Job<'a> {
    /// A job. `tell` is told what it does.
    ///
    /// # Errors
    /// A Kafka property is wrong.
    pub fn new(
        config: &'a Config,
        erasing: Erasing,
        parties: Parties,
        shutdown: CancellationToken,
        tell: &'a (dyn Fn(&str) + Sync),
    ) -> Result<Self> {
        Ok(Self {
            config,
            erasing,
            topic: ErasureTopic::new(config)?,
            parties,
            shutdown,
            tell,
        })
    }

    /// Does all steps.
    ///
    /// # Errors
    /// Kafka or ClickHouse fails for long or for good, a signal came: run again, it goes on.
    pub async fn run(&self) -> Result<Erased> {
        (self.tell)("finding out what the customer is known by");
        let mut known = Known::of(&self.parties.person);
        self.log(Step::Requested, &known.counts()).await?;
        let mut published = BTreeSet::new();
        self.suppress(&mut known, &mut published).await?;
        self.log(Step::Suppressed, &known.counts()).await?;
        self.pass().await?;
        self.log(Step::Passed, &BTreeMap::new()).await?;
        let rows = self.delete(&mut known, &mut published).await?;
        self.log(Step::Deleted, &rows).await?;
        self.ask(async || self.erasing.apply().await).await?;
        self.mutated("writing parts anew").await?;
        self.log(Step::Applied, &BTreeMap::new()).await?;
        self.removed().await?;
        self.log(Step::Removed, &BTreeMap::new()).await?;
        let indexes = self.indexed().await?;
        self.log(Step::Done, &rows).await?;
        Ok(Erased {
            known,
            rows,
            indexes,
        })
    }

    /// Tells all instances what is known of the customer now; returns when they have heard it, or
    /// write no more.
    async fn suppress(&self, known: &mut Known, published: &mut BTreeSet<Mark>) -> Result<()> {
        let found = self.ask(async || self.erasing.resolve(known).await).await?;
        known.extend(found);
        let items = self.ask(async || self.erasing.items(known).await).await?;
        let tenant = &self.erasing.scope().tenant;
        let marker = &self.parties.marker;
        let mut marks = known.marks(tenant, marker);
        marks.extend(items.iter().filter_map(|i| i.mark(tenant, marker)));
        let new: Vec<&Mark> = marks.difference(published).collect();
        if new.is_empty() {
            return Ok(());
        }
        let until = self.erasing.scope().requested_at;
        let publish = async || self.topic.publish(new.iter().copied(), until).await;
        self.ask(publish).await?;
        published.extend(marks);
        (self.tell)("waiting until all instances know");
        self.pause(LEASE).await
    }

    async fn pass(&self) -> Result<()> {
        let mut passing = tokio::task::block_in_place(|| Passing::begin(self.config))?;
        loop {
            let left = tokio::task::block_in_place(|| passing.left());
            match left {
                Ok(None) => return Ok(()),
                Ok(Some(left)) => (self.tell)(&format!("waiting for the pipeline: {left}")),
                Err(error) => (self.tell)(&format!("waiting for Kafka: {error:#}")),
            }
            self.pause(LOOK).await?;
        }
    }

    /// Deletes until nothing is found; returns how many rows there were at most at a time.
    async fn delete(
        &self,
        known: &mut Known,
        published: &mut BTreeSet<Mark>,
    ) -> Result<BTreeMap<&'static str, u64>> {
        let mut deleted = BTreeMap::new();
        for _ in 0..ROUNDS {
            self.suppress(known, published).await?;
            self.settled().await?;
            (self.tell)("listing what goes");
            let rows = self.ask(async || self.erasing.list(known).await).await?;
            for (table, count) in &rows {
                let most = deleted.entry(*table).or_insert(0);
                *most = (*most).max(*count);
            }
            if rows.values().all(|count| *count == 0) {
                return Ok(deleted);
            }
            self.ask(async || self.erasing.delete().await).await?;
            self.mutated("deleting").await?;
        }
        bail!(
            "rows of the customer keep coming: does an instance of an older version run, or one without kafka.erasure_topic?"
        )
    }

    /// Waits for inserts that run now.
    async fn settled(&self) -> Result<()> {
        let now = self.ask(async || self.erasing.now().await).await?;
        loop {
            let running = self.ask(async || self.erasing.inserts_since_before(now).await);
            match running.await? {
                0 => return Ok(()),
                running => (self.tell)(&format!("waiting for {running} inserts")),
            }
            self.pause(LOOK).await?;
        }
    }

    /// Waits for the mutations of the tables.
    async fn mutated(&self, doing: &str) -> Result<()> {
        loop {
            let (running, failure) = self.ask(async || self.erasing.mutations().await).await?;
            if running == 0 {
                return Ok(());
            }
            match failure.as_str() {
                "" => (self.tell)(&format!("{doing}: {running} mutations run")),
                failure => {
                    (self.tell)(&format!("{doing}: ClickHouse tries again after: {failure}"))
                }
            }
            self.pause(LOOK).await?;
        }
    }

    /// Waits until the parts that no longer count are off the disk: those of before.
    async fn removed(&self) -> Result<()> {
        let old = self
            .ask(async || self.erasing.inactive_parts().await)
            .await?;
        let mut old: BTreeSet<String> = old.into_iter().collect();
        while !old.is_empty() {
            (self.tell)(&format!(
                "waiting until {} old parts are off the disk",
                old.len()
            ));
            self.pause(LOOK).await?;
            let now = self
                .ask(async || self.erasing.inactive_parts().await)
                .await?;
            let now: BTreeSet<String> = now.into_iter().collect();
            old.retain(|part| now.contains(part));
        }
        Ok(())
    }

    /// Waits for the indexes of instances, not for ever; returns those that are left. Whoever has
    /// told the same as is known here is without it: the marks were published long before.
    async fn indexed(&self) -> Result<Vec<IndexOf>> {
        let erasures = &self.parties.erasures;
        let begun = Instant::now();
        loop {
            let known = erasures.is_fresh().then(|| erasures.digest());
            let mut left = self.ask(async || indexes(self.config).await).await?;
            let all = left.len();
            left.retain(|index| known.as_ref() != Some(&index.without));
            if left.is_empty() || begun.elapsed() > INDEXES {
                let count = |indexes: usize| indexes as u64;
                let counts = [
                    ("without", count(all - left.len())),
                    ("left", count(left.len())),
                ];
                self.log(Step::Indexed, &counts.into()).await?;
                return Ok(left);
            }
            (self.tell)(&format!(
                "waiting for {} indexes of instances, up to {INDEXES:?}",
                left.len()
            ));
            self.pause(LOOK).await?;
        }
    }

    async fn log(&self, step: Step, counts: &BTreeMap<&str, u64>) -> Result<()> {
        self.ask(async || self.erasing.log(step, counts).await)
            .await
    }

    async fn ask<T>(&self, ask: impl AsyncFn() -> Result<T, SinkError>) -> Result<T> {
        patiently(&self.shutdown, ask).await
    }

    /// Waits, and refuses to go on after a signal.
    async fn pause(&self, time: Duration) -> Result<()> {
        tokio::select! {
            () = self.shutdown.cancelled() => bail!("stopped before the end; run again, it goes on"),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}
