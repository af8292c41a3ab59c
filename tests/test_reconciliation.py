"""A cent too much in a finance mart is found by the build, named, and never published."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl import route
from etl.config import DBT_PROJECT, load_settings
from etl.errors import DataBlocked
from etl.publish.release import read_current
from etl.warehouse import transform
from etl.warehouse.database import frame, open_build
from etl.warehouse.reconcile import reconcile
from etl.warehouse.transform import _raise_on_failure, target_folder, unequal_amounts
from tests.company import trade
from tests.company.published import PublishedCompany
from tests.exchange import truth
from tests.exchange.company import AS_OF, MAPPINGS, MISSING_RATES, write_exchange, write_rates
from tests.exchange.truth import Truth

COLUMN = "cast(net_revenue as decimal(18, 4)) as incremental_net_revenue"
ONE_CENT_MORE = """cast(
            net_revenue + case
                when row_number() over (
                    order by cohort_month asc nulls last, months_since asc nulls last
                ) = 1 then 0.01
                else 0
            end as decimal(18, 4)
        ) as incremental_net_revenue"""
CENT = Decimal("0.01")


def project_with_a_cent_too_much(folder: Path) -> Path:
    """The dbt project, in which one row of clv_cohorts is a cent too high."""
    project = folder / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    model = project / "models" / "marts" / "finance" / "clv_cohorts.sql"
    text = model.read_text()
    assert text.count(COLUMN) == 1
    model.write_text(text.replace(COLUMN, ONE_CENT_MORE))
    return project


def test_a_broken_row_stops_the_run_and_is_named_with_both_amounts(
    tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real route, from files on; only one row of one model is wrong."""
    settings = load_settings(
        data=tmp_path / "data", landing=tmp_path / "landing", mappings=MAPPINGS
    )
    settings = replace(settings, key_file=key_file, duckdb_memory="1GB")
    write_exchange(settings.landing)
    write_rates(settings.landing, MISSING_RATES)
    monkeypatch.setattr(transform, "DBT_PROJECT", project_with_a_cent_too_much(tmp_path))
    with pytest.raises(DataBlocked) as caught:
        route.run(settings, AS_OF)
    right = sum(Truth().net_revenue(order) for order in truth.counted())
    assert (caught.value.code, caught.value.exit_code) == ("NOT_RECONCILED", 3)
    for unit in ("all", "bazaar"):
        assert f"net_revenue_by_cohorts, {unit} (orders = clv_cohorts" in caught.value.what
    assert caught.value.what.count(f"{right:.4f} against {right + CENT:.4f}") == 2
    assert "margin" not in caught.value.what
    assert read_current(settings) is None
    assert not list(settings.marts.glob("releases/*"))


def test_every_finance_table_adds_up_to_what_was_delivered(published: PublishedCompany) -> None:
    """The expected amounts are added up from the records themselves."""
    rows = published.ask("select * from reconciliation")
    assert not rows.filter(rows["difference"] != 0).height
    found = dict(rows.select("check_name", "right_amount").filter(rows["business_unit"] == "all")
                 .iter_rows())  # fmt: skip
    shops = published.expected.totals().shops.values()
    net = sum(shop.net_revenue for shop in shops)
    for side in ("postings", "customer_parts", "customers", "cohorts", "concentration"):
        assert found[f"net_revenue_by_{side}"] == net
    assert found["marketing_costs_by_channel"] == 400
    year = published.one("select sum(clv_12m_margin_nominal) from customer_lifetime_value_parts")
    assert found["forecast_12m_margin_by_customers"] == year > 0
    assert found["forecast_12m_margin_by_horizons"] == year
    year = published.one("select sum(clv_12m_revenue_nominal) from customer_lifetime_value_parts")
    assert found["forecast_12m_revenue_by_customers"] == year > 0
    assert "currencies added" in "".join(rows["description"])
    assert {row["check_name"] for row in published.result.manifest["reconciliation"]["marts"]} == (
        set(rows["check_name"])
    )


# At each border one row, and one cent, too many or too few: nothing is published, both are named.


