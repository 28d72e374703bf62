//! Single cases of repair: what was missed once, or would be.

use std::time::Duration;

use fastrand::Rng;
use sada::feedback::{Customer as Speaker, References};
use sada::odata::{Delivery, Facts, Order, Session};
use sada::warehouse::repair::{Done, Repair, Window};

use super::{Arrival, Arrived, BEGIN, Change, HOUR, Said, Story, Told, Warehouse};
use crate::fault_proxy::{Extent, Fault, FaultProxy, Scope};
use crate::support::engine;

/// A change of tenant `t` since so many hours after the beginning.
fn told(offset: i64, hours: i64, id: &str, version: u64, facts: Facts) -> Told {
    let change = Change {
        tenant: "t".into(),
        id: id.into(),
        valid_from: BEGIN + hours * HOUR,
        version,
        deleted: false,
        facts,
    };
    Told { offset, change }
}

/// What is said of tenant `t` ten hours after the beginning.
fn said(number: usize, references: References) -> Said {
    let mut story = Story::new(0, "t", 0);
    story.said.clear();
    story.item(number);
    let mut said = story.said.swap_remove(0);
    said.offset = number as i64;
    said.feedback.created_at = BEGIN + 10 * HOUR;
    said.feedback.customer = Speaker::default();
    said.feedback.references = references;
    said
}

#[tokio::test]
async fn feedback_about_an_order_that_a_shipment_was_moved_away_from_forgets_it() {
    let warehouse = Warehouse::new("repair_moved").await;
    let mut rng = Rng::with_seed(1);
    let mut known = Arrived::default();
    let shipment = |offset, version, order: &str| {
        let delivery = Delivery {
            order_id: order.into(),
            status: "lost".into(),
            ..Delivery::default()
        };
        told(offset, 1, "x", version, Facts::Delivery(delivery))
    };
    let about = |number, order: &str| {
        said(
            number,
            References {
                order_id: order.into(),
                ..References::default()
            },
        )
    };
    let changes = vec![shipment(0, 1, "a")];
    known.learn(&changes[0]);
    let feedback = Arrival::Feedback(vec![about(0, "a"), about(1, "b")]);
    for arrival in [Arrival::Changes(changes), feedback] {
        warehouse.arrive(&arrival, &known, &mut rng).await;
    }
    warehouse.look(100).await;
    let statuses = async || {
        let seen = warehouse.seen("t").await;
        let statuses = seen.into_values().map(|seen| seen.delivery_status);
        statuses.collect::<Vec<String>>()
    };
    assert_eq!(statuses().await, ["lost", ""]);

    // The same moment, another order; and no look sees both before the parts are merged.
    let moved = Arrival::Changes(vec![shipment(1, 2, "b")]);
    warehouse.arrive(&moved, &known, &mut rng).await;
    let merge = warehouse
        .client
        .query("OPTIMIZE TABLE deliveries_history FINAL");
    merge.execute().await.unwrap();
    warehouse.look(100).await;
    assert_eq!(statuses().await, ["", "lost"]);
    let latest = "SELECT count() FROM deliveries_latest WHERE order_id = 'b'";
    assert_eq!(warehouse.count(latest).await, 1);
    assert_eq!(
        warehouse
            .count("SELECT count() FROM deliveries_latest")
            .await,
        1
    );
}

