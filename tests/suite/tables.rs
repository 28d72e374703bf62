//! A database of tests on views: rows in, rows out, as in SQL.

use sada::config::Config;
use sada::warehouse::{self, migrations};

use crate::support::engine;

pub struct Tables {
    client: clickhouse::Client,
}

impl Tables {
    /// Tables and views of a database, made or brought up to date.
    pub async fn new(database: &str) -> Self {
        let config = config(database);
        migrations::apply(&config).await.unwrap();
        Self::there(database)
    }

    /// Tables and views of a database that has them.
    pub fn there(database: &str) -> Self {
        let client = warehouse::client(&config(database).clickhouse).unwrap();
        Self {
            client: client.with_database(database),
        }
    }

    /// Rows of a table: `columns` and `rows` as in SQL.
    pub async fn insert(&self, table: &str, columns: &str, rows: &[&str]) {
        let rows = rows.join("), (");
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({rows})");
        let done = self.client.query_raw(&sql).execute().await;
        done.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// Rows of `feedback`, all reviews of tenant `t` in one shop.
    pub async fn feedback(&self, columns: &str, rows: &[&str]) {
        self.said("'t', 'review', 'shop'", columns, rows).await;
    }

    /// Rows of `feedback` of one tenant, kind and source, with their numbers as ids.
    pub async fn said(&self, of: &str, columns: &str, rows: &[&str]) {
        let columns = format!("tenant, kind, source, feedback_id, {columns}");
        let rows: Vec<String> = rows
            .iter()
            .enumerate()
            .map(|(n, row)| format!("{of}, '{n}', {row}"))
            .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        self.insert("feedback", &columns, &rows).await;
    }

    /// A query's rows, columns separated by spaces.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let mut bytes = self
            .client
            .query_raw(sql)
            .fetch_bytes("TabSeparated")
            .unwrap();
        let bytes = bytes.collect().await;
        let bytes = bytes.unwrap_or_else(|e| panic!("{sql}: {e}"));
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.lines().map(|l| l.replace('\t', " ")).collect()
    }
}

fn config(database: &str) -> Config {
    let mut config = Config::default();
    config.clickhouse.url = engine().url();
    config.clickhouse.database = database.to_owned();
    config
}
