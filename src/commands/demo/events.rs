//! The demo's events: reviews, survey responses, conversations and single messages as producers
//! send them, in CloudEvents envelopes, and what happened before them.
//!
//! A function of seed, run and time alone. Items change like real ones: survey comments arrive
//! after their score, reviews are corrected once the company has answered, one review is deleted.

use std::collections::BTreeSet;

use fastrand::Rng;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::feedback::Millis;

use super::business::Business;
use super::customers::Customer;
use super::deck::Deck;
use super::operations::{self, Item, Subject, Told};
use super::record::{HOUR, MINUTE, Record, time};
use super::texts::{Language, Text};

/// Items are created from this long ago …
const OLDEST: Millis = 14 * 24 * HOUR;
/// … up to this long ago, so that there is time left for their changes.
const NEWEST: Millis = 6 * HOUR;

/// Of twenty items so many are reviews, surveys, conversations, chats of single messages.
const KINDS: [usize; 4] = [11, 5, 2, 2];
/// Most events that one item makes.
const MOST_EVENTS: usize = 3;

/// What is said, and what happened.
pub(super) struct Story {
    /// Feedback.
    pub(super) events: Vec<Record>,
    /// O-data of the customers, orders, tickets and visits that it names.
    pub(super) operations: Vec<Told>,
}

/// Exactly `count` events, the last of which deletes the first review, and what happened before
/// them.
pub(super) fn story(
    languages: &[Language],
    seed: u64,
    run: &str,
    now: Millis,
    count: usize,
) -> Story {
    let mut writer = Writer::new(languages, seed, run, now);
    let mut records = Vec::with_capacity(count);
    let deletion = writer.review(&mut records);
    while records.len() + 1 < count {
        let room = count - 1 - records.len();
        match writer.kinds.deal(&mut writer.rng) {
            1 if room >= MOST_EVENTS => writer.survey(&mut records),
            2 => writer.conversation(&mut records),
            3 if room >= MOST_EVENTS => writer.messages(&mut records),
            _ => {
                let (edited, first) = (room >= MOST_EVENTS, records.len());
                writer.review(&mut records);
                if edited && writer.number.is_multiple_of(7) {
                    writer.correct(&mut records, first);
                }
            }
        }
    }
    records.push(deletion);
    let customers = writer.customers.iter();
    let customers = customers.flat_map(|customer| customer.told(languages, now));
    Story {
        events: records,
        operations: customers.chain(writer.operations).collect(),
    }
}

struct Writer<'l> {
    languages: &'l [Language],
    run: &'l str,
    now: Millis,
    rng: Rng,
    kinds: Deck,
    spoken: Deck,
    texts: Vec<Deck>,
    number: usize,
    /// Orders, tickets and visits are numbered from here: other numbers in every run.
    first: usize,
    customers: BTreeSet<Customer>,
    operations: Vec<Told>,
}

/// What an item is made of.
struct Occasion<'l> {
    id: String,
    language: &'l Language,
    text: &'l Text,
    at: Millis,
    customer: String,
    country: String,
    subject: Subject,
}

impl Occasion<'_> {
    fn key(&self) -> String {
        format!("default:{}", self.customer)
    }

    fn customer(&self) -> Value {
        json!({
            "customer_id": self.customer,
            "ids": [{"type": "device_id", "value": format!("d-{}", self.customer)}],
            "consent": {"analytics": true},
        })
    }

    fn context(&self, channel: &str) -> Value {
        json!({
            "channel": channel,
            "touchpoint": self.text.about.touchpoint(),
            "country": self.country,
            "locale": self.language.locale,
            "session_id": told(&self.subject.session),
        })
    }

    /// An event in structured mode; `version` is when this version of the item came about.
    fn event(
        &self,
        (kind, source): (&str, &str),
        version: Millis,
        channel: &str,
        data: Value,
    ) -> Record {
        let event = json!({
            "specversion": "1.0",
            "id": format!("{}-{version}", self.id),
            "source": source,
            "type": kind,
            "time": time(version),
            "version": version,
            "customer": self.customer(),
            "context": self.context(channel),
            "data": data,
        });
        Record {
            key: self.key(),
            headers: Vec::new(),
            payload: Some(event.to_string().into_bytes()),
        }
    }
}

