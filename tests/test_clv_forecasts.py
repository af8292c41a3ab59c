"""The forecasts against slow and fine integrals, on extremes; and that a row is its own."""

from __future__ import annotations

import time

import numpy as np
import pytest

from etl.clv.arrays import FloatArray
from etl.clv.bg_nbd import BgNbd
from etl.clv.forecasts import forecast_if_alive
from etl.clv.mbg_nbd import MbgNbd
from etl.clv.order_model import OrderModel
from etl.clv.pareto_nbd import ParetoNbd

HORIZONS = np.array([12, 24, 36, 60, 120, 240, 360, 600]) * 365.25 / 12
RATES = [float(np.log1p(rate)) / 365.25 for rate in (0.10, 0.09, 0.11)]
ROWS = np.array(
    [(x, age) for x in (0, 1, 3, 30, 250, 1000) for age in (0, 3, 77, 1095, 7300)], float
)
X, AGE = ROWS.T
BETA_GEOMETRIC = {
    "cdnow": (0.242595, 30.8952, 0.792922, 2.425907),
    "dropout mostly none or sure": (0.25, 1.0, 0.1, 0.1),
    "pole of the closed form": (2.0, 60.0, 1.0, 3.0),
    "regular and slow": (20.0, 2000.0, 0.5, 2.0),
    "dropout soon": (50.0, 50.0, 50.0, 10.0),
    "all alike": (1.0, 30.0, 200.0, 1000.0),
    "impatient": (0.1, 0.5, 0.05, 0.3),
}
PARETO = {
    "cdnow": (0.5533, 74.0439, 0.6062, 81.6809),
    "pole of the closed form": (0.8, 40.0, 1.0, 300.0),
    "long lives": (2.0, 100.0, 0.05, 5.0),
    "short lives": (0.3, 2.0, 30.0, 900.0),
}
MODELS = [
    *(
        pytest.param(BgNbd(*values), id=f"bg_nbd, {name}")
        for name, values in BETA_GEOMETRIC.items()
    ),
    *(
        pytest.param(MbgNbd(*values), id=f"mbg_nbd, {name}")
        for name, values in BETA_GEOMETRIC.items()
    ),
    *(
        pytest.param(ParetoNbd(*values), id=f"pareto_nbd, {name}")
        for name, values in PARETO.items()
    ),
]
OF_EACH_KIND = MODELS[:15:7]


def slow_integrals(model: OrderModel, daily_rates: list[float]) -> FloatArray:
    """Delta times the integral of exp(-delta s) E(s), to each horizon and without end.

    By Gauss-Legendre on stretches of ln s no wider than one half; rates x rows x ends.
    """
    points, weights = np.polynomial.legendre.leggauss(20)
    corners = np.log([1e-9, *HORIZONS, 45 / min(daily_rates)])
    edges = np.unique(np.concatenate([np.arange(corners[0], corners[-1], 0.5), corners]))
    half = np.diff(edges)[:, None] / 2
    days = np.exp(edges[:-1, None] + half * (points + 1))
    orders = model.orders_if_alive(X, AGE, np.tile(days.ravel(), (X.size, 1)))
    orders = orders.reshape(X.size, *days.shape)
    stretches = [
        (orders * (half * weights * days * rate * np.exp(-rate * days))).sum(axis=2)
        for rate in daily_rates
    ]
    at_ends = np.searchsorted(edges, corners[1:]) - 1
    return np.cumsum(stretches, axis=2)[:, :, at_ends]


@pytest.mark.parametrize("model", MODELS)
def test_fast_is_slow_to_nine_digits(model):
    fast = forecast_if_alive(model, X, AGE, HORIZONS, RATES)
    horizons = np.tile(HORIZONS, (X.size, 1))
    orders = model.orders_if_alive(X, AGE, horizons)
    assert fast.orders == pytest.approx(orders, rel=1e-9)
    chance = model.probability_of_order_if_alive(X, AGE, horizons)
    assert fast.probability_of_order == pytest.approx(chance, rel=1e-9)
    slow = slow_integrals(model, RATES)
    left = np.exp(-np.outer(RATES, HORIZONS))[:, None, :]
    assert fast.discounted == pytest.approx(left * orders + slow[:, :, :-1], rel=1e-9)
    assert fast.residual == pytest.approx(slow[:, :, -1], rel=1e-9)


@pytest.mark.parametrize("model", OF_EACH_KIND)
def test_a_row_does_not_depend_on_its_company(model):
    together = forecast_if_alive(model, X, AGE, HORIZONS, RATES)
    for row in (0, 7, 19, 29):
        one = slice(row, row + 1)
        alone = forecast_if_alive(model, X[one], AGE[one], HORIZONS, RATES)
        assert (alone.orders == together.orders[one]).all()
        assert (alone.discounted == together.discounted[:, one]).all()
        assert (alone.residual == together.residual[:, one]).all()
        assert (alone.probability_of_order == together.probability_of_order[one]).all()


@pytest.mark.parametrize("model", OF_EACH_KIND)
def test_without_discounting_nothing_is_lost_and_no_end_is_no_number(model):
    flat = forecast_if_alive(model, X, AGE, HORIZONS, [0.0, -2.7e-5])
    assert flat.discounted[0] == pytest.approx(flat.orders, rel=1e-12)
    assert (flat.discounted[1] > flat.orders).all()
    assert np.isnan(flat.residual).all()


@pytest.mark.parametrize("model", OF_EACH_KIND)
def test_the_lookup_of_ten_million_customers_takes_two_seconds(model):
    """Three years daily: every T with x to 30, and scattered heavier buyers."""
    ages = np.arange(1.0, 1096.0)
    heavy = np.random.default_rng(0).integers((30, 1), (400, 1096), (16_000, 2)).astype(float)
    x = np.concatenate([np.tile(np.arange(30.0), ages.size), heavy[:, 0]])
    age = np.concatenate([np.repeat(ages, 30), heavy[:, 1]])
    started = time.process_time()
    forecast_if_alive(model, x, age, HORIZONS, RATES)
    assert time.process_time() - started < 4.0  # twice what it may take: the machine is shared
