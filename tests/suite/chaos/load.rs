//! What is produced: every record, and what must become of it, is a function of the seed and the
//! record's code, so that memory holds only which code lies at which offset.

use std::io::Write;

use sada::odata::Keys;
use xxhash_rust::xxh3::xxh3_64;

/// Partitions of the topic.
pub const PARTITIONS: usize = 8;

/// Number of a record in the order of production, with its class in the top bits. It is the
/// record's Kafka key too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub u32);

const NUMBER_BITS: u32 = 28;

/// Most records of a run.
pub const MOST: u64 = 1 << NUMBER_BITS;

/// What sort of record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A version of an item.
    Item = 0,
    /// JSON that is cut off.
    Broken = 1,
    /// A number where an identifier belongs.
    WrongType = 2,
    /// A byte that is no UTF-8.
    InvalidUtf8 = 3,
    /// A likelihood to recommend of 11.
    OutOfScale = 4,
    /// A null payload.
    Tombstone = 5,
}

impl Code {
    /// The n-th record, of a class.
    pub fn new(class: Class, number: u32) -> Self {
        Self((class as u32) << NUMBER_BITS | number)
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self.0 & ((1 << NUMBER_BITS) - 1)
    }

    /// Its class.
    pub fn class(self) -> Class {
        match self.0 >> NUMBER_BITS {
            0 => Class::Item,
            1 => Class::Broken,
            2 => Class::WrongType,
            3 => Class::InvalidUtf8,
            4 => Class::OutOfScale,
            _ => Class::Tombstone,
        }
    }

    /// Outcome and reason that `ingested` must have.
    pub fn outcome(self) -> (&'static str, &'static str) {
        match self.class() {
            Class::Item => ("row", ""),
            Class::Broken => ("dead_letter", "malformed_json"),
            Class::WrongType => ("dead_letter", "wrong_type"),
            Class::InvalidUtf8 => ("dead_letter", "invalid_utf8"),
            Class::OutOfScale => ("dead_letter", "out_of_scale"),
            Class::Tombstone => ("skipped", "tombstone"),
        }
    }

    /// Whether it becomes a row.
    pub fn is_row(self) -> bool {
        self.class() == Class::Item
    }

    /// Whether it becomes a dead letter.
    pub fn is_poison(self) -> bool {
        !matches!(self.class(), Class::Item | Class::Tombstone)
    }
}

/// The events of a seed.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub seed: u64,
    /// How many customers, orders, … of a tenant they name; 0: they name none.
    pub ids: u32,
}

/// What an item names of O-data; empty for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub customer: String,
    pub device: String,
    pub order: String,
    pub ticket: String,
    pub session: String,
    pub shipment: String,
}

/// One version of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Item, by the number of the record that may have it first.
    pub item: u32,
    /// As the row has it.
    pub version: u64,
    pub is_deleted: bool,
}

/// What is the same in every version of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub tenant: String,
    pub kind: &'static str,
    pub source: &'static str,
    pub id: String,
    /// Milliseconds since 1970, in one of three calendar years.
    pub created_at: u64,
    has_text: bool,
}

pub const TENANTS: u32 = 23;
/// 2026-01-01
const FIRST_VERSION: u64 = 1_767_225_600_000;
/// 2023-01-01
pub const FIRST_CREATION: u64 = 1_672_531_200_000;
pub const THREE_YEARS: u64 = (365 + 366 + 365) * 86_400_000;
const TEXTS: [&str; 6] = [
    "Arrived two days late and the box was open",
    "Great value, would buy it again",
    "Der Kundendienst war freundlich und schnell",
    "La talla no era la correcta",
    "کیفیت خوب بود ولی دیر رسید",
    "السعر مناسب والتوصيل سريع",
];

impl Load {
    /// Class of the n-th record; within a burst most are poison.
    pub fn code(self, number: u32, burst: bool) -> Code {
        let mut rng = self.rng(1, number);
        let poison = if burst { 700 } else { 4 };
        let class = match rng.u32(..1_000) {
            n if n < poison => match rng.u8(..4) {
                0 => Class::Broken,
                1 => Class::WrongType,
                2 => Class::InvalidUtf8,
                _ => Class::OutOfScale,
            },
            n if n >= 990 => Class::Tombstone,
            _ => Class::Item,
        };
        Code::new(class, number)
    }

    /// Partition that it is sent to: most by their item, some anywhere.
    pub fn partition(self, code: Code) -> i32 {
        let mut rng = match self.rng(2, code.number()).u8(..20) {
            0 => self.rng(3, code.number()),
            _ => self.rng(4, self.version(code).item),
        };
        rng.i32(0..PARTITIONS as i32)
    }

    /// Which item a record is about, and in which version.
    pub fn version(self, code: Code) -> Version {
        let number = code.number();
        let mut rng = self.rng(5, number);
        let fresh = FIRST_VERSION + u64::from(number);
        if number == 0 || rng.u8(..5) > 0 {
            return Version {
                item: number,
                version: fresh,
                is_deleted: false,
            };
        }
        let item = number - 1 - rng.u32(..number.min(20_000));
        Version {
            item,
            version: match rng.u8(..20) {
                // Out of order: older than what is there, or the same version once more.
                0 => FIRST_VERSION + u64::from(item) - 1,
                1 => FIRST_VERSION + u64::from(item),
                _ => fresh,
            },
            is_deleted: rng.u8(..20) == 0,
        }
    }

