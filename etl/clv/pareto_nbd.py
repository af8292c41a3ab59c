"""Pareto/NBD: a customer may become inactive at any moment, between orders too.

A customer orders at random with rate lambda ~ Gamma(r, alpha) and is lost after an exponential
time with rate mu ~ Gamma(s, beta). An active customer has lambda ~ Gamma(r + x, alpha + T) and
mu ~ Gamma(s, beta + T), independent. All times are days; ``alpha`` and ``beta`` are in days.

Source:
    Schmittlein, Morrison and Colombo (1987), Counting your customers: who are they and what will
    they do next?, Management Science 33(1); Fader and Hardie (2005), A note on deriving the
    Pareto/NBD model and related expressions.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import polars as pl
from scipy import special

from etl.clv import pareto_likelihood
from etl.clv.arrays import FloatArray, distinct_pairs
from etl.clv.histories import PairedHistories, arrange_pairs
from etl.clv.likelihood import Likelihood
from etl.clv.nbd import log_negative_binomial
from etl.clv.pareto_tails import ParetoParameters, log_active, log_lost, tails

# (r, s); alpha and beta start at r and s times the mean age.
_STARTS = ((0.5, 0.6), (2.0, 0.3), (0.3, 2.0))
# Gauss-Legendre points and weights over a horizon; error below 1e-10.
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(64)
# Few enough that rows x nodes stay in the processor's cache.
_ROWS_AT_ONCE = 200
# Newton steps to the lapse date; it doubles its digits at each, bisection is the fallback.
_SEARCH_STEPS = 60
_SEARCH_TOLERANCE = 1e-12
# The gap is looked for between exp(-100) and exp(100) days.
_WIDEST = 100.0


@dataclass(frozen=True)
class ParetoNbd(ParetoParameters):
    """Parameters as for :class:`etl.clv.pareto_tails.ParetoParameters`; an order model."""

    name: ClassVar[str] = "pareto_nbd"

    @classmethod
    def likelihood(cls, triples: pl.DataFrame) -> Likelihood:
        """Log-likelihood of customers; see :class:`etl.clv.order_model.OrderModel`."""
        histories = arrange_pairs(triples)
        age = max(histories.counts.mean_age, 1.0)
        return Likelihood(
            names=tuple(field.name for field in fields(cls)),
            customers=histories.counts.customers,
            value_and_gradient=lambda v: cls(*v.tolist()).value_and_gradient(histories),
            hessian=lambda v: cls(*v.tolist()).hessian(histories),
            starts=[np.array([r, r * age, s, s * age]) for r, s in _STARTS],
        )

    def log_likelihood(self, histories: PairedHistories) -> float:
        """Log-likelihood; see :func:`etl.clv.pareto_likelihood.log_likelihood`."""
        return pareto_likelihood.log_likelihood(self, histories)

    def value_and_gradient(self, histories: PairedHistories) -> tuple[float, FloatArray]:
        """Log-likelihood and its gradient by (r, alpha, s, beta)."""
        return pareto_likelihood.value_and_gradient(self, histories)

    def hessian(self, histories: PairedHistories) -> FloatArray:
        """Second derivatives of the log-likelihood by (r, alpha, s, beta)."""
        return pareto_likelihood.hessian(self, histories)

    def probability_alive(
        self, repeat_orders: FloatArray, recency_days: FloatArray, age_days: FloatArray
    ) -> FloatArray:
        """Probability that a customer is still active, 0 to 1.

        Source:
            Schmittlein, Morrison and Colombo (1987), P(alive); Fader and Hardie (2005), eq. (36)
            and (37), the same as one over one plus the odds.
        """
        x, days, index = distinct_pairs(
            np.concatenate([repeat_orders, repeat_orders]), np.concatenate([recency_days, age_days])
        )
        recency, age = np.split(index, 2)
        tail = tails(self, x, days).log_value
        active = log_active(self, x, days)[age]
        alive: FloatArray = special.expit(active - log_lost(self, tail[recency], tail[age]))
        return alive

    def orders_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: FloatArray
    ) -> FloatArray:
        """Orders in the coming ``horizon_days``: rate times expected time until lost or the end.

        (r+x)/(alpha+T) (beta+T) (1 - (1 + t/(beta+T))^(1-s)) / (s-1), with its limit at s = 1.

        Source:
            Fader and Hardie (2005), eq. (41), given that the customer is active.
        """
        scale = (self.beta + age_days)[:, None]
        rate = ((self.r + repeat_orders) / (self.alpha + age_days))[:, None]
        growth = np.log1p(horizon_days / scale)
        result: FloatArray = rate * scale * growth * special.exprel((1.0 - self.s) * growth)
        return result

    def probability_of_order_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: FloatArray
    ) -> FloatArray:
        """Probability of at least one order: the customer may be lost before it.

        The integral from 0 to t of the chances that the customer is active and silent until u and
        orders then.

        Source:
            Schmittlein, Morrison and Colombo (1987), given that the customer is active; equals one
            minus the ratio of the likelihoods of two histories.
        """
        result = np.empty(horizon_days.shape)
        for column in range(horizon_days.shape[1]):
            for rows in _blocks(repeat_orders.size):
                size, scale, lost_scale = self._rates(repeat_orders[rows], age_days[rows])
                u, measure = self._points(size, scale, lost_scale, horizon_days[rows, column])
                waiting = (size + 1.0) * np.log1p(u / scale) + self.s * np.log1p(u / lost_scale)
                result[rows, column] = (measure * size / scale * np.exp(-waiting)).sum(axis=1)
        return np.minimum(result, 1.0)

    def order_counts_if_alive(
        self, repeat_orders: FloatArray, age_days: FloatArray, horizon_days: float, largest: int
    ) -> FloatArray:
        """Probability of exactly 0, 1 ... ``largest`` orders in the coming ``horizon_days``.

        Active to the end and n orders, or lost after u days and n orders by then.

        Source:
            Fader and Hardie (2014), Deriving the conditional PMF of the Pareto/NBD model, given
            that the customer is active, before its integrals are written as series.
        """
        counts = np.arange(largest + 1.0)
        result = np.empty((repeat_orders.size, counts.size))
        for rows in _blocks(repeat_orders.size):
            size, scale, lost_scale = self._rates(repeat_orders[rows], age_days[rows])
            horizons = np.full(size.shape[0], horizon_days)
            u, measure = self._points(size, scale, lost_scale, horizons)
            lost = measure * self.s / lost_scale
            lost *= np.exp(-(self.s + 1.0) * np.log1p(u / lost_scale))
            active = np.exp(-self.s * np.log1p(horizon_days / lost_scale[:, 0]))
            for i, n in enumerate(counts.tolist()):
                ended = np.exp(log_negative_binomial(n, size, scale, u))
                whole = np.exp(log_negative_binomial(n, size[:, 0], scale[:, 0], horizon_days))
                result[rows, i] = active * whole + (lost * ended).sum(axis=1)
        return result

    def lapse_gap(
        self, repeat_orders: FloatArray, recency_days: FloatArray, threshold: float
    ) -> FloatArray:
        """Days after the last order at which P(alive) falls to ``threshold``.

        Newton on ln(odds) by ln(gap), which rises all the way; a step out of the bracket is
        replaced by its middle. The odds of being lost grow by s/(beta+T) + odds ((r+x)/(alpha+T) +
        s/(beta+T)) a day.

        Source:
            :meth:`probability_alive`, solved for T - t_x.
        """
        x, recency, index = distinct_pairs(repeat_orders, recency_days)
        target = special.logit(1.0 - threshold)
        first = tails(self, x, recency).log_value
        low, high = np.full(x.size, -_WIDEST), np.full(x.size, _WIDEST)
        logs = np.log(self.beta + recency)
        for _ in range(_SEARCH_STEPS):
            age = recency + np.exp(logs)
            lost = log_lost(self, first, tails(self, x, age).log_value)
            odds = lost - log_active(self, x, age)
            growth = (self.r + x) / (self.alpha + age)
            growth += (1.0 + np.exp(-np.maximum(odds, -600.0))) * self.s / (self.beta + age)
            low, high = np.where(odds < target, logs, low), np.where(odds < target, high, logs)
            step = logs - (odds - target) / (growth * np.exp(logs))
            found = np.abs(step - logs) < _SEARCH_TOLERANCE
            logs = np.where(found | ((step > low) & (step < high)), step, (low + high) / 2.0)
            if found.all():
                break
        gap: FloatArray = np.exp(logs)[index]
        return gap

    def _rates(
        self, repeat_orders: FloatArray, age_days: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """R + x, alpha + T and beta + T of active customers, as columns."""
        rows = (self.r + repeat_orders, self.alpha + age_days, self.beta + age_days)
        first, second, third = (row[:, None] for row in rows)
        return first, second, third

    def _points(
        self, size: FloatArray, scale: FloatArray, lost_scale: FloatArray, horizon_days: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Points u in each horizon and their measure, even in ln(1 + u/c), c the time of change."""
        change = 1.0 / (size / scale + (self.s + 1.0) / lost_scale)
        half = np.log1p(horizon_days[:, None] / change) / 2.0
        v = half * (_POINTS + 1.0)
        return change * np.expm1(v), half * _WEIGHTS * change * np.exp(v)


def _blocks(rows: int) -> list[slice]:
    return [slice(start, start + _ROWS_AT_ONCE) for start in range(0, rows, _ROWS_AT_ONCE)]
