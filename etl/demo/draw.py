"""Repeatable chance: one stream per topic, uniform numbers only.

Everything is made from uniform draws, whose stream numpy keeps stable; other distributions may
change between numpy versions, and so would every generated file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SEED = 20171231


def words(text: str) -> tuple[str, ...]:
    """Split a list of words written as one text."""
    return tuple(text.split())


def numbered(name: str, prefix: str, digits: int = 6) -> pl.Expr:
    """Return ids in the order of the rows: ``E000001``, ``E000002`` ..."""
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(digits)
    return pl.concat_str(pl.lit(prefix), number).alias(name)


class Draw:
    """A stream of chance that depends on the seed and the topic only.

    Args:
        topic: Name of what is drawn; topics do not disturb each other.
    """

    def __init__(self, topic: str) -> None:
        self._generator = np.random.Generator(np.random.PCG64([SEED, *topic.encode()]))

    def uniform(self, size: int) -> Floats:
        """Draw from [0, 1)."""
        return self._generator.random(size)

    def chance(self, size: int, probability: float | Floats) -> Flags:
        """Draw true with the given probability, one for all or one each."""
        return self.uniform(size) < probability

    def whole(self, size: int, low: int, high: int) -> Ints:
        """Draw whole numbers from ``low`` to ``high``, both included."""
        return low + np.floor(self.uniform(size) * (high - low + 1)).astype(np.int64)

    def days(self, size: int, low: int, high: int) -> pl.Expr:
        """Draw durations of ``low`` to ``high`` days, both included."""
        return pl.duration(days=pl.lit(pl.Series(self.whole(size, low, high))))

    def pick(self, size: int, values: Sequence[str]) -> pl.Series:
        """Draw one of ``values`` each; a value that is listed twice comes twice as often."""
        return pl.Series(values)[self.whole(size, 0, len(values) - 1)]

    def bell(self, size: int) -> Floats:
        """Draw from about a standard normal: the sum of twelve uniform numbers, less six."""
        return np.asarray(self.uniform(size * 12).reshape(size, 12).sum(axis=1) - 6.0)

    def sample(self, population: int, size: int) -> Ints:
        """Draw ``size`` different positions below ``population``, or all, in rising order."""
        return np.sort(np.argsort(self.uniform(population), kind="stable")[:size])

    def moments(self, days: pl.Series, first_hour: int = 14, last_hour: int = 21) -> pl.Series:
        """Draw an instant of each day, as ISO 8601 text in UTC.

        Between 14:00 and 22:00 UTC it is the same day in all of the Americas and Europe, so a
        business date never slips.
        """
        size = days.len()
        seconds = pl.Series(self.whole(size, first_hour * 3600, (last_hour + 1) * 3600 - 1))
        moment = pl.col("day").cast(pl.Datetime("us")) + pl.duration(seconds=pl.col("seconds"))
        frame = pl.DataFrame({"day": days, "seconds": seconds})
        return frame.select(moment.dt.to_string("%Y-%m-%dT%H:%M:%SZ")).to_series()

    def later(self, since: pl.Series, until: date) -> pl.Series:
        """Draw a day after ``since``, up to ``until``, one in ten within the last week.

        Returns:
            Dates, null where no day is left.
        """
        recent, part = (
            pl.Series(self.chance(since.len(), 0.1)),
            pl.Series(self.uniform(since.len())),
        )
        left = (pl.lit(until) - pl.col("since")).dt.total_days()
        span = pl.when(recent).then(pl.min_horizontal(left, 7)).otherwise(left)
        day = pl.lit(until) - pl.duration(days=(part * span).floor().cast(pl.Int64))
        frame = since.alias("since").to_frame()
        return frame.select(pl.when(left > 0).then(day)).to_series()
