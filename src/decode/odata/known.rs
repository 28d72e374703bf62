//! The fields of each entity: their names, the columns that they come from unless the mapping says
//! otherwise, and what may stand in them.

use crate::batch::{DecodeError, Reason};
use crate::decode::fault::fault;
use crate::odata::Entity;

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
    pub fn check(self, mut text: String) -> Result<String, DecodeError> {
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
