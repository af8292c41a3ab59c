"""BG/NBD: the likelihood as printed, and P(alive) at its ends."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

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


def test_everyone_is_active_after_a_single_order():
    assert PUBLISHED.probability_alive(one(0), one(0), one(9_999))[0] == 1.0


def test_a_silence_beyond_any_power_is_zero_and_no_warning():
    alive = PUBLISHED.probability_alive(one(900), one(1000), one(50_000))
    assert 0.0 <= alive[0] < 1e-300
