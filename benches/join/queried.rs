//! The same join, made by ClickHouse when it is asked: tables that hold nothing but what the join
//! needs, sorted for it, and only the entities that the items name are read.

use std::time::Instant;

use anyhow::Result;
use clickhouse::Client;

use crate::Sums;
use crate::data::{APART, BEGIN, DELIVERED_AFTER, SCATTER, Sizes};

/// Items of a question, as many as a batch of the pipeline has at most.
pub const ITEMS: u64 = 10_000;

/// What it took.
pub struct Queried {
    pub sums: Sums,
    pub all_ms: f64,
    pub one_ms: f64,
}

pub fn measure(url: &str, sizes: &Sizes) -> Result<Queried> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let client = Client::default().with_url(url);
        fill(&client, sizes).await?;
        let mut all_ms = f64::INFINITY;
        let mut sums = Sums::default();
        // The best of three: files are in memory then, as they are for the index.
        for _ in 0..3 {
            let begun = Instant::now();
            sums = ask(&client, sizes, ITEMS).await?;
            all_ms = all_ms.min(begun.elapsed().as_secs_f64() * 1e3);
        }
        let begun = Instant::now();
        for _ in 0..10 {
            ask(&client, sizes, 1).await?;
        }
        Ok(Queried {
            sums,
            all_ms,
            one_ms: begun.elapsed().as_secs_f64() * 1e2,
        })
    })
}

async fn fill(client: &Client, sizes: &Sizes) -> Result<()> {
    let Sizes {
        customers,
        orders,
        tickets,
        ..
    } = sizes;
    let scatter = SCATTER.1;
    let made = |name: &str, columns: &str, select: &str| {
        format!(
            "CREATE TABLE {name} ENGINE = MergeTree ORDER BY (id, since)
             SETTINGS index_granularity = 1024
             AS SELECT {columns}, fromUnixTimestamp64Milli(toInt64(ms), 'UTC') AS since {select}"
        )
    };
    client.query("CREATE DATABASE join_bench").execute().await?;
    let tables = [
        made(
            "join_bench.customers",
            "concat('c', toString(number)) AS id, concat('segment-', toString(number % 5)) AS segment",
            &format!("FROM (SELECT number, {BEGIN} AS ms FROM numbers({customers}))"),
        ),
        made(
            "join_bench.orders",
            &format!(
                "concat('o', toString(number)) AS id, status,
                 concat('c', toString(number * {scatter} % {customers})) AS customer_id,
                 toDecimal64(number % 500 + 0.5, 4) AS total"
            ),
            &format!(
                "FROM (SELECT number, status, {BEGIN} + number * {APART} + after AS ms
                       FROM numbers({orders})
                       ARRAY JOIN ['paid', 'delivered'] AS status, [0, {DELIVERED_AFTER}] AS after)"
            ),
        ),
        made(
            "join_bench.tickets",
            "concat('t', toString(number)) AS id, 'open' AS status",
            &format!(
                "FROM (SELECT number, {BEGIN} + number * {APART} AS ms FROM numbers({tickets}))"
            ),
        ),
    ];
    for table in tables {
        client.query(&table).execute().await?;
    }
    Ok(())
}

async fn ask(client: &Client, sizes: &Sizes, items: u64) -> Result<Sums> {
    let Sizes {
        orders, tickets, ..
    } = sizes;
    let scatter = SCATTER.0;
    let question = format!(
        "WITH items AS (
             SELECT number AS n, n * {scatter} % {orders} AS place,
                 concat('o', toString(place)) AS order_id,
                 if(n % 10 = 0, concat('t', toString(n % {tickets})), '') AS ticket_id,
                 fromUnixTimestamp64Milli(toInt64({BEGIN} + place * {APART}
                     + (n % 6 + 1) * 86400000 - 1), 'UTC') AS at
             FROM numbers({items})),
         of_orders AS (
             SELECT * FROM join_bench.orders WHERE id IN (SELECT order_id FROM items)),
         with_order AS (
             SELECT i.ticket_id AS ticket_id, i.at AS at, o.status AS order_status,
                 o.customer_id AS customer_id
             FROM items AS i ASOF LEFT JOIN of_orders AS o
                 ON i.order_id = o.id AND i.at >= o.since),
         with_customer AS (
             SELECT w.ticket_id AS ticket_id, w.at AS at, w.order_status AS order_status,
                 c.segment AS segment
             FROM with_order AS w ASOF LEFT JOIN (
                 SELECT * FROM join_bench.customers
                 WHERE id IN (SELECT customer_id FROM of_orders)) AS c
                 ON w.customer_id = c.id AND w.at >= c.since)
         SELECT countIf(w.order_status = 'delivered'), countIf(w.segment = 'segment-0'),
             countIf(t.status = 'open')
         FROM with_customer AS w ASOF LEFT JOIN (
             SELECT * FROM join_bench.tickets
             WHERE id IN (SELECT ticket_id FROM items)) AS t
             ON w.ticket_id = t.id AND w.at >= t.since"
    );
    let (delivered, first_segment, found) = client
        .query(&question)
        .fetch_one::<(u64, u64, u64)>()
        .await?;
    Ok(Sums {
        delivered,
        first_segment,
        tickets: found,
    })
}
