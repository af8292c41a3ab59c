"""Which fit a segment gets: its own, its unit's, or the fallback; and what the row says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from etl.clv import build_lookups, fit_business_units, outcome
from etl.clv.bg_nbd import BgNbd
from etl.clv.candidates import fit_candidates
from etl.clv.segments import SegmentFit, fit_segment
from etl.clv.sufficiency import CAVEATS
from etl.clv.summaries import HISTORY, counted
from tests.clv_samples import SETTINGS, calibrated, simulated_days, summed_up

FIRST_ON, LAST_ON = date(2016, 1, 1), date(2017, 12, 31)
# The one buys often and soon stops, the other seldom and for long.
EAGER = BgNbd(r=0.8, alpha=25.0, a=1.2, b=3.0)
LOYAL = BgNbd(r=1.5, alpha=260.0, a=0.3, b=6.0)


def customers(params: BgNbd, count: int, segment: str, seed: int) -> tuple[pl.DataFrame, ...]:
    days = simulated_days(params, count, FIRST_ON, LAST_ON, seed)
    days = days.with_columns(pl.col("customer") + seed * 1_000_000)
    return summed_up(days, LAST_ON, segment=segment), calibrated(days, LAST_ON, segment=segment)


@pytest.fixture(scope="module")
def unit() -> tuple[pl.DataFrame, pl.DataFrame]:
    """A shop with two large segments and a third of 40 customers."""
    parts = [
        customers(EAGER, 3_000, "web", 1),
        customers(LOYAL, 3_000, "store", 2),
        customers(LOYAL, 40, "mail", 3),
    ]
    summaries, calibrations = zip(*parts, strict=True)
    return pl.concat(summaries), pl.concat(calibrations)


@pytest.fixture(scope="module")
def fits(unit) -> dict[str, SegmentFit]:
    result = fit_business_units(*unit, LAST_ON, SETTINGS)
    return {fit.model_segment: fit for fit in result.fits}


def one(rows: tuple[pl.DataFrame, pl.DataFrame], segment: str = "all") -> SegmentFit:
    return fit_segment("shop", segment, *rows, LAST_ON, SETTINGS)


def with_wild_spend(summaries: pl.DataFrame) -> pl.DataFrame:
    """Spend of 1 to 10 million: its population has no mean."""
    wild = 10.0 ** (pl.col("customer") % 8)
    return summaries.with_columns(mean_spend=pl.when(pl.col("mean_spend") > 0).then(wild))


@pytest.mark.parametrize(("segment", "truth"), [("web", EAGER), ("store", LOYAL)])
def test_two_different_segments_get_their_own_parameters(fits, segment, truth):
    maximum = fits[segment].orders["bg_nbd"].maximum
    rate = maximum.estimates[0] / maximum.estimates[1]
    assert rate == pytest.approx(truth.r / truth.alpha, rel=0.1)
    apart = abs(
        fits["web"].orders["bg_nbd"].model.alpha - fits["store"].orders["bg_nbd"].model.alpha
    )
    assert apart > 10 * maximum.standard_errors[1]


def test_a_segment_too_small_is_scored_by_its_unit_and_its_row_says_so(unit, fits):
    assert set(fits) == {"all", "mail", "store", "web"}
    assert (fits["mail"].model, fits["mail"].verdict.code) == ("none", "too_few_buyers")
    assert "40 buyers" in outcome(fits["mail"])
    state = fit_business_units(*unit, LAST_ON, SETTINGS).state
    lookups = build_lookups(
        unit[0], state["clv_models"], state["clv_parameters"], LAST_ON, SETTINGS
    )
    scored = lookups["clv_alive"]["model_segment"].unique().sort().to_list()
    assert scored == ["all", "store", "web"]
    mail = unit[0].filter(pl.col("segment") == "mail")
    by_all = lookups["clv_alive"].filter(pl.col("model_segment") == "all")
    assert by_all.height == mail.select("repeat_orders", "recency_days", "age_days").n_unique()
    totals = state["clv_totals"].filter(pl.col("horizon_months") == 12)
    assert totals["model_segment"].to_list() == ["all", "store", "web"]
    assert totals["expected_orders"][0] < totals["expected_orders"][1] / 10


def test_a_unit_with_one_segment_is_fitted_once(unit):
    only = tuple(rows.filter(pl.col("segment") == "web") for rows in unit)
    fits = fit_business_units(*only, LAST_ON, SETTINGS).fits
    assert [fit.model_segment for fit in fits] == ["all"]


def test_the_backtest_keeps_the_losers_and_the_baselines(fits):
    backtest = fits["web"].backtest
    assert list(backtest.judged) == [
        "bg_nbd", "mbg_nbd", "pareto_nbd", "nbd", "naive_rate", "unit_average",
    ]  # fmt: skip
    scores = backtest.scores
    assert fits["web"].model in ("bg_nbd", "mbg_nbd", "pareto_nbd")
    assert scores[fits["web"].model].rmse < scores["naive_rate"].rmse
    assert backtest.holdout.days == 365  # half of 730


def test_a_rule_of_thumb_that_forecasts_better_is_told(unit):
    """After the cutoff everybody goes on at exactly the pace so far; no model believes that."""
    summaries, calibrations = (rows.filter(pl.col("segment") == "web") for rows in unit)
    rate = pl.col("repeat_orders") / pl.col("age_days")
    steady = calibrations.with_columns(
        holdout_orders=(rate * pl.col("holdout_days")).round().cast(pl.Int64)
    )
    verdict = one((summaries, steady)).verdict
    assert (verdict.sufficiency, verdict.code) == ("sufficient_with_caveat", "naive_better")
    assert "the customer's own rate so far (" in verdict.reason


def test_caveats_add_up_and_the_first_one_names_them(unit):
    """In the order of CAVEATS; a limit of nothing makes every parameter a weak one."""
    summaries, calibrations = (rows.filter(pl.col("segment") == "web") for rows in unit)
    rate = pl.col("repeat_orders") / pl.col("age_days")
    steady = calibrations.with_columns(
        holdout_orders=(rate * pl.col("holdout_days")).round().cast(pl.Int64)
    )
    censored = summaries.with_columns(history_starts_on=pl.lit(FIRST_ON))
    strict = replace(SETTINGS, weak_standard_error=0.0)
    fit = fit_segment("shop", "all", with_wild_spend(censored), steady, LAST_ON, strict)
    assert (fit.verdict.sufficiency, fit.verdict.code) == ("sufficient_with_caveat", CAVEATS[0])
    starts = ["The history starts", "The rate of ordering is", "In the backtest", "Spend could not"]
    found = [fit.verdict.reason.index(start) for start in starts]
    assert found == sorted(found)
    assert (fit.spend_model, fit.spend) == ("unit_mean", None)
    whole = fit_segment("shop", "all", with_wild_spend(summaries), steady, LAST_ON, strict)
    assert (CAVEATS[1], CAVEATS[2]) == ("weakly_identified", "naive_better")
    assert whole.verdict.code == "weakly_identified"


def test_nbd_is_a_baseline_to_beat(unit):
    """After the cutoff everybody orders as NBD expects, as if nobody ever left."""
    summaries, calibrations = (rows.filter(pl.col("segment") == "web") for rows in unit)
    nbd = fit_candidates(["nbd"], counted(calibrations, *HISTORY)).fits["nbd"].model
    rate = (nbd.r + pl.col("repeat_orders")) / (nbd.alpha + pl.col("age_days"))
    staying = calibrations.with_columns(
        holdout_orders=(rate * pl.col("holdout_days")).round().cast(pl.Int64)
    )
    fit = one((summaries, staying))
    errors = {name: f"{score.rmse:.4g}" for name, score in fit.backtest.scores.items()}
    assert fit.verdict.code == "naive_better"
    assert f" and NBD ({errors['nbd']}) came closer than" in fit.verdict.reason
    assert f"({errors[fit.model]}), RMSE in orders" in fit.verdict.reason


def test_the_backtest_holds_the_money_too(unit, fits):
    """Predicted by the fit of the calibration; actual is what the purchase days brought."""
    state = fit_business_units(*unit, LAST_ON, SETTINGS).state["clv_backtests"]
    web = state.filter(pl.col("model_segment") == "web", pl.col("scope") == "total")
    paid = unit[1].filter(pl.col("segment") == "web")["holdout_revenue"].sum()
    assert web["actual_revenue"].unique().to_list() == [paid]
    chosen = web.filter(pl.col("is_selected")).row(0, named=True)
    assert chosen["model"] == fits["web"].model
    assert chosen["spend_model"] == "gamma_gamma"
    # Spend has nothing to do with orders here, so that money is as far off as they are.
    assert chosen["revenue_bias"] == pytest.approx(chosen["bias"], abs=0.02)
    assert state.filter(pl.col("scope") != "total")["cohort_bias"].is_null().all()
    assert web["cohort_bias"].is_not_null().all()


def test_a_spend_that_cannot_be_fitted_is_the_mean_purchase_day(unit):
    summaries, calibrations = (rows.filter(pl.col("segment") == "web") for rows in unit)
    fit = one((with_wild_spend(summaries), calibrations))
    assert (fit.spend_model, fit.spend, fit.verdict.code) == ("unit_mean", None, "spend_unit_mean")
    assert "q = 0." in fit.verdict.reason
    assert fit.unit_mean > 1_000


def test_nobody_who_ever_paid_is_not_forecast(unit):
    summaries, calibrations = (rows.filter(pl.col("segment") == "web") for rows in unit)
    free = summaries.with_columns(
        spend_occasions=pl.lit(0, pl.Int64),
        mean_spend=pl.lit(None, pl.Float64),
        first_spend=pl.lit(None, pl.Float64),
    )
    fit = one((free, calibrations))
    assert (fit.model, fit.spend_model, fit.verdict.code) == ("none", None, "no_spend")


# ---- the fallback ----


@pytest.fixture(scope="module")
def few() -> tuple[pl.DataFrame, pl.DataFrame]:
    return customers(LOYAL, 30, "web", 5)


def test_thirty_customers_are_enough_for_an_average_and_29_are_not(few):
    fit = one(few)
    assert (fit.model, fit.choice.code, fit.spend_model) == (
        "unit_average",
        "fallback",
        "unit_mean",
    )
    assert fit.verdict.reason.endswith("average one of the last 180 days, for 12 months.")
    assert one((few[0].head(29), few[1])).model == "none"


def test_without_a_repeat_order_in_the_window_there_is_no_average(few):
    silent = few[0].with_columns(recent_repeat_orders=pl.lit(0, pl.Int64))
    assert one((silent, few[1])).model == "none"
    single = silent.with_columns(
        recent_repeat_orders=(pl.int_range(pl.len()) == pl.col("repeat_orders").arg_max()).cast(
            pl.Int64
        )
    )
    assert one((single, few[1])).average.orders == 1


def test_a_segment_has_no_average_of_its_own(few):
    assert one(few, "web").model == "none"


def test_a_young_customer_was_there_for_a_shorter_time(few):
    fit = one(few)
    days = few[0]["age_days"].clip(0, 180).sum()
    assert fit.average.orders_per_day == pytest.approx(fit.average.orders / days)
    fresh = few[0].with_columns(age_days=pl.lit(0, pl.Int64), recency_days=pl.lit(0, pl.Int64))
    assert one((fresh, few[1])).average.orders_per_day == 0.0


def test_mean_spend_is_of_all_purchase_days(few):
    rows = few[0].with_columns(first_spend=pl.lit(50.0))
    spend = (rows["spend_occasions"] * rows["mean_spend"].fill_null(0)).sum() + 50.0 * 30
    days = rows["spend_occasions"].sum() + 30
    assert one((rows, few[1])).unit_mean == pytest.approx(spend / days)


def test_the_cutoff_seeds_the_draws(unit):
    web = tuple(rows.filter(pl.col("segment") == "web") for rows in unit)
    totals = [
        fit_business_units(*web, day, SETTINGS).state["clv_totals"].drop("run_cutoff_on")
        for day in (LAST_ON, LAST_ON, LAST_ON + timedelta(days=1))
    ]
    assert totals[0].equals(totals[1])
    assert totals[0]["expected_orders"].equals(totals[2]["expected_orders"])
    assert not totals[0]["expected_orders_p10"].equals(totals[2]["expected_orders_p10"])
    assert totals[0]["draws"].unique().to_list() == [100]
