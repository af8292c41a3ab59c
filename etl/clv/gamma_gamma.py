"""Gamma-Gamma: what a customer spends on an order, apart from how often.

The mean of x orders varies around the customer's own mean, which varies between customers.
Shape p of one order's spend, Gamma(q, gamma) for the customers' rates. Spend is money of the
reporting currency; ``gamma`` is in the same unit.

Source:
    Fader and Hardie (2013), The Gamma-Gamma model of monetary value.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import polars as pl
from scipy import special

from etl.clv.arrays import FloatArray, mirrored, sums_by, trigamma, weighted_sum
from etl.clv.likelihood import Likelihood

# (p, q); gamma starts where the population mean is the observed one.
_STARTS = ((6.0, 4.0), (2.0, 3.0), (15.0, 8.0))


@dataclass(frozen=True)
class GammaGamma:
    """Population parameters, all > 0; the mean spend exists where q > 1.

    Args:
        p: Shape of the spend of one order.
        q: Shape of the customers' rates.
        gamma: Rate of the customers' rates, money.
    """

    name: ClassVar[str] = "gamma_gamma"

    p: float
    q: float
    gamma: float


@dataclass(frozen=True)
class Spends:
    """Distinct (orders, mean spend) with their customers, and a histogram of orders."""

    orders: FloatArray
    mean_spend: FloatArray
    weight: FloatArray
    counts: FloatArray
    customers_by_count: FloatArray
    log_spend_by_count: FloatArray

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.weight.sum())


def arrange_spends(pairs: pl.DataFrame) -> Spends:
    """Arrange distinct spends for the likelihood.

    Args:
        pairs: One row per distinct ``spend_occasions`` (>= 1) and ``mean_spend`` (money, > 0),
            with the number of ``customers`` it stands for.
    """
    pairs = pairs.sort("spend_occasions", "mean_spend")
    orders, spend, weight = (
        pairs.get_column(name).cast(pl.Float64).to_numpy()
        for name in ("spend_occasions", "mean_spend", "customers")
    )
    counts, index = np.unique(orders, return_inverse=True)
    return Spends(
        orders=orders,
        mean_spend=spend,
        weight=weight,
        counts=counts,
        customers_by_count=sums_by(index, weight, counts.size),
        log_spend_by_count=sums_by(index, weight * np.log(spend), counts.size),
    )


def likelihood(pairs: pl.DataFrame) -> Likelihood:
    """Log-likelihood of customers; ``pairs`` as for :func:`arrange_spends`."""
    spends = arrange_spends(pairs)
    mean = weighted_sum(spends.weight, spends.mean_spend) / spends.customers
    return Likelihood(
        names=tuple(field.name for field in fields(GammaGamma)),
        customers=spends.customers,
        value_and_gradient=lambda v: value_and_gradient(spends, GammaGamma(*v.tolist())),
        hessian=lambda v: hessian(spends, GammaGamma(*v.tolist())),
        starts=[np.array([p, q, mean * (q - 1.0) / p]) for p, q in _STARTS],
    )


def log_likelihood(spends: Spends, params: GammaGamma) -> float:
    """Log-likelihood of the mean spends.

    Source:
        Fader and Hardie (2013), eq. (1a).
    """
    return value_and_gradient(spends, params)[0]


def value_and_gradient(spends: Spends, params: GammaGamma) -> tuple[float, FloatArray]:
    """Log-likelihood and its gradient by (p, q, gamma).

    Source:
        Fader and Hardie (2013), eq. (1a); derivatives by differentiation.
    """
    p, q, gamma = params.p, params.q, params.gamma
    x, n, log_spend = spends.counts, spends.customers_by_count, spends.log_spend_by_count
    total = spends.customers
    pooled = gamma + spends.orders * spends.mean_spend
    log_pooled = np.log(pooled)
    exponent = p * spends.orders + q
    gammas = special.gammaln(p * x + q) - special.gammaln(p * x) - special.gammaln(q)
    value = (
        weighted_sum(n, gammas + p * x * np.log(x) + q * np.log(gamma))
        + weighted_sum(p * x - 1.0, log_spend)
        - weighted_sum(spends.weight * exponent, log_pooled)
    )
    joint = special.digamma(p * x + q)
    gradient = np.array(
        [
            weighted_sum(n, x * (joint - special.digamma(p * x) + np.log(x)))
            + weighted_sum(x, log_spend)
            - weighted_sum(spends.weight * spends.orders, log_pooled),
            weighted_sum(n, joint - special.digamma(q))
            + total * np.log(gamma)
            - weighted_sum(spends.weight, log_pooled),
            total * q / gamma - weighted_sum(spends.weight * exponent, 1.0 / pooled),
        ]
    )
    return value, gradient


def hessian(spends: Spends, params: GammaGamma) -> FloatArray:
    """Second derivatives of the log-likelihood by (p, q, gamma)."""
    p, q, gamma = params.p, params.q, params.gamma
    x, n = spends.counts, spends.customers_by_count
    inverse = 1.0 / (gamma + spends.orders * spends.mean_spend)
    exponent = p * spends.orders + q
    joint = trigamma(p * x + q)
    result = np.zeros((3, 3))
    result[0, 0] = weighted_sum(n, x**2 * (joint - trigamma(p * x)))
    result[1, 0] = weighted_sum(n, x * joint)
    result[1, 1] = weighted_sum(n, joint - trigamma(q))
    result[2, 0] = -weighted_sum(spends.weight * spends.orders, inverse)
    result[2, 1] = spends.customers / gamma - weighted_sum(spends.weight, inverse)
    result[2, 2] = -spends.customers * q / gamma**2 + weighted_sum(
        spends.weight * exponent, inverse**2
    )
    return mirrored(result)


def expected_spend(params: GammaGamma, orders: FloatArray, mean_spend: FloatArray) -> FloatArray:
    """Mean spend per order to expect of a customer: between the own mean and everyone's.

    Args:
        params: Population parameters; q > 1.
        orders: Orders with spend behind the mean, >= 0.
        mean_spend: Their mean, money; any finite value where ``orders`` is 0.

    Source:
        Fader and Hardie (2013), eq. (5).
    """
    spend: FloatArray = (
        params.p * (params.gamma + orders * mean_spend) / (params.p * orders + params.q - 1.0)
    )
    return spend
