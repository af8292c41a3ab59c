"""BG/NBD and MBG/NBD, which differ in one thing: whether a customer can be lost at once.

A customer orders at random with rate lambda ~ Gamma(r, alpha) and at every chance to drop out
does so with probability p ~ Beta(a, b). The chances are the repeat orders (BG/NBD), or these and
the first order (MBG/NBD). After c chances an active customer has p ~ Beta(a, b + c). All times
are days; ``alpha`` is in days.

Source:
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the
    Pareto/NBD model, Marketing Science 24(2); Batislam, Denizel and Filiztekin (2007), Empirical
    validation and comparison of models for customer base analysis, International Journal of
    Research in Marketing 24(3).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import polars as pl
from scipy import special

from etl.clv.arrays import FloatArray, mirrored, softplus, trigamma, weighted_sum
from etl.clv.histories import Counts, Histories, arrange_histories
from etl.clv.likelihood import Likelihood
from etl.clv.nbd import Nbd, log_negative_binomial
from etl.clv.quadrature import orders_until_dropout

# (r, a, b); alpha starts at r times the mean age, one order a lifetime.
_STARTS = ((0.5, 0.8, 2.5), (1.5, 0.3, 3.0), (0.2, 2.0, 6.0))


@dataclass(frozen=True)
class BetaGeometricNbd:
    """Population parameters, all > 0; the methods are those of an order model.

    Args:
        r: Shape of the purchase rate.
        alpha: Rate parameter of the purchase rate, days.
        a: First parameter of the drop-out probability.
        b: Second parameter of the drop-out probability.
    """

    r: float
    alpha: float
    a: float
    b: float

    name: ClassVar[str]
    # Chances to drop out before any repeat order.
    chances_at_start: ClassVar[int]

    @classmethod
    def arrange(cls, triples: pl.DataFrame) -> Histories:
        """Arrange distinct histories for :meth:`log_likelihood`."""
        return arrange_histories(triples, fewest_orders=1 - cls.chances_at_start)

    @classmethod
    def likelihood(cls, triples: pl.DataFrame) -> Likelihood:
        """Log-likelihood of customers; see :class:`etl.clv.order_model.OrderModel`."""
        histories = cls.arrange(triples)
        age = histories.counts.mean_age
        return Likelihood(
            names=tuple(field.name for field in fields(cls)),
            customers=histories.counts.customers,
            value_and_gradient=lambda v: cls(*v.tolist()).value_and_gradient(histories),
            hessian=lambda v: cls(*v.tolist()).hessian(histories),
            starts=[np.array([r, max(r * age, 1.0), a, b]) for r, a, b in _STARTS],
        )

    def log_likelihood(self, histories: Histories) -> float:
        """Log-likelihood of all customers, days as the unit of time.

        Source:
            Fader, Hardie and Lee (2005), likelihood of a randomly chosen customer; Batislam,
            Denizel and Filiztekin (2007), the same with drop-out after the first purchase.
        """
        return self.value_and_gradient(histories)[0]

    def value_and_gradient(self, histories: Histories) -> tuple[float, FloatArray]:
        """Log-likelihood and its gradient by (r, alpha, a, b).

        It is the NBD's, plus ln of the chance to survive, plus ln(1 + e^z) with z = ln(odds of
        being inactive), so that nothing overflows.

        Source:
            As :meth:`log_likelihood`, differentiated.
        """
        orders, by_rate = Nbd(self.r, self.alpha).value_and_gradient(histories.counts)
        survival, by_dropout = self._survival_terms(histories.counts)
        dead = self._dead_terms(histories)
        chance = histories.weight * special.expit(dead.log_odds)
        value = orders + survival + weighted_sum(histories.weight, softplus(dead.log_odds))
        gradient = np.array([weighted_sum(chance, slope) for slope in dead.slopes])
        return value, gradient + np.concatenate([by_rate, by_dropout])

    def hessian(self, histories: Histories) -> FloatArray:
        """Second derivatives of the log-likelihood by (r, alpha, a, b)."""
        result = np.zeros((4, 4))
        result[:2, :2] = Nbd(self.r, self.alpha).hessian(histories.counts)
        result[2:, 2:] = self._survival_hessian(histories.counts)
        dead = self._dead_terms(histories)
        chance = histories.weight * special.expit(dead.log_odds)
        spread = chance * special.expit(-dead.log_odds)
        for i, left in enumerate(dead.slopes):
            for j, right in enumerate(dead.slopes[: i + 1]):
                result[i, j] += weighted_sum(spread * left, right)
        older = dead.inverse_recency**2 - dead.inverse_age**2
        result[1, 1] += weighted_sum(chance, (self.r + histories.repeat_orders) * older)
        result[1, 0] += weighted_sum(chance, dead.inverse_age - dead.inverse_recency)
        result[2, 2] -= float(chance.sum()) / self.a**2
        result[3, 3] += weighted_sum(chance, dead.slopes[3] ** 2)
        return mirrored(result)

    def probability_alive(
        self, repeat_orders: FloatArray, recency_days: FloatArray, age_days: FloatArray
    ) -> FloatArray:
        """Probability that a customer is still active, 0 to 1; 1 before any chance to drop out.

        Source:
            Fader, Hardie and Lee (2008), Computing P(alive) using the BG/NBD model; Batislam,
            Denizel and Filiztekin (2007), probability of being active.
        """
        silence = np.log1p((age_days - recency_days) / (self.alpha + recency_days))
        log_odds = self._log_odds_at_order(repeat_orders) + (self.r + repeat_orders) * silence
        alive: FloatArray = special.expit(-log_odds)
        return alive

    def orders_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: FloatArray
    ) -> FloatArray:
        """Orders in the coming ``horizon_days``, as :class:`~etl.clv.order_model.OrderModel` says.

        Raises:
            QuadratureError: The parameters lie beyond what the quadrature can do.

        Source:
            Fader, Hardie and Lee (2005), eq. (10), given that the customer is active.
        """
        return orders_until_dropout(
            self.a,
            self.b,
            repeat_orders + self.chances_at_start,
            self.r + repeat_orders,
            horizon_days / (self.alpha + age_days)[:, None],
        )

    def probability_of_order_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: FloatArray
    ) -> FloatArray:
        """Probability of at least one order: an active customer's next one cannot be pre-empted.

        Source:
            Fader, Hardie and Lee (2005), ratio of the likelihoods of two histories.
        """
        orders = Nbd(self.r, self.alpha)
        return orders.probability_of_order_if_alive(repeat_orders, age_days, horizon_days)

    def order_counts_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: float, largest: int
    ) -> FloatArray:
        """Probability of exactly 0, 1 ... ``largest`` orders in the coming ``horizon_days``.

        Either n orders came and the customer outlived them, or the n-th was the last of n or
        more that would have come: E[(1-p)^n] P(N=n) + E[p (1-p)^(n-1)] P(N>=n), N negative
        binomial.

        Source:
            Fader, Hardie and Lee (2005), eq. (8), with the parameters of an active customer.
        """
        n = np.arange(largest + 1.0)
        size = (self.r + repeat_orders)[:, None]
        survivals = self._survivals(repeat_orders)[:, None]
        scale = (self.alpha + age_days)[:, None]
        base = special.betaln(self.a, survivals)
        outlived = np.exp(special.betaln(self.a, survivals + n) - base)
        counts = outlived * np.exp(log_negative_binomial(n, size, scale, horizon_days))
        last = np.exp(special.betaln(self.a + 1.0, survivals + n[1:] - 1.0) - base)
        counts[:, 1:] += last * special.betainc(n[1:], size, horizon_days / (scale + horizon_days))
        result: FloatArray = counts
        return result

    def lapse_gap(
        self, repeat_orders: FloatArray, recency_days: FloatArray, threshold: float
    ) -> FloatArray:
        """Days after the last order at which P(alive) falls to ``threshold``.

        Source:
            :meth:`probability_alive`, solved for T - t_x.
        """
        needed = special.logit(1.0 - threshold) - self._log_odds_at_order(repeat_orders)
        growth = np.maximum(needed, 0.0) / (self.r + repeat_orders)
        with np.errstate(over="ignore"):
            gap: FloatArray = (self.alpha + recency_days) * np.expm1(growth)
        return np.where(np.isfinite(gap), gap, np.nan)

    def _survivals(self, repeat_orders: FloatArray) -> FloatArray:
        """Second parameter of an active customer's drop-out probability, b'."""
        return self.b + (repeat_orders + self.chances_at_start)

    def _log_odds_at_order(self, repeat_orders: FloatArray) -> FloatArray:
        """Log odds of having dropped out at the last order, right after it."""
        chances = repeat_orders + self.chances_at_start
        odds = self.a / (self.b + np.maximum(chances, 1.0) - 1.0)
        with np.errstate(divide="ignore"):
            result: FloatArray = np.where(chances > 0, np.log(odds), -np.inf)
        return result

    def _dead_terms(self, histories: Histories) -> _DeadTerms:
        """Log odds of inactivity, and its slopes by the four parameters."""
        log_days = np.log(self.alpha + histories.days)
        inverse = 1.0 / (self.alpha + histories.days)
        gap = log_days[histories.age_index] - log_days[histories.recency_index]
        older, newer = inverse[histories.age_index], inverse[histories.recency_index]
        exponent = self.r + histories.repeat_orders
        remaining = self._survivals(histories.repeat_orders) - 1.0
        log_odds = np.log(self.a / remaining) + exponent * gap
        slopes = (
            gap,
            exponent * (older - newer),
            np.full_like(gap, 1.0 / self.a),
            -1.0 / remaining,
        )
        return _DeadTerms(log_odds, slopes, older, newer)

    def _survival_terms(self, counts: Counts) -> tuple[float, FloatArray]:
        """Ln B(a, b') - ln B(a, b) of all customers, and its gradient by (a, b)."""
        a, b, n = self.a, self.b, counts.customers_by_count
        survivals = self._survivals(counts.repeat_orders)
        log_gammas = (special.gammaln(survivals) - special.gammaln(b)) - (
            special.gammaln(a + survivals) - special.gammaln(a + b)
        )
        both = special.digamma(a + survivals) - special.digamma(a + b)
        slopes = (
            -weighted_sum(n, both),
            weighted_sum(n, special.digamma(survivals) - special.digamma(b) - both),
        )
        return weighted_sum(n, log_gammas), np.array(slopes)

    def _survival_hessian(self, counts: Counts) -> FloatArray:
        """Second derivatives of :meth:`_survival_terms`."""
        a, b, n = self.a, self.b, counts.customers_by_count
        survivals = self._survivals(counts.repeat_orders)
        both = weighted_sum(n, trigamma(a + survivals) - trigamma(a + b))
        own = weighted_sum(n, trigamma(survivals) - trigamma(b))
        return np.array([[-both, -both], [-both, own - both]])


@dataclass(frozen=True)
class _DeadTerms:
    log_odds: FloatArray
    slopes: tuple[FloatArray, FloatArray, FloatArray, FloatArray]
    inverse_age: FloatArray
    inverse_recency: FloatArray
