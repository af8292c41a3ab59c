"""What active customers with x repeat orders and age T will order, for many (x, T) at once.

The orders up to a horizon separate into a part of x and a part of T and t, and discounting touches
only the second:

    Pareto/NBD           E(x, T, t) = (r + x) * G(T, t)
    BG/NBD and MBG/NBD   E(x, T, t) = F_x(t / (alpha + T))

So the forecasts of Pareto/NBD are computed once per T. Of the other two, F_x is computed once per
x at fixed nodes, and what a horizon and a rate make of values at nodes once per T; a row is then a
sum of products. :mod:`etl.clv.discounting` computes the same row by row, and tests compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from etl.clv.arrays import FloatArray, IndexArray, distinct_pairs
from etl.clv.beta_geometric import BetaGeometricNbd
from etl.clv.discounting import (
    DAYS_PER_YEAR,
    discounted_orders_if_alive,
    residual_orders_if_alive,
)
from etl.clv.interpolation import Panels
from etl.clv.order_model import OrderModel

# exp(-40) is 4e-18: what a residual leaves out beyond 40 / delta days.
_LAST_DISCOUNT = 40.0
_LOWEST_RATE = 1e-5 / DAYS_PER_YEAR

# Weights that turn the parts of x into outputs, outputs x parts, for one age. The outputs are the
# orders within each horizon, the same discounted at each rate, and the residual at each rate.
_OfAge = Callable[[float], FloatArray]


@dataclass(frozen=True)
class Forecasts:
    """Orders of active customers, >= 0.

    Args:
        orders: Within each horizon; rows x horizons.
        discounted: The same discounted at each rate; rates x rows x horizons.
        residual: Without end, discounted; rates x rows. NaN where a rate is not above zero (a
            thousandth of a percent a year): orders without end need not be finite.
        probability_of_order: At least one within each horizon, 0 to 1; rows x horizons.
    """

    orders: FloatArray
    discounted: FloatArray
    residual: FloatArray
    probability_of_order: FloatArray


def forecast_if_alive(
    model: OrderModel,
    repeat_orders: FloatArray,
    age_days: FloatArray,
    horizons_days: FloatArray,
    daily_rates: Sequence[float],
) -> Forecasts:
    """Forecast the orders of active customers.

    Args:
        model: Parameters in force.
        repeat_orders: x >= 0, one per row.
        age_days: T >= 0, days, one per row.
        horizons_days: Days > 0, ascending.
        daily_rates: Continuous discount rates per day; may be none.

    Returns:
        Forecasts in the order of the rows; those of a row do not depend on the other rows.

    Raises:
        QuadratureError: The parameters lie beyond what the quadrature can do.
    """
    counts, ages, row = distinct_pairs(repeat_orders, age_days)
    rates = np.array(daily_rates)
    outputs = _outputs(model, counts, ages, horizons_days, rates)[row]
    plain, timed = horizons_days.size, horizons_days.size * (1 + rates.size)
    by_rate = outputs[:, plain:timed].reshape(row.size, rates.size, plain)
    chance = model.probability_of_order_if_alive(
        counts, ages, np.tile(horizons_days, (counts.size, 1))
    )
    return Forecasts(
        orders=outputs[:, :plain],
        discounted=by_rate.swapaxes(0, 1),
        residual=outputs[:, timed:].T,
        probability_of_order=chance[row],
    )


def _outputs(
    model: OrderModel,
    repeat_orders: FloatArray,
    age_days: FloatArray,
    horizons_days: FloatArray,
    rates: FloatArray,
) -> FloatArray:
    """Outputs of each (x, T), in the order that ``_OfAge`` has them."""
    counts, count_index = np.unique(repeat_orders, return_inverse=True)
    if isinstance(model, BetaGeometricNbd):
        of_counts, of_age = _by_nodes(model, counts, horizons_days, rates)
    else:
        of_counts, of_age = _by_rate(model, counts, horizons_days, rates)
    result = np.empty((repeat_orders.size, horizons_days.size * (1 + rates.size) + rates.size))
    for rows in _rows_by_age(age_days):
        # Not a matrix product of BLAS: its last digits depend on how many rows there are.
        parts = of_counts[count_index[rows]]
        result[rows] = np.einsum("rp,op->ro", parts, of_age(float(age_days[rows[0]])))
    return result


def _rows_by_age(age_days: FloatArray) -> list[IndexArray]:
    """Row numbers of each distinct age."""
    _, index, sizes = np.unique(age_days, return_inverse=True, return_counts=True)
    return np.split(np.argsort(index, kind="stable"), np.cumsum(sizes)[:-1])


def _by_rate(
    model: OrderModel, counts: FloatArray, horizons_days: FloatArray, rates: FloatArray
) -> tuple[FloatArray, _OfAge]:
    """Separate Pareto/NBD: its one part is E(x, T, t) as a multiple of E(0, T, t)."""
    zero, far = np.zeros(1), horizons_days[-1:][None, :]
    orders = model.orders_if_alive(counts, np.zeros_like(counts), np.repeat(far, counts.size, 0))
    of_counts = orders / model.orders_if_alive(zero, zero, far)

    def of_age(age_days: float) -> FloatArray:
        age = np.array([age_days])
        plain = model.orders_if_alive(zero, age, horizons_days[None, :])
        discounted = [
            discounted_orders_if_alive(model, zero, age, horizons_days, plain, rate)
            for rate in rates
        ]
        residual = [
            residual_orders_if_alive(model, zero, age, rate)
            if rate >= _LOWEST_RATE
            else np.full(1, np.nan)
            for rate in rates
        ]
        return np.concatenate([plain[0], *(row for (row,) in discounted), *residual])[:, None]

    return of_counts, of_age


def _by_nodes(
    model: BetaGeometricNbd, counts: FloatArray, horizons_days: FloatArray, rates: FloatArray
) -> tuple[FloatArray, _OfAge]:
    """Separate BG/NBD or MBG/NBD: the parts are F_x at the nodes of v = ln(1 + c t/(alpha + T)).

    F_x bends where c t/(alpha + T) is about one, c being the mean of p times r + x at its largest
    over x; beyond it is smooth in the logarithm of t. So panels of v may all be one wide.
    """
    bend = max(1.0, model.a, model.r * model.a / (model.a + model.b))
    endless = rates >= _LOWEST_RATE
    longest = max([horizons_days[-1], *(_LAST_DISCOUNT / rates[endless])])
    panels = Panels(int(np.ceil(np.log1p(bend * longest / model.alpha))))
    share = np.expm1(panels.nodes) / bend
    of_counts = model.orders_if_alive(
        counts, np.zeros_like(counts), np.tile(model.alpha * share, (counts.size, 1))
    )

    def of_age(age_days: float) -> FloatArray:
        scale = model.alpha + age_days
        ends = np.log1p(bend * horizons_days / scale)
        at_end, until_end = panels.readings(ends), panels.integrals(ends)
        days, days_per_node = scale * share, scale * (share + 1.0 / bend)
        # A rate below zero must not overflow at nodes that no horizon reaches.
        growth = np.exp(np.minimum(-rates[:, None] * days, 700.0))
        density = rates[:, None] * growth * days_per_node
        left = np.exp(-rates[:, None] * horizons_days)
        discounted = left[:, :, None] * at_end + density[:, None, :] * until_end
        residual = np.where(endless[:, None], panels.weights * density, np.nan)
        return np.concatenate([at_end, *discounted, residual])

    return of_counts, of_age
