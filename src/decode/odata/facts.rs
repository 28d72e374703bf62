//! The facts of a record: its fields, read and checked.

use crate::batch::DecodeError;
use crate::decode::checks::Checks;
use crate::decode::fault::InField;
use crate::feedback::Millis;
use crate::odata::{Customer, Decimal4, Delivery, Entity, Facts, Identity, Order, Session, Ticket};

use super::cell::Cell;
use super::field::{Field, Fields};
use super::known::Text;
use super::row::Row;

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
    fields: &Fields,
    rows: [&Row<'_>; 2],
    checks: &Checks<'_>,
    deleted: bool,
) -> Result<Facts, DecodeError> {
    let read = Reading {
        fields,
        rows,
        checks,
        deleted,
    };
    Ok(match fields.entity {
        Entity::Customer => Facts::Customer(read.fill(customer)?),
        Entity::Order => Facts::Order(read.fill(order)?),
        Entity::Ticket => Facts::Ticket(read.fill(ticket)?),
        Entity::Session => Facts::Session(read.fill(session)?),
        Entity::Delivery => Facts::Delivery(read.fill(delivery)?),
        Entity::Identity => Facts::Identity(read.fill(identity)?),
    })
}

struct Reading<'r> {
    fields: &'r Fields,
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
        for field in &self.fields.all {
            let Some((cell, column)) = field.find(&self.fields.columns, self.rows) else {
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
