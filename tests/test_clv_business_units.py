"""Fitting all units: frames, parameters in force, and summaries that cannot be."""

from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl.clv import (
    STATE_SCHEMAS,
    FitResult,
    SummaryError,
    build_lookups,
    candidates,
    fit_business_units,
    in_force,
)
from etl.clv.bg_nbd import BgNbd
from etl.clv.fit import Fit
from etl.clv.inputs import INPUT_SCHEMAS
from tests.clv_samples import CUTOFF_ON, SETTINGS, calibration, cdnow, day_before, summary

AGE = ["repeat_orders", "age_days"]


def lookups(summaries: pl.DataFrame, state: dict[str, pl.DataFrame], as_of=CUTOFF_ON):
    return build_lookups(summaries, state["clv_models"], state["clv_parameters"], as_of, SETTINGS)


@pytest.fixture(scope="module")
def two_units() -> pl.DataFrame:
    """The sample, and a unit one buyer short of the gate."""
    return pl.concat(
        [summary(cdnow(), "large"), summary(cdnow().gather_every(4).head(499), "small")]
    )


@pytest.fixture(scope="module")
def calibrations() -> pl.DataFrame:
    """Too few customers for a backtest."""
    return pl.concat([calibration(cdnow().head(400), unit) for unit in ("large", "small")])


@pytest.fixture(scope="module")
def fitted(two_units: pl.DataFrame, calibrations: pl.DataFrame) -> FitResult:
    return fit_business_units(two_units, calibrations, CUTOFF_ON, SETTINGS)


def test_frames_have_the_declared_schemas(fitted, two_units):
    assert {name: rows.schema for name, rows in fitted.state.items()} == STATE_SCHEMAS
    made = lookups(two_units, fitted.state)
    assert made.keys() | fitted.state.keys() == INPUT_SCHEMAS.keys()
    assert {name: rows.schema for name, rows in made.items()} == {
        name: INPUT_SCHEMAS[name] for name in made
    }


def test_all_candidates_are_kept_and_one_is_selected(fitted):
    parameters = fitted.state["clv_parameters"].filter(pl.col("business_unit") == "large")
    kept = parameters.select("model", "is_selected").unique().sort("model").rows()
    assert kept == [
        ("bg_nbd", False),
        ("gamma_gamma", True),
        ("mbg_nbd", True),
        ("pareto_nbd", False),
    ]
    r = parameters.filter(pl.col("model") == "bg_nbd").row(0, named=True)
    assert (r["parameter"], r["customers"]) == ("r", 2357)
    assert r["estimate"] == pytest.approx(0.242595, abs=5e-6)
    assert r["log_likelihood"] == pytest.approx(-14363.530, abs=5e-4)
    covariance = json.loads(r["covariance"])
    assert list(covariance) == ["r", "alpha", "a", "b"]
    assert covariance["r"] == pytest.approx(r["standard_error"] ** 2, rel=1e-6)


def test_without_a_backtest_the_likelihood_decides(fitted):
    large, _ = fitted.state["clv_models"].rows(named=True)
    assert (large["model"], large["choice_code"]) == ("mbg_nbd", "likelihood")
    assert "BG/NBD -14363.5, MBG/NBD -14363.2, Pareto/NBD -14376" in large["choice_reason"]
    assert fitted.state["clv_backtests"].is_empty()


def test_every_unit_has_a_verdict(fitted):
    large, small = fitted.state["clv_models"].rows(named=True)
    assert (large["model_segment"], large["sufficiency"]) == ("all", "sufficient")
    assert (large["customers"], large["repeat_customers"]) == (2357, 946)
    assert (small["sufficiency"], small["sufficiency_code"]) == ("insufficient", "too_few_buyers")


def test_below_the_gate_the_unit_average_forecasts_twelve_months(fitted, two_units):
    _, small = fitted.state["clv_models"].rows(named=True)
    assert (small["model"], small["spend_model"]) == ("unit_average", "unit_mean")
    assert small["choice_code"] == "fallback"
    assert small["sufficiency_reason"].startswith("499 buyers, at least 500 are needed. Every")
    made = lookups(two_units, fitted.state)
    of_small = [rows.filter(pl.col("business_unit") == "small") for rows in made.values()]
    alive, lookup, residuals = of_small
    assert alive.is_empty()
    assert residuals.is_empty()
    assert lookup["horizon_months"].unique().to_list() == [12]
    rows = two_units.filter(pl.col("business_unit") == "small")
    rate = rows["recent_repeat_orders"].sum() / rows["age_days"].clip(0, 180).sum()
    assert lookup["orders_if_alive"].unique().to_list() == pytest.approx([rate * 365.25])
    assert lookup["orders_if_alive_discounted"][0] < lookup["orders_if_alive"][0]


