"""The figures of the papers, recomputed from the CDNOW 1/10 sample.

Time is in weeks where a paper's is; the fits are made in days: scales x 7, and the log-likelihood
differs by ln 7 for each repeat order.

Source:
    Fader, Hardie and Lee (2005), Marketing Science 24(2), and RFM and CLV, Journal of Marketing
    Research 42(4); Fader and Hardie (2013), The Gamma-Gamma model of monetary value; the vignette
    of the R package BTYD for the single customer.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from etl.clv.discounting import residual_orders_if_alive
from etl.clv.fit import Fit, fit_gamma_gamma, fit_orders
from etl.clv.gamma_gamma import expected_spend
from etl.clv.order_model import OrderModel
from etl.clv.pareto_nbd import ParetoNbd
from tests.clv_samples import PUBLISHED, cdnow, spends, triples

HOLDOUT_DAYS = 39 * 7
REPEAT_ORDERS = 2457
SCALES = ("alpha", "beta")


class Row(NamedTuple):
    """A row of the table: weeks, the fit, then the holdout of 39 weeks."""

    parameters: tuple[float, ...]
    tolerance: float
    log_likelihood: float
    expected_orders: float
    bias_percent: float
    mae: float
    rmse: float
    gini: float


TABLE = {
    "bg_nbd": Row(
        (0.242595, 4.413602, 0.792922, 2.425907),
        5e-4,
        -9582.429,
        1653.41,
        -12.1,
        0.7855,
        1.608,
        0.662,
    ),
    "mbg_nbd": Row(
        (0.52484, 6.18308, 0.89136, 1.61400), 5e-4, -9582.136, 1576.73, -16.2, 0.7648, 1.607, 0.664
    ),
    "pareto_nbd": Row(
        (0.5533, 10.5777, 0.6062, 11.6687), 5e-3, -9594.976, 1665.51, -11.5, 0.7545, 1.603, 0.673
    ),
    "nbd": Row((0.3848, 12.072), 5e-4, -9763.658, 2929.8, 55.7, 1.041, 1.860, 0.680),
}
BY_FREQUENCY = {
    "bg_nbd": (0.2251, 0.5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570),
    "pareto_nbd": (0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403),
}
ACTUAL_BY_FREQUENCY = (0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594)
PARETO = ParetoNbd(r=0.5533, alpha=10.5777, s=0.6062, beta=11.6687)


@cache
def fitted(name: str) -> Fit[OrderModel]:
    return fit_orders(name, triples(cdnow()))


@cache
def forecast(name: str) -> pl.DataFrame:
    """Customers with the orders forecast for the holdout."""
    rows, model = cdnow(), fitted(name).model
    x, recency, age = (
        rows[c].cast(pl.Float64).to_numpy() for c in ("repeat_orders", "recency_days", "age_days")
    )
    orders = model.orders_if_alive(x, age, np.full((x.size, 1), float(HOLDOUT_DAYS)))[:, 0]
    orders *= model.probability_alive(x, recency, age)
    return rows.with_columns(pl.Series("forecast", orders))


def gini(rows: pl.DataFrame) -> float:
    """How far the forecast ranks customers as their orders do: 1 as well, 0 not at all."""
    return area_of_gains(rows, "forecast") / area_of_gains(rows, "holdout_orders")


def area_of_gains(rows: pl.DataFrame, ranking: str) -> float:
    """Twice the area between the cumulative share of the orders and the diagonal.

    Customers with the same rank share their orders.
    """
    ranked = rows.group_by(pl.col(ranking).alias("rank")).agg(
        pl.len(), pl.col("holdout_orders").sum()
    )
    ranked = ranked.sort("rank", descending=True)
    share = np.concatenate([[0.0], ranked["len"].cum_sum() / rows.height])
    gained = np.concatenate(
        [[0.0], ranked["holdout_orders"].cum_sum() / rows["holdout_orders"].sum()]
    )
    return float(2 * np.trapezoid(gained, share) - 1)


def one(value: float) -> np.ndarray:
    return np.array([float(value)])


@pytest.mark.parametrize("name", TABLE)
def test_parameters_and_log_likelihood(name):
    row = TABLE[name]
    found = {
        parameter: value / 7 if parameter in SCALES else value
        for parameter, value in vars(fitted(name).model).items()
    }
    assert list(found.values()) == pytest.approx(row.parameters, rel=row.tolerance)
    weeks = fitted(name).maximum.log_likelihood + REPEAT_ORDERS * math.log(7)
    assert weeks == pytest.approx(row.log_likelihood, abs=1e-3)
    assert cdnow()["repeat_orders"].sum() == REPEAT_ORDERS


@pytest.mark.parametrize("name", TABLE)
def test_holdout(name):
    row, rows = TABLE[name], forecast(name)
    error = rows["forecast"] - rows["holdout_orders"]
    assert rows["holdout_orders"].sum() == 1882
    assert rows["forecast"].sum() == pytest.approx(
        row.expected_orders, abs=0.05 if name == "nbd" else 0.005
    )
    assert 100 * error.sum() / 1882 == pytest.approx(row.bias_percent, abs=0.05)
    assert error.abs().mean() == pytest.approx(row.mae, abs=5e-4)
    assert (error**2).mean() ** 0.5 == pytest.approx(row.rmse, abs=5e-4)
    assert gini(rows) == pytest.approx(row.gini, abs=1e-3)


@pytest.mark.parametrize("name", BY_FREQUENCY)
def test_holdout_by_frequency(name):
    means = (
        forecast(name)
        .group_by(pl.col("repeat_orders").clip(0, 7))
        .agg(pl.col("forecast", "holdout_orders").mean())
        .sort("repeat_orders")
    )
    assert means["forecast"].to_list() == pytest.approx(BY_FREQUENCY[name], abs=1e-3)
    assert means["holdout_orders"].to_list() == pytest.approx(ACTUAL_BY_FREQUENCY, abs=5e-5)


def test_gamma_gamma():
    found = fit_gamma_gamma(spends(cdnow()))
    parameters = (found.model.p, found.model.q, found.model.gamma)
    assert parameters == pytest.approx((6.24957, 3.74422, 15.44353), rel=2e-6)
    assert found.maximum.log_likelihood == pytest.approx(-4055.918, abs=5e-4)
    assert found.maximum.customers == 946
    everyone = expected_spend(found.model, np.zeros(1), np.zeros(1))
    assert everyone[0] == pytest.approx(35.17, abs=5e-3)


def test_spend_of_the_first_ten_customers():
    model = fit_gamma_gamma(spends(cdnow())).model
    orders = np.array([2, 1, 0, 0, 0, 7, 1, 0, 2, 0], dtype=float)
    means = np.array([22.35, 11.77, 0, 0, 0, 73.74, 11.77, 0, 25.55, 0])
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert expected_spend(model, orders, means) == pytest.approx(published, abs=0.01)


@pytest.mark.parametrize(
    ("model", "alive", "orders", "newcomer"),
    [(PUBLISHED, 0.96885, 25.75725, 1.444015), (PARETO, 0.997871, 25.45556, 1.473547)],
)
def test_the_customer_with_26_orders_and_a_newcomer(model, alive, orders, newcomer):
    year = np.array([[52.0]])
    found = model.probability_alive(one(26), one(30.857), one(31))[0]
    assert found == pytest.approx(alive, abs=5e-6)
    expected = found * model.orders_if_alive(one(26), one(31), year)[0, 0]
    assert expected == pytest.approx(orders, rel=1e-6)
    assert model.orders_if_alive(one(0), one(0), year)[0, 0] == pytest.approx(newcomer, rel=1e-6)


def test_the_customer_of_the_first_paper():
    alive = PUBLISHED.probability_alive(one(2), one(30.43), one(38.86))
    orders = alive * PUBLISHED.orders_if_alive(one(2), one(38.86), np.array([[39.0]]))[:, 0]
    assert orders[0] == pytest.approx(1.226, abs=5e-4)


def test_discounted_residual_of_the_iso_value_paper():
    """A rate of 15 % a year is .0027 a week."""
    model = ParetoNbd(r=0.5629966, alpha=12.559037, s=0.4081095, beta=10.5148048)
    alive = model.probability_alive(one(7), one(35), one(77.86))[0]
    residual = residual_orders_if_alive(model, one(7), one(77.86), 0.0027)[0]
    assert alive * residual == pytest.approx(1.86418, abs=5e-6)
