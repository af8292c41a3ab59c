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
    return lookup.forecasts_of_fit(ages, PUBLISHED_IN_DAYS, 0.10)[0]


def test_one_row_per_history_and_horizon_in_order(table):
    keys = table.select("repeat_orders", "age_days", "horizon_months").rows()
    assert len(keys) == 32
    assert keys == sorted(set(keys))


def test_horizons_are_calendar_months(table):
    first = table.filter(pl.col("repeat_orders") == 2)
    for row in first.iter_rows(named=True):
        horizon = np.array([[row["horizon_months"] * 365.25 / 12]])
        orders = PUBLISHED_IN_DAYS.orders_if_alive(np.array([2.0]), np.array([90.0]), horizon)
        assert row["orders_if_alive"] == pytest.approx(orders[0, 0], rel=1e-12)


def test_discounting_is_a_fine_sum_of_each_day_discounted(table):
    days = np.arange(0, 1096.0)
    for row in table.filter(pl.col("horizon_months") == 36).iter_rows(named=True):
        x, age = np.array([float(row["repeat_orders"])]), np.array([float(row["age_days"])])
        orders = PUBLISHED_IN_DAYS.orders_if_alive(x, age, days[None, :])[0]
        middle = discount_rate_daily(0.10) * (days[:-1] + 0.5)
        by_days = float((np.diff(orders) * np.exp(-middle)).sum())
        rest = row["orders_if_alive"] - orders[-1]
        by_days += rest * math.exp(-discount_rate_daily(0.10) * 1095.4)
        assert row["orders_if_alive_discounted"] == pytest.approx(by_days, rel=1e-6)


def test_a_rate_of_zero_discounts_nothing():
    ages = pl.DataFrame({"repeat_orders": [3], "age_days": [100]})
    plain = lookup.forecasts_of_fit(ages, PUBLISHED_IN_DAYS, 0.0)[0]
    assert plain["orders_if_alive_discounted"].to_list() == (plain["orders_if_alive"].to_list())


def test_a_higher_rate_is_worth_less(table):
    ages = table.select("repeat_orders", "age_days").unique()
    dearer = lookup.forecasts_of_fit(ages, PUBLISHED_IN_DAYS, 0.15)[0]
    column = "orders_if_alive_discounted"
    assert (dearer[column] < table[column]).all()
    assert (table[column] < table["orders_if_alive"]).all()


def test_the_residual_is_what_horizons_run_towards(table):
    ages = table.select("repeat_orders", "age_days").unique()
    _, residuals = lookup.forecasts_of_fit(ages, PUBLISHED_IN_DAYS, 0.10)
    longest = table.filter(pl.col("horizon_months") == 600)
    both = residuals.join(longest, on=["repeat_orders", "age_days"])
    for suffix in ("", "_low_rate", "_high_rate"):
        share = (
            both["orders_if_alive_discounted" + suffix]
            / (both["residual_orders_if_alive_discounted" + suffix])
        )
        assert share.is_between(0.97, 1.0).all()


def test_without_discounting_there_is_no_residual():
    ages = pl.DataFrame({"repeat_orders": [3], "age_days": [100]})
    _, residuals = lookup.forecasts_of_fit(ages, PUBLISHED_IN_DAYS, 0.01)
    row = residuals.row(0, named=True)
    assert row["residual_orders_if_alive_discounted_low_rate"] is None
    assert row["residual_orders_if_alive_discounted"] > 0


def test_a_lapse_is_where_alive_meets_the_threshold():
    histories = pl.DataFrame(
        {"repeat_orders": [0, 3], "recency_days": [0, 90], "age_days": [200, 200]}
    ).with_columns(spend_occasions=pl.col("repeat_orders"))
    once, thrice = lookup.alive_of_fit(histories, PUBLISHED_IN_DAYS, 0.5).rows(named=True)
    assert (once["p_alive"], once["lapse_gap_days"]) == (1.0, None)
    age = np.array([90.0 + thrice["lapse_gap_days"]])
    at_lapse = PUBLISHED_IN_DAYS.probability_alive(np.array([3.0]), np.array([90.0]), age)
    assert at_lapse[0] == pytest.approx(0.5, abs=1e-9)
