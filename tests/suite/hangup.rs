//! SIGHUP takes up a changed taxonomy, without a rebuild, and refuses a wrong one.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::events::{deployed, review, send};
use crate::support::{Deployment, PATIENCE, Running};

const TEXT: &str = "The zorble was missing from the box";

fn hang_up(pipeline: &Running) {
    let mut kill = Command::new("kill");
    let status = kill.args(["-HUP", &pipeline.id().to_string()]).status();
    assert!(status.unwrap().success());
}

async fn logged(d: &Deployment, what: &str) {
    let begun = Instant::now();
    while !d.log().contains(what) {
        assert!(begun.elapsed() < PATIENCE, "{what}: {}", d.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Writes the built-in taxonomy with another version and one more keyword.
fn write_taxonomy(d: &Deployment, version: &str, keyword: &str) {
    let built_in = include_str!("../../models/taxonomy.toml");
    let mut taxonomy: toml::Table = built_in.parse().unwrap();
    taxonomy["version"] = version.into();
    let topics = taxonomy["topic"].as_array_mut().unwrap().iter_mut();
    let mut topics = topics.filter(|topic| topic["id"].as_str() == Some("delivery_packaging"));
    let keywords = &mut topics.next().unwrap()["keywords"]["en"];
    keywords.as_array_mut().unwrap().push(keyword.into());
    let file = d.folder.path().join("taxonomy.toml");
    fs::write(file, toml::to_string(&taxonomy).unwrap()).unwrap();
}

#[tokio::test]
async fn a_keyword_takes_effect_at_sighup_and_rows_carry_the_new_version() {
    let d = deployed("hangup", 1, "");
    let file = d.folder.path().join("taxonomy.toml");
    write_taxonomy(&d, "ours-1", "another word");
    let config = fs::read_to_string(&d.file).unwrap();
    let topics = format!("{config}\n[models]\ntaxonomy = \"{}\"\n", file.display());
    fs::write(&d.file, topics).unwrap();
    let pipeline = d.start();
    send(&d.topic(), [Some(review(0, TEXT))].to_vec());
    d.wait_for("SELECT count() FROM ingested", 1).await;

    fs::write(&file, "version = 7").unwrap();
    hang_up(&pipeline);
    logged(&d, "SIGHUP changes nothing").await;
    send(&d.topic(), [Some(review(1, TEXT))].to_vec());
    d.wait_for("SELECT count() FROM ingested", 2).await;

    write_taxonomy(&d, "ours-2", "zorble");
    hang_up(&pipeline);
    logged(&d, "begins anew").await;
    send(&d.topic(), [Some(review(2, TEXT))].to_vec());
    d.wait_for("SELECT count() FROM ingested", 3).await;
    assert!(pipeline.stop().success(), "{}", d.log());

    let sql = "SELECT substring(taxonomy_version, 1, 6), toUInt64(count()), \
               toUInt64(countIf(has(topics.id, 'delivery_packaging'))) \
               FROM feedback_latest GROUP BY 1 ORDER BY 1";
    let rows: Vec<(String, u64, u64)> = d.client().query(sql).fetch_all().await.unwrap();
    let expected = [("ours-1".to_owned(), 2, 0), ("ours-2".to_owned(), 1, 1)];
    assert_eq!(rows, expected);
}
