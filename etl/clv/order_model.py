"""What every model of orders can be asked, and the models there are.

A forecast factorises: P(alive | x, t_x, T) times a function of x and T alone, given that the
customer is active. All times are days; arrays hold one customer a row.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import polars as pl

from etl.clv.arrays import FloatArray
from etl.clv.bg_nbd import BgNbd
from etl.clv.likelihood import Likelihood
from etl.clv.mbg_nbd import MbgNbd
from etl.clv.nbd import Nbd
from etl.clv.pareto_nbd import ParetoNbd


class OrderModel(Protocol):
    """A fitted model of when customers order and when they stop; its fields are the parameters."""

    name: ClassVar[str]

    def __init__(self, *values: float, **parameters: float) -> None:
        """Take the parameters, in published order or by name."""

    @classmethod
    def likelihood(cls, triples: pl.DataFrame) -> Likelihood:
        """Log-likelihood of customers.

        Args:
            triples: One row per distinct ``repeat_orders`` (x >= 0), ``recency_days`` (t_x) and
                ``age_days`` (T >= t_x), with the number of ``customers`` it stands for.
        """

    def probability_alive(
        self, repeat_orders: FloatArray, recency_days: FloatArray, age_days: FloatArray
    ) -> FloatArray:
        """Probability that a customer is still active, 0 to 1."""

    def orders_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: FloatArray
    ) -> FloatArray:
        """Orders in the coming ``horizon_days`` of customers who are still active, >= 0.

        Args:
            repeat_orders: x, one per row.
            age_days: T, one per row.
            horizon_days: Days >= 0, one row per customer, one column per horizon.

        Returns:
            Orders in the shape of ``horizon_days``.
        """

    def probability_of_order_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: FloatArray
    ) -> FloatArray:
        """Probability of at least one order within each horizon; arrays as for the orders."""

    def order_counts_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: float, largest: int
    ) -> FloatArray:
        """Probability of exactly 0, 1 ... ``largest`` orders in the coming ``horizon_days``.

        Returns:
            One row per customer, one column per count; what is missing to 1 lies beyond.
        """

    def lapse_gap(
        self, repeat_orders: FloatArray, recency_days: FloatArray, threshold: float
    ) -> FloatArray:
        """Days after the last order at which P(alive) falls to ``threshold``.

        Returns:
            Days; NaN where it never does, 0 where it is below from the start.
        """


ORDER_MODELS: dict[str, type[OrderModel]] = {
    model.name: model for model in (BgNbd, MbgNbd, ParetoNbd, Nbd)
}
# What is fitted everywhere; the backtest picks one.
CANDIDATES = ("bg_nbd", "mbg_nbd", "pareto_nbd")
