"""What today's customers are scored with: the lookups of every fit in force."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from etl.clv.gamma_gamma import GammaGamma
from etl.clv.inputs import INPUT_SCHEMAS, typed
from etl.clv.intervals import QUANTILES, spend_quantile_factors
from etl.clv.lookup import alive_of_fit, forecasts_of_fit
from etl.clv.order_model import ORDER_MODELS, OrderModel
from etl.clv.settings import ValueSettings
from etl.clv.summaries import HISTORY, in_force, with_model_segment
from etl.clv.unit_average import UnitAverage, lookup_of_average

_FIT = ["run_cutoff_on", "business_unit", "model_segment"]
_AGE = ["repeat_orders", "age_days"]


def build_lookups(
    summaries: pl.DataFrame,
    models: pl.DataFrame,
    parameters: pl.DataFrame,
    as_of_on: date,
    settings: ValueSettings,
) -> dict[str, pl.DataFrame]:
    """Forecast the distinct histories of today's summaries with the fits in force.

    Args:
        summaries: As for :func:`etl.clv.business_units.fit_business_units`, at ``as_of_on``.
        models: All fits so far, schema ``clv_models``.
        parameters: Their parameters, schema ``clv_parameters``.
        as_of_on: Day that is scored.
        settings: Discount rate and lapse threshold in force.

    Returns:
        ``clv_alive``, ``clv_lookup`` (also for (x + 1, T), where a returning customer stands) and
        ``clv_residuals``, in the schemas of :mod:`etl.clv.inputs`.
    """
    fits = in_force(models, as_of_on)
    assigned = with_model_segment(summaries, fits)
    made: dict[str, list[pl.DataFrame]] = {"clv_alive": [], "clv_lookup": [], "clv_residuals": []}
    for fit in fits.filter(pl.col("model") != "none").iter_rows(named=True):
        rows = assigned.filter(
            pl.col("business_unit") == fit["business_unit"],
            pl.col("model_segment") == fit["model_segment"],
        )
        labels = [pl.lit(fit[name]).alias(name) for name in _FIT]
        if rows.height:
            for name, lookup in _lookups_of(fit, rows, parameters, settings).items():
                made[name].append(lookup.with_columns(labels))
    return {name: typed(frames, INPUT_SCHEMAS[name]) for name, frames in made.items()}


def _lookups_of(
    fit: dict[str, Any], rows: pl.DataFrame, parameters: pl.DataFrame, settings: ValueSettings
) -> dict[str, pl.DataFrame]:
    estimates = _estimates(parameters, fit, fit["model"])
    if fit["model"] == UnitAverage.name:
        return _average_lookups(rows, estimates["orders_per_day"], settings)
    model = ORDER_MODELS[fit["model"]](**estimates)
    return _lookups(rows, model, _spend_of(parameters, fit), settings)


def _lookups(
    rows: pl.DataFrame, model: OrderModel, spend: GammaGamma | None, settings: ValueSettings
) -> dict[str, pl.DataFrame]:
    """Make the lookups of one fit for the customers it scores."""
    ages, rate = _ages(rows), settings.discount_rate_annual
    histories = rows.select(*HISTORY, "spend_occasions").unique()
    alive = alive_of_fit(histories, model, settings.lapse_probability)
    lookup, residuals = forecasts_of_fit(ages, model, rate)
    return {
        "clv_alive": _with_spend_quantiles(alive, model, spend),
        "clv_lookup": lookup.with_columns(pl.lit(rate).alias("discount_rate_annual")),
        "clv_residuals": residuals,
    }


def _average_lookups(
    rows: pl.DataFrame, orders_per_day: float, settings: ValueSettings
) -> dict[str, pl.DataFrame]:
    """Make the lookup of a unit whose customers all count as its average one."""
    rate = settings.discount_rate_annual
    lookup = lookup_of_average(_ages(rows), orders_per_day, rate)
    return {"clv_lookup": lookup.with_columns(pl.lit(rate).alias("discount_rate_annual"))}


def _with_spend_quantiles(
    alive: pl.DataFrame, model: OrderModel, spend: GammaGamma | None
) -> pl.DataFrame:
    if spend is None:
        return alive.with_columns(pl.lit(None).alias(name) for name in QUANTILES)
    return spend_quantile_factors(model, spend, alive)


def _ages(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct (x, T), and (x + 1, T) for a customer who comes back today."""
    ages = rows.select(_AGE).unique()
    return pl.concat([ages, ages.with_columns(pl.col("repeat_orders") + 1)]).unique()


def _spend_of(parameters: pl.DataFrame, fit: dict[str, Any]) -> GammaGamma | None:
    if fit["spend_model"] != GammaGamma.name:
        return None
    return GammaGamma(**_estimates(parameters, fit, GammaGamma.name))


def _estimates(parameters: pl.DataFrame, fit: dict[str, Any], model: str) -> dict[str, float]:
    rows = parameters.filter(
        pl.col("model") == model, *(pl.col(name) == fit[name] for name in _FIT)
    )
    return dict(rows.select("parameter", "estimate").iter_rows())
