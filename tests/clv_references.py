"""The closed forms of the models in many digits, and the grid of extremes they are compared on.

    .venv/bin/python -m tests.clv_references

compares every point (about 15 seconds) and prints the largest relative errors; the tests take
every seventh point.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import mpmath
import numpy as np

from etl.clv.beta_geometric import BetaGeometricNbd
from etl.clv.order_model import CANDIDATES, ORDER_MODELS, OrderModel
from etl.clv.pareto_nbd import ParetoNbd

DIGITS = 40
# The published fit, the poles a = 1 and s = 1, tiny, large and lopsided ones; days.
BETA_GEOMETRIC = (
    (0.242595, 30.895214, 0.792922, 2.425907),
    (1.5, 20.0, 1.0, 8.0),
    (0.3, 2.0, 0.11, 0.17),
    (1.41, 9.64, 0.194, 278.4),
    (20.0, 2000.0, 0.5, 2.0),
    (0.05, 0.1, 5.0, 0.05),
)
PARETO = (
    (0.5533, 74.0439, 0.6062, 81.6809),
    (1.5, 20.0, 1.0, 8.0),
    (0.05, 0.1, 0.05, 500.0),
    (0.05, 500.0, 0.05, 0.1),
    (10.0, 1000.0, 8.0, 3000.0),
    (0.3, 2.0, 1.0, 0.01),
)
REPEAT_ORDERS = (0, 1, 7, 60, 300, 600)
AGES = (1, 39, 365, 1500)
RECENCY_SHARES = (0.0, 0.3, 0.97, 1.0)
HORIZONS = (1.0, 30.0, 365.25, 1095.75, 18262.5)


def models(name: str) -> list[OrderModel]:
    values = PARETO if name == ParetoNbd.name else BETA_GEOMETRIC
    return [ORDER_MODELS[name](*row) for row in values]


def orders(model: OrderModel, x: int, age: float, horizon: float) -> mpmath.mpf:
    """E[Y(t)] given that the customer is active."""
    if isinstance(model, ParetoNbd):
        s, scale = mpmath.mpf(model.s), mpmath.mpf(model.beta) + age
        growth = mpmath.mpf(horizon) / scale
        lived = mpmath.log1p(growth) if s == 1 else (1 - (1 + growth) ** (1 - s)) / (s - 1)
        return (mpmath.mpf(model.r) + x) / (mpmath.mpf(model.alpha) + age) * scale * lived
    # Fader, Hardie and Lee (2005), eq. (10) given active, after Euler's transformation.
    r, alpha, a, b = _beta_geometric(model)
    if a == 1:
        a += mpmath.mpf(10) ** (-DIGITS // 2)
    share = horizon / (alpha + age + horizon)
    total = a + b + x + model.chances_at_start - 1
    series = mpmath.hyp2f1(total - r - x, a - 1, total, share)
    return total / (a - 1) * (1 - (1 - share) ** (a - 1) * series)


def alive(model: OrderModel, x: int, recency: float, age: float) -> mpmath.mpf:
    """P(alive)."""
    if isinstance(model, ParetoNbd):
        active = _active(model, x, age)
        return active / (active + _lost(model, x, recency, age))
    r, alpha, a, b = _beta_geometric(model)
    chances = x + model.chances_at_start
    if not chances:
        return mpmath.mpf(1)
    silence = ((alpha + age) / (alpha + mpmath.mpf(recency))) ** (r + x)
    return 1 / (1 + a / (b + chances - 1) * silence)


def chance_of_order(model: OrderModel, x: int, age: float, horizon: float) -> mpmath.mpf:
    """P(at least one order) given that the customer is active."""
    if isinstance(model, ParetoNbd):
        silent = _active(model, x, age + mpmath.mpf(horizon)) + _lost(
            model, x, age, age + mpmath.mpf(horizon)
        )
        return 1 - silent / _active(model, x, age)
    r, alpha, _, _ = _beta_geometric(model)
    return 1 - ((alpha + age) / (alpha + age + mpmath.mpf(horizon))) ** (r + x)


def _beta_geometric(model: BetaGeometricNbd) -> tuple[mpmath.mpf, ...]:
    return tuple(mpmath.mpf(value) for value in vars(model).values())


def _active(model: ParetoNbd, x: int, age: mpmath.mpf) -> mpmath.mpf:
    r, alpha, s, beta = (mpmath.mpf(value) for value in vars(model).values())
    return (alpha + age) ** -(r + x) * (beta + age) ** -s


def _lost(model: ParetoNbd, x: int, after: mpmath.mpf, until: mpmath.mpf) -> mpmath.mpf:
    return mpmath.mpf(model.s) * (_tail(model, x, after) - _tail(model, x, until))


def _tail(model: ParetoNbd, x: int, day: mpmath.mpf) -> mpmath.mpf:
    """Fader and Hardie (2005): the integral as a 2F1, the larger of alpha and beta outside."""
    r, alpha, s, beta = (mpmath.mpf(value) for value in vars(model).values())
    size, day = r + x + s, mpmath.mpf(day)
    larger, power = (alpha, s + 1) if alpha >= beta else (beta, r + x)
    share = abs(alpha - beta) / (larger + day)
    return (larger + day) ** -size / size * mpmath.hyp2f1(size, power, size + 1, share)


def relative_errors(name: str, every: int) -> Iterator[tuple[str, tuple[object, ...], float]]:
    """Quantity, point and relative error, at each ``every``-th point of the grid."""
    grid = list(itertools.product(models(name), REPEAT_ORDERS, AGES))
    with mpmath.workdps(DIGITS):
        for model, x, age in grid[::every]:
            count, days = np.array([float(x)]), np.array([float(age)])
            horizons = np.array([HORIZONS])
            found = model.orders_if_alive(count, days, horizons)[0]
            chances = model.probability_of_order_if_alive(count, days, horizons)[0]
            for horizon, forecast, chance in zip(HORIZONS, found, chances, strict=True):
                point = (model, x, age, horizon)
                yield "orders", point, _error(forecast, orders(*point))
                yield "chance", point, _error(chance, chance_of_order(*point))
            for share in RECENCY_SHARES:
                point = (model, x, age * share if x else 0.0, age)
                recency = np.array([point[2]])
                computed = model.probability_alive(count, recency, days)[0]
                yield "alive", point, _error(computed, alive(*point))


def _error(found: float, exact: mpmath.mpf) -> float:
    """Relative; absolute below the smallest number that doubles hold with all their digits."""
    return float(abs(found - exact) / max(abs(exact), mpmath.mpf("1e-290")))


def main() -> None:
    for name in CANDIDATES:
        worst: dict[str, tuple[float, tuple[object, ...]]] = {}
        for quantity, point, error in relative_errors(name, every=1):
            worst[quantity] = max(worst.get(quantity, (-1.0, point)), (error, point), key=_first)
        for quantity, (error, point) in worst.items():
            print(f"{name:12} {quantity:7} {error:.1e}  {point}")  # noqa: T201


def _first(pair: tuple[float, tuple[object, ...]]) -> float:
    return pair[0]


if __name__ == "__main__":
    main()
