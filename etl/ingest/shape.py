"""One target of an export: a batch of cleaned text becomes rows of a contract table.

Rows that cannot be read stay in the frame, with null where the cell is bad; the problems frame
(see :mod:`etl.ingest.problems`) says what is wrong with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from etl.contract.table import DELETED, business_date
from etl.ingest.batches import KEYS
from etl.ingest.problems import MASK, RANK_CELL, no_problems, problems_of
from etl.mapping import Column, Export, Target
from etl.mapping.casts import DECIMALS, Cast, typed, why_bad
from etl.mapping.conditions import chosen, satisfied
from etl.mapping.operations import (
    DOCUMENT,
    as_delivered,
    cast_of,
    delivered,
    is_refused,
    is_unknown,
    mapped,
    may_refuse,
    operated,
)


@dataclass(frozen=True)
class Shaped:
    """Rows of one contract table.

    Args:
        rows: KEYS, every column of the contract with its type, and the business date of every
            instant. One row per source row, or per document.
        problems: Bad cells; ROW is the source row they stand in.
    """

    rows: pl.DataFrame
    problems: pl.DataFrame


def shape(
    clean: pl.DataFrame, target: Target, export: Export, zone: str, masked: frozenset[str]
) -> Shaped:
    """Make the rows of one target from a batch.

    Args:
        clean: A batch as :class:`~etl.ingest.batches.Cleaner` makes it, of whole documents.
        target: The contract table and its columns.
        export: The export the target is part of.
        zone: Business time zone.
        masked: Contract columns whose values must not be shown.
    """
    taken = clean.filter(satisfied(target.when, export.decimal_mark)) if target.when else clean
    if target.per == "row":
        rows, problems = _read(taken, target.columns, target, export, masked)
    else:
        rows, problems = _by_document(taken, target, export, masked)
    return Shaped(_completed(rows, target, zone), problems)


def dated(part: Shaped, known: pl.DataFrame, target: Target, zone: str) -> Shaped:
    """Fill the columns that a mapping makes of the day since which a row is known.

    An instant becomes noon, an hour that exists on every day in every zone.

    Args:
        part: Rows of the target.
        known: DOCUMENT and ``known_on``.
        target: The target.
        zone: Business time zone.
    """
    names = [c.name for c in target.columns if any(way.op == "known_on" for way in c.ways)]
    if not names:
        return part
    day = pl.col("known_on")
    noon = day.cast(pl.Datetime("us")).dt.offset_by("12h").dt.replace_time_zone(zone)
    fills = []
    for name in names:
        if target.contract.kind(name) == "day":
            fills.append(pl.col(name).fill_null(day))
        else:
            fills += [
                pl.col(name).fill_null(noon.dt.convert_time_zone("UTC")),
                pl.col(business_date(name)).fill_null(day),
            ]
    rows = part.rows.join(known, on=DOCUMENT, how="left", maintain_order="left")
    return Shaped(rows.with_columns(fills).drop("known_on"), part.problems)


def _by_document(
    clean: pl.DataFrame, target: Target, export: Export, masked: frozenset[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    firsts = tuple(column for column in target.columns if column.aggregate == "first")
    others = tuple(column for column in target.columns if column.aggregate != "first")
    heads = clean.filter(pl.col(DOCUMENT).is_first_distinct())
    rows, problems = _read(heads, firsts, target, export, masked)
    if not others:
        return rows, problems
    cells, cell_problems = _read(clean, others, target, export, masked)
    totals = cells.group_by(DOCUMENT, maintain_order=True).agg(_total(c, target) for c in others)
    rows = rows.hstack(totals.drop(DOCUMENT))
    found = [problems, cell_problems]
    for column in others:
        fits = pl.col(column.name).cast(_dtype(target, column.name), strict=False)
        too_large = rows.filter(pl.col(column.name).is_not_null() & fits.is_null())
        found.append(_cell_problems(too_large, column, "OUT_OF_RANGE", pl.col(column.name), masked))
        rows = rows.with_columns(fits)
    return rows, pl.concat(found)


def _total(column: Column, target: Target) -> pl.Expr:
    """Aggregate a column's cells, in a type too wide to overflow; no cells give null."""
    cell = pl.col(column.name)
    if column.aggregate == "count":
        return cell.is_not_null().sum().cast(pl.Int64()).alias(column.name)
    kind = target.contract.kind(column.name)
    wide = pl.Decimal(38, DECIMALS[kind][1]) if kind in DECIMALS else pl.Int128()
    return pl.when(cell.count() > 0).then(cell.cast(wide).sum()).alias(column.name)


