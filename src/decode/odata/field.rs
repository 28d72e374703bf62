//! Which columns the fields of an entity come from.

use std::collections::BTreeMap;

use crate::odata::Entity;

use super::cell::Cell;
use super::known::Known;
use super::row::{Columns, Row};

/// The fields of a feed that are read.
#[derive(Debug)]
pub(super) struct Fields {
    pub entity: Entity,
    /// All columns that are read, those of other fields included.
    pub columns: Columns,
    pub all: Vec<Field>,
}

/// A field and where it comes from.
#[derive(Debug)]
pub(super) struct Field {
    pub known: &'static Known,
    pub from: From,
    /// Their value → ours.
    pub values: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(super) enum From {
    /// The first of these columns that is there.
    Columns(Vec<usize>),
    /// The same in every record.
    Constant(Cell<'static>),
}

impl Field {
    /// Its value in the first of these rows that has one, and the column's name.
    pub fn find<'r>(
        &'r self,
        columns: &'r Columns,
        rows: [&'r Row<'_>; 2],
    ) -> Option<(&'r Cell<'r>, &'r str)> {
        match &self.from {
            From::Columns(numbers) => {
                let mut of_rows = rows.into_iter().flat_map(|row| {
                    let found = numbers.iter().map(move |n| Some((row.get(*n)?, *n)));
                    found.flatten()
                });
                let (cell, number) = of_rows.next()?;
                Some((cell, columns.name(number)))
            }
            From::Constant(cell) => Some((cell, self.known.name)),
        }
    }
}
