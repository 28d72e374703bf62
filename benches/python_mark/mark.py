#!/usr/bin/env python3
"""The mark to beat: the pipeline that a data team would write in an afternoon.

Kafka to ClickHouse with the usual libraries in their fast settings: confluent-kafka, orjson,
clickhouse-connect; blocks of 10,000 rows by columns, offsets committed after each insert.
It does no enrichment, keeps no evidence, and stops for good at the first bad record.

    mark.py --brokers localhost:9092 --topic sada.feedback --clickhouse http://localhost:8123 \
        [--database python_mark] [--group python-mark] [--events N]

With --events it ends after so many records. Its last line is one of JSON: records, seconds from the
first block to the last commit, CPU seconds in between and in all, peak memory.
"""

import argparse
import datetime
import json
import resource
import signal
import time

import clickhouse_connect
import orjson
from confluent_kafka import Consumer

BLOCK = 10_000

TABLE = """
CREATE TABLE IF NOT EXISTS reviews (
    id String, tenant LowCardinality(String), created_at DateTime64(3), version UInt64,
    customer_id String, channel LowCardinality(String), country LowCardinality(String),
    platform LowCardinality(String), item_id String, rating Float32, title String, body String,
    _topic LowCardinality(String), _partition Int32, _offset Int64
) ENGINE = MergeTree ORDER BY (tenant, created_at, id)
"""

COLUMNS = [
    "id", "tenant", "created_at", "version", "customer_id", "channel", "country", "platform",
    "item_id", "rating", "title", "body", "_topic", "_partition", "_offset",
]


def moment(value):
    """Times as events have them: RFC 3339, or seconds or milliseconds since 1970."""
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    return datetime.datetime.fromtimestamp(value / 1000 if value > 1e11 else value, datetime.timezone.utc)


def row(message):
    event = orjson.loads(message.value())
    data = event["data"]
    context = event.get("context") or {}
    return (
        event["id"],
        event.get("tenant_id", "default"),
        moment(data["created_at"]),
        event.get("version", 0),
        (event.get("customer") or {}).get("customer_id", ""),
        context.get("channel", ""),
        context.get("country", ""),
        data["platform"],
        (data.get("item") or {}).get("id", ""),
        (data.get("rating") or {}).get("value", 0.0),
        data.get("title", ""),
        data.get("body", ""),
        message.topic(),
        message.partition(),
        message.offset(),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--clickhouse", required=True, metavar="URL")
    parser.add_argument("--database", default="python_mark")
    parser.add_argument("--group", default="python-mark")
    parser.add_argument("--events", type=int, default=0)
    arguments = parser.parse_args()

    warehouse = clickhouse_connect.get_client(dsn=arguments.clickhouse, compress=False)
    warehouse.command("CREATE DATABASE IF NOT EXISTS {d:Identifier}", parameters={"d": arguments.database})
    warehouse.database = arguments.database
    warehouse.command(TABLE)
    consumer = Consumer({
        "bootstrap.servers": arguments.brokers,
        "group.id": arguments.group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    })
    consumer.subscribe([arguments.topic])

    running = True

    def stop(*_):
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    done, begun = 0, None
    while running and (not arguments.events or done < arguments.events):
        messages = consumer.consume(BLOCK, timeout=1.0)
        for message in messages:
            if message.error():
                raise SystemExit(f"kafka: {message.error()}")
        if not messages:
            continue
        if begun is None:
            begun, used = time.monotonic(), time.process_time()
        rows = [row(message) for message in messages]
        warehouse.insert("reviews", list(zip(*rows)), column_names=COLUMNS, column_oriented=True)
        consumer.commit(asynchronous=False)
        done += len(rows)

    if begun is not None:
        print(json.dumps({
            "records": done,
            "seconds": round(time.monotonic() - begun, 3),
            "cpu_seconds": round(time.process_time() - used, 3),
            "cpu_seconds_total": round(time.process_time(), 3),
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }), flush=True)
    consumer.close()


if __name__ == "__main__":
    main()
