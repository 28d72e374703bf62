//! The tables that hold customers' data, and whose a row of each is.

use super::IDENTIFIERS;
use crate::odata::Entity;

/// A table, what identifies its items, and whose its rows are.
#[derive(Debug, Clone, Copy)]
pub struct Relation {
    /// Table.
    pub table: &'static str,
    /// Hash of the item as `ingested` has it.
    pub(super) item: &'static str,
    /// Time up to which it counts.
    pub(super) at: &'static str,
    /// Condition of the rows that are the customer's.
    pub(super) theirs: fn() -> String,
}

/// Every table that holds what a customer is known by or has said. `ingested`, `dead_letters`,
/// `streams` and the lists of erasure hold no identifier and no text.
pub const RELATIONS: [Relation; 7] = [
    Relation {
        table: "feedback",
        item: "xxh3(concat(tenant, '\\0', kind, '\\0', source, '\\0', feedback_id))",
        at: "created_at",
        theirs: feedback,
    },
    Relation {
        table: "customers_history",
        item: "xxh3(concat(tenant, '\\0customer\\0', toString(toUnixTimestamp64Milli(valid_from)), '\\0', customer_id))",
        at: "valid_from",
        theirs: || is_known("customer_id", "customer"),
    },
    Relation {
        table: "orders_history",
        item: "xxh3(concat(tenant, '\\0order\\0', toString(toUnixTimestamp64Milli(valid_from)), '\\0', order_id))",
        at: "valid_from",
        theirs: || of_customer("order_id", "order"),
    },
    Relation {
        table: "tickets_history",
        item: "xxh3(concat(tenant, '\\0ticket\\0', toString(toUnixTimestamp64Milli(valid_from)), '\\0', ticket_id))",
        at: "valid_from",
        theirs: || of_customer("ticket_id", "ticket"),
    },
    Relation {
        table: "sessions_history",
        item: "xxh3(concat(tenant, '\\0session\\0', toString(toUnixTimestamp64Milli(valid_from)), '\\0', session_id))",
        at: "valid_from",
        theirs: session,
    },
    Relation {
        table: "deliveries_history",
        item: "xxh3(concat(tenant, '\\0delivery\\0', toString(toUnixTimestamp64Milli(valid_from)), '\\0', shipment_id))",
        at: "valid_from",
        theirs: || {
            format!(
                "if(order_id != '', {}, {})",
                is_known("order_id", "order"),
                is_known("shipment_id", "delivery")
            )
        },
    },
    Relation {
        table: "identity_map",
        item: "xxh3(concat(tenant, '\\0identity\\0', toString(toUnixTimestamp64Milli(valid_from)), '\\0', identity_type, '\\x01', identity_value))",
        at: "valid_from",
        theirs: || {
            format!(
                "if(customer_id != '', {}, {})",
                is_known("customer_id", "customer"),
                is_identity("identity_type", "identity_value")
            )
        },
    },
];

impl Relation {
    /// The relation of an entity's versions.
    pub fn of(entity: Entity) -> Option<&'static Relation> {
        RELATIONS.iter().find(|r| r.table == entity.table())
    }
}

/// Whether a column is one of the known identifiers of a kind.
pub(super) fn is_known(column: &str, what: &str) -> String {
    format!("{column} IN (SELECT id FROM {IDENTIFIERS} WHERE what = '{what}')")
}

/// Whether two columns, type and value, are a known identity.
pub(super) fn is_identity(kind: &str, value: &str) -> String {
    format!(
        "(toString({kind}), {value}) IN (SELECT of, id FROM {IDENTIFIERS} WHERE what = 'identity')"
    )
}

/// A row that names a customer is that one's; one that names none goes by its own identifier.
fn of_customer(column: &str, what: &str) -> String {
    format!(
        "if(customer_id != '', {}, {})",
        is_known("customer_id", "customer"),
        is_known(column, what)
    )
}

fn session() -> String {
    format!(
        "if(customer_id != '', {}, {} OR anonymous_id != '' AND {})",
        is_known("customer_id", "customer"),
        is_known("session_id", "session"),
        is_identity("'anonymous_id'", "anonymous_id")
    )
}

/// Rows of feedback that name an erased customer, or were joined to one.
pub(super) fn of_the_customer() -> String {
    format!(
        "({} OR {})",
        is_known("customer_id", "customer"),
        is_known("joined_customer_id", "customer")
    )
}

fn feedback() -> String {
    let or_trigger = |column: &str, kind: &str| {
        format!("if({column} = '' AND trigger_type = '{kind}', trigger_id, {column})")
    };
    let shipment = "if(trigger_type = 'delivery', trigger_id, '')";
    // A set inside of a lambda is not taken; an array is.
    let identities = format!(
        "hasAny(arrayMap((t, v) -> concat(t, '\\0', v), identities.type, identities.value), \
         (SELECT groupArray(concat(of, '\\0', id)) FROM {IDENTIFIERS} WHERE what = 'identity'))"
    );
    format!(
        "if(customer_id != '' OR joined_customer_id != '', {}, {identities} OR {} OR {} OR {} OR {} OR {})",
        of_the_customer(),
        is_known(&or_trigger("order_id", "order"), "order"),
        is_known(&or_trigger("ticket_id", "ticket"), "ticket"),
        is_known("session_id", "session"),
        is_known(shipment, "delivery"),
        is_known("conversation_id", "conversation"),
    )
}
