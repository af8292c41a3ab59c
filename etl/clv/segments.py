"""One segment of a business unit, or all of it: gate, candidates, backtest, choice, fallback."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from etl.clv.backtest import TOTAL, judge_forecast
from etl.clv.candidates import Candidates, Fits, fit_candidates
from etl.clv.choice import LABELS, Choice, Score, better_baselines, choose
from etl.clv.fit import Fit
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.holdout import (
    Forecast,
    Holdout,
    forecast_of_average,
    forecast_of_model,
    forecast_of_own_rates,
    holdout_of,
)
from etl.clv.identification import weakly_identified
from etl.clv.inputs import ALL
from etl.clv.order_model import CANDIDATES
from etl.clv.settings import ValueSettings
from etl.clv.spend import GAMMA_GAMMA, UNIT_MEAN, Spend, fit_spend
from etl.clv.sufficiency import (
    NAIVE_BETTER,
    SPEND_UNIT_MEAN,
    WEAKLY_IDENTIFIED,
    Verdict,
    evidence_of,
    judge,
    with_caveat,
)
from etl.clv.summaries import HISTORY, counted
from etl.clv.unit_average import UnitAverage, mean_spend, unit_average

NO_MODEL = "none"
# What any model must beat to be worth its name: as so far, all alike, nobody ever leaves.
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
            name: Score(*rows.filter(pl.col("scope") == TOTAL).select("rmse", "cohort_bias").row(0))
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
        return GAMMA_GAMMA if self.spend else UNIT_MEAN


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
    verdict = judge(evidence_of(rows, cutoff_on, settings), settings)
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
    # In the order of CAVEATS: the first one's code stays.
    return _with_spend(_compared(_identified(fit, settings)), rows)


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
    older_evidence = evidence_of(calibrations, holdout.cutoff_on, settings)
    if judge(older_evidence, settings).sufficiency == "insufficient":
        return None
    older = fit_candidates([*names, NBD], counted(calibrations, *HISTORY))
    spend = fit_spend(calibrations)
    average = unit_average(calibrations, settings.unit_average_window_days)
    everyone = Spend(None, mean_spend(calibrations), "")
    forecasts: list[Forecast] = [
        *(forecast_of_model(fit.model, spend, holdout) for fit in older.fits.values()),
        forecast_of_own_rates(NAIVE_RATE, holdout),
        forecast_of_average(UNIT_AVERAGE, average.orders_per_day, everyone, holdout),
    ]
    judged = {each.name: judge_forecast(each, holdout) for each in forecasts}
    return Backtest(holdout, judged, older.failures)


def _identified(fit: SegmentFit, settings: ValueSettings) -> SegmentFit:
    """Say so where the data hardly determine a parameter of the chosen model."""
    weak = weakly_identified(fit.orders[fit.model], settings.weak_standard_error)
    if weak is None:
        return fit
    return replace(fit, verdict=with_caveat(fit.verdict, WEAKLY_IDENTIFIED, weak))


def _compared(fit: SegmentFit) -> SegmentFit:
    """Say so where a rule of thumb forecast the holdout better than the chosen model."""
    scores = fit.backtest.scores if fit.backtest else {}
    if fit.model not in scores:
        return fit
    rules = {name: scores[name] for name in (NAIVE_RATE, UNIT_AVERAGE, NBD) if name in scores}
    better = better_baselines(scores[fit.model], rules)
    if not better:
        return fit
    figures = " and ".join(f"{LABELS[name]} ({rules[name].rmse:.4g})" for name in better)
    reason = (
        f"In the backtest {figures} came closer than {LABELS[fit.model]}"
        f" ({scores[fit.model].rmse:.4g}), RMSE in orders."
    )
    return replace(fit, verdict=with_caveat(fit.verdict, NAIVE_BETTER, reason))


def _with_spend(fit: SegmentFit, rows: pl.DataFrame) -> SegmentFit:
    """Fit the spend; where that fails the mean of all purchase days stands in, with a caveat."""
    spend = fit_spend(rows)
    if spend.fit:
        return replace(fit, spend=spend.fit)
    if spend.unit_mean is None:
        return replace(fit, verdict=_no_spend(), choice=_no_model(_no_spend()))
    reason = f"Spend could not be fitted ({spend.failure}) and is the mean purchase day's for all."
    verdict = with_caveat(fit.verdict, SPEND_UNIT_MEAN, reason)
    return replace(fit, verdict=verdict, unit_mean=spend.unit_mean)


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


def _no_spend() -> Verdict:
    return Verdict("insufficient", "no_spend", "No purchase day left money.")


def _no_model(verdict: Verdict) -> Choice:
    return Choice(NO_MODEL, "no_model", verdict.reason)
