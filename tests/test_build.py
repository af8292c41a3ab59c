"""A run is named after what decides its numbers; a refit replaces the day's fit before it."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from etl import clv
from etl.errors import DataBlocked
from etl.files import make_folder
from etl.state import commit_state, read_state
from etl.warehouse import build
from etl.warehouse.build import (
    _last_of_each,
    _stored_fits,
    _units_due,
    build_warehouse,
    code_version,
    settled_run_id,
)
from etl.warehouse.database import build_path

DAY = date(2026, 1, 30)
SCHEMA = clv.INPUT_SCHEMAS["clv_parameters"]


def fit(estimate, unit="shop", day=DAY):
    row = (day, unit, "bg_nbd", "r", estimate, day)
    return pl.DataFrame([row], schema=SCHEMA, orient="row")


def models(unit="shop", day=DAY):
    row = {"run_cutoff_on": day, "business_unit": unit, "in_force_from": day}
    schema = clv.INPUT_SCHEMAS["clv_models"]
    return pl.DataFrame([dict.fromkeys(schema) | row], schema=schema)


def test_an_empty_lake_is_not_built_and_the_last_build_stays(settings):
    make_folder(build_path(settings).parent)
    build_path(settings).write_bytes(b"the last build")
    with pytest.raises(DataBlocked, match="The lake is empty") as caught:
        build_warehouse(settings, DAY, print)
    assert caught.value.code == "LAKE_EMPTY"
    assert build_path(settings).exists()


def test_a_refit_of_the_same_day_replaces_the_fit_before(settings):
    commit_state(settings, "first", DAY, {"clv_parameters": fit(1.0)})
    commit_state(settings, "other", DAY, {"clv_parameters": fit(5.0, unit="other")})
    commit_state(settings, "again", DAY, {"clv_parameters": fit(2.0)})
    rows = _last_of_each(read_state(settings, "clv_parameters", SCHEMA, DAY))
    assert dict(rows.select("business_unit", "estimate").iter_rows()) == {"shop": 2.0, "other": 5.0}


def test_a_fit_belongs_to_the_currency_it_was_made_in(settings):
    """Spend in dollars says nothing about spend in yen; fits of old named none and were dollars."""
    in_yen = replace(settings, reporting_currency="JPY")
    commit_state(settings, "of_old", DAY, {"clv_parameters": fit(1.0)})
    yen = fit(150.0).with_columns(pl.lit("JPY").alias("reporting_currency"))
    commit_state(settings, "yen", DAY, {"clv_parameters": yen})
    assert _stored_fits(settings, DAY)["clv_parameters"]["estimate"].to_list() == [1.0]
    assert _stored_fits(in_yen, DAY)["clv_parameters"]["estimate"].to_list() == [150.0]
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
