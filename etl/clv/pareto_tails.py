"""The integral behind the Pareto/NBD, its derivatives, and nothing that can overflow.

    F(x, y) = integral from y to infinity of (alpha+u)^-(r+x) (beta+u)^-(s+1) du

The part of the likelihood in which the customer is lost is s (F(x, t_x) - F(x, T)): millions of
histories need F only at their distinct (x, day). The closed form holds a Gauss hypergeometric
function with no elementary derivatives. Here z = u - y = c t, 1/c = (r+x)/(alpha+y) +
(s+1)/(beta+y), puts the mass at t of about 1 whatever x; then the double-exponential rule
t = exp(w - exp(-w)) with equal steps in w. Derivatives are moments under the same weights.

Source:
    Schmittlein, Morrison and Colombo (1987), Counting your customers: who are they and what will
    they do next?, Management Science 33(1); Fader and Hardie (2005), A note on deriving the
    Pareto/NBD model and related expressions; Takahasi and Mori (1974), double exponential formulas
    for numerical integration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.clv.arrays import FloatArray, IndexArray

_STEP = 0.25
_LOWEST = -3.75
# What is left beyond the ends of the range: exp(-37) = 9e-17.
_TAIL = 37.0
# Beyond it exp() overflows; only parameters far below any customer base get there.
_HIGHEST = 700.0
# Small enough to stay in the processor's cache.
_NODES_AT_ONCE = 50_000


@dataclass(frozen=True)
class ParetoParameters:
    """Population parameters of the Pareto/NBD, all > 0.

    Args:
        r: Shape of the purchase rate.
        alpha: Rate parameter of the purchase rate, days.
        s: Shape of the drop-out rate.
        beta: Rate parameter of the drop-out rate, days.
    """

    r: float
    alpha: float
    s: float
    beta: float


@dataclass(frozen=True)
class Tails:
    """F at some (x, y).

    Args:
        log_value: ln F.
        slopes: Of ln F by (r, alpha, s, beta), one row per parameter; empty unless asked for.
        curvatures: F_ij / F, one row per pair i >= j of the parameters; empty unless asked for.
    """

    log_value: FloatArray
    slopes: FloatArray
    curvatures: FloatArray


# Pairs (i, j) of the parameters in the order of ``Tails.curvatures``.
PAIRS = tuple((i, j) for i in range(4) for j in range(i + 1))


def tails(
    params: ParetoParameters, repeat_orders: FloatArray, days: FloatArray, derivatives: int = 0
) -> Tails:
    """Evaluate F.

    Args:
        params: Population parameters.
        repeat_orders: x >= 0, one per row.
        days: y >= 0, one per row.
        derivatives: 0 for the value, 1 for slopes too, 2 for curvatures too.

    Source:
        Fader and Hardie (2005), eq. (19) and (20), before they are hypergeometric functions.
    """
    result = Tails(
        np.empty(days.size),
        np.empty((4 if derivatives else 0, days.size)),
        np.empty((len(PAIRS) if derivatives > 1 else 0, days.size)),
    )
    # Heavier buyers need shorter ranges. The class depends on the row's own x alone.
    classes = np.floor(np.log2(repeat_orders + 1.0))
    for number in np.unique(classes):
        rows = np.flatnonzero(classes == number)
        nodes = _nodes(params, params.r + 2.0**number - 1.0)
        size = max(1, _NODES_AT_ONCE // nodes.size)
        for start in range(0, rows.size, size):
            part = rows[start : start + size]
            _integrate(params, repeat_orders[part], days[part], nodes, part, result)
    return result


def log_lost(params: ParetoParameters, after: FloatArray, until: FloatArray) -> FloatArray:
    """Log weight of having been lost between two days, ln s (F(x, t_x) - F(x, T)); -inf at once.

    Args:
        params: Population parameters.
        after: ln F at the last order.
        until: ln F at the end, <= ``after``.
    """
    with np.errstate(divide="ignore"):
        span = np.log(-np.expm1(np.minimum(until - after, 0.0)))
    result: FloatArray = np.log(params.s) + after + span
    return result


def log_active(params: ParetoParameters, repeat_orders: FloatArray, days: FloatArray) -> FloatArray:
    """Log weight of being active on a day, ln (alpha+T)^-(r+x) (beta+T)^-s."""
    exponent = params.r + repeat_orders
    result: FloatArray = -exponent * np.log(params.alpha + days) - params.s * np.log(
        params.beta + days
    )
    return result


def _nodes(params: ParetoParameters, exponent: float) -> FloatArray:
    """Nodes in w for all rows whose exponent r + x is at least ``exponent``.

    The share of the first factor in 1/c lies between its values at y = 0 and at y = infinity, and
    the integrand is convex in that share: the longer of the two ranges serves all rows.
    """
    power = params.s + 1.0
    shares = (
        exponent / (exponent + power),
        exponent * params.beta / (exponent * params.beta + power * params.alpha),
    )
    upper = max(_end_of_range(exponent, power, share) for share in shares)
    return np.arange(_LOWEST, upper + _STEP, _STEP)


def _end_of_range(exponent: float, power: float, share: float) -> float:
    """Return the w beyond which t times the integrand is below exp(-37)."""
    w = np.arange(0.0, _HIGHEST, 0.5)
    height = (
        w
        - exponent * np.logaddexp(0.0, w + np.log(share / exponent))
        - power * np.logaddexp(0.0, w + np.log((1.0 - share) / power))
    )
    above = np.flatnonzero(height > -_TAIL)
    return float(w[above[-1]]) + 0.5


def _integrate(
    params: ParetoParameters,
    repeat_orders: FloatArray,
    days: FloatArray,
    nodes: FloatArray,
    rows: IndexArray,
    result: Tails,
) -> None:
    """Write F and what else is asked for at some rows that share their nodes."""
    exponent, power = (params.r + repeat_orders)[:, None], params.s + 1.0
    first, second = (params.alpha + days)[:, None], (params.beta + days)[:, None]
    scale = 1.0 / (exponent / first + power / second)
    t = np.exp(nodes - np.exp(-nodes))
    measure = _STEP * t * (1.0 + np.exp(-nodes))
    log_first = np.log1p(t * (scale / first))
    log_second = np.log1p(t * (scale / second))
    weights = measure * np.exp(-exponent * log_first - power * log_second)
    total = weights.sum(axis=1, keepdims=True)
    result.log_value[rows] = (
        np.log(total * scale) - exponent * np.log(first) - power * np.log(second)
    )[:, 0]
    if not result.slopes.size:
        return
    weights /= total
    slopes = (
        -(np.log(first) + log_first),
        -exponent / (first + scale * t),
        -(np.log(second) + log_second),
        -power / (second + scale * t),
    )
    for i, slope in enumerate(slopes):
        result.slopes[i, rows] = (weights * slope).sum(axis=1)
    if not result.curvatures.size:
        return
    bends = {
        (1, 0): slopes[1] / exponent,
        (1, 1): slopes[1] ** 2 / exponent,
        (3, 2): slopes[3] / power,
        (3, 3): slopes[3] ** 2 / power,
    }
    for number, (i, j) in enumerate(PAIRS):
        curvature = slopes[i] * slopes[j] + bends.get((i, j), 0.0)
        result.curvatures[number, rows] = (weights * curvature).sum(axis=1)
