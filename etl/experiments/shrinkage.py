"""Return rates with and without treatment, learnt from closed experiments and shrunk by cell.

A cell with few customers says little, so it is pulled towards the wider cell around it, and the
widest towards what was assumed before anything was measured:

    p(cell) = (returned + k p(parent)) / (customers + k),    k customers' worth of prior

Source:
    The posterior mean of a Beta prior with mean p(parent) and weight k: Gelman et al. (2013),
    Bayesian data analysis, section 2.4; the chain of parents, section 5.3.
"""

from __future__ import annotations

import polars as pl

from etl.experiments.assignment import HOLDOUT, TREATMENT
from etl.experiments.inputs import CELL, UPLIFTS
from etl.experiments.settings import ExperimentSettings
from etl.frames import conform

NOBODY = "none"
MEASURED, SHRUNK = "measured", "shrunk"
_ARMS = {TREATMENT: "p_treat", HOLDOUT: "p_control"}


def shrunk_uplifts(
    outcomes: pl.DataFrame,
    cells: pl.DataFrame,
    settings: ExperimentSettings,
) -> pl.DataFrame:
    """Learn the return rates of the cells of each status that was experimented with.

    Nobody is judged by what they are doing now: the outcome of a customer's own current spell is
    taken out of the cells again. Such a customer has not come back, so one customer who did not
    return is taken out of one arm. That has few cases, so each is a row of its own.

    Args:
        outcomes: One row per customer and spell, of closed experiments: the coordinates of
            ``CELL`` on the day of assignment, ``arm``, ``has_returned``. Rows without a
            coordinate teach nothing.
        cells: One row per combination of coordinates to learn: ``CELL``, and ``p_treat`` and
            ``p_control`` (0 to 1), what is assumed of the status: the prior of the widest cell.
        settings: ``prior_weight`` and ``measured_min_customers``.

    Returns:
        Schema ``winback_uplifts``. ``customers`` are those behind the cell itself; the basis is
        measured where both arms have enough of them, else shrunk.
    """
    learnt = outcomes.drop_nulls(list(CELL))
    statuses = learnt.select(CELL[0]).unique()
    rates = [pl.col(rate).cast(pl.Float64) for rate in _ARMS.values()]
    known = cells.join(statuses, on=CELL[0], how="semi").with_columns(*rates)
    found = known.join(_own_traces(), how="cross").with_columns(customers=0, smaller=0)
    for level in range(1, len(CELL) + 1):
        found = _shrunk(found, learnt, level, settings.prior_weight)
    is_measured = pl.col("smaller") >= settings.measured_min_customers
    basis = pl.when(is_measured).then(pl.lit(MEASURED)).otherwise(pl.lit(SHRUNK))
    found = found.with_columns(uplift_basis=basis).select(
        pl.col(name).round(6) if name in _ARMS.values() else name for name in UPLIFTS
    )
    return conform(found, UPLIFTS).sort(*CELL, "own_arm", "own_levels")


def _own_traces() -> pl.DataFrame:
    """What a customer's own current spell may have left: nothing, or a row in so many levels."""
    traces = [(NOBODY, 0), *((arm, n) for arm in _ARMS for n in range(1, len(CELL) + 1))]
    return pl.DataFrame(
        traces, schema={"own_arm": pl.String(), "own_levels": pl.Int64()}, orient="row"
    )


def _shrunk(found: pl.DataFrame, learnt: pl.DataFrame, level: int, weight: float) -> pl.DataFrame:
    """Move the rates of each cell from those of its parent to its own, one coordinate further."""
    keys = list(CELL[:level])
    for arm, rate in _ARMS.items():
        counted = (
            learnt.filter(pl.col("arm") == arm)
            .group_by(keys)
            .agg(members=pl.len().cast(pl.Int64), returned=pl.col("has_returned").sum())
        )
        is_own = (pl.col("own_arm") == arm) & (pl.col("own_levels") >= level)
        size = pl.col("members").fill_null(0) - is_own.cast(pl.Int64)
        returned = pl.col("returned").fill_null(0)
        posterior = (returned + weight * pl.col(rate)) / (size + weight)
        found = (
            found.join(counted, on=keys, how="left")
            .with_columns(posterior.alias(rate), size.alias(arm))
            # A trace in a cell that nobody of the arm was in is nobody's.
            .filter(pl.col(arm) >= 0)
            .drop("members", "returned")
        )
    return found.with_columns(
        customers=pl.sum_horizontal(list(_ARMS)), smaller=pl.min_horizontal(list(_ARMS))
    ).drop(list(_ARMS))
