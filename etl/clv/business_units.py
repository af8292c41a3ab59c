"""Fit and forecast every business unit of a purchase summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from etl.clv.bg_nbd import BgNbd
from etl.clv.errors import FitNotConverged, QuadratureError, SummaryError
from etl.clv.fit import Fit, fit_gamma_gamma, fit_orders
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.inputs import LOOKUP, MODELS, PARAMETERS, SUMMARY_COLUMNS
from etl.clv.lookup import lookup_of_unit
from etl.clv.order_model import OrderModel
from etl.clv.sufficiency import Verdict, evidence_of, judge

BG_NBD = "bg_nbd"
GAMMA_GAMMA = "gamma_gamma"
BOTH = f"{BG_NBD}+{GAMMA_GAMMA}"
NO_MODEL = "none"


@dataclass(frozen=True)
class UnitReport:
    """What happened to one business unit.

    Args:
        business_unit: Its name.
        verdict: May it be forecast, and why.
        customers: Customers with an order.
        repeat_customers: Customers with orders on at least two days.
        orders: The fitted BG/NBD, None where there is no forecast.
        spend: The fitted Gamma-Gamma, None where there is no forecast.
    """

    business_unit: str
    verdict: Verdict
    customers: int
    repeat_customers: int
    orders: Fit[OrderModel] | None
    spend: Fit[GammaGamma] | None

    @property
    def model(self) -> str:
        """Name of the model pair, or none."""
        return BOTH if self.orders and self.spend else NO_MODEL


@dataclass(frozen=True)
class FitResult:
    """Everything a fit produces; the frames have the schemas of :mod:`etl.clv.inputs`.

    Args:
        parameters: One row per fitted unit, model and parameter.
        models: One row per unit: sufficiency and its reason, customers, log-likelihoods.
        lookup: Forecasts for the (x, T) of the summaries that were fitted.
        report: The same per unit, for messages.
    """

    parameters: pl.DataFrame
    models: pl.DataFrame
    lookup: pl.DataFrame
    report: tuple[UnitReport, ...]


def fit_business_units(
    summaries: pl.DataFrame, cutoff_on: date, discount_rate_annual: float
) -> FitResult:
    """Fit BG/NBD and Gamma-Gamma per business unit, where the data suffice.

    Args:
        summaries: One row per business unit and customer: ``business_unit``, ``repeat_orders``
            (days with an order after the first), ``recency_days`` and ``age_days`` (whole days),
            ``spend_occasions`` (repeat days with spend above zero), ``mean_spend`` (their mean,
            money, null where there are none), ``first_ordered_on``, ``history_starts_on`` (null
            where the history is whole). Other columns are ignored.
        cutoff_on: Last day of the data; the parameters are in force from it.
        discount_rate_annual: Per year, 0.1 is 10 %.

    Returns:
        Parameters, models, lookup and report. A unit that fails the gate or does not converge
        has a row in ``models`` that says why, and no parameters.

    Raises:
        SummaryError: The summaries contradict themselves.
    """
    check_summaries(summaries)
    units = summaries.select(SUMMARY_COLUMNS).partition_by("business_unit", as_dict=True)
    report = tuple(_fit_unit(str(name), unit, cutoff_on) for (name,), unit in sorted(units.items()))
    models, parameters = _models(report, cutoff_on), _parameters(report, cutoff_on)
    lookup = build_lookup(summaries, models, parameters, cutoff_on, discount_rate_annual)
    return FitResult(parameters, models, lookup, report)


def build_lookup(
    summaries: pl.DataFrame,
    models: pl.DataFrame,
    parameters: pl.DataFrame,
    as_of_on: date,
    discount_rate_annual: float,
) -> pl.DataFrame:
    """Forecast the (x, T) of today's summaries with the parameters in force.

    Args:
        summaries: As for :func:`fit_business_units`, at ``as_of_on``.
        models: All fits so far, schema ``clv_models``.
        parameters: Their parameters, schema ``clv_parameters``.
        as_of_on: Day that is scored.
        discount_rate_annual: Per year, 0.1 is 10 %.

    Returns:
        Schema ``clv_lookup``: one row per business unit with a model, distinct (x, T) and
        horizon; for each also (x + 1, T), where a returning customer stands.

    Source:
        See :func:`etl.clv.lookup.lookup_of_unit`.
    """
    parts = []
    for unit in in_force(models, as_of_on).filter(pl.col("model") == BOTH).iter_rows(named=True):
        params = _bg_nbd_of(parameters, unit["business_unit"], unit["run_cutoff_on"])
        ages = _ages(summaries.filter(pl.col("business_unit") == unit["business_unit"]))
        if ages.is_empty():
            continue
        lookup = lookup_of_unit(unit["business_unit"], ages, params, discount_rate_annual)
        parts.append(lookup.with_columns(pl.lit(unit["run_cutoff_on"]).alias("run_cutoff_on")))
    rate = pl.lit(discount_rate_annual, dtype=pl.Float64).alias("discount_rate_annual")
    return _typed((part.with_columns(rate) for part in parts), LOOKUP)


def _ages(summaries: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct (x, T), and (x + 1, T) for a customer who comes back today."""
    ages = summaries.select("repeat_orders", "age_days").unique()
    return pl.concat([ages, ages.with_columns(pl.col("repeat_orders") + 1)]).unique()


