"""Digests: the same facts give the same digest, different facts do not."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from etl.contract import TABLES
from etl.ingest.hashing import document_hashes, with_record_hash

COSTS = TABLES["product_costs"]
PRODUCTS = TABLES["products"]


def typed(table: object, rows: list[dict[str, object]]) -> pl.DataFrame:
    columns = table.schema.columns()  # type: ignore[attr-defined]
    return pl.DataFrame(
        [{name: row.get(name) for name in columns} for row in rows],
        schema={name: column.dtype for name, column in columns.items()},
    )


def digests(table: object, *rows: dict[str, object]) -> list[str]:
    return with_record_hash(typed(table, list(rows)), table)["record_hash"].to_list()  # type: ignore[arg-type]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def test_the_canonical_text_is_written_out() -> None:
    row = {
        "sku": "a", "valid_from": date(2024, 5, 31), "unit_cost": Decimal("1.5"),
        "currency": "EUR", "updated_at": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    }  # fmt: skip
    parts = ("sku=a", "valid_from=2024-05-31", "unit_cost=1.5000", "currency=EUR",
             "updated_at=1000000")  # fmt: skip
    text = "".join(f"\x1f{part}" for part in parts)
    assert digests(COSTS, row) == [digest(text)]


def test_null_and_empty_differ() -> None:
    null, empty = digests(PRODUCTS, {"product_id": "1"}, {"product_id": "1", "sku": ""})
    assert null != empty


def test_a_value_cannot_pass_for_another_column() -> None:
    one, other = digests(
        PRODUCTS,
        {"product_id": "1", "sku": "a\x1ftitle=b"},
        {"product_id": "1", "sku": "a", "title": "b"},
    )
    assert one != other


def test_the_neighbours_of_a_row_do_not_matter() -> None:
    row, other = {"product_id": "1", "sku": "a"}, {"product_id": "2", "title": "b"}
    assert digests(PRODUCTS, row) == digests(PRODUCTS, row, other)[:1]


def test_a_document_is_its_rows_in_any_order() -> None:
    rows = pl.DataFrame({"d": [1, 1, 2, 2, 3], "record_hash": ["b", "a", "a", "b", "a"]})
    found = dict(document_hashes(rows, ["d"]).iter_rows())
    assert found[1] == found[2] == digest("ab")
    assert found[3] == digest("a")
