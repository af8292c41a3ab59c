"""What an experiment of a given size can find: its minimum detectable effect."""

from __future__ import annotations

import math

from scipy import optimize

from etl.experiments.intervals import normal_quantile, two_sided

POWER = 0.8
# Where the search begins: no list is long enough to find less.
_SMALLEST = 1e-9


def minimum_detectable_effect(treated: int, held_out: int, base_rate: float) -> float | None:
    """Return the smallest rise of a rate that a two-sided test at 5 % finds with 80 % power.

    Args:
        treated: Customers, > 0.
        held_out: Customers, > 0.
        base_rate: Rate without treatment, 0 to 1.

    Returns:
        The rise as a share (0.023 is 2.3 percentage points); None where even a rise to 1 is
        not found.

    Source:
        Fleiss (1981), Statistical methods for rates and proportions, chapter 3, samples of
        unequal size: the variance is pooled under no effect and separate under the effect.
    """

    def shortfall(effect: float) -> float:
        rate = min(base_rate + effect, 1.0)
        pooled = (treated * rate + held_out * base_rate) / (treated + held_out)
        without = math.sqrt(pooled * (1.0 - pooled) * (1.0 / treated + 1.0 / held_out))
        own = rate * (1.0 - rate) / treated + base_rate * (1.0 - base_rate) / held_out
        return effect - two_sided() * without - normal_quantile(POWER) * math.sqrt(own)

    largest = 1.0 - base_rate
    if shortfall(largest) <= 0.0:
        return None
    return float(optimize.brentq(shortfall, _SMALLEST, largest, xtol=1e-12))


def minimum_detectable_mean(standard_error: float) -> float:
    """Return the smallest difference of means that a two-sided test at 5 % finds with 80 % power.

    Args:
        standard_error: Of the difference, in the unit of the means.

    Source:
        Bloom (1995), Minimum detectable effects: 2.8 standard errors.
    """
    return (two_sided() + normal_quantile(POWER)) * standard_error
