"""sBG on the two segments of its paper."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import polars as pl
import pytest

from etl.clv.errors import FitNotConverged
from etl.clv.fit import fit_sbg
from etl.clv.sbg import Sbg

# Share of 1,000 customers still there after 1, 2 ... years: Fader and Hardie (2007).
REGULAR = (1.0, 0.631, 0.468, 0.382, 0.326, 0.289, 0.262, 0.241)
HIGH_END = (1.0, 0.869, 0.743, 0.653, 0.593, 0.551, 0.517, 0.491)
HIGH_END_LATER = (0.468, 0.445, 0.427, 0.409, 0.394)
PUBLISHED = Sbg(alpha=0.668, beta=3.806)


def contracts(survival: tuple[float, ...]) -> pl.DataFrame:
    left = 1000 * np.array(survival)
    return pl.DataFrame(
        {
            "renewals": np.arange(left.size),
            "lost_customers": [*(-np.diff(left)).round().astype(int), 0],
            "active_customers": [*[0] * (left.size - 1), round(left[-1])],
        }
    )


@pytest.mark.parametrize(
    ("survival", "alpha", "beta"), [(REGULAR, 0.704, 1.182), (HIGH_END, 0.668, 3.806)]
)
def test_both_segments_are_as_published(survival, alpha, beta):
    fit = fit_sbg(contracts(survival))
    assert (fit.model.alpha, fit.model.beta) == pytest.approx((alpha, beta), abs=5e-4)
    assert fit.maximum.customers == 1000


def test_the_projection_of_the_years_held_back_is_close():
    projected = fit_sbg(contracts(HIGH_END)).model.survival(np.arange(8.0, 13.0))
    assert projected == pytest.approx(HIGH_END_LATER, abs=0.017)


def test_survival_is_the_product_of_the_renewals():
    steps = PUBLISHED.renewal_probability(np.arange(12.0))
    assert PUBLISHED.survival(np.arange(13.0)) == pytest.approx([1.0, *np.cumprod(steps)])
    assert (np.diff(steps) > 0).all()


@pytest.mark.parametrize("model", [PUBLISHED, Sbg(0.05, 0.1), Sbg(30.0, 400.0)])
@pytest.mark.parametrize("renewals", [0, 3, 40])
def test_renewals_without_end_are_the_closed_form(model, renewals):
    """Fader and Hardie (2010): DERL of a customer whose next renewal is due."""
    after = model.beta + renewals + 1
    with mpmath.workdps(30):
        series = mpmath.hyp2f1(1, after, model.alpha + after, mpmath.mpf(1) / mpmath.mpf("1.1"))
    expected = model.renewal_probability(np.array([float(renewals)]))[0] * float(series)
    found = model.discounted_renewals(np.array([float(renewals)]), np.array([[math.inf]]), 0.1)
    assert found[0, 0] == pytest.approx(expected, rel=1e-9)


def test_renewals_to_a_horizon_are_the_sum_of_chances_discounted():
    made, horizon = np.array([2.0]), np.array([[0.0, 1.0, 5.0, 30.0]])
    chances = PUBLISHED.survival(np.arange(3.0, 33.0)) / PUBLISHED.survival(np.array([2.0]))
    for rate in (0.0, 0.1):
        worth = np.concatenate([[0.0], np.cumsum(chances / (1 + rate) ** np.arange(30))])
        found = PUBLISHED.discounted_renewals(made, horizon, rate)[0]
        assert found == pytest.approx(worth[[0, 1, 5, 30]], rel=1e-10)


def test_derivatives_are_those_of_the_value():
    likelihood = Sbg.likelihood(contracts(REGULAR))
    point = np.array([0.5, 2.0])
    gradient, curvature = likelihood.value_and_gradient(point)[1], likelihood.hessian(point)
    for i in range(2):
        step = np.eye(2)[i] * 1e-6
        higher, up = likelihood.value_and_gradient(point + step)
        lower, down = likelihood.value_and_gradient(point - step)
        assert gradient[i] == pytest.approx((higher - lower) / 2e-6, rel=1e-6)
        assert curvature[i] == pytest.approx((up - down) / 2e-6, rel=1e-6)


def test_contracts_that_say_nothing_are_refused():
    everyone_stays = pl.DataFrame(
        {"renewals": [3], "lost_customers": [0], "active_customers": [50]}
    )
    with pytest.raises(FitNotConverged, match="No customer left"):
        fit_sbg(everyone_stays)
    everyone_leaves = pl.DataFrame(
        {"renewals": [0], "lost_customers": [50], "active_customers": [0]}
    )
    with pytest.raises(FitNotConverged):
        fit_sbg(everyone_leaves)
