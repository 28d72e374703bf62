//! The fields of each entity: their names, the columns that they come from unless the mapping says
//! otherwise, and what may stand in them.

use crate::batch::{DecodeError, Reason};
use crate::decode::checks::Checks;
use crate::decode::fault::{InField, fault};
use crate::feedback::Millis;
use crate::odata::{Customer, Decimal4, Delivery, Entity, Facts, Identity, Order, Session, Ticket};

use super::cell::Cell;
use super::mapping::{Field, Mapping};
use super::row::Row;

/// A field of an entity.
#[derive(Debug)]
pub(super) struct Known {
    /// Name in the configuration and in the tables.
    pub name: &'static str,
    /// Columns that it comes from where the mapping names none; the first that is there counts.
    pub columns: &'static [&'static str],
    /// What a text may be; `None` for fields that are no texts or whose texts are identifiers.
    pub text: Option<Text>,
}

/// What a text may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text {
    /// Anything short.
    Any,
    /// One of these words.
    Words(&'static [&'static str]),
    /// ISO 3166 alpha-2.
    Country,
    /// ISO 4217.
    Currency,
}

impl Text {
    /// The text as it is stored. Words of all kinds may come in any case.
    fn check(self, mut text: String) -> Result<String, DecodeError> {
        let message = match self {
            _ if text.is_empty() => return Ok(text),
            Text::Any => return Ok(text),
            Text::Words(words) => {
                text.make_ascii_lowercase();
                if words.contains(&&*text) {
                    return Ok(text);
                }
                let words = words.join(", ");
                format!("none of {words}; map the source's own words by `values`")
            }
            Text::Country | Text::Currency => {
                let (length, what) = match self {
                    Text::Country => (2, "country code of two letters by ISO 3166"),
                    _ => (3, "currency code of three letters by ISO 4217"),
                };
                text.make_ascii_uppercase();
                if text.len() == length && text.bytes().all(|b| b.is_ascii_uppercase()) {
                    return Ok(text);
                }
                format!("no {what}; map the source's own names by `values`")
            }
        };
        Err(fault(Reason::InvalidValue, "", message))
    }
}

