"""A log-likelihood as the optimiser sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from etl.clv.arrays import FloatArray

Objective = Callable[[FloatArray], tuple[float, FloatArray]]


@dataclass(frozen=True)
class Likelihood:
    """A log-likelihood of some customers by its natural parameters, all > 0.

    Args:
        names: Names of the parameters, in order.
        customers: Number of customers.
        value_and_gradient: Log-likelihood and gradient.
        hessian: Second derivatives.
        starts: Points to start climbing from.
    """

    names: tuple[str, ...]
    customers: float
    value_and_gradient: Objective
    hessian: Callable[[FloatArray], FloatArray]
    starts: Sequence[FloatArray]
