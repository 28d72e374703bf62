//! Repair of the join against the real engine: random times, arrival orders, corrections, deletions,
//! merges, identities linked late; held against an oracle that sees everything sorted.

use fastrand::Rng;
use sada::feedback::{Feedback, Millis};
use sada::odata::Change;

#[path = "repair/arrived.rs"]
mod arrived;
#[path = "repair/cases.rs"]
mod cases;
#[path = "repair/contest.rs"]
mod contest;
#[path = "repair/oracle.rs"]
mod oracle;
#[path = "repair/stored.rs"]
mod stored;
#[path = "repair/story.rs"]
mod story;

use arrived::Arrived;
use stored::Warehouse;
use story::Story;

/// 2026-01-15T10:00:00Z.
const BEGIN: Millis = 1_768_471_200_000;
const HOUR: Millis = 3_600_000;

/// A version of an entity, and where its record lay.
#[derive(Debug, Clone)]
struct Told {
    offset: i64,
    change: Change,
}

/// A version of an item, and where its record lay.
#[derive(Debug, Clone)]
struct Said {
    offset: i64,
    feedback: Feedback,
}

/// What arrives in one batch.
#[derive(Debug, Clone)]
enum Arrival {
    Changes(Vec<Told>),
    Feedback(Vec<Said>),
}

/// How many stories are told: each look goes over all that was written a little while ago, so a long
/// run takes its time. `SADA_REPAIR_STORIES` tells more.
fn number_of_stories() -> u64 {
    let told = std::env::var("SADA_REPAIR_STORIES").ok();
    told.map_or(2, |number| number.parse().unwrap())
}

#[tokio::test]
async fn after_repair_rows_are_what_one_who_saw_everything_would_say() {
    let warehouse = Warehouse::new("repair_stories").await;
    let mut stories = Vec::new();
    for seed in 0..number_of_stories() {
        let tenant = format!("story{seed}");
        let story = Story::new(seed, &tenant, 1_000 * seed as i64);
        let mut rng = Rng::with_seed(1_000 + seed);
        let mut known = Arrived::default();
        let mut lagging: Vec<Told> = Vec::new();
        for arrival in story.arrivals(&mut rng) {
            warehouse.arrive(&arrival, &known, &mut rng).await;
            if let Arrival::Changes(changes) = &arrival {
                lagging.extend(changes.iter().cloned());
            }
            // The index of the instance is behind at times.
            if rng.u8(..3) > 0 {
                lagging.drain(..).for_each(|told| known.learn(&told));
            }
            if rng.u8(..8) == 0 {
                warehouse.look(rng.u64(1..6)).await;
                assert_eq!(warehouse.with_a_future().await, 0, "story {seed}");
            }
        }
        assert_eq!(warehouse.with_a_future().await, 0, "story {seed}");
        warehouse.look(rng.u64(1..20)).await;
        let (seen, expected) = (warehouse.seen(&tenant).await, story.expected());
        for (id, expected) in &expected {
            assert_eq!(seen.get(id), Some(expected), "item {id} of story {seed}");
        }
        assert_eq!(seen.len(), expected.len());
        assert_eq!(
            warehouse.look(1_000).await,
            0,
            "looking twice changes nothing"
        );
        stories.push(story);
    }
    assert_eq!(warehouse.with_a_future().await, 0);
    let repaired = warehouse.count("SELECT sum(rows) FROM repairs").await;
    assert!(
        repaired > 10 * stories.len() as u64,
        "{repaired} rows: hardly a test"
    );

    // The same records, all of them in another order, into an empty database.
    let again = Warehouse::new("repair_stories_again").await;
    let mut rng = Rng::with_seed(7);
    let mut arrivals: Vec<Arrival> = Vec::new();
    stories
        .iter()
        .for_each(|story| arrivals.extend(story.arrivals(&mut rng)));
    rng.shuffle(&mut arrivals);
    let mut known = Arrived::default();
    for arrival in &arrivals {
        again.arrive(arrival, &known, &mut rng).await;
        if let Arrival::Changes(changes) = arrival {
            changes.iter().for_each(|told| known.learn(told));
        }
    }
    again.look(100).await;
    assert_eq!(again.with_a_future().await, 0);
    assert_eq!(again.checksum().await, warehouse.checksum().await);
}
