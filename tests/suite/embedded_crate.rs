//! The embedded ClickHouse engine, used by the `clickhouse` crate.

use std::time::Duration;

use clickhouse::{Client, Row};
use serde::{Deserialize, Serialize};

use crate::support::engine;

#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
struct Review {
    id: u64,
    text: String,
    score: Option<f32>,
    topics: Vec<String>,
}

fn review(id: u64) -> Review {
    Review {
        id,
        text: format!("نظر {id} 'it''s\\'"),
        score: id.is_multiple_of(3).then_some(id as f32 / 2.0),
        topics: vec![format!("t{}", id % 5); (id % 3) as usize],
    }
}

async fn reviews(name: &str) -> Client {
    let client = Client::default().with_url(engine().url());
    client
        .query(&format!("CREATE DATABASE IF NOT EXISTS {name}"))
        .execute()
        .await
        .unwrap();
    let client = client.with_database(name);
    client
        .query(
            "CREATE OR REPLACE TABLE review (id UInt64, text String, score Nullable(Float32), \
             topics Array(String)) ENGINE = ReplacingMergeTree ORDER BY id \
             SETTINGS non_replicated_deduplication_window = 100",
        )
        .execute()
        .await
        .unwrap();
    client
}

async fn insert(
    client: &Client,
    token: &str,
    rows: std::ops::Range<u64>,
) -> clickhouse::error::Result<()> {
    let mut insert = client
        .insert::<Review>("review")
        .await?
        .with_setting("insert_deduplication_token", token)
        .with_setting("insert_deduplicate", "1")
        .with_setting("async_insert", "0");
    for id in rows {
        insert.write(&review(id)).await?;
    }
    insert.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clickhouse_crate_writes_and_reads() {
    let client = reviews("crate_rows").await;
    insert(&client, "a", 0..10_000).await.unwrap();
    let query = "SELECT ?fields FROM review WHERE id >= ? ORDER BY id LIMIT 3";
    let found: Vec<Review> = client.query(query).bind(4_999).fetch_all().await.unwrap();
    assert_eq!(found, [review(4_999), review(5_000), review(5_001)]);
    let all: Vec<Review> = client
        .query("SELECT ?fields FROM review ORDER BY id")
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(all.len(), 10_000);
    assert!(all.iter().enumerate().all(|(i, r)| *r == review(i as u64)));
    let by_name: u64 = client
        .query("SELECT count() FROM review WHERE text = {text:String}")
        .param("text", review(7).text)
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(by_name, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_seen_inserts_nothing() {
    let client = reviews("crate_tokens").await;
    let count = async || {
        client
            .query("SELECT count() FROM review")
            .fetch_one::<u64>()
            .await
            .unwrap()
    };
    for (token, rows, expected) in [
        ("a", 0..100, 100),
        ("a", 0..100, 100),
        ("a", 500..600, 100),
        ("b", 0..100, 200),
        ("a", 0..100, 200),
    ] {
        insert(&client, token, rows).await.unwrap();
        assert_eq!(count().await, expected, "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_insert_leaves_no_lock() {
    let client = reviews("crate_errors").await;
    let error = client
        .query("SELECT 1 FROM nowhere")
        .execute()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("Code: 60.") && error.contains("UNKNOWN_TABLE"),
        "{error}"
    );
    client
        .query("ALTER TABLE review ADD CONSTRAINT c CHECK id != 50")
        .execute()
        .await
        .unwrap();
    let error = insert(&client, "a", 0..100).await.unwrap_err().to_string();
    assert!(error.contains("Code: 469."), "{error}");
    assert_eq!(
        client
            .query("SELECT count() FROM review")
            .fetch_one::<u64>()
            .await
            .unwrap(),
        0
    );
    let drop = client.query("DROP TABLE review SYNC").execute();
    tokio::time::timeout(Duration::from_secs(10), drop)
        .await
        .expect("the table is locked")
        .unwrap();
}
