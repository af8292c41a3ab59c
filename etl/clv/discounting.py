"""Orders worth less the later they come, for every model of orders."""

from __future__ import annotations

import numpy as np

from etl.clv.arrays import FloatArray
from etl.clv.order_model import OrderModel

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12.0
# Gauss-Legendre points and weights per stretch between two horizons.
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
# Steps of the double-exponential rule for the integral without end; error below 1e-10.
_STEP = 0.125
_RANGE = (-3.75, 3.75)


def discount_rate_daily(discount_rate_annual: float) -> float:
    """Continuous rate per day that makes ``discount_rate_annual`` in a year of 365.25 days."""
    return float(np.log1p(discount_rate_annual)) / DAYS_PER_YEAR


def discounted_orders_if_alive(
    model: OrderModel,
    repeat_orders: FloatArray,
    age_days: FloatArray,
    horizons_days: FloatArray,
    undiscounted: FloatArray,
    daily_rate: float,
) -> FloatArray:
    """Orders within each horizon, each worth exp(-delta s) when it comes after s days.

    By parts: exp(-delta H) E(H) + delta times the integral of exp(-delta s) E(s) from 0 to H.
    The integral runs over v = ln(1 + s/(T+1)), in which E is smooth however young the customer,
    by Gauss-Legendre between one horizon and the next.

    Args:
        model: Model with its parameters.
        repeat_orders: x, one per row.
        age_days: T, days, one per row.
        horizons_days: Horizons in days, ascending.
        undiscounted: E(H), one row per customer, one column per horizon.
        daily_rate: delta, continuous, per day.

    Returns:
        Discounted orders in the shape of ``undiscounted``.

    Source:
        Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves for customer base
        analysis, Journal of Marketing Research 42(4), discounted expected transactions, with the
        horizon cut at H.
    """
    scale = age_days[:, None] + 1.0
    ends = np.log1p(horizons_days[None, :] / scale)
    starts = np.concatenate([np.zeros_like(scale), ends[:, :-1]], axis=1)
    half = (ends - starts)[:, :, None] / 2.0
    v = starts[:, :, None] + half * (_POINTS + 1.0)
    s = scale[:, :, None] * np.expm1(v)
    orders = model.orders_if_alive(
        repeat_orders, age_days, s.reshape(repeat_orders.size, -1)
    ).reshape(s.shape)
    measure = half * _WEIGHTS * scale[:, :, None] * np.exp(v)
    stretches = (measure * np.exp(-daily_rate * s) * orders).sum(axis=2)
    result: FloatArray = np.exp(-daily_rate * horizons_days) * undiscounted + daily_rate * (
        np.cumsum(stretches, axis=1)
    )
    return result


def residual_orders_if_alive(
    model: OrderModel, repeat_orders: FloatArray, age_days: FloatArray, daily_rate: float
) -> FloatArray:
    """All future orders of an active customer, each worth exp(-delta s) after s days (DERT).

    With u = delta s it is the mean of E(u/delta) over u ~ Exp(1), taken by the double-exponential
    rule u = exp(w - exp(-w)). The nodes depend on the rate alone.

    Args:
        model: Model with its parameters.
        repeat_orders: x, one per row.
        age_days: T, days, one per row.
        daily_rate: delta > 0, continuous, per day.

    Returns:
        Discounted orders, >= 0, one per row.

    Source:
        Fader, Hardie and Lee (2005), RFM and CLV, discounted expected residual transactions,
        given that the customer is active; Takahasi and Mori (1974), exponential integrands.
    """
    w = np.arange(_RANGE[0], _RANGE[1] + _STEP / 2.0, _STEP)
    u = np.exp(w - np.exp(-w))
    weights = _STEP * np.exp(-u) * u * (1.0 + np.exp(-w))
    horizons = np.broadcast_to(u / daily_rate, (repeat_orders.size, u.size))
    orders = model.orders_if_alive(repeat_orders, age_days, horizons)
    result: FloatArray = (orders * weights).sum(axis=1)
    return result
