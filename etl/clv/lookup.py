"""The lookups: is a customer active, and what will an active one order.

The forecast factorises: P(alive | x, t_x, T) times a function of x and T alone. Both need
special functions and are computed here once per distinct history; SQL only joins and multiplies.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from etl.clv.arrays import floats_of
from etl.clv.discounting import DAYS_PER_MONTH, discount_rate_daily
from etl.clv.forecasts import forecast_if_alive
from etl.clv.order_model import OrderModel

HORIZONS_MONTHS = (12, 24, 36, 60, 120, 240, 360, 600)
# Discounted at the rate in force, and one point of a percent lower and higher.
RATES = {"discounted": 0.0, "discounted_low_rate": -0.01, "discounted_high_rate": 0.01}


def forecasts_of_fit(
    ages: pl.DataFrame, model: OrderModel, discount_rate_annual: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Forecast per distinct (x, T) of one fit: per horizon, and without end.

    Args:
        ages: Distinct ``repeat_orders`` (>= 0) and ``age_days`` (days, >= 0).
        model: Model in force with its parameters.
        discount_rate_annual: Per year, 0.1 is 10 %; above -0.99.

    Returns:
        ``repeat_orders``, ``age_days``, ``horizon_months``, ``orders_if_alive``, the same
        discounted, and at a rate one point lower and higher (orders within the horizon, >= 0),
        ``p_order_if_alive`` (0 to 1); and per (x, T) ``residual_orders_if_alive_discounted`` and
        the same at the other rates, null where a rate is not above zero: no sum exists.
    """
    ages = ages.select("repeat_orders", "age_days").sort("repeat_orders", "age_days")
    months = np.array(HORIZONS_MONTHS)
    daily_rates = [discount_rate_daily(discount_rate_annual + points) for points in RATES.values()]
    found = forecast_if_alive(
        model,
        floats_of(ages, "repeat_orders"),
        floats_of(ages, "age_days"),
        months * DAYS_PER_MONTH,
        daily_rates,
    )
    discounted = zip(RATES, found.discounted, strict=True)
    lookup = ages.select(pl.all().repeat_by(months.size).explode()).with_columns(
        pl.Series("horizon_months", np.tile(months, ages.height)),
        pl.Series("orders_if_alive", found.orders.ravel()),
        *(pl.Series(f"orders_if_alive_{name}", values.ravel()) for name, values in discounted),
        pl.Series("p_order_if_alive", found.probability_of_order.ravel()),
    )
    residuals = ages.with_columns(
        pl.Series(f"residual_orders_if_alive_{name}", values).fill_nan(None)
        for name, values in zip(RATES, found.residual, strict=True)
    )
    return lookup, residuals


def alive_of_fit(histories: pl.DataFrame, model: OrderModel, threshold: float) -> pl.DataFrame:
    """Judge per distinct history whether the customer is still active.

    Args:
        histories: Distinct ``repeat_orders``, ``recency_days``, ``age_days`` and
            ``spend_occasions``.
        model: Model in force with its parameters.
        threshold: P(alive) at which a customer counts as lapsed, between 0 and 1.

    Returns:
        The same with ``p_alive`` (0 to 1) and ``lapse_gap_days``: how long after the last order
        P(alive) falls to the threshold; null where it never does.
    """
    histories = histories.sort(pl.all())
    x, recency = floats_of(histories, "repeat_orders"), floats_of(histories, "recency_days")
    alive = model.probability_alive(x, recency, floats_of(histories, "age_days"))
    gap = model.lapse_gap(x, recency, threshold)
    return histories.with_columns(
        pl.Series("p_alive", alive), pl.Series("lapse_gap_days", gap).fill_nan(None)
    )