impl<'l> Writer<'l> {
    fn new(languages: &'l [Language], seed: u64, run: &'l str, now: Millis) -> Self {
        Self {
            languages,
            run,
            now,
            rng: Rng::with_seed(seed),
            kinds: Deck::new(KINDS),
            spoken: Deck::new(languages.iter().map(|l| l.share)),
            texts: languages
                .iter()
                .map(|l| Deck::new(vec![1; l.texts.len()]))
                .collect(),
            number: 0,
            first: 100_000 + (xxh3_64(run.as_bytes()) % 800_000) as usize,
            customers: BTreeSet::new(),
            operations: Vec::new(),
        }
    }

    fn occasion(&mut self) -> Occasion<'l> {
        self.number += 1;
        let index = self.spoken.deal(&mut self.rng);
        let language = &self.languages[index];
        let text = &language.texts[self.texts[index].deal(&mut self.rng)];
        let customer = Customer::of(self.languages, index, text.rating, &mut self.rng);
        self.customers.insert(customer);
        let item = Item {
            number: self.first + self.number,
            at: self.now - self.rng.i64(NEWEST..OLDEST),
            customer: &customer.id(),
            about: text.about,
            rating: text.rating,
        };
        let (subject, told) = operations::happened(&item, &mut self.rng);
        self.operations.extend(told);
        Occasion {
            id: format!("{}-{}", self.run, self.number),
            language,
            text,
            at: item.at,
            customer: customer.id(),
            country: customer.country(self.languages),
            subject,
        }
    }

    /// A review; returns the event that deletes it.
    fn review(&mut self, records: &mut Vec<Record>) -> Record {
        let o = self.occasion();
        let (platform, item) = o.text.about.reviewed();
        let channel = if o.text.about == Business::App {
            "app"
        } else {
            "web"
        };
        let source = ("cx.review.v1", "https://reviews.example/export");
        let data = json!({
            "review_id": o.id,
            "platform": platform,
            "item": item,
            "rating": {"value": o.text.rating},
            "body": o.text.text,
            "verified_purchase": self.rng.bool(),
            "order_id": told(&o.subject.order),
            "helpful_count": self.rng.u32(..20),
            "created_at": time(o.at),
        });
        records.push(o.event(source, o.at, channel, data));
        let gone = json!({"review_id": o.id, "platform": platform, "created_at": time(o.at)});
        let mut deletion = o.event(source, o.at + HOUR, channel, gone);
        edit(&mut deletion, |event| event["deleted"] = json!(true));
        deletion
    }

    /// The company answers a review, and its author corrects it: a newer version.
    fn correct(&mut self, records: &mut Vec<Record>, review: usize) {
        let Some(mut record) = records.get(review).cloned() else {
            return;
        };
        let minutes = self.rng.i64(10..120);
        let languages = self.languages;
        edit(&mut record, |event| {
            let version = event["version"].as_i64().unwrap_or_default() + minutes * MINUTE;
            let locale = event["context"]["locale"].as_str().unwrap_or_default();
            let Some(language) = languages.iter().find(|l| l.locale == locale) else {
                return;
            };
            let body = event["data"]["body"].as_str().unwrap_or_default();
            let body = format!("{body}\n{}", language.chat.pleased);
            event["id"] = json!(format!(
                "{}-{version}",
                event["data"]["review_id"].as_str().unwrap_or_default()
            ));
            event["version"] = json!(version);
            event["time"] = json!(time(version));
            event["data"]["body"] = json!(body);
            event["data"]["updated_at"] = json!(version);
            event["data"]["reply"] =
                json!({"body": language.chat.solves, "at": time(version - MINUTE)});
        });
        records.push(record);
    }

    /// A survey response. Half of them come twice: the score at once, the comment later.
    fn survey(&mut self, records: &mut Vec<Record>) {
        let o = self.occasion();
        let questions = &o.language.survey;
        let nps = match o.text.rating {
            1 => self.rng.u8(0..=3),
            2 => self.rng.u8(2..=6),
            3 => self.rng.u8(6..=8),
            4 => self.rng.u8(7..=9),
            _ => self.rng.u8(9..=10),
        };
        let (survey, channel) = match o.text.about {
            Business::Shop | Business::Hotel => (
                json!({"id": "s-purchase", "name": "After purchase", "kind": "transactional"}),
                "email",
            ),
            Business::App => (
                json!({"id": "s-relation", "name": "Twice a year", "kind": "relational"}),
                "app",
            ),
            Business::Telco | Business::Bank => (
                json!({"id": "s-relation", "name": "Twice a year", "kind": "relational"}),
                "sms",
            ),
        };
        let score = json!([
            {"question_id": "q-nps", "type": "nps", "text": questions.nps, "number": nps},
            {"question_id": "q-csat", "type": "csat", "text": questions.csat, "number": o.text.rating,
             "scale": {"min": 1, "max": 5, "direction": "higher_better"}},
        ]);
        let mut whole = score.clone();
        if let Some(answers) = whole.as_array_mut() {
            answers.push(
                json!({"question_id": "q-why", "type": "text", "text": questions.comment,
                "text_value": o.text.text}),
            );
        }
        let data = |status: &str, answers: Value| {
            json!({
                "response_id": o.id,
                "survey": survey,
                "status": status,
                "created_at": o.at,
                "submitted_at": o.at,
                "trigger": trigger(&o.subject),
                "answers": answers,
            })
        };
        let source = ("cx.survey_response.v1", "https://survey.example/hooks");
        if self.rng.bool() {
            records.push(o.event(source, o.at, channel, data("partial", score)));
            let later = o.at + self.rng.i64(1..90) * MINUTE;
            records.push(o.event(source, later, channel, data("complete", whole)));
        } else {
            records.push(o.event(source, o.at, channel, data("complete", whole)));
        }
    }

    /// A whole conversation: bot, customer, agent; solved or not.
    fn conversation(&mut self, records: &mut Vec<Record>) {
        let o = self.occasion();
        let channel = ["chat", "whatsapp", "call"][self.rng.usize(..3)];
        let chat = &o.language.chat;
        let solved = o.text.rating >= 3 || self.rng.bool();
        let gives = given(&o, self.number);
        let agent = format!("agent-{}", self.rng.u8(1..=9));
        let (answer, last) = ending(&o, solved);
        let said = [
            ("bot", &chat.bot),
            ("customer", &o.text.text),
            ("agent", &chat.asks),
            ("customer", &gives),
            ("agent", answer),
            ("customer", last),
        ];
        let mut offset = 0;
        let turns: Vec<Value> = (1..)
            .zip(said)
            .map(|(seq, (who, text))| {
                offset += self.rng.i64(5_000..240_000);
                json!({"turn_id": format!("{}-t{seq}", o.id), "seq": seq, "participant_id": who,
                    "offset_ms": offset, "body": text})
            })
            .collect();
        let ended = o.at + offset;
        let data = json!({
            "conversation_id": o.id,
            "channel": channel,
            "status": if solved { "resolved" } else { "pending" },
            "started_at": time(o.at),
            "queued_at": time(o.at),
            "ended_at": time(ended),
            "participants": [
                {"id": "customer", "role": "customer"},
                {"id": "bot", "role": "bot"},
                {"id": "agent", "role": "agent", "agent_id": agent, "team": "service"},
            ],
            "turns": turns,
            "resolution": {"resolved": solved},
            "rating": {"score": if solved { 5 } else { 1 }},
            "order_id": told(&o.subject.order),
            "ticket_id": told(&o.subject.ticket),
        });
        let source = ("cx.conversation.v1", "https://desk.example/conversations");
        records.push(o.event(source, ended, channel, data));
    }

    /// A chat that comes message by message, in binary mode.
    fn messages(&mut self, records: &mut Vec<Record>) {
        let o = self.occasion();
        let (answer, last) = ending(&o, o.text.rating >= 3);
        let said = [
            ("customer", &o.text.text),
            ("agent", answer),
            ("customer", last),
        ];
        let mut at = o.at;
        for (seq, (role, text)) in (1..).zip(said) {
            at += self.rng.i64(5_000..240_000);
            let turn = format!("{}-m{seq}", o.id);
            let data = json!({
                "conversation_id": o.id,
                "turn_id": turn,
                "seq": seq,
                "participant": {"id": role, "role": role},
                // Whole seconds: some systems send no more.
                "sent_at": at / 1000,
                "body": text,
                "order_id": told(&o.subject.order),
                "ticket_id": told(&o.subject.ticket),
            });
            let headers = vec![
                ("content-type", "application/json".to_owned()),
                ("ce_specversion", "1.0".to_owned()),
                ("ce_id", turn),
                ("ce_source", "https://messenger.example/webhook".to_owned()),
                ("ce_type", "cx.message.v1".to_owned()),
                ("ce_time", time(at)),
                ("ce_customer", o.customer().to_string()),
                ("ce_context", o.context("whatsapp").to_string()),
            ];
            records.push(Record {
                key: o.key(),
                headers,
                payload: Some(data.to_string().into_bytes()),
            });
        }
    }
}

