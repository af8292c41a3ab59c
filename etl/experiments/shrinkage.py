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

from etl.experiments.inputs import ALL, CELL, HOLDOUT, TREATMENT, UPLIFTS
from etl.experiments.settings import ExperimentSettings
from etl.frames import conform

NOBODY = "none"
MEASURED, SHRUNK = "measured", "shrunk"
# Arm -> its rate; the arm's name is also the column of its customers on the way.
_ARMS = {TREATMENT: "p_treat", HOLDOUT: "p_control"}
_COLUMNS = [*CELL, "own_arm", "own_levels", "levels", *_ARMS, *_ARMS.values()]


def shrunk_uplifts(
    lessons: pl.DataFrame, assumed: pl.DataFrame, settings: ExperimentSettings
) -> pl.DataFrame:
    """Learn the return rates of every cell that closed experiments met, and of those around it.

    Nobody is judged by what they are doing now: the outcome of a customer's own current spell is
    taken out of the cells again. Such a customer has not come back, so one customer who did not
    return is taken out of one arm. That has few cases, so each is a row of its own.

    Args:
        lessons: One row per customer and spell, of closed experiments: the coordinates of
            ``CELL`` on the day of assignment, ``arm``, ``has_returned``.
        assumed: ``activity_status``, ``p_treat``, ``p_control`` (0 to 1): what was assumed of the
            widest cells. A status without it is not learnt.
        settings: ``prior_weight`` and ``measured_min_customers``.

    Returns:
        Schema ``winback_uplifts``: cells of one coordinate, of two, up to all. ``customers`` are
        those behind the cell itself; the basis is measured where all coordinates are given and
        both arms have enough customers, else shrunk.
    """
    rates = [pl.col(rate).cast(pl.Float64) for rate in _ARMS.values()]
    found = assumed.with_columns(*rates).join(_own_traces(), how="cross")
    levels = []
    for level in range(1, len(CELL) + 1):
        found = _shrunk(found, lessons, level, settings.prior_weight)
        wider = [pl.lit(ALL).alias(name) for name in CELL[level:]]
        here = found.filter(pl.col("own_levels") <= level)
        levels.append(here.with_columns(*wider, levels=level).select(_COLUMNS))
    cells = pl.concat(levels)
    is_measured = (pl.col("levels") == len(CELL)) & (
        pl.min_horizontal(list(_ARMS)) >= settings.measured_min_customers
    )
    cells = cells.with_columns(
        *(pl.col(rate).round(6) for rate in _ARMS.values()),
        customers=pl.sum_horizontal(list(_ARMS)),
        uplift_basis=pl.when(is_measured).then(pl.lit(MEASURED)).otherwise(pl.lit(SHRUNK)),
    )
    return conform(cells, UPLIFTS).sort(*CELL, "own_arm", "own_levels")


def _own_traces() -> pl.DataFrame:
    """What a customer's own current spell may have left: nothing, or a row in so many levels."""
    traces = [(NOBODY, 0), *((arm, n) for arm in _ARMS for n in range(1, len(CELL) + 1))]
    return pl.DataFrame(
        traces, schema={"own_arm": pl.String(), "own_levels": pl.Int64()}, orient="row"
    )


def _shrunk(found: pl.DataFrame, lessons: pl.DataFrame, level: int, weight: float) -> pl.DataFrame:
    """Go one coordinate further: the rates of the cells met there, pulled to their parent's."""
    keys = list(CELL[:level])
    # The first coordinate is there already; a parent has as many children as were met.
    wider = keys[:-1] or keys
    children = found.drop(_ARMS, strict=False).join(lessons.select(keys).unique(), on=wider)
    for arm, rate in _ARMS.items():
        counted = (
            lessons.filter(pl.col("arm") == arm)
            .group_by(keys)
            .agg(members=pl.len().cast(pl.Int64), returned=pl.col("has_returned").sum())
        )
        is_own = (pl.col("own_arm") == arm) & (pl.col("own_levels") >= level)
        size = pl.col("members").fill_null(0) - is_own.cast(pl.Int64)
        posterior = (pl.col("returned").fill_null(0) + weight * pl.col(rate)) / (size + weight)
        children = (
            children.join(counted, on=keys, how="left")
            .with_columns(posterior.alias(rate), size.alias(arm))
            # A trace in a cell that nobody of the arm was in is nobody's.
            .filter(pl.col(arm) >= 0)
            .drop("members", "returned")
        )
    return children
