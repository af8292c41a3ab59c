"""The lookup: the shape of the frame, and that its discounting is what it says."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from etl.clv import lookup
from etl.clv.discounting import discount_rate_daily
from tests.clv_samples import PUBLISHED_IN_DAYS


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
        orders = PUBLISHED_IN_DAYS.orders_if_alive(np.array([2.0]), np.array([90.0]), horizon)
        assert row["expected_orders_if_alive"] == orders[0, 0]


def test_discounting_is_a_fine_sum_of_each_day_discounted(table):
    days = np.arange(0, 1096.0)
    for row in table.filter(pl.col("horizon_months") == 36).iter_rows(named=True):
        x, age = np.array([float(row["repeat_orders"])]), np.array([float(row["age_days"])])
        orders = PUBLISHED_IN_DAYS.orders_if_alive(x, age, days[None, :])[0]
        middle = discount_rate_daily(0.10) * (days[:-1] + 0.5)
        by_days = float((np.diff(orders) * np.exp(-middle)).sum())
        rest = row["expected_orders_if_alive"] - orders[-1]
        by_days += rest * math.exp(-discount_rate_daily(0.10) * 1095.4)
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
