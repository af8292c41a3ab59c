"""The logical hash sees every value and no row order."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from etl.publish.fingerprint import logical_hash
from etl.warehouse.database import scratch

ROWS = pl.DataFrame(
    {
        "key": ["a", "b", "c"],
        "money": [Decimal("1.1000"), None, Decimal("3.0000")],
        "share": [0.1 + 0.2, 1.0, None],
        "seen_at": [datetime(2026, 1, 1, tzinfo=UTC)] * 3,
        "on": [date(2026, 1, 1)] * 3,
        "loaded_at": [1, 2, 3],
    }
)


@pytest.fixture
def hash_of(settings, tmp_path):
    def hashed(rows, volatile=frozenset({"loaded_at"})):
        path = tmp_path / "t.parquet"
        rows.write_parquet(path)
        with scratch(settings) as connection:
            return logical_hash(connection, path, volatile)

    return hashed


def test_row_and_column_order_and_volatile_columns_do_not_count(hash_of):
    assert hash_of(ROWS) == hash_of(ROWS.reverse())
    assert hash_of(ROWS) == hash_of(ROWS.select(sorted(ROWS.columns)))
    assert hash_of(ROWS) == hash_of(ROWS.with_columns(loaded_at=pl.lit(9, pl.Int64)))


def test_the_last_bit_of_a_double_does_not_count(hash_of):
    assert hash_of(ROWS) == hash_of(ROWS.with_columns(share=pl.Series([0.3, 1.0, None])))


@pytest.mark.parametrize(
    "change",
    [
        pl.col("key").replace("a", "x"),
        pl.col("money").fill_null(Decimal("0.0000")),
        pl.col("share").fill_null(0.0),
        pl.col("on").dt.offset_by("1d"),
        pl.col("seen_at").dt.offset_by("1us"),
    ],
)
def test_every_value_counts(hash_of, change):
    assert hash_of(ROWS) != hash_of(ROWS.with_columns(change))


def test_a_repeated_row_counts(hash_of):
    assert hash_of(ROWS) != hash_of(pl.concat([ROWS, ROWS.head(1)]))


def test_a_table_without_rows_has_a_hash(hash_of):
    assert hash_of(ROWS.clear()) == (0, "0-0-0")


def test_a_null_is_no_empty_text(hash_of):
    texts = [ROWS.with_columns(key=pl.Series(["a", "b", last])) for last in (None, "")]
    assert hash_of(texts[0]) != hash_of(texts[1])
