"""Data and parameters that the tests of the value models share."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from etl.clv.bg_nbd import BgNbd
from etl.clv.gamma_gamma import GammaGamma

SAMPLE = Path(__file__).parent / "fixtures" / "cdnow_sample_summary.csv"
CUTOFF_ON = date(1997, 9, 30)
# Published for the sample with weeks as the unit of time.
PUBLISHED = BgNbd(r=0.242595, alpha=4.413602, a=0.792922, b=2.425907)
PUBLISHED_IN_DAYS = BgNbd(PUBLISHED.r, PUBLISHED.alpha * 7, PUBLISHED.a, PUBLISHED.b)
PUBLISHED_SPEND = GammaGamma(p=6.24957, q=3.74422, gamma=15.44353)
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


def simulated(params: BgNbd, customers: int, days: float, seed: int) -> pl.DataFrame:
    """Purchase histories that BG/NBD itself made; times are not rounded to days."""
    random = np.random.default_rng(seed)
    rate = random.gamma(params.r, 1 / params.alpha, customers)
    dropout = random.beta(params.a, params.b, customers)
    age = random.uniform(days / 4, days, customers)
    count, last, clock = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    active = np.arange(customers)
    while active.size:
        clock[active] += random.exponential(1 / rate[active])
        active = active[clock[active] < age[active]]
        count[active] += 1
        last[active] = clock[active]
        active = active[random.random(active.size) > dropout[active]]
    return pl.DataFrame(
        {
            "repeat_orders": count.astype(np.int64),
            "recency_days": last,
            "age_days": age,
            "customers": np.ones(customers, dtype=np.int64),
        }
    )


def day_before(day: date) -> date:
    return day - timedelta(days=1)
