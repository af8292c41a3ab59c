"""Fit every business unit of a purchase summary, and each of its segments that can carry a fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from etl.clv.inputs import ALL, SUMMARY_COLUMNS
from etl.clv.records import backtests_of, models_of, parameters_of, totals_of
from etl.clv.segments import SegmentFit, fit_segment
from etl.clv.settings import ValueSettings
from etl.clv.summaries import check_summaries, with_model_segment
from etl.clv.totals import Total, totals_of_average, totals_of_model


@dataclass(frozen=True)
class FitResult:
    """Everything a fit produces.

    Args:
        state: By kind of state, the rows of this fit; schemas of :mod:`etl.clv.inputs`.
        fits: The same per unit and segment, for messages.
    """

    state: dict[str, pl.DataFrame]
    fits: tuple[SegmentFit, ...]


def fit_business_units(
    summaries: pl.DataFrame,
    calibrations: pl.DataFrame,
    cutoff_on: date,
    settings: ValueSettings,
) -> FitResult:
    """Fit the value models per business unit and segment, where the data suffice.

    Args:
        summaries: One row per business unit and customer: ``business_unit``, ``segment``,
            ``repeat_orders`` (days with an order after the first), ``recency_days`` and
            ``age_days`` (whole days), ``spend_occasions`` (repeat days with spend above zero),
            ``mean_spend`` (their mean, money, null where there are none), ``first_ordered_on``,
            ``history_starts_on`` (null where the history is whole), ``recent_repeat_orders``
            (within the window of the unit average), ``first_spend`` (of the first day, null
            where not above zero). Other columns are ignored.
        calibrations: The same at each unit's ``calibration_cutoff_on``, of the customers known
            then, with ``cohort`` (quarter of the first order), ``holdout_days`` and, after it,
            ``holdout_orders`` and ``holdout_revenue`` (money net of refunds).
        cutoff_on: Last day of the data; the fit is in force from it.
        settings: Thresholds in force.

    Returns:
        The rows for state, and what was fitted. A unit or segment that fails the gate or does not
        converge has a row in ``clv_models`` that says why.

    Raises:
        SummaryError: The summaries contradict themselves.
    """
    check_summaries(summaries, "int_clv_summaries")
    check_summaries(calibrations, "int_clv_calibrations")
    groups = _groups(summaries.select(SUMMARY_COLUMNS))
    fits = tuple(
        fit_segment(unit, segment, rows, _part(calibrations, unit, segment), cutoff_on, settings)
        for unit, segment, rows in groups
    )
    models = models_of(fits, cutoff_on)
    scored = with_model_segment(summaries, models)
    totals = [(fit, _totals(fit, scored, cutoff_on)) for fit in fits]
    state = {
        "clv_models": models,
        "clv_parameters": parameters_of(fits, cutoff_on),
        "clv_backtests": backtests_of(fits, cutoff_on),
        "clv_totals": totals_of(totals, cutoff_on),
    }
    return FitResult(state, fits)


def _groups(summaries: pl.DataFrame) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Yield each unit whole, and where it has several segments each of them."""
    units = summaries.partition_by("business_unit", as_dict=True)
    for (unit,), rows in sorted(units.items()):
        yield str(unit), ALL, rows
        segments = rows.partition_by("segment", as_dict=True)
        if len(segments) > 1:
            for (segment,), part in sorted(segments.items()):
                if segment != ALL:
                    yield str(unit), str(segment), part


def _part(rows: pl.DataFrame, unit: str, segment: str) -> pl.DataFrame:
    of_unit = rows.filter(pl.col("business_unit") == unit)
    return of_unit if segment == ALL else of_unit.filter(pl.col("segment") == segment)


def _totals(fit: SegmentFit, scored: pl.DataFrame, cutoff_on: date) -> list[Total]:
    """Total the orders of the customers that this fit scores."""
    rows = scored.filter(
        pl.col("business_unit") == fit.business_unit,
        pl.col("model_segment") == fit.model_segment,
    )
    if rows.is_empty():
        return []
    if fit.average:
        return totals_of_average(fit.average, rows.height, cutoff_on)
    if fit.model in fit.orders:
        return totals_of_model(fit.orders[fit.model], rows, cutoff_on)
    return []
