"""How far a customer's spend of the next months may lie from what is expected: two quantiles.

Nothing is spent by a customer who is no longer active, nor by an active one who places no order.
The sum of n orders follows from Gamma-Gamma: an order is Gamma(p, nu), so n of them are
Gamma(p n, nu), and after x orders of mean m the customer's rate nu is Gamma(q + p x, gamma + x m).
The ratio of the two is a beta prime:

    spend / (gamma + x m)  ~  BetaPrime(p n, q + p x)      given n orders
    P(spend / (gamma + x m) <= z | n) = I(z / (1 + z); p n, q + p x)

The amounts enter by the factor gamma + x m alone. So the quantiles are computed once per distinct
history, as multiples of it, and a join makes them money.

Source:
    Fader and Hardie (2013), The Gamma-Gamma model of monetary value: the posterior of nu before
    eq. (5), and the sum of gamma variables; the mixture over n and over activity by summation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import special

from etl.clv.arrays import FloatArray, IndexArray, floats_of
from etl.clv.discounting import DAYS_PER_YEAR
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.order_model import OrderModel

QUANTILES = {"spend_p10_factor": 0.1, "spend_p90_factor": 0.9}
# Chance of more orders than are counted, for the customer who orders most; and where counting ends.
_BEYOND_COUNTS = 1e-5
_MOST_ORDERS = 2_000
# Points in ln z per number of spend occasions; between two of them ln z is taken as normal.
_POINTS_AT_LEAST = 128
_POINTS_AT_MOST = 1_024
# How far apart they are, in standard deviations of what is not known of the customer's rate. The
# spread of the orders only adds to that, so nothing in ln z is narrower, whatever the counts.
_DEVIATIONS_APART = 0.5
# Chance of a spend beyond each end of the points.
_BEYOND_POINTS = 1e-4
# Stands for a chance of zero where it is divided by or made a probit.
_TINY = 1e-15
_SMALLEST = 1e-300


def spend_quantile_factors(
    model: OrderModel, spend: GammaGamma, histories: pl.DataFrame
) -> pl.DataFrame:
    """Quantiles of the spend of the next 12 months, in multiples of gamma + x m.

    The parameters are taken as known: the interval holds the chance of the customer, not the doubt
    about the model.

    Args:
        model: Order model in force; times in days.
        spend: Gamma-Gamma in force.
        histories: One row per distinct history: ``repeat_orders``, ``age_days`` (days),
            ``spend_occasions`` (orders behind m, <= repeat orders) and ``p_alive`` (0 to 1).

    Returns:
        The rows in their order, with ``spend_p10_factor`` and ``spend_p90_factor`` (>= 0): the
        spend that is not exceeded with a chance of 10 and 90 %, over gamma + x m. 0 where
        spending nothing alone has that chance.
    """
    result = np.zeros((histories.height, len(QUANTILES)))
    numbered = histories.with_row_index("row")
    for part in numbered.partition_by("spend_occasions"):
        rows = part.get_column("row").to_numpy()
        result[rows] = _factors_of_part(model, spend, part)
    return histories.with_columns(
        pl.Series(name, result[:, column]) for column, name in enumerate(QUANTILES)
    )


def _factors_of_part(model: OrderModel, spend: GammaGamma, part: pl.DataFrame) -> FloatArray:
    """Quantile factors of histories with the same number of spend occasions."""
    cells = part.select("repeat_orders", "age_days").unique(maintain_order=True)
    cells = cells.with_row_index("cell")
    cell = part.join(cells, on=["repeat_orders", "age_days"], maintain_order="left")
    spends = _spends_if_alive(
        model,
        spend,
        int(part.item(0, "spend_occasions")),
        floats_of(cells, "repeat_orders"),
        floats_of(cells, "age_days"),
    )
    alive = floats_of(part, "p_alive")
    columns = [
        spends.quantile(cell.get_column("cell").to_numpy().astype(np.intp), _given(alive, level))
        for level in QUANTILES.values()
    ]
    return np.column_stack(columns)


@dataclass(frozen=True)
class _Spends:
    """Distribution of spend / (gamma + x m) of active customers, one row per cell (x, T).

    Args:
        log_z: Points, ascending.
        nothing: P(no order) per cell.
        cumulative: P(spend <= z | an order) per cell and point.
    """

    log_z: FloatArray
    nothing: FloatArray
    cumulative: FloatArray

    def quantile(self, cell: IndexArray, level: FloatArray) -> FloatArray:
        """The z that is not exceeded with chance ``level``; 0 where ``level`` is in the zeros."""
        nothing = self.nothing[cell]
        wanted = np.clip((level - nothing) / np.maximum(1.0 - nothing, _TINY), 0.0, 1.0)
        # One search for all: the rows of the table follow each other, each in 0 .. 1.
        offset = np.arange(self.nothing.size)[:, None]
        place = np.searchsorted((offset + self.cumulative).ravel(), cell + wanted)
        upper = np.clip(place - cell * self.log_z.size, 1, self.log_z.size - 1)
        low, high, target = (
            _probit(chance)
            for chance in (self.cumulative[cell, upper - 1], self.cumulative[cell, upper], wanted)
        )
        share = np.clip((target - low) / np.maximum(high - low, _TINY), 0.0, 1.0)
        log_z = self.log_z[upper - 1] + share * (self.log_z[upper] - self.log_z[upper - 1])
        result: FloatArray = np.where(level > nothing + _TINY, np.exp(log_z), 0.0)
        return result


def _spends_if_alive(
    model: OrderModel,
    spend: GammaGamma,
    spend_occasions: int,
    repeat_orders: FloatArray,
    age_days: FloatArray,
) -> _Spends:
    """Mix the spend of n orders over n, per cell."""
    counts = _order_counts(model, repeat_orders, age_days)
    shape = spend.q + spend.p * spend_occasions
    shapes = spend.p * np.arange(1.0, counts.shape[1])[:, None]
    ends = special.betaincinv(shapes[[0, -1], 0], shape, [_BEYOND_POINTS, 1.0 - _BEYOND_POINTS])
    low, high = special.logit(np.clip(ends, _SMALLEST, 1.0 - _TINY))
    log_z = np.linspace(low, high, _points_of((high - low) / _deviation_of_rate(shape)))
    # z / (1 + z) is the logistic function of ln z.
    given_count = special.betainc(shapes, shape, special.expit(log_z))
    mixed = np.einsum("cn,nz->cz", counts[:, 1:], given_count)
    some = np.maximum(1.0 - counts[:, 0], _TINY)
    return _Spends(log_z, counts[:, 0], np.clip(mixed / some[:, None], 0.0, 1.0))


def _deviation_of_rate(shape: float) -> float:
    """Standard deviation of the logarithm of the customer's rate, a Gamma of this shape."""
    return float(np.sqrt(special.polygamma(1, shape)))


