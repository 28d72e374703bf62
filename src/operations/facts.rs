//! Facts as bytes: of each entity only what the join reads ([`crate::odata::join`]), and by what
//! erasure tells whose it is ([`crate::erasure`]). All other fields are in the warehouse; here they are
//! read back empty.

use super::bytes::{Reader, put_bytes, put_optional};
use crate::odata::{Customer, Delivery, Facts, Identity, Order, Session, Ticket};

/// Bytes of what is told.
pub fn encode(facts: &Facts) -> Vec<u8> {
    let mut out = Vec::with_capacity(48);
    let mut texts = |texts: &[&str]| {
        for text in texts {
            put_bytes(&mut out, text.as_bytes());
        }
    };
    match facts {
        Facts::Customer(c) => {
            texts(&[&c.merged_into, &c.segment, &c.persona, &c.tier, &c.plan]);
            texts(&[&c.country, &c.clv_currency]);
            put_optional(&mut out, c.clv);
        }
        Facts::Order(o) => {
            texts(&[&o.customer_id, &o.status, &o.currency]);
            put_optional(&mut out, o.total);
            put_optional(&mut out, o.created_at);
        }
        Facts::Ticket(t) => {
            texts(&[&t.customer_id, &t.status]);
            put_optional(&mut out, t.reopens.map(i64::from));
        }
        Facts::Session(s) => {
            texts(&[&s.customer_id, &s.order_id, &s.anonymous_id]);
            put_optional(&mut out, s.cart_at);
            put_optional(&mut out, s.checkout_at);
        }
        Facts::Delivery(d) => {
            texts(&[&d.order_id, &d.status]);
            put_optional(&mut out, d.promised_at);
            put_optional(&mut out, d.delivered_at);
        }
        Facts::Identity(i) => texts(&[&i.customer_id]),
    }
    out
}

/// An entity as it is read back.
pub trait Fact: Sized {
    /// `None`: these bytes tell of something else.
    fn decode(reader: Reader<'_>) -> Option<Self>;
}

impl Fact for Customer {
    fn decode(mut r: Reader<'_>) -> Option<Self> {
        Some(Self {
            merged_into: r.text()?,
            segment: r.text()?,
            persona: r.text()?,
            tier: r.text()?,
            plan: r.text()?,
            country: r.text()?,
            clv_currency: r.text()?,
            clv: r.optional()?,
            ..Self::default()
        })
    }
}

impl Fact for Order {
    fn decode(mut r: Reader<'_>) -> Option<Self> {
        Some(Self {
            customer_id: r.text()?,
            status: r.text()?,
            currency: r.text()?,
            total: r.optional()?,
            created_at: r.optional()?,
            ..Self::default()
        })
    }
}

impl Fact for Ticket {
    fn decode(mut r: Reader<'_>) -> Option<Self> {
        Some(Self {
            customer_id: r.text()?,
            status: r.text()?,
            reopens: r.optional()?.and_then(|n| u32::try_from(n).ok()),
            ..Self::default()
        })
    }
}

impl Fact for Session {
    fn decode(mut r: Reader<'_>) -> Option<Self> {
        Some(Self {
            customer_id: r.text()?,
            order_id: r.text()?,
            anonymous_id: r.text()?,
            cart_at: r.optional()?,
            checkout_at: r.optional()?,
            ..Self::default()
        })
    }
}

impl Fact for Delivery {
    fn decode(mut r: Reader<'_>) -> Option<Self> {
        Some(Self {
            order_id: r.text()?,
            status: r.text()?,
            promised_at: r.optional()?,
            delivered_at: r.optional()?,
            ..Self::default()
        })
    }
}

impl Fact for Identity {
    fn decode(mut r: Reader<'_>) -> Option<Self> {
        Some(Self {
            customer_id: r.text()?,
            ..Self::default()
        })
    }
}

/// Of a shipment's facts, the order that is shipped.
pub fn order_of(delivery: &[u8]) -> Option<&[u8]> {
    Reader(delivery).bytes()
}
