"""Which source column stands for which contract column, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from etl.contract import Table
from etl.mapping.casts import TIMES, Cast
from etl.proposal.names import KNOWN_NAME, likeness, words_of
from etl.proposal.sample import Sample
from etl.proposal.shapes import Reading, Shape, first_misfit

SURE = 0.9
# What many exports call the id of their own records.
_OWN_ID = {("id",), ("record", "id")}
_WORTH_A_LOOK = 0.25
_EMPTY_SAMPLE, _SEVERAL_READINGS, _SEVERAL_COLUMNS = 0.9, 0.5, 0.5


@dataclass(frozen=True)
class Match:
    """One contract column and the source column proposed for it.

    Args:
        column: Contract column.
        header: Source column.
        confidence: 0 to 1; from ``SURE`` on nobody needs to look.
        reading: How its cells are read; None when none of the ways fits.
        doubt: Why it is not sure; empty when it is.
    """

    column: str
    header: str
    confidence: float
    reading: Reading | None
    doubt: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether it can be taken without a look."""
        return self.confidence >= SURE


def match_table(table: Table, sample: Sample, shapes: Mapping[str, Shape]) -> tuple[Match, ...]:
    """Return the best source column of each contract column of a table, in contract order.

    A source column stands for one contract column of a table only, the one it is likest to.
    """
    columns = table.schema.column_names()
    found = [
        match
        for column in columns
        for header in sample.header
        if (match := _match(table, column, header, sample, shapes[header])) is not None
    ]
    order = {name: position for position, name in enumerate(columns)}
    found.sort(key=lambda match: (-match.confidence, order[match.column]))
    chosen: dict[str, Match] = {}
    for match in found:
        if match.column not in chosen and match.header not in {m.header for m in chosen.values()}:
            chosen[match.column] = _with_rivals(match, found, chosen)
    return tuple(sorted(chosen.values(), key=lambda match: order[match.column]))


def _match(table: Table, column: str, header: str, sample: Sample, shape: Shape) -> Match | None:
    is_own_id = (column,) == table.key and words_of(header) in _OWN_ID
    name = KNOWN_NAME if is_own_id else likeness(header, table.name, column)
    if not name:
        return None
    kind = table.kind(column)
    readings = _readings(table, column, shape)
    doubts = [] if name >= SURE else ["only a part of the name fits"]
    if not shape.filled:
        doubts.append("no cell of the sample is filled")
        return Match(column, header, name * _EMPTY_SAMPLE, Reading(kind), "; ".join(doubts))
    if not readings:
        return Match(column, header, 0.0, None, _misfit(table, column, sample.rows[header]))
    if len(readings) > 1:
        ways = " or ".join(repr(r.parse or r.decimal_mark) for r in readings)
        doubts.append(f"every cell can be read as {ways}")
    fit = _SEVERAL_READINGS if len(readings) > 1 else 1.0
    return Match(column, header, round(name * fit, 2), readings[0], "; ".join(doubts))


def _readings(table: Table, column: str, shape: Shape) -> tuple[Reading, ...]:
    if table.pii.get(column) == "email" and not shape.is_email:
        return ()
    if column in table.pii and table.kind(column) == "text":
        return (Reading("text"),)
    return shape.read_as(table.kind(column))


def _misfit(table: Table, column: str, cells: pl.Series) -> str:
    """Say where the first cell is that does not fit; never what it holds."""
    kind = table.kind(column)
    if table.pii.get(column) == "email":
        return "the name fits, but not every cell is an e-mail address"
    record = first_misfit(cells, Cast(kind))
    form = "a form that is not known" if kind in TIMES else f"a form that is no plain {kind}"
    return f"the name fits, but record {record} has {form}"


def _with_rivals(match: Match, found: list[Match], chosen: Mapping[str, Match]) -> Match:
    """Halve the confidence where another free source column is just as likely."""
    taken = {other.header for other in chosen.values()}
    rivals = [
        other.header
        for other in found
        if other.column == match.column
        and other.header != match.header
        and other.header not in taken
        and other.confidence >= match.confidence > _WORTH_A_LOOK
    ]
    if not rivals:
        return match
    doubt = f"just as likely: {', '.join(rivals)}"
    return replace(
        match,
        confidence=round(match.confidence * _SEVERAL_COLUMNS, 2),
        doubt="; ".join(text for text in (match.doubt, doubt) if text),
    )
