"""Fitting all units: frames, parameters in force, and summaries that cannot be."""

from __future__ import annotations

import math
from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl.clv import (
    STATE_SCHEMAS,
    FitResult,
    SummaryError,
    ValueSettings,
    build_lookups,
    business_units,
    fit_business_units,
    in_force,
)
from etl.clv.bg_nbd import BgNbd
from etl.clv.fit import Fit
from etl.clv.inputs import INPUT_SCHEMAS
from tests.clv_samples import CUTOFF_ON, cdnow, day_before, summary

SETTINGS = ValueSettings(
    discount_rate_annual=0.10, lapse_probability=0.5, unit_average_window_days=180
)
AGE = ["repeat_orders", "age_days"]


def lookups(summaries: pl.DataFrame, state: dict[str, pl.DataFrame], as_of=CUTOFF_ON):
    return build_lookups(summaries, state["clv_models"], state["clv_parameters"], as_of, SETTINGS)


@pytest.fixture(scope="module")
def two_units() -> pl.DataFrame:
    rows = summary(cdnow(), "large")
    return pl.concat([rows, summary(cdnow().head(499), "small")])


@pytest.fixture(scope="module")
def fitted(two_units: pl.DataFrame) -> FitResult:
    return fit_business_units(two_units, CUTOFF_ON)


def test_frames_have_the_declared_schemas(fitted, two_units):
    assert {name: rows.schema for name, rows in fitted.state.items()} == STATE_SCHEMAS
    made = lookups(two_units, fitted.state)
    assert made.keys() | fitted.state.keys() == INPUT_SCHEMAS.keys()
    assert {name: rows.schema for name, rows in made.items()} == {
        name: INPUT_SCHEMAS[name] for name in made
    }


def test_only_the_sufficient_unit_has_parameters(fitted):
    parameters = fitted.state["clv_parameters"]
    assert parameters["business_unit"].unique().to_list() == ["large"]
    names = parameters.select("model", "parameter").rows()
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
    large, small = fitted.state["clv_models"].sort("business_unit").rows(named=True)
    assert (large["model"], large["spend_model"]) == ("bg_nbd", "gamma_gamma")
    assert (large["model_segment"], large["sufficiency"]) == ("all", "sufficient")
    assert (large["customers"], large["repeat_customers"]) == (2357, 946)
    assert (small["model"], small["sufficiency_code"]) == ("none", "too_few_buyers")


def test_the_lookup_covers_each_history_and_states_its_rate(fitted, two_units):
    needed = two_units.filter(pl.col("business_unit") == "large").select(AGE)
    found = lookups(two_units, fitted.state)["clv_lookup"]
    returning = needed.with_columns(pl.col("repeat_orders") + 1)
    assert needed.join(found, on=AGE, how="anti").is_empty()
    assert returning.join(found, on=AGE, how="anti").is_empty()
    assert found.height == 8 * pl.concat([needed, returning]).unique().height
    assert found["discount_rate_annual"].unique().to_list() == [0.10]


def test_a_higher_rate_discounts_more(fitted, two_units):
    found = lookups(two_units, fitted.state)["clv_lookup"]
    plain, low, middle, high = (
        found["orders_if_alive" + suffix].sum()
        for suffix in ("", "_discounted_low_rate", "_discounted", "_discounted_high_rate")
    )
    assert plain > low > middle > high > 0


def test_every_history_is_judged_alive_or_not(fitted, two_units):
    alive = lookups(two_units, fitted.state)["clv_alive"]
    histories = two_units.filter(pl.col("business_unit") == "large").select(
        "repeat_orders", "recency_days", "age_days", "spend_occasions"
    )
    assert alive.height == histories.unique().height
    once = alive.filter(pl.col("repeat_orders") == 0)
    assert once["p_alive"].unique().to_list() == [1.0]
    assert once["lapse_gap_days"].null_count() == once.height
    # Who is silent for longer than the gap is below the threshold, and the reverse.
    repeaters = alive.filter(pl.col("repeat_orders") > 0)
    silence = repeaters["age_days"] - repeaters["recency_days"]
    lapsed = repeaters["p_alive"] < SETTINGS.lapse_probability
    assert ((silence > repeaters["lapse_gap_days"]) == lapsed).all()
    assert 0 < lapsed.sum() < lapsed.len()


def test_the_order_of_customers_changes_nothing(fitted, two_units):
    shuffled = two_units.sample(fraction=1.0, shuffle=True, seed=1)
    again = fit_business_units(shuffled, CUTOFF_ON)
    for name, rows in fitted.state.items():
        assert_frame_equal(again.state[name], rows)
    expected = lookups(two_units, fitted.state)
    for name, rows in lookups(shuffled, again.state).items():
        assert_frame_equal(rows, expected[name])


