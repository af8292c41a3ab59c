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

_TEXT, _MAPPED = "\0text\0", "\0mapped\0"


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
    if target.per == "row":
        rows, problems = _read(clean, target.columns, target, export, masked)
    else:
        rows, problems = _by_document(clean, target, export, masked)
    return Shaped(_completed(rows, target, zone), problems)


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
    read = [column for column in columns if column.const is None]
    casts = {column.name: _cast(column, target, export) for column in columns}
    work = frame.select(
        *KEYS, *(_text(c, target).alias(_TEXT + c.name) for c in read)
    ).with_columns(mapped(pl.col(_TEXT + c.name), c).alias(_MAPPED + c.name) for c in read)
    work = work.with_columns(
        *(typed(pl.col(_MAPPED + c.name), casts[c.name]).alias(c.name) for c in read),
        *(typed(pl.lit(c.const), casts[c.name]).alias(c.name) for c in columns if c not in read),
    )
    problems = [no_problems()]
    for column in read:
        problems += _bad_cells(work, column, casts[column.name], masked)
    return work.select(*KEYS, *(column.name for column in columns)), pl.concat(problems)


def _text(column: Column, target: Target) -> pl.Expr:
    """Return the text of a column; a personal value of nothing but blanks is none."""
    text = operated(delivered(column), column)
    if column.name not in target.pii:
        return text
    return pl.when(text.str.strip_chars() != "").then(text)


def _cast(column: Column, target: Target, export: Export) -> Cast:
    kind = "text" if column.aggregate == "count" else target.contract.kind(column.name)
    return cast_of(column, kind, export)


def _bad_cells(
    work: pl.DataFrame, column: Column, cast: Cast, masked: frozenset[str]
) -> list[pl.DataFrame]:
    text, after_map = pl.col(_TEXT + column.name), pl.col(_MAPPED + column.name)
    found = []
    refused = work.filter(is_refused(text, column)) if may_refuse(column) else work.clear()
    if refused.height:
        found.append(_cell_problems(refused, column, "BAD_FORMAT", as_delivered(text), masked))
    unknown = work.filter(is_unknown(text, column)) if column.value_map else work.clear()
    if unknown.height:
        found.append(_cell_problems(unknown, column, "UNKNOWN_CODE", text, masked))
    # Null counts are known without looking at the cells: the usual batch costs nothing here.
    if work[column.name].null_count() != work[_MAPPED + column.name].null_count():
        bad = work.filter(after_map.is_not_null() & pl.col(column.name).is_null())
        found.append(_cell_problems(bad, column, why_bad(after_map, cast), text, masked))
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
