//! Rows of the histories of O-data: one version of one entity, columns as in `schemas/clickhouse`.

use clickhouse::Row;
use serde::Serialize;

use crate::feedback::Millis;
use crate::odata::{Change, Customer, Decimal4, Delivery, Identity, Order, Session, Ticket};

use super::Position;

/// A row of table `customers_history`.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct CustomerRow<'a> {
    pub tenant: &'a str,
    pub customer_id: &'a str,
    pub valid_from: Millis,
    pub version: u64,
    pub is_deleted: u8,
    pub created_at: Option<Millis>,
    pub segment: &'a str,
    pub persona: &'a str,
    pub tier: &'a str,
    pub plan: &'a str,
    pub country: &'a str,
    pub locale: &'a str,
    pub clv: Option<Decimal4>,
    pub clv_currency: &'a str,
    pub lifecycle: &'a str,
    pub churned_at: Option<Millis>,
    pub merged_into: &'a str,
    pub _topic: &'a str,
    pub _stream: &'a str,
    pub _partition: i32,
    pub _offset: u64,
    pub _kafka_time: Millis,
}

impl<'a> CustomerRow<'a> {
    /// Row of a version of a customer.
    pub fn new(change: &'a Change, facts: &'a Customer, position: Position<'a>) -> Self {
        Self {
            tenant: &change.tenant,
            customer_id: &change.id,
            valid_from: change.valid_from,
            version: change.version,
            is_deleted: u8::from(change.deleted),
            created_at: facts.created_at,
            segment: &facts.segment,
            persona: &facts.persona,
            tier: &facts.tier,
            plan: &facts.plan,
            country: &facts.country,
            locale: &facts.locale,
            clv: facts.clv,
            clv_currency: &facts.clv_currency,
            lifecycle: &facts.lifecycle,
            churned_at: facts.churned_at,
            merged_into: &facts.merged_into,
            _topic: &position.partition.topic,
            _stream: &position.partition.stream,
            _partition: position.partition.number,
            _offset: position.offset.max(0) as u64,
            _kafka_time: position.time,
        }
    }
}

/// A row of table `orders_history`.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct OrderRow<'a> {
    pub tenant: &'a str,
    pub order_id: &'a str,
    pub valid_from: Millis,
    pub version: u64,
    pub is_deleted: u8,
    pub customer_id: &'a str,
    pub status: &'a str,
    pub created_at: Option<Millis>,
    pub currency: &'a str,
    pub total: Option<Decimal4>,
    pub items: u32,
    pub payment_method: &'a str,
    pub coupon: &'a str,
    pub refund_amount: Option<Decimal4>,
    pub _topic: &'a str,
    pub _stream: &'a str,
    pub _partition: i32,
    pub _offset: u64,
    pub _kafka_time: Millis,
}

impl<'a> OrderRow<'a> {
    /// Row of a version of an order.
    pub fn new(change: &'a Change, facts: &'a Order, position: Position<'a>) -> Self {
        Self {
            tenant: &change.tenant,
            order_id: &change.id,
            valid_from: change.valid_from,
            version: change.version,
            is_deleted: u8::from(change.deleted),
            customer_id: &facts.customer_id,
            status: &facts.status,
            created_at: facts.created_at,
            currency: &facts.currency,
            total: facts.total,
            items: facts.items,
            payment_method: &facts.payment_method,
            coupon: &facts.coupon,
            refund_amount: facts.refund_amount,
            _topic: &position.partition.topic,
            _stream: &position.partition.stream,
            _partition: position.partition.number,
            _offset: position.offset.max(0) as u64,
            _kafka_time: position.time,
        }
    }
}

/// A row of table `tickets_history`.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct TicketRow<'a> {
    pub tenant: &'a str,
    pub ticket_id: &'a str,
    pub valid_from: Millis,
    pub version: u64,
    pub is_deleted: u8,
    pub customer_id: &'a str,
    pub status: &'a str,
    pub priority: &'a str,
    pub kind: &'a str,
    pub channel: &'a str,
    pub created_at: Option<Millis>,
    pub first_reply_at: Option<Millis>,
    pub solved_at: Option<Millis>,
    pub reopens: Option<u32>,
    pub agent_replies: Option<u32>,
    pub handoffs: Option<u32>,
    pub group_id: &'a str,
    pub assignee_id: &'a str,
    pub sla_status: &'a str,
    pub _topic: &'a str,
    pub _stream: &'a str,
    pub _partition: i32,
    pub _offset: u64,
    pub _kafka_time: Millis,
}

