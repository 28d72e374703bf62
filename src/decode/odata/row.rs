//! Picks the columns that are mapped out of a JSON object; all others are passed over unread.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::batch::DecodeError;
use crate::decode::fault::classify;
use crate::decode::wire::Str;

use super::cell::Cell;
use super::connect::{Logical, Schema};

/// Columns that are read: names, or paths into objects with dots between (`clv.amount`). A column
/// whose name itself holds the dots comes first; a text on the way is read as the JSON it holds.
#[derive(Debug, Default)]
pub(super) struct Columns(Vec<Column>);

#[derive(Debug)]
struct Column {
    name: String,
    /// Length of the path's first name, if it is a path.
    head: Option<usize>,
}

/// The values of one record, by the number of their column; nulls are not there.
#[derive(Debug, Default)]
pub(super) struct Row<'a>(Vec<Option<Cell<'a>>>);

impl Columns {
    /// Number of a column, which is read from now on.
    pub fn wanted(&mut self, name: &str) -> usize {
        let known = self.0.iter().position(|column| column.name == name);
        known.unwrap_or_else(|| {
            let name = name.to_owned();
            let head = name.find('.');
            self.0.push(Column { name, head });
            self.0.len() - 1
        })
    }

    /// Name of a column, as it is configured.
    pub fn name(&self, number: usize) -> &str {
        self.0.get(number).map_or("", |column| &column.name)
    }

    /// Reads an object. `schema`: what it says of the object's members.
    pub fn read<'a>(
        &self,
        json: &'a str,
        schema: Option<&Schema<'a>>,
    ) -> Result<Row<'a>, DecodeError> {
        let mut found = vec![Found::default(); self.0.len()];
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let seed = Members {
            columns: &self.0,
            found: &mut found,
        };
        seed.deserialize(&mut deserializer)
            .and_then(|()| deserializer.end())
            .map_err(|error| classify("", &error, json))?;
        let cells = self.0.iter().zip(found).map(|(column, found)| {
            if let Some(value) = found.whole {
                let of_schema = schema.and_then(|schema| schema.field(&column.name));
                return cell(
                    value.into(),
                    of_schema.map_or(Logical::None, Schema::logical),
                );
            }
            let path = column.name.get(column.head? + 1..)?;
            cell(inside(found.head?, path)?, Logical::None)
        });
        Ok(Row(cells.collect()))
    }
}

impl<'a> Row<'a> {
    /// One column alone.
    pub fn of(number: usize, cell: Cell<'a>) -> Self {
        let mut cells: Vec<Option<Cell<'a>>> = Vec::new();
        cells.resize(number, None);
        cells.push(Some(cell));
        Self(cells)
    }

    /// Value of a column.
    pub fn get(&self, number: usize) -> Option<&Cell<'a>> {
        self.0.get(number)?.as_ref()
    }

    /// Leaves out what `is_none` says is no value.
    pub fn without(&mut self, is_none: impl Fn(&Cell<'a>) -> bool) {
        for cell in &mut self.0 {
            *cell = cell.take_if(|cell| !is_none(cell));
        }
    }
}

fn cell(json: Cow<'_, str>, logical: Logical) -> Option<Cell<'_>> {
    (json != "null").then_some(Cell { json, logical })
}

/// Value at a path inside an object, or inside the text of one.
fn inside<'a>(json: &'a str, path: &str) -> Option<Cow<'a, str>> {
    if json.starts_with('"') {
        let text: String = serde_json::from_str(json).ok()?;
        return inside(text.trim(), path).map(|value| value.into_owned().into());
    }
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = Member(name).deserialize(&mut deserializer).ok()??;
    match rest {
        Some(rest) => inside(value, rest),
        None => Some(value.into()),
    }
}

/// What an object holds of a column.
#[derive(Debug, Default, Clone)]
struct Found<'a> {
    /// The member of its name.
    whole: Option<&'a str>,
    /// The member that its path begins with.
    head: Option<&'a str>,
}

struct Members<'c, 'f, 'a> {
    columns: &'c [Column],
    found: &'f mut [Found<'a>],
}

impl<'de> DeserializeSeed<'de> for Members<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Str(name)) = map.next_key::<Str<'de>>()? {
            let is_whole = |column: &Column| column.name == *name;
            let is_head =
                |column: &Column| column.head.is_some_and(|end| column.name[..end] == *name);
            if !self.columns.iter().any(|c| is_whole(c) || is_head(c)) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value::<&'de RawValue>()?.get();
            for (column, found) in self.columns.iter().zip(&mut *self.found) {
                let place = match (is_whole(column), is_head(column)) {
                    (true, _) => &mut found.whole,
                    (_, true) => &mut found.head,
                    _ => continue,
                };
                if place.replace(value).is_some() {
                    return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                }
            }
        }
        Ok(())
    }
}

/// One member of an object.
struct Member<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Option<&'de str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut value = None;
        while let Some(Str(name)) = map.next_key::<Str<'de>>()? {
            match name == self.0 {
                true => value = Some(map.next_value::<&'de RawValue>()?.get()),
                false => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Reason;

    fn read(json: &str, names: &[&str]) -> Result<Vec<String>, (Reason, String)> {
        let mut columns = Columns::default();
        let numbers: Vec<usize> = names.iter().map(|name| columns.wanted(name)).collect();
        let row = columns.read(json, None).map_err(|e| (e.reason, e.field))?;
        let shown = |number| {
            row.get(number)
                .map_or(String::new(), |c| c.json.to_string())
        };
        Ok(numbers.into_iter().map(shown).collect())
    }

    #[test]
    fn columns_are_names_or_paths() {
        let json = r#"{"id": 7, "skip": {"id": [1]}, "clv": {"amount": "1.5", "of": {"x": null}},
            "a.b": 1, "a": {"b": 2}, "text": " {\"deep\": {\"er\": \"\\u06af\"}}", "no": null}"#;
        let names = [
            "id",
            "clv.amount",
            "a.b",
            "text.deep.er",
            "no",
            "clv.of.x",
            "id.x",
            "text.none",
            "z",
        ];
        let expected = ["7", "\"1.5\"", "1", "\"\\u06af\"", "", "", "", "", ""];
        assert_eq!(read(json, &names), Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for (json, reason, field) in [
            ("[1]", Reason::WrongType, ""),
            ("\"x\"", Reason::WrongType, ""),
            ("{\"id\": 1", Reason::MalformedJson, ""),
            ("{\"id\": 1} x", Reason::MalformedJson, ""),
            (
                "{\"id\": 1, \"x\": 1, \"x\": 2, \"id\": 2}",
                Reason::InvalidValue,
                "id",
            ),
        ] {
            assert_eq!(
                read(json, &["id"]),
                Err((reason, field.to_owned())),
                "{json}"
            );
        }
    }
}
