"""What a number of a workbook means by its format: a number, a day, an instant or digits.

A workbook holds days and instants as days since an epoch, and shows them by a format. Only the
format tells them from amounts; a serial without one stays the number it is.

Source:
    ECMA-376 Part 1 (2016), 18.8.30 "numFmt" for the built-in formats, 18.17.4 for dates and times.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal

from etl.ingest.gate.tables import DOUBLE_DIGITS, INEXACT, float_text

Shown = Literal["number", "day", "instant", "time"] | int  # an int: digits, filled up with zeros

_DAY_IDS = {14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 59)}
_TIME_IDS = {18, 19, 20, 21, 32, 33, 45, 46, 47}
_INSTANT_IDS = {22}
# Quoted text, escaped characters, blanks as wide as one, fill characters, colours and locales.
_NOT_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]{1,3})?")
_USUAL = re.compile("0|-?(?:0[.][0-9]*[1-9]|[1-9][0-9]*(?:[.][0-9]*[1-9])?)")  # as short as can be
_MOST_FIGURES = 17  # a double never needs more
_LAST_SERIAL = 2_958_466  # the day after 9999-12-31
_MILLISECONDS = 86_400_000
# Day 60 is 29 February 1900, which never was; so the day 0 of those after it is a day earlier.
_NO_DAY = 60
_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - as the clock showed it, in no zone


def shown_as(format_id: int, codes: dict[int, str]) -> Shown:
    """Return what a number format shows.

    Args:
        format_id: Its number; below 164 it is built in, unless the workbook says otherwise.
        codes: Format codes that the workbook declares.
    """
    if format_id in codes:
        return _of_code(codes[format_id])
    if format_id in _DAY_IDS:
        return "day"
    if format_id in _TIME_IDS:
        return "time"
    return "instant" if format_id in _INSTANT_IDS else "number"


def _of_code(code: str) -> Shown:
    bare = _NOT_CODE.sub("", code).partition(";")[0].lower()
    if re.fullmatch("0{2,}", bare):
        return len(bare)
    if "general" in bare:
        return "number"
    has_day = bool(re.search("[yd]|mmm", bare))
    has_time = bool(re.search("[hs]|am/pm", bare))
    if has_day or has_time:
        return "instant" if has_day and has_time else "day" if has_day else "time"
    return "day" if "m" in bare else "number"


def number_text(raw: str, shown: Shown, *, is_1904: bool) -> str:
    """Write a number of a workbook as text.

    Args:
        raw: What stands in the file.
        shown: What its format shows.
        is_1904: Whether days count from 1904.

    Returns:
        A day or an instant in ISO 8601 without an offset; else the decimal number, as
        :func:`~etl.ingest.gate.tables.float_text` writes it.

    Raises:
        ValueError: It is no number.
    """
    if shown == "number" and len(raw) <= DOUBLE_DIGITS and _USUAL.fullmatch(raw):
        return raw
    if not _NUMBER.fullmatch(raw):
        raise ValueError
    value = float(raw)
    figures = re.sub("[eE].*", "", raw).replace(".", "").lstrip("+-0").rstrip("0")
    if len(figures) > _MOST_FIGURES:  # no double; a reader would round it
        return INEXACT + raw
    if shown in ("day", "instant", "time"):
        if clock := _clock_text(value, shown, is_1904=is_1904):
            return clock
        shown = "number"
    text = float_text(repr(value))
    return text.zfill(shown) if isinstance(shown, int) and text.isdigit() else text


def _clock_text(value: float, shown: Shown, *, is_1904: bool) -> str:
    """Return a serial as ISO 8601, to the millisecond; empty where it is no date.

    A serial with a fraction that is shown as a day keeps its time: it is not cut off in silence.
    """
    if not 0 <= value < _LAST_SERIAL:
        return ""
    moment = timedelta(milliseconds=round(value * _MILLISECONDS))
    if shown == "time":
        return _iso(_ZERO + moment)[11:] if moment < timedelta(days=1) else ""
    when = _since(moment, is_1904=is_1904)
    if when is None:
        return ""
    is_midnight = moment % timedelta(days=1) == timedelta()
    return when.date().isoformat() if shown == "day" and is_midnight else _iso(when)


def _since(moment: timedelta, *, is_1904: bool) -> datetime | None:
    """Return the clock time that lies so long after the epoch."""
    if is_1904:
        epoch = datetime(1904, 1, 1)  # noqa: DTZ001 - as the clock showed it, in no zone
    elif 1 <= moment.days < _NO_DAY:
        epoch = _ZERO + timedelta(days=1)
    elif moment.days > _NO_DAY:
        epoch = _ZERO
    else:
        return None
    try:
        return epoch + moment
    except OverflowError:  # after the year 9999
        return None


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds" if when.microsecond else "seconds")
