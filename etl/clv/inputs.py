"""Schemas of the frames that the warehouse reads back; a bare build sees them with zero rows."""

from __future__ import annotations

import polars as pl

PARAMETERS: dict[str, pl.DataType] = {
    "run_cutoff_on": pl.Date(),
    "business_unit": pl.String(),
    "model": pl.String(),
    "parameter": pl.String(),
    "estimate": pl.Float64(),
    "in_force_from": pl.Date(),
}

MODELS: dict[str, pl.DataType] = {
    "run_cutoff_on": pl.Date(),
    "business_unit": pl.String(),
    "in_force_from": pl.Date(),
    "model": pl.String(),
    "sufficiency": pl.String(),
    "sufficiency_code": pl.String(),
    "sufficiency_reason": pl.String(),
    "customers": pl.Int64(),
    "repeat_customers": pl.Int64(),
    "bg_nbd_log_likelihood": pl.Float64(),
    "gamma_gamma_log_likelihood": pl.Float64(),
}

LOOKUP: dict[str, pl.DataType] = {
    "run_cutoff_on": pl.Date(),
    "business_unit": pl.String(),
    "repeat_orders": pl.Int64(),
    "age_days": pl.Int64(),
    "horizon_months": pl.Int64(),
    "discount_rate_annual": pl.Float64(),
    "expected_orders_if_alive": pl.Float64(),
    "expected_orders_if_alive_discounted": pl.Float64(),
}

INPUT_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "clv_parameters": PARAMETERS,
    "clv_models": MODELS,
    "clv_lookup": LOOKUP,
}

# What the functions of this package need of a purchase summary, one row per customer and unit.
SUMMARY_COLUMNS = (
    "business_unit",
    "repeat_orders",
    "recency_days",
    "age_days",
    "spend_occasions",
    "mean_spend",
    "first_ordered_on",
    "history_starts_on",
)
