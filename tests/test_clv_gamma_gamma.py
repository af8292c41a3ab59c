"""Gamma-Gamma: likelihood, derivatives and expected spend."""

from __future__ import annotations

import math

import numpy as np
import pytest

from etl.clv import gamma_gamma
from etl.clv.gamma_gamma import GammaGamma
from tests.clv_samples import PUBLISHED_SPEND, cdnow, spends

ODD = GammaGamma(p=1.3, q=2.2, gamma=40.0)


def by_hand(params: GammaGamma, x: int, mean: float) -> float:
    """Likelihood of one mean as printed: Fader and Hardie (2013), eq. (1a)."""
    p, q, gamma = params.p, params.q, params.gamma
    return (
        math.lgamma(p * x + q)
        - math.lgamma(p * x)
        - math.lgamma(q)
        + q * math.log(gamma)
        + (p * x - 1) * math.log(mean)
        + p * x * math.log(x)
        - (p * x + q) * math.log(gamma + mean * x)
    )


def test_log_likelihood_of_the_sample_is_as_published():
    arranged = gamma_gamma.arrange_spends(spends(cdnow()))
    assert arranged.customers == 946
    assert gamma_gamma.log_likelihood(arranged, PUBLISHED_SPEND) == pytest.approx(
        -4055.918, abs=5e-4
    )


def test_log_likelihood_is_the_sum_of_the_printed_formula():
    pairs = spends(cdnow())
    by_rows = sum(by_hand(ODD, x, mean) * n for x, mean, n in pairs.iter_rows())
    arranged = gamma_gamma.arrange_spends(pairs)
    assert gamma_gamma.log_likelihood(arranged, ODD) == pytest.approx(by_rows, rel=1e-11)


@pytest.mark.parametrize("params", [PUBLISHED_SPEND, ODD])
def test_derivatives_are_those_of_the_value(params):
    arranged = gamma_gamma.arrange_spends(spends(cdnow()))
    gradient = gamma_gamma.value_and_gradient(arranged, params)[1]
    curvature = gamma_gamma.hessian(arranged, params)
    for i, name in enumerate(("p", "q", "gamma")):
        step = getattr(params, name) * 1e-5
        above, below = (
            GammaGamma(**{**vars(params), name: getattr(params, name) + sign * step})
            for sign in (1, -1)
        )
        higher, up = gamma_gamma.value_and_gradient(arranged, above)
        lower, down = gamma_gamma.value_and_gradient(arranged, below)
        assert gradient[i] == pytest.approx((higher - lower) / (2 * step), rel=1e-5, abs=1e-3)
        assert curvature[i] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-3)


def test_expected_spend_of_the_first_ten_customers_is_as_published():
    orders = np.array([2, 0, 1, 0, 0, 0, 0, 7, 1, 0], dtype=float)
    total = np.array([44.69, 0, 11.77, 0, 0, 0, 0, 516.19, 11.77, 0])
    spend = gamma_gamma.expected_spend(PUBLISHED_SPEND, orders, total / np.maximum(orders, 1))
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert spend[[0, 2, 7, 1]] == pytest.approx(
        [published[0], published[1], published[5], published[2]], abs=5e-3
    )


def test_without_orders_everyone_is_average():
    spend = gamma_gamma.expected_spend(PUBLISHED_SPEND, np.zeros(1), np.zeros(1))
    assert spend[0] == pytest.approx(35.17, abs=5e-3)


def test_many_orders_speak_for_themselves():
    spend = gamma_gamma.expected_spend(PUBLISHED_SPEND, np.array([1e6]), np.array([80.0]))
    assert spend[0] == pytest.approx(80.0, rel=1e-5)
