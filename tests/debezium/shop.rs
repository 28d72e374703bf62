//! The shop behind PostgreSQL: its tables, a day's trade, and what its customers say.
//!
//! `shop_orders` tells of a deleted row nothing but its key (replica identity DEFAULT),
//! `shop_customers` all (FULL). Times are hours since a day a month ago.

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::json;

use crate::postgres::Postgres;

/// Rows that the snapshot finds, by table.
pub const ROWS_AT_FIRST: [(&str, i64); 2] = [("shop_orders", 2), ("shop_customers", 3)];

/// Orders as Sada has them.
pub const ORDERS: &str = "
    SELECT order_id, customer_id, status, total, currency, items,
        toUnixTimestamp64Milli(created_at), toUnixTimestamp64Milli(valid_from)
    FROM orders_latest ORDER BY order_id";

/// Customers as Sada has them.
pub const CUSTOMERS: &str = "
    SELECT customer_id, segment, country, clv, clv_currency,
        toUnixTimestamp64Milli(created_at), toUnixTimestamp64Milli(valid_from)
    FROM customers_latest ORDER BY customer_id";

/// Feedback with what was joined.
pub const JOINED: &str = "
    SELECT feedback_id, customer_join, joined_customer_id, segment, clv,
        order_join, order_status, order_total
    FROM feedback_latest ORDER BY feedback_id";

/// Whole tables, but for when and by which life of a process their rows were written.
pub const EVERYTHING: [&str; 3] = [
    "SELECT * EXCEPT (_ingested_at, _revision, _origin), o_version FROM feedback FINAL ORDER BY feedback_id",
    "SELECT * EXCEPT _ingested_at FROM orders_history FINAL ORDER BY ALL",
    "SELECT * EXCEPT _ingested_at FROM customers_history FINAL ORDER BY ALL",
];

/// The shop's database, and the day it begins.
pub struct Shop<'p> {
    postgres: &'p Postgres,
    begun: Timestamp,
}

