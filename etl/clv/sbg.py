"""sBG: how long contracts are renewed when customers differ in their chance to leave.

At each renewal a customer leaves with an own probability theta ~ Beta(alpha, beta). Those who
are left are ever more faithful, so the retention rate rises without anybody changing. Periods are
contract periods; a customer of tenure n has renewed n times.

Source:
    Fader and Hardie (2007), How to project customer retention, Journal of Interactive Marketing
    21(1); Fader and Hardie (2010), Customer-base valuation in a contractual setting: the perils of
    ignoring heterogeneity, Marketing Science 29(1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from scipy import special

from etl.clv.arrays import FloatArray, IndexArray, floats_of, trigamma, weighted_sum
from etl.clv.likelihood import Likelihood
from etl.clv.quadrature import Nodes, mean_over_dropout

# In place of a logarithm of 1 that has vanished.
_TINY = 1e-300
_STARTS = ((1.0, 1.0), (0.5, 3.0), (3.0, 10.0))


@dataclass(frozen=True)
class Contracts:
    """Customers who left at a renewal and customers who are still there, by renewals made."""

    renewals: FloatArray
    lost: FloatArray
    active: FloatArray

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.lost.sum() + self.active.sum())


def arrange_contracts(contracts: pl.DataFrame) -> Contracts:
    """Arrange contracts for the likelihood.

    Args:
        contracts: One row per distinct ``renewals`` (>= 0): ``lost_customers``, who made so many
            renewals and then left, and ``active_customers``, whose next renewal is yet to come.
    """
    contracts = contracts.sort("renewals")
    return Contracts(
        *(floats_of(contracts, c) for c in ("renewals", "lost_customers", "active_customers"))
    )


@dataclass(frozen=True)
class Sbg:
    """Population parameters, both > 0.

    Args:
        alpha: First parameter of the chance to leave at a renewal.
        beta: Second parameter of the chance to leave at a renewal.
    """

    alpha: float
    beta: float

    @classmethod
    def likelihood(cls, contracts: pl.DataFrame) -> Likelihood:
        """Log-likelihood of customers; ``contracts`` as for :func:`arrange_contracts`."""
        arranged = arrange_contracts(contracts)
        return Likelihood(
            names=tuple(field.name for field in fields(cls)),
            customers=arranged.customers,
            value_and_gradient=lambda v: cls(*v.tolist()).value_and_gradient(arranged),
            hessian=lambda v: cls(*v.tolist()).hessian(arranged),
            starts=[np.array(start) for start in _STARTS],
        )

    def value_and_gradient(self, contracts: Contracts) -> tuple[float, FloatArray]:
        """Log-likelihood and its gradient by (alpha, beta).

        Source:
            Fader and Hardie (2007), P(T = t) = B(alpha+1, beta+t-1) / B(alpha, beta) and
            S(t) = B(alpha, beta+t) / B(alpha, beta).
        """
        n, total = contracts.renewals, contracts.customers
        a, b = self.alpha, self.beta
        lost = special.betaln(a + 1.0, b + n)
        active = special.betaln(a, b + n)
        value = weighted_sum(contracts.lost, lost) + weighted_sum(contracts.active, active)
        slopes = self._sums(contracts, special.digamma) - total * (
            special.digamma(np.array([a, b])) - special.digamma(a + b)
        )
        return float(value - total * special.betaln(a, b)), slopes

    def hessian(self, contracts: Contracts) -> FloatArray:
        """Second derivatives of the log-likelihood by (alpha, beta)."""
        n, total = contracts.renewals, contracts.customers
        a, b = self.alpha, self.beta
        joint = weighted_sum(contracts.lost, trigamma(a + b + n + 1.0))
        joint += weighted_sum(contracts.active, trigamma(a + b + n))
        mixed = total * float(trigamma(a + b)) - joint
        left, right = self._sums(contracts, trigamma) - total * trigamma(np.array([a, b]))
        together = total * float(trigamma(a + b))
        return np.array([[left + together, mixed], [mixed, right + together]])

    def survival(self, renewals: FloatArray) -> FloatArray:
        """Share of new customers who make so many renewals, S(t); 1 at 0.

        Source:
            Fader and Hardie (2007), S(t).
        """
        result: FloatArray = np.exp(
            special.betaln(self.alpha, self.beta + renewals) - special.betaln(self.alpha, self.beta)
        )
        return result

    def renewal_probability(self, renewals: FloatArray) -> FloatArray:
        """Chance that a customer who made ``renewals`` renewals makes the next one.

        Source:
            Fader and Hardie (2007), retention rate (beta+t-1) / (alpha+beta+t-1), t = renewals + 1.
        """
        result: FloatArray = (self.beta + renewals) / (self.alpha + self.beta + renewals)
        return result

    def discounted_renewals(
        self, renewals: FloatArray, horizon_renewals: FloatArray, period_rate: float
    ) -> FloatArray:
        """Renewals still to come, the first at full worth, each later one discounted a period more.

        The chances are those of a customer whose next renewal is due now; a caller discounts the
        time until then. The first h of them: mean of (1-theta) (1 - q^h) / (1 - q) over theta ~
        Beta(alpha, beta + renewals), q = (1-theta) / (1 + rate).

        Args:
            renewals: Made so far, >= 0, one per row.
            horizon_renewals: How many to count, >= 0 or infinite; one row per customer.
            period_rate: Discount rate per contract period, 0.1 is 10 %; > 0 where a horizon is
                infinite.

        Returns:
            Renewals, >= 0, in the shape of ``horizon_renewals``.

        Source:
            Fader and Hardie (2010), discounted expected residual lifetime (DERL).
        """
        discount = -np.log1p(period_rate)

        def value(nodes: Nodes, rows: IndexArray) -> Iterator[FloatArray]:
            log_q = np.minimum(nodes.log_q + discount, -_TINY)
            for horizon in horizon_renewals.T:
                many = np.expm1(horizon[rows, None] * log_q)
                yield np.exp(nodes.log_q) * many / np.expm1(log_q)

        return mean_over_dropout(
            self.alpha, self.beta, renewals, value, columns=horizon_renewals.shape[1]
        )

    def _sums(
        self, contracts: Contracts, function: Callable[[FloatArray], FloatArray]
    ) -> FloatArray:
        """Sums over customers of a derivative of ln Gamma by alpha and by beta, less ln B's."""
        a, b, n = self.alpha, self.beta, contracts.renewals
        lost, active = contracts.lost, contracts.active
        joint = weighted_sum(lost, function(a + b + n + 1.0)) + weighted_sum(
            active, function(a + b + n)
        )
        by_alpha = float(lost.sum() * function(np.array([a + 1.0]))[0])
        by_alpha += float(active.sum() * function(np.array([a]))[0])
        by_beta = weighted_sum(lost + active, function(b + n))
        return np.array([by_alpha - joint, by_beta - joint])
