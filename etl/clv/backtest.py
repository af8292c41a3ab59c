"""Backtests: forecasts from the older part of a history, judged by the newer part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray, IndexArray, floats_of
from etl.clv.holdout import Forecast, Holdout

TOTAL, DECILE, COHORT, FREQUENCY = "total", "decile", "cohort", "frequency"
# From this many repeat orders on, customers are one group.
_MOST_FREQUENT = 7
_FREQUENCIES = [*map(str, range(_MOST_FREQUENT)), f"{_MOST_FREQUENT}+"]
_TENTHS = [f"{tenth:02d}" for tenth in range(1, 11)]


def judge_forecast(forecast: Forecast, holdout: Holdout) -> pl.DataFrame:
    """Compare a forecast with what came.

    Returns:
        One row per ``scope`` and ``bucket``: ``customers``, ``predicted_orders``,
        ``actual_orders``, ``bias`` (share of the actual orders; null without any), ``mae`` and
        ``rmse`` (orders per customer), ``brier`` (of the probability of an order),
        ``predicted_revenue`` (expected orders x expected order value), ``actual_revenue`` (net of
        refunds), ``revenue_bias`` (share of it) and ``spend_model``. For the total also ``gini``
        (0: the ranking says nothing, 1: perfect), ``top_decile_capture`` (share of the orders that
        the tenth with the highest forecasts placed) and ``cohort_bias``.
    """
    weight, actual = holdout.customers, holdout.orders
    ranked = gini(forecast.orders, actual, weight) / _positive(gini(actual, actual, weight))
    capture = top_capture(forecast.orders, actual, weight)
    everybody = np.zeros(weight.size, dtype=np.intp)
    scopes = {
        TOTAL: ([TOTAL], everybody),
        DECILE: (_TENTHS, deciles(forecast.orders, weight) - 1),
        COHORT: _cohorts(holdout),
        FREQUENCY: (_FREQUENCIES, _frequency(holdout)),
    }
    parts = [
        _by_bucket(scope, names, index, forecast, holdout)
        for scope, (names, index) in scopes.items()
    ]
    judged = pl.concat(parts)
    of_total = {
        "gini": ranked,
        "top_decile_capture": capture,
        "cohort_bias": _cohort_bias(judged),
    }
    return judged.with_columns(
        pl.when(pl.col("scope") == TOTAL).then(pl.lit(value).fill_nan(None)).alias(name)
        for name, value in of_total.items()
    ).with_columns(pl.lit(forecast.spend_model, pl.String).alias("spend_model"))


def gini(predicted: FloatArray, actual: FloatArray, weight: FloatArray) -> float:
    """Area between equality and the Lorenz curve of the orders, by rising forecast, doubled.

    Customers with the same forecast count as their average, whatever order they came in.
    """
    _, sizes, orders = _tied(predicted, actual, weight)
    people = np.concatenate([[0.0], np.cumsum(sizes)]) / sizes.sum()
    share = np.concatenate([[0.0], np.cumsum(orders)]) / _positive(float(orders.sum()))
    return 1.0 - float((np.diff(people) * (share[1:] + share[:-1])).sum())


def top_capture(
    predicted: FloatArray, actual: FloatArray, weight: FloatArray, top: float = 0.1
) -> float:
    """Share of the orders placed by the ``top`` share of customers with the highest forecasts.

    Of a group of equal forecasts at the border as much counts as is needed, at its average.
    """
    _, sizes, orders = _tied(predicted, actual, weight)
    sizes, orders = sizes[::-1], orders[::-1]
    above = np.cumsum(sizes) - sizes
    taken = np.clip((top * sizes.sum() - above) / sizes, 0.0, 1.0)
    return float((taken * orders).sum()) / _positive(float(orders.sum()))


def deciles(predicted: FloatArray, weight: FloatArray) -> IndexArray:
    """Tenth of the customers by forecast, 1 the highest to 10; equal forecasts share one.

    By the middle of a group's ranks, so that no tie is split.
    """
    index, sizes, _ = _tied(predicted, predicted, weight)
    above = sizes.sum() - np.cumsum(sizes)
    middle = (above + sizes / 2.0) / sizes.sum()
    tenth = np.minimum(np.floor(middle * 10.0), 9.0).astype(np.intp) + 1
    result: IndexArray = tenth[index]
    return result


def _tied(
    predicted: FloatArray, actual: FloatArray, weight: FloatArray
) -> tuple[IndexArray, FloatArray, FloatArray]:
    """Group equal forecasts, rising: index of the group, its customers and their orders.

    Equal up to ten digits: the last bits of a forecast are no ranking.
    """
    size = 10.0 ** np.floor(np.log10(np.where(predicted > 0, predicted, 1.0)))
    _, index = np.unique(np.round(predicted / size, 9) * size, return_inverse=True)
    return index, _sums(index, weight), _sums(index, weight * actual)


def _cohort_bias(judged: pl.DataFrame) -> float:
    """Sum over cohorts of how far the forecast was off, as a share of the actual orders."""
    cohorts = judged.filter(pl.col("scope") == COHORT)
    off = float((cohorts["predicted_orders"] - cohorts["actual_orders"]).abs().sum())
    return off / _positive(float(cohorts["actual_orders"].sum()))


def _by_bucket(
    scope: str, names: Sequence[str], index: IndexArray, forecast: Forecast, holdout: Holdout
) -> pl.DataFrame:
    """Compare per bucket; ``index`` says which of the ``names`` each entry belongs to."""
    weight, actual = holdout.customers, holdout.orders
    error = forecast.orders - actual
    missed = forecast.p_order - (actual > 0)
    total = {
        name: _sums(index, weight * values)
        for name, values in {
            "customers": np.ones_like(weight),
            "predicted_orders": forecast.orders,
            "actual_orders": actual,
            "mae": np.abs(error),
            "rmse": error**2,
            "brier": missed**2,
            "predicted_revenue": forecast.orders * forecast.order_value,
        }.items()
    } | {"actual_revenue": _sums(index, holdout.revenue)}
    sums = pl.DataFrame({"bucket": names[: total["customers"].size], **total})
    sums = sums.filter(pl.col("customers") > 0)
    mean = [pl.col(name) / pl.col("customers") for name in ("mae", "brier")]
    return sums.select(
        pl.lit(scope).alias("scope"),
        "bucket",
        pl.col("customers", "actual_orders").cast(pl.Int64),
        "predicted_orders",
        _bias("orders").alias("bias"),
        *mean,
        (pl.col("rmse") / pl.col("customers")).sqrt().alias("rmse"),
        pl.col("predicted_revenue").fill_nan(None),
        "actual_revenue",
        _bias("revenue").fill_nan(None).alias("revenue_bias"),
    )


def _bias(what: str) -> pl.Expr:
    """Forecast less actual over actual; null where there was nothing."""
    predicted, actual = pl.col(f"predicted_{what}"), pl.col(f"actual_{what}")
    return pl.when(actual > 0).then((predicted - actual) / actual)


def _sums(index: IndexArray, values: FloatArray) -> FloatArray:
    """Sum per group, in the order of the entries."""
    return np.bincount(index, values).astype(np.float64)


def _cohorts(holdout: Holdout) -> tuple[list[str], IndexArray]:
    """Name the cohorts, and say which one each entry belongs to."""
    cohorts = holdout.histories.get_column("cohort")
    known = cohorts.unique().sort()
    index: IndexArray = np.searchsorted(known.to_physical().to_numpy(), cohorts.to_physical())
    return known.cast(pl.String).to_list(), index


def _frequency(holdout: Holdout) -> IndexArray:
    repeat_orders = floats_of(holdout.histories, "repeat_orders")
    return np.minimum(repeat_orders, _MOST_FREQUENT).astype(np.intp)


def _positive(total: float) -> float:
    """Return a total to divide by; NaN for none."""
    return total if total > 0.0 else float("nan")