#[tokio::test]
async fn when_the_order_of_a_visit_was_placed_may_come_late() {
    let warehouse = Warehouse::new("repair_visit").await;
    let mut rng = Rng::with_seed(1);
    let known = Arrived::default();
    let visit = Session {
        checkout_at: Some(BEGIN + HOUR),
        order_id: "o".into(),
        ..Session::default()
    };
    let order = |offset, version, hours: i64| {
        let order = Order {
            created_at: Some(BEGIN + hours * HOUR),
            ..Order::default()
        };
        Arrival::Changes(vec![told(offset, 0, "o", version, Facts::Order(order))])
    };
    let references = References {
        session_id: "s".into(),
        ..References::default()
    };
    let first = [
        Arrival::Changes(vec![told(0, 2, "s", 1, Facts::Session(visit))]),
        Arrival::Feedback(vec![said(0, references)]),
    ];
    for arrival in &first {
        warehouse.arrive(arrival, &known, &mut rng).await;
    }
    let abandoned = async || {
        warehouse.look(100).await;
        warehouse.seen("t").await["r0"].checkout_abandoned
    };
    assert_eq!(abandoned().await, Some(false), "not told when");
    warehouse.arrive(&order(0, 1, 5), &known, &mut rng).await;
    assert_eq!(abandoned().await, Some(true), "four hours later");
    warehouse.arrive(&order(1, 2, 2), &known, &mut rng).await;
    assert_eq!(abandoned().await, Some(false), "an hour later");
}

#[tokio::test]
async fn what_is_too_much_for_the_server_is_repaired_in_smaller_parts() {
    let mut warehouse = Warehouse::new("repair_too_much").await;
    let mut rng = Rng::with_seed(1);
    let known = Arrived::default();
    for number in 0..12 {
        let references = References {
            order_id: format!("o{}", number % 4),
            ..References::default()
        };
        let feedback = Arrival::Feedback(vec![said(number, references)]);
        warehouse.arrive(&feedback, &known, &mut rng).await;
    }
    let orders = (0..4).map(|n| {
        let order = Order {
            status: "paid".into(),
            ..Order::default()
        };
        told(n, 1, &format!("o{n}"), 1, Facts::Order(order))
    });
    let orders = Arrival::Changes(orders.collect());
    warehouse.arrive(&orders, &known, &mut rng).await;

    let patience = Duration::from_secs(30);
    let proxy = FaultProxy::start(engine().address(), patience, Box::new(|_, _| {})).unwrap();
    warehouse.config.clickhouse.url = proxy.url();
    let repair = Repair::new(&warehouse.config, 3).unwrap();
    let until = repair.now().await.unwrap() + 1;
    let windows = repair.windows(0, until, 1).await.unwrap();
    assert!(windows.len() > 10, "one insert, one moment: {windows:?}");
    let bounds = |window: &Window| (window.from, window.until);
    let chained = windows.windows(2).all(|two| two[0].until == two[1].from);
    assert!(chained && bounds(&windows[0]).0 == 0, "{windows:?}");
    assert_eq!(windows.last().map(bounds).map(|b| b.1), Some(until));
    assert_eq!(windows.iter().map(|w| w.rows).sum::<u64>(), 16);

    // After the first slice of the whole, the server gives up, for either reason.
    let mut slices = 0;
    let mut first_windows = Vec::new();
    let mut told = |window: Window, done: &Done| {
        if done.slices > slices {
            slices = done.slices;
            first_windows.push(window);
            let fault = match slices {
                1 => Fault::TimeLimit,
                2 => Fault::MemoryLimit,
                _ => return,
            };
            proxy.arm(fault, Scope::All, Extent::Requests(1));
        }
    };
    let done = repair.look("run", 0, until, false, &mut told).await;
    done.unwrap();
    assert_eq!(proxy.struck().values().sum::<u64>(), 2);
    let widths: Vec<u64> = first_windows.iter().map(|window| window.rows).collect();
    assert!(widths[0] > widths[1] && widths[1] > widths[2], "{widths:?}");
    let seen = warehouse.seen("t").await;
    assert_eq!(seen.len(), 12);
    assert!(seen.values().all(|seen| seen.order_status == "paid"));
    // Where nothing passes, it is for the next time.
    let ever = Extent::Time(Duration::from_secs(600));
    proxy.arm(Fault::TimeLimit, Scope::All, ever);
    let mut told = |_: Window, _: &Done| {};
    let refused = repair.look("run", 0, until, false, &mut told).await;
    assert!(refused.unwrap_err().is_transient());
}
