//! Calls of RudderStack and those who speak like it: an `identify` with both identifiers says whose
//! an anonymous one is; an `alias` says that an earlier identifier is that of another user.
//!
//! | entity | `identify` | `alias` |
//! |---|---|---|
//! | `identity` | `anonymousId` belongs to `userId` | `previousId` belongs to `userId` |
//! | `customer` | | `previousId` was merged into `userId` |
//!
//! Traits are passed over: they are mostly personal data. All other calls tell nothing.

use serde::Deserialize;

use crate::batch::DecodeError;
use crate::decode::checks::Checks;
use crate::decode::fault::missing;
use crate::decode::wire::{Str, Time, parse};
use crate::odata::{Change, Customer, Entity, Facts, Identity};

use super::mapping::Mapping;
use super::{Told, told_by_kafka};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    #[serde(borrow)]
    r#type: Option<Str<'a>>,
    anonymous_id: Option<Str<'a>>,
    user_id: Option<Str<'a>>,
    previous_id: Option<Str<'a>>,
    /// By the server's clock.
    timestamp: Option<Time<'a>>,
    original_timestamp: Option<Time<'a>>,
}

/// Reads the call; `None` if it links nothing.
pub(super) fn read(
    mapping: &Mapping,
    payload: &str,
    checks: &Checks<'_>,
) -> Result<Option<Change>, DecodeError> {
    let call: Call<'_> = parse(payload, &mut 0)?;
    let kind = call.r#type.ok_or_else(|| missing("type"))?;
    let anonymous = checks.label("anonymousId", call.anonymous_id)?;
    let user = checks.label("userId", call.user_id)?;
    let previous = checks.label("previousId", call.previous_id)?;
    let (id, facts) = match (&*kind.0, mapping.fields.entity) {
        ("identify", Entity::Identity) => (anonymous, link("anonymous_id", &user)),
        ("alias", Entity::Identity) => {
            let kind = match previous == anonymous {
                true => "anonymous_id",
                false => "user_id",
            };
            (previous, link(kind, &user))
        }
        ("alias", Entity::Customer) => {
            let merged = Customer {
                merged_into: user.clone(),
                ..Customer::default()
            };
            (previous, Facts::Customer(merged))
        }
        _ => return Ok(None),
    };
    if id.is_empty() || user.is_empty() || (id == user && mapping.fields.entity == Entity::Customer)
    {
        return Ok(None);
    }
    let timestamp = checks.time("timestamp", call.timestamp)?;
    let original = checks.time("originalTimestamp", call.original_timestamp)?;
    let row = mapping.fields.columns.read(payload, None)?;
    let told = Told {
        valid_from: timestamp.or(original),
        ..told_by_kafka(row, checks.kafka_time())
    };
    mapping.dated(told, id, facts, checks).map(Some)
}

fn link(kind: &str, user: &str) -> Facts {
    Facts::Identity(Identity {
        kind: kind.to_owned(),
        customer_id: user.to_owned(),
    })
}
