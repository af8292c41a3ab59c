"""Quarantine: which rows of a batch are refused, why, and what they looked like.

A refused row of a table is listed once, with the first thing wrong with it. Personal values never
enter: a source column that feeds a personal contract column, or that no mapping reads, is masked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import polars as pl

from etl.ingest.problems import MASK
from etl.ingest.staging import RejectCount, amount_text
from etl.mapping import Column, Export, Target
from etl.mapping.operations import DOCUMENT, ROW

REJECT_SCHEMA: dict[str, pl.DataType] = {
    "delivery_id": pl.String(),
    "source_system": pl.String(),
    "export": pl.String(),
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    "table": pl.String(),
    "column": pl.String(),
    "reason": pl.String(),
    "value": pl.String(),
    "raw_json": pl.String(),
    "known_on": pl.Date(),
}
_AMOUNT = "\0amount"


def personal_sources(export: Export) -> frozenset[str]:
    """Return the source columns whose values must not be shown."""
    return frozenset(
        source
        for target in export.targets
        for column in target.columns
        for way in column.ways
        if column.name in target.pii or any(op.name == "hash" for op in way.ops)
        for source in way.needs
    )


def masked_columns(target: Target, personal: frozenset[str]) -> frozenset[str]:
    """Return the contract columns of a target whose values must not be shown."""
    made = {c.name for c in target.columns if _reads(c, personal)}
    return frozenset(made | set(target.pii))


def _reads(column: Column, personal: frozenset[str]) -> bool:
    return bool(personal.intersection(column.needs))


def raw_json(
    batch: pl.DataFrame, header: tuple[str, ...], personal: frozenset[str]
) -> pl.DataFrame:
    """Return ROW and ``raw_json``: the record as delivered, masked where it may be personal.

    Args:
        batch: The columns that the mapping reads.
        header: All columns of the file; one that was not read is masked, filled or not.
        personal: Columns whose values must not be shown.
    """
    cells = [_cell(name, batch.columns, personal) for name in header]
    return batch.select(ROW, pl.struct(cells).struct.json_encode().alias("raw_json"))


def _cell(name: str, read: list[str], personal: frozenset[str]) -> pl.Expr:
    if name not in read:
        return pl.lit(MASK).alias(name)
    value = pl.col(name)
    if name in personal:
        return pl.when(value == "").then(value).otherwise(pl.lit(MASK)).alias(name)
    return value


def refused(rows: pl.DataFrame, problems: pl.DataFrame, target: Target) -> pl.DataFrame:
    """Say why each of a target's rows is refused.

    Args:
        rows: The target's rows of all refused documents.
        problems: What is wrong in this target, in the order of the contract.
        target: The target.

    Returns:
        ``source_row`` (where the fault stands), ``column``, ``reason``, ``value`` and the amount,
        one row per row of ``rows``. A row without a fault of its own is SIBLING_REJECTED.
    """
    # A document's one row answers for a fault in any of its source rows.
    unit = DOCUMENT if target.per == "document" else ROW
    first = problems.sort("rank", ROW, maintain_order=True).unique(
        unit, keep="first", maintain_order=True
    )
    first = first.rename({ROW: "source_row"}) if unit == DOCUMENT else first.with_columns(
        pl.col(ROW).alias("source_row")
    )  # fmt: skip
    own = first.select(unit, "source_row", "column", "reason", "value")
    amount = target.contract.amount
    value = pl.col(amount) if amount else pl.lit(None, dtype=pl.Decimal(18, 4))
    return (
        rows.select(ROW, DOCUMENT, value.alias(_AMOUNT))
        .join(own, on=unit, how="left", maintain_order="left")
        .select(
            pl.col("source_row").fill_null(pl.col(ROW)),
            pl.col("column"),
            pl.col("reason").fill_null("SIBLING_REJECTED"),
            pl.col("value"),
            pl.col(_AMOUNT),
        )
    )


def quarantined(
    rows: pl.DataFrame, raw: pl.DataFrame, table: str, common: dict[str, str], known_on: date
) -> pl.DataFrame:
    """Return refused rows as ``rejects.parquet`` keeps them.

    Args:
        rows: Frame of :func:`refused`.
        raw: Frame of :func:`raw_json`.
        table: The contract table.
        common: delivery_id, source_system, export and source_file.
        known_on: Business day of the delivery.
    """
    return (
        rows.join(raw, left_on="source_row", right_on=ROW, how="left", maintain_order="left")
        .with_columns(
            pl.lit(table).alias("table"),
            pl.lit(known_on).alias("known_on"),
            *(pl.lit(text).alias(name) for name, text in common.items()),
        )
        .select(list(REJECT_SCHEMA))
    )


@dataclass
class RejectTally:
    """Counts refused rows and their amounts, batch by batch."""

    rows: int = 0
    _counts: dict[tuple[str, str, str | None], tuple[int, Decimal | None]] = field(
        default_factory=dict
    )

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Count the rows of :func:`refused` for a table."""
        amount = pl.when(pl.col(_AMOUNT).count() > 0).then(pl.col(_AMOUNT).sum())
        groups = rows.group_by("reason", "column").agg(pl.len().alias("n"), amount.alias("sum"))
        for reason, column, n, total in groups.iter_rows():
            before_n, before = self._counts.get((table, reason, column), (0, None))
            both = total if before is None else before + (total or 0)
            self._counts[table, reason, column] = (before_n + n, both)
        self.rows += rows.height

    def counts(self) -> tuple[RejectCount, ...]:
        """Return the counts in a fixed order."""
        order = sorted(self._counts, key=lambda key: (key[0], key[1], key[2] or ""))
        return tuple(
            RejectCount(table, reason, column, n, amount_text(amount))
            for table, reason, column in order
            for n, amount in [self._counts[table, reason, column]]
        )
