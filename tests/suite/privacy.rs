//! What is personal in an event stands in no table and in no log, whatever is logged and whatever is
//! wrong with the event.

use serde_json::json;

use crate::events::{deployed, send};

/// Part of every value that is the customer's.
const PLANTED: &str = "zqplanted";

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
    let told = "my name is Zqplanted Smith, write to zqplanted@example.com";
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
    let told = "my name is Zqplanted Smith";
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

#[tokio::test]
async fn what_is_personal_stands_in_no_table_and_no_log() {
    let d = deployed("quiet", 1, "[log]\nfilter = \"trace\"\n");
    let (good, bad) = (good(), bad());
    let all = (good.len() + bad.len()) as u64;
    let rows = good.len() as u64;
    send(&d.topic(), good.into_iter().chain(bad).map(Some));
    let pipeline = d.start();
    d.wait_for("SELECT count() FROM ingested", all).await;
    assert!(pipeline.stop().success(), "{}", d.log());

    assert_eq!(d.count("SELECT count() FROM feedback_latest").await, rows);
    let counted = "SELECT count() FROM feedback_latest WHERE redacted['name'] > 0 \
                   AND redacted['email'] > 0 AND redacted['secret'] = 1 \
                   AND redactions = arraySum(mapValues(redacted))";
    assert_eq!(d.count(counted).await, rows);
    for table in ["feedback", "ingested", "dead_letters"] {
        let found = format!(
            "SELECT countIf(positionCaseInsensitive(formatRow('JSONEachRow', *), '{PLANTED}') > 0) \
             FROM {table}"
        );
        assert_eq!(d.count(&found).await, 0, "{table}");
    }
    let log = d.log().to_lowercase();
    assert!(log.contains("trace"), "nothing is logged at this level");
    let told: Vec<&str> = log.lines().filter(|line| line.contains(PLANTED)).collect();
    assert!(told.is_empty(), "{told:#?}");
}
