"""Distinct purchase histories, arranged so that each logarithm is taken once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray, IndexArray, floats_of, weighted_sum


@dataclass(frozen=True)
class Histories:
    """What the likelihood of a beta-geometric model needs of its customers.

    A histogram of x, two sums per T and, only for those who had a chance to drop out, the joint
    (x, t_x, T). Days are looked up in ``days`` by index.
    """

    counts: FloatArray
    customers_by_count: FloatArray
    ages: FloatArray
    customers_by_age: FloatArray
    orders_by_age: FloatArray
    days: FloatArray
    repeat_orders: FloatArray
    recency_index: IndexArray
    age_index: IndexArray
    weight: FloatArray

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.customers_by_count.sum())

    @property
    def mean_age(self) -> float:
        """Mean T, days."""
        return weighted_sum(self.customers_by_age, self.ages) / self.customers


def arrange_histories(triples: pl.DataFrame, fewest_orders: int) -> Histories:
    """Arrange distinct histories for the likelihood.

    Args:
        triples: One row per distinct ``repeat_orders`` (>= 0), ``recency_days`` and ``age_days``
            (days, recency <= age), with the number of ``customers`` it stands for.
        fewest_orders: Repeat orders from which on a customer may have dropped out: 0 or 1.
    """
    by_count = triples.group_by("repeat_orders").agg(pl.col("customers").sum())
    by_age = triples.group_by("age_days").agg(
        pl.col("customers").sum(),
        (pl.col("customers") * pl.col("repeat_orders")).sum().alias("orders"),
    )
    by_count, by_age = by_count.sort("repeat_orders"), by_age.sort("age_days")
    at_risk = triples.filter(pl.col("repeat_orders") >= fewest_orders).sort(
        "repeat_orders", "recency_days", "age_days"
    )
    recency, age = floats_of(at_risk, "recency_days"), floats_of(at_risk, "age_days")
    days, index = np.unique(np.concatenate([recency, age]), return_inverse=True)
    return Histories(
        counts=floats_of(by_count, "repeat_orders"),
        customers_by_count=floats_of(by_count, "customers"),
        ages=floats_of(by_age, "age_days"),
        customers_by_age=floats_of(by_age, "customers"),
        orders_by_age=floats_of(by_age, "orders"),
        days=days,
        repeat_orders=floats_of(at_risk, "repeat_orders"),
        recency_index=index[: recency.size],
        age_index=index[recency.size :],
        weight=floats_of(at_risk, "customers"),
    )
