"""What the cells of a column can be read as: tried with the very casts that a mapping uses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import polars as pl

from etl.mapping.casts import DECIMALS, FLAGS, Cast, typed

_DAYS = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d", "%d-%m-%Y", "%m-%d-%Y",
    "%d %b %Y", "%b %d, %Y", "%Y年%m月%d日",
)  # fmt: skip
_TIMES = (" %H:%M:%S", " %H:%M", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", " %H:%M:%S %z")
_INSTANTS = (
    "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %I:%M %p", *("".join(p) for p in product(_DAYS, _TIMES)),
)  # fmt: skip
_ENOUGH_TO_TELL_FLAGS = 2
_APART = {"email": "^[^@ ]+@[^@ ]+[.][^@ ]+$"}


@dataclass(frozen=True)
class Reading:
    """One way in which every filled cell of a column can be read.

    Args:
        kind: Kind of the contract (see :mod:`etl.contract.columns`).
        parse: strptime format; empty for ISO 8601 and for kinds without one.
        decimal_mark: Mark of a number that has decimals; empty where it makes no difference.
    """

    kind: str
    parse: str = ""
    decimal_mark: str = ""


@dataclass(frozen=True)
class Shape:
    """What a source column looks like.

    Args:
        filled: Cells of the sample that are not empty.
        distinct: Different values among them.
        readings: Every way to read all of them; text is always one.
        is_email: Whether all of them look like e-mail addresses.
    """

    filled: int
    distinct: int
    readings: tuple[Reading, ...]
    is_email: bool

    def read_as(self, kind: str) -> tuple[Reading, ...]:
        """Return the ways to read the column as a kind; more than one is a question to ask."""
        return tuple(reading for reading in self.readings if reading.kind == kind)


def shape_of(cells: pl.Series) -> Shape:
    """Look at the cells of one column.

    Args:
        cells: Text, empty cells null.
    """
    filled = cells.drop_nulls()
    values = filled.unique(maintain_order=True).alias("cell")
    readings = [Reading("text")]
    if len(values):
        readings += [*_numbers(values), *_flags(values), *_days(values), *_instants(values)]
    return Shape(
        filled=len(filled),
        distinct=len(values),
        readings=tuple(readings),
        is_email=bool(len(values)) and bool(values.str.contains(_APART["email"]).all()),
    )


def first_misfit(cells: pl.Series, cast: Cast) -> int | None:
    """Return the number of the first record, from 1, that a cast cannot read; None if none."""
    bad = cells.to_frame("cell").select(
        pl.col("cell").is_not_null() & typed(pl.col("cell"), cast).is_null()
    )
    misfits = bad.to_series().arg_true()
    return int(misfits[0]) + 1 if len(misfits) else None


def _numbers(values: pl.Series) -> list[Reading]:
    found = []
    if first_misfit(values, Cast("integer")) is None:
        found = [Reading("integer"), *(Reading(kind) for kind in DECIMALS)]
    else:
        found = [
            Reading(kind, decimal_mark=mark)
            for mark in (".", ",")
            for kind in DECIMALS
            if first_misfit(values, Cast(kind, decimal_mark=mark)) is None
        ]
    return found


def _flags(values: pl.Series) -> list[Reading]:
    """A column of ones alone is a number, not a flag."""
    spoken = values.str.to_lowercase().unique()
    words = spoken.is_in(list(FLAGS)).all()
    numeric = spoken.str.contains("^[0-9]+$").all()
    if not words or (numeric and len(spoken) < _ENOUGH_TO_TELL_FLAGS):
        return []
    return [Reading("flag")]


def _days(values: pl.Series) -> list[Reading]:
    if first_misfit(values, Cast("day")) is None:
        return [Reading("day")]
    return _told_apart(values, "day", _DAYS)


def _instants(values: pl.Series) -> list[Reading]:
    if first_misfit(values, Cast("instant")) is None or _is_iso_day(values):
        return [Reading("instant", "" if not _is_iso_day(values) else "%Y-%m-%d")]
    return _told_apart(values, "instant", (*_DAYS, *_INSTANTS))


def _is_iso_day(values: pl.Series) -> bool:
    return first_misfit(values, Cast("day")) is None


def _told_apart(values: pl.Series, kind: str, formats: tuple[str, ...]) -> list[Reading]:
    """Return the formats that read every cell; of those that read the same, the first."""
    found: list[Reading] = []
    results: list[pl.Series] = []
    for parse in formats:
        cast = Cast(kind, parse=parse)
        if first_misfit(values, cast) is not None:
            continue
        result = values.to_frame("cell").select(typed(pl.col("cell"), cast)).to_series()
        if not any(result.equals(other) for other in results):
            found.append(Reading(kind, parse))
            results.append(result)
    return found