/// The agent's answer and what the customer says to it.
fn ending<'l>(o: &Occasion<'l>, solved: bool) -> (&'l String, &'l String) {
    let chat = &o.language.chat;
    if solved {
        (&chat.solves, &chat.pleased)
    } else {
        (&chat.stalls, &chat.displeased)
    }
}

/// The line in which a customer gives order, ticket or booking, and e-mail address (all invented).
fn given(o: &Occasion<'_>, number: usize) -> String {
    let email = format!("customer.{number}@example.com");
    let booking = format!("B{number}");
    let subject = told(&o.subject.order).or(told(&o.subject.ticket));
    o.language
        .chat
        .gives
        .replace("{order}", subject.unwrap_or(&booking))
        .replace("{email}", &email)
}

/// A name, or null for none.
fn told(name: &str) -> Option<&str> {
    Some(name).filter(|name| !name.is_empty())
}

/// What a survey is sent after.
fn trigger(subject: &Subject) -> Value {
    let of = |kind: &str, id: &str| json!({"type": kind, "id": id});
    match (told(&subject.order), told(&subject.ticket)) {
        (Some(order), _) => of("order", order),
        (None, Some(ticket)) => of("ticket", ticket),
        (None, None) => json!({"type": "none"}),
    }
}

/// Changes an event in structured mode.
pub(super) fn edit(record: &mut Record, change: impl FnOnce(&mut Value)) {
    let payload = record.payload.as_deref().unwrap_or_default();
    if let Ok(mut event) = serde_json::from_slice(payload) {
        change(&mut event);
        record.payload = Some(event.to_string().into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::texts;
    use super::*;

    const NOW: Millis = 1_790_000_000_000;

    fn sample(seed: u64, count: usize) -> Vec<Record> {
        story(&texts::languages().unwrap(), seed, "run", NOW, count).events
    }

    fn structured(records: &[Record]) -> Vec<Value> {
        let of = records.iter().filter(|r| r.headers.is_empty());
        of.map(|r| serde_json::from_slice(r.payload.as_deref().unwrap()).unwrap())
            .collect()
    }

    #[test]
    fn one_seed_makes_one_set_of_events() {
        assert_eq!(sample(7, 300), sample(7, 300));
        assert_ne!(sample(7, 300), sample(8, 300));
    }

    #[test]
    fn there_are_as_many_events_as_asked_for() {
        for count in [20, 21, 22, 23, 120, 601] {
            assert_eq!(sample(7, count).len(), count);
        }
    }

    #[test]
    fn even_a_small_run_holds_every_language_and_kind() {
        let records = sample(7, 160);
        let events = structured(&records);
        let of = |field: fn(&Value) -> &Value| -> BTreeSet<String> {
            events
                .iter()
                .map(|e| field(e).as_str().unwrap_or_default().to_owned())
                .collect()
        };
        assert_eq!(of(|e| &e["context"]["locale"]).len(), 14);
        assert_eq!(of(|e| &e["type"]).len(), 3);
        assert!(of(|e| &e["context"]["channel"]).len() >= 4);
        assert!(
            records
                .iter()
                .any(|r| r.headers.contains(&("ce_type", "cx.message.v1".into())))
        );
    }

    #[test]
    fn items_change_and_one_is_deleted() {
        let records = sample(7, 600);
        let mut versions: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
        let events = structured(&records);
        for (event, record) in events
            .iter()
            .zip(records.iter().filter(|r| r.headers.is_empty()))
        {
            let id = event["data"]["review_id"]
                .as_str()
                .or(event["data"]["response_id"].as_str());
            if let Some(id) = id {
                let version = (event["version"].as_i64().unwrap(), record.key.clone());
                versions.entry(id.to_owned()).or_default().push(version);
            }
        }
        let changed: Vec<_> = versions.values().filter(|v| v.len() > 1).collect();
        assert!(changed.len() > 20, "{}", changed.len());
        for versions in changed {
            assert!(
                versions.is_sorted_by(|a, b| a.0 < b.0 && a.1 == b.1),
                "{versions:?}"
            );
        }
        assert_eq!(events.iter().filter(|e| e["deleted"] == true).count(), 1);
    }

    #[test]
    fn nothing_comes_from_the_future() {
        for event in structured(&sample(7, 600)) {
            let version = event["version"].as_i64().unwrap();
            assert!(version < NOW && version > NOW - OLDEST, "{event}");
        }
    }
}
