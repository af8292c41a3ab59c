"""Discounting: known integrals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from etl.clv.discounting import (
    discount_rate_daily,
    discounted_orders_if_alive,
    residual_orders_if_alive,
)
from tests.clv_samples import PUBLISHED

WEEKS_PER_YEAR = 365.25 / 7


def to_four_hundred_years(daily_rate: float) -> float:
    """Discounted orders without end of an active customer, x = 3, T = 38.86 weeks; in weeks."""
    years = np.arange(1.0, 401.0) * WEEKS_PER_YEAR
    x, age = np.array([3.0]), np.array([38.86])
    plain = PUBLISHED.orders_if_alive(x, age, years[None, :])
    return float(discounted_orders_if_alive(PUBLISHED, x, age, years, plain, daily_rate)[0, -1])


@pytest.mark.parametrize(
    ("weekly_rate", "published"),
    [
        (math.log(1.15) / WEEKS_PER_YEAR, 9.758310795),
        (math.log(1.15) / 52, 9.740095),
        (0.0027, 9.715928),
    ],
)
def test_discounted_residual_is_the_known_integral(weekly_rate, published):
    assert to_four_hundred_years(weekly_rate) == pytest.approx(published, rel=2e-7)
    whole = residual_orders_if_alive(PUBLISHED, np.array([3.0]), np.array([38.86]), weekly_rate)
    assert whole[0] == pytest.approx(published, rel=2e-7)


def test_a_discount_rate_is_annual_over_365_and_a_quarter_days():
    daily = discount_rate_daily(0.10)
    assert math.exp(-daily * 365.25) == pytest.approx(1 / 1.10, rel=1e-14)
