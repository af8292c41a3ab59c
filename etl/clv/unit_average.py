"""The fallback below the gate: every customer of a unit orders like its average one.

It is a mean over the last months and nothing more: the same for everybody, for twelve months only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from etl.clv.arrays import floats_of, weighted_sum
from etl.clv.discounting import DAYS_PER_MONTH, discount_rate_daily
from etl.clv.inputs import stored
from etl.clv.lookup import RATES
from etl.clv.summaries import counted

HORIZON_MONTHS = 12


@dataclass(frozen=True)
class UnitAverage:
    """Orders per customer and day.

    Args:
        orders_per_day: Repeat orders of the window over the days that customers were there in it.
        orders: Repeat orders of the window; how sure the rate is.
        customers: Customers behind it.
    """

    name: ClassVar[str] = "unit_average"

    orders_per_day: float
    orders: int
    customers: int

    @property
    def standard_error(self) -> float:
        """Of the rate, orders being counts of chance (Poisson)."""
        return stored(self.orders_per_day / max(self.orders, 1) ** 0.5)


def unit_average(rows: pl.DataFrame, window_days: float) -> UnitAverage:
    """Count orders per customer and day over the window at the end of the history.

    Args:
        rows: One row per customer: ``recent_repeat_orders`` (within the window) and ``age_days``.
        window_days: Length of the window; a customer younger than it was there for a shorter time.
    """
    orders = int(rows.get_column("recent_repeat_orders").sum())
    days = float(rows.get_column("age_days").cast(pl.Float64).clip(0.0, window_days).sum())
    return UnitAverage(stored(orders / days) if days else 0.0, orders, rows.height)


def mean_spend(rows: pl.DataFrame) -> float | None:
    """Mean spend of all purchase days that left money, the first ones too; None without any.

    Args:
        rows: One row per customer: ``spend_occasions``, ``mean_spend``, ``first_spend`` (money).
    """
    repeats = counted(rows.filter(pl.col("spend_occasions") > 0), "spend_occasions", "mean_spend")
    firsts = counted(rows.filter(pl.col("first_spend") > 0), "first_spend")
    occasions = floats_of(repeats, "customers") * floats_of(repeats, "spend_occasions")
    first_days = floats_of(firsts, "customers")
    days = float(occasions.sum() + first_days.sum())
    spend = weighted_sum(occasions, floats_of(repeats, "mean_spend")) + weighted_sum(
        first_days, floats_of(firsts, "first_spend")
    )
    return stored(spend / days) if days else None


def lookup_of_average(
    ages: pl.DataFrame, orders_per_day: float, discount_rate_annual: float
) -> pl.DataFrame:
    """Forecast twelve months, the same for each (x, T); columns as in the lookup of a model."""
    days = HORIZON_MONTHS * DAYS_PER_MONTH
    values = {
        "horizon_months": pl.lit(HORIZON_MONTHS, dtype=pl.Int64),
        "orders_if_alive": pl.lit(orders_per_day * days),
        "p_order_if_alive": pl.lit(-np.expm1(-orders_per_day * days)),
    }
    for name, points in RATES.items():
        daily = discount_rate_daily(discount_rate_annual + points)
        # Days of a steady stream, each worth exp(-delta s).
        worth = -np.expm1(-daily * days) / daily if daily else days
        values[f"orders_if_alive_{name}"] = pl.lit(orders_per_day * worth)
    return ages.sort("repeat_orders", "age_days").with_columns(**values)
