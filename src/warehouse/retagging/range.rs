//! Ranges of the sorting key of `feedback`, as conditions that ClickHouse answers from its index: a
//! comparison of tuples would not be.

use std::fmt;

use clickhouse::Row;
use clickhouse::query::Query;
use serde::Deserialize;

/// Sorting key of a row of `feedback`.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Key {
    /// Owner of the item.
    pub tenant: String,
    /// Kind of the item.
    pub kind: String,
    /// Day on which it was created, as `2026-03-01`.
    pub day: String,
    /// Where it lives.
    pub source: String,
    /// Its identifier there.
    pub feedback_id: String,
}

/// Keys after one, up to another, itself included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    after: Option<Key>,
    last: Key,
}

impl Range {
    pub(super) fn new(after: Option<&Key>, last: Key) -> Self {
        Self {
            after: after.cloned(),
            last,
        }
    }

    pub(super) fn up_to(self, last: Key) -> Self {
        Self { last, ..self }
    }

    /// The greatest key in it.
    pub fn last(&self) -> &Key {
        &self.last
    }
}

/// Conditions on the columns of `feedback AS f`, and the values of their question marks.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    conditions: Vec<String>,
    values: Vec<String>,
}

impl Filter {
    /// This and that.
    pub fn and<const N: usize>(mut self, condition: &str, values: [&String; N]) -> Self {
        self.conditions.push(condition.to_owned());
        self.values.extend(values.map(String::clone));
        self
    }

    /// Keys after one.
    pub fn after(self, key: Option<&Key>) -> Self {
        match key {
            Some(key) => self.compared(key, '>', ">"),
            None => self,
        }
    }

    /// Keys of a range.
    pub fn within(self, range: &Range) -> Self {
        self.after(range.after.as_ref())
            .compared(&range.last, '<', "<=")
    }

    /// `a > ? OR (a = ? AND (b > ? OR …))`
    fn compared(self, key: &Key, beyond: char, at_last: &str) -> Self {
        let Key {
            tenant: t,
            kind: k,
            day: d,
            source: s,
            feedback_id: f,
        } = key;
        let condition = format!(
            "(f.tenant {beyond} ? OR (f.tenant = ? AND (f.kind {beyond} ? OR (f.kind = ? AND (\
             toDate(f.created_at) {beyond} ? OR (toDate(f.created_at) = ? AND (\
             f.source {beyond} ? OR (f.source = ? AND f.feedback_id {at_last} ?))))))))"
        );
        self.and(&condition, [t, t, k, k, d, d, s, s, f])
    }

    /// The query with the values of its conditions, which come last in it.
    pub fn bind(&self, query: Query) -> Query {
        self.values
            .iter()
            .fold(query, |query, value| query.bind(value))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.conditions.is_empty() {
            return f.write_str("1");
        }
        f.write_str(&self.conditions.join(" AND "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_mark_has_its_value() {
        let key = |id: &str| Key {
            tenant: "acme".into(),
            kind: "review".into(),
            day: "2026-03-01".into(),
            source: "shop".into(),
            feedback_id: id.into(),
        };
        let range = Range::new(Some(&key("a")), key("z")).up_to(key("m"));
        assert_eq!(range.last().feedback_id, "m");
        let filter = Filter::default()
            .and("f.tenant = ?", [&"acme".to_owned()])
            .within(&range);
        assert_eq!(filter.to_string().matches('?').count(), filter.values.len());
        assert_eq!(filter.values.last().unwrap(), "m");
        assert_eq!(Filter::default().after(None).to_string(), "1");
    }
}
