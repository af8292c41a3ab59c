"""Fitting all units: frames, parameters in force, and summaries that cannot be."""

from __future__ import annotations

import math
from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl.clv import (
    INPUT_SCHEMAS,
    FitResult,
    SummaryError,
    build_lookup,
    business_units,
    fit_business_units,
    in_force,
)
from etl.clv.bg_nbd import BgNbd
from etl.clv.fit import Fit
from tests.clv_samples import CUTOFF_ON, cdnow, day_before, summary

RATE = 0.10


@pytest.fixture(scope="module")
def two_units() -> pl.DataFrame:
    rows = summary(cdnow(), "large")
    return pl.concat([rows, summary(cdnow().head(499), "small")])


@pytest.fixture(scope="module")
def fitted(two_units: pl.DataFrame) -> FitResult:
    return fit_business_units(two_units, CUTOFF_ON, RATE)


def test_frames_have_the_declared_schemas(fitted):
    assert fitted.parameters.schema == INPUT_SCHEMAS["clv_parameters"]
    assert fitted.models.schema == INPUT_SCHEMAS["clv_models"]
    assert fitted.lookup.schema == INPUT_SCHEMAS["clv_lookup"]


def test_only_the_sufficient_unit_has_parameters(fitted):
    assert fitted.parameters["business_unit"].unique().to_list() == ["large"]
    names = fitted.parameters.select("model", "parameter").rows()
    assert names == [
        ("bg_nbd", "r"),
        ("bg_nbd", "alpha"),
        ("bg_nbd", "a"),
        ("bg_nbd", "b"),
        ("gamma_gamma", "p"),
        ("gamma_gamma", "q"),
        ("gamma_gamma", "gamma"),
    ]


def test_every_unit_has_a_verdict(fitted):
    large, small = fitted.models.sort("business_unit").rows(named=True)
    assert (large["model"], large["sufficiency"]) == ("bg_nbd+gamma_gamma", "sufficient")
    assert (large["customers"], large["repeat_customers"]) == (2357, 946)
    assert large["bg_nbd_log_likelihood"] == pytest.approx(-14363.530, abs=5e-4)
    assert (small["model"], small["sufficiency_code"]) == ("none", "too_few_buyers")
    assert small["bg_nbd_log_likelihood"] is None


def test_the_lookup_covers_each_history_and_states_its_rate(fitted, two_units):
    needed = two_units.filter(pl.col("business_unit") == "large").select(
        "business_unit", "repeat_orders", "age_days"
    )
    found = fitted.lookup.select("business_unit", "repeat_orders", "age_days")
    assert needed.join(found, on=needed.columns, how="anti").is_empty()
    returning = needed.with_columns(pl.col("repeat_orders") + 1)
    assert fitted.lookup.height == 3 * pl.concat([needed, returning]).unique().height
    assert returning.join(found, on=needed.columns, how="anti").is_empty()
    assert fitted.lookup["discount_rate_annual"].unique().to_list() == [RATE]


def test_the_order_of_customers_changes_nothing(fitted, two_units):
    again = fit_business_units(
        two_units.sample(fraction=1.0, shuffle=True, seed=1), CUTOFF_ON, RATE
    )
    assert_frame_equal(again.parameters, fitted.parameters)
    assert_frame_equal(again.models, fitted.models)
    assert_frame_equal(again.lookup, fitted.lookup)


def test_stored_parameters_score_a_later_day(fitted, two_units):
    later = CUTOFF_ON + timedelta(days=9)
    older = two_units.with_columns(pl.col("age_days") + 9)
    lookup = build_lookup(older, fitted.models, fitted.parameters, later, RATE)
    assert lookup["run_cutoff_on"].unique().to_list() == [CUTOFF_ON]
    assert lookup["age_days"].min() == two_units["age_days"].min() + 9


def test_before_the_first_fit_there_is_no_lookup(fitted, two_units):
    early = build_lookup(two_units, fitted.models, fitted.parameters, day_before(CUTOFF_ON), RATE)
    assert early.is_empty()
    assert early.schema == INPUT_SCHEMAS["clv_lookup"]


