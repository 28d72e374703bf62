//! Their columns → our fields: what the configuration says of a feed, checked, and ready to be used
//! for every record.

use std::collections::BTreeMap;

use crate::decode::Limits;
use crate::decode::checks::Checks;
use crate::odata::Entity;

use super::cell::Cell;
use super::facts;
use super::field::{Field, Fields, From};
use super::known::{Text, fields_of};
use super::row::{Columns, Row};

/// How the records of a topic are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a record: the whole entity as it is from then on.
    Upsert,
    /// CloudEvents `cx.odata.<entity>.v1`, in both envelopes.
    CloudEvents,
    /// Debezium's change events.
    Debezium,
    /// Calls of RudderStack and its like: `identify` and `alias`.
    RudderStack,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 4] = [
        Format::Upsert,
        Format::CloudEvents,
        Format::Debezium,
        Format::RudderStack,
    ];

    /// Name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Format::Upsert => "upsert",
            Format::CloudEvents => "cloudevents",
            Format::Debezium => "debezium",
            Format::RudderStack => "rudderstack",
        }
    }
}

/// What a feed says of its columns; empty where it says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Column of the tenant.
    pub tenant: &'a str,
    /// Column of the identifier.
    pub id: &'a str,
    /// Column since when a version is true.
    pub valid_from: &'a str,
    /// Column that grows with each version.
    pub version: &'a str,
    /// Our field → their column; empty for a field that is not to be read, `=text` for one that is
    /// the same in every record.
    pub fields: &'a BTreeMap<String, String>,
    /// Our field → their value → our value.
    pub values: &'a BTreeMap<String, BTreeMap<String, String>>,
}

/// A mapping that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Path of the setting below its feed (`values.status`).
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub mend: String,
}

/// How the records of one topic become changes of one entity.
#[derive(Debug)]
pub struct Mapping {
    pub(super) format: Format,
    pub(super) tenant: Option<usize>,
    pub(super) id: Option<usize>,
    pub(super) valid_from: Option<usize>,
    pub(super) version: Option<usize>,
    pub(super) deleted: Option<usize>,
    pub(super) fields: Fields,
}

/// Column of the tenant, of records that may do without one.
pub(super) const TENANT: &str = "tenant_id";
/// Field of [`Names::fields`] that says whether the entity is gone.
const DELETED: &str = "deleted";

/// Column of an entity's identifier in its tables and events.
pub(super) fn id_of(entity: Entity) -> &'static str {
    match entity {
        Entity::Customer => "customer_id",
        Entity::Order => "order_id",
        Entity::Ticket => "ticket_id",
        Entity::Session => "session_id",
        Entity::Delivery => "shipment_id",
        Entity::Identity => "identity_value",
    }
}

