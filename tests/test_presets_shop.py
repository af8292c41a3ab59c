"""What is easily got wrong with the exports of shops, each named as a fact."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from etl.mapping import load_mapping
from tests.delivering import make_stage, table
from tests.systems.landing import PRESETS, SYSTEMS, mapping_of

EXPORTS = SYSTEMS / "shopify" / "exports" / "2026-03-31"
ORDERS = EXPORTS / "orders_export_2026-03-31.csv"
LATE = {"business_day": date(2026, 3, 31)}


def shopify_orders(*names: str) -> tuple[list[str], list[dict[str, str]]]:
    """Return header and rows of some orders of the Shopify fixture."""
    reader = csv.DictReader(io.StringIO(ORDERS.read_text(encoding="utf-8"), newline=""))
    rows = [row for row in reader if row["Name"] in names]
    return list(reader.fieldnames or ()), rows


def staged_orders(folder: Path, header: list[str], rows: list[dict[str, str]]) -> pl.DataFrame:
    """Return the orders that the preset makes of some rows."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    stage = make_stage(folder, mapping_of("shopify", "America/New_York"))
    return table(stage.deliver_text(text.getvalue(), "orders_export_1.csv", **LATE), "orders")


def test_an_order_of_two_lines_counts_once(tmp_path: Path) -> None:
    """Summed over rows after a forward fill, 110.90 becomes 211.80."""
    header, rows = shopify_orders("#1001", "#1006")
    naive = pl.DataFrame(rows).select(
        pl.col("Total").replace("", None).forward_fill().cast(pl.Decimal(18, 2)).sum()
    )
    assert naive.item() == Decimal("211.80")
    orders = staged_orders(tmp_path, header, rows)
    assert orders["total"].sum() == Decimal("110.90")
    assert orders.height == 2


def test_an_old_export_without_ids_goes_by_name(tmp_path: Path) -> None:
    header, rows = shopify_orders("#1001", "#1006")
    orders = staged_orders(tmp_path, [name for name in header if name != "Id"], rows)
    assert orders.select("order_id", "total").rows() == [
        ("#1006", Decimal("10.00")), ("#1001", Decimal("100.90")),
    ]  # fmt: skip


def test_two_orders_of_one_name_stay_two(tmp_path: Path) -> None:
    header, rows = shopify_orders("#1001", "#1006")
    orders = staged_orders(tmp_path, header, [row | {"Name": "#1"} for row in rows])
    assert sorted(orders["order_id"].to_list()) == ["5001", "5006"]


def test_the_headers_are_those_of_the_real_exports() -> None:
    header, _ = shopify_orders()
    assert len(header) == 79
    mapping = load_mapping(PRESETS / "shopify.yml")
    assert set(mapping.export("orders").source_columns) <= set(header)
    [customers] = EXPORTS.glob("customers*")
    columns = customers.read_text(encoding="utf-8-sig").split("\n", 1)[0].split(",")
    assert set(mapping.export("customers").source_columns) <= set(columns)


@pytest.mark.parametrize("name", ["shopify", "woocommerce"])
def test_presets_say_which_lines_are_yours(name: str) -> None:
    lines = (PRESETS / f"{name}.yml").read_text().splitlines()
    completed = [line.split(":")[0].strip() for line in lines if "# yours" in line]
    assert {"system", "business_time_zone", "business_unit"} <= set(completed)
