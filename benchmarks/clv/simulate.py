"""Customers whose parameters are known, written to one Parquet file.

    python -m benchmarks.clv.simulate CUSTOMERS FILE

BG/NBD and Gamma-Gamma at the values published for CDNOW, times in days; first orders on every day
of three years. Orders of one day are one; ``early_`` is what was known a year before. Each million
customers has a seed of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

ORDERS = {"r": 0.2426, "alpha": 30.9, "a": 0.793, "b": 2.426}
SPEND = {"p": 6.25, "q": 3.744, "gamma": 15.44}
DAYS = 3 * 365
# The days at the end that a backtest holds out.
HOLDOUT_DAYS = 365
CHUNK = 1_000_000


def histories(customers: int, seed: int) -> pl.DataFrame:
    """Simulate customers one event at a time, all who are still active together."""
    random = np.random.default_rng(seed)
    rate = random.gamma(ORDERS["r"], 1 / ORDERS["alpha"], customers)
    dropout = random.beta(ORDERS["a"], ORDERS["b"], customers)
    age = random.integers(1, DAYS + 1, customers)
    count, last = np.zeros(customers, dtype=np.int32), np.zeros(customers, dtype=np.int32)
    early, last_early = np.zeros_like(count), np.zeros_like(last)
    clock, active = np.zeros(customers), np.arange(customers)
    while active.size:
        clock[active] += random.exponential(1 / rate[active])
        active = active[clock[active] < age[active]]
        day = clock[active].astype(np.int32)
        count[active] += day > last[active]
        last[active] = day
        known = day <= age[active] - HOLDOUT_DAYS
        early[active] = np.where(known, count[active], early[active])
        last_early[active] = np.where(known, day, last_early[active])
        active = active[random.random(active.size) > dropout[active]]
    return pl.DataFrame(
        {
            "customer_key": seed * CHUNK + np.arange(customers),
            "repeat_orders": count,
            "recency_days": last,
            "age_days": age.astype(np.int32),
            "mean_spend": mean_spend(random, count),
            "early_repeat_orders": early,
            "early_recency_days": last_early,
        }
    )


def mean_spend(random: np.random.Generator, orders: np.ndarray) -> np.ndarray:
    """Mean of the repeat orders' spend, money with four decimals; 0 where there are none."""
    own = random.gamma(SPEND["q"], 1 / SPEND["gamma"], orders.size)
    total = random.gamma(SPEND["p"] * np.maximum(orders, 1)) / own
    spend = np.round(total / np.maximum(orders, 1), 4)
    return np.where(orders > 0, np.maximum(spend, 0.0001), 0.0)


def main(customers: int, file: Path) -> None:
    sizes = [min(CHUNK, customers - start) for start in range(0, customers, CHUNK)]
    first = histories(sizes[0], 0).to_arrow()
    with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for seed, size in enumerate(sizes[1:], start=1):
            writer.write_table(histories(size, seed).to_arrow())


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
    print("{}")
