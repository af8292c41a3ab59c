"""Each of the four comparisons stops the publish by itself, on a build of three orders.

``test_reconciliation.py`` spoils the small company's own build.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from etl.config import Settings
from etl.errors import DataBlocked
from etl.ingest.staging import STAGED_NAME
from etl.lake.commits import read_lake
from etl.lake.inputs import empty_frame
from etl.lake.snapshot import write_input, write_snapshot
from etl.warehouse.database import scratch
from etl.warehouse.reconcile import reconcile
from tests.test_lake import commit, stage

DAY = date(2026, 1, 31)
BUILD = """
create schema marts;
create schema intermediate;
create table intermediate.int_orders_latest as
    select 'shop' as source_system, order_id, 1.00::decimal(18, 4) as total
    from (values ('0'), ('1'), ('2')) t(order_id);
create table marts.orders as
    select *, 1::decimal(24, 12) as exchange_rate, 'c' as customer_key,
        1.00::decimal(18, 4) as net_revenue, 0::decimal(18, 4) as gift_card_sales
    from intermediate.int_orders_latest;
create table marts.reconciliation as
    select 'sums' as check_name, 'all' as business_unit, 'a = b' as description,
        3.00::decimal(38, 4) as left_amount, 3.00::decimal(38, 4) as right_amount,
        0::decimal(38, 4) as difference;
"""


@pytest.fixture
def inputs(settings: Settings) -> Path:
    """The inputs of a lake with three orders of one unit of money each."""
    folder = stage(settings, rows=3)
    assert (folder / STAGED_NAME).exists()
    commit(settings)
    laid = write_snapshot(settings, read_lake(settings))
    rows = pl.DataFrame({"order_id": ["0", "1", "2"], "source_system": "shop", "known_on": DAY})
    held = pl.concat([empty_frame("orders"), rows], how="diagonal")
    write(laid, held.with_columns(total=pl.lit(1, pl.Decimal(18, 4))))
    loads = pl.read_parquet(laid / "raw_loads" / "*.parquet").filter(pl.col("table_name") != "")
    told = {"rows_accepted": 3, "amount_accepted": 3}
    write_input(laid, "raw_loads", loads.with_columns(**{k: pl.lit(v) for k, v in told.items()}))
    return laid


def write(laid: Path, orders: pl.DataFrame) -> None:
    """Put orders in the place of those that were committed."""
    (path,) = (laid / "orders").glob("d1.parquet")
    path.unlink()  # it is a link to the lake's own
    orders.write_parquet(path)


@pytest.fixture
def build(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with scratch(settings) as connection:
        connection.execute(BUILD)
        yield connection


def refused(build: duckdb.DuckDBPyConnection, inputs: Path) -> str:
    with pytest.raises(DataBlocked) as caught:
        reconcile(build, inputs, DAY)
    assert (caught.value.code, caught.value.exit_code) == ("NOT_RECONCILED", 3)
    return caught.value.what


def test_what_adds_up_passes(build: duckdb.DuckDBPyConnection, inputs: Path) -> None:
    assert reconcile(build, inputs, DAY)["orders"][0]["orders_in_mart"] == 3


def test_a_row_more_in_the_lake_than_was_accepted(
    build: duckdb.DuckDBPyConnection, inputs: Path
) -> None:
    path = inputs / "orders" / "d1.parquet"
    twice = pl.col("total") / 2  # so that the amount stays
    rows = pl.concat([pl.read_parquet(path).head(1).with_columns(twice)] * 2)
    write(inputs, pl.concat([rows, pl.read_parquet(path).tail(2)]))
    assert "shop.orders: 3 rows accepted, 4 in lake" in refused(build, inputs)


def test_a_cent_more_in_the_lake_than_was_accepted(
    build: duckdb.DuckDBPyConnection, inputs: Path
) -> None:
    orders = pl.read_parquet(inputs / "orders" / "d1.parquet")
    first = pl.when(pl.col("order_id") == "0").then(pl.lit("1.01")).otherwise(pl.lit("1.00"))
    write(inputs, orders.with_columns(first.cast(pl.Decimal(18, 4)).alias("total")))
    assert "shop.orders: 3.0000 accepted, 3.0100 in lake" in refused(build, inputs)


def test_an_order_that_is_in_the_lake_and_in_no_mart(
    build: duckdb.DuckDBPyConnection, inputs: Path
) -> None:
    build.execute("delete from marts.orders where order_id = '0'")
    told = "shop.orders: 3 versions in lake, 2 accounted for, 2 in the mart"
    assert told in refused(build, inputs)


def test_two_marts_that_differ_by_a_cent(build: duckdb.DuckDBPyConnection, inputs: Path) -> None:
    build.execute("update marts.reconciliation set right_amount = 3.01, difference = -0.01")
    assert "sums, all (a = b): 3.0000 against 3.0100" in refused(build, inputs)
