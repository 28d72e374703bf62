//! Whole conversations: `data` of `cx.conversation.v1`.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::batch::{DecodeError, Reason};
use crate::feedback::{Body, Conversation, Millis, Rating, References, Role, Turn};

use super::Item;
use super::checks::{Checks, ID, check_count, rating};
use super::fault::{InField, fault, missing};
use super::message::{ContentType, Participant, participant_name, said};
use super::time;
use super::wire::{Object, Str, Time};

/// Most turns of a conversation.
const MAX_TURNS: usize = 5000;

/// Scale of ratings that name none.
const STARS: (f64, f64) = (1.0, 5.0);

#[derive(Deserialize)]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    conversation_id: Option<Str<'a>>,
    channel: Option<Str<'a>>,
    status: Option<Status>,
    created_at: Option<Time<'a>>,
    started_at: Option<Time<'a>>,
    queued_at: Option<Time<'a>>,
    ended_at: Option<Time<'a>>,
    updated_at: Option<Time<'a>>,
    participants: Option<Vec<Object<Participant<'a>>>>,
    turns: Option<Vec<Object<WireTurn<'a>>>>,
    transfers: Option<Vec<Object<Transfer>>>,
    resolution: Option<Object<Resolution>>,
    rating: Option<Object<Verdict<'a>>>,
    ticket_id: Option<Str<'a>>,
    order_id: Option<Str<'a>>,
    tags: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Status {
    Open,
    Pending,
    Snoozed,
    Resolved,
    Closed,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Pending => "pending",
            Status::Snoozed => "snoozed",
            Status::Resolved => "resolved",
            Status::Closed => "closed",
        }
    }
}

#[derive(Deserialize)]
struct WireTurn<'a> {
    #[serde(borrow)]
    turn_id: Str<'a>,
    seq: u32,
    participant_id: Str<'a>,
    sent_at: Option<Time<'a>>,
    offset_ms: Option<u64>,
    content_type: Option<ContentType>,
    body: Option<Str<'a>>,
    private: Option<bool>,
    lang_hint: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Transfer {
    #[serde(rename = "at")]
    _at: Option<IgnoredAny>,
    #[serde(rename = "from")]
    _from: Option<IgnoredAny>,
    #[serde(rename = "to")]
    _to: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Resolution {
    resolved: Option<bool>,
    #[serde(rename = "code")]
    _code: Option<IgnoredAny>,
    #[serde(rename = "at")]
    _at: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Verdict<'a> {
    score: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    #[serde(borrow)]
    comment: Option<Str<'a>>,
}

impl Data<'_> {
    /// Checks what types can't say and makes the item. A deleted one keeps its identity alone.
    pub(super) fn convert(
        self,
        checks: &mut Checks<'_>,
        deleted: bool,
    ) -> Result<Item, DecodeError> {
        let id = checks.id("conversation_id", self.conversation_id)?;
        let started_at = checks.time("started_at", self.started_at)?;
        let created_at = match (self.created_at, started_at) {
            (None, None) => return Err(missing("started_at")),
            (None, Some(at)) => time::check_creation("started_at", at, checks.kafka_time())?,
            (created_at, _) => checks.created_at("created_at", created_at)?,
        };
        let updated_at = checks.time("updated_at", self.updated_at)?;
        let mut lang_hint = String::new();
        let body = if deleted {
            Conversation::default()
        } else {
            let (score, comment) = match self.rating {
                Some(Object(verdict)) => verdict.convert(checks).in_field("rating")?,
                None => (None, String::new()),
            };
            let speakers = speakers(checks, self.participants)?;
            let turns = self.turns.ok_or_else(|| missing("turns"))?;
            check_count("turns", turns.len(), MAX_TURNS)?;
            lang_hint = hint_of_customer(checks, &turns, &speakers)?;
            let base = started_at.unwrap_or(created_at);
            let turns = turns.into_iter().enumerate();
            let turns = turns
                .map(|(i, Object(turn))| turn.convert(checks, &speakers, base).in_item("turns", i))
                .collect::<Result<Vec<Turn>, _>>()?;
            let tags = self.tags.unwrap_or_default().into_iter().enumerate();
            Conversation {
                status: self.status.map_or("", Status::name).to_owned(),
                queued_at: checks.time("queued_at", self.queued_at)?,
                ended_at: checks.time("ended_at", self.ended_at)?,
                turns: in_sequence(turns)?,
                transfers: self.transfers.map_or(0, |t| t.len() as u32),
                resolved: self.resolution.and_then(|r| r.0.resolved),
                rating: score,
                rating_comment: comment,
                tags: tags
                    .map(|(i, tag)| checks.label("", Some(tag)).in_item("tags", i))
                    .collect::<Result<_, _>>()?,
            }
        };
        Ok(Item {
            updated_at,
            lang_hint,
            channel: checks.label("channel", self.channel)?,
            references: References {
                ticket_id: checks.label("ticket_id", self.ticket_id)?,
                order_id: checks.label("order_id", self.order_id)?,
                ..References::default()
            },
            ..Item::new(id, created_at, Body::Conversation(body))
        })
    }
}