const fn value(name: &'static str, columns: &'static [&'static str]) -> Known {
    Known {
        name,
        columns,
        text: None,
    }
}

const fn text(name: &'static str, columns: &'static [&'static str], text: Text) -> Known {
    Known {
        name,
        columns,
        text: Some(text),
    }
}

const CUSTOMER: &[Known] = &[
    value("created_at", &["created_at"]),
    text("segment", &["segment"], Text::Any),
    text("persona", &["persona"], Text::Any),
    text("tier", &["tier"], Text::Any),
    text("plan", &["plan"], Text::Any),
    text("country", &["country"], Text::Country),
    text("locale", &["locale"], Text::Any),
    value("clv", &["clv.amount", "clv"]),
    text(
        "clv_currency",
        &["clv.currency", "clv_currency"],
        Text::Currency,
    ),
    text(
        "lifecycle",
        &["lifecycle"],
        Text::Words(&["prospect", "active", "churned"]),
    ),
    value("churned_at", &["churned_at"]),
    value("merged_into", &["merged_into"]),
];

const ORDER: &[Known] = &[
    value("customer_id", &["customer_id"]),
    text(
        "status",
        &["status"],
        Text::Words(&[
            "created",
            "paid",
            "shipped",
            "delivered",
            "cancelled",
            "refunded",
            "partially_refunded",
        ]),
    ),
    value("created_at", &["created_at"]),
    text("currency", &["currency"], Text::Currency),
    value("total", &["total"]),
    value("items", &["items"]),
    text("payment_method", &["payment_method"], Text::Any),
    text("coupon", &["coupon"], Text::Any),
    value("refund_amount", &["refund_amount"]),
];

const TICKET: &[Known] = &[
    value("customer_id", &["customer_id"]),
    text(
        "status",
        &["status"],
        Text::Words(&["new", "open", "pending", "hold", "solved", "closed"]),
    ),
    text(
        "priority",
        &["priority"],
        Text::Words(&["low", "normal", "high", "urgent"]),
    ),
    text(
        "kind",
        &["type", "kind"],
        Text::Words(&["question", "incident", "problem", "task"]),
    ),
    text("channel", &["channel"], Text::Any),
    value("created_at", &["created_at"]),
    value("first_reply_at", &["first_reply_at"]),
    value("solved_at", &["solved_at"]),
    value("reopens", &["reopens"]),
    value("agent_replies", &["agent_replies"]),
    value("handoffs", &["handoffs"]),
    value("group_id", &["group_id"]),
    value("assignee_id", &["assignee_id"]),
    text(
        "sla_status",
        &["sla.status", "sla_status"],
        Text::Words(&["hit", "missed", "active", "cancelled"]),
    ),
];

const SESSION: &[Known] = &[
    value("customer_id", &["customer_id"]),
    value("anonymous_id", &["anonymous_id"]),
    value("started_at", &["started_at"]),
    value("ended_at", &["ended_at"]),
    text("device", &["device"], Text::Any),
    value("cart_at", &["cart_at"]),
    value("checkout_at", &["checkout_at"]),
    text("checkout_step", &["checkout_step"], Text::Any),
    value("order_id", &["order_id"]),
];

const DELIVERY: &[Known] = &[
    value("order_id", &["order_id"]),
    text("carrier", &["carrier"], Text::Any),
    text(
        "status",
        &["status"],
        Text::Words(&[
            "label",
            "in_transit",
            "out_for_delivery",
            "delivered",
            "failed_attempt",
            "returned",
            "lost",
        ]),
    ),
    value("promised_at", &["promised_at"]),
    value("delivered_at", &["delivered_at"]),
    value("attempts", &["attempts"]),
];

const IDENTITY: &[Known] = &[
    text("identity_type", &["identity_type"], Text::Any),
    value("customer_id", &["customer_id"]),
];

/// All fields of an entity but its identifier.
pub(super) fn fields_of(entity: Entity) -> &'static [Known] {
    match entity {
        Entity::Customer => CUSTOMER,
        Entity::Order => ORDER,
        Entity::Ticket => TICKET,
        Entity::Session => SESSION,
        Entity::Delivery => DELIVERY,
        Entity::Identity => IDENTITY,
    }
}

/// A value and the field that it is for.
struct Value<'v> {
    cell: &'v Cell<'v>,
    field: &'v Field,
    checks: &'v Checks<'v>,
}

impl Value<'_> {
    fn text(&self) -> Result<String, DecodeError> {
        let text = self.cell.text(self.checks)?;
        let ours = self.field.values.get(&text).cloned();
        self.field
            .known
            .text
            .unwrap_or(Text::Any)
            .check(ours.unwrap_or(text))
    }

    fn id(&self) -> Result<String, DecodeError> {
        self.cell.id(self.checks)
    }

    fn time(&self) -> Result<Option<Millis>, DecodeError> {
        self.cell.time().map(Some)
    }

    fn money(&self) -> Result<Option<Decimal4>, DecodeError> {
        self.cell.decimal().map(Some)
    }

    fn count(&self) -> Result<Option<u32>, DecodeError> {
        self.cell.count().map(Some)
    }
}

/// The facts of a row and, for what it lacks, of the record's key. Of a deletion, what can't be read
/// is left out: key-only records fill the other columns as they like.
pub(super) fn read(
    mapping: &Mapping,
    rows: [&Row<'_>; 2],
    checks: &Checks<'_>,
    deleted: bool,
) -> Result<Facts, DecodeError> {
    let read = Reading {
        mapping,
        rows,
        checks,
        deleted,
    };
    Ok(match mapping.entity {
        Entity::Customer => Facts::Customer(read.fill(customer)?),
        Entity::Order => Facts::Order(read.fill(order)?),
        Entity::Ticket => Facts::Ticket(read.fill(ticket)?),
        Entity::Session => Facts::Session(read.fill(session)?),
        Entity::Delivery => Facts::Delivery(read.fill(delivery)?),
        Entity::Identity => Facts::Identity(read.fill(identity)?),
    })
}

struct Reading<'r> {
    mapping: &'r Mapping,
    rows: [&'r Row<'r>; 2],
    checks: &'r Checks<'r>,
    deleted: bool,
}