impl<'p> Shop<'p> {
    /// Makes the tables, with what was there before Debezium.
    pub fn open(postgres: &'p Postgres) -> Self {
        let month = SignedDuration::from_hours(30 * 24);
        let begun = (Timestamp::now() - month).round(Unit::Hour).unwrap();
        let shop = Self { postgres, begun };
        shop.sql(
            "CREATE TABLE shop_orders (
                order_no bigint PRIMARY KEY,
                customer_no text,
                state text NOT NULL,
                total numeric(12, 2),
                currency char(3),
                placed timestamp,
                changed timestamptz NOT NULL,
                lines int,
                note text
            );
            CREATE TABLE shop_customers (
                customer_no text PRIMARY KEY,
                segment text,
                country char(2),
                lifetime_value numeric(14, 4),
                currency char(3),
                registered timestamptz,
                since timestamptz NOT NULL,
                birthday date
            );
            ALTER TABLE shop_customers REPLICA IDENTITY FULL;
            INSERT INTO shop_customers VALUES
                ('c-1', 'family', 'DE', 1234.5678, 'EUR', @-1000, @0, '1990-01-01'),
                ('c-2', 'business', 'IR', NULL, NULL, NULL, @0, NULL),
                ('c-3', 'family', 'SA', 0, 'SAR', @-10, @0, '2001-12-31');
            INSERT INTO shop_orders VALUES
                (1001, 'c-1', 'PAID', 12.30, 'EUR', @1, @1, 2, NULL),
                (1002, 'c-2', 'NEW', 99999.99, 'USD', @2, @2, 1, NULL);",
        );
        shop
    }

    /// Changes, inserts, deletes, and changes keys: the newest of it is now, the rest was true for
    /// long before it is told.
    pub fn trade(&self) {
        self.sql(
            "UPDATE shop_orders SET state = 'SENT', changed = @24 WHERE order_no = 1001;
            UPDATE shop_orders SET state = 'DELIVERED', changed = @48 WHERE order_no = 1001;
            INSERT INTO shop_orders VALUES
                (1003, 'c-2', 'PAID', -7.05, 'EUR', @4, @5, 3, NULL),
                (1004, 'c-1', 'NEW', 50, 'EUR', @5, @6, 1, NULL),
                (1005, 'c-3', 'NEW', 0.1, 'SAR', @6, @6, 1, NULL);
            DELETE FROM shop_orders WHERE order_no = 1004;
            UPDATE shop_orders SET order_no = 1902, changed = @30 WHERE order_no = 1002;
            UPDATE shop_customers SET segment = 'enterprise', lifetime_value = 0.0001, since = @20
                WHERE customer_no = 'c-1';
            DELETE FROM shop_customers WHERE customer_no = 'c-3';
            UPDATE shop_customers SET customer_no = 'c-22' WHERE customer_no = 'c-2';
            INSERT INTO shop_customers VALUES ('c-4', 'family', 'CN', 10, 'CNY', @1, @1, NULL);
            DELETE FROM shop_customers WHERE customer_no = 'c-4';
            INSERT INTO shop_customers VALUES ('c-4', 'student', 'CN', 11, 'CNY', @1, now(), NULL);",
        );
        // A long text that the update does not touch is left out of its record.
        self.sql(
            "UPDATE shop_orders SET note =
                (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) AS i)
                WHERE order_no = 1005;
            UPDATE shop_orders SET state = 'PAID', changed = @7 WHERE order_no = 1005;",
        );
    }

    /// Orders as PostgreSQL has them, in the words of [`ORDERS`].
    pub fn orders(&self) -> String {
        self.rows(
            "SELECT order_no, customer_no,
                CASE state WHEN 'NEW' THEN 'created' WHEN 'SENT' THEN 'shipped' ELSE lower(state) END,
                trim_scale(total), trim(currency), lines,
                (extract(epoch FROM placed) * 1000)::bigint, floor(extract(epoch FROM changed) * 1000)
            FROM shop_orders ORDER BY order_no::text",
        )
    }

    /// Customers as PostgreSQL has them, in the words of [`CUSTOMERS`].
    pub fn customers(&self) -> String {
        self.rows(
            "SELECT customer_no, segment, country, trim_scale(lifetime_value), coalesce(trim(currency), ''),
                (extract(epoch FROM registered) * 1000)::bigint,
                floor(extract(epoch FROM since) * 1000)
            FROM shop_customers ORDER BY customer_no",
        )
    }

    /// What customers say, of orders and of times of their own.
    pub fn feedback(&self) -> Vec<Option<String>> {
        SAID.iter()
            .map(|said| {
                let at = match said.hour {
                    Some(hour) => self.begun + SignedDuration::from_hours(hour),
                    None => Timestamp::now() + SignedDuration::from_hours(2),
                };
                let mut customer = json!({});
                if !said.customer.is_empty() {
                    customer["customer_id"] = json!(said.customer);
                }
                let mut data = json!({
                    "review_id": said.id, "platform": "shop", "rating": {"value": 3},
                    "created_at": at.to_string(),
                });
                if !said.order.is_empty() {
                    data["order_id"] = json!(said.order);
                }
                let event = json!({
                    "specversion": "1.0", "id": said.id, "source": "shop/reviews",
                    "type": "cx.review.v1", "version": 1, "customer": customer, "data": data,
                });
                Some(event.to_string())
            })
            .collect()
    }

    /// [`JOINED`] before the trade.
    pub fn joined_at_first(&self) -> String {
        SAID.iter()
            .map(|said| format!("{}\t{}\n", said.id, said.first))
            .collect()
    }

    /// [`JOINED`] after it, and after repair.
    pub fn joined(&self) -> String {
        SAID.iter()
            .map(|said| format!("{}\t{}\n", said.id, said.then))
            .collect()
    }

    /// Runs SQL in which `@N` is the hour N.
    fn sql(&self, statements: &str) -> String {
        let mut parts = statements.split('@');
        let mut sql = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| c != '-' && !c.is_ascii_digit());
            let (hour, rest) = part.split_at(end.unwrap_or(part.len()));
            let hour = SignedDuration::from_hours(hour.parse().unwrap());
            sql += &format!("'{}'{rest}", self.begun + hour);
        }
        self.postgres.sql(&sql).unwrap()
    }

    /// Rows as ClickHouse writes them in TSV.
    fn rows(&self, sql: &str) -> String {
        let rows = self.sql(sql);
        let line = |line: &str| {
            let values = line.split('|');
            let values: Vec<&str> = values
                .enumerate()
                .map(|(column, value)| match value {
                    // Numbers that are not told are NULL, texts empty.
                    "" if column == 3 || column == 5 => "\\N",
                    value => value,
                })
                .collect();
            values.join("\t") + "\n"
        };
        rows.lines().map(line).collect()
    }
}