def _read(
    frame: pl.DataFrame,
    columns: tuple[Column, ...],
    target: Target,
    export: Export,
    masked: frozenset[str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read columns row by row: text, operations, map, cast; bad cells become problems."""
    ways = {column.name: _ways(column, target, export) for column in columns}
    every = [way for found in ways.values() for way in found]
    read = [way for way in every if way.is_read]
    work = frame.select(
        *KEYS,
        *(way.taken.alias(way.flag) for way in every if way.taken is not None),
        *(_text(way, target, export).alias(way.text) for way in read),
    )
    work = work.with_columns(
        way.if_taken(mapped(pl.col(way.text), way.column)).alias(way.mapped) for way in read
    )
    work = work.with_columns(way.value().alias(way.label) for way in every)
    problems = [no_problems()]
    for way in read:
        problems += _bad_cells(work, way, masked)
    values = (pl.coalesce([w.label for w in found]).alias(n) for n, found in ways.items())
    return work.select(*KEYS, *values), pl.concat(problems)


@dataclass(frozen=True)
class _Way:
    """One way to make a column, and the names of its steps in the working frame.

    Args:
        column: The way as the mapping says it.
        label: Name of its values.
        taken: Tells the rows in which it is the way taken; null when it is so in all.
        cast: How its text becomes a value.
    """

    column: Column
    label: str
    taken: pl.Expr | None
    cast: Cast

    @property
    def is_read(self) -> bool:
        """Whether it comes from the delivered row."""
        return self.column.const is None and self.column.op != "known_on"

    @property
    def flag(self) -> str:
        return f"\0taken\0{self.label}"

    @property
    def text(self) -> str:
        return f"\0text\0{self.label}"

    @property
    def mapped(self) -> str:
        return f"\0mapped\0{self.label}"

    def if_taken(self, value: pl.Expr) -> pl.Expr:
        """Leave the value where the way is taken; needs the flag in the frame."""
        return value if self.taken is None else pl.when(pl.col(self.flag)).then(value)

    def value(self) -> pl.Expr:
        """Return the value of the way; what is known later is null until :func:`dated`."""
        if self.is_read:
            return typed(pl.col(self.mapped), self.cast)
        return self.if_taken(typed(pl.lit(self.column.const, dtype=pl.String()), self.cast))


def _ways(column: Column, target: Target, export: Export) -> list[_Way]:
    kind = "text" if column.aggregate == "count" else target.contract.kind(column.name)
    taken = chosen(column, export.decimal_mark) if column.conditions else [None]
    return [
        _Way(way, f"{column.name}\0{n}", flag, cast_of(way, kind, export))
        for n, (way, flag) in enumerate(zip(column.ways, taken, strict=True))
    ]


def _text(way: _Way, target: Target, export: Export) -> pl.Expr:
    """Return the text of a way; a personal value of nothing but blanks is none."""
    text = operated(delivered(way.column, export.decimal_mark), way.column)
    if way.column.name in target.pii:
        text = pl.when(text.str.strip_chars() != "").then(text)
    return text if way.taken is None else pl.when(way.taken).then(text)


def _bad_cells(work: pl.DataFrame, way: _Way, masked: frozenset[str]) -> list[pl.DataFrame]:
    text, after_map = pl.col(way.text), pl.col(way.mapped)
    found = []
    refused = work.filter(is_refused(text, way.column)) if may_refuse(way.column) else work.clear()
    if refused.height:
        found.append(_cell_problems(refused, way.column, "BAD_FORMAT", as_delivered(text), masked))
    unknown = work.filter(is_unknown(text, way.column)) if way.column.value_map else work.clear()
    if unknown.height:
        found.append(_cell_problems(unknown, way.column, "UNKNOWN_CODE", text, masked))
    # Null counts are known without looking at the cells: the usual batch costs nothing here.
    if work[way.label].null_count() != work[way.mapped].null_count():
        bad = work.filter(after_map.is_not_null() & pl.col(way.label).is_null())
        found.append(_cell_problems(bad, way.column, why_bad(after_map, way.cast), text, masked))
    return found


def _cell_problems(
    bad: pl.DataFrame, column: Column, reason: str | pl.Expr, value: pl.Expr, masked: frozenset[str]
) -> pl.DataFrame:
    return problems_of(
        bad,
        column=column.name,
        reason=pl.lit(reason) if isinstance(reason, str) else reason,
        value=pl.lit(MASK) if column.name in masked else value,
        rank=RANK_CELL,
    )


def _completed(rows: pl.DataFrame, target: Target, zone: str) -> pl.DataFrame:
    """Add the columns that are not mapped, as null, and the business dates."""
    table = target.contract
    columns = [
        pl.col(name) if name in rows.columns else pl.lit(None, dtype=column.dtype).alias(name)
        for name, column in table.schema.columns().items()
    ]
    dates = [
        pl.col(name).dt.convert_time_zone(zone).dt.date().alias(business_date(name))
        for name in table.instants
    ]
    is_deleted = (
        pl.col(DELETED).fill_null(value=False) if DELETED in rows.columns else pl.lit(False)
    )
    return rows.select(*KEYS, *columns, is_deleted.alias(DELETED)).with_columns(dates)


def _dtype(target: Target, name: str) -> pl.DataType:
    return target.contract.schema.columns()[name].dtype
