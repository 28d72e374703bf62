//! Turns: one by one, as `data` of `cx.message.v1`, and the parts they share with whole conversations.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::batch::DecodeError;
use crate::feedback::{Body, Millis, References, Role, Turn};

use super::Item;
use super::checks::{Checks, LABEL};
use super::fault::{InField, missing};
use super::html;
use super::wire::{Object, Str, Time};

#[derive(Deserialize)]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    conversation_id: Option<Str<'a>>,
    turn_id: Option<Str<'a>>,
    seq: Option<u32>,
    participant: Option<Object<Participant<'a>>>,
    sent_at: Option<Time<'a>>,
    content_type: Option<ContentType>,
    body: Option<Str<'a>>,
    private: Option<bool>,
    lang_hint: Option<Str<'a>>,
    channel: Option<Str<'a>>,
    ticket_id: Option<Str<'a>>,
    order_id: Option<Str<'a>>,
    created_at: Option<Time<'a>>,
    updated_at: Option<Time<'a>>,
}

/// Someone who speaks in a conversation.
#[derive(Deserialize)]
pub(super) struct Participant<'a> {
    #[serde(borrow)]
    pub(super) id: Str<'a>,
    pub(super) role: WireRole,
    pub(super) agent_id: Option<Str<'a>>,
    #[serde(rename = "team")]
    _team: Option<IgnoredAny>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum WireRole {
    Customer,
    Agent,
    Bot,
    System,
}

impl From<WireRole> for Role {
    fn from(role: WireRole) -> Self {
        match role {
            WireRole::Customer => Role::Customer,
            WireRole::Agent => Role::Agent,
            WireRole::Bot => Role::Bot,
            WireRole::System => Role::System,
        }
    }
}

/// What the body of a turn is.
#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "snake_case")]
pub(super) enum ContentType {
    /// What was written, as it is.
    #[default]
    Text,
    /// What was written, with markup.
    Html,
    /// A picture: its body, an address or a caption of the system, is not what someone said.
    Image,
    /// Something spoken: the body is its transcript.
    Audio,
    /// A form that was filled in.
    Form,
    /// Something the system did: its body is not what someone said.
    Event,
}

/// What someone said in a turn, without markup; empty where nobody said anything.
pub(super) fn said(
    checks: &mut Checks<'_>,
    content_type: Option<ContentType>,
    body: Option<Str<'_>>,
) -> Result<String, DecodeError> {
    match (content_type.unwrap_or_default(), body) {
        (ContentType::Html, Some(body)) => {
            checks.text("body", Some(Str(html::text(&body.0).into())))
        }
        (ContentType::Text | ContentType::Audio | ContentType::Form, Some(body)) => {
            checks.text("body", Some(body))
        }
        (ContentType::Image | ContentType::Event, _) | (_, None) => Ok(String::new()),
    }
}

/// Name under which a participant is stored: an agent's own id where it is told.
pub(super) fn participant_name(
    checks: &Checks<'_>,
    participant: &Participant<'_>,
) -> Result<String, DecodeError> {
    let id = checks.required("id", Some(participant.id.clone()), LABEL)?;
    let agent_id = checks.label("agent_id", participant.agent_id.clone())?;
    Ok(if agent_id.is_empty() { id } else { agent_id })
}

impl Data<'_> {
    /// Checks what types can't say and makes the item. A deleted one keeps its identity alone.
    pub(super) fn convert(
        self,
        checks: &mut Checks<'_>,
        deleted: bool,
    ) -> Result<Item, DecodeError> {
        let id = checks.id("turn_id", self.turn_id)?;
        let sent_at = checks.time("sent_at", self.sent_at)?;
        let created_at: Millis = match (self.created_at, sent_at) {
            (None, Some(sent_at)) => {
                super::time::check_creation("sent_at", sent_at, checks.kafka_time())?
            }
            (None, None) => return Err(missing("sent_at")),
            (created_at, _) => checks.created_at("created_at", created_at)?,
        };
        let updated_at = checks.time("updated_at", self.updated_at)?;
        let mut turn = Turn {
            id: id.clone(),
            seq: self.seq.unwrap_or(0),
            sent_at: sent_at.unwrap_or(created_at),
            ..Turn::default()
        };
        let conversation_id = if deleted {
            checks.label("conversation_id", self.conversation_id)?
        } else {
            let Object(participant) = self.participant.ok_or_else(|| missing("participant"))?;
            turn.role = participant.role.into();
            turn.participant = participant_name(checks, &participant).in_field("participant")?;
            turn.private = self.private.unwrap_or(false);
            turn.body = said(checks, self.content_type, self.body)?;
            sent_at.ok_or_else(|| missing("sent_at"))?;
            checks.id("conversation_id", self.conversation_id)?
        };
        Ok(Item {
            updated_at,
            channel: checks.label("channel", self.channel)?,
            lang_hint: checks.label("lang_hint", self.lang_hint)?,
            references: References {
                conversation_id,
                ticket_id: checks.label("ticket_id", self.ticket_id)?,
                order_id: checks.label("order_id", self.order_id)?,
                ..References::default()
            },
            ..Item::new(id, created_at, Body::Message(turn))
        })
    }
}
