"""Digests of rows: equal contents give equal digests, in any delivery and on any machine."""

from __future__ import annotations

import hashlib

import polars as pl
from polars_hash import CryptographicHashingNameSpace

from etl.contract import Table
from etl.contract.table import DELETED

_DIGITS = 32
_SEPARATOR = "\x1f"
# The digest of a document without a line.
NO_LINES = hashlib.sha256(b"").hexdigest()[:_DIGITS]


def with_record_hash(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Add ``record_hash``: the digest of a row's contract columns, personal ones as tokens.

    A digest is the first 32 hex digits of SHA-256. The canonical text is ``name=value`` of every
    column that is not null, in the order of the contract, and ``is_deleted`` where it is true, each
    after a unit separator. Decimals are written at their scale, days as YYYY-MM-DD, instants as
    microseconds since 1970 UTC. A null is left out and an empty text is not, so the two differ; a
    column that is added to the contract later changes no digest.
    """
    names = [name for name in table.schema.column_names() if rows[name].null_count() < rows.height]
    odd = _with_separator(rows.select(names))
    parts = [part for name in names for part in _parts(rows[name], is_odd=name in odd)]
    if DELETED in rows.columns and rows[DELETED].any():
        parts.append(pl.when(pl.col(DELETED)).then(pl.lit(f"{_SEPARATOR}{DELETED}=true")))
    if not parts:
        return rows.with_columns(pl.lit(None, dtype=pl.String()).alias("record_hash"))
    canonical = pl.concat_str(parts, ignore_nulls=True)
    return rows.with_columns(_digest(canonical).alias("record_hash"))


def document_hashes(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return the digest of each document: of its rows' digests, sorted.

    Args:
        rows: Rows with ``record_hash``.
        by: Columns that name the document.

    Returns:
        ``by`` and ``document_hash``, one row per document.
    """
    digests = rows.group_by(by, maintain_order=True).agg("record_hash")
    joined = pl.col("record_hash").list.sort().list.join("")
    return digests.select(*by, _digest(joined).alias("document_hash"))


def _with_separator(rows: pl.DataFrame) -> set[str]:
    """Return the columns in whose texts the separator occurs; hardly ever there is one."""
    found = rows.select(pl.col(pl.String()).str.contains(_SEPARATOR, literal=True).any())
    return {column.name for column in found if column.any()}


def _parts(column: pl.Series, *, is_odd: bool) -> list[pl.Expr]:
    """Return what a column adds to the canonical text, a separator in front."""
    begin, text = pl.lit(f"{_SEPARATOR}{column.name}="), _text(column, is_odd=is_odd)
    # Joined beforehand only where a null has to take the name with it.
    return [begin + text] if column.null_count() else [begin, text]


def _text(column: pl.Series, *, is_odd: bool) -> pl.Expr:
    value = pl.col(column.name)
    if is_odd:
        # A doubled separator stands for one inside a text: no two rows share a canonical text.
        return value.str.replace_all(_SEPARATOR, _SEPARATOR * 2, literal=True)
    if isinstance(column.dtype, pl.Datetime):
        return value.cast(pl.Int64()).cast(pl.String())
    return value.cast(pl.String())


def _digest(text: pl.Expr) -> pl.Expr:
    return CryptographicHashingNameSpace(text).sha2_256().str.head(_DIGITS)
