"""NBD: customers order at random for ever. The baseline that knows no drop-out.

Source:
    Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8(1).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import polars as pl
from scipy import special

from etl.clv.arrays import FloatArray, mirrored, trigamma, weighted_sum
from etl.clv.histories import Counts, arrange_counts
from etl.clv.likelihood import Likelihood

# r; alpha starts at r times the mean age, one order a lifetime.
_STARTS = (0.5, 2.0)


@dataclass(frozen=True)
class Nbd:
    """Population parameters, both > 0; the methods are those of an order model.

    Args:
        r: Shape of the purchase rate.
        alpha: Rate parameter of the purchase rate, days.
    """

    r: float
    alpha: float

    name: ClassVar[str] = "nbd"

    @classmethod
    def likelihood(cls, triples: pl.DataFrame) -> Likelihood:
        """Log-likelihood of customers; see :class:`etl.clv.order_model.OrderModel`."""
        counts = arrange_counts(triples)
        return Likelihood(
            names=tuple(field.name for field in fields(cls)),
            customers=counts.customers,
            value_and_gradient=lambda v: cls(*v.tolist()).value_and_gradient(counts),
            hessian=lambda v: cls(*v.tolist()).hessian(counts),
            starts=[np.array([r, max(r * counts.mean_age, 1.0)]) for r in _STARTS],
        )

    def value_and_gradient(self, counts: Counts) -> tuple[float, FloatArray]:
        """Log-likelihood of the times of the orders, and its gradient by (r, alpha).

        It is that of the models with drop-out where nobody ever drops out, so that the figures
        compare: (r)_x alpha^r / (alpha+T)^(r+x).

        Source:
            Fader, Hardie and Lee (2005), BG/NBD, the likelihood without drop-out.
        """
        r, alpha = self.r, self.alpha
        x, n, total = counts.repeat_orders, counts.customers_by_count, counts.customers
        shifted = alpha + counts.ages
        exponent = r * counts.customers_by_age + counts.orders_by_age
        value = (
            weighted_sum(n, special.gammaln(r + x) - special.gammaln(r))
            + total * r * np.log(alpha)
            - weighted_sum(exponent, np.log(shifted))
        )
        gradient = np.array(
            [
                weighted_sum(n, special.digamma(r + x) - special.digamma(r))
                + total * np.log(alpha)
                - weighted_sum(counts.customers_by_age, np.log(shifted)),
                total * r / alpha - weighted_sum(exponent, 1.0 / shifted),
            ]
        )
        return float(value), gradient

    def hessian(self, counts: Counts) -> FloatArray:
        """Second derivatives of the log-likelihood by (r, alpha)."""
        r, alpha, x = self.r, self.alpha, counts.repeat_orders
        shifted = alpha + counts.ages
        exponent = r * counts.customers_by_age + counts.orders_by_age
        result = np.zeros((2, 2))
        result[0, 0] = weighted_sum(counts.customers_by_count, trigamma(r + x) - trigamma(r))
        result[1, 0] = counts.customers / alpha - weighted_sum(
            counts.customers_by_age, 1.0 / shifted
        )
        result[1, 1] = -counts.customers * r / alpha**2 + weighted_sum(exponent, 1.0 / shifted**2)
        return mirrored(result)

    def probability_alive(
        self,
        repeat_orders: FloatArray,
        recency_days: FloatArray,  # noqa: ARG002 - it says nothing about who never stops
        age_days: FloatArray,  # noqa: ARG002
    ) -> FloatArray:
        """Nobody ever stops: 1."""
        return np.ones_like(repeat_orders)

    def orders_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: FloatArray
    ) -> FloatArray:
        """Orders in the coming ``horizon_days``: (r+x) t / (alpha+T).

        Source:
            Ehrenberg (1959), conditional expectation of the negative binomial.
        """
        rate = (self.r + repeat_orders) / (self.alpha + age_days)
        return rate[:, None] * horizon_days

    def probability_of_order_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: FloatArray
    ) -> FloatArray:
        """Probability of at least one order, 1 - ((alpha+T)/(alpha+T+t))^(r+x).

        Source:
            Ehrenberg (1959), the negative binomial at zero.
        """
        growth = np.log1p(horizon_days / (self.alpha + age_days)[:, None])
        result: FloatArray = -np.expm1(-(self.r + repeat_orders)[:, None] * growth)
        return result

    def order_counts_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: float, largest: int
    ) -> FloatArray:
        """Probability of exactly 0, 1 ... ``largest`` orders in the coming ``horizon_days``.

        Source:
            Ehrenberg (1959), the negative binomial.
        """
        size, scale = (self.r + repeat_orders)[:, None], (self.alpha + age_days)[:, None]
        counts = log_negative_binomial(np.arange(largest + 1.0), size, scale, horizon_days)
        result: FloatArray = np.exp(counts)
        return result

    def lapse_gap(
        self,
        repeat_orders: FloatArray,
        recency_days: FloatArray,  # noqa: ARG002 - nobody ever lapses
        threshold: float,  # noqa: ARG002
    ) -> FloatArray:
        """Nobody ever lapses: NaN."""
        return np.full_like(repeat_orders, np.nan)


def log_negative_binomial(
    n: FloatArray | float,
    size: FloatArray,
    scale: FloatArray,
    horizon_days: FloatArray | float,
) -> FloatArray:
    """Log probability of n orders in a horizon at a rate lambda ~ Gamma(size, scale).

    Args:
        n: Counts, >= 0.
        size: Shape of the rate.
        scale: Rate parameter of the rate, days.
        horizon_days: Days, >= 0.

    Source:
        Ehrenberg (1959), the negative binomial as a mixture of Poisson counts.
    """
    result: FloatArray = (
        special.gammaln(size + n)
        - special.gammaln(size)
        - special.gammaln(n + 1.0)
        - size * np.log1p(horizon_days / scale)
        + special.xlogy(n, horizon_days / (scale + horizon_days))
    )
    return result