/// Participants by their id, with the name under which their turns are stored.
type Speakers = HashMap<String, (Role, String)>;

fn speakers(
    checks: &Checks<'_>,
    participants: Option<Vec<Object<Participant<'_>>>>,
) -> Result<Speakers, DecodeError> {
    let participants = participants.ok_or_else(|| missing("participants"))?;
    let mut speakers = Speakers::with_capacity(participants.len());
    for (i, Object(participant)) in participants.into_iter().enumerate() {
        let name = participant_name(checks, &participant).in_item("participants", i)?;
        let speaker = (participant.role.into(), name);
        if speakers
            .insert(participant.id.0.into_owned(), speaker)
            .is_some()
        {
            let message = "two participants have the same id";
            let twice = Err(fault(Reason::InvalidValue, "id", message));
            return twice.in_item("participants", i);
        }
    }
    Ok(speakers)
}

/// Language that the source claims for the first of the customer's turns that has one.
fn hint_of_customer(
    checks: &Checks<'_>,
    turns: &[Object<WireTurn<'_>>],
    speakers: &Speakers,
) -> Result<String, DecodeError> {
    let by_customer = |turn: &WireTurn<'_>| {
        let speaker = speakers.get(turn.participant_id.0.as_ref());
        speaker.is_some_and(|(role, _)| *role == Role::Customer)
    };
    let hinted = turns.iter().enumerate().find_map(|(i, Object(turn))| {
        let hint = turn.lang_hint.as_ref().filter(|_| by_customer(turn))?;
        Some((i, hint.clone()))
    });
    match hinted {
        Some((i, hint)) => checks.label("lang_hint", Some(hint)).in_item("turns", i),
        None => Ok(String::new()),
    }
}

impl WireTurn<'_> {
    fn convert(
        self,
        checks: &mut Checks<'_>,
        speakers: &Speakers,
        base: Millis,
    ) -> Result<Turn, DecodeError> {
        let Some((role, name)) = speakers.get(self.participant_id.0.as_ref()) else {
            let message = "no participant has this id";
            return Err(fault(Reason::InvalidValue, "participant_id", message));
        };
        let sent_at = match (checks.time("sent_at", self.sent_at)?, self.offset_ms) {
            (Some(sent_at), _) => sent_at,
            (None, Some(offset)) => time::after("offset_ms", base, offset)?,
            (None, None) => return Err(missing("sent_at")),
        };
        Ok(Turn {
            id: checks.required("turn_id", Some(self.turn_id), ID)?,
            seq: self.seq,
            role: *role,
            participant: name.clone(),
            sent_at,
            body: said(checks, self.content_type, self.body)?,
            private: self.private.unwrap_or(false),
        })
    }
}

/// The turns in the order of their numbers, none of which may be there twice.
fn in_sequence(mut turns: Vec<Turn>) -> Result<Vec<Turn>, DecodeError> {
    if turns.is_sorted_by(|a, b| a.seq < b.seq) {
        return Ok(turns);
    }
    let mut seen = std::collections::HashSet::with_capacity(turns.len());
    if let Some(twice) = turns.iter().position(|turn| !seen.insert(turn.seq)) {
        let message = "two turns have the same number";
        return Err(fault(Reason::InvalidValue, "seq", message)).in_item("turns", twice);
    }
    turns.sort_by_key(|turn| turn.seq);
    Ok(turns)
}

impl Verdict<'_> {
    fn convert(self, checks: &mut Checks<'_>) -> Result<(Option<Rating>, String), DecodeError> {
        let (min, max) = STARS;
        let scale = (self.min.unwrap_or(min), self.max.unwrap_or(max));
        let score = self.score.map(|score| rating(("score", score), scale));
        Ok((score.transpose()?, checks.text("comment", self.comment)?))
    }
}
