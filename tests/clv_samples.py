"""Data and parameters that the tests of the value models share."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from etl.clv.beta_geometric import BetaGeometricNbd
from etl.clv.bg_nbd import BgNbd
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.order_model import OrderModel
from etl.clv.pareto_nbd import ParetoNbd
from etl.clv.settings import ValueSettings

SAMPLE = Path(__file__).parent / "fixtures" / "cdnow_sample_summary.csv"
CUTOFF_ON = date(1997, 9, 30)
# Published for the sample with weeks as the unit of time.
PUBLISHED = BgNbd(r=0.242595, alpha=4.413602, a=0.792922, b=2.425907)
PUBLISHED_IN_DAYS = BgNbd(PUBLISHED.r, PUBLISHED.alpha * 7, PUBLISHED.a, PUBLISHED.b)
PUBLISHED_SPEND = GammaGamma(p=6.24957, q=3.74422, gamma=15.44353)
SETTINGS = ValueSettings(
    discount_rate_annual=0.10,
    gate_frequent_orders=3,
    gate_max_silence_days=30,
    gate_min_buyers=500,
    gate_min_history_days=180,
    lapse_probability=0.5,
    rmse_tolerance=0.01,
    unit_average_min_customers=30,
    unit_average_window_days=180,
    weak_standard_error=1.0,
)
COUNTED = pl.len().cast(pl.Int64).alias("customers")


def cdnow() -> pl.DataFrame:
    """The sample, one row per customer."""
    rows = pl.read_csv(SAMPLE, schema_overrides={"repeat_spend": pl.Decimal(18, 4)})
    rows = rows.with_columns(
        pl.when(pl.col("spend_occasions") > 0)
        .then(pl.col("repeat_spend").cast(pl.Float64) / pl.col("spend_occasions"))
        .alias("mean_spend")
    )
    return rows.select(pl.all().repeat_by("customers").explode(empty_as_null=True)).drop(
        "customers"
    )


def triples(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("repeat_orders", "recency_days", "age_days").agg(COUNTED)


def spends(rows: pl.DataFrame) -> pl.DataFrame:
    paid = rows.filter(pl.col("spend_occasions") > 0)
    return paid.group_by("spend_occasions", "mean_spend").agg(COUNTED)


def summary(rows: pl.DataFrame, business_unit: str = "shop", segment: str = "web") -> pl.DataFrame:
    """The sample in the columns of ``int_clv_summaries``."""
    return rows.select(
        pl.lit(business_unit).alias("business_unit"),
        pl.lit(segment).alias("segment"),
        "repeat_orders",
        "recency_days",
        "age_days",
        "spend_occasions",
        pl.col("mean_spend").round(4).cast(pl.Decimal(18, 4)),
        (pl.lit(CUTOFF_ON) - pl.duration(days=pl.col("age_days"))).alias("first_ordered_on"),
        pl.lit(None, dtype=pl.Date).alias("history_starts_on"),
        pl.col("repeat_orders").alias("recent_repeat_orders"),
        pl.lit(20).cast(pl.Decimal(18, 4)).alias("first_spend"),
    )


def calibration(rows: pl.DataFrame, business_unit: str = "shop") -> pl.DataFrame:
    """The sample in the columns of ``int_clv_calibrations``, cut where it was published."""
    return summary(rows, business_unit).with_columns(
        pl.lit(CUTOFF_ON).alias("calibration_cutoff_on"),
        pl.lit(273, dtype=pl.Int64).alias("holdout_days"),
        rows["holdout_orders"],
        (rows["holdout_orders"] * 30).cast(pl.Decimal(18, 4)).alias("holdout_revenue"),
        pl.col("first_ordered_on").dt.truncate("1q").alias("cohort"),
    )


def simulated(model: OrderModel, customers: int, days: int, seed: int) -> pl.DataFrame:
    """Purchase histories that the model itself made.

    Ages are whole days. The last order is rounded to half a day, so that histories repeat.
    """
    random = np.random.default_rng(seed)
    age = random.integers(days // 4, days, customers).astype(float)
    count, last = (_lifetimes if isinstance(model, ParetoNbd) else _dropouts)(model, age, random)
    return pl.DataFrame(
        {
            "repeat_orders": count.astype(np.int64),
            "recency_days": np.round(last * 2) / 2,
            "age_days": age,
        }
    ).pipe(triples)


def _dropouts(
    model: BetaGeometricNbd, age: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    rate = random.gamma(model.r, 1 / model.alpha, age.size)
    dropout = random.beta(model.a, model.b, age.size)
    count, last, clock = (np.zeros(age.size) for _ in range(3))
    active = np.arange(age.size)
    if model.chances_at_start:
        active = active[random.random(active.size) > dropout]
    while active.size:
        clock[active] += random.exponential(1 / rate[active])
        active = active[clock[active] < age[active]]
        count[active] += 1
        last[active] = clock[active]
        active = active[random.random(active.size) > dropout[active]]
    return count, last


def _lifetimes(
    model: ParetoNbd, age: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    rate = random.gamma(model.r, 1 / model.alpha, age.size)
    lifetime = random.exponential(1 / random.gamma(model.s, 1 / model.beta, age.size))
    active = np.minimum(lifetime, age)
    count = random.poisson(rate * active)
    # The last of n moments drawn evenly over the active time.
    last = np.where(count > 0, active * random.random(age.size) ** (1 / np.maximum(count, 1)), 0)
    return count, last


def day_before(day: date) -> date:
    return day - timedelta(days=1)


def simulated_days(
    params: BgNbd, customers: int, first_on: date, last_on: date, seed: int
) -> pl.DataFrame:
    """Purchase days that BG/NBD itself made, of customers who came until a third of the time."""
    random = np.random.default_rng(seed)
    span = (last_on - first_on).days
    first = random.integers(0, span // 3, customers)
    rate = random.gamma(params.r, 1 / params.alpha, customers)
    dropout = random.beta(params.a, params.b, customers)
    clock, active = first.astype(float), np.arange(customers)
    parts = [(active, first)]
    while active.size:
        clock[active] += random.exponential(1 / rate[active])
        active = active[clock[active] < span + 1]
        parts.append((active, np.floor(clock[active]).astype(int)))
        active = active[random.random(active.size) > dropout[active]]
    number, day = (np.concatenate(column) for column in zip(*parts, strict=True))
    days = pl.DataFrame({"customer": number, "day": day}).unique().sort(pl.all())
    return days.select(
        "customer", (pl.lit(first_on) + pl.duration(days=pl.col("day"))).alias("ordered_on")
    )


def spend_of_day() -> pl.Expr:
    """What a customer pays on a day, 10 to 30."""
    return 10 + pl.col("customer") % 20 + pl.col("ordered_on").dt.day() % 2


def summed_up(
    days: pl.DataFrame, cutoff_on: date, business_unit: str = "shop", segment: str = "web"
) -> pl.DataFrame:
    """Purchase days in the columns of ``int_clv_summaries``; each day is worth 10 to 30."""
    first = pl.col("ordered_on").min()
    recent = pl.col("ordered_on") > cutoff_on - timedelta(days=180)
    is_repeat = pl.col("ordered_on") > first
    spend = spend_of_day()
    known = (
        days.filter(pl.col("ordered_on") <= cutoff_on)
        .group_by("customer")
        .agg(
            (pl.len() - 1).cast(pl.Int64).alias("repeat_orders"),
            (pl.col("ordered_on").max() - first).dt.total_days().alias("recency_days"),
            (pl.lit(cutoff_on) - first).dt.total_days().alias("age_days"),
            (pl.len() - 1).cast(pl.Int64).alias("spend_occasions"),
            spend.filter(is_repeat).mean().alias("mean_spend"),
            first.alias("first_ordered_on"),
            (is_repeat & recent).sum().cast(pl.Int64).alias("recent_repeat_orders"),
        )
    )
    return known.sort("customer").with_columns(
        pl.lit(business_unit).alias("business_unit"),
        pl.lit(segment).alias("segment"),
        pl.lit(None, dtype=pl.Date).alias("history_starts_on"),
        pl.lit(20.0).alias("first_spend"),
    )


def calibrated(
    days: pl.DataFrame, as_of: date, business_unit: str = "shop", segment: str = "web"
) -> pl.DataFrame:
    """Purchase days in the columns of ``int_clv_calibrations``; the later half is held out."""
    holdout = -(-(as_of - days["ordered_on"].min()).days // 2)
    cutoff_on = as_of - timedelta(days=holdout)
    later = days.filter(pl.col("ordered_on") > cutoff_on).group_by("customer")
    orders = later.agg(
        pl.len().cast(pl.Int64).alias("holdout_orders"), spend_of_day().sum().alias("paid")
    )
    known = summed_up(days, cutoff_on, business_unit, segment).join(
        orders, on="customer", how="left", maintain_order="left"
    )
    return known.with_columns(
        pl.lit(cutoff_on).alias("calibration_cutoff_on"),
        pl.lit(holdout, dtype=pl.Int64).alias("holdout_days"),
        pl.col("holdout_orders").fill_null(0),
        pl.col("paid").fill_null(0).cast(pl.Decimal(18, 4)).alias("holdout_revenue"),
        pl.col("first_ordered_on").dt.truncate("1q").alias("cohort"),
    )