    /// An item's identity.
    pub fn item(self, number: u32) -> Item {
        let mut rng = self.rng(6, number);
        let (kind, source, has_text) = match rng.u8(..100) {
            0 => ("review", "shop", true),
            1..12 => ("review", "store", false),
            12..17 => ("conversation", "/desk", false),
            17..25 => ("message", "/chat", false),
            25..50 => ("survey", "/forms/mail", false),
            _ => ("survey", "/forms/app", false),
        };
        Item {
            tenant: format!("tenant-{}", rng.u32(..TENANTS)),
            kind,
            source,
            id: format!("i{number}"),
            created_at: FIRST_CREATION + rng.u64(..THREE_YEARS),
            has_text,
        }
    }

    /// What an item names.
    pub fn named(self, number: u32) -> Named {
        let mut named = Named::default();
        if self.ids == 0 {
            return named;
        }
        let mut rng = self.rng(9, number);
        let mut draw = |kind: char, ids: u32| format!("{kind}{}", rng.u32(..ids));
        let [customer, device, order, ticket, session] =
            ['c', 'd', 'o', 't', 's'].map(|kind| draw(kind, self.ids));
        let shipment = draw('p', 2 * self.ids);
        match rng.u8(..10) {
            0..3 => named.customer = customer,
            3..6 => named.device = device,
            _ => {}
        }
        if rng.u8(..4) == 0 {
            named.session = session;
        }
        match (self.item(number).kind, rng.u8(..4)) {
            (_, 0) => {}
            ("survey", 1) | ("conversation", 1..) => named.ticket = ticket,
            ("survey", 2) => named.shipment = shipment,
            _ => named.order = order,
        }
        named
    }

    /// Writes the payload of a record; `false` if it has none.
    pub fn payload(self, code: Code, into: &mut Vec<u8>) -> bool {
        into.clear();
        match code.class() {
            Class::Tombstone => return false,
            Class::Item => {
                let version = self.version(code);
                let item = self.item(version.item);
                let named = self.named(version.item);
                let data = self.data(code, &item, &named);
                envelope(into, code, &item, version, &named, &data);
            }
            poison => self.poison(code, poison, into),
        }
        true
    }

    /// A survey that is wrong in one way.
    fn poison(self, code: Code, class: Class, into: &mut Vec<u8>) {
        // What is deleted keeps its identity alone: nothing else in it can be wrong.
        let version = Version {
            is_deleted: false,
            ..self.version(code)
        };
        let item = Item {
            kind: "survey",
            source: "/forms/app",
            ..self.item(version.item)
        };
        let id = match class {
            Class::WrongType => "7".to_owned(),
            _ => format!("\"{}\"", item.id),
        };
        let nps = if class == Class::OutOfScale { 11 } else { 9 };
        let named = self.named(version.item);
        let data = survey(&id, &item, &named, nps, 4);
        envelope(into, code, &item, version, &named, &data);
        match class {
            Class::Broken => into.truncate(into.len() / 2),
            Class::InvalidUtf8 => {
                let middle = into.len() / 2;
                into.insert(middle, 0xff);
            }
            _ => {}
        }
    }

    fn data(self, code: Code, item: &Item, named: &Named) -> String {
        let mut rng = self.rng(7, code.number());
        let (id, at) = (&item.id, item.created_at);
        let stars = rng.u8(1..=5);
        let about = named.about();
        match item.kind {
            "review" => {
                let text = TEXTS[rng.usize(..TEXTS.len())];
                let body = match item.has_text {
                    true => format!(r#","body":"{text}""#),
                    false => String::new(),
                };
                format!(
                    r#"{{"review_id":"{id}","platform":"{}","created_at":{at},"rating":{{"value":{stars}}}{body}{about}}}"#,
                    item.source
                )
            }
            "conversation" => format!(
                r#"{{"conversation_id":"{id}","started_at":{at},"participants":[{{"id":"c","role":"customer"}}],"turns":[{{"turn_id":"t","seq":1,"participant_id":"c","sent_at":{at},"content_type":"event"}}],"rating":{{"score":{stars}}}{about}}}"#
            ),
            "message" => format!(
                r#"{{"conversation_id":"k{stars}","turn_id":"{id}","seq":{stars},"participant":{{"id":"c","role":"customer"}},"sent_at":{at},"content_type":"event"{about}}}"#
            ),
            _ => survey(&format!("\"{id}\""), item, named, rng.u8(..=10), stars),
        }
    }

    /// Numbers of a purpose and of what has a number.
    pub fn rng(self, purpose: u64, number: u32) -> fastrand::Rng {
        let seed = self.seed ^ (purpose << 40) ^ u64::from(number);
        // Neighbouring numbers get unlike generators.
        fastrand::Rng::with_seed(xxh3_64(&seed.to_le_bytes()))
    }
}

impl Item {
    /// `item_hash` of `ingested`.
    pub fn hash(&self) -> u64 {
        let Item {
            tenant,
            kind,
            source,
            id,
            ..
        } = self;
        xxh3_64(format!("{tenant}\0{kind}\0{source}\0{id}").as_bytes())
    }
}

impl Named {
    /// The further identifiers: (type, value).
    pub fn identities(&self) -> Vec<(String, String)> {
        let device = Some(&self.device).filter(|device| !device.is_empty());
        device
            .map(|device| ("device_id".to_owned(), device.clone()))
            .into_iter()
            .collect()
    }

