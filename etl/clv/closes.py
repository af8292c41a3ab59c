"""Schemas of a month's close as state keeps it and dbt reads it; zero rows before the first one."""

from __future__ import annotations

import polars as pl

MONEY = pl.Decimal(18, 4)
_SHARE = pl.Decimal(9, 6)
_COUNT = pl.Decimal(18, 6)

# What is summed up per close; null forecasts count as nothing.
TOTALS = (
    "clv_12m_margin_discounted",
    "clv_36m_margin_discounted",
    "clv_residual_margin_discounted",
    "historic_net_revenue",
    "historic_margin",
)

# One row per close. The rows of persons stand apart, so that one can be erased and totals stay.
CLOSES: dict[str, pl.DataType] = {
    "close_id": pl.String(),
    "month": pl.Date(),
    "version": pl.Int64(),
    "as_of_on": pl.Date(),
    "run_id": pl.String(),
    "basis_id": pl.String(),
    "previous_close_id": pl.String(),
    "reason": pl.String(),
    "reporting_currency": pl.String(),
    "discount_rate_annual": _SHARE,
    "customers": pl.Int64(),
    "value_rows": pl.Int64(),
    "forecast_rows": pl.Int64(),
    **dict.fromkeys(TOTALS, MONEY),
    "values_hash": pl.String(),
    "closed_at": pl.Datetime("us", "UTC"),
}

# One row per close, customer and business unit.
CLOSED_VALUES: dict[str, pl.DataType] = {
    "close_id": pl.String(),
    "customer_key": pl.String(),
    "business_unit": pl.String(),
    "rule_id": pl.String(),
    "model": pl.String(),
    "model_segment": pl.String(),
    "model_run_id": pl.String(),
    "clv_cutoff_on": pl.Date(),
    "sufficiency": pl.String(),
    "orders": pl.Int64(),
    "purchase_days": pl.Int64(),
    "first_ordered_on": pl.Date(),
    "last_ordered_on": pl.Date(),
    "repeat_orders": pl.Int64(),
    "historic_revenue": MONEY,
    "historic_refunds": MONEY,
    "historic_refund_exchange_difference": MONEY,
    "historic_net_revenue": MONEY,
    "historic_margin": MONEY,
    "p_alive": _SHARE,
    "lapses_on": pl.Date(),
    "expected_orders_12m": _COUNT,
    "expected_orders_36m": _COUNT,
    "expected_order_value": MONEY,
    # In full, so that the next close can take it again.
    "margin_rate": pl.Decimal(18, 12),
    "clv_12m_margin_discounted": MONEY,
    "clv_36m_margin_discounted": MONEY,
    "clv_residual_margin_discounted": MONEY,
}

# One row per close, business unit and line of the rollforward.
CLOSED_LINES: dict[str, pl.DataType] = {
    "close_id": pl.String(),
    "business_unit": pl.String(),
    "line_no": pl.Int64(),
    "line": pl.String(),
    "amount": MONEY,
}

CLOSE_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "clv_closes": CLOSES,
    "clv_closed_values": CLOSED_VALUES,
    "clv_closed_lines": CLOSED_LINES,
}
