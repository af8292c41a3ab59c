"""Backtests: published figures, ties, and that no order of customers moves a digit."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl.clv.backtest import deciles, gini, judge_forecast, top_capture
from etl.clv.bg_nbd import BgNbd
from etl.clv.gamma_gamma import expected_spend
from etl.clv.holdout import (
    Forecast,
    Holdout,
    forecast_of_average,
    forecast_of_model,
    forecast_of_own_rates,
    holdout_of,
    naive_rates,
)
from etl.clv.mbg_nbd import MbgNbd
from etl.clv.nbd import Nbd
from etl.clv.pareto_nbd import ParetoNbd
from etl.clv.spend import Spend, fit_spend
from etl.clv.unit_average import mean_spend
from tests.clv_samples import CUTOFF_ON, PUBLISHED_IN_DAYS, calibration, cdnow

# Published or recomputed for the sample, weeks as the unit of time.
MODELS = {
    "bg_nbd": PUBLISHED_IN_DAYS,
    "mbg_nbd": MbgNbd(0.52484, 6.18308 * 7, 0.89136, 1.61400),
    "pareto_nbd": ParetoNbd(0.5533, 10.5777 * 7, 0.6062, 11.6687 * 7),
    "nbd": Nbd(0.3848, 12.072 * 7),
}


@pytest.fixture(scope="module")
def sample() -> Holdout:
    return holdout_of(calibration(cdnow()))


@pytest.fixture(scope="module")
def spend() -> Spend:
    return fit_spend(calibration(cdnow()))


@pytest.fixture(scope="module")
def judged(sample: Holdout, spend: Spend) -> dict[str, pl.DataFrame]:
    forecasts = [forecast_of_model(model, spend, sample) for model in MODELS.values()]
    forecasts.append(forecast_of_own_rates("naive_rate", sample))
    return {forecast.name: judge_forecast(forecast, sample) for forecast in forecasts}


def total(judged: pl.DataFrame) -> dict[str, float]:
    return judged.filter(pl.col("scope") == "total").row(0, named=True)


@pytest.mark.parametrize(
    ("model", "predicted", "bias", "mae", "rmse", "ranking"),
    [
        ("bg_nbd", 1653.41, -0.121, 0.7855, 1.608, 0.662),
        ("mbg_nbd", 1576.73, -0.162, 0.7648, 1.607, 0.664),
        ("pareto_nbd", 1665.51, -0.115, 0.7545, 1.603, 0.673),
        ("nbd", 2929.8, 0.557, 1.041, 1.860, 0.680),
        # Published .651 with the 1,411 customers without a repeat order, all forecast 0, in the
        # order of their numbers; the average over all orders of them is .666.
        ("naive_rate", 2930.1, 0.557, 1.024, 2.212, 0.666),
    ],
)
def test_the_sample_is_judged_as_published(judged, model, predicted, bias, mae, rmse, ranking):
    figures = total(judged[model])
    assert (figures["customers"], figures["actual_orders"]) == (2357, 1882)
    assert figures["predicted_orders"] == pytest.approx(predicted, rel=2e-4)
    assert figures["bias"] == pytest.approx(bias, abs=6e-4)
    assert figures["mae"] == pytest.approx(mae, abs=6e-4)
    assert figures["rmse"] == pytest.approx(rmse, abs=6e-4)
    assert figures["gini"] == pytest.approx(ranking, abs=6e-4)


@pytest.mark.parametrize(
    ("model", "published"),
    [
        ("bg_nbd", [0.2251, 0.5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570]),
        ("pareto_nbd", [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403]),
    ],
)
def test_forecasts_by_frequency_are_as_published(judged, model, published):
    rows = judged[model].filter(pl.col("scope") == "frequency").sort("bucket")
    assert rows["bucket"].to_list() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    means = rows["predicted_orders"] / rows["customers"]
    assert means.to_list() == pytest.approx(published, abs=1e-3)  # from rounded parameters
    actual = rows["actual_orders"] / rows["customers"]
    assert actual.to_list() == pytest.approx(
        [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594], abs=6e-5
    )


def test_every_scope_holds_every_customer_and_order(judged):
    for rows in judged.values():
        sums = rows.group_by("scope").agg(
            pl.col("customers", "actual_orders", "predicted_revenue", "actual_revenue").sum()
        )
        spread = sums["predicted_revenue"].max() - sums["predicted_revenue"].min()
        assert spread < 1e-6
        assert sums["actual_revenue"].unique().to_list() == [1882 * 30]
        assert sums.height == 4
        assert sums["customers"].unique().to_list() == [2357]
        assert sums["actual_orders"].unique().to_list() == [1882]


def test_cohorts_are_quarters_of_the_first_order(judged):
    rows = judged["bg_nbd"].filter(pl.col("scope") == "cohort")
    assert rows["bucket"].to_list() == ["1997-01-01"]  # the sample's customers all came then
    assert total(judged["bg_nbd"])["cohort_bias"] == pytest.approx(0.121, abs=6e-4)


def test_errors_of_cohorts_do_not_cancel_out():
    """One order too many in one quarter and one too few in the other: none is missing in all."""
    histories = pl.DataFrame(
        {
            "repeat_orders": [1, 1],
            "recency_days": [5, 5],
            "age_days": [100, 9],
            "spend_occasions": [1, 1],
            "mean_spend": [10.0, 20.0],
            "holdout_orders": [2, 2],
            "holdout_revenue": [30, 0],
            "cohort": [date(2017, 1, 1), date(2017, 4, 1)],
            "customers": [1, 1],
        }
    )
    holdout = Holdout(histories, CUTOFF_ON, 30)
    values = [np.array(pair) for pair in ([3.0, 1.0], [0.5, 0.5], [10.0, 20.0])]
    found = judge_forecast(Forecast("bg_nbd", *values, "gamma_gamma"), holdout)
    figures = total(found)
    assert (figures["bias"], figures["cohort_bias"]) == (0.0, 0.5)
    assert (figures["predicted_revenue"], figures["actual_revenue"]) == (50.0, 30.0)
    assert figures["revenue_bias"] == pytest.approx(2 / 3)
    assert found.filter(pl.col("scope") != "total")["cohort_bias"].null_count() == found.height - 1
    # Nothing left of the second customer's orders: a share of it says nothing.
    quarters = found.filter(pl.col("scope") == "cohort").select("actual_revenue", "revenue_bias")
    assert quarters.rows() == [(30.0, 0.0), (0.0, None)]


def test_revenue_is_orders_times_order_value_of_each_customer(judged, spend):
    """Added up customer by customer, where the backtest adds up histories."""
    rows = calibration(cdnow())
    x, recency, age, occasions, mean = (
        rows[name].cast(float).fill_null(0).to_numpy()
        for name in ("repeat_orders", "recency_days", "age_days", "spend_occasions", "mean_spend")
    )
    orders = (
        PUBLISHED_IN_DAYS.probability_alive(x, recency, age)
        * (PUBLISHED_IN_DAYS.orders_if_alive(x, age, np.full((x.size, 1), 273.0))[:, 0])
    )
    revenue = (orders * expected_spend(spend.fit.model, occasions, mean)).sum()
    figures = total(judged["bg_nbd"])
    assert figures["predicted_revenue"] == pytest.approx(revenue, rel=1e-9)
    assert figures["actual_revenue"] == 1882 * 30
    assert figures["revenue_bias"] == pytest.approx(revenue / (1882 * 30) - 1)
    assert figures["spend_model"] == "gamma_gamma"


def test_baselines_pay_what_they_paid_so_far(judged, sample):
    rows = calibration(cdnow()).with_columns(pl.col("mean_spend").cast(float).fill_null(0.0))
    own = rows["repeat_orders"] / rows["age_days"] * rows["mean_spend"]
    figures = total(judged["naive_rate"])
    assert figures["predicted_revenue"] == pytest.approx(own.sum() * 273, rel=1e-9)
    assert figures["spend_model"] == "own_mean"
    everyone = Spend(None, mean_spend(calibration(cdnow())), "")
    average = total(
        judge_forecast(forecast_of_average("unit_average", 0.01, everyone, sample), sample)
    )
    expected = 2357 * 0.01 * 273 * everyone.unit_mean
    assert average["predicted_revenue"] == pytest.approx(expected)
    assert average["spend_model"] == "unit_mean"


def test_without_a_spend_there_is_no_revenue(sample):
    nothing = Spend(None, None, "nobody paid")
    forecast = forecast_of_model(PUBLISHED_IN_DAYS, nothing, sample)
    figures = total(judge_forecast(forecast, sample))
    money = ("predicted_revenue", "revenue_bias", "spend_model")
    assert [figures[name] for name in money] == [None, None, None]
    assert figures["rmse"] == pytest.approx(1.608, abs=6e-4)


def test_the_order_of_customers_changes_nothing(judged, spend):
    shuffled = calibration(cdnow()).sample(fraction=1.0, shuffle=True, seed=3)
    again = judge_forecast(
        forecast_of_model(PUBLISHED_IN_DAYS, spend, holdout_of(shuffled)), holdout_of(shuffled)
    )
    assert_frame_equal(again, judged["bg_nbd"], check_exact=True)


ONE = np.ones(4)


def test_a_perfect_ranking_captures_all_and_a_constant_its_share():
    actual = np.array([0.0, 0.0, 0.0, 8.0])
    assert top_capture(actual, actual, ONE, top=0.25) == 1.0
    assert top_capture(np.full(4, 2.0), actual, ONE, top=0.25) == 0.25
    assert gini(actual, actual, ONE) == pytest.approx(0.75)
    assert gini(np.full(4, 2.0), actual, ONE) == pytest.approx(0.0)
    assert gini(-actual, actual, ONE) == pytest.approx(-0.75)


def test_a_tie_at_the_border_counts_in_part():
    predicted, actual = np.array([3.0, 1.0, 1.0, 0.0]), np.array([2.0, 6.0, 0.0, 2.0])
    # Half of the customers: the first whole, and of the tied two one at their mean of 3.
    assert top_capture(predicted, actual, ONE, top=0.5) == pytest.approx((2 + 3) / 10)


def test_equal_forecasts_share_a_decile_and_the_last_bits_are_equal():
    predicted = np.array([5.0, 1.0, 1.0 + 1e-13, 0.5])
    assert deciles(predicted, np.array([1.0, 4.0, 4.0, 1.0])).tolist() == [1, 6, 6, 10]
    assert deciles(np.arange(10.0), np.ones(10)).tolist() == list(range(10, 0, -1))
    assert deciles(np.zeros(3), np.ones(3)).tolist() == [6, 6, 6]


def test_weights_stand_for_customers():
    predicted, actual = np.array([3.0, 1.0, 0.0]), np.array([2.0, 4.0, 1.0])
    weight = np.array([1, 3, 6])
    spread = [np.repeat(values, weight) for values in (predicted, actual)]
    for figure in (gini, top_capture):
        assert figure(predicted, actual, weight.astype(float)) == pytest.approx(
            figure(*spread, np.ones(10))
        )


def test_the_brier_score_is_of_the_probability_of_an_order():
    histories = pl.DataFrame(
        {
            "repeat_orders": [0, 1],
            "recency_days": [0, 5],
            "age_days": [9, 9],
            "spend_occasions": [0, 1],
            "mean_spend": [0.0, 10.0],
            "holdout_orders": [0, 2],
            "holdout_revenue": [0, 20],
            "cohort": [date(2017, 1, 1)] * 2,
            "customers": [3, 1],
        }
    )
    holdout = Holdout(histories, CUTOFF_ON, 30)
    values = [np.array(pair) for pair in ([0.5, 1.0], [0.2, 0.6], [10.0, 10.0])]
    forecast = Forecast("bg_nbd", *values, "unit_mean")
    figures = total(judge_forecast(forecast, holdout))
    assert figures["brier"] == pytest.approx((3 * 0.2**2 + 0.4**2) / 4)
    assert figures["mae"] == pytest.approx((3 * 0.5 + 1.0) / 4)
    assert figures["bias"] == pytest.approx((2.5 - 2) / 2)


def test_nobody_ordering_in_the_holdout_gives_no_share_of_nothing(sample, spend):
    nothing = {"holdout_orders": pl.lit(0, pl.Int64), "holdout_revenue": pl.lit(0, pl.Int64)}
    silent = Holdout(sample.histories.with_columns(**nothing), CUTOFF_ON, sample.days)
    figures = total(judge_forecast(forecast_of_model(MODELS["bg_nbd"], spend, silent), silent))
    shares = ("bias", "revenue_bias", "cohort_bias", "gini", "top_decile_capture")
    assert [figures[name] for name in shares] == [None] * 5
    assert figures["rmse"] > 0


def test_a_customer_of_today_has_no_rate_yet(sample):
    fresh = sample.histories.head(1).with_columns(age_days=pl.lit(0, pl.Int64))
    assert naive_rates(Holdout(fresh, CUTOFF_ON, 30)).tolist() == [0.0]


def test_probabilities_of_an_order_are_probabilities(sample, spend):
    for model in (BgNbd(1.0, 10.0, 0.5, 2.0), *MODELS.values()):
        chances = forecast_of_model(model, spend, sample).p_order
        assert ((chances >= 0) & (chances <= 1)).all()
