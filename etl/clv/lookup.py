"""The lookups: is a customer active, and what will an active one order.

The forecast factorises: P(alive | x, t_x, T) times a function of x and T alone. Both need
special functions and are computed here once per distinct history; SQL only joins and multiplies.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray, floats_of
from etl.clv.discounting import (
    DAYS_PER_MONTH,
    discount_rate_daily,
    discounted_orders_if_alive,
    residual_orders_if_alive,
)
from etl.clv.order_model import OrderModel

HORIZONS_MONTHS = (12, 24, 36, 60, 120, 240, 360, 600)
# Discounted at the rate in force, and one point of a percent lower and higher.
RATES = {"discounted": 0.0, "discounted_low_rate": -0.01, "discounted_high_rate": 0.01}


def lookup_of_fit(
    ages: pl.DataFrame, model: OrderModel, discount_rate_annual: float
) -> pl.DataFrame:
    """Forecast per distinct (x, T) of one fit and horizon.

    Args:
        ages: Distinct ``repeat_orders`` (>= 0) and ``age_days`` (days, >= 0).
        model: Model in force with its parameters.
        discount_rate_annual: Per year, 0.1 is 10 %; above -0.99.

    Returns:
        ``repeat_orders``, ``age_days``, ``horizon_months``, ``orders_if_alive``, the same
        discounted, and at a rate one point lower and higher (orders within the horizon, >= 0),
        ``p_order_if_alive`` (0 to 1).
    """
    ages = ages.sort("repeat_orders", "age_days")
    x, age = floats_of(ages, "repeat_orders"), floats_of(ages, "age_days")
    horizons = np.array(HORIZONS_MONTHS) * DAYS_PER_MONTH
    of_each = np.tile(horizons, (x.size, 1))
    plain = model.orders_if_alive(x, age, of_each)
    values = {"orders_if_alive": plain}
    for name, points in RATES.items():
        daily = discount_rate_daily(discount_rate_annual + points)
        discounted = discounted_orders_if_alive(model, x, age, horizons, plain, daily)
        values[f"orders_if_alive_{name}"] = discounted
    values["p_order_if_alive"] = model.probability_of_order_if_alive(x, age, of_each)
    columns = [
        ages.select(
            "repeat_orders",
            "age_days",
            pl.lit(months, dtype=pl.Int64).alias("horizon_months"),
            *(pl.Series(name, column[:, i]) for name, column in values.items()),
        )
        for i, months in enumerate(HORIZONS_MONTHS)
    ]
    return pl.concat(columns).sort("repeat_orders", "age_days", "horizon_months")


def residuals_of_fit(
    ages: pl.DataFrame, model: OrderModel, discount_rate_annual: float
) -> pl.DataFrame:
    """Discounted orders without end per distinct (x, T) of one fit.

    Returns:
        ``repeat_orders``, ``age_days``, ``residual_orders_if_alive_discounted`` and the same at a
        rate one point lower and higher; null where the rate is not above zero: no sum exists.
    """
    ages = ages.sort("repeat_orders", "age_days")
    x, age = floats_of(ages, "repeat_orders"), floats_of(ages, "age_days")
    return ages.with_columns(
        pl.Series(f"residual_orders_if_alive_{name}", _residuals(model, x, age, rate))
        for name, points in RATES.items()
        for rate in [discount_rate_annual + points]
    )


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


def _residuals(
    model: OrderModel, x: FloatArray, age: FloatArray, rate_annual: float
) -> FloatArray | list[None]:
    # A tenth of a basis point; one point less than 1 % is no exact zero in doubles.
    if rate_annual < 1e-5:
        return [None] * x.size
    return residual_orders_if_alive(model, x, age, discount_rate_daily(rate_annual))