class Copied:
    """The small company's build and inputs, to be spoiled."""

    def __init__(self, published: PublishedCompany, folder: Path) -> None:
        warehouse = published.settings.warehouse
        self.settings = replace(published.settings, data=folder)
        shutil.copytree(warehouse / "build", self.settings.warehouse / "build")
        (self.inputs,) = (path for path in (warehouse / "inputs").iterdir())
        self.inputs = Path(shutil.copytree(self.inputs, folder / "inputs"))
        self.as_of = published.expected.as_of
        self.compiled = target_folder(published.settings) / "compiled"

    def change(self, query: str) -> None:
        with open_build(self.settings) as build:
            build.execute(query)

    def rewrite(self, table: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
        """Change one committed file of the lake with rows in it."""
        files = sorted((self.inputs / table).glob("*.parquet"))
        path = next(path for path in files if pl.read_parquet(path).height)
        rows = change(pl.read_parquet(path))
        path.unlink()  # it is a link to the lake's own
        rows.write_parquet(path)

    def reconcile(self) -> dict[str, Any]:
        with open_build(self.settings) as build:
            return reconcile(build, self.inputs, self.as_of)

    def refused(self) -> str:
        with pytest.raises(DataBlocked) as caught:
            self.reconcile()
        assert caught.value.code == "NOT_RECONCILED"
        return caught.value.what


@pytest.fixture
def copied(published: PublishedCompany, tmp_path: Path) -> Copied:
    copy = Copied(published, tmp_path)
    copy.reconcile()  # it is whole before it is spoiled
    return copy


def test_a_row_that_the_lake_lost_is_named_with_both_counts(copied: Copied) -> None:
    rows = {r["source_system"]: r["rows_accepted"]
            for r in copied.reconcile()["tables"] if r["table_name"] == "payments"}  # fmt: skip
    copied.rewrite("payments", lambda rows: rows.head(rows.height - 1))
    what = copied.refused()
    assert any(f"{system}.payments: {n} rows accepted, {n - 1} in lake" in what
               for system, n in rows.items())  # fmt: skip


def test_a_cent_that_the_lake_has_too_much_is_named_with_both_amounts(copied: Copied) -> None:
    amounts = {r["source_system"]: r["amount_accepted"]
               for r in copied.reconcile()["tables"] if r["table_name"] == "orders"}  # fmt: skip
    first = pl.int_range(pl.len()) == 0
    cent = pl.when(first).then(pl.col("total") + CENT).otherwise("total").cast(pl.Decimal(18, 4))
    copied.rewrite("orders", lambda rows: rows.with_columns(cent.alias("total")))
    what = copied.refused()
    assert any(f"{system}.orders: {amount} accepted, {amount + CENT} in lake" in what
               for system, amount in amounts.items())  # fmt: skip


def test_an_order_that_the_marts_lost_is_named_with_both_counts(copied: Copied) -> None:
    copied.change("delete from marts.orders where rowid = (select min(rowid) from marts.orders)")
    assert re.search(r"orders: (\d+) versions in lake, (\d+) accounted for", copied.refused())


def test_a_cent_between_lake_and_marts_fails_the_build_with_both_amounts(copied: Copied) -> None:
    """The check is dbt's, of severity error; here as it was compiled for this build."""
    (path,) = copied.compiled.rglob("orders_reconcile_to_staging.sql")
    sql = path.read_text()
    with open_build(copied.settings) as build:
        assert not frame(build, sql).height
    one = "(select min(order_id) from marts.orders where source_system = 'north_shop')"
    copied.change(
        f"update marts.orders set net_revenue = net_revenue + 0.01"
        f" where source_system = 'north_shop' and order_id = {one}"
    )
    with open_build(copied.settings) as build:
        rows = frame(build, sql)
    (published_amount, delivered) = rows.row(0)[1:]
    assert published_amount - delivered == CENT
    failed = [{"node": path.stem, "status": "fail", "message": "Got 1 result, expected 0"}]
    with pytest.raises(DataBlocked) as caught:
        _raise_on_failure(failed, copied.compiled, unequal_amounts(rows))
    assert caught.value.code == "AUDIT_FAILED"
    shown = f"Net revenue of north_shop: {published_amount} in the marts, {delivered} delivered."
    assert caught.value.what.endswith(shown)


def test_a_product_that_left_the_list_left_the_marts_and_everything_reconciles(
    published: PublishedCompany,
) -> None:
    """Planted: from the third drop on the whole list is without a product that was never sold."""
    listed = published.ask("select sku from products where source_system = 'north_shop'")
    assert sorted(listed["sku"]) == sorted(trade.PRODUCTS)
    told = published.result.manifest["reconciliation"]["tables"]
    (products,) = [row for row in told if row["table_name"] == "products"]
    assert products["rows_in_lake"] == products["rows_accepted"] == 2 * len(trade.PRODUCTS) + 1
