"""BG/NBD: likelihood, derivatives, P(alive) and the chance of another order."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.clv.bg_nbd import BgNbd
from etl.clv.histories import Histories
from tests.clv_samples import PUBLISHED, PUBLISHED_IN_DAYS, cdnow, triples

ODD = BgNbd(r=1.7, alpha=12.0, a=0.4, b=0.8)


def one(value: float) -> np.ndarray:
    return np.array([float(value)])


def by_hand(params: BgNbd, x: int, recency: float, age: float) -> float:
    """Likelihood of one customer as printed by Fader, Hardie and Lee (2005)."""
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    beta = math.lgamma(b + x) + math.lgamma(a + b) - math.lgamma(a + b + x) - math.lgamma(b)
    rate = math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha)
    dead = a / (b + x - 1) * (alpha + recency) ** -(r + x) if x > 0 else 0.0
    return beta + rate + math.log((alpha + age) ** -(r + x) + dead)


def one_history(x: int, recency: float, age: float) -> Histories:
    return BgNbd.arrange(
        pl.DataFrame(
            {"repeat_orders": [x], "recency_days": [recency], "age_days": [age], "customers": [1]}
        )
    )


def test_log_likelihood_of_the_sample_is_as_published():
    value = PUBLISHED_IN_DAYS.log_likelihood(BgNbd.arrange(triples(cdnow())))
    assert value == pytest.approx(-14363.530, abs=5e-4)
    assert value + 2457 * math.log(7) == pytest.approx(-9582.429, abs=5e-4)


@pytest.mark.parametrize("history", [(0, 0, 30), (1, 3, 3), (4, 50, 90), (30, 100, 101)])
def test_log_likelihood_of_one_customer_is_the_printed_formula(history):
    for params in (PUBLISHED_IN_DAYS, ODD):
        value = params.log_likelihood(one_history(*history))
        assert value == pytest.approx(by_hand(params, *history), rel=1e-12)


def test_a_long_history_does_not_overflow():
    value = PUBLISHED.log_likelihood(one_history(900, 1000, 50_000))
    assert math.isfinite(value)


def test_weights_are_customers():
    rows = cdnow()
    single = rows.with_columns(pl.lit(1).alias("customers"))
    grouped = ODD.log_likelihood(BgNbd.arrange(triples(rows)))
    assert grouped == pytest.approx(ODD.log_likelihood(BgNbd.arrange(single)), rel=1e-12)


@pytest.mark.parametrize("params", [PUBLISHED_IN_DAYS, ODD])
def test_derivatives_are_those_of_the_value(params):
    histories = BgNbd.arrange(triples(cdnow()))
    gradient = params.value_and_gradient(histories)[1]
    curvature = params.hessian(histories)
    for i, name in enumerate(("r", "alpha", "a", "b")):
        step = getattr(params, name) * 1e-5
        above, below = (
            BgNbd(**{**vars(params), name: getattr(params, name) + sign * step}) for sign in (1, -1)
        )
        higher, up = above.value_and_gradient(histories)
        lower, down = below.value_and_gradient(histories)
        assert gradient[i] == pytest.approx((higher - lower) / (2 * step), rel=1e-5, abs=1e-3)
        assert curvature[i] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-3)


def test_p_alive_of_the_customer_with_26_orders_is_as_published():
    alive = PUBLISHED.probability_alive(one(26), one(30.857), one(31))
    assert alive[0] == pytest.approx(0.96885, abs=5e-6)


def test_everyone_is_active_after_a_single_order():
    assert PUBLISHED.probability_alive(one(0), one(0), one(9_999))[0] == 1.0


def test_a_silence_beyond_any_power_is_zero_and_no_warning():
    alive = PUBLISHED.probability_alive(one(900), one(1000), one(50_000))
    assert 0.0 <= alive[0] < 1e-300


@settings(max_examples=150, deadline=None)
@given(
    params=st.builds(
        BgNbd,
        r=st.floats(0.05, 5),
        alpha=st.floats(1, 400),
        a=st.floats(0.05, 5),
        b=st.floats(0.05, 20),
    ),
    x=st.integers(0, 60),
    recency_share=st.floats(0, 1),
    age=st.floats(1, 2000),
    horizon=st.floats(0, 1500),
)
def test_chance_of_an_order_is_the_ratio_of_two_likelihoods(params, x, recency_share, age, horizon):
    recency = age * recency_share if x else 0.0
    silent = params.log_likelihood(one_history(x, recency, age + horizon))
    so_far = params.log_likelihood(one_history(x, recency, age))
    chance = (
        params.probability_alive(one(x), one(recency), one(age))
        * (params.probability_of_order_if_alive(one(x), one(age), one(horizon)[:, None])[:, 0])
    )
    assert chance[0] == pytest.approx(-math.expm1(silent - so_far), rel=1e-9, abs=1e-11)
