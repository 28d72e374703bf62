//! Listed, deleted, taken off the disk.

use std::collections::BTreeMap;

use clickhouse::error::Error;

use super::relations::{relations, theirs};
use super::{Erasing, Known};
use crate::pipeline::SinkError;
use crate::warehouse::Table;
use crate::warehouse::client::within;
use crate::warehouse::error::sink_error;

/// Items that one statement deletes.
const AT_ONCE: usize = 5_000;

/// A string as SQL.
pub(super) fn quoted(text: &str) -> String {
    let mut sql = String::with_capacity(text.len() + 2);
    sql.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            sql.push('\\');
        }
        sql.push(c);
    }
    sql.push('\'');
    sql
}

/// Rows by table.
pub type Rows = BTreeMap<&'static str, u64>;

impl Erasing {
    /// How many rows the tables hold of them now, listed ones included.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn rows(&self, known: &Known) -> Result<Rows, SinkError> {
        self.with(known, "count rows", async |session| {
            let mut rows = Rows::new();
            for relation in relations() {
                let sql = format!(
                    "SELECT count() FROM {} WHERE {}",
                    self.table(relation.name()),
                    self.theirs(relation)
                );
                let count: u64 = session.query(&sql).fetch_one().await?;
                rows.insert(relation.name(), count);
            }
            Ok(rows)
        })
        .await
    }

    /// Lists the items that are theirs, with the newest row of each, and returns how many rows the
    /// tables hold of these and of those listed before.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn list(&self, known: &Known) -> Result<Rows, SinkError> {
        self.with(known, "list what is to be erased", async |session| {
            let mut rows = Rows::new();
            for relation in relations() {
                let insert = format!(
                    "INSERT INTO {} (request, relation, item_hash, row_version) \
                     SELECT '{}', '{}', {} AS item, max(_row_version) FROM {} WHERE {} GROUP BY item",
                    self.table("erased_items"),
                    self.scope.request,
                    relation.name(),
                    relation.item(),
                    self.table(relation.name()),
                    self.theirs(relation),
                );
                session.query(&insert).execute().await?;
                let count = format!(
                    "SELECT count() FROM {} WHERE {}",
                    self.table(relation.name()),
                    self.theirs(relation)
                );
                let count: u64 = session.query(&count).fetch_one().await?;
                rows.insert(relation.name(), count);
            }
            Ok(rows)
        })
        .await
    }

    /// Rows that are theirs by what they name, and all other versions of items that were listed.
    fn theirs(&self, relation: Table) -> String {
        let named = format!("{} AND ({})", self.in_time(relation), theirs(relation));
        format!(
            "tenant = {} AND ({item} IN (SELECT {item} FROM {table} WHERE {named}) OR {item} IN ( \
               SELECT item_hash FROM {listed} WHERE request = '{request}' AND relation = '{relation}'))",
            quoted(&self.scope.tenant),
            item = relation.item(),
            table = self.table(relation.name()),
            listed = self.table("erased_items"),
            request = self.scope.request,
            relation = relation.name(),
        )
    }

    /// Rows of the tenant up to the request, and deletions whenever they came.
    fn in_time(&self, relation: Table) -> String {
        let in_scope = self.in_scope(relation.created());
        match relation {
            Table::Feedback => in_scope,
            Table::History(_) => format!(
                "({in_scope} OR tenant = {} AND is_deleted = 1)",
                quoted(&self.scope.tenant)
            ),
        }
    }

    /// Begins to delete what is listed. Rows are gone for readers when the mutations are done.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn delete(&self) -> Result<(), SinkError> {
        let doing = "delete what is listed";
        for relation in relations() {
            let deleted = within(self.limit(), self.delete_of(relation)).await;
            deleted.map_err(|error| sink_error(&error, doing))?;
        }
        Ok(())
    }

    async fn delete_of(&self, relation: Table) -> Result<(), Error> {
        let listed = format!(
            "SELECT DISTINCT item_hash FROM {} WHERE request = '{}' AND relation = '{}' ORDER BY item_hash",
            self.table("erased_items"),
            self.scope.request,
            relation.name(),
        );
        let listed: Vec<u64> = self.client.query(&listed).fetch_all().await?;
        for hashes in listed.chunks(AT_ONCE) {
            let hashes: Vec<String> = hashes.iter().map(u64::to_string).collect();
            // Written out: a mutation may ask no other table on replicated ones.
            let condition = format!(
                "tenant = {} AND {} IN ({})",
                quoted(&self.scope.tenant),
                relation.item(),
                hashes.join(",")
            );
            let table = self.table(relation.name());
            let here = format!("SELECT count() FROM {table} WHERE {condition}");
            let here: u64 = self.client.query(&here).fetch_one().await?;
            if here == 0 {
                continue;
            }
            let delete = format!("DELETE FROM {table} WHERE {condition}");
            self.client
                .query(&delete)
                .with_setting("max_query_size", "10000000")
                .with_setting("lightweight_deletes_sync", "0")
                .execute()
                .await?;
        }
        Ok(())
    }

    /// Begins to write parts anew without the rows that are deleted.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn apply(&self) -> Result<(), SinkError> {
        for relation in relations() {
            let listed = format!(
                "SELECT count() FROM {} WHERE request = '{}' AND relation = '{}'",
                self.table("erased_items"),
                self.scope.request,
                relation.name()
            );
            let apply = format!(
                "ALTER TABLE {} APPLY DELETED MASK",
                self.table(relation.name())
            );
            let applied = async {
                let listed: u64 = self.client.query(&listed).fetch_one().await?;
                if listed > 0 {
                    let apply = self.client.query(&apply);
                    apply.with_setting("mutations_sync", "0").execute().await?;
                }
                Ok(())
            };
            let applied = within(self.limit(), applied).await;
            applied.map_err(|error| sink_error(&error, "apply the deletions"))?;
        }
        Ok(())
    }

    /// Mutations of the tables that are not done, and the message of one that fails.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn mutations(&self) -> Result<(u64, String), SinkError> {
        let sql = format!(
            "SELECT count(), any(latest_fail_reason) FROM {} \
             WHERE database = ? AND table IN ? AND NOT is_done AND NOT is_killed",
            self.system("mutations")
        );
        let query = self.client.query(&sql).bind(&self.config.database);
        let query = query.bind(tables()).fetch_one();
        let found = within(self.config.timeout, query).await;
        found.map_err(|e| sink_error(&e, "look for mutations"))
    }

    /// Time of the server, in seconds.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn now(&self) -> Result<f64, SinkError> {
        let query = self.client.query("SELECT toFloat64(now64(6))").fetch_one();
        let now = within(self.config.timeout, query).await;
        now.map_err(|e| sink_error(&e, "ask for the time"))
    }

    /// Inserts into the database that began before a time and still run: they may bring rows that
    /// were read before.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn inserts_since_before(&self, time: f64) -> Result<u64, SinkError> {
        // As the text names it: database, table. Into what is no table, or not understood, counts if
        // the text has the name of the database at all.
        let target = "extractGroups(replaceRegexpAll(query, '[`\"]', ''), \
             '(?i)INSERT\\\\s+INTO\\\\s+(?:TABLE\\\\s+)?(?:(\\\\w+)\\\\s*\\\\.\\\\s*)?(\\\\w*)')";
        let sql = format!(
            "WITH {target} AS target, {database} AS ours SELECT count() FROM {processes} \
             WHERE query_kind = 'Insert' AND toFloat64(now64(6)) - elapsed <= {time} AND ( \
               if(target[1] != '', target[1], current_database) = ours \
               OR lower(target[2]) IN ('', 'function') AND position(query, ours) > 0)",
            database = quoted(&self.config.database),
            processes = self.system("processes"),
        );
        // Its question marks are no parameters.
        let query = self.client.query_raw(&sql).fetch_one();
        let found = within(self.config.timeout, query).await;
        found.map_err(|e| sink_error(&e, "look for inserts"))
    }

    /// Parts on disk that no longer count, by table and name.
    ///
    /// # Errors
    /// ClickHouse fails.
    pub async fn inactive_parts(&self) -> Result<Vec<String>, SinkError> {
        let sql = format!(
            "SELECT concat(hostName(), '/', table, '/', name) FROM {} \
             WHERE database = ? AND table IN ? AND NOT active",
            self.system("parts")
        );
        let query = self.client.query(&sql).bind(&self.config.database);
        let query = query.bind(tables()).fetch_all();
        let found = within(self.config.timeout, query).await;
        found.map_err(|e| sink_error(&e, "look for old parts"))
    }
}

fn tables() -> Vec<&'static str> {
    relations().map(Table::name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted() {
        assert_eq!(quoted("a'b\\c"), "'a\\'b\\\\c'");
    }
}
