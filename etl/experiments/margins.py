"""What an experiment earned: incremental margin, its bootstrap interval, its detectable effect."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from etl.experiments.inputs import HOLDOUT, TREATMENT
from etl.experiments.intervals import CONFIDENCE, FloatArray, Interval
from etl.experiments.power import minimum_detectable_mean
from etl.experiments.uplift import count_arms, has_both_arms, stratum_weights

# Values drawn at a time; beyond it the draws are made in parts.
_PICKS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class IncrementalMargin:
    """Margin that would not be there without the treatment.

    Args:
        per_customer: Difference of the mean margins, per treated customer.
        total: The same times the customers treated.
        detectable_per_customer: Smallest difference that would have been found.
    """

    per_customer: Interval
    total: Interval
    detectable_per_customer: float


def incremental_margin(outcomes: pl.DataFrame, draws: int, name: str) -> IncrementalMargin | None:
    """Estimate the post-stratified difference of mean margins, with a bootstrap interval.

    Customers are drawn with replacement within their stratum and arm, so that the sizes of the
    experiment stay. Who earned nothing is drawn by counting.

    Args:
        outcomes: One row per customer of one experiment: ``stratum``, ``arm``, ``has_returned``
            and ``margin`` (money within the outcome window, 0 where nothing was bought).
        draws: Resamples, > 1.
        name: Of the experiment; seeds the draws.

    Returns:
        None where a stratum has an arm without customers.

    Source:
        Efron and Tibshirani (1993), An introduction to the bootstrap, chapter 13, percentile
        interval; resampled within strata.
    """
    counted = count_arms(outcomes)
    if not has_both_arms(counted):
        return None
    random = np.random.Generator(np.random.PCG64(_seed(name)))
    mean, drawn = 0.0, np.zeros(draws)
    for weight, stratum in zip(stratum_weights(counted), counted["stratum"], strict=True):
        for arm, sign in ((TREATMENT, 1.0), (HOLDOUT, -1.0)):
            margins = _margins(outcomes, stratum, arm)
            mean += sign * weight * float(margins.mean())
            drawn += sign * weight * _resampled_means(margins, draws, random)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    treated = int(counted["treated"].sum())
    return IncrementalMargin(
        Interval(mean, float(low), float(high)),
        Interval(mean * treated, float(low) * treated, float(high) * treated),
        minimum_detectable_mean(float(drawn.std(ddof=1))),
    )


def _margins(outcomes: pl.DataFrame, stratum: str, arm: str) -> FloatArray:
    """Margins of one cell, sorted: the order of the customers decides no draw."""
    rows = outcomes.filter(pl.col("stratum") == stratum, pl.col("arm") == arm)
    return rows.get_column("margin").cast(pl.Float64).sort().to_numpy()


def _resampled_means(margins: FloatArray, draws: int, random: np.random.Generator) -> FloatArray:
    """Means of resamples; how many of each are not zero is binomial, which saves drawing zeros."""
    earning = margins[margins != 0.0]
    counts = random.binomial(margins.size, earning.size / margins.size, draws)
    if earning.size == 0:
        return np.zeros(draws)
    part = max(_PICKS_AT_ONCE // earning.size, 1)
    sums = [
        _picked_sums(earning, counts[start : start + part], random)
        for start in range(0, draws, part)
    ]
    means: FloatArray = np.concatenate(sums) / margins.size
    return means


def _picked_sums(
    earning: FloatArray, counts: NDArray[np.int64], random: np.random.Generator
) -> FloatArray:
    """Sums of so many values each, drawn with replacement."""
    picks = earning[random.integers(earning.size, size=int(counts.sum()))]
    owner = np.repeat(np.arange(counts.size), counts)
    return np.bincount(owner, weights=picks, minlength=counts.size).astype(np.float64)


def _seed(name: str) -> int:
    return int(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:16], 16)
