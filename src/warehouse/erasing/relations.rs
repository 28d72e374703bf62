//! The tables that hold customers' data, and whose a row of each is: of one that names a customer
//! that one's, of others by what else they name.

use super::IDENTIFIERS;
use crate::odata::Entity;
use crate::warehouse::Table;

/// Every table that holds what a customer is known by or has said. `ingested`, `dead_letters`,
/// `streams` and the lists of erasure hold no identifier and no text.
pub fn relations() -> impl Iterator<Item = Table> {
    Table::all()
}

/// Condition of the rows of a table that are the customer's.
pub(super) fn theirs(table: Table) -> String {
    let of_customer = |theirs: String| {
        let customer = is_known("customer_id", "customer");
        format!("if(customer_id != '', {customer}, {theirs})")
    };
    match table {
        Table::Feedback => feedback(),
        Table::History(Entity::Customer) => is_known("customer_id", "customer"),
        Table::History(Entity::Order) => of_customer(is_known("order_id", "order")),
        Table::History(Entity::Ticket) => of_customer(is_known("ticket_id", "ticket")),
        Table::History(Entity::Session) => of_customer(format!(
            "{} OR anonymous_id != '' AND {}",
            is_known("session_id", "session"),
            is_identity("'anonymous_id'", "anonymous_id")
        )),
        Table::History(Entity::Identity) => {
            of_customer(is_identity("identity_type", "identity_value"))
        }
        Table::History(Entity::Delivery) => format!(
            "if(order_id != '', {}, {})",
            is_known("order_id", "order"),
            is_known("shipment_id", "delivery")
        ),
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
