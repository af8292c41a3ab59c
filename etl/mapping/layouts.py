"""ISO 8601 instants by the layouts that a column is written in, mostly one or two.

Reading any way of writing an instant takes a dozen steps a cell. An export writes all its instants
alike, but for the offset of summer time: so the first text that is not read yet says how to read
every text like it, in two steps. What is unusual is left to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

UTC_INSTANT = pl.Datetime("us", "UTC")

_MOST_LAYOUTS = 4
# Only what every reader takes for the same: neither second 60 nor a year near the first or last.
_YEAR = "(?:19[1-9]|[2-8][0-9]{2})[0-9]"
_MINUTE = f"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}%s(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_OFFSET = "([+-])(0[0-9]|1[0-4]):?([0-5][0-9])"
_ANY = re.compile(rf"{_MINUTE % '([T ])'}(:[0-5][0-9])?(?:\.([0-9]{{1,6}}))?(Z|{_OFFSET})?")


@dataclass(frozen=True)
class Layout:
    """One way to write an instant.

    Args:
        between: What stands between day and time.
        has_seconds: Whether seconds are written.
        decimals: Digits of the second's fraction.
        suffix: The offset as written; empty for a clock time.
        offset: What the suffix means; null for a clock time.
    """

    between: str
    has_seconds: bool
    decimals: int
    suffix: str
    offset: timedelta | None

    @classmethod
    def of(cls, text: str) -> Layout | None:
        """Return the layout of a text; null when it is unusual or no instant."""
        found = _ANY.fullmatch(text)
        if found is None or (found[3] and not found[2]):
            return None
        between, seconds, fraction, suffix, sign, hours, minutes = found.groups(default="")
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        signed = -offset if sign == "-" else offset
        return cls(between, bool(seconds), len(fraction), suffix, signed if suffix else None)

    @property
    def pattern(self) -> str:
        """Matches the texts of this layout, apart from days that no month has."""
        seconds = ":[0-5][0-9]" if self.has_seconds else ""
        fraction = rf"\.[0-9]{{{self.decimals}}}" if self.decimals else ""
        return f"^{_MINUTE % self.between}{seconds}{fraction}{re.escape(self.suffix)}$"

    def clock_time(self, text: pl.Expr) -> pl.Expr:
        """Return what is written before the offset, Datetime(us)."""
        form = f"%Y-%m-%d{self.between}%H:%M" + (":%S" if self.has_seconds else "")
        clock = text.str.slice(0, 19 if self.has_seconds else 16)
        time = clock.str.to_datetime(form, time_unit="us", strict=False)
        if not self.decimals:
            return time
        fraction = text.str.slice(20, self.decimals).cast(pl.Int64(), strict=False)
        return time + pl.duration(microseconds=fraction * 10 ** (6 - self.decimals))


def read_by_layout(
    text: pl.Expr,
    clock_time: Callable[[pl.Expr], pl.Expr],
    instant: Callable[[pl.Expr], pl.Expr],
    anything: Callable[[pl.Expr], pl.Expr],
) -> pl.Expr:
    """Read ISO instants, null where a text is none.

    Args:
        text: The texts.
        clock_time: Makes an instant of a clock time without an offset.
        instant: Has the last word on an instant with one.
        anything: Reads what has no usual layout.
    """

    def read(layout: Layout) -> pl.Expr:
        time = layout.clock_time(pl.col("text"))
        if layout.offset is None:
            return clock_time(time)
        return instant((time - layout.offset).dt.replace_time_zone("UTC"))

    def read_all(texts: pl.Series) -> pl.Series:
        rest, found = texts.alias("text"), []
        for _ in range(_MOST_LAYOUTS):
            unread = rest.drop_nulls().head(1).to_list()
            layout = Layout.of(unread[0]) if unread else None
            if layout is None:
                break
            is_so = rest.str.contains(layout.pattern)
            found.append(rest.set(~is_so, None).to_frame().select(read(layout)).to_series())
            rest = rest.set(is_so, None)
        if rest.null_count() < len(rest):
            found.append(rest.to_frame().select(anything(pl.col("text"))).to_series())
        nothing = pl.lit(None, dtype=UTC_INSTANT)
        return pl.select(
            pl.coalesce(*found) if found else pl.repeat(nothing, len(texts))
        ).to_series()

    return text.map_batches(read_all, return_dtype=UTC_INSTANT, is_elementwise=True)