impl Reading<'_> {
    fn fill<T: Default>(
        &self,
        set: fn(&mut T, &str, &Value<'_>) -> Result<(), DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut facts = T::default();
        for field in &self.mapping.fields {
            let Some((cell, column)) = field.find(self.mapping, self.rows) else {
                continue;
            };
            let value = Value {
                cell,
                field,
                checks: self.checks,
            };
            match set(&mut facts, field.known.name, &value) {
                Err(_) if self.deleted => {}
                set => set.in_field(column)?,
            }
        }
        Ok(facts)
    }
}

fn customer(c: &mut Customer, field: &str, value: &Value<'_>) -> Result<(), DecodeError> {
    match field {
        "created_at" => c.created_at = value.time()?,
        "segment" => c.segment = value.text()?,
        "persona" => c.persona = value.text()?,
        "tier" => c.tier = value.text()?,
        "plan" => c.plan = value.text()?,
        "country" => c.country = value.text()?,
        "locale" => c.locale = value.text()?,
        "clv" => c.clv = value.money()?,
        "clv_currency" => c.clv_currency = value.text()?,
        "lifecycle" => c.lifecycle = value.text()?,
        "churned_at" => c.churned_at = value.time()?,
        "merged_into" => c.merged_into = value.id()?,
        _ => {}
    }
    Ok(())
}

fn order(o: &mut Order, field: &str, value: &Value<'_>) -> Result<(), DecodeError> {
    match field {
        "customer_id" => o.customer_id = value.id()?,
        "status" => o.status = value.text()?,
        "created_at" => o.created_at = value.time()?,
        "currency" => o.currency = value.text()?,
        "total" => o.total = value.money()?,
        "items" => o.items = value.cell.length()?,
        "payment_method" => o.payment_method = value.text()?,
        "coupon" => o.coupon = value.text()?,
        "refund_amount" => o.refund_amount = value.money()?,
        _ => {}
    }
    Ok(())
}

fn ticket(t: &mut Ticket, field: &str, value: &Value<'_>) -> Result<(), DecodeError> {
    match field {
        "customer_id" => t.customer_id = value.id()?,
        "status" => t.status = value.text()?,
        "priority" => t.priority = value.text()?,
        "kind" => t.kind = value.text()?,
        "channel" => t.channel = value.text()?,
        "created_at" => t.created_at = value.time()?,
        "first_reply_at" => t.first_reply_at = value.time()?,
        "solved_at" => t.solved_at = value.time()?,
        "reopens" => t.reopens = value.count()?,
        "agent_replies" => t.agent_replies = value.count()?,
        "handoffs" => t.handoffs = value.count()?,
        "group_id" => t.group_id = value.id()?,
        "assignee_id" => t.assignee_id = value.id()?,
        "sla_status" => t.sla_status = value.text()?,
        _ => {}
    }
    Ok(())
}

fn session(s: &mut Session, field: &str, value: &Value<'_>) -> Result<(), DecodeError> {
    match field {
        "customer_id" => s.customer_id = value.id()?,
        "anonymous_id" => s.anonymous_id = value.id()?,
        "started_at" => s.started_at = value.time()?,
        "ended_at" => s.ended_at = value.time()?,
        "device" => s.device = value.text()?,
        "cart_at" => s.cart_at = value.time()?,
        "checkout_at" => s.checkout_at = value.time()?,
        "checkout_step" => s.checkout_step = value.text()?,
        "order_id" => s.order_id = value.id()?,
        _ => {}
    }
    Ok(())
}

fn delivery(d: &mut Delivery, field: &str, value: &Value<'_>) -> Result<(), DecodeError> {
    match field {
        "order_id" => d.order_id = value.id()?,
        "carrier" => d.carrier = value.text()?,
        "status" => d.status = value.text()?,
        "promised_at" => d.promised_at = value.time()?,
        "delivered_at" => d.delivered_at = value.time()?,
        "attempts" => d.attempts = value.count()?,
        _ => {}
    }
    Ok(())
}

fn identity(i: &mut Identity, field: &str, value: &Value<'_>) -> Result<(), DecodeError> {
    match field {
        "identity_type" => i.kind = value.text()?,
        "customer_id" => i.customer_id = value.id()?,
        _ => {}
    }
    Ok(())
}