def test_stored_parameters_score_a_later_day(fitted, two_units):
    older = two_units.with_columns(pl.col("age_days") + 9)
    lookup = lookups(older, fitted.state, CUTOFF_ON + timedelta(days=9))["clv_lookup"]
    assert lookup["run_cutoff_on"].unique().to_list() == [CUTOFF_ON]
    assert lookup["age_days"].min() == two_units["age_days"].min() + 9


def test_before_the_first_fit_there_is_no_lookup(fitted, two_units):
    for name, rows in lookups(two_units, fitted.state, day_before(CUTOFF_ON)).items():
        assert rows.is_empty()
        assert rows.schema == INPUT_SCHEMAS[name]


def test_the_latest_run_that_has_begun_is_in_force(fitted):
    large = fitted.state["clv_models"].filter(pl.col("business_unit") == "large")
    next_day = CUTOFF_ON + timedelta(days=1)
    days = [pl.lit(next_day).alias(name) for name in ("in_force_from", "run_cutoff_on")]
    own = large.with_columns(pl.lit("web").alias("model_segment"))
    both = pl.concat([large.with_columns(*days), large, own])
    assert in_force(both, CUTOFF_ON)["model_segment"].to_list() == ["all", "web"]
    assert in_force(both, next_day)["in_force_from"].to_list() == [next_day]
    assert in_force(both, day_before(CUTOFF_ON)).is_empty()


def test_a_fit_that_fails_takes_the_forecast_away(fitted):
    next_day = CUTOFF_ON + timedelta(days=1)
    models = fitted.state["clv_models"]
    failed = models.filter(pl.col("business_unit") == "large").with_columns(
        pl.lit("none").alias("model"),
        *(pl.lit(next_day).alias(name) for name in ("in_force_from", "run_cutoff_on")),
    )
    state = fitted.state | {"clv_models": pl.concat([models, failed])}
    made = lookups(summary(cdnow(), "large"), state, CUTOFF_ON + timedelta(days=2))
    assert made["clv_lookup"].is_empty()


def test_a_unit_that_does_not_converge_is_reported_and_the_others_stand(two_units):
    ages = [30 + i % 300 for i in range(600)]
    loyal = pl.DataFrame(
        {
            "business_unit": "loyal",
            "segment": "web",
            "repeat_orders": 2,
            "recency_days": ages,
            "age_days": ages,
            "spend_occasions": 2,
            "mean_spend": 20,
            "first_ordered_on": [CUTOFF_ON - timedelta(days=age) for age in ages],
            "history_starts_on": None,
            "recent_repeat_orders": 1,
            "first_spend": 20,
        }
    ).cast(dict(two_units.schema))
    models = fit_business_units(pl.concat([two_units, loyal]), CUTOFF_ON).state["clv_models"]
    codes = dict(models.select("business_unit", "sufficiency_code").rows())
    assert codes["loyal"] == "not_converged"
    assert codes["large"] == "enough_history"
    reason = models.filter(pl.col("business_unit") == "loyal")["sufficiency_reason"].item()
    assert reason.startswith("bg_nbd: ")


def test_parameters_that_cannot_be_forecast_with_are_no_model(two_units, monkeypatch):
    degenerate = BgNbd(r=1.0, alpha=10.0, a=1e7, b=1e9)
    monkeypatch.setattr(business_units, "fit_orders", lambda *_: Fit(degenerate, None))
    large = two_units.filter(pl.col("business_unit") == "large")
    models = fit_business_units(large, CUTOFF_ON).state["clv_models"]
    assert models["sufficiency_code"].to_list() == ["not_converged"]
    assert "do not sum to one" in models["sufficiency_reason"].item()


def test_no_orders_at_all_give_empty_frames(two_units):
    result = fit_business_units(two_units.clear(), CUTOFF_ON)
    assert result.report == ()
    assert all(rows.is_empty() for rows in result.state.values())


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
        ("segment", None, "a required value is null"),
        ("recent_repeat_orders", 500, "more recent repeat orders"),
        ("first_spend", 0, "a first spend that is not above zero"),
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
        fit_business_units(wrong, CUTOFF_ON)


def test_the_report_carries_what_was_fitted(fitted):
    report = {unit.business_unit: unit for unit in fitted.report}
    params, maximum = report["large"].orders.model, report["large"].orders.maximum
    assert params.alpha / 7 == pytest.approx(4.413602, abs=1e-5)
    assert math.isfinite(maximum.log_likelihood)
    assert report["small"].orders is None
    assert isinstance(fitted.state["clv_models"]["run_cutoff_on"].item(0), date)
