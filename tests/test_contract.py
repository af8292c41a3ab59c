"""The contract is one set of rules: kinds fix types, keys exist, personal columns become tokens."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from etl.contract import ENVELOPE, TABLES, Table
from etl.contract.orders import FxRates, Orders
from etl.contract.table import VOLATILE, business_date

KIND_TYPES = {
    "text": pl.String(),
    "money": pl.Decimal(18, 4),
    "quantity": pl.Decimal(18, 6),
    "score": pl.Decimal(9, 4),
    "points": pl.Decimal(18, 2),
    "fx": pl.Decimal(24, 12),
    "integer": pl.Int64(),
    "flag": pl.Boolean(),
    "day": pl.Date(),
    "instant": pl.Datetime("us", "UTC"),
}


@pytest.fixture(params=TABLES.values(), ids=lambda table: table.name)
def table(request: pytest.FixtureRequest) -> Table:
    return request.param


def test_a_kind_has_one_type(table: Table) -> None:
    for name, column in table.schema.columns().items():
        assert column.dtype == KIND_TYPES[table.kind(name)], name


def test_a_table_has_a_key_that_is_never_null(table: Table) -> None:
    assert table.key
    assert not any(table.schema.columns()[name].nullable for name in table.key)


def test_every_column_says_what_it_is(table: Table) -> None:
    assert all(column.description for column in table.schema.columns().values())


def test_names_carry_their_kind(table: Table) -> None:
    for name in table.schema.column_names():
        assert (table.kind(name) == "instant") == name.endswith("_at"), name
        if name.endswith("_on"):
            assert table.kind(name) == "day", name
        if table.kind(name) == "flag":
            assert name.startswith("is_") or name in {
                "auto_renew",
                "sole_source",
                "taxes_included",
                "restocked",
                "higher_is_better",
            }, name


def test_the_lake_has_no_clear_personal_value_and_every_business_date(table: Table) -> None:
    lake = table.lake_schema()
    assert all(lake[name] == pl.String() for name in table.pii)
    assert all(lake[business_date(name)] == pl.Date() for name in table.instants)
    assert list(lake)[-len(ENVELOPE) :] == list(ENVELOPE)
    assert not [name for name, dtype in lake.items() if dtype.is_float()]


def test_document_and_amount_columns_exist(table: Table) -> None:
    columns = table.schema.column_names()
    assert table.document in {"", *columns}
    assert table.amount in {"", *(n for n in columns if table.kind(n) == "money")}


def test_volatile_columns_are_columns_of_the_envelope() -> None:
    assert set(VOLATILE) <= set(ENVELOPE)


def order(**changes: object) -> pl.DataFrame:
    filled = {
        "order_id": "1", "business_unit": "shop", "channel": "web", "status": "completed",
        "is_test": False, "ordered_at": datetime(2026, 1, 1, tzinfo=UTC), "currency": "EUR",
        "gross_items": Decimal(1), "discount": Decimal(0), "shipping": Decimal(0),
        "tax": Decimal(0), "total": Decimal(1),
    }  # fmt: skip
    row = dict.fromkeys(Orders.column_names()) | filled | changes
    schema = {name: column.dtype for name, column in Orders.columns().items()}
    return pl.DataFrame([row], schema=schema)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, None),
        ({"order_id": None}, "order_id|nullability"),
        ({"order_id": ""}, "order_id|min_length"),
        ({"discount": Decimal(-1)}, "discount|min"),
        ({"currency": "eur"}, "currency|regex"),
        ({"status": "shipped"}, "status|regex"),
        ({"cancelled_at": datetime(2026, 1, 2, tzinfo=UTC)}, "cancelled_has_status"),
        ({"cancelled_at": datetime(2026, 1, 2, tzinfo=UTC), "status": "cancelled"}, None),
    ],
)
def test_a_row_breaks_exactly_the_rule_it_breaks(changes: dict, rule: str | None) -> None:
    _, failed = Orders.filter(order(**changes))
    assert list(failed.counts()) == ([rule] if rule else [])


@pytest.mark.parametrize(("rate", "ok"), [("0", False), ("0.000000000001", True)])
def test_a_rate_of_exchange_is_above_zero(rate: str, ok: bool) -> None:
    row = {"rate_on": date(2026, 1, 1), "from_currency": "EUR", "to_currency": "USD",
           "rate": Decimal(rate)}  # fmt: skip
    schema = {name: column.dtype for name, column in FxRates.columns().items()}
    assert FxRates.is_valid(pl.DataFrame([row], schema=schema)) is ok
