"""The lookup: what an active customer with x repeat orders and age T will order.

The forecast factorises: P(alive | x, t_x, T), which SQL computes, times a function of x and T
alone, which needs special functions and is computed here once per distinct (x, T).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray
from etl.clv.bg_nbd import BgNbd
from etl.clv.quadrature import expected_orders_if_alive

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12.0
HORIZONS_MONTHS = (12, 24, 36)
# Gauss-Legendre points per stretch between two horizons; see ``discounted_orders_if_alive``.
_POINTS = 16


def discount_rate_daily(discount_rate_annual: float) -> float:
    """Continuous rate per day that makes ``discount_rate_annual`` in a year of 365.25 days."""
    return float(np.log1p(discount_rate_annual)) / DAYS_PER_YEAR


def lookup_of_unit(
    business_unit: str, ages: pl.DataFrame, params: BgNbd, discount_rate_annual: float
) -> pl.DataFrame:
    """Forecast per distinct (x, T) of one business unit and horizon.

    Args:
        business_unit: Name written on each row.
        ages: Distinct ``repeat_orders`` (>= 0) and ``age_days`` (days, >= 0).
        params: Parameters in force; alpha in days.
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
    plain = expected_orders_if_alive(params, x, age, np.tile(horizons, (x.size, 1)))
    daily = discount_rate_daily(discount_rate_annual)
    discounted = discounted_orders_if_alive(params, x, age, horizons, plain, daily)
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


def discounted_orders_if_alive(
    params: BgNbd,
    repeat_orders: FloatArray,
    age_days: FloatArray,
    horizons_days: FloatArray,
    undiscounted: FloatArray,
    daily_rate: float,
) -> FloatArray:
    """Orders within each horizon, each worth exp(-delta s) when it comes after s days.

    By parts: exp(-delta H) E(H) + delta times the integral of exp(-delta s) E(s) from 0 to H.
    The integral runs over v = ln(1 + s/(alpha+T)), in which E is smooth however young the
    customer, by Gauss-Legendre between one horizon and the next.

    Args:
        params: Population parameters.
        repeat_orders: x, one per row.
        age_days: T, days, one per row.
        horizons_days: Horizons in days, ascending.
        undiscounted: E(H), one row per customer, one column per horizon.
        daily_rate: delta, continuous, per day.

    Returns:
        Discounted orders in the shape of ``undiscounted``.

    Source:
        Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves for customer base
        analysis, discounted expected transactions, with the horizon cut at H.
    """
    scale = (params.alpha + age_days)[:, None]
    ends = np.log1p(horizons_days[None, :] / scale)
    starts = np.concatenate([np.zeros_like(scale), ends[:, :-1]], axis=1)
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    half = (ends - starts)[:, :, None] / 2.0
    v = starts[:, :, None] + half * (points + 1.0)
    s = scale[:, :, None] * np.expm1(v)
    orders = expected_orders_if_alive(
        params, repeat_orders, age_days, s.reshape(repeat_orders.size, -1)
    ).reshape(s.shape)
    measure = half * weights * scale[:, :, None] * np.exp(v)
    stretches = (measure * np.exp(-daily_rate * s) * orders).sum(axis=2)
    result: FloatArray = np.exp(-daily_rate * horizons_days) * undiscounted + daily_rate * (
        np.cumsum(stretches, axis=1)
    )
    return result
