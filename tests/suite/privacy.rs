//! What is personal in an event stands in no table, no file of ClickHouse, no log and no metric, whatever
//! is logged and whatever is wrong with the event.

use std::path::Path;

use serde_json::json;

use crate::events::{deployed, send};
use crate::health::{ask, free_address};
use crate::support::engine_folder;

/// Part of every value with letters that is the customer's.
const PLANTED: &str = "zqplanted";
/// Other values, each under its cue.
const VALUES: [(&str, &str); 8] = [
    ("call me at ", "+44 20 7946 0756"),
    ("I paid with card ", "4539148945027687"),
    ("my IBAN is ", "DE05732721519263145053"),
    ("کد ملی من ", "3221756666"),
    ("my passport number is ", "A62806441"),
    ("my address: ", "42 Willow Lane"),
    ("my IP is ", "203.0.113.188"),
    ("شماره من ", "۰۹۱۲۲۶۴۱۴۶۴"),
];
/// What is nobody's, and therefore kept.
const PUBLIC: &str = "zqpublicword";

/// What a customer tells who gives everything away.
fn told() -> String {
    let values = VALUES.map(|(cue, value)| format!("{cue}{value}"));
    format!(
        "my name is Zqplanted Smith, write to zqplanted@example.com. {PUBLIC}. {}",
        values.join(". ")
    )
}

fn event(kind: &str, data: &serde_json::Value) -> String {
    json!({
        "specversion": "1.0", "id": format!("e-{kind}"), "source": "shop/x", "type": kind,
        "time": "2026-03-01T10:00:00Z", "tenant_id": "acme",
        "customer": {"customer_id": "zqplanted@example.com"},
        "extra": {"note": "password: zqplanted99x"},
        "data": data
    })
    .to_string()
}

/// Events that become rows, one of each kind.
fn good() -> Vec<String> {
    let told = told();
    let at = "2026-03-01T09:59:00Z";
    let review = json!({
        "review_id": "r1", "platform": "shop", "title": "Best regards, Zqplanted", "body": told,
        "rating": {"value": 4}, "created_at": at, "reply": {"body": "Dear Mr. Zqplanted,", "at": at}
    });
    let conversation = json!({
        "conversation_id": "c1", "channel": "chat", "started_at": at,
        "participants": [{"id": "p", "role": "customer"}],
        "turns": [{"turn_id": "t1", "seq": 1, "participant_id": "p", "sent_at": at, "body": told}],
        "tags": ["zqplanted@example.com"]
    });
    let message = json!({
        "conversation_id": "c2", "channel": "chat", "started_at": at, "participants": [
            {"id": "p", "role": "customer"}
        ],
        "turns": [{"turn_id": "t1", "seq": 1, "participant_id": "p", "sent_at": at, "body": told}]
    });
    let survey = json!({
        "response_id": "s1", "survey": {"id": "v", "name": "After the order"}, "status": "complete",
        "created_at": at, "submitted_at": at,
        "answers": [{"question_id": "q", "type": "text", "text": "Who are you?", "text_value": told}]
    });
    vec![
        event("cx.review.v1", &review),
        event("cx.conversation.v1", &conversation),
        event("cx.conversation.v1", &message),
        event("cx.survey_response.v1", &survey),
    ]
}

/// Events that become dead letters, each for another reason.
fn bad() -> Vec<String> {
    let told = told();
    let mut cut = good().remove(0);
    cut.truncate(cut.len() - 20);
    vec![
        cut,
        event("cx.zqplanted.v1", &json!({"body": told})),
        event(
            "cx.review.v1",
            &json!({"review_id": 7, "platform": "zqplanted", "body": told}),
        ),
        event(
            "cx.review.v1",
            &json!({"review_id": "r2", "platform": "shop", "body": told, "created_at": "zqplanted"}),
        ),
        format!("{PLANTED} is no JSON"),
    ]
}

/// Words of `wanted` that stand in files of a folder, as the bytes lie there.
fn in_files(folder: &Path, wanted: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(in_files(&path, wanted));
            continue;
        }
        // Merges take files away meanwhile.
        let bytes = std::fs::read(&path)
            .unwrap_or_default()
            .to_ascii_lowercase();
        for word in wanted {
            let word = word.to_lowercase();
            if memchr::memmem::find(&bytes, word.as_bytes()).is_some() {
                found.push(word);
            }
        }
    }
    found
}

#[tokio::test]
async fn what_is_personal_stands_in_no_table_and_no_log() {
    let d = deployed("quiet", 1, "[log]\nfilter = \"trace\"\n");
    let (good, bad) = (good(), bad());
    let all = (good.len() + bad.len()) as u64;
    let rows = good.len() as u64;
    send(&d.topic(), good.into_iter().chain(bad).map(Some));
    let address = free_address();
    let pipeline = d.start_with(&["--listen", &address]);
    d.wait_for("SELECT count() FROM ingested", all).await;
    let (_, _, metrics) = ask(&address, "GET", "/metrics").unwrap();
    assert!(pipeline.stop().success(), "{}", d.log());
    let personal: Vec<&str> = VALUES.iter().map(|(_, v)| *v).chain([PLANTED]).collect();

    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, rows);
    let counted = "SELECT count() FROM feedback_latest WHERE redacted['name'] > 0 \
                   AND redacted['email'] > 0 AND redacted['secret'] = 1 \
                   AND redactions = arraySum(mapValues(redacted))";
    assert_eq!(d.count(counted).await, rows);
    let holding = |table: &str, value: &str| {
        let row = "formatRow('JSONEachRow', *)";
        format!("SELECT countIf(positionCaseInsensitiveUTF8({row}, '{value}') > 0) FROM {table}")
    };
    assert_eq!(d.count(&holding("feedback", PUBLIC)).await, rows);
    for table in ["feedback", "ingested", "dead_letters", "streams"] {
        for value in &personal {
            let found = d.count(&holding(table, value)).await;
            assert_eq!(found, 0, "{value} in {table}");
        }
    }
    let log = d.log().to_lowercase();
    assert!(log.contains("trace"), "nothing is logged at this level");
    let holds = |line: &&str| personal.iter().any(|v| line.contains(&v.to_lowercase()));
    let told: Vec<&str> = log.lines().filter(holds).collect();
    assert!(told.is_empty(), "{told:#?}");
    assert!(metrics.contains("sada_"), "{metrics}");
    let told: Vec<&str> = metrics.lines().filter(holds).collect();
    assert!(told.is_empty(), "{told:#?}");

    // Columns are compressed, and searched above; all else lies there as it is.
    let found = in_files(engine_folder(), &["dead_letters"]);
    assert!(!found.is_empty(), "nothing is found that is there");
    let found = in_files(engine_folder(), &personal);
    assert!(found.is_empty(), "{found:?}");
}
