//! O-data: what happened, beside what was said. Customers, orders, tickets, sessions, deliveries and
//! the identities that lead to a customer, as versions of entities over time.
//!
//! No IO, no serde: wire shapes live in `decode::odata`, table shapes in `warehouse`, the index in
//! `operations`. Every change says since when it holds (`valid_from`), so what was true at any moment
//! is known however late it arrives: of the versions of an entity that hold from that moment or
//! earlier, the one with the greatest `valid_from`, and among equal ones the greatest [`Rank`].

use crate::feedback::Millis;

pub mod join;

pub use join::{AsOf, Found, Joined, Keys, Status};

/// What O-data is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entity {
    /// Who buys and speaks.
    Customer,
    /// What was bought.
    Order,
    /// A request to support.
    Ticket,
    /// A visit to site or app.
    Session,
    /// A shipment of an order.
    Delivery,
    /// An identifier (device, e-mail hash) and the customer whom it belongs to.
    Identity,
}

impl Entity {
    /// All entities, in the order of tables and reports.
    pub const ALL: [Entity; 6] = [
        Entity::Customer,
        Entity::Order,
        Entity::Ticket,
        Entity::Session,
        Entity::Delivery,
        Entity::Identity,
    ];

    /// Name in the configuration, in event types and in evidence.
    pub fn name(self) -> &'static str {
        match self {
            Entity::Customer => "customer",
            Entity::Order => "order",
            Entity::Ticket => "ticket",
            Entity::Session => "session",
            Entity::Delivery => "delivery",
            Entity::Identity => "identity",
        }
    }

    /// Table that keeps its versions.
    pub fn table(self) -> &'static str {
        match self {
            Entity::Customer => "customers_history",
            Entity::Order => "orders_history",
            Entity::Ticket => "tickets_history",
            Entity::Session => "sessions_history",
            Entity::Delivery => "deliveries_history",
            Entity::Identity => "identity_map",
        }
    }
}

impl std::fmt::Display for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One version of one entity: from `valid_from` on it is so, until the next version.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Owner of the entity; `"default"` where the record names none.
    pub tenant: String,
    /// Identifier in the operational system; of an identity its value.
    pub id: String,
    /// Since when it is true.
    pub valid_from: Millis,
    /// Which of two versions with the same `valid_from` holds: the greater. Milliseconds, a log
    /// sequence number, a counter: whatever grows at the source.
    pub version: u64,
    /// The entity is gone from then on: joins as a miss.
    pub deleted: bool,
    /// What is true; of a deletion what the record still tells, else empty.
    pub facts: Facts,
}

/// Which of two changes of one entity with the same `valid_from` holds: the greater version, among
/// equal ones the one that came later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// [`Change::version`].
    pub version: u64,
    /// Kafka offset of its record.
    pub offset: i64,
}

impl Change {
    /// What it is about.
    pub fn entity(&self) -> Entity {
        match self.facts {
            Facts::Customer(_) => Entity::Customer,
            Facts::Order(_) => Entity::Order,
            Facts::Ticket(_) => Entity::Ticket,
            Facts::Session(_) => Entity::Session,
            Facts::Delivery(_) => Entity::Delivery,
            Facts::Identity(_) => Entity::Identity,
        }
    }
}

/// What is true of an entity, by kind. Texts are empty where not told.
#[derive(Debug, Clone, PartialEq)]
pub enum Facts {
    /// See [`Customer`].
    Customer(Customer),
    /// See [`Order`].
    Order(Order),
    /// See [`Ticket`].
    Ticket(Ticket),
    /// See [`Session`].
    Session(Session),
    /// See [`Delivery`].
    Delivery(Delivery),
    /// See [`Identity`].
    Identity(Identity),
}

/// An amount of money or another decimal, in ten-thousandths (`Decimal(18, 4)`); further places are
/// rounded half away from zero where it is decoded.
pub type Decimal4 = i64;

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// When the customer came into being.
    pub created_at: Option<Millis>,
    /// Segment (`enterprise`, `family`).
    pub segment: String,
    /// Persona.
    pub persona: String,
    /// Tier of the loyalty programme.
    pub tier: String,
    /// Plan that is paid for.
    pub plan: String,
    /// ISO 3166 alpha-2, upper case.
    pub country: String,
    /// BCP-47.
    pub locale: String,
    /// Lifetime value.
    pub clv: Option<Decimal4>,
    /// ISO 4217 of the lifetime value.
    pub clv_currency: String,
    /// `prospect`, `active` or `churned`.
    pub lifecycle: String,
    /// When the customer left.
    pub churned_at: Option<Millis>,
    /// Customer that this one was merged into.
    pub merged_into: String,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// Who ordered.
    pub customer_id: String,
    /// `created`, `paid`, `shipped`, `delivered`, `cancelled`, `refunded`, `partially_refunded`.
    pub status: String,
    /// When it was placed.
    pub created_at: Option<Millis>,
    /// ISO 4217.
    pub currency: String,
    /// Total.
    pub total: Option<Decimal4>,
    /// Number of items.
    pub items: u32,
    /// How it was paid.
    pub payment_method: String,
    /// Coupon used.
    pub coupon: String,
    /// What was paid back.
    pub refund_amount: Option<Decimal4>,
}

/// A support ticket, in Zendesk's words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ticket {
    /// Who asked.
    pub customer_id: String,
    /// `new`, `open`, `pending`, `hold`, `solved`, `closed`.
    pub status: String,
    /// `low`, `normal`, `high`, `urgent`.
    pub priority: String,
    /// `question`, `incident`, `problem`, `task`.
    pub kind: String,
    /// Way it came in.
    pub channel: String,
    /// When it was opened.
    pub created_at: Option<Millis>,
    /// First public answer of an agent.
    pub first_reply_at: Option<Millis>,
    /// When it was solved.
    pub solved_at: Option<Millis>,
    /// How often it was opened again.
    pub reopens: Option<u32>,
    /// Public answers of agents.
    pub agent_replies: Option<u32>,
    /// Hand-overs.
    pub handoffs: Option<u32>,
    /// Group that has it.
    pub group_id: String,
    /// Agent who has it.
    pub assignee_id: String,
    /// `hit`, `missed`, `active`, `cancelled`.
    pub sla_status: String,
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Who visited, where known.
    pub customer_id: String,
    /// The visitor's anonymous identifier.
    pub anonymous_id: String,
    /// Begin.
    pub started_at: Option<Millis>,
    /// End.
    pub ended_at: Option<Millis>,
    /// Kind of device.
    pub device: String,
    /// When something was first put into the cart.
    pub cart_at: Option<Millis>,
    /// When checkout began.
    pub checkout_at: Option<Millis>,
    /// Step of checkout that was reached.
    pub checkout_step: String,
    /// Order that came of it.
    pub order_id: String,
}

/// A shipment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Order that is shipped.
    pub order_id: String,
    /// Who carries it.
    pub carrier: String,
    /// `label`, `in_transit`, `out_for_delivery`, `delivered`, `failed_attempt`, `returned`, `lost`.
    pub status: String,
    /// When it should arrive.
    pub promised_at: Option<Millis>,
    /// When it arrived.
    pub delivered_at: Option<Millis>,
    /// Tries to deliver it.
    pub attempts: Option<u32>,
}

/// An identifier of a customer; [`Change::id`] is its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// `user_id`, `anonymous_id`, `contact_id`, `device_id`, `email_hash`, `phone_hash`.
    pub kind: String,
    /// Whose it is.
    pub customer_id: String,
}
