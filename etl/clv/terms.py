"""What customers of one day are worth at the terms of another: its fits and its rates.

Between two closes customers change, and so do fits and rates. To tell them apart, the customers of
the second close are valued at the terms of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray, floats_of
from etl.clv.closes import MONEY
from etl.clv.gamma_gamma import GammaGamma, expected_spend
from etl.clv.rollforward import VALUE
from etl.clv.scoring import build_lookups
from etl.clv.settings import ValueSettings
from etl.clv.summaries import HISTORY, in_force, with_model_segment

_KEYS = ["customer_key", "business_unit"]
_FIT = ["business_unit", "model_segment", "run_cutoff_on"]
_RESIDUAL = "residual_orders_if_alive_discounted"


@dataclass(frozen=True)
class Terms:
    """What a close valued with.

    Args:
        as_of_on: Its day.
        models: Fits known then, schema ``clv_models``.
        parameters: Their parameters, schema ``clv_parameters``.
        settings: Discount rate and the like.
    """

    as_of_on: date
    models: pl.DataFrame
    parameters: pl.DataFrame
    settings: ValueSettings


def at_opening_terms(
    closing: pl.DataFrame,
    summaries: pl.DataFrame,
    margin_rates: pl.DataFrame,
    opening: Terms,
    today: Terms,
) -> pl.DataFrame:
    """Add what each customer of a close is worth at the terms of the close before.

    Args:
        closing: Schema ``clv_closed_values``.
        summaries: As for :func:`etl.clv.scoring.build_lookups`, with ``customer_key``; of the
            closing day.
        margin_rates: ``business_unit`` and ``opening_margin_rate``, a share of net revenue.
        opening: Terms of the close before.
        today: Terms of this close.

    Returns:
        ``closing`` with ``value_at_opening_terms`` (all of them), ``value_at_opening_rates``
        (margin and discount rate, today's fits) and ``value_at_opening_margin`` (margin rate
        alone); money, null without a forecast.
    """
    now, then = pl.col("margin_rate").cast(pl.Float64), pl.col("opening_margin_rate")
    valued = (
        closing.join(margin_rates, on="business_unit", how="left", maintain_order="left")
        .with_columns(then.cast(pl.Float64).fill_null(now))
        .join(_revenue(summaries, opening, "at_terms"), on=_KEYS, how="left")
    )
    # A value is revenue times margin rate. Where that is 0 today, only the opening's terms tell.
    revenue = pl.when(now == 0).then("at_terms").otherwise(pl.col(VALUE).cast(pl.Float64) / now)
    of_margin = revenue * then
    of_rates = of_margin
    if opening.settings.discount_rate_annual != today.settings.discount_rate_annual:
        terms = Terms(today.as_of_on, today.models, today.parameters, opening.settings)
        valued = valued.join(_revenue(summaries, terms, "at_rates"), on=_KEYS, how="left")
        of_rates = pl.col("at_rates") * then
    is_profiled = ~pl.col("rule_id").str.starts_with("CV4")
    return valued.select(
        *closing.columns,
        _money(pl.when(is_profiled).then(pl.col("at_terms") * then), "terms"),
        _money(pl.when(is_profiled).then(of_rates), "rates"),
        _money(of_margin, "margin"),
    )


def _revenue(summaries: pl.DataFrame, terms: Terms, name: str) -> pl.DataFrame:
    """Return all future net revenue of each customer, discounted, at some terms; a double."""
    fits = in_force(terms.models, terms.as_of_on)
    lookups = build_lookups(
        summaries, terms.models, terms.parameters, terms.as_of_on, terms.settings
    )
    unit = ["business_unit", "model_segment"]
    alive = lookups["clv_alive"].select(*unit, *HISTORY, "spend_occasions", "p_alive")
    residuals = lookups["clv_residuals"].select(*unit, "repeat_orders", "age_days", _RESIDUAL)
    forecast = (
        with_model_segment(summaries, fits)
        .select(*_KEYS, "model_segment", *HISTORY, "spend_occasions", "mean_spend")
        .join(alive, on=[*unit, *HISTORY, "spend_occasions"])
        .join(residuals, on=[*unit, "repeat_orders", "age_days"])
        .join(fits.select(*_FIT, "spend_model"), on=unit)
    )
    parts = [
        part.select(
            *_KEYS,
            (pl.col("p_alive") * pl.col(_RESIDUAL) * pl.Series(_spend(part, terms))).alias(name),
        )
        for part in forecast.partition_by(unit, maintain_order=True)
    ]
    schema = {**dict.fromkeys(_KEYS, pl.String()), name: pl.Float64()}
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def _spend(customers: pl.DataFrame, terms: Terms) -> FloatArray:
    """Return the spend per order to expect of customers of one fit."""
    fit = customers.row(0, named=True)
    fitted = terms.parameters.filter(
        pl.col("model") == fit["spend_model"], *(pl.col(key) == fit[key] for key in _FIT)
    )
    values = dict(fitted.select("parameter", "estimate").iter_rows())
    if fit["spend_model"] != "gamma_gamma":
        return np.full(customers.height, values["mean_spend"])
    mean_spend = customers.select(pl.col("mean_spend").cast(pl.Float64).fill_null(0.0))
    occasions = floats_of(customers, "spend_occasions")
    return expected_spend(GammaGamma(**values), occasions, floats_of(mean_spend, "mean_spend"))


def _money(value: pl.Expr, name: str) -> pl.Expr:
    return value.round(4).cast(MONEY).alias(f"value_at_opening_{name}")
