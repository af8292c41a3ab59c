"""How far the expected orders of all customers move with the uncertainty of the parameters.

The total is exact. Its interval comes from parameters drawn around the estimates, each applied to
a sample of the histories: what matters is the ratio of a draw's total to that of the estimates.
It holds the uncertainty of the parameters alone, not the model's error: the backtest shows that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray, IndexArray, floats_of, weighted_sum
from etl.clv.discounting import DAYS_PER_MONTH
from etl.clv.errors import QuadratureError
from etl.clv.fit import Fit
from etl.clv.forecasts import forecast_if_alive
from etl.clv.order_model import OrderModel
from etl.clv.summaries import HISTORY, counted
from etl.clv.unit_average import HORIZON_MONTHS, UnitAverage

HORIZONS_MONTHS = (12, 24, 36)
DRAWS = 100
SAMPLE = 200
_QUANTILES = (0.1, 0.9)
# A logarithm this far from its estimate is no parameter that anybody would believe.
_FARTHEST = 14.0
_HORIZONS = np.array(HORIZONS_MONTHS) * DAYS_PER_MONTH


@dataclass(frozen=True)
class Total:
    """Expected orders of all customers of a fit within a horizon.

    Args:
        horizon_months: The horizon.
        expected_orders: At the estimates.
        p10: Tenth percentile over the draws; None where no draw could be evaluated.
        p90: Ninetieth percentile.
        draws: Parameters drawn that could be evaluated.
        customers: Whose orders they are.
    """

    horizon_months: int
    expected_orders: float
    p10: float | None
    p90: float | None
    draws: int
    customers: int


def totals_of_model(fit: Fit[OrderModel], rows: pl.DataFrame, cutoff_on: date) -> list[Total]:
    """Total the expected orders of customers, with an interval.

    Args:
        fit: Model, estimates and their covariance.
        rows: One row per customer that the fit scores, at the cutoff; at least one.
        cutoff_on: Day of the fit; seeds the draws.
    """
    histories = counted(rows, *HISTORY)
    weight = floats_of(histories, "customers")
    expected = _expected(fit.model, histories)
    totals = [weighted_sum(weight, column) for column in expected.T]
    sample = _systematic(weight * expected[:, -1])
    ratios = _ratios(fit, histories[sample], expected[sample], cutoff_on)
    return [
        _total(months, total, ratios[:, column], rows.height)
        for column, (months, total) in enumerate(zip(HORIZONS_MONTHS, totals, strict=True))
    ]


def totals_of_average(average: UnitAverage, customers: int, cutoff_on: date) -> list[Total]:
    """Total the fallback's orders of twelve months; the count of orders makes the uncertainty."""
    total = customers * average.orders_per_day * HORIZON_MONTHS * DAYS_PER_MONTH
    normal = _random(cutoff_on).standard_normal(DRAWS)
    ratios = np.exp(normal / max(average.orders, 1) ** 0.5)
    return [_total(HORIZON_MONTHS, total, ratios, customers)]


def _expected(model: OrderModel, histories: pl.DataFrame) -> FloatArray:
    """Expected orders per history and horizon, of many histories."""
    x, recency, age = (floats_of(histories, name) for name in HISTORY)
    forecast = forecast_if_alive(model, x, age, _HORIZONS, daily_rates=[])
    result: FloatArray = model.probability_alive(x, recency, age)[:, None] * forecast.orders
    return result


def _expected_of_few(model: OrderModel, histories: pl.DataFrame) -> FloatArray:
    """Expected orders per history and horizon: the same for fewer histories, without set-up."""
    x, recency, age = (floats_of(histories, name) for name in HISTORY)
    orders = model.orders_if_alive(x, age, np.tile(_HORIZONS, (x.size, 1)))
    result: FloatArray = model.probability_alive(x, recency, age)[:, None] * orders
    return result


def _systematic(size: FloatArray) -> IndexArray:
    """Draw entries in proportion to their size, at equal distances; an entry may come twice."""
    reach = np.cumsum(size)
    marks = (np.arange(SAMPLE) + 0.5) / SAMPLE * reach[-1]
    result: IndexArray = np.searchsorted(reach, marks)
    return result


def _ratios(
    fit: Fit[OrderModel], sample: pl.DataFrame, expected: FloatArray, cutoff_on: date
) -> FloatArray:
    """Total of each draw over that of the estimates; draws x horizons."""
    importance = 1.0 / expected[:, -1:]
    base = (importance * expected).sum(axis=0)
    found = []
    logs = _drawn_logs(fit, cutoff_on)
    far = np.abs(logs - np.log(fit.maximum.estimates)).max(axis=1)
    for draw in logs[far < _FARTHEST]:
        try:
            with np.errstate(all="ignore"):
                drawn = _expected_of_few(type(fit.model)(*np.exp(draw).tolist()), sample)
        except QuadratureError:
            continue
        if np.isfinite(drawn).all():
            found.append((importance * drawn).sum(axis=0) / base)
    return np.array(found).reshape(-1, len(HORIZONS_MONTHS))


def _drawn_logs(fit: Fit[OrderModel], cutoff_on: date) -> FloatArray:
    """Logarithms of parameters, drawn from the normal around the estimates."""
    values, vectors = np.linalg.eigh(fit.maximum.log_covariance)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    # An eigenvector's sign is the library's whim; a fixed one keeps the draws.
    root *= np.sign(root[np.abs(root).argmax(axis=0), np.arange(root.shape[1])])
    normal = _random(cutoff_on).standard_normal((DRAWS, values.size))
    logs: FloatArray = np.log(fit.maximum.estimates) + (normal[:, None, :] * root).sum(axis=2)
    return logs


def _total(months: int, total: float, ratios: FloatArray, customers: int) -> Total:
    if ratios.size == 0:
        return Total(months, total, None, None, 0, customers)
    low, high = np.quantile(ratios, _QUANTILES)
    return Total(months, total, total * float(low), total * float(high), ratios.size, customers)


def _random(cutoff_on: date) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(cutoff_on.toordinal()))
