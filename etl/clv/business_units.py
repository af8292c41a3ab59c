"""Fit every business unit of a purchase summary, and each of its segments that can carry a fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from etl.clv.errors import FitNotConverged, QuadratureError
from etl.clv.fit import Fit, fit_gamma_gamma, fit_orders
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.inputs import ALL, MODELS, PARAMETERS, STATE_SCHEMAS, SUMMARY_COLUMNS
from etl.clv.lookup import forecasts_of_fit
from etl.clv.order_model import OrderModel
from etl.clv.sufficiency import Verdict, evidence_of, judge
from etl.clv.summaries import HISTORY, check_summaries, counted

BG_NBD = "bg_nbd"
GAMMA_GAMMA = "gamma_gamma"
NO_MODEL = "none"


@dataclass(frozen=True)
class SegmentReport:
    """What happened to one segment of a business unit, or to all of it.

    Args:
        business_unit: Its name.
        model_segment: The segment, or ``all``.
        verdict: May it be forecast, and why.
        customers: Customers with an order.
        repeat_customers: Customers with orders on at least two days.
        orders: The fitted BG/NBD, None where there is no forecast.
        spend: The fitted Gamma-Gamma, None where there is no forecast.
    """

    business_unit: str
    model_segment: str
    verdict: Verdict
    customers: int
    repeat_customers: int
    orders: Fit[OrderModel] | None
    spend: Fit[GammaGamma] | None

    @property
    def model(self) -> str:
        """Name of the order model, or none."""
        return BG_NBD if self.orders else NO_MODEL


@dataclass(frozen=True)
class FitResult:
    """Everything a fit produces.

    Args:
        state: By kind of state, the rows of this fit; schemas of :mod:`etl.clv.inputs`.
        report: The same per unit and segment, for messages.
    """

    state: dict[str, pl.DataFrame]
    report: tuple[SegmentReport, ...]


def fit_business_units(summaries: pl.DataFrame, cutoff_on: date) -> FitResult:
    """Fit the value models per business unit and segment, where the data suffice.

    Args:
        summaries: One row per business unit and customer: ``business_unit``, ``segment``,
            ``repeat_orders`` (days with an order after the first), ``recency_days`` and
            ``age_days`` (whole days), ``spend_occasions`` (repeat days with spend above zero),
            ``mean_spend`` (their mean, money, null where there are none), ``first_ordered_on``,
            ``history_starts_on`` (null where the history is whole), ``recent_repeat_orders``,
            ``first_spend`` (of the first day, null where not above zero). Other columns are
            ignored.
        cutoff_on: Last day of the data; the fit is in force from it.

    Returns:
        The rows for state and a report. A unit or segment that fails the gate or does not
        converge has a row in ``clv_models`` that says why, and no parameters.

    Raises:
        SummaryError: The summaries contradict themselves.
    """
    check_summaries(summaries)
    groups = _groups(summaries.select(SUMMARY_COLUMNS))
    report = tuple(_fit_group(unit, segment, rows, cutoff_on) for unit, segment, rows in groups)
    empty = {name: pl.DataFrame(schema=schema) for name, schema in STATE_SCHEMAS.items()}
    fitted = {
        "clv_models": _models(report, cutoff_on),
        "clv_parameters": _parameters(report, cutoff_on),
    }
    return FitResult(empty | fitted, report)


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


def _fit_group(name: str, segment: str, rows: pl.DataFrame, cutoff_on: date) -> SegmentReport:
    repeaters = int((rows.get_column("repeat_orders") > 0).sum())
    verdict = judge(evidence_of(rows, cutoff_on))
    if verdict.sufficiency == "insufficient":
        return SegmentReport(name, segment, verdict, rows.height, repeaters, None, None)
    spent = rows.filter(pl.col("spend_occasions") > 0)
    try:
        orders = fit_orders(BG_NBD, counted(rows, *HISTORY))
        spend = fit_gamma_gamma(counted(spent, "spend_occasions", "mean_spend"))
        _try_forecast(orders.model, rows)
    except (FitNotConverged, QuadratureError) as error:
        verdict = Verdict("insufficient", "not_converged", f"{error.where}: {error.what}")
        return SegmentReport(name, segment, verdict, rows.height, repeaters, None, None)
    return SegmentReport(name, segment, verdict, rows.height, repeaters, orders, spend)


def _try_forecast(model: OrderModel, rows: pl.DataFrame) -> None:
    """Forecast the heaviest buyer, the hardest row: parameters that fail here are no model."""
    heaviest = rows.select(pl.col("repeat_orders").max(), pl.lit(0).alias("age_days"))
    forecasts_of_fit(heaviest, model, 0.0)


def _models(report: tuple[SegmentReport, ...], cutoff_on: date) -> pl.DataFrame:
    rows = [
        {
            "run_cutoff_on": cutoff_on,
            "business_unit": group.business_unit,
            "model_segment": group.model_segment,
            "in_force_from": cutoff_on,
            "model": group.model,
            "spend_model": GAMMA_GAMMA if group.spend else None,
            "choice_code": "only_candidate" if group.orders else "no_model",
            "choice_reason": (
                "BG/NBD is the only candidate." if group.orders else group.verdict.reason
            ),
            "sufficiency": group.verdict.sufficiency,
            "sufficiency_code": group.verdict.code,
            "sufficiency_reason": group.verdict.reason,
            "customers": group.customers,
            "repeat_customers": group.repeat_customers,
        }
        for group in report
    ]
    return pl.DataFrame(rows, schema=MODELS)


def _parameters(report: tuple[SegmentReport, ...], cutoff_on: date) -> pl.DataFrame:
    rows = [
        {
            "run_cutoff_on": cutoff_on,
            "business_unit": group.business_unit,
            "model_segment": group.model_segment,
            "in_force_from": cutoff_on,
            "model": model,
            "parameter": parameter,
            "estimate": estimate,
            "standard_error": None,
            "covariance": None,
            "log_likelihood": fitted.maximum.log_likelihood,
            "customers": fitted.maximum.customers,
            "is_selected": True,
        }
        for group in report
        for model, fitted in ((BG_NBD, group.orders), (GAMMA_GAMMA, group.spend))
        if fitted
        for parameter, estimate in vars(fitted.model).items()
    ]
    return pl.DataFrame(rows, schema=PARAMETERS)
