"""The lookup: discounting and the shape of the frame."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from etl.clv import lookup
from etl.clv.quadrature import expected_orders_if_alive
from tests.clv_samples import PUBLISHED, PUBLISHED_IN_DAYS

WEEKS_PER_YEAR = 365.25 / 7


def residual(daily_rate: float) -> float:
    """Discounted orders without end of an active customer, x = 3, T = 38.86 weeks; in weeks."""
    years = np.arange(1.0, 401.0) * WEEKS_PER_YEAR
    x, age = np.array([3.0]), np.array([38.86])
    plain = expected_orders_if_alive(PUBLISHED, x, age, years[None, :])
    return float(
        lookup.discounted_orders_if_alive(PUBLISHED, x, age, years, plain, daily_rate)[0, -1]
    )


@pytest.mark.parametrize(
    ("weekly_rate", "published"),
    [
        (math.log(1.15) / WEEKS_PER_YEAR, 9.758310795),
        (math.log(1.15) / 52, 9.740095),
        (0.0027, 9.715928),
    ],
)
def test_discounted_residual_is_the_known_integral(weekly_rate, published):
    assert residual(weekly_rate) == pytest.approx(published, rel=2e-7)


def test_a_discount_rate_is_annual_over_365_and_a_quarter_days():
    daily = lookup.discount_rate_daily(0.10)
    assert math.exp(-daily * 365.25) == pytest.approx(1 / 1.10, rel=1e-14)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    ages = pl.DataFrame({"repeat_orders": [40, 0, 2, 0], "age_days": [400, 0, 90, 365]})
    return lookup.lookup_of_unit("shop", ages, PUBLISHED_IN_DAYS, 0.10)


def test_one_row_per_history_and_horizon_in_order(table):
    keys = table.select("repeat_orders", "age_days", "horizon_months").rows()
    assert len(keys) == 12
    assert keys == sorted(set(keys))


def test_horizons_are_calendar_months(table):
    first = table.filter(pl.col("repeat_orders") == 2)
    for row in first.iter_rows(named=True):
        horizon = np.array([[row["horizon_months"] * 365.25 / 12]])
        orders = expected_orders_if_alive(
            PUBLISHED_IN_DAYS, np.array([2.0]), np.array([90.0]), horizon
        )
        assert row["expected_orders_if_alive"] == orders[0, 0]


def test_discounting_is_a_fine_sum_of_each_day_discounted(table):
    days = np.arange(0, 1096.0)
    for row in table.filter(pl.col("horizon_months") == 36).iter_rows(named=True):
        x, age = np.array([float(row["repeat_orders"])]), np.array([float(row["age_days"])])
        orders = expected_orders_if_alive(PUBLISHED_IN_DAYS, x, age, days[None, :])[0]
        middle = lookup.discount_rate_daily(0.10) * (days[:-1] + 0.5)
        by_days = float((np.diff(orders) * np.exp(-middle)).sum())
        rest = row["expected_orders_if_alive"] - orders[-1]
        by_days += rest * math.exp(-lookup.discount_rate_daily(0.10) * 1095.4)
        assert row["expected_orders_if_alive_discounted"] == pytest.approx(by_days, rel=1e-6)


def test_a_rate_of_zero_discounts_nothing():
    ages = pl.DataFrame({"repeat_orders": [3], "age_days": [100]})
    plain = lookup.lookup_of_unit("shop", ages, PUBLISHED_IN_DAYS, 0.0)
    assert plain["expected_orders_if_alive_discounted"].to_list() == (
        plain["expected_orders_if_alive"].to_list()
    )


def test_a_higher_rate_is_worth_less(table):
    ages = table.select("repeat_orders", "age_days").unique()
    dearer = lookup.lookup_of_unit("shop", ages, PUBLISHED_IN_DAYS, 0.15)
    column = "expected_orders_if_alive_discounted"
    assert (dearer[column] < table[column]).all()
    assert (table[column] < table["expected_orders_if_alive"]).all()
