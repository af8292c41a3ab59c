"""From a sample to a proposal: what the file is, and one entry for each contract column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from etl.contract import TABLES
from etl.proposal.asked import Asked, refuse_unusable
from etl.proposal.entries import Entry, entries_of
from etl.proposal.matching import Match, match_table
from etl.proposal.needs import Need, unmet
from etl.proposal.presets import Preset, preset_for
from etl.proposal.sample import Sample, read_sample
from etl.proposal.shapes import shape_of
from etl.proposal.tables import tables_of


@dataclass(frozen=True)
class Proposal:
    """A mapping of one export, and what is still open about it.

    Args:
        asked: What the user said.
        sample: The beginning of the file.
        entries: One entry per proposed or required contract column, by table.
        grain: Source column whose value an order's rows share; empty when a row stands alone.
        forward_fill: Source columns that only the first row of an order fills.
        decimal_mark: Mark of the numbers.
        unused: Source columns that nothing reads.
        preset: The shipped mapping whose header this is, if there is one.
        unmet: What marts lack with this file alone.
    """

    asked: Asked
    sample: Sample
    entries: tuple[Entry, ...]
    grain: str
    forward_fill: tuple[str, ...]
    decimal_mark: str
    unused: tuple[str, ...]
    preset: Preset | None
    unmet: tuple[Need, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The contract tables the file feeds."""
        return tuple(dict.fromkeys(entry.table for entry in self.entries))

    @property
    def needed(self) -> tuple[str, ...]:
        """What must be filled in before the mapping can be used."""
        missing = [f"{e.table}.{e.column}" for e in self.entries if e.state == "needed"]
        zone = [] if self.asked.time_zone else ["business_time_zone"]
        return (*zone, *missing)


def propose(file: Path, asked: Asked) -> Proposal:
    """Look at a file and propose how to map it.

    Raises:
        FileRejected: The gate refuses the file.
        UsageError: It is no table, resembles none of the contract's, or a mapping cannot say what
            was asked.
    """
    refuse_unusable(asked)
    sample = read_sample(file, asked.encoding, asked.delimiter)
    shapes = {header: shape_of(sample.rows[header]) for header in sample.header}
    tables = tables_of(sample, shapes, asked.tables)
    matches = {table: match_table(TABLES[table], sample, shapes) for table in tables}
    mark = _decimal_mark(matches)
    matches = {table: _with_one_mark(found, mark) for table, found in matches.items()}
    grain, forward_fill = _documents(sample, matches)
    told = {"business_unit": asked.business_unit or asked.system, "currency": asked.currency}
    entries = tuple(
        entry
        for table in tables
        for entry in entries_of(TABLES[table], matches, sample, shapes, told)
    )
    used = {str(entry.spec["from"]) for entry in entries if entry.spec and "from" in entry.spec}
    return Proposal(
        asked=asked,
        sample=sample,
        entries=entries,
        grain=grain,
        forward_fill=forward_fill,
        decimal_mark=mark,
        unused=tuple(header for header in sample.header if header not in used),
        preset=preset_for(sample.header),
        unmet=unmet({f"{e.table}.{e.column}" for e in entries if e.state != "needed"}),
    )


def _documents(
    sample: Sample, matches: Mapping[str, tuple[Match, ...]]
) -> tuple[str, tuple[str, ...]]:
    """Return the column that names an order, and the columns that only its first row fills."""
    if "order_lines" not in matches:
        return "", ()
    key = next((m.header for m in matches["order_lines"] if m.column == "order_id"), "")
    if not key:
        return "", ()
    follows = pl.col(key) == pl.col(key).shift()
    filled = [
        header
        for match in matches.get("orders", ())
        if (header := match.header) != key
        and _only_on_first(sample.rows.select(follows.alias("follows"), pl.col(header)))
    ]
    return key, tuple(dict.fromkeys(filled))


def _only_on_first(rows: pl.DataFrame) -> bool:
    later = rows.filter("follows").to_series(1)
    first = rows.filter(~pl.col("follows").fill_null(value=False)).to_series(1)
    return len(later) > 0 and later.is_null().all() and not first.is_null().all()


def _decimal_mark(matches: Mapping[str, tuple[Match, ...]]) -> str:
    marks = [
        match.reading.decimal_mark
        for found in matches.values()
        for match in found
        if match.reading and match.reading.decimal_mark
    ]
    return max(sorted(set(marks)), key=marks.count) if marks else "."


def _with_one_mark(matches: tuple[Match, ...], mark: str) -> tuple[Match, ...]:
    """Give up the columns whose numbers have another mark: an export has one."""
    return tuple(
        replace(match, confidence=0.0, reading=None, doubt=f"its decimal mark is not {mark!r}")
        if match.reading and match.reading.decimal_mark not in {"", mark}
        else match
        for match in matches
    )
