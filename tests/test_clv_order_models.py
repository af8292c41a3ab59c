"""What must hold of every model of orders, whatever its parameters."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.clv.bg_nbd import BgNbd
from etl.clv.discounting import (
    DAYS_PER_YEAR,
    discount_rate_daily,
    discounted_orders_if_alive,
    residual_orders_if_alive,
)
from etl.clv.mbg_nbd import MbgNbd
from etl.clv.nbd import Nbd
from etl.clv.order_model import CANDIDATES, ORDER_MODELS, OrderModel
from etl.clv.pareto_nbd import ParetoNbd
from tests.clv_samples import cdnow, triples

shapes, scales = st.floats(0.05, 6), st.floats(0.5, 800)
MORTAL = st.one_of(
    st.builds(BgNbd, r=shapes, alpha=scales, a=shapes, b=st.floats(0.05, 30)),
    st.builds(MbgNbd, r=shapes, alpha=scales, a=shapes, b=st.floats(0.05, 30)),
    st.builds(ParetoNbd, r=shapes, alpha=scales, s=shapes, beta=scales),
)
MODELS = st.one_of(MORTAL, st.builds(Nbd, r=shapes, alpha=scales))
HISTORIES = st.tuples(st.integers(0, 400), st.floats(0, 1), st.floats(1, 2000))
FITTED = {
    "bg_nbd": BgNbd(0.2425945, 30.89521, 0.792922, 2.425907),
    "mbg_nbd": MbgNbd(0.5248432, 43.2816, 0.8913594, 1.614002),
    "pareto_nbd": ParetoNbd(0.553277, 74.04378, 0.60624, 81.68115),
    "nbd": Nbd(0.3847661, 84.50416),
}


def one(value: float) -> np.ndarray:
    return np.array([float(value)])


def history(drawn: tuple[int, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, recency_share, age = drawn
    return one(x), one(age * recency_share if x else 0.0), one(age)


def log_likelihood(model: OrderModel, x: float, recency: float, age: float) -> float:
    row = pl.DataFrame(
        {"repeat_orders": [x], "recency_days": [recency], "age_days": [age], "customers": [1]}
    )
    values = np.array(list(vars(model).values()))
    return model.likelihood(row).value_and_gradient(values)[0]


def test_every_candidate_is_a_model_under_its_own_name():
    assert all(model.name == name for name, model in ORDER_MODELS.items())
    assert set(CANDIDATES) == set(ORDER_MODELS) - {"nbd"}


@settings(max_examples=300, deadline=None)
@given(model=MODELS, drawn=HISTORIES, horizon=st.floats(0, 1500))
def test_the_chance_of_an_order_is_the_chance_that_the_silence_ends(model, drawn, horizon):
    x, recency, age = history(drawn)
    chance = (
        model.probability_alive(x, recency, age)
        * (model.probability_of_order_if_alive(x, age, one(horizon)[:, None])[:, 0])
    )
    silent = log_likelihood(model, x[0], recency[0], age[0] + horizon)
    so_far = log_likelihood(model, x[0], recency[0], age[0])
    assert chance[0] == pytest.approx(-math.expm1(silent - so_far), rel=1e-8, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(model=MODELS, drawn=HISTORIES)
def test_forecasts_are_numbers_that_can_be(model, drawn):
    x, recency, age = history(drawn)
    horizons = np.array([[0.0, 1e-3, 1.0, 30.0, 365.25, 3652.5, 18262.5]])
    alive = model.probability_alive(x, recency, age)[0]
    orders = model.orders_if_alive(x, age, horizons)[0]
    chance = model.probability_of_order_if_alive(x, age, horizons)[0]
    assert 0.0 <= alive <= 1.0
    assert orders[0] == chance[0] == 0.0
    assert np.isfinite(orders).all()
    assert (np.diff(orders) >= -1e-12).all()
    assert (np.diff(chance) >= -1e-12).all()
    assert (chance <= np.minimum(orders * (1.0 + 1e-9), 1.0)).all()


@settings(max_examples=60, deadline=None)
@given(model=MODELS, drawn=HISTORIES)
def test_money_later_is_worth_less(model, drawn):
    x, _, age = history(drawn)
    years = np.array([1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0]) * DAYS_PER_YEAR
    rate = discount_rate_daily(0.10)
    plain = model.orders_if_alive(x, age, years[None, :])
    discounted = discounted_orders_if_alive(model, x, age, years, plain, rate)[0]
    assert (discounted > 0.0).all()
    assert (discounted < plain[0]).all()
    assert (np.diff(discounted) >= 0.0).all()
    assert residual_orders_if_alive(model, x, age, rate)[0] >= discounted[-1] * (1.0 - 1e-9)


@settings(max_examples=100, deadline=None)
@given(
    model=MODELS.filter(lambda m: m.name != "nbd"), drawn=HISTORIES, threshold=st.floats(0.01, 0.9)
)
def test_the_lapse_gap_is_where_p_alive_crosses_the_threshold(model, drawn, threshold):
    x, recency, _ = history(drawn)
    gap = model.lapse_gap(x, recency, threshold)[0]
    at_once = model.probability_alive(x, recency, recency)[0]
    if math.isnan(gap):
        assert model.probability_alive(x, recency, recency + 1e12)[0] > threshold
    elif gap == 0.0:
        assert at_once <= threshold * (1.0 + 1e-9)
    else:
        alive = model.probability_alive(x, recency, recency + gap)[0]
        assert alive == pytest.approx(threshold, rel=1e-7) or gap < 1e-9


@settings(max_examples=60, deadline=None)
@given(model=MODELS, drawn=st.tuples(st.integers(0, 40), st.just(1.0), st.floats(1, 900)))
def test_counts_are_probabilities_with_the_expected_orders_as_their_mean(model, drawn):
    x, _, age = history(drawn)
    horizon = 60.0
    largest = 1500
    counts = model.order_counts_if_alive(x, age, horizon, largest)[0]
    mean = model.orders_if_alive(x, age, one(horizon)[:, None])[0, 0]
    chance = model.probability_of_order_if_alive(x, age, one(horizon)[:, None])[0, 0]
    assert (counts >= 0.0).all()
    assert counts.sum() <= 1.0 + 1e-9
    assert counts[0] == pytest.approx(1.0 - chance, rel=1e-8, abs=1e-12)
    # A heavy tail may reach beyond the largest count; then there is nothing to compare.
    if counts[-50:].sum() < 1e-13:
        assert counts.sum() == pytest.approx(1.0, abs=1e-8)
        assert (counts * np.arange(largest + 1)).sum() == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("name", ORDER_MODELS)
@pytest.mark.parametrize("distance", [1.0, 3.0])
def test_derivatives_are_those_of_the_value(name, distance):
    likelihood = ORDER_MODELS[name].likelihood(triples(cdnow()))
    point = np.array(list(vars(FITTED[name]).values()))
    point *= distance ** np.array([1, -1, 1, -1])[: point.size]
    gradient, curvature = likelihood.value_and_gradient(point)[1], likelihood.hessian(point)
    assert (curvature == curvature.T).all()
    for i in range(point.size):
        step = np.eye(point.size)[i] * point * 1e-5
        higher, up = likelihood.value_and_gradient(point + step)
        lower, down = likelihood.value_and_gradient(point - step)
        assert gradient[i] == pytest.approx((higher - lower) / (2 * step[i]), rel=1e-5, abs=1e-3)
        assert curvature[i] == pytest.approx((up - down) / (2 * step[i]), rel=1e-5, abs=1e-3)


@pytest.mark.parametrize("name", ORDER_MODELS)
def test_a_row_does_not_depend_on_its_company(name):
    model = FITTED[name]
    rows = cdnow().select("repeat_orders", "recency_days", "age_days").unique().head(50)
    rows = pl.concat([rows, pl.DataFrame([[500], [90], [91]], schema=rows.schema)])
    x, recency, age = (rows[column].cast(pl.Float64).to_numpy() for column in rows.columns)
    horizons = np.full((x.size, 2), 365.25)

    def forecasts(rows: slice) -> list[np.ndarray]:
        return [
            model.probability_alive(x[rows], recency[rows], age[rows]),
            model.orders_if_alive(x[rows], age[rows], horizons[rows]),
            model.probability_of_order_if_alive(x[rows], age[rows], horizons[rows]),
            model.order_counts_if_alive(x[rows], age[rows], 365.25, 3),
            residual_orders_if_alive(model, x[rows], age[rows], 0.0003),
        ]

    alone = [forecasts(slice(i, i + 1)) for i in range(x.size)]
    for i, together in enumerate(forecasts(slice(None))):
        assert together.tolist() == np.concatenate([row[i] for row in alone]).tolist()