def _points_of(deviations: float) -> int:
    """Points for so many standard deviations from the first to the last of them."""
    wanted = int(np.ceil(deviations / _DEVIATIONS_APART)) + 1
    return min(max(wanted, _POINTS_AT_LEAST), _POINTS_AT_MOST)


def _order_counts(model: OrderModel, repeat_orders: FloatArray, age_days: FloatArray) -> FloatArray:
    """P(n orders | active) per cell; the chance of more than are counted is put on the last."""
    horizon = np.full((repeat_orders.size, 1), DAYS_PER_YEAR)
    expected = model.orders_if_alive(repeat_orders, age_days, horizon)[:, 0]
    busiest = [int(expected.argmax())]
    largest = 2 * int(np.ceil(expected.max())) + 8
    while largest < _MOST_ORDERS:
        counts = model.order_counts_if_alive(
            repeat_orders[busiest], age_days[busiest], DAYS_PER_YEAR, largest
        )
        if counts.sum() > 1.0 - _BEYOND_COUNTS:
            break
        largest *= 2
    counts = model.order_counts_if_alive(repeat_orders, age_days, DAYS_PER_YEAR, largest)
    counts[:, -1] += np.maximum(1.0 - counts.sum(axis=1), 0.0)
    return counts


def _given(alive: FloatArray, level: float) -> FloatArray:
    """The level among active customers that is ``level`` among all; below 0 in the inactive."""
    result: FloatArray = (level - (1.0 - alive)) / np.maximum(alive, _TINY)
    return result


def _probit(chance: FloatArray) -> FloatArray:
    result: FloatArray = special.ndtri(np.clip(chance, _TINY, 1.0 - _TINY))
    return result
