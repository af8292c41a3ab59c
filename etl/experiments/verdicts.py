"""What the interval of an effect says, in one word."""

from __future__ import annotations

from datetime import date

from etl.experiments.intervals import Interval

RUNNING, POSITIVE, NEGATIVE = "running", "positive", "negative"
NO_MATERIAL_EFFECT, INCONCLUSIVE = "no_material_effect", "inconclusive"


def verdict_of(
    uplift: Interval | None, material_difference: float, reads_on: date, as_of: date
) -> str:
    """Judge an effect, once, on the day that was fixed before it began.

    Who looks every day until something shows finds an effect where there is none.

    Args:
        uplift: Effect with its interval; None where an arm has nobody.
        material_difference: Largest effect that would change nothing, > 0.
        reads_on: The day fixed before.
        as_of: The day it is judged on.

    Source:
        Intervals within a margin: Schuirmann (1987), two one-sided tests. Looking early:
        Armitage, McPherson and Rowe (1969), Repeated significance tests on accumulating data.
    """
    if as_of < reads_on:
        return RUNNING
    if uplift is None:
        return INCONCLUSIVE
    if uplift.low > 0.0:
        return POSITIVE
    if uplift.high < 0.0:
        return NEGATIVE
    if -material_difference < uplift.low and uplift.high < material_difference:
        return NO_MATERIAL_EFFECT
    return INCONCLUSIVE