impl Mapping {
    /// Checks what a feed says.
    ///
    /// # Errors
    /// A name is unknown or missing, or does not go with the format.
    pub fn new(entity: Entity, format: Format, names: &Names<'_>) -> Result<Self, Wrong> {
        if format == Format::RudderStack {
            refuse_columns(entity, names)?;
        }
        let mut columns = Columns::default();
        let mut column = |named: &str, usual: &str| match named {
            "" if usual.is_empty() => None,
            "" => Some(columns.wanted(usual)),
            named => Some(columns.wanted(named)),
        };
        let plain = |usual: &'static str| match format {
            Format::Upsert => usual,
            _ => "",
        };
        let event = |usual: &'static str| match format {
            Format::Upsert | Format::CloudEvents => usual,
            _ => "",
        };
        let usual_id = match format {
            Format::CloudEvents => id_of(entity),
            _ => "",
        };
        let deleted = names.fields.get(DELETED).map_or("", String::as_str);
        let mut mapping = Self {
            format,
            tenant: column(names.tenant, plain(TENANT)),
            id: column(names.id, usual_id),
            valid_from: column(names.valid_from, event("valid_from")),
            version: column(names.version, plain("version")),
            deleted: column(deleted, plain(DELETED)),
            fields: Fields {
                entity,
                columns: Columns::default(),
                all: Vec::new(),
            },
        };
        if mapping.id.is_none() && format != Format::RudderStack {
            return Err(Wrong {
                field: "id".into(),
                message: format!("says of no column that it identifies the {entity}"),
                mend: format!("name it, as in id = \"{}\"", id_of(entity)),
            });
        }
        mapping.fields.columns = columns;
        if format != Format::RudderStack {
            mapping.read_fields(names)?;
        }
        Ok(mapping)
    }

    fn read_fields(&mut self, names: &Names<'_>) -> Result<(), Wrong> {
        let Fields {
            entity,
            columns,
            all,
        } = &mut self.fields;
        refuse_unknown(*entity, names)?;
        for known in fields_of(*entity) {
            let named = names.fields.get(known.name).map(String::as_str);
            let from = match named {
                Some("") => continue,
                Some(named) => match named.strip_prefix('=') {
                    Some(text) => {
                        let json = serde_json::Value::from(text).to_string();
                        From::Constant(Cell::owned(json))
                    }
                    None => From::Columns(vec![columns.wanted(named)]),
                },
                None => {
                    let usual = known.columns.iter();
                    From::Columns(usual.map(|name| columns.wanted(name)).collect())
                }
            };
            let values = names.values.get(known.name).cloned().unwrap_or_default();
            all.push(Field {
                known,
                from,
                values,
            });
        }
        self.try_constants()
    }

    /// A constant is read with each record: it must be one that can be.
    fn try_constants(&self) -> Result<(), Wrong> {
        let limits = Limits::default();
        let checks = Checks::new(&limits, 0, true);
        let none = Row::default();
        let read = facts::read(&self.fields, [&none, &none], &checks, false);
        match read {
            Ok(_) => Ok(()),
            Err(error) => Err(Wrong {
                field: format!("fields.{}", error.field),
                message: format!(
                    "is the same in every record, and can't be read: {}",
                    error.message
                ),
                mend: "correct what follows the =, or name a column".into(),
            }),
        }
    }
}

/// Calls of RudderStack have no columns to be named.
fn refuse_columns(entity: Entity, names: &Names<'_>) -> Result<(), Wrong> {
    if !matches!(entity, Entity::Identity | Entity::Customer) {
        return Err(Wrong {
            field: "entity".into(),
            message: format!("the calls of RudderStack tell of no {entity}"),
            mend:
                "set entity = \"identity\" (identify, alias), or \"customer\" (alias alone: merges)"
                    .into(),
        });
    }
    for (field, is_set) in [
        ("id", !names.id.is_empty()),
        ("version", !names.version.is_empty()),
        ("fields", !names.fields.is_empty()),
        ("values", !names.values.is_empty()),
    ] {
        if is_set {
            return Err(Wrong {
                field: field.into(),
                message: "has no meaning for calls of RudderStack".into(),
                mend: "remove it".into(),
            });
        }
    }
    Ok(())
}

fn refuse_unknown(entity: Entity, names: &Names<'_>) -> Result<(), Wrong> {
    let known = fields_of(entity);
    let all = || {
        let names: Vec<&str> = known.iter().map(|k| k.name).collect();
        names.join(", ")
    };
    let of = |name: &str| known.iter().find(|k| k.name == name);
    if let Some(name) = names
        .fields
        .keys()
        .find(|n| of(n).is_none() && *n != DELETED)
    {
        return Err(Wrong {
            field: format!("fields.{name}"),
            message: format!("{name:?} is no field of a {entity}"),
            mend: format!("name on the left one of {}, {DELETED}", all()),
        });
    }
    for (name, values) in names.values {
        let field = format!("values.{name}");
        let Some(text) = of(name).and_then(|known| known.text) else {
            let texts = known.iter().filter(|k| k.text.is_some()).map(|k| k.name);
            return Err(Wrong {
                field,
                message: format!("{name:?} is no field of a {entity} that holds words"),
                mend: format!("name one of {}", texts.collect::<Vec<_>>().join(", ")),
            });
        };
        let Text::Words(words) = text else { continue };
        let bad = values
            .values()
            .find(|v| !v.is_empty() && !words.contains(&v.as_str()));
        if let Some(bad) = bad {
            return Err(Wrong {
                field,
                message: format!("{bad:?} is no {name} of a {entity}"),
                mend: format!("name on the right one of {}", words.join(", ")),
            });
        }
    }
    Ok(())
}
