//! Requests of other systems: `cx.erasure.v1` in the erasure topic, identifiers in clear. Every
//! instance skips at once what names them directly; the one that reads partition 0 of the first
//! feedback topic does the rest, and takes the request out of the topic.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::super::job::patiently;
use super::{Erased, Job, request};
use crate::commands::enricher;
use crate::config::Config;
use crate::decode::erasure::Request;
use crate::enrich::privacy::{Person, Redactor};
use crate::erasure::{Erasures, Mark, Marker};
use crate::kafka::erasures::{Marks, Place};
use crate::kafka::{self, ErasureFollower, ErasureTopic};
use crate::warehouse::erasing::log::standing;
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
/// read what is there.
///
/// # Errors
/// The topic or the key file can't be read.
pub fn follow(config: &Config) -> Result<(Arc<Erasures>, Option<ErasureFollower>)> {
    if config.kafka.erasure_topic.is_empty() {
        return Ok((Arc::new(Erasures::none()), None));
    }
    let marker = enricher::marker(config)?;
    let erasures = Arc::new(Erasures::new(marker, kafka::clock));
    let follower = ErasureFollower::start(config, erasures.clone(), marks(config)?)?;
    Ok((erasures, Some(follower)))
}

/// Answers requests in the background until the shutdown, while `is_ours` says that this instance is
/// to. One that fails is tried again.
pub fn start(
    config: Config,
    follower: ErasureFollower,
    is_ours: impl Fn() -> bool + Send + 'static,
    shutdown: CancellationToken,
) {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        runtime.block_on(answer(&config, &follower, is_ours, &shutdown));
    });
}

async fn answer(
    config: &Config,
    follower: &ErasureFollower,
    is_ours: impl Fn() -> bool,
    shutdown: &CancellationToken,
) {
    while !shutdown.is_cancelled() {
        if is_ours() {
            for (place, request) in follower.requests() {
                if let Err(error) = answer_one(config, &place, &request, shutdown).await {
                    warn!(
                        error = format!("{error:#}"),
                        "an erasure did not come to its end, trying again"
                    );
                }
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn answer_one(
    config: &Config,
    place: &Place,
    asked: &Request,
    shutdown: &CancellationToken,
) -> Result<()> {
    let (redactor, marker) = (enricher::redactor(config)?, enricher::marker(config)?);
    let person = person(asked, &redactor);
    let mark = request(&person, &marker)?;
    let standing = patiently(shutdown, async || standing(config, mark).await).await?;
    let is_done = standing.is_done && standing.requested_at >= Some(asked.requested_at);
    if !is_done {
        let scope = Scope {
            tenant: person.tenant.clone(),
            requested_at: asked.requested_at,
            request: mark,
        };
        info!(request = %mark, "erasing");
        let tell = |what: &str| debug!(request = %mark, what, "erasing");
        let erasing = Erasing::new(config, scope)?;
        let job = Job::new(config, erasing, person, marker, shutdown.clone(), &tell)?;
        let Erased { rows, .. } = job.run().await?;
        info!(request = %mark, ?rows, "erased");
    }
    let topic = ErasureTopic::new(config)?;
    patiently(shutdown, async || topic.answered(place).await).await
}
