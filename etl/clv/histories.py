"""Distinct purchase histories, arranged so that each special function is taken once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray, IndexArray, distinct_pairs, floats_of, weighted_sum


@dataclass(frozen=True)
class Counts:
    """Customers by x and by T: all that the part without drop-out needs."""

    repeat_orders: FloatArray
    customers_by_count: FloatArray
    ages: FloatArray
    customers_by_age: FloatArray
    orders_by_age: FloatArray

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.customers_by_count.sum())

    @property
    def mean_age(self) -> float:
        """Mean T, days."""
        return weighted_sum(self.customers_by_age, self.ages) / self.customers


@dataclass(frozen=True)
class Histories:
    """The joint (x, t_x, T) of customers, and their counts.

    Days are looked up in ``days`` by index.
    """

    counts: Counts
    days: FloatArray
    repeat_orders: FloatArray
    recency_index: IndexArray
    age_index: IndexArray
    weight: FloatArray


@dataclass(frozen=True)
class PairedHistories:
    """The joint (x, t_x, T) as two looks into the distinct (x, day), and the counts.

    (x, t_x) is row ``recency_index`` and (x, T) row ``age_index`` of ``repeat_orders``, ``days``.
    """

    counts: Counts
    repeat_orders: FloatArray
    days: FloatArray
    recency_index: IndexArray
    age_index: IndexArray
    weight: FloatArray


def arrange_counts(triples: pl.DataFrame) -> Counts:
    """Count customers by x and by T; ``triples`` as for :func:`arrange_histories`."""
    by_count = triples.group_by("repeat_orders").agg(pl.col("customers").sum())
    by_age = triples.group_by("age_days").agg(
        pl.col("customers").sum(),
        (pl.col("customers") * pl.col("repeat_orders")).sum().alias("orders"),
    )
    by_count, by_age = by_count.sort("repeat_orders"), by_age.sort("age_days")
    return Counts(
        repeat_orders=floats_of(by_count, "repeat_orders"),
        customers_by_count=floats_of(by_count, "customers"),
        ages=floats_of(by_age, "age_days"),
        customers_by_age=floats_of(by_age, "customers"),
        orders_by_age=floats_of(by_age, "orders"),
    )


def arrange_histories(triples: pl.DataFrame, fewest_orders: int) -> Histories:
    """Arrange distinct histories for a beta-geometric likelihood.

    Args:
        triples: One row per distinct ``repeat_orders`` (>= 0), ``recency_days`` and ``age_days``
            (days, recency <= age), with the number of ``customers`` it stands for; sums are taken
            in their order.
        fewest_orders: Repeat orders from which on a customer may have dropped out: 0 or 1.
    """
    at_risk = triples.filter(pl.col("repeat_orders") >= fewest_orders)
    recency, age = floats_of(at_risk, "recency_days"), floats_of(at_risk, "age_days")
    days = pl.concat([pl.Series(recency), pl.Series(age)]).unique().sort().to_numpy()
    return Histories(
        counts=arrange_counts(triples),
        days=days,
        repeat_orders=floats_of(at_risk, "repeat_orders"),
        recency_index=np.searchsorted(days, recency),
        age_index=np.searchsorted(days, age),
        weight=floats_of(at_risk, "customers"),
    )


def arrange_pairs(triples: pl.DataFrame) -> PairedHistories:
    """Arrange distinct histories by (x, day); ``triples`` as for :func:`arrange_histories`."""
    x, recency, age = (
        floats_of(triples, name) for name in ("repeat_orders", "recency_days", "age_days")
    )
    orders, days, index = distinct_pairs(np.concatenate([x, x]), np.concatenate([recency, age]))
    return PairedHistories(
        counts=arrange_counts(triples),
        repeat_orders=orders,
        days=days,
        recency_index=index[: x.size],
        age_index=index[x.size :],
        weight=floats_of(triples, "customers"),
    )