/// Feedback, and what is joined to it.
struct Said {
    id: &'static str,
    /// When; `None`: after all that happened.
    hour: Option<i64>,
    order: &'static str,
    customer: &'static str,
    /// Joined before the trade …
    first: &'static str,
    /// … and after it.
    then: &'static str,
}

const fn said(
    id: &'static str,
    hour: Option<i64>,
    (order, customer): (&'static str, &'static str),
    first: &'static str,
    then: &'static str,
) -> Said {
    Said {
        id,
        hour,
        order,
        customer,
        first,
        then,
    }
}

/// Sorted by id. What is joined: status, id, segment and lifetime value of the customer; status,
/// state and total of the order.
const SAID: [Said; 14] = [
    // Before the order was placed: whatever came later.
    said(
        "a-before",
        Some(0),
        ("1001", ""),
        "none\t\t\t\\N\tmiss\t\t\\N",
        "none\t\t\t\\N\tmiss\t\t\\N",
    ),
    said(
        "b-paid",
        Some(10),
        ("1001", ""),
        "hit\tc-1\tfamily\t1234.5678\thit\tpaid\t12.3",
        "hit\tc-1\tfamily\t1234.5678\thit\tpaid\t12.3",
    ),
    // Sent and upgraded since, though PostgreSQL was told of it later.
    said(
        "c-sent",
        Some(26),
        ("1001", ""),
        "hit\tc-1\tfamily\t1234.5678\thit\tpaid\t12.3",
        "hit\tc-1\tenterprise\t0.0001\thit\tshipped\t12.3",
    ),
    said(
        "d-delivered",
        Some(48),
        ("1001", ""),
        "hit\tc-1\tfamily\t1234.5678\thit\tpaid\t12.3",
        "hit\tc-1\tenterprise\t0.0001\thit\tdelivered\t12.3",
    ),
    // Heard of before its order.
    said(
        "e-early",
        Some(10),
        ("1003", ""),
        "none\t\t\t\\N\tmiss\t\t\\N",
        "hit\tc-2\tbusiness\t\\N\thit\tpaid\t-7.05",
    ),
    // The order was there until it was deleted, a moment ago.
    said(
        "f-deleted",
        Some(12),
        ("1004", ""),
        "none\t\t\t\\N\tmiss\t\t\\N",
        "hit\tc-1\tfamily\t1234.5678\thit\tcreated\t50",
    ),
    said(
        "g-deleted-now",
        None,
        ("1004", ""),
        "none\t\t\t\\N\tmiss\t\t\\N",
        "none\t\t\t\\N\tmiss\t\t\\N",
    ),
    // A changed key: the old one until the change, the new one from its own time on.
    said(
        "h-old-key",
        Some(31),
        ("1002", ""),
        "hit\tc-2\tbusiness\t\\N\thit\tcreated\t99999.99",
        "hit\tc-2\tbusiness\t\\N\thit\tcreated\t99999.99",
    ),
    said(
        "i-old-key-now",
        None,
        ("1002", ""),
        "hit\tc-2\tbusiness\t\\N\thit\tcreated\t99999.99",
        "none\t\t\t\\N\tmiss\t\t\\N",
    ),
    said(
        "j-new-key",
        Some(31),
        ("1902", ""),
        "none\t\t\t\\N\tmiss\t\t\\N",
        "hit\tc-2\tbusiness\t\\N\thit\tcreated\t99999.99",
    ),
    // The customer is named, and was deleted.
    said(
        "k-customer",
        Some(10),
        ("", "c-3"),
        "hit\tc-3\tfamily\t0\tnone\t\t\\N",
        "hit\tc-3\tfamily\t0\tnone\t\t\\N",
    ),
    said(
        "l-customer-now",
        None,
        ("", "c-3"),
        "hit\tc-3\tfamily\t0\tnone\t\t\\N",
        "miss\tc-3\t\t\\N\tnone\t\t\\N",
    ),
    // Of the order of a deleted customer: the order is there.
    said(
        "m-order-of-deleted",
        None,
        ("1005", ""),
        "none\t\t\t\\N\tmiss\t\t\\N",
        "miss\tc-3\t\t\\N\thit\tpaid\t0.1",
    ),
    // Deleted and there again.
    said(
        "n-again",
        None,
        ("", "c-4"),
        "miss\tc-4\t\t\\N\tnone\t\t\\N",
        "hit\tc-4\tstudent\t11\tnone\t\t\\N",
    ),
];
