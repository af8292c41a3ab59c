"""The steps of the warehouse, one a process: fit, lookups, score; and what the data alone takes.

    python -m benchmarks.clv.ours STEP MODEL FOLDER

Steps: fit, spend, lookup, score, build; floors: start, scan, write. Reads customers.parquet
and what the steps before left in FOLDER; prints what it found as one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from benchmarks.clv.simulate import HOLDOUT_DAYS
from etl.clv import build_lookups, fit_business_units
from etl.clv.fit import fit_gamma_gamma, fit_orders
from etl.clv.lookup import alive_of_fit, forecasts_of_fit
from etl.clv.order_model import ORDER_MODELS
from etl.clv.settings import ValueSettings

HISTORY = ("repeat_orders", "recency_days", "age_days")
SETTINGS = ValueSettings(
    discount_rate_annual=0.10,
    gate_frequent_orders=3,
    gate_max_silence_days=30,
    gate_min_buyers=500,
    gate_min_history_days=180,
    lapse_probability=0.25,
    rmse_tolerance=0.01,
    unit_average_min_customers=30,
    unit_average_window_days=180,
    weak_standard_error=1.0,
)
MARGIN = 0.30
CUTOFF_ON = date(2025, 12, 31)
FIRST_ORDERED_ON = pl.lit(CUTOFF_ON) - pl.duration(days=pl.col("age_days"))
ARCHIVE = "(format parquet, compression zstd)"

# One row per customer, twelve columns; the lookups hold everything that is no plain arithmetic.
SCORE = """
    with horizons as (
        select
            repeat_orders,
            age_days,
            max(orders_if_alive) filter (where horizon_months = 12) as orders_12m,
            max(orders_if_alive) filter (where horizon_months = 24) as orders_24m,
            max(orders_if_alive) filter (where horizon_months = 36) as orders_36m,
            max(orders_if_alive_discounted) filter (where horizon_months = 12) as discounted_12m,
            max(orders_if_alive_discounted) filter (where horizon_months = 24) as discounted_24m,
            max(orders_if_alive_discounted) filter (where horizon_months = 36) as discounted_36m,
            max(p_order_if_alive) filter (where horizon_months = 12) as p_order_12m
        from '{folder}/lookup.parquet'
        group by repeat_orders, age_days
    ),

    forecasts as (
        select horizons.*, residuals.residual_orders_if_alive_discounted as residual
        from horizons
        inner join '{folder}/residuals.parquet' as residuals using (repeat_orders, age_days)
    ),

    spends as (
        select
            *,
            {p} * ({gamma} + repeat_orders * mean_spend)
            / ({p} * repeat_orders + {q} - 1) as order_value
        from '{folder}/customers.parquet'
    )

    select
        spends.customer_key,
        alive.p_alive,
        alive.p_alive * forecasts.p_order_12m as p_order_12m,
        alive.p_alive * forecasts.orders_12m as orders_12m,
        alive.p_alive * forecasts.orders_24m as orders_24m,
        alive.p_alive * forecasts.orders_36m as orders_36m,
        spends.order_value,
        cast(alive.p_alive * forecasts.discounted_12m * spends.order_value * {margin}
            as decimal(18, 4)) as clv_12m,
        cast(alive.p_alive * forecasts.discounted_24m * spends.order_value * {margin}
            as decimal(18, 4)) as clv_24m,
        cast(alive.p_alive * forecasts.discounted_36m * spends.order_value * {margin}
            as decimal(18, 4)) as clv_36m,
        cast(alive.p_alive * forecasts.residual * spends.order_value * {margin}
            as decimal(18, 4)) as clv_residual,
        spends.recency_days + alive.lapse_gap_days - spends.age_days as lapses_in_days
    from spends
    inner join '{folder}/alive.parquet' as alive using (repeat_orders, recency_days, age_days)
    inner join forecasts using (repeat_orders, age_days)
