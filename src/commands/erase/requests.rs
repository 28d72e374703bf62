//! Requests of other systems: `cx.erasure.v1` in the erasure topic, identifiers in clear. Every
//! instance skips at once what names them directly; the one that reads partition 0 of the first
//! feedback topic does the rest, and takes the request out of the topic.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::super::job::patiently;
use super::job::Parties;
use super::{Erased, Job, request};
use crate::commands::enricher;
use crate::config::Config;
use crate::decode::erasure::Request;
use crate::enrich::privacy::{Person, Redactor};
use crate::erasure::{Erasures, Mark, Marker};
use crate::kafka::erasures::{Asked, Marks, Place};
use crate::kafka::{self, ErasureFollower, ErasureTopic};
use crate::warehouse::erasing::log::is_done;
use crate::warehouse::erasing::{Erasing, Known, Scope};

/// How often the requests are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Whom a request names, as it is stored.
fn person(request: &Request, redactor: &Redactor) -> Person {
    redactor.person(Person {
        tenant: request.tenant.clone(),
        customer_id: request.customer_id.clone(),
        identities: request.identities.clone(),
    })
}

/// Marks of the identifiers that requests name.
///
/// # Errors
/// The key file can't be read.
fn marks(config: &Config) -> Result<Marks> {
    let (redactor, marker) = (enricher::redactor(config)?, enricher::marker(config)?);
    Ok(Box::new(move |request| {
        marks_of(request, &redactor, &marker)
    }))
}

fn marks_of(request: &Request, redactor: &Redactor, marker: &Marker) -> Vec<Mark> {
    let person = person(request, redactor);
    let marks = Known::of(&person).marks(&person.tenant, marker);
    marks.into_iter().collect()
}

/// Reads who is erased, and goes on reading; nobody is where no topic is configured. Blocks until it has
/// read what is there. `streams`: topic ids of a broker that has none of its own.
///
/// # Errors
/// The topic or the key file can't be read.
pub fn follow(
    config: &Config,
    streams: &HashMap<String, String>,
) -> Result<(Arc<Erasures>, Option<ErasureFollower>)> {
    if config.kafka.erasure_topic.is_empty() {
        return Ok((Arc::new(Erasures::none()), None));
    }
    let marker = enricher::marker(config)?;
    let erasures = Arc::new(Erasures::new(marker, kafka::clock));
    let follower = ErasureFollower::start(config, streams, erasures.clone(), marks(config)?)?;
    Ok((erasures, Some(follower)))
}

/// Answers requests in the background until the shutdown, while `is_ours` says that this instance is
/// to. One that fails is tried again. The task holds a client of Kafka until it has ended.
pub fn start(
    config: Config,
    erasures: Arc<Erasures>,
    follower: ErasureFollower,
    is_ours: impl Fn() -> bool + Send + 'static,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let answering = Answering {
            config: &config,
            erasures: &erasures,
            follower: &follower,
            shutdown: &shutdown,
        };
        runtime.block_on(answering.run(is_ours));
    })
}

struct Answering<'a> {
    config: &'a Config,
    erasures: &'a Arc<Erasures>,
    follower: &'a ErasureFollower,
    shutdown: &'a CancellationToken,
}

impl Answering<'_> {
    async fn run(&self, is_ours: impl Fn() -> bool) {
        while !self.shutdown.is_cancelled() {
            if is_ours() {
                for (place, asked) in self.follower.requests() {
                    if let Err(error) = self.answer(&place, &asked).await {
                        warn!(
                            error = format!("{error:#}"),
                            "an erasure did not come to its end, trying again"
                        );
                    }
                }
            }
            tokio::select! {
                () = self.shutdown.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Answers all requests of a place, then takes them out of the topic: unless another one of the
    /// same key has come meanwhile, which the tombstone would take away, too. That one is next.
    async fn answer(&self, place: &Place, asked: &[Asked]) -> Result<()> {
        for Asked { request, .. } in asked {
            self.erase(request).await?;
        }
        match asked.iter().map(|asked| asked.offset).max() {
            Some(last) if self.follower.newest(place) == Some(last) => {
                let topic = ErasureTopic::new(self.config)?;
                let answered = async || topic.answered(place, last).await;
                patiently(self.shutdown, answered).await
            }
            _ => Ok(()),
        }
    }

    /// Does what a request asks for, if the log does not say that it was done.
    async fn erase(&self, asked: &Request) -> Result<()> {
        let (redactor, marker) = (
            enricher::redactor(self.config)?,
            enricher::marker(self.config)?,
        );
        let person = person(asked, &redactor);
        let scope = Scope {
            tenant: person.tenant.clone(),
            requested_at: asked.requested_at,
            request: request(&person, &marker)?,
        };
        let done = async || is_done(self.config, scope.request, scope.requested_at).await;
        if patiently(self.shutdown, done).await? {
            return Ok(());
        }
        let mark = scope.request;
        info!(request = %mark, "erasing");
        let tell = |what: &str| debug!(request = %mark, what, "erasing");
        let parties = Parties {
            person,
            marker,
            erasures: self.erasures.clone(),
        };
        let erasing = Erasing::new(self.config, scope)?;
        let job = Job::new(self.config, erasing, parties, self.shutdown.clone(), &tell)?;
        let Erased { rows, indexes, .. } = job.run().await?;
        for index in &indexes {
            warn!(request = %mark, %index, "it may still hold what is erased");
        }
        info!(request = %mark, ?rows, "erased");
        Ok(())
    }
}
