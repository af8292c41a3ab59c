"""The holdout of a backtest, and what models and baselines say of it.

Everything is computed on distinct histories with the number of customers behind each, so that the
price does not grow with the customers and their order cannot move a digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray, floats_of
from etl.clv.forecasts import forecast_if_alive
from etl.clv.order_model import OrderModel
from etl.clv.spend import Spend
from etl.clv.summaries import HISTORY

# The spend that goes with each customer's own rate: the customer's own mean so far.
OWN_MEAN = "own_mean"


@dataclass(frozen=True)
class Holdout:
    """Customers of the calibration and what they ordered after it, one entry per distinct history.

    Args:
        histories: ``repeat_orders``, ``recency_days``, ``age_days``, ``spend_occasions``,
            ``holdout_orders``, the ``cohort`` (quarter of the first order, its first day); of the
            ``customers`` behind, the average ``mean_spend`` of their repeat days (money, 0 without
            any) and ``holdout_revenue`` in all (money net of refunds).
        cutoff_on: Last day of the calibration.
        days: Length of the holdout.
    """

    histories: pl.DataFrame
    cutoff_on: date
    days: int

    @property
    def customers(self) -> FloatArray:
        """Customers behind each entry."""
        return floats_of(self.histories, "customers")

    @property
    def orders(self) -> FloatArray:
        """Orders in the holdout, of each customer."""
        return floats_of(self.histories, "holdout_orders")

    @property
    def revenue(self) -> FloatArray:
        """Net revenue in the holdout, of all customers behind each entry."""
        return floats_of(self.histories, "holdout_revenue")

    @property
    def spends(self) -> tuple[FloatArray, FloatArray]:
        """Repeat days that left money, and the mean spend of them."""
        return floats_of(self.histories, "spend_occasions"), floats_of(self.histories, "mean_spend")


@dataclass(frozen=True)
class Forecast:
    """What one model or baseline said of the holdout, per distinct history.

    Args:
        name: Of the model or baseline.
        orders: Expected orders.
        p_order: Probability of at least one.
        order_value: Expected money of an order, net of refunds; NaN without a spend model.
        spend_model: Where that comes from.
    """

    name: str
    orders: FloatArray
    p_order: FloatArray
    order_value: FloatArray
    spend_model: str | None


def holdout_of(calibrations: pl.DataFrame) -> Holdout:
    """Collect the distinct histories of one calibration.

    Money is added up as decimals. Every spend model is linear in the mean spend, so the average of
    a history's customers is enough.

    Args:
        calibrations: One row per customer in the columns of ``int_clv_calibrations``, all of one
            cutoff; at least one row.
    """
    cutoff_on, days = calibrations.select("calibration_cutoff_on", "holdout_days").row(0)
    keys = [*HISTORY, "spend_occasions", "holdout_orders", "cohort"]
    money = pl.col("mean_spend", "holdout_revenue").cast(pl.Decimal(18, 4)).fill_null(0).sum()
    histories = calibrations.group_by(keys).agg(pl.len().cast(pl.Int64).alias("customers"), money)
    mean = pl.col("mean_spend").cast(pl.Float64) / pl.col("customers")
    return Holdout(histories.sort(keys).with_columns(mean_spend=mean), cutoff_on, days)


def forecast_of_model(model: OrderModel, spend: Spend, holdout: Holdout) -> Forecast:
    """Forecast the holdout with models that were fitted on the calibration."""
    x, recency, age = (floats_of(holdout.histories, name) for name in HISTORY)
    alive = model.probability_alive(x, recency, age)
    given = forecast_if_alive(model, x, age, np.array([float(holdout.days)]), daily_rates=[])
    return Forecast(
        model.name,
        alive * given.orders[:, 0],
        alive * given.probability_of_order[:, 0],
        spend.order_value(*holdout.spends),
        spend.name,
    )


def forecast_of_own_rates(name: str, holdout: Holdout) -> Forecast:
    """Forecast that each customer goes on for ever as so far, at the own mean spend.

    Who has not come back has a rate of 0; who never paid for a repeat day is expected to pay 0.
    """
    _, spend = holdout.spends
    return _steady(name, naive_rates(holdout), spend, OWN_MEAN, holdout)


def forecast_of_average(
    name: str, orders_per_day: float, spend: Spend, holdout: Holdout
) -> Forecast:
    """Forecast that all customers order alike for ever, at everyone's mean spend."""
    rates = np.full(holdout.orders.size, orders_per_day)
    return _steady(name, rates, spend.order_value(*holdout.spends), spend.name, holdout)


def _steady(
    name: str,
    orders_per_day: FloatArray,
    order_value: FloatArray,
    spend_model: str | None,
    holdout: Holdout,
) -> Forecast:
    """Forecast a steady rate, orders being of chance."""
    orders = orders_per_day * holdout.days
    return Forecast(name, orders, -np.expm1(-orders), order_value, spend_model)


def naive_rates(holdout: Holdout) -> FloatArray:
    """Repeat orders per day of each customer so far; 0 on the day of the first order."""
    x, age = floats_of(holdout.histories, "repeat_orders"), floats_of(holdout.histories, "age_days")
    result: FloatArray = np.divide(x, age, out=np.zeros_like(x), where=age > 0)
    return result