impl<'a> TicketRow<'a> {
    /// Row of a version of a ticket.
    pub fn new(change: &'a Change, facts: &'a Ticket, position: Position<'a>) -> Self {
        Self {
            tenant: &change.tenant,
            ticket_id: &change.id,
            valid_from: change.valid_from,
            version: change.version,
            is_deleted: u8::from(change.deleted),
            customer_id: &facts.customer_id,
            status: &facts.status,
            priority: &facts.priority,
            kind: &facts.kind,
            channel: &facts.channel,
            created_at: facts.created_at,
            first_reply_at: facts.first_reply_at,
            solved_at: facts.solved_at,
            reopens: facts.reopens,
            agent_replies: facts.agent_replies,
            handoffs: facts.handoffs,
            group_id: &facts.group_id,
            assignee_id: &facts.assignee_id,
            sla_status: &facts.sla_status,
            _topic: &position.partition.topic,
            _stream: &position.partition.stream,
            _partition: position.partition.number,
            _offset: position.offset.max(0) as u64,
            _kafka_time: position.time,
        }
    }
}

/// A row of table `sessions_history`.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct SessionRow<'a> {
    pub tenant: &'a str,
    pub session_id: &'a str,
    pub valid_from: Millis,
    pub version: u64,
    pub is_deleted: u8,
    pub customer_id: &'a str,
    pub anonymous_id: &'a str,
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub device: &'a str,
    pub cart_at: Option<Millis>,
    pub checkout_at: Option<Millis>,
    pub checkout_step: &'a str,
    pub order_id: &'a str,
    pub _topic: &'a str,
    pub _stream: &'a str,
    pub _partition: i32,
    pub _offset: u64,
    pub _kafka_time: Millis,
}

impl<'a> SessionRow<'a> {
    /// Row of a version of a visit.
    pub fn new(change: &'a Change, facts: &'a Session, position: Position<'a>) -> Self {
        Self {
            tenant: &change.tenant,
            session_id: &change.id,
            valid_from: change.valid_from,
            version: change.version,
            is_deleted: u8::from(change.deleted),
            customer_id: &facts.customer_id,
            anonymous_id: &facts.anonymous_id,
            started_at: facts.started_at,
            ended_at: facts.ended_at,
            device: &facts.device,
            cart_at: facts.cart_at,
            checkout_at: facts.checkout_at,
            checkout_step: &facts.checkout_step,
            order_id: &facts.order_id,
            _topic: &position.partition.topic,
            _stream: &position.partition.stream,
            _partition: position.partition.number,
            _offset: position.offset.max(0) as u64,
            _kafka_time: position.time,
        }
    }
}

/// A row of table `deliveries_history`.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct DeliveryRow<'a> {
    pub tenant: &'a str,
    pub shipment_id: &'a str,
    pub valid_from: Millis,
    pub version: u64,
    pub is_deleted: u8,
    pub order_id: &'a str,
    pub carrier: &'a str,
    pub status: &'a str,
    pub promised_at: Option<Millis>,
    pub delivered_at: Option<Millis>,
    pub attempts: Option<u32>,
    pub _topic: &'a str,
    pub _stream: &'a str,
    pub _partition: i32,
    pub _offset: u64,
    pub _kafka_time: Millis,
}

impl<'a> DeliveryRow<'a> {
    /// Row of a version of a delivery.
    pub fn new(change: &'a Change, facts: &'a Delivery, position: Position<'a>) -> Self {
        Self {
            tenant: &change.tenant,
            shipment_id: &change.id,
            valid_from: change.valid_from,
            version: change.version,
            is_deleted: u8::from(change.deleted),
            order_id: &facts.order_id,
            carrier: &facts.carrier,
            status: &facts.status,
            promised_at: facts.promised_at,
            delivered_at: facts.delivered_at,
            attempts: facts.attempts,
            _topic: &position.partition.topic,
            _stream: &position.partition.stream,
            _partition: position.partition.number,
            _offset: position.offset.max(0) as u64,
            _kafka_time: position.time,
        }
    }
}

/// A row of table `identity_map`.
#[derive(Row, Serialize)]
#[allow(missing_docs)]
pub struct IdentityRow<'a> {
    pub tenant: &'a str,
    pub identity_type: &'a str,
    pub identity_value: &'a str,
    pub valid_from: Millis,
    pub version: u64,
    pub is_deleted: u8,
    pub customer_id: &'a str,
    pub _topic: &'a str,
    pub _stream: &'a str,
    pub _partition: i32,
    pub _offset: u64,
    pub _kafka_time: Millis,
}

impl<'a> IdentityRow<'a> {
    /// Row of a version of an identity.
    pub fn new(change: &'a Change, facts: &'a Identity, position: Position<'a>) -> Self {
        Self {
            tenant: &change.tenant,
            identity_type: &facts.kind,
            identity_value: &change.id,
            valid_from: change.valid_from,
            version: change.version,
            is_deleted: u8::from(change.deleted),
            customer_id: &facts.customer_id,
            _topic: &position.partition.topic,
            _stream: &position.partition.stream,
            _partition: position.partition.number,
            _offset: position.offset.max(0) as u64,
            _kafka_time: position.time,
        }
    }
}
