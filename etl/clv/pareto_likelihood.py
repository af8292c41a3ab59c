"""The likelihood of the Pareto/NBD and its derivatives.

A customer adds the logarithm of W = (alpha+T)^-(r+x) (beta+T)^-s + s (F(x, t_x) - F(x, T)): active
until T, or lost in between. Each of the three terms is known per distinct (x, day), so the sums
over customers are taken per (x, day) too, wherever the derivatives are linear in them.

Source:
    Schmittlein, Morrison and Colombo (1987); Fader and Hardie (2005), A note on deriving the
    Pareto/NBD model and related expressions, eq. (18) before its integral is written as a
    hypergeometric function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from etl.clv.arrays import FloatArray, mirrored, softplus, sums_by, trigamma, weighted_sum
from etl.clv.histories import PairedHistories
from etl.clv.pareto_tails import PAIRS, ParetoParameters, Tails, log_active, log_lost, tails


@dataclass(frozen=True)
class _Weights:
    """ln W of each customer, and the three terms as shares of W: +active, +after, -until."""

    log_sum: FloatArray
    active: FloatArray
    after: FloatArray
    until: FloatArray


def log_likelihood(params: ParetoParameters, histories: PairedHistories) -> float:
    """Log-likelihood of all customers, days as the unit of time."""
    tail = tails(params, histories.repeat_orders, histories.days)
    return _value(params, histories, _weights(params, histories, tail))


def value_and_gradient(
    params: ParetoParameters, histories: PairedHistories
) -> tuple[float, FloatArray]:
    """Log-likelihood and its gradient by (r, alpha, s, beta), under the same integral."""
    tail = tails(params, histories.repeat_orders, histories.days, derivatives=1)
    weights = _weights(params, histories, tail)
    lost, active = _by_pair(histories, weights)
    gradient = _slopes_outside(params, histories)
    gradient += [weighted_sum(lost, slope) for slope in _lost_slopes(params, tail)]
    gradient += [weighted_sum(active, slope) for slope in _active_slopes(params, histories)]
    return _value(params, histories, weights), gradient


def hessian(params: ParetoParameters, histories: PairedHistories) -> FloatArray:
    """Second derivatives of the log-likelihood by (r, alpha, s, beta)."""
    tail = tails(params, histories.repeat_orders, histories.days, derivatives=2)
    weights = _weights(params, histories, tail)
    lost, active = _by_pair(histories, weights)
    lost_slopes, active_slopes = _lost_slopes(params, tail), _active_slopes(params, histories)
    own = [
        weights.after * lost_slopes[i][histories.recency_index]
        - weights.until * lost_slopes[i][histories.age_index]
        + weights.active * active_slopes[i][histories.age_index]
        for i in range(4)
    ]
    result = _curvature_outside(params, histories)
    bends = _active_bends(params, histories)
    for number, (i, j) in enumerate(PAIRS):
        # Of s F: by s twice and by s and another, the factor s adds the slopes of F.
        factor = ((i == 2) * tail.slopes[j] + (j == 2) * tail.slopes[i]) / params.s
        of_active = active_slopes[i] * active_slopes[j] + bends.get((i, j), 0.0)
        result[i, j] += (
            weighted_sum(lost, tail.curvatures[number] + factor)
            + weighted_sum(active, of_active)
            - weighted_sum(histories.weight * own[i], own[j])
        )
    return mirrored(result)


def _weights(params: ParetoParameters, histories: PairedHistories, tail: Tails) -> _Weights:
    active = log_active(params, histories.repeat_orders, histories.days)[histories.age_index]
    after = tail.log_value[histories.recency_index]
    until = tail.log_value[histories.age_index]
    log_sum = active + softplus(log_lost(params, after, until) - active)
    scale = np.log(params.s) - log_sum
    return _Weights(log_sum, np.exp(active - log_sum), np.exp(after + scale), np.exp(until + scale))


def _by_pair(histories: PairedHistories, weights: _Weights) -> tuple[FloatArray, FloatArray]:
    """Customers per (x, day), weighted by the shares of s F and of the active term."""
    size = histories.days.size
    after = sums_by(histories.recency_index, histories.weight * weights.after, size)
    until = sums_by(histories.age_index, histories.weight * weights.until, size)
    active = sums_by(histories.age_index, histories.weight * weights.active, size)
    return after - until, active


def _lost_slopes(params: ParetoParameters, tail: Tails) -> list[FloatArray]:
    """Slopes of ln(s F)."""
    return [*tail.slopes[:2], tail.slopes[2] + 1.0 / params.s, tail.slopes[3]]


def _active_slopes(params: ParetoParameters, histories: PairedHistories) -> list[FloatArray]:
    first, second = params.alpha + histories.days, params.beta + histories.days
    exponent = params.r + histories.repeat_orders
    return [-np.log(first), -exponent / first, -np.log(second), -params.s / second]


def _active_bends(
    params: ParetoParameters, histories: PairedHistories
) -> dict[tuple[int, int], FloatArray]:
    """Second derivatives of the logarithm of the active term."""
    first, second = params.alpha + histories.days, params.beta + histories.days
    exponent = params.r + histories.repeat_orders
    return {
        (1, 0): -1.0 / first,
        (1, 1): exponent / first**2,
        (3, 2): -1.0 / second,
        (3, 3): params.s / second**2,
    }


def _value(params: ParetoParameters, histories: PairedHistories, weights: _Weights) -> float:
    """Ln Gamma(r+x)/Gamma(r) alpha^r beta^s of all customers, and ln W."""
    x, n = histories.counts.repeat_orders, histories.counts.customers_by_count
    scales = params.r * np.log(params.alpha) + params.s * np.log(params.beta)
    return float(
        weighted_sum(n, special.gammaln(params.r + x) - special.gammaln(params.r))
        + histories.counts.customers * scales
        + weighted_sum(histories.weight, weights.log_sum)
    )


def _slopes_outside(params: ParetoParameters, histories: PairedHistories) -> FloatArray:
    x, n = histories.counts.repeat_orders, histories.counts.customers_by_count
    shapes = weighted_sum(n, special.digamma(params.r + x) - special.digamma(params.r))
    scales = np.array(
        [
            np.log(params.alpha),
            params.r / params.alpha,
            np.log(params.beta),
            params.s / params.beta,
        ]
    )
    return np.array([shapes, 0.0, 0.0, 0.0]) + histories.counts.customers * scales


def _curvature_outside(params: ParetoParameters, histories: PairedHistories) -> FloatArray:
    x, n = histories.counts.repeat_orders, histories.counts.customers_by_count
    total = histories.counts.customers
    result = np.zeros((4, 4))
    result[0, 0] = weighted_sum(n, trigamma(params.r + x) - trigamma(params.r))
    result[1, 0] = total / params.alpha
    result[1, 1] = -total * params.r / params.alpha**2
    result[3, 2] = total / params.beta
    result[3, 3] = -total * params.s / params.beta**2
    return result
