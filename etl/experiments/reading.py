"""An experiment read on its day: what each arm did, what the difference is worth, the verdict."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from etl.experiments.inputs import ALL, HOLDOUT, RESULTS, TREATMENT
from etl.experiments.intervals import Interval, wilson
from etl.experiments.margins import IncrementalMargin, incremental_margin
from etl.experiments.power import minimum_detectable_effect
from etl.experiments.settings import ExperimentSettings
from etl.experiments.uplift import count_arms, has_both_arms, pool_thin_strata, uplift_of
from etl.experiments.verdicts import verdict_of
from etl.frames import conform

_Row = dict[str, Any]


def read_experiments(
    experiments: pl.DataFrame, outcomes: pl.DataFrame, as_of: date, settings: ExperimentSettings
) -> pl.DataFrame:
    """Read the experiments whose day has come.

    Args:
        experiments: One row per experiment: ``experiment``, ``arm_source``, ``assigned_from_on``,
            ``assigned_to_on``, ``reads_on``, ``material_difference`` (share), ``cost`` (money, of
            the whole treatment) and ``cost_basis``.
        outcomes: One row per experiment and customer: ``arm``, ``stratum`` at assignment,
            ``has_returned``, ``net_revenue`` and ``margin`` (money within the outcome window).
        as_of: The day of the reading; experiments to be read later are left out.

    Returns:
        Schema ``winback_results``; per experiment the rows of ``all`` and of each stratum. Cost,
        margin between the arms and verdict are of ``all`` alone: what is read stratum by stratum
        is for learning, and of ten strata one is striking by chance.
    """
    due = experiments.filter(pl.col("reads_on") <= as_of).sort("experiment")
    rows = [
        row
        for experiment in due.iter_rows(named=True)
        for row in _read(
            experiment | {"read_on": as_of},
            outcomes.filter(pl.col("experiment") == experiment["experiment"]),
            settings,
        )
    ]
    return conform(pl.DataFrame(rows, schema=_FLOATS), RESULTS)


# Results are rounded to the digits of their column once, on the way into it.
_FLOATS = {
    name: pl.Float64() if isinstance(kind, pl.Decimal) else kind for name, kind in RESULTS.items()
}


def _read(experiment: _Row, outcomes: pl.DataFrame, settings: ExperimentSettings) -> list[_Row]:
    fewest = int(settings.arm_min_customers)
    pooled = pool_thin_strata(outcomes, fewest)
    whole = count_arms(pooled)
    uplift = uplift_of(whole)
    # A handful of customers has an interval, and no bootstrap: drawn again, they are themselves.
    is_enough = has_both_arms(whole, fewest)
    draws, name = int(settings.bootstrap_draws), str(experiment["experiment"])
    margin = incremental_margin(pooled, draws, name) if is_enough else None
    stated = {key: experiment[key] for key in ("cost", "cost_basis", "material_difference")}
    judged = verdict_of(
        uplift if is_enough else None,
        experiment["material_difference"],
        experiment["reads_on"],
        experiment["read_on"],
    )
    compared = _compared(uplift, outcomes) | _earned(margin, experiment["cost"]) | stated
    compared |= {"strata_compared": whole.height, "verdict": judged}
    rows = _arms(experiment, ALL, outcomes, compared)
    for stratum in sorted(outcomes["stratum"].unique()):
        part = outcomes.filter(pl.col("stratum") == stratum)
        rows += _arms(experiment, stratum, part, _compared(uplift_of(count_arms(part)), part))
    return rows


def _arms(experiment: _Row, stratum: str, outcomes: pl.DataFrame, compared: _Row) -> list[_Row]:
    """One row per arm; the comparison stands with the treatment."""
    named = (
        "experiment",
        "arm_source",
        "assigned_from_on",
        "assigned_to_on",
        "reads_on",
        "read_on",
    )
    keys = {name: experiment[name] for name in named} | {"stratum": stratum}
    return [
        keys | {"arm": TREATMENT} | _arm(outcomes, TREATMENT) | compared,
        keys | {"arm": HOLDOUT} | _arm(outcomes, HOLDOUT),
    ]


def _arm(outcomes: pl.DataFrame, arm: str) -> _Row:
    rows = outcomes.filter(pl.col("arm") == arm)
    returned = int(rows["has_returned"].sum())
    found: _Row = {
        "customers": rows.height,
        "returned": returned,
        "net_revenue": float(rows["net_revenue"].sum()),
        "margin": float(rows["margin"].sum()),
    }
    if rows.is_empty():
        return found
    low, high = wilson(np.array([float(returned)]), np.array([float(rows.height)]))
    rate = {"return_rate": returned / rows.height}
    return found | rate | {"return_rate_low": float(low[0]), "return_rate_high": float(high[0])}


def _compared(uplift: Interval | None, outcomes: pl.DataFrame) -> _Row:
    if uplift is None:
        return {}
    arms = count_arms(outcomes).select(pl.exclude("stratum").sum()).row(0, named=True)
    base_rate = arms["held_out_returned"] / arms["held_out"]
    return {
        "uplift": uplift.estimate,
        "uplift_low": uplift.low,
        "uplift_high": uplift.high,
        "minimum_detectable_effect": minimum_detectable_effect(
            arms["treated"], arms["held_out"], base_rate
        ),
    }


def _earned(margin: IncrementalMargin | None, cost: float | None) -> _Row:
    if margin is None:
        return {}
    total, each = margin.total, margin.per_customer
    return {
        "incremental_margin": total.estimate,
        "incremental_margin_low": total.low,
        "incremental_margin_high": total.high,
        "incremental_margin_per_customer": each.estimate,
        "incremental_margin_per_customer_low": each.low,
        "incremental_margin_per_customer_high": each.high,
        "minimum_detectable_margin_per_customer": margin.detectable_per_customer,
        "roi": (total.estimate - cost) / cost if cost else None,
    }