def test_the_latest_fit_that_has_begun_is_in_force(fitted):
    large = fitted.models.filter(pl.col("business_unit") == "large")
    next_day = CUTOFF_ON + timedelta(days=1)
    both = pl.concat([large.with_columns(pl.lit(next_day).alias("in_force_from")), large])
    assert in_force(both, CUTOFF_ON)["in_force_from"].to_list() == [CUTOFF_ON]
    assert in_force(both, next_day)["in_force_from"].to_list() == [next_day]
    assert in_force(both, day_before(CUTOFF_ON)).is_empty()


def test_a_fit_that_fails_takes_the_forecast_away(fitted):
    failed = fitted.models.filter(pl.col("business_unit") == "large").with_columns(
        pl.lit("none").alias("model"),
        pl.lit(CUTOFF_ON + timedelta(days=1)).alias("in_force_from"),
    )
    models = pl.concat([fitted.models, failed])
    lookup = build_lookup(
        summary(cdnow(), "large"), models, fitted.parameters, CUTOFF_ON + timedelta(days=2), RATE
    )
    assert lookup.is_empty()


def test_a_unit_that_does_not_converge_is_reported_and_the_others_stand(two_units):
    ages = [30 + i % 300 for i in range(600)]
    loyal = pl.DataFrame(
        {
            "business_unit": "loyal",
            "repeat_orders": 2,
            "recency_days": ages,
            "age_days": ages,
            "spend_occasions": 2,
            "mean_spend": 20,
            "first_ordered_on": [CUTOFF_ON - timedelta(days=age) for age in ages],
            "history_starts_on": None,
        }
    ).cast(dict(two_units.schema))
    result = fit_business_units(pl.concat([two_units, loyal]), CUTOFF_ON, RATE)
    codes = dict(result.models.select("business_unit", "sufficiency_code").rows())
    assert codes["loyal"] == "not_converged"
    assert codes["large"] == "enough_history"
    reason = result.models.filter(pl.col("business_unit") == "loyal")["sufficiency_reason"].item()
    assert reason.startswith("bg_nbd: ")


def test_parameters_that_cannot_be_forecast_with_are_no_model(two_units, monkeypatch):
    degenerate = BgNbd(r=1.0, alpha=10.0, a=1e7, b=1e9)
    monkeypatch.setattr(business_units, "fit_orders", lambda *_: Fit(degenerate, None))
    large = two_units.filter(pl.col("business_unit") == "large")
    models = fit_business_units(large, CUTOFF_ON, RATE).models
    assert models["sufficiency_code"].to_list() == ["not_converged"]
    assert "do not sum to one" in models["sufficiency_reason"].item()


def test_no_orders_at_all_give_empty_frames(two_units):
    result = fit_business_units(two_units.clear(), CUTOFF_ON, RATE)
    assert result.report == ()
    for frame, name in (
        (result.parameters, "clv_parameters"),
        (result.models, "clv_models"),
        (result.lookup, "clv_lookup"),
    ):
        assert frame.is_empty()
        assert frame.schema == INPUT_SCHEMAS[name]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("repeat_orders", None, "a required value is null"),
        ("recency_days", 10_000, "recency outside"),
        ("recency_days", 0, "a recency without repeat orders"),
        ("repeat_orders", 9_999, "more repeat orders than days"),
        ("spend_occasions", 500, "more spend occasions than repeat orders"),
        ("mean_spend", 0, "spend that is not above zero"),
        ("mean_spend", None, "spend that is not above zero"),
        ("mean_spend", -5, "spend that is not above zero"),
    ],
)
def test_a_summary_that_cannot_be_is_refused(column, value, rule):
    rows = summary(cdnow()).filter(pl.col("spend_occasions") > 0)
    wrong = rows.with_columns(
        pl.when(pl.int_range(pl.len()) == 3)
        .then(pl.lit(value, dtype=rows.schema[column]))
        .otherwise(pl.col(column))
        .alias(column)
    )
    with pytest.raises(SummaryError, match=rule):
        fit_business_units(wrong, CUTOFF_ON, RATE)


def test_the_report_carries_what_was_fitted(fitted):
    report = {unit.business_unit: unit for unit in fitted.report}
    params, maximum = report["large"].orders.model, report["large"].orders.maximum
    assert params.alpha / 7 == pytest.approx(4.413602, abs=1e-5)
    assert math.isfinite(maximum.log_likelihood)
    assert report["small"].orders is None
    assert isinstance(fitted.models["run_cutoff_on"].item(0), date)
