"""The lookup: what an active customer with x repeat orders and age T will order.

The forecast factorises: P(alive | x, t_x, T), which SQL computes, times a function of x and T
alone, which needs special functions and is computed here once per distinct (x, T).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from etl.clv.discounting import DAYS_PER_MONTH, discount_rate_daily, discounted_orders_if_alive
from etl.clv.order_model import OrderModel

HORIZONS_MONTHS = (12, 24, 36)


def lookup_of_unit(
    business_unit: str, ages: pl.DataFrame, model: OrderModel, discount_rate_annual: float
) -> pl.DataFrame:
    """Forecast per distinct (x, T) of one business unit and horizon.

    Args:
        business_unit: Name written on each row.
        ages: Distinct ``repeat_orders`` (>= 0) and ``age_days`` (days, >= 0).
        model: Model in force with its parameters.
        discount_rate_annual: Per year, 0.1 is 10 %; > -1.

    Returns:
        ``business_unit``, ``repeat_orders``, ``age_days``, ``horizon_months`` (12, 24, 36),
        ``expected_orders_if_alive`` and ``expected_orders_if_alive_discounted`` (orders within
        the horizon, >= 0).
    """
    ages = ages.sort("repeat_orders", "age_days")
    x = ages.get_column("repeat_orders").cast(pl.Float64).to_numpy()
    age = ages.get_column("age_days").cast(pl.Float64).to_numpy()
    horizons = np.array(HORIZONS_MONTHS) * DAYS_PER_MONTH
    plain = model.orders_if_alive(x, age, np.tile(horizons, (x.size, 1)))
    daily = discount_rate_daily(discount_rate_annual)
    discounted = discounted_orders_if_alive(model, x, age, horizons, plain, daily)
    columns = [
        ages.with_columns(
            pl.lit(business_unit).alias("business_unit"),
            pl.lit(months, dtype=pl.Int64).alias("horizon_months"),
            pl.Series("expected_orders_if_alive", plain[:, i]),
            pl.Series("expected_orders_if_alive_discounted", discounted[:, i]),
        )
        for i, months in enumerate(HORIZONS_MONTHS)
    ]
    return pl.concat(columns).sort("repeat_orders", "age_days", "horizon_months")
