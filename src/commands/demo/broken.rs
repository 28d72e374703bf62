//! Records that the demo sends on purpose: broken ones, as producers make them, and a tombstone.

use serde_json::json;

use super::events::{Record, edit};

/// One of each, made from a good review and a good survey response.
///
/// The reason codes that they are expected to be rejected with come with them; `None` for the
/// tombstone, which is skipped.
pub(super) fn broken(good: &[Record]) -> Vec<(Record, Option<&'static str>)> {
    let of_type = |kind: &str| {
        let quoted = format!("\"type\":\"{kind}\"");
        let is = |r: &&Record| contains(r.payload.as_deref().unwrap_or_default(), quoted.as_bytes());
        good.iter().find(is).cloned()
    };
    let (Some(review), Some(survey)) = (of_type("cx.review.v1"), of_type("cx.survey_response.v1"))
    else {
        return Vec::new();
    };
    let edited = |record: &Record, name: &str, change: fn(&mut serde_json::Value)| {
        let mut record = record.clone();
        edit(&mut record, |event| {
            event["id"] = json!(format!("broken-{name}"));
            change(event);
        });
        record
    };
    let with_payload = |payload: Option<Vec<u8>>| Record { payload, ..review.clone() };

    let ascii = edited(&review, "cut", |e| e["data"]["body"] = json!("The connection broke while I was typing"));
    let mut cut = ascii.payload.unwrap_or_default();
    cut.truncate(cut.len() * 3 / 4);
    let latin1 = [&b"{\"specversion\":\"1.0\",\"id\":\"broken-latin1\",\"data\":{\"body\":\"Gr"[..],
        &[0xf6, 0xdf], b"e passt nicht\"}}"].concat();
    vec![
        (with_payload(Some(cut)), Some("malformed_json")),
        (with_payload(Some(latin1)), Some("invalid_utf8")),
        (edited(&review, "type", |e| e["data"]["rating"]["value"] = json!("five stars")), Some("wrong_type")),
        (edited(&survey, "nps", |e| e["data"]["answers"][0]["number"] = json!(11)), Some("out_of_scale")),
        (edited(&review, "kind", |e| e["type"] = json!("cx.reveiw.v1")), Some("unknown_kind")),
        (edited(&review, "nul", |e| e["data"]["body"] = json!("great\u{0}product")), Some("nul_character")),
        (edited(&review, "time", |e| e["data"]["created_at"] = json!("2090-01-01T00:00:00Z")), Some("time_out_of_range")),
        (with_payload(None), None),
    ]
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

/// Puts the broken records between the good ones, evenly.
pub(super) fn mix(good: Vec<Record>, broken: Vec<Record>) -> Vec<Record> {
    let step = good.len() / (broken.len() + 1) + 1;
    let mut broken = broken.into_iter();
    let mut mixed = Vec::with_capacity(good.len() + broken.len());
    for (index, record) in good.into_iter().enumerate() {
        if index % step == step - 1 {
            mixed.extend(broken.next());
        }
        mixed.push(record);
    }
    mixed.extend(broken);
    mixed
}