    /// As the join sees it.
    pub fn keys<'k>(&'k self, identities: &'k [(String, String)]) -> Keys<'k> {
        Keys {
            customer_id: &self.customer,
            identities,
            order_id: &self.order,
            ticket_id: &self.ticket,
            session_id: &self.session,
            shipment_id: &self.shipment,
        }
    }

    /// The fields of an item's data that name them.
    fn about(&self) -> String {
        let field = |field: &str, id: &str| match id {
            "" => String::new(),
            id => format!(r#","{field}":"{id}""#),
        };
        field("order_id", &self.order) + &field("ticket_id", &self.ticket)
    }

    /// The same of a survey.
    fn trigger(&self) -> String {
        let named = [
            ("order", &self.order),
            ("ticket", &self.ticket),
            ("delivery", &self.shipment),
        ];
        let found = named.into_iter().find(|(_, id)| !id.is_empty());
        found.map_or_else(String::new, |(kind, id)| {
            format!(r#","trigger":{{"type":"{kind}","id":"{id}"}}"#)
        })
    }

    /// The attributes of an event.
    fn attributes(&self) -> String {
        let customer = match (self.customer.as_str(), self.device.as_str()) {
            ("", "") => String::new(),
            ("", device) => {
                format!(r#""customer":{{"ids":[{{"type":"device_id","value":"{device}"}}]}},"#)
            }
            (id, _) => format!(r#""customer":{{"customer_id":"{id}"}},"#),
        };
        match self.session.as_str() {
            "" => customer,
            id => format!(r#"{customer}"context":{{"session_id":"{id}"}},"#),
        }
    }
}

fn survey(id: &str, item: &Item, named: &Named, nps: u8, csat: u8) -> String {
    let (at, trigger) = (item.created_at, named.trigger());
    format!(
        r#"{{"response_id":{id},"survey":{{"id":"sv-{csat}","kind":"relational"}},"created_at":{at},"submitted_at":{at},"answers":[{{"question_id":"q1","type":"nps","number":{nps}}},{{"question_id":"q2","type":"csat","number":{csat}}}]{trigger}}}"#
    )
}

fn envelope(
    into: &mut Vec<u8>,
    code: Code,
    item: &Item,
    version: Version,
    named: &Named,
    data: &str,
) {
    let kind = match item.kind {
        "survey" => "survey_response",
        kind => kind,
    };
    let deleted = match version.is_deleted {
        true => r#""deleted":true,"#,
        false => "",
    };
    write!(
        into,
        r#"{{"specversion":"1.0","id":"e{}","source":"{}","type":"cx.{kind}.v1","tenant_id":"{}","version":{},{deleted}{}"data":{data}}}"#,
        code.number(),
        item.source,
        item.tenant,
        version.version,
        named.attributes(),
    )
    .unwrap();
}

#[cfg(test)]
mod tests {
    use sada::batch::RawRecord;
    use sada::decode::{Limits, decode};

    use super::*;

    #[test]
    fn what_is_expected_of_a_record_is_what_its_bytes_say() {
        let load = Load { seed: 3, ids: 7 };
        let mut payload = Vec::new();
        let mut classes = [0; 6];
        for number in 0..20_000 {
            let code = load.code(number, number % 10 == 0);
            classes[code.class() as usize] += 1;
            assert!((0..PARTITIONS as i32).contains(&load.partition(code)));
            assert_eq!(
                load.payload(code, &mut payload),
                code.class() != Class::Tombstone
            );
            let record = RawRecord {
                offset: 0,
                time: FIRST_VERSION as i64,
                key: b"",
                payload: Some(&payload),
                headers: Vec::new(),
            };
            match (decode(&record, &Limits::default()), code.outcome()) {
                (Ok(feedback), ("row", _)) => {
                    let version = load.version(code);
                    let hash = sada::warehouse::rows::item_hash(&feedback);
                    assert_eq!(hash, load.item(version.item).hash());
                    assert_eq!(feedback.version, version.version);
                    assert_eq!(feedback.deleted, version.is_deleted);
                    assert_eq!(feedback.unknown_fields, 0);
                    if !feedback.deleted {
                        let named = load.named(version.item);
                        assert_eq!(Keys::of(&feedback), named.keys(&named.identities()));
                    }
                }
                (Err(error), ("dead_letter", reason)) => assert_eq!(error.reason.code(), reason),
                (_, ("skipped", _)) => {}
                (other, expected) => panic!("{number}: {other:?}, not {expected:?}"),
            }
        }
        assert!(classes.iter().all(|n| *n > 50), "{classes:?}");
    }
}
