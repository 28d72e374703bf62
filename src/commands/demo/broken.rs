//! Records that the demo sends on purpose: broken ones, as producers make them, and a tombstone.

use serde_json::{Value, json};

use crate::batch::Reason;

use super::events::edit;
use super::record::Record;

/// A record that becomes no row.
pub(super) struct Broken {
    /// The record.
    pub(super) record: Record,
    /// Code of the dead letter that it should become; `None` for the tombstone, which is skipped.
    pub(super) reason: Option<Reason>,
}

/// One of each, made from a good review and a good survey response.
pub(super) fn broken(good: &[Record]) -> Vec<Broken> {
    let (Some(review), Some(survey)) = (
        first(good, "cx.review.v1"),
        first(good, "cx.survey_response.v1"),
    ) else {
        return Vec::new();
    };
    let with = |payload: Option<Vec<u8>>| Record {
        payload,
        ..review.clone()
    };
    let cut = edited(review, "cut", |e| {
        e["data"]["body"] = json!("The line broke while I was typing")
    });
    let cut = cut.payload.map(|mut json| {
        json.truncate(json.len() * 3 / 4);
        json
    });
    // Latin-1: ö is one byte.
    let latin1 =
        b"{\"specversion\":\"1.0\",\"id\":\"broken-latin1\",\"type\":\"Gr\xf6\xdfe\"}".to_vec();
    let dead_letters = [
        (Reason::MalformedJson, with(cut)),
        (Reason::InvalidUtf8, with(Some(latin1))),
        (
            Reason::WrongType,
            edited(review, "type", |e| {
                e["data"]["rating"]["value"] = json!("five stars")
            }),
        ),
        (
            Reason::OutOfScale,
            edited(survey, "nps", |e| {
                e["data"]["answers"][0]["number"] = json!(11)
            }),
        ),
        (
            Reason::UnknownKind,
            edited(review, "kind", |e| e["type"] = json!("cx.reveiw.v1")),
        ),
        (
            Reason::NulCharacter,
            edited(review, "nul", |e| {
                e["data"]["body"] = json!("great\u{0}product")
            }),
        ),
        (
            Reason::TimeOutOfRange,
            edited(review, "time", |e| {
                e["data"]["created_at"] = json!("2090-01-01T00:00:00Z")
            }),
        ),
    ];
    let tombstone = Broken {
        record: with(None),
        reason: None,
    };
    dead_letters
        .into_iter()
        .map(|(reason, record)| Broken {
            record,
            reason: Some(reason),
        })
        .chain([tombstone])
        .collect()
}

/// First event of a type in structured mode.
fn first<'r>(records: &'r [Record], kind: &str) -> Option<&'r Record> {
    let quoted = format!("\"type\":\"{kind}\"");
    records
        .iter()
        .find(|r| contains(r.payload.as_deref().unwrap_or_default(), quoted.as_bytes()))
}

fn edited(record: &Record, name: &str, change: fn(&mut Value)) -> Record {
    let mut record = record.clone();
    edit(&mut record, |event| {
        event["id"] = json!(format!("broken-{name}"));
        change(event);
    });
    record
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

/// Puts the broken records between the good ones, evenly.
pub(super) fn mix(good: Vec<Record>, broken: Vec<Broken>) -> Vec<Record> {
    let step = good.len() / (broken.len() + 1) + 1;
    let mut mixed = Vec::with_capacity(good.len() + broken.len());
    let mut broken = broken.into_iter().map(|b| b.record);
    for (index, record) in good.into_iter().enumerate() {
        if index % step == step - 1 {
            mixed.extend(broken.next());
        }
        mixed.push(record);
    }
    mixed.extend(broken);
    mixed
}

#[cfg(test)]
mod tests {
    use super::super::{events, texts};
    use super::*;
    use crate::batch::{Partition, RawBatch};
    use crate::decode::{Limits, decode};

    const NOW: i64 = 1_790_000_000_000;

    fn good() -> Vec<Record> {
        events::story(&texts::languages().unwrap(), 1, "run", NOW, 120).events
    }

    fn reason(record: &Record) -> Option<Reason> {
        let partition = Partition {
            topic: "t".into(),
            stream: "s".into(),
            number: 0,
        };
        let mut batch = RawBatch::new(partition, 0);
        let headers = record
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        batch.push(
            0,
            NOW,
            Some(record.key.as_bytes()),
            record.payload.as_deref(),
            headers,
        );
        decode(&batch.record(0), &Limits::default())
            .err()
            .map(|error| error.reason)
    }

    #[test]
    fn each_is_refused_for_the_reason_it_should_be() {
        let broken = broken(&good());
        assert_eq!(broken.len(), 8);
        for Broken {
            record,
            reason: expected,
        } in &broken
        {
            match record.payload {
                Some(_) => assert_eq!(reason(record), *expected),
                None => assert_eq!(*expected, None),
            }
        }
    }

    #[test]
    fn every_good_event_decodes_and_every_field_is_known() {
        for record in good() {
            assert_eq!(
                reason(&record),
                None,
                "{}",
                String::from_utf8_lossy(&record.payload.unwrap())
            );
        }
    }

    #[test]
    fn mixing_keeps_all_records_and_their_order() {
        let good = good();
        let broken = broken(&good);
        let mixed = mix(good.clone(), broken);
        assert_eq!(mixed.len(), good.len() + 8);
        let mut left = mixed.iter();
        assert!(good.iter().all(|record| left.any(|m| m == record)));
        assert!(
            mixed[..mixed.len() / 2]
                .iter()
                .filter(|m| !good.contains(m))
                .count()
                >= 3
        );
    }
}
