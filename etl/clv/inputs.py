"""Schemas of the frames that the warehouse reads back; a bare build sees them with zero rows.

``segment`` is the customer's own: the channel of the first purchase. ``model_segment`` is the one
whose fit scores the customer: the own segment where it was fitted, else ``all``. Times are days.
"""

from __future__ import annotations

import polars as pl

ALL = "all"
STORED_DIGITS = 10

# What was fitted: kept in state, one fit per cutoff, business unit and model segment.
_FIT: dict[str, pl.DataType] = {
    "run_cutoff_on": pl.Date(),
    "business_unit": pl.String(),
    "model_segment": pl.String(),
    "in_force_from": pl.Date(),
}

MODELS: dict[str, pl.DataType] = {
    **_FIT,
    "model": pl.String(),
    "spend_model": pl.String(),
    "choice_code": pl.String(),
    "choice_reason": pl.String(),
    "sufficiency": pl.String(),
    "sufficiency_code": pl.String(),
    "sufficiency_reason": pl.String(),
    "customers": pl.Int64(),
    "repeat_customers": pl.Int64(),
}

PARAMETERS: dict[str, pl.DataType] = {
    **_FIT,
    "model": pl.String(),
    "parameter": pl.String(),
    "estimate": pl.Float64(),
    "standard_error": pl.Float64(),
    "covariance": pl.String(),
    "log_likelihood": pl.Float64(),
    "customers": pl.Int64(),
    "is_selected": pl.Boolean(),
}

BACKTESTS: dict[str, pl.DataType] = {
    **_FIT,
    "calibration_cutoff_on": pl.Date(),
    "holdout_days": pl.Int64(),
    "model": pl.String(),
    "scope": pl.String(),
    "bucket": pl.String(),
    "customers": pl.Int64(),
    "predicted_orders": pl.Float64(),
    "actual_orders": pl.Int64(),
    "bias": pl.Float64(),
    "mae": pl.Float64(),
    "rmse": pl.Float64(),
    "gini": pl.Float64(),
    "top_decile_capture": pl.Float64(),
    "brier": pl.Float64(),
    "is_selected": pl.Boolean(),
    # From here on null in what was fitted before the columns came.
    "cohort_bias": pl.Float64(),
    "predicted_revenue": pl.Float64(),
    "actual_revenue": pl.Decimal(18, 4),
    "revenue_bias": pl.Float64(),
    "spend_model": pl.String(),
}

TOTALS: dict[str, pl.DataType] = {
    **_FIT,
    "horizon_months": pl.Int64(),
    "expected_orders": pl.Float64(),
    "expected_orders_p10": pl.Float64(),
    "expected_orders_p90": pl.Float64(),
    "draws": pl.Int64(),
    # Null in what was fitted before the column came.
    "customers": pl.Int64(),
}

# What today's customers are scored with: made in each build, for the fits in force.
_SCORED: dict[str, pl.DataType] = {
    "run_cutoff_on": pl.Date(),
    "business_unit": pl.String(),
    "model_segment": pl.String(),
    "repeat_orders": pl.Int64(),
}

ALIVE: dict[str, pl.DataType] = {
    **_SCORED,
    "recency_days": pl.Int64(),
    "age_days": pl.Int64(),
    "spend_occasions": pl.Int64(),
    "p_alive": pl.Float64(),
    "lapse_gap_days": pl.Float64(),
    "spend_p10_factor": pl.Float64(),
    "spend_p90_factor": pl.Float64(),
}

LOOKUP: dict[str, pl.DataType] = {
    **_SCORED,
    "age_days": pl.Int64(),
    "horizon_months": pl.Int64(),
    "discount_rate_annual": pl.Float64(),
    "orders_if_alive": pl.Float64(),
    "orders_if_alive_discounted": pl.Float64(),
    "orders_if_alive_discounted_low_rate": pl.Float64(),
    "orders_if_alive_discounted_high_rate": pl.Float64(),
    "p_order_if_alive": pl.Float64(),
}

RESIDUALS: dict[str, pl.DataType] = {
    **_SCORED,
    "age_days": pl.Int64(),
    "residual_orders_if_alive_discounted": pl.Float64(),
    "residual_orders_if_alive_discounted_low_rate": pl.Float64(),
    "residual_orders_if_alive_discounted_high_rate": pl.Float64(),
}

STATE_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "clv_models": MODELS,
    "clv_parameters": PARAMETERS,
    "clv_backtests": BACKTESTS,
    "clv_totals": TOTALS,
}

INPUT_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    **STATE_SCHEMAS,
    "clv_alive": ALIVE,
    "clv_lookup": LOOKUP,
    "clv_residuals": RESIDUALS,
}

# What the functions of this package need of a purchase summary, one row per customer and unit.
SUMMARY_COLUMNS = (
    "business_unit",
    "segment",
    "repeat_orders",
    "recency_days",
    "age_days",
    "spend_occasions",
    "mean_spend",
    "first_ordered_on",
    "history_starts_on",
    "recent_repeat_orders",
    "first_spend",
)


def typed(frames: list[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Stack frames in the columns and types of a schema, zero rows when there are none."""
    cast = [
        frame.select(pl.col(name).cast(kind) for name, kind in schema.items()) for frame in frames
    ]
    return pl.concat([pl.DataFrame(schema=schema), *cast])


def stored(value: float) -> float:
    """Round to the digits that state keeps, so that the last bits of a sum decide nothing."""
    return float(f"{value:.{STORED_DIGITS}g}")


def stored_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Round every double of a frame to the digits that state keeps."""
    return frame.with_columns(pl.col(pl.Float64).round_sig_figs(STORED_DIGITS))
