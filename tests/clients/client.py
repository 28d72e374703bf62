"""Python's clients against the embedded engine: clickhouse-connect and its SQLAlchemy dialect.

    python client.py PORT DATABASE

Ends with exit code 0 if every answer is the expected one.
"""

import datetime
import sys

import clickhouse_connect
import sqlalchemy
from clickhouse_connect.driver.exceptions import DatabaseError

port, database = int(sys.argv[1]), sys.argv[2]
rows = [(n, f"نظر {n} 评论", n / 4, datetime.datetime(2026, 1, 1, 0, 0, n % 60)) for n in range(100_000)]


def of_connect(compress):
    with clickhouse_connect.get_client(
        host="127.0.0.1", port=port, database=database, compress=compress
    ) as client:
        client.command("DROP TABLE IF EXISTS py")
        client.command(
            "CREATE TABLE py (id UInt32, text String, score Nullable(Float64), at DateTime('UTC'),"
            " tags Array(LowCardinality(String)) DEFAULT ['a', 'b']) ENGINE = MergeTree ORDER BY id"
        )
        summary = client.insert("py", rows, column_names=["id", "text", "score", "at"])
        assert summary.written_rows == len(rows), summary.summary
        assert client.command("SELECT count() FROM py") == len(rows)
        found = client.query("SELECT id, text, score, tags FROM py ORDER BY id DESC LIMIT 2")
        assert found.column_names == ("id", "text", "score", "tags")
        assert found.result_rows == [
            (99_999, "نظر 99999 评论", 24999.75, ["a", "b"]),
            (99_998, "نظر 99998 评论", 24999.5, ["a", "b"]),
        ], found.result_rows
        # Every block of a large answer.
        whole = client.query("SELECT id, text FROM py ORDER BY id", settings={"max_block_size": 1000})
        assert whole.result_rows == [(id, text) for id, text, _, _ in rows]
        # Values that look like SQL stay values.
        awkward = "it's \\ `a` \" \n\t {x:String} 'سلام"
        client.insert("py", [(100_000, awkward)], column_names=["id", "text"])
        by_value = client.query("SELECT id FROM py WHERE text = {t:String}", parameters={"t": awkward})
        assert by_value.result_rows == [(100_000,)], by_value.result_rows
        by_name = client.query(
            "SELECT count() FROM {t:Identifier} WHERE has({ids:Array(UInt32)}, id)",
            parameters={"t": "py", "ids": [1, 2, 3]},
        )
        assert by_name.result_rows == [(3,)]
        # One session: a temporary table and a setting hold until it ends.
        client.command("CREATE TEMPORARY TABLE mine (x UInt8)")
        client.command("INSERT INTO mine VALUES (7)")
        client.command("SET max_block_size = 4321")
        assert client.command("SELECT x FROM mine") == 7
        assert client.command("SELECT getSetting('max_block_size')", settings={"max_threads": 1}) == 4321
        assert client.raw_query("SELECT 1 AS x", fmt="JSONEachRow") == b'{"x":1}\n'
        try:
            client.query("SELECT * FROM nowhere")
        except DatabaseError as error:
            assert "UNKNOWN_TABLE" in str(error), error
        else:
            raise AssertionError("an unknown table was found")


def of_sqlalchemy():
    engine = sqlalchemy.create_engine(f"clickhousedb://127.0.0.1:{port}/{database}")
    with engine.begin() as connection:
        count = connection.execute(
            sqlalchemy.text("SELECT count() FROM py WHERE id < :limit"), {"limit": 10}
        ).scalar()
        assert count == 10, count
    inspector = sqlalchemy.inspect(engine)
    assert inspector.has_table("py")
    assert [c["name"] for c in inspector.get_columns("py")][:2] == ["id", "text"]
    table = sqlalchemy.Table("py", sqlalchemy.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        best = connection.execute(
            sqlalchemy.select(table.c.text).where(table.c.score > 24999.5).order_by(table.c.id)
        ).all()
        assert [row[0] for row in best] == ["نظر 99999 评论"], best


for compress in ["lz4", "zstd", "gzip", False]:
    of_connect(compress)
of_sqlalchemy()
