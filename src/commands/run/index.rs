//! The as-of index of this instance: opened, caught up before feedback is read, followed until the
//! end.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::super::enricher;
use crate::config::Config;
use crate::decode::odata::Feeds;
use crate::erasure::Erasures;
use crate::health::Health;
use crate::kafka::Follower;
use crate::operations::Index;
use crate::operations::following::{Following, Progress};

/// Without a terminal, a line so often.
const LINE: Duration = Duration::from_secs(5);

/// Opens the index and reads what its feeds hold; then it follows them. `None`: told to stop before
/// that. `streams`: topic ids of a broker that has none of its own.
///
/// # Errors
/// The index is another instance's, or can't be kept; Kafka refuses.
pub async fn ready(
    config: &Config,
    feeds: Arc<Feeds>,
    streams: HashMap<String, String>,
    erasures: Arc<Erasures>,
    health: &Arc<Health>,
    shutdown: &CancellationToken,
) -> Result<Option<(Arc<Index>, Following)>> {
    let operations = &config.operations;
    let made_under = enricher::feeds_build(config)?;
    let index = Index::open(
        &operations.index,
        operations.memory,
        operations.horizon,
        &made_under,
    )?;
    let index = Arc::new(index);
    let topics = feeds.topics().map(str::to_owned).collect();
    let follower = Follower::connect(config, topics, streams)?;
    let stop = shutdown.clone();
    let following = Following::start(
        follower,
        index.clone(),
        feeds,
        enricher::limits(config),
        operations.memory,
        erasures,
        move || stop.cancel(),
    )?;
    let (health, stop) = (health.clone(), shutdown.clone());
    let caught_up = move || {
        let mut shown = Shown::new(&health);
        let done = following.caught_up(|| stop.is_cancelled(), |now| shown.tell(now));
        if done.as_ref().is_ok_and(|done| *done) {
            shown.done();
        }
        done.map(|done| done.then_some(following))
    };
    let following = tokio::task::spawn_blocking(caught_up)
        .await
        .context("catching up stopped unexpectedly")??;
    Ok(following.map(|following| (index, following)))
}

/// How far it is: to whoever asks for health, on a terminal, else in the log.
struct Shown<'a> {
    health: &'a Health,
    bar: ProgressBar,
    begun: Instant,
    said: Instant,
    last: Progress,
}

impl<'a> Shown<'a> {
    fn new(health: &'a Health) -> Self {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template(
            "O-data: catching up {bar:30} {percent:>3}%  {human_pos} of {human_len} records, {per_sec}, {eta} left",
        );
        health.preparing("O-data: catching up".into());
        Self {
            health,
            bar: match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            },
            begun: Instant::now(),
            said: Instant::now(),
            last: Progress::default(),
        }
    }

    fn tell(&mut self, now: Progress) {
        self.last = now;
        let (all, done) = (now.read + now.left, done(now));
        let percent = 100 * done / all.max(1);
        self.health
            .preparing(format!("O-data: catching up, {percent} %"));
        self.bar.set_length(all);
        self.bar.set_position(done);
        if self.bar.is_hidden() && self.said.elapsed() >= LINE {
            self.said = Instant::now();
            let per_second = self.per_second();
            let left = Duration::from_secs_f64((all - done) as f64 / per_second.max(1.0));
            info!(
                records = done,
                of = all,
                per_second = per_second.round(),
                left = %HumanDuration(left),
                "O-data: catching up"
            );
        }
    }

    fn done(&self) {
        self.bar.finish_and_clear();
        info!(
            records = %HumanCount(self.last.read),
            took = ?Duration::from_millis(self.begun.elapsed().as_millis() as u64),
            "O-data: the index is up to date"
        );
    }

    fn per_second(&self) -> f64 {
        done(self.last) as f64 / self.begun.elapsed().as_secs_f64().max(1e-3)
    }
}

/// Records that count as done: what is read and waits is mostly done.
fn done(now: Progress) -> u64 {
    now.read - now.waiting.min(now.read) / 4
}
