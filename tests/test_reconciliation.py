"""A cent too much in a finance mart is found by the build, named, and never published."""

from __future__ import annotations

import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from etl import route
from etl.config import DBT_PROJECT, load_settings
from etl.errors import DataBlocked
from etl.publish.release import read_current
from etl.warehouse import transform
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