def test_totals_are_the_sum_of_the_scores(fitted, two_units):
    made = lookups(two_units, fitted.state)
    for unit, totals in (
        fitted.state["clv_totals"].partition_by("business_unit", as_dict=True).items()
    ):
        rows = two_units.filter(pl.col("business_unit") == unit[0])
        keys = ["business_unit", "repeat_orders", "age_days"]
        scored = rows.join(made["clv_lookup"], on=keys).join(
            made["clv_alive"], on=[*keys, "recency_days", "spend_occasions"], how="left"
        )
        orders = pl.col("p_alive").fill_null(1.0) * pl.col("orders_if_alive")
        expected = scored.group_by("horizon_months").agg(orders.sum())
        both = totals.join(expected, on="horizon_months")
        assert both["expected_orders"].to_list() == pytest.approx(both["p_alive"].to_list())
        assert (both["expected_orders_p10"] < both["expected_orders"]).all()
        assert (both["expected_orders"] < both["expected_orders_p90"]).all()


def test_the_lookup_covers_each_history_and_states_its_rate(fitted, two_units):
    needed = two_units.filter(pl.col("business_unit") == "large").select(AGE)
    found = lookups(two_units, fitted.state)["clv_lookup"]
    found = found.filter(pl.col("business_unit") == "large")
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
    # Who is silent for longer than the gap is below the threshold, and the reverse.
    silence = alive["age_days"] - alive["recency_days"]
    lapsed = alive["p_alive"] < SETTINGS.lapse_probability
    assert ((silence > alive["lapse_gap_days"]) == lapsed).all()
    assert 0 < lapsed.sum() < lapsed.len()


def test_the_order_of_customers_changes_nothing(fitted, two_units, calibrations):
    shuffled = two_units.sample(fraction=1.0, shuffle=True, seed=1)
    again = fit_business_units(shuffled, calibrations.reverse(), CUTOFF_ON, SETTINGS)
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


def test_a_unit_that_does_not_converge_is_reported_and_the_others_stand(two_units, calibrations):
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
    units = pl.concat([two_units, loyal])
    models = fit_business_units(units, calibrations, CUTOFF_ON, SETTINGS).state["clv_models"]
    codes = dict(models.select("business_unit", "sufficiency_code").rows())
    assert codes["loyal"] == "not_converged"
    assert codes["large"] == "enough_history"
    reason = models.filter(pl.col("business_unit") == "loyal")["sufficiency_reason"].item()
    assert reason.startswith("BG/NBD could not be fitted: ")


def test_a_candidate_that_cannot_be_forecast_with_is_left_out(two_units, calibrations, monkeypatch):
    """Numbers that no quadrature can handle are no model; the others go on."""
    real = candidates.fit_orders

    def degenerate(name, triples):
        broken = Fit(BgNbd(r=1.0, alpha=10.0, a=1e7, b=1e9), None)
        return broken if name == "bg_nbd" else real(name, triples)

    monkeypatch.setattr(candidates, "fit_orders", degenerate)
    large = two_units.filter(pl.col("business_unit") == "large")
    fit = fit_business_units(large, calibrations.clear(), CUTOFF_ON, SETTINGS).fits[0]
    assert fit.model == "mbg_nbd"
    assert list(fit.orders) == ["mbg_nbd", "pareto_nbd"]
    assert "BG/NBD could not be fitted: " in fit.choice.reason
    assert "do not sum to one" in fit.choice.reason


def test_no_orders_at_all_give_empty_frames(two_units, calibrations):
    result = fit_business_units(two_units.clear(), calibrations.clear(), CUTOFF_ON, SETTINGS)
    assert result.fits == ()
    assert {name: rows.schema for name, rows in result.state.items()} == STATE_SCHEMAS
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
    with pytest.raises(SummaryError, match=rule) as caught:
        fit_business_units(wrong, calibration(cdnow()), CUTOFF_ON, SETTINGS)
    assert caught.value.where == "int_clv_summaries"
