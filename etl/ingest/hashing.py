"""Digests of rows: equal contents give equal digests, in any delivery and on any machine."""

from __future__ import annotations

import hashlib

import polars as pl
from polars_hash import NonCryptographicHashingNameSpace

from etl.contract import Table
from etl.contract.table import DELETED

# The digest of a document without a line.
NO_LINES = hashlib.md5(b"", usedforsecurity=False).hexdigest()
_SEPARATOR = "\x1f"


def with_record_hash(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Add ``record_hash``: the digest of a row's contract columns, personal ones as tokens.

    The canonical text is ``name=value`` of every column that is not null, in the order of the
    contract, and ``is_deleted`` where it is true, with a unit separator between two. Decimals are
    written at their scale, days as YYYY-MM-DD, instants as microseconds since 1970 UTC. A null is
    left out and an empty text is not, so the two differ; a column that is added to the contract
    later changes no digest.
    """
    names = [name for name in table.schema.column_names() if rows[name].null_count() < rows.height]
    parts = [part for name in names for part in _parts(name, rows[name])]
    if DELETED in rows.columns and rows[DELETED].any():
        parts.append(pl.when(pl.col(DELETED)).then(pl.lit(f"{_SEPARATOR}{DELETED}=true")))
    if not parts:
        return rows.with_columns(pl.lit(None, dtype=pl.String()).alias("record_hash"))
    canonical = pl.concat_str(parts, ignore_nulls=True).str.strip_prefix(_SEPARATOR)
    return rows.with_columns(_md5(canonical).alias("record_hash"))


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
    return digests.select(*by, _md5(joined).alias("document_hash"))


def _parts(name: str, column: pl.Series) -> list[pl.Expr]:
    """Return what a column adds to the canonical text, a separator in front."""
    begin, text = pl.lit(f"{_SEPARATOR}{name}="), _text(name, column.dtype)
    # Joined beforehand only where a null has to take the name with it.
    return [begin + text] if column.null_count() else [begin, text]


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    if dtype == pl.String():
        # A doubled separator stands for one inside a text: no two rows share a canonical text.
        return value.str.replace_all(_SEPARATOR, _SEPARATOR * 2, literal=True)
    if isinstance(dtype, pl.Datetime):
        return value.cast(pl.Int64()).cast(pl.String())
    return value.cast(pl.String())


def _md5(text: pl.Expr) -> pl.Expr:
    return NonCryptographicHashingNameSpace(text).md5()
