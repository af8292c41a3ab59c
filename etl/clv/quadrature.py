"""Averages over the drop-out probability, by a quadrature that never blows up.

The closed form of the expected orders holds a Gauss hypergeometric function that is NaN or
infinite for heavy buyers and long horizons and has a pole at a = 1. The same number is an average
over the drop-out probability, which is positive, bounded and smooth:

    E[Y(t) | alive, x, T] = E over p ~ Beta(a, b') of (1 - (1 + p t/(alpha+T))^-(r+x)) / p

It is evaluated by the double-exponential rule: p = 1/(1+exp(-y)), y = (pi/2) sinh u, equal steps
in u. The nodes depend on the parameters alone, so a row's value does not depend on its company.

Source:
    Fader, Hardie and Lee (2005), eq. (10), before the integral over p is taken;
    Takahasi and Mori (1974), double exponential formulas for numerical integration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from etl.clv.arrays import FloatArray, IndexArray, log_beta
from etl.clv.errors import QuadratureError

STEP = 0.025
# The beta weights must sum to 1 this closely, or the step is halved.
WEIGHT_TOLERANCE = 1e-10
_FINEST_STEP = STEP / 32
# exp(-35) = 6e-16: what is left beyond the ends of the range.
_TAIL = 35.0
# Few enough that rows x nodes stay in the processor's cache.
_ROWS_AT_ONCE = 200


@dataclass(frozen=True)
class Nodes:
    """Nodes in p, and ln p, ln (1-p) and the log measure dp / (p (1-p)) there."""

    p: FloatArray
    log_p: FloatArray
    log_q: FloatArray
    log_measure: FloatArray


# Values at the nodes for some rows (an index array): one array, rows x nodes, per column.
Integrand = Callable[[Nodes, IndexArray], Iterable[FloatArray]]


def orders_until_dropout(
    a: float, b: float, chances: FloatArray, exponent: FloatArray, growth: FloatArray
) -> FloatArray:
    """Orders of an active customer who may drop out after each.

    Args:
        a: First parameter of the population's drop-out probability, > 0.
        b: Its second parameter, > 0.
        chances: Chances to drop out that were survived, >= 0, one per row; b' = b + chances.
        exponent: r + x, shape of the order rate, one per row.
        growth: t / (alpha + T) >= 0, one row per customer, one column per horizon.

    Returns:
        Orders, >= 0, in the shape of ``growth``.

    Raises:
        QuadratureError: The weights of the rule do not sum to one even at its finest step.

    Source:
        Fader, Hardie and Lee (2005), eq. (10), given that the customer is active.
    """

    def orders(nodes: Nodes, rows: IndexArray) -> Iterator[FloatArray]:
        for column in growth.T:
            yield _orders_given_dropout(nodes.p, column[rows, None], exponent[rows, None])

    return mean_over_dropout(a, b, chances, orders, growth.shape[1])


def mean_over_dropout(
    a: float, b: float, chances: FloatArray, integrand: Integrand, columns: int
) -> FloatArray:
    """Mean of functions of p over p ~ Beta(a, b + chances).

    Args:
        a: First parameter of the population's drop-out probability, > 0.
        b: Its second parameter, > 0.
        chances: Chances to drop out that were survived, >= 0, one per row.
        integrand: The functions, bounded but for powers of p at its ends.
        columns: How many they are.

    Returns:
        One row per customer, one column per function.

    Raises:
        QuadratureError: The weights of the rule do not sum to one even at its finest step.
    """
    result = np.empty((chances.size, columns))
    for start in range(0, chances.size, _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, chances.size))
        _integrate(a, b, chances, integrand, rows, STEP, result)
    return result


def _nodes(a: float, b: float, step: float) -> Nodes:
    """Nodes in p with the logarithm of their measure dp / (p (1-p))."""
    lower = -np.arcsinh(2.0 * _TAIL / (np.pi * min(a, 1.0)))
    upper = np.arcsinh(2.0 * _TAIL / (np.pi * min(b, 1.0)))
    u = np.arange(np.floor(lower / step), np.ceil(upper / step) + 1.0) * step
    y = np.pi / 2.0 * np.sinh(u)
    return Nodes(
        p=special.expit(y),
        log_p=special.log_expit(y),
        log_q=special.log_expit(-y),
        log_measure=np.log(np.pi / 2.0 * np.cosh(u) * step),
    )


def _integrate(
    a: float,
    b: float,
    chances: FloatArray,
    integrand: Integrand,
    rows: IndexArray,
    step: float,
    result: FloatArray,
) -> None:
    """Integrate some rows with one step; where the weights miss one, again with half of it."""
    nodes = _nodes(a, b, step)
    survivals = (b + chances[rows])[:, None]
    weights = np.exp(
        a * nodes.log_p + survivals * nodes.log_q + nodes.log_measure - log_beta(a, survivals)
    )
    for column, values in enumerate(integrand(nodes, rows)):
        result[rows, column] = (weights * values).sum(axis=1)
    rough = rows[np.abs(weights.sum(axis=1) - 1.0) > WEIGHT_TOLERANCE]
    if not rough.size:
        return
    if step <= _FINEST_STEP:
        raise QuadratureError(
            f"The beta weights at a = {a:.4g}, b = {b:.4g} do not sum to one at the finest step.",
            where="clv",
            todo="Treat the business unit as not forecastable; the fit is degenerate.",
        )
    _integrate(a, b, chances, integrand, rough, step / 2.0, result)


def _orders_given_dropout(p: FloatArray, k: FloatArray, exponent: FloatArray) -> FloatArray:
    """(1 - (1 + p k)^-A) / p, with its limit A k where p k is too small to be added to one."""
    product = p * k
    tiny = product < 1e-12
    with np.errstate(divide="ignore", invalid="ignore"):
        general = -np.expm1(-exponent * np.log1p(product)) / p
    result: FloatArray = np.where(tiny, exponent * k, general)
    return result