"""


def fit(model: str, folder: Path) -> dict[str, Any]:
    """Group the customers into distinct histories and fit the orders."""
    found = fit_orders(model, counted(folder, *HISTORY))
    return kept(folder, model, found.model, found.maximum.log_likelihood)


def spend(_: str, folder: Path) -> dict[str, Any]:
    """Group the repeat customers into distinct spends and fit Gamma-Gamma."""
    pairs = counted(folder, "repeat_orders", "mean_spend").filter(pl.col("repeat_orders") > 0)
    found = fit_gamma_gamma(pairs.rename({"repeat_orders": "spend_occasions"}))
    return kept(folder, "gamma_gamma", found.model, found.maximum.log_likelihood)


def lookup(model: str, folder: Path) -> dict[str, Any]:
    """Compute the lookups that the score joins."""
    order_model = ORDER_MODELS[model](**fitted(folder, model))
    histories = counted(folder, *HISTORY).select(*HISTORY)
    forecasts, residuals = forecasts_of_fit(
        histories.select("repeat_orders", "age_days").unique(),
        order_model,
        SETTINGS.discount_rate_annual,
    )
    alive = alive_of_fit(histories, order_model, SETTINGS.lapse_probability)
    for name, frame in (("lookup", forecasts), ("residuals", residuals), ("alive", alive)):
        frame.write_parquet(folder / f"{name}.parquet")
    return {"histories": histories.height, "ages": residuals.height}


def build(_: str, folder: Path) -> dict[str, Any]:
    """Month end as the warehouse does it: check, fit all, backtest, choose, totals, lookups."""
    customers = pl.scan_parquet(folder / "customers.parquet")
    known = pl.col("age_days") >= HOLDOUT_DAYS
    early = [pl.col(f"early_{name}").alias(name) for name in HISTORY[:2]]
    later = pl.col("repeat_orders") - pl.col("early_repeat_orders")
    calibrations = customers.filter(known).select(
        *early,
        pl.col("age_days") - HOLDOUT_DAYS,
        "mean_spend",
        holdout_orders=later,
        holdout_revenue=(later * pl.col("mean_spend").fill_null(0)).cast(pl.Decimal(18, 4)),
        first_ordered_on=FIRST_ORDERED_ON,
    )
    summaries = customers.select(*HISTORY, "mean_spend", first_ordered_on=FIRST_ORDERED_ON)
    held_out = summary(calibrations).with_columns(
        calibration_cutoff_on=CUTOFF_ON - timedelta(days=HOLDOUT_DAYS),
        holdout_days=pl.lit(HOLDOUT_DAYS),
        cohort=pl.col("first_ordered_on").dt.truncate("1q"),
    )
    today = summary(summaries)
    fitted = fit_business_units(today, held_out, CUTOFF_ON, SETTINGS)
    state = fitted.state
    made = build_lookups(today, state["clv_models"], state["clv_parameters"], CUTOFF_ON, SETTINGS)
    for name, rows in (state | made).items():
        rows.write_parquet(folder / f"{name}.parquet")
    return {"model": state["clv_models"].get_column("model").to_list()}


def summary(customers: pl.LazyFrame) -> pl.DataFrame:
    """Customers in the columns of ``int_clv_summaries``: one unit, one channel."""
    spent = pl.when(pl.col("repeat_orders") > 0).then("mean_spend")
    return customers.with_columns(
        business_unit=pl.lit("shop"),
        segment=pl.lit("online"),
        spend_occasions=pl.col("repeat_orders"),
        mean_spend=spent,
        history_starts_on=pl.lit(None, dtype=pl.Date),
        recent_repeat_orders=pl.lit(0),
        first_spend=pl.lit(20.0),
    ).collect(engine="streaming")


def score(_: str, folder: Path) -> dict[str, Any]:
    """Join, multiply and write one row per customer."""
    query = SCORE.format(folder=folder, margin=MARGIN, **fitted(folder, "gamma_gamma"))
    run(f"copy ({query}) to '{folder}/scores.parquet' {ARCHIVE}")
    totals = pl.scan_parquet(folder / "scores.parquet").select("orders_12m").sum().collect()
    return {"orders_12m": totals.item()}


def start(_: str, __: Path) -> dict[str, Any]:
    """Floor: Python and its imports, nothing else."""
    return {}


def write(_: str, folder: Path) -> dict[str, Any]:
    """Floor: the scores, read and written again."""
    run(f"copy (from '{folder}/scores.parquet') to '{folder}/written.parquet' {ARCHIVE}")
    return {}


def scan(_: str, folder: Path) -> dict[str, Any]:
    """Floor: one pass over the customers, grouped into distinct histories."""
    columns = ", ".join(HISTORY)
    grouped = f"select {columns}, count(*) from '{folder}/customers.parquet' group by {columns}"
    found = run(f"select count(*) from ({grouped})")
    return {"histories": found[0]}


def likelihood(model: str, folder: Path) -> dict[str, Any]:
    """Log-likelihood of all customers at the parameters given on standard input."""
    problem = ORDER_MODELS[model].likelihood(counted(folder, *HISTORY))
    given = json.load(sys.stdin)
    values = pl.Series([given[name] for name in problem.names]).to_numpy()
    return {"log_likelihood": float(problem.value_and_gradient(values)[0])}


def counted(folder: Path, *columns: str) -> pl.DataFrame:
    """Return distinct values with their number of customers, in one streamed pass."""
    rows = pl.scan_parquet(folder / "customers.parquet").group_by(columns)
    customers = pl.len().cast(pl.Int64).alias("customers")
    return rows.agg(customers).collect(engine="streaming")


def run(statement: str) -> tuple[Any, ...]:
    """Run one statement in DuckDB and return its first row."""
    with duckdb.connect(config={"threads": int(os.environ["POLARS_MAX_THREADS"])}) as connection:
        row = connection.execute(statement).fetchone()
    return row or ()


def kept(folder: Path, name: str, model: object, log_likelihood: float) -> dict[str, Any]:
    """Leave the parameters for the next steps."""
    (folder / f"{name}.json").write_text(json.dumps(vars(model)))
    return {"parameters": vars(model), "log_likelihood": log_likelihood}


def fitted(folder: Path, name: str) -> dict[str, float]:
    found: dict[str, float] = json.loads((folder / f"{name}.json").read_text())
    return found


STEPS = {
    step.__name__: step
    for step in (fit, spend, lookup, score, build, start, write, scan, likelihood)
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))))