def in_force(models: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """Return the fit in force on a day: per business unit the latest that began by then."""
    begun = models.filter(pl.col("in_force_from") <= as_of_on)
    latest = begun.sort("business_unit", "in_force_from", "run_cutoff_on")
    return latest.unique("business_unit", keep="last", maintain_order=True)


def check_summaries(summaries: pl.DataFrame) -> None:
    """Refuse a summary that no purchase history can have.

    Raises:
        SummaryError: Names the first rule broken and how many rows break it.
    """
    x, recency, age = (pl.col(c) for c in ("repeat_orders", "recency_days", "age_days"))
    occasions, spend = pl.col("spend_occasions"), pl.col("mean_spend")
    required = pl.any_horizontal(
        pl.col(c).is_null() for c in (*SUMMARY_COLUMNS[:5], "first_ordered_on")
    )
    rules = {
        "a required value is null": required,
        "repeat orders below zero": x < 0,
        "recency outside 0 .. age": (recency < 0) | (recency > age),
        "a recency without repeat orders, or the reverse": (x > 0) != (recency > 0),
        "more repeat orders than days": x > recency,
        "more spend occasions than repeat orders": (occasions < 0) | (occasions > x),
        "spend that is not above zero": (occasions > 0) & ~(spend > 0).fill_null(value=False),
    }
    counts = summaries.select(
        rule.fill_null(value=False).sum().alias(name) for name, rule in rules.items()
    )
    for name, broken in counts.row(0, named=True).items():
        if broken:
            raise SummaryError(
                f"{broken} customers have {name}.",
                where="int_clv_summaries",
                todo="Correct the query that summarises the orders.",
            )


def _fit_unit(name: str, unit: pl.DataFrame, cutoff_on: date) -> UnitReport:
    repeaters = int((unit.get_column("repeat_orders") > 0).sum())
    verdict = judge(evidence_of(unit, cutoff_on))
    if verdict.sufficiency == "insufficient":
        return UnitReport(name, verdict, unit.height, repeaters, None, None)
    counted = pl.len().cast(pl.Int64).alias("customers")
    spent = unit.filter(pl.col("spend_occasions") > 0)
    try:
        orders = fit_orders(
            BG_NBD, unit.group_by("repeat_orders", "recency_days", "age_days").agg(counted)
        )
        spend = fit_gamma_gamma(spent.group_by("spend_occasions", "mean_spend").agg(counted))
        _try_forecast(orders.model, unit)
    except (FitNotConverged, QuadratureError) as error:
        verdict = Verdict("insufficient", "not_converged", f"{error.where}: {error.what}")
        return UnitReport(name, verdict, unit.height, repeaters, None, None)
    return UnitReport(name, verdict, unit.height, repeaters, orders, spend)


def _try_forecast(model: OrderModel, unit: pl.DataFrame) -> None:
    """Forecast the heaviest buyer, the hardest row: parameters that fail here are no model."""
    heaviest = unit.select(pl.col("repeat_orders").max(), pl.lit(0).alias("age_days"))
    lookup_of_unit("", heaviest, model, 0.0)


def _models(report: tuple[UnitReport, ...], cutoff_on: date) -> pl.DataFrame:
    rows = [
        {
            "run_cutoff_on": cutoff_on,
            "business_unit": unit.business_unit,
            "in_force_from": cutoff_on,
            "model": unit.model,
            "sufficiency": unit.verdict.sufficiency,
            "sufficiency_code": unit.verdict.code,
            "sufficiency_reason": unit.verdict.reason,
            "customers": unit.customers,
            "repeat_customers": unit.repeat_customers,
            "bg_nbd_log_likelihood": unit.orders.maximum.log_likelihood if unit.orders else None,
            "gamma_gamma_log_likelihood": unit.spend.maximum.log_likelihood if unit.spend else None,
        }
        for unit in report
    ]
    return pl.DataFrame(rows, schema=MODELS)


def _parameters(report: tuple[UnitReport, ...], cutoff_on: date) -> pl.DataFrame:
    rows = [
        (cutoff_on, unit.business_unit, model, parameter, estimate, cutoff_on)
        for unit in report
        for model, fitted in ((BG_NBD, unit.orders), (GAMMA_GAMMA, unit.spend))
        if fitted
        for parameter, estimate in vars(fitted.model).items()
    ]
    return pl.DataFrame(rows, schema=PARAMETERS, orient="row")


def _bg_nbd_of(parameters: pl.DataFrame, business_unit: str, run_cutoff_on: date) -> BgNbd:
    rows = parameters.filter(
        (pl.col("business_unit") == business_unit)
        & (pl.col("run_cutoff_on") == run_cutoff_on)
        & (pl.col("model") == BG_NBD)
    )
    return BgNbd(**dict(rows.select("parameter", "estimate").iter_rows()))


def _typed(frames: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Stack frames in the columns and types of a schema, zero rows when there are none."""
    empty = pl.DataFrame(schema=schema)
    cast = [
        frame.select(pl.col(name).cast(kind) for name, kind in schema.items()) for frame in frames
    ]
    return pl.concat([empty, *cast])
