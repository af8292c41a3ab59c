"""What was fitted, as the rows that state keeps; schemas of :mod:`etl.clv.inputs`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

import polars as pl

from etl.clv.fit import Fit
from etl.clv.inputs import BACKTESTS, MODELS, PARAMETERS, TOTALS, stored, stored_columns, typed
from etl.clv.segments import SegmentFit
from etl.clv.totals import Total

_Row = dict[str, Any]


def models_of(fits: Sequence[SegmentFit], cutoff_on: date) -> pl.DataFrame:
    """Return one row per unit and segment: the model, why, and how far it can be trusted."""
    rows = [
        {
            **_keys(fit, cutoff_on),
            "model": fit.model,
            "spend_model": fit.spend_model,
            "choice_code": fit.choice.code,
            "choice_reason": fit.choice.reason,
            "sufficiency": fit.verdict.sufficiency,
            "sufficiency_code": fit.verdict.code,
            "sufficiency_reason": fit.verdict.reason,
            "customers": fit.customers,
            "repeat_customers": fit.repeat_customers,
        }
        for fit in fits
    ]
    return pl.DataFrame(rows, schema=MODELS)


def parameters_of(fits: Sequence[SegmentFit], cutoff_on: date) -> pl.DataFrame:
    """Return one row per parameter, of the losing candidates too."""
    rows = [_keys(fit, cutoff_on) | row for fit in fits for row in _parameters(fit)]
    return pl.DataFrame(rows, schema=PARAMETERS)


def backtests_of(fits: Sequence[SegmentFit], cutoff_on: date) -> pl.DataFrame:
    """Return the judged forecasts of all candidates and baselines."""
    parts = [
        rows.with_columns(
            *(pl.lit(value).alias(key) for key, value in _keys(fit, cutoff_on).items()),
            pl.lit(fit.backtest.holdout.cutoff_on).alias("calibration_cutoff_on"),
            pl.lit(fit.backtest.holdout.days).alias("holdout_days"),
            pl.lit(name).alias("model"),
            pl.lit(name == fit.model).alias("is_selected"),
        )
        for fit in fits
        if fit.backtest
        for name, rows in fit.backtest.judged.items()
    ]
    return stored_columns(typed(parts, BACKTESTS))


def totals_of(totals: Iterable[tuple[SegmentFit, list[Total]]], cutoff_on: date) -> pl.DataFrame:
    """Return one row per fit and horizon."""
    rows = [
        {
            **_keys(fit, cutoff_on),
            "horizon_months": total.horizon_months,
            "expected_orders": total.expected_orders,
            "expected_orders_p10": total.p10,
            "expected_orders_p90": total.p90,
            "draws": total.draws,
            "customers": total.customers,
        }
        for fit, of_fit in totals
        for total in of_fit
    ]
    return stored_columns(pl.DataFrame(rows, schema=TOTALS))


def _keys(fit: SegmentFit, cutoff_on: date) -> _Row:
    return {
        "run_cutoff_on": cutoff_on,
        "business_unit": fit.business_unit,
        "model_segment": fit.model_segment,
        "in_force_from": cutoff_on,
    }


def _parameters(fit: SegmentFit) -> Iterator[_Row]:
    for name, candidate in fit.orders.items():
        yield from _fitted(name, candidate, is_selected=name == fit.model)
    if fit.spend:
        yield from _fitted("gamma_gamma", fit.spend, is_selected=True)
    if fit.average:
        error = fit.average.standard_error
        yield _plain(fit, "unit_average", "orders_per_day", fit.average.orders_per_day, error)
    if fit.unit_mean is not None:
        yield _plain(fit, "unit_mean", "mean_spend", fit.unit_mean, None)


def _fitted(name: str, fit: Fit[Any], *, is_selected: bool) -> Iterator[_Row]:
    maximum = fit.maximum
    names = [field.name for field in fields(fit.model)]
    for parameter, estimate, error, covariance in zip(
        names, maximum.estimates, maximum.standard_errors, maximum.covariance, strict=True
    ):
        yield {
            "model": name,
            "parameter": parameter,
            "estimate": float(estimate),
            "standard_error": stored(error),
            "covariance": json.dumps(dict(zip(names, map(stored, covariance), strict=True))),
            "log_likelihood": stored(maximum.log_likelihood),
            "customers": maximum.customers,
            "is_selected": is_selected,
        }


def _plain(
    fit: SegmentFit, model: str, parameter: str, estimate: float, error: float | None
) -> _Row:
    return {
        "model": model,
        "parameter": parameter,
        "estimate": estimate,
        "standard_error": error,
        "covariance": None,
        "log_likelihood": None,
        "customers": fit.customers,
        "is_selected": True,
    }
