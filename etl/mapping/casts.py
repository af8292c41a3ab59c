r"""Text to the contract's types, so that a value either arrives whole or is seen to be missing.

Every cast is: a regex first (with ``[0-9]``; a ``\d`` would let full-width digits through), then
a cast that gives null instead of an error. The caller compares: text there, value null -> the
cell is bad, and :func:`why_bad` names the reason. Nothing is ever rounded, cut or guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from etl.mapping.layouts import UTC_INSTANT, read_by_layout

# Digits after the mark, as the contract's decimal types keep them.
DECIMALS = {
    "money": (18, 4),
    "quantity": (18, 6),
    "score": (9, 4),
    "points": (18, 2),
    "fx": (24, 12),
}
NUMBERS = (*DECIMALS, "integer")
TIMES = ("day", "instant")
FLAGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
# Holds every number of the contract with all its decimals.
ANY_NUMBER = pl.Decimal(38, 12)

_INTEGER = "^-?[0-9]+$"
_ISO_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ISO_NAIVE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
_OFFSET = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
_TIME_DIRECTIVES = re.compile("%[-_0]?[HIklMSTRXcsr]")
# `%Y` also reads "17" as the year 17: a year out of these bounds is a mistake in the format.
_FIRST_YEAR, _LAST_YEAR = 1900, 9999


@dataclass(frozen=True)
class Cast:
    """How the text of one column becomes a value.

    Args:
        kind: Kind of the contract column (see :mod:`etl.contract.columns`).
        parse: strptime format of a day or an instant; null means ISO 8601.
        time_zone: IANA zone of instants without an offset.
        decimal_mark: ``.`` or ``,``.
        shift_days: Days added to a day or an instant, on the clock of its own zone.
        negate: Whether the sign of a number is turned.
    """

    kind: str
    parse: str | None = None
    time_zone: str = "UTC"
    decimal_mark: str = "."
    shift_days: int = 0
    negate: bool = False


def typed(text: pl.Expr, cast: Cast) -> pl.Expr:
    """Return the value of a text; null where the text is null or cannot be read."""
    if cast.kind == "text":
        return text
    if cast.kind == "flag":
        return text.str.to_lowercase().replace_strict(
            FLAGS, default=None, return_dtype=pl.Boolean()
        )
    if cast.kind == "day":
        return _day(text, cast)
    if cast.kind == "instant":
        return _instant(text, cast)
    number = _number(text, cast)
    return -number if cast.negate else number


def plain_number(text: pl.Expr, decimal_mark: str) -> pl.Expr:
    """Return the number of a text with any decimals, Decimal(38, 12); null where it is none."""
    mark = re.escape(decimal_mark)
    plain = _only(text, f"^-?[0-9]+(?:{mark}[0-9]{{1,12}})?$")
    return plain.str.replace(decimal_mark, ".", literal=True).cast(ANY_NUMBER, strict=False)


def why_bad(text: pl.Expr, cast: Cast) -> pl.Expr:
    """Return the reason code of a text that :func:`typed` could not read."""
    if cast.kind == "flag":
        return pl.lit("NOT_A_FLAG")
    if cast.kind == "day":
        return pl.lit("NOT_A_DATE")
    if cast.kind == "instant":
        return _why_bad_instant(text, cast)
    if cast.kind == "integer":
        return _code(text.str.contains(_INTEGER), "OUT_OF_RANGE", pl.lit("NOT_AN_INTEGER"))
    mark = re.escape(cast.decimal_mark)
    plain = text.str.contains(f"^-?[0-9]+(?:{mark}[0-9]+)?$")
    too_fine = _code(plain, "TOO_MANY_DECIMALS", pl.lit("NOT_A_NUMBER"))
    return _code(text.str.contains(_decimal_pattern(cast)), "OUT_OF_RANGE", too_fine)


def _code(condition: pl.Expr, code: str, otherwise: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(pl.lit(code)).otherwise(otherwise)


def _decimal_pattern(cast: Cast) -> str:
    _, scale = DECIMALS[cast.kind]
    return f"^-?[0-9]+(?:{re.escape(cast.decimal_mark)}[0-9]{{1,{scale}}})?$"


def _number(text: pl.Expr, cast: Cast) -> pl.Expr:
    if cast.kind == "integer":
        return _only(text, _INTEGER).cast(pl.Int64(), strict=False)
    plain = _only(text, _decimal_pattern(cast))
    if cast.decimal_mark != ".":
        plain = plain.str.replace(cast.decimal_mark, ".", literal=True)
    return plain.cast(pl.Decimal(*DECIMALS[cast.kind]), strict=False)


def _only(text: pl.Expr, pattern: str) -> pl.Expr:
    """Keep the texts that match; the others become null."""
    return pl.when(text.str.contains(pattern)).then(text)


def _day(text: pl.Expr, cast: Cast) -> pl.Expr:
    if cast.parse is None:
        day = _only(text, _ISO_DAY).str.to_date("%Y-%m-%d", strict=False)
    else:
        day = text.str.to_date(cast.parse, strict=False)
    return _shifted(_in_calendar(day), cast)


def _instant(text: pl.Expr, cast: Cast) -> pl.Expr:
    if cast.parse is None:
        return read_by_layout(
            text,
            clock_time=lambda naive: _in_zone(naive, cast.time_zone, cast),
            instant=lambda aware: _shifted(aware, cast),
            anything=lambda unusual: _any_iso_instant(unusual, cast),
        )
    if "%z" in cast.parse:
        aware = text.str.to_datetime(cast.parse, time_unit="us", strict=False)
        return _shifted(_in_calendar(aware.cast(UTC_INSTANT)), cast)
    return _in_zone(_parsed_naive(text, cast.parse), cast.time_zone, cast)


def _any_iso_instant(text: pl.Expr, cast: Cast) -> pl.Expr:
    naive = _in_zone(_iso_naive(text), cast.time_zone, cast)
    return pl.coalesce(_shifted(_iso_aware(text), cast), naive)


def _iso_aware(text: pl.Expr) -> pl.Expr:
    """Instants written with ``Z`` or an offset."""
    canonical = _iso_seconds(_only(text, _ISO_NAIVE + _OFFSET)).str.replace("Z$", "+00:00")
    return _in_calendar(
        canonical.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", time_unit="us", strict=False)
    )


def _iso_naive(text: pl.Expr) -> pl.Expr:
    """Instants written without an offset, as the clock showed them."""
    canonical = _iso_seconds(_only(text, _ISO_NAIVE + "$"))
    return _in_calendar(
        canonical.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    )


def _iso_seconds(text: pl.Expr) -> pl.Expr:
    """Write the separator as a space and add the seconds that ISO 8601 lets one leave out."""
    spaced = text.str.replace("T", " ", literal=True)
    return spaced.str.replace("^([^ ]+ [0-9]{2}:[0-9]{2})($|[Z+-])", "${1}:00${2}")


def _parsed_naive(text: pl.Expr, format_: str) -> pl.Expr:
    if _TIME_DIRECTIVES.search(format_):
        return _in_calendar(text.str.to_datetime(format_, time_unit="us", strict=False))
    day = text.str.to_date(format_, strict=False)
    return _in_calendar(day).cast(pl.Datetime("us"))


def _in_zone(naive: pl.Expr, zone: str, cast: Cast) -> pl.Expr:
    """Read a clock time in its zone; times that happened twice or never become null."""
    local = _shifted(naive, cast).dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _shifted(time: pl.Expr, cast: Cast) -> pl.Expr:
    return time.dt.offset_by(f"{cast.shift_days}d") if cast.shift_days else time


def _in_calendar(time: pl.Expr) -> pl.Expr:
    return pl.when(time.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)).then(time)


def _why_bad_instant(text: pl.Expr, cast: Cast) -> pl.Expr:
    if cast.parse is not None and "%z" in cast.parse:
        return pl.lit("NOT_AN_INSTANT")
    naive = _iso_naive(text) if cast.parse is None else _parsed_naive(text, cast.parse)
    # Taking the earlier of two readings leaves only the times that never were.
    earlier = _shifted(naive, cast).dt.replace_time_zone(
        cast.time_zone, ambiguous="earliest", non_existent="null"
    )
    gap = _code(earlier.is_null(), "NONEXISTENT_TIME", pl.lit("AMBIGUOUS_TIME"))
    return pl.when(naive.is_null()).then(pl.lit("NOT_AN_INSTANT")).otherwise(gap)
