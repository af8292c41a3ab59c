"""How many more returned because they were written to: post-stratified, by intent to treat."""

from __future__ import annotations

import polars as pl

from etl.experiments.inputs import HOLDOUT, TREATMENT
from etl.experiments.intervals import FloatArray, Interval, weighted_difference

POOLED = "pooled"


def count_arms(outcomes: pl.DataFrame) -> pl.DataFrame:
    """Count customers and those who returned, side by side for both arms.

    Args:
        outcomes: One row per customer of one experiment: ``stratum`` at assignment, ``arm`` and
            ``has_returned``.

    Returns:
        One row per ``stratum``, sorted: ``treated``, ``treated_returned``, ``held_out``,
        ``held_out_returned``; 0 where an arm has nobody.
    """
    returned, arm = pl.col("has_returned"), pl.col("arm")
    return (
        outcomes.group_by("stratum")
        .agg(
            treated=(arm == TREATMENT).sum(),
            treated_returned=(returned & (arm == TREATMENT)).sum(),
            held_out=(arm == HOLDOUT).sum(),
            held_out_returned=(returned & (arm == HOLDOUT)).sum(),
        )
        .cast({pl.UInt32: pl.Int64})
        .sort("stratum")
    )


def pool_thin_strata(outcomes: pl.DataFrame, fewest: int) -> pl.DataFrame:
    """Put the strata in which an arm has hardly anybody into one.

    An arm without customers says nothing, and the stratum's share would be lost. If the thin ones
    together are still too thin, all customers are one stratum.

    Args:
        outcomes: ``stratum`` and ``arm``, one row per customer of one experiment.
        fewest: Customers of each arm that a stratum needs.

    Returns:
        The same rows in their order, with the stratum to analyse by.

    Source:
        Cochran (1977), Sampling techniques, section 5A.12, collapsed strata; which are collapsed
        depends on sizes alone, never on an outcome.
    """
    once = _pool(outcomes, fewest)
    counted = _smaller_arm(once)
    return once if (counted["smaller"] >= fewest).all() else _one_stratum(once)


def uplift_of(counted: pl.DataFrame) -> Interval | None:
    """Estimate the rise of the return rate, each stratum weighing as much as it has customers.

    Args:
        counted: As :func:`count_arms` returns it.

    Returns:
        Share of treated that returned less share of held out, with its 95 % interval; None where
        a stratum has an arm without customers.

    Source:
        Miratrix, Sekhon and Yu (2013), Adjusting treatment effect estimates by post-stratification
        in randomized experiments, eq. (2); interval: :func:`weighted_difference`.
    """
    columns = ("treated_returned", "treated", "held_out_returned", "held_out")
    returned, treated, held_out_returned, held_out = (_floats(counted, name) for name in columns)
    if not has_both_arms(counted):
        return None
    return weighted_difference(
        stratum_weights(counted), (returned, treated), (held_out_returned, held_out)
    )


def has_both_arms(counted: pl.DataFrame, fewest: int = 1) -> bool:
    """Whether there is a stratum, and each has at least ``fewest`` customers in both arms."""
    smaller = counted.select(pl.min_horizontal("treated", "held_out").min()).item()
    return smaller is not None and int(smaller) >= fewest


def stratum_weights(counted: pl.DataFrame) -> FloatArray:
    """Return the share of each stratum in all customers of the experiment."""
    size = _floats(counted, "treated") + _floats(counted, "held_out")
    weights: FloatArray = size / size.sum()
    return weights


def _pool(outcomes: pl.DataFrame, fewest: int) -> pl.DataFrame:
    thin = _smaller_arm(outcomes).filter(pl.col("smaller") < fewest)["stratum"]
    pooled = pl.when(pl.col("stratum").is_in(thin.to_list())).then(pl.lit(POOLED))
    return outcomes.with_columns(stratum=pooled.otherwise(pl.col("stratum")))


def _smaller_arm(outcomes: pl.DataFrame) -> pl.DataFrame:
    arm = pl.col("arm")
    smaller = pl.min_horizontal((arm == TREATMENT).sum(), (arm == HOLDOUT).sum())
    return outcomes.group_by("stratum").agg(smaller=smaller)


def _one_stratum(outcomes: pl.DataFrame) -> pl.DataFrame:
    return outcomes.with_columns(stratum=pl.lit(POOLED))


def _floats(frame: pl.DataFrame, column: str) -> FloatArray:
    return frame.get_column(column).cast(pl.Float64).to_numpy()
