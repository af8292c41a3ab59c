"""Two releases are equal cell by cell, and one planted difference is found and named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from etl.publish.compare import Comparison, compare_mart
from etl.publish.marts import Mart

MART = Mart(
    name="orders",
    audience="core",
    relation="",
    description="",
    columns={},
    volatile=frozenset({"loaded_at"}),
    modelled=frozenset({"forecast"}),
    grain=("shop", "order_no"),
)
ROWS = """
    select * from (values
        ('a', 1, 10.5000, 0.123456, 1.0::double, 'x', date '2026-01-01', 1),
        ('a', 2, null, null, null, null, null, 2),
        (null, 3, 5.0000, 0.000001, 2.0::double, 'y', date '2026-01-02', 3)
    ) t(shop, order_no, amount, forecast, share, label, day, loaded_at)
"""


def compared(tmp_path: Path, query: str, mart: Mart = MART) -> Comparison:
    """Compare the rows with what a query over them, as ``t``, gives."""
    with duckdb.connect() as connection:
        for name, statement in (("first", ROWS), ("second", query)):
            (tmp_path / name).mkdir()
            file = tmp_path / name / "orders.parquet"
            connection.execute(f"copy (with t as ({ROWS}) {statement}) to '{file}'")
        return compare_mart(connection, tmp_path / "first", tmp_path / "second", mart)


@pytest.mark.parametrize(
    "query",
    [
        "from t order by order_no desc",
        "select * replace (0 as loaded_at) from t",
        "select * replace ((forecast + 0.000001)::decimal(7, 6) as forecast) from t",
        "select * replace (share * (1 + 1e-10) as share) from t",
    ],
)
def test_what_may_differ_is_equal(tmp_path: Path, query: str) -> None:
    found = compared(tmp_path, query)
    assert found.is_equal, found
    assert found.rows == (3, 3)


@pytest.mark.parametrize(
    ("query", "cells"),
    [
        ("select * replace ((amount + 0.0001)::decimal(6, 4) as amount) from t", {"amount": 2}),
        ("select * replace ((forecast + 0.000002)::decimal(7, 6) as forecast) from t",
         {"forecast": 2}),
        ("select * replace (coalesce(forecast, 0)::decimal(7, 6) as forecast) from t",
         {"forecast": 1}),
        ("select * replace (share * (1 + 1e-8) as share) from t", {"share": 2}),
        ("select * replace (nullif(share, 2) as share) from t", {"share": 1}),
        ("select * replace (upper(label) as label) from t", {"label": 2}),
        ("select * replace (day + 1 as day, 'z' as label) from t", {"day": 2, "label": 3}),
    ],
)  # fmt: skip
def test_a_differing_cell_is_counted_by_column(
    tmp_path: Path, query: str, cells: dict[str, int]
) -> None:
    found = compared(tmp_path, query)
    assert dict(found.cells) == cells
    assert not found.is_equal


@pytest.mark.parametrize(
    ("query", "unmatched"),
    [
        ("from t where order_no <> 3", 1),
        ("select * replace (order_no + 1 as order_no) from t", 4),
        ("from t union all from t where order_no = 1", 0),
    ],
)
def test_lost_moved_and_doubled_rows_are_no_equality(
    tmp_path: Path, query: str, unmatched: int
) -> None:
    found = compared(tmp_path, query)
    assert found.unmatched == unmatched
    assert not found.is_equal


def test_other_columns_or_types_are_named(tmp_path: Path) -> None:
    found = compared(tmp_path, "select * exclude (day) replace (share::float as share) from t")
    assert found.shape == "share: DOUBLE and FLOAT; day: DATE and absent"
    assert not found.is_equal


def test_a_column_that_is_not_tagged_has_no_tolerance(tmp_path: Path) -> None:
    query = "select * replace ((forecast + 0.000001)::decimal(7, 6) as forecast) from t"
    found = compared(tmp_path, query, replace(MART, modelled=frozenset()))
    assert dict(found.cells) == {"forecast": 2}
