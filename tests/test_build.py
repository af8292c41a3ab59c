"""A run is named after what decides its numbers; a refit replaces the day's fit before it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from etl import clv
from etl.errors import DataBlocked
from etl.files import make_folder
from etl.state import commit_state
from etl.warehouse import build
from etl.warehouse.build import build_warehouse, code_version, settled_run_id
from etl.warehouse.database import build_path
from etl.warehouse.values import _superseded, _units_due, stored_fits

DAY = date(2026, 1, 30)


def rows_of(kind, unit, day, **values):
    schema = clv.STATE_SCHEMAS[kind]
    named = {"business_unit": unit, "run_cutoff_on": day, "in_force_from": day}
    row = dict.fromkeys(schema) | named | {"model_segment": "all"} | values
    return pl.DataFrame([row], schema=schema)


def models(unit="shop", day=DAY):
    return rows_of("clv_models", unit, day)


def fit(estimate, unit="shop", day=DAY):
    return {
        "clv_models": models(unit, day),
        "clv_parameters": rows_of("clv_parameters", unit, day, estimate=estimate),
    }


def estimates(fits):
    rows = fits["clv_parameters"]
    return dict(rows.select("business_unit", "estimate").iter_rows())


def test_an_empty_lake_is_not_built_and_the_last_build_stays(settings):
    make_folder(build_path(settings).parent)
    build_path(settings).write_bytes(b"the last build")
    with pytest.raises(DataBlocked, match="The lake is empty") as caught:
        build_warehouse(settings, DAY, print)
    assert caught.value.code == "LAKE_EMPTY"
    assert build_path(settings).exists()


def test_a_refit_of_the_same_day_replaces_the_fit_before(settings):
    commit_state(settings, "first", DAY, fit(1.0))
    commit_state(settings, "other", DAY, fit(5.0, unit="other"))
    commit_state(settings, "again", DAY, fit(2.0))
    assert estimates(stored_fits(settings, DAY)) == {"shop": 2.0, "other": 5.0}


def test_a_refit_takes_away_what_it_does_not_have(settings):
    """Parameters of a fit that failed the second time must not stay beside its verdict."""
    commit_state(settings, "first", DAY, fit(1.0))
    commit_state(settings, "again", DAY, {"clv_models": models()})
    assert estimates(stored_fits(settings, DAY)) == {}


def test_a_new_fit_stands_beside_those_of_other_days_and_units(settings):
    commit_state(settings, "first", DAY, fit(1.0))
    commit_state(settings, "other", DAY, fit(5.0, unit="other"))
    empty = {name: pl.DataFrame(schema=schema) for name, schema in clv.STATE_SCHEMAS.items()}
    stored = stored_fits(settings, DAY)
    assert estimates(_superseded(stored, empty | fit(2.0))) == {"shop": 2.0, "other": 5.0}
    later = _superseded(stored, empty | fit(3.0, day=date(2026, 1, 31)))
    assert sorted(later["clv_parameters"]["estimate"]) == [1.0, 3.0, 5.0]


def test_a_fit_from_before_there_were_segments_is_made_anew(settings):
    old = models().drop("model_segment", "choice_code").with_columns(bg_nbd_log_likelihood=-9.0)
    commit_state(settings, "old", DAY, {"clv_models": old})
    assert stored_fits(settings, DAY)["clv_models"].is_empty()


def test_a_fit_from_before_the_backtest_knew_money_has_none(settings):
    """It stays in force with what it knew, beside later fits that know more."""
    money = ["predicted_revenue", "actual_revenue", "revenue_bias", "spend_model", "cohort_bias"]
    known = fit(1.0) | {
        "clv_backtests": rows_of("clv_backtests", "shop", DAY, rmse=1.5).drop(money),
        "clv_totals": rows_of("clv_totals", "shop", DAY, draws=100).drop("customers"),
    }
    commit_state(settings, "old", DAY, known)
    new = fit(2.0, unit="other") | {
        "clv_backtests": rows_of("clv_backtests", "other", DAY, actual_revenue=Decimal("9.50")),
        "clv_totals": rows_of("clv_totals", "other", DAY, customers=3),
    }
    commit_state(settings, "new", DAY, new)
    found = stored_fits(settings, DAY)
    assert found["clv_backtests"].schema == clv.STATE_SCHEMAS["clv_backtests"]
    revenue = found["clv_backtests"].select("business_unit", "rmse", "actual_revenue")
    assert sorted(revenue.rows()) == [("other", None, Decimal("9.5")), ("shop", 1.5, None)]
    customers = found["clv_totals"].select("business_unit", "customers")
    assert sorted(customers.rows()) == [("other", 3), ("shop", None)]


def test_a_fit_belongs_to_the_currency_it_was_made_in(settings):
    """Spend in dollars says nothing about spend in yen; fits of old named none and were dollars."""
    in_yen = replace(settings, reporting_currency="JPY")
    commit_state(settings, "of_old", DAY, fit(1.0))
    currency = pl.lit("JPY").alias("reporting_currency")
    yen = {name: rows.with_columns(currency) for name, rows in fit(150.0).items()}
    commit_state(settings, "yen", DAY, yen)
    assert estimates(stored_fits(settings, DAY)) == {"shop": 1.0}
    assert estimates(stored_fits(in_yen, DAY)) == {"shop": 150.0}
    assert settled_run_id(settings, DAY) != settled_run_id(in_yen, DAY)


@pytest.mark.parametrize(
    ("fitted", "as_of", "refit", "due"),
    [
        (models().clear(), DAY, False, ["shop"]),  # never fitted
        (models(), DAY, False, []),
        (models(), date(2026, 1, 31), False, ["shop"]),  # month end
        (models(day=date(2026, 1, 31)), date(2026, 1, 31), False, []),  # fitted this month end
        (models(), date(2026, 2, 1), False, []),
        (models(), DAY, True, ["shop"]),
        (models(unit="other"), DAY, False, ["shop"]),  # a new unit waits for nobody
    ],
)
def test_models_are_fitted_at_first_at_month_end_and_on_request(fitted, as_of, refit, due):
    summaries = pl.DataFrame({"business_unit": ["shop"]})
    assert _units_due(summaries, fitted, as_of, refit=refit) == due


def test_the_code_version_follows_models_and_not_what_only_delivers(tmp_path, monkeypatch):
    for name in ("etl/rule.py", "etl/demo/made_up.py", "dbt_project/seeds/s.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(build, "PROJECT_ROOT", tmp_path)
    monkeypatch.setattr(build, "DBT_PROJECT", tmp_path / "dbt_project")
    monkeypatch.setattr(build, "SQL_ROOT", tmp_path / "sql")
    before = code_version()
    (tmp_path / "etl/demo/made_up.py").write_text("2")
    assert code_version() == before
    (tmp_path / "dbt_project/seeds/s.csv").write_text("2")
    assert code_version() != before
