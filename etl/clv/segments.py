"""One segment of a business unit, or all of it: gate, candidates, backtest, choice, fallback."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from etl.clv.backtest import (
    TOTAL,
    Forecast,
    Holdout,
    cohort_bias,
    forecast_of_model,
    forecast_of_rates,
    holdout_of,
    judge_forecast,
    naive_rates,
)
from etl.clv.candidates import Candidates, Fits, fit_candidates
from etl.clv.choice import LABELS, Choice, Score, better_baselines, choose
from etl.clv.errors import FitNotConverged
from etl.clv.fit import Fit, fit_gamma_gamma
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.inputs import ALL
from etl.clv.order_model import CANDIDATES
from etl.clv.settings import ValueSettings
from etl.clv.sufficiency import Verdict, evidence_of, judge
from etl.clv.summaries import HISTORY, counted
from etl.clv.unit_average import UnitAverage, mean_spend, unit_average

NO_MODEL = "none"
NAIVE_BETTER = "naive_better"
# What any model must beat to be worth its name; NBD stands beside them to be read.
NAIVE_RATE, UNIT_AVERAGE, NBD = "naive_rate", "unit_average", "nbd"


@dataclass(frozen=True)
class Backtest:
    """How candidates and baselines forecast the holdout.

    Args:
        holdout: What came.
        judged: By model or baseline the rows of :func:`etl.clv.backtest.judge_forecast`.
        failures: By model, why it could not be fitted on the calibration.
    """

    holdout: Holdout
    judged: dict[str, pl.DataFrame]
    failures: dict[str, str]

    @property
    def scores(self) -> dict[str, Score]:
        """By model or baseline the figures that choose."""
        return {
            name: Score(rows.filter(pl.col("scope") == TOTAL)["rmse"].item(), cohort_bias(rows))
            for name, rows in self.judged.items()
        }


@dataclass(frozen=True)
class SegmentFit:
    """What happened to one segment of a business unit, or to all of it.

    Args:
        business_unit: Its name.
        model_segment: The segment, or ``all``.
        customers: Customers with an order.
        repeat_customers: Customers with orders on at least two days.
        verdict: May it be forecast, and why.
        choice: The model that forecasts; ``none`` for none.
        orders: All candidates that converged on the whole history.
        average: The unit's average where it forecasts.
        spend: The fitted Gamma-Gamma, None where it cannot be used.
        unit_mean: Mean spend of a purchase day, where it stands in for Gamma-Gamma.
        backtest: None where the older part of the history is too thin.
    """

    business_unit: str
    model_segment: str
    customers: int
    repeat_customers: int
    verdict: Verdict
    choice: Choice
    orders: Fits
    average: UnitAverage | None = None
    spend: Fit[GammaGamma] | None = None
    unit_mean: float | None = None
    backtest: Backtest | None = None

    @property
    def model(self) -> str:
        """Name of the order model that forecasts, or none."""
        return self.choice.model

    @property
    def spend_model(self) -> str | None:
        """Name of the spend model, None where nothing is forecast."""
        if self.model == NO_MODEL:
            return None
        return "gamma_gamma" if self.spend else "unit_mean"


def outcome(fit: SegmentFit) -> str:
    """Say in a line which model a unit or segment got, and why."""
    where = fit.business_unit + ("" if fit.model_segment == ALL else f", {fit.model_segment}")
    return f"{where}: {LABELS.get(fit.model, 'no model')}. {fit.choice.reason}"


def fit_segment(
    business_unit: str,
    model_segment: str,
    rows: pl.DataFrame,
    calibrations: pl.DataFrame,
    cutoff_on: date,
    settings: ValueSettings,
) -> SegmentFit:
    """Judge, fit, choose or fall back.

    Args:
        rows: One row per customer of the segment, as for
            :func:`etl.clv.business_units.fit_business_units`; at least one.
        calibrations: The same customers at the calibration's cutoff, those who were there.
        cutoff_on: Last day of the data.
        settings: Thresholds in force.
    """
    verdict = judge(evidence_of(rows, cutoff_on))
    repeaters = int((rows.get_column("repeat_orders") > 0).sum())
    fit = SegmentFit(
        business_unit, model_segment, rows.height, repeaters, verdict, _no_model(verdict), {}
    )
    if verdict.sufficiency == "insufficient":
        return _fall_back(fit, rows, settings)
    candidates = fit_candidates(CANDIDATES, counted(rows, *HISTORY))
    if not candidates.fits:
        failed = Verdict(
            "insufficient", "not_converged", _failed(candidates.failures, "could not be fitted")
        )
        return _fall_back(replace(fit, verdict=failed, choice=_no_model(failed)), rows, settings)
    backtest = _backtest(calibrations, list(candidates.fits), settings)
    chosen = _choose(candidates, backtest, settings)
    fit = replace(fit, choice=chosen, orders=candidates.fits, backtest=backtest)
    return _with_spend(_compared(fit), rows)


def _choose(candidates: Candidates, backtest: Backtest | None, settings: ValueSettings) -> Choice:
    known = backtest.scores if backtest else {}
    choice = choose(
        {name: known[name] for name in candidates.fits if name in known},
        {name: fit.maximum.log_likelihood for name, fit in candidates.fits.items()},
        settings.rmse_tolerance,
    )
    failures = [_failed(candidates.failures, "could not be fitted")]
    if backtest:
        failures.append(_failed(backtest.failures, "could not be backtested"))
    return replace(choice, reason=" ".join(filter(None, [choice.reason, *failures])))


def _failed(failures: dict[str, str], what: str) -> str:
    return " ".join(f"{LABELS[name]} {what}: {why}" for name, why in failures.items())


def _backtest(
    calibrations: pl.DataFrame, names: list[str], settings: ValueSettings
) -> Backtest | None:
    """Fit the candidates on the calibration and judge them; None where the gate fails there."""
    if calibrations.is_empty():
        return None
    holdout = holdout_of(calibrations)
    if judge(evidence_of(calibrations, holdout.cutoff_on)).sufficiency == "insufficient":
        return None
    older = fit_candidates([*names, NBD], counted(calibrations, *HISTORY))
    average = unit_average(calibrations, settings.unit_average_window_days)
    steady = np.full(holdout.histories.height, average.orders_per_day)
    forecasts: list[Forecast] = [
        *(forecast_of_model(fit.model, holdout) for fit in older.fits.values()),
        forecast_of_rates(NAIVE_RATE, naive_rates(holdout), holdout),
        forecast_of_rates(UNIT_AVERAGE, steady, holdout),
    ]
    judged = {each.name: judge_forecast(each, holdout) for each in forecasts}
    return Backtest(holdout, judged, older.failures)


def _compared(fit: SegmentFit) -> SegmentFit:
    """Say so where a rule of thumb forecast the holdout better than the chosen model."""
    scores = fit.backtest.scores if fit.backtest else {}
    if fit.model not in scores:
        return fit
    rules = {name: scores[name] for name in (NAIVE_RATE, UNIT_AVERAGE)}
    better = better_baselines(scores[fit.model], rules)
    if not better:
        return fit
    figures = " and ".join(f"{LABELS[name]} ({rules[name].rmse:.4g})" for name in better)
    reason = (
        f"In the backtest {figures} was closer than {LABELS[fit.model]}"
        f" ({scores[fit.model].rmse:.4g}), RMSE in orders."
    )
    return replace(fit, verdict=_with_caveat(fit.verdict, NAIVE_BETTER, reason))


def _with_spend(fit: SegmentFit, rows: pl.DataFrame) -> SegmentFit:
    """Fit the spend; where that fails the mean of all purchase days stands in, with a caveat."""
    spent = rows.filter(pl.col("spend_occasions") > 0)
    try:
        spend = fit_gamma_gamma(counted(spent, "spend_occasions", "mean_spend"))
    except FitNotConverged as error:
        mean = mean_spend(rows)
        if mean is None:
            return replace(fit, verdict=_no_spend(), choice=_no_model(_no_spend()))
        reason = f"Spend could not be fitted ({error.what}) and is the mean purchase day's for all."
        verdict = _with_caveat(fit.verdict, "spend_unit_mean", reason)
        return replace(fit, verdict=verdict, unit_mean=mean)
    return replace(fit, spend=spend)


def _fall_back(fit: SegmentFit, rows: pl.DataFrame, settings: ValueSettings) -> SegmentFit:
    """Forecast with the unit's average what no model can; a segment is its unit's business."""
    average = unit_average(rows, settings.unit_average_window_days)
    mean = mean_spend(rows)
    if (
        fit.model_segment != ALL
        or fit.customers < settings.unit_average_min_customers
        or average.orders < 1
        or mean is None
    ):
        return fit
    reason = (
        f"{fit.verdict.reason} Every customer is expected to order like the unit's average one of"
        f" the last {settings.unit_average_window_days:.0f} days, for 12 months."
    )
    return replace(
        fit,
        verdict=replace(fit.verdict, reason=reason),
        choice=Choice(UNIT_AVERAGE, "fallback", fit.verdict.reason),
        average=average,
        unit_mean=mean,
    )


def _with_caveat(verdict: Verdict, code: str, reason: str) -> Verdict:
    """Add a caveat. Each has its sentence; the code is the last one's, or the naive one's."""
    if verdict.sufficiency == "sufficient":
        return Verdict("sufficient_with_caveat", code, reason)
    kept = verdict.code if verdict.code == NAIVE_BETTER else code
    return Verdict("sufficient_with_caveat", kept, f"{verdict.reason} {reason}")


def _no_spend() -> Verdict:
    return Verdict("insufficient", "no_spend", "No purchase day left money.")


def _no_model(verdict: Verdict) -> Choice:
    return Choice(NO_MODEL, "no_model", verdict.reason)
