"""Intervals of proportions and of sums of proportions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate and the two ends of its 95 % interval."""

    estimate: float
    low: float
    high: float


def normal_quantile(probability: float) -> float:
    """Return the point that a standard normal stays below with this probability."""
    return float(special.ndtri(probability))


def two_sided() -> float:
    """Return how many standard errors a 95 % interval reaches to each side: 1.96."""
    return normal_quantile((1.0 + CONFIDENCE) / 2.0)


def wilson(successes: FloatArray, trials: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lower and the upper end of the score interval of each proportion.

    Args:
        successes: 0 to ``trials`` each.
        trials: > 0 each.

    Source:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    z = two_sided()
    share = successes / trials
    middle = share + z**2 / (2.0 * trials)
    reach = z * np.sqrt(share * (1.0 - share) / trials + z**2 / (4.0 * trials**2))
    scale = 1.0 + z**2 / trials
    # Nobody and everybody leave no doubt on one side; rounding would.
    low = np.where(successes == 0, 0.0, (middle - reach) / scale)
    high = np.where(successes == trials, 1.0, (middle + reach) / scale)
    return low, high


def weighted_difference(
    weights: FloatArray,
    treated: tuple[FloatArray, FloatArray],
    held_out: tuple[FloatArray, FloatArray],
) -> Interval:
    """Interval of the weighted sum over strata of (share of treated - share of held out).

    With one stratum this is Newcombe's interval of a difference of two proportions.

    Args:
        weights: Share of each stratum, >= 0, sum 1.
        treated: Successes and trials (> 0) per stratum.
        held_out: The same of the other arm.

    Source:
        Newcombe (1998), Interval estimation for the difference between independent proportions,
        method 10; for the weighted sum Zou, Huang and Zhang (2009), A note on confidence interval
        estimation for a linear function of binomial proportions.
    """
    share_treated, share_held_out = treated[0] / treated[1], held_out[0] / held_out[1]
    low_treated, high_treated = wilson(*treated)
    low_held_out, high_held_out = wilson(*held_out)
    estimate = float((weights * (share_treated - share_held_out)).sum())
    down = (share_treated - low_treated) ** 2 + (high_held_out - share_held_out) ** 2
    up = (high_treated - share_treated) ** 2 + (share_held_out - low_held_out) ** 2
    return Interval(
        estimate,
        estimate - float(np.sqrt((weights**2 * down).sum())),
        estimate + float(np.sqrt((weights**2 * up).sum())),
    )
