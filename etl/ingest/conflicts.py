"""Faults that show only over a whole file: a key with two contents, a document in two places.

Both questions are "which values occur twice?". They are asked of 128-bit digests, one share of
them at a time, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from etl.contract import Table
from etl.mapping.operations import DOCUMENT

# A document and one of its names, as digests; one file for all names of all tables.
NAMES_SCHEMA: dict[str, pl.DataType] = {
    "first": pl.UInt64(),
    "second": pl.UInt64(),
    "document": pl.Int64(),
}
_ROWS_AT_A_TIME = 2_000_000


def document_names(rows: pl.DataFrame, name: pl.Expr, what: str) -> pl.DataFrame:
    """Return which document goes by which name; a null name is none.

    Args:
        rows: Has DOCUMENT and the naming columns.
        name: The name, text.
        what: Tells names of different kinds apart.
    """
    named = pl.struct(pl.lit(what).alias("what"), "name")
    pairs = rows.select(DOCUMENT, name.alias("name")).drop_nulls().unique()
    return pairs.select(
        named.hash(1).alias("first"),
        named.hash(2).alias("second"),
        pl.col(DOCUMENT).alias("document"),
    )


def split_documents(names: Path) -> pl.DataFrame:
    """Return the DOCUMENTs that share a name with another document of the file.

    Args:
        names: Parquet file of :func:`document_names`.
    """
    found = [
        share.select(pl.col("document").alias(DOCUMENT))
        for share in _repeated(pl.scan_parquet(names, glob=False), _rows(names))
    ]
    return pl.concat([pl.DataFrame(schema={DOCUMENT: pl.Int64()}), *found]).unique()


def duplicate_keys(path: Path, table: Table) -> pl.DataFrame:
    """Return the rows whose key occurs with another content, and nothing says which wins.

    Args:
        path: Staged Parquet file of the table.
        table: The contract table.

    Returns:
        ``source_row``, one row per conflicting row.
    """
    versioned = [name for name in ("updated_at",) if name in table.schema.column_names()]
    key = pl.struct(*table.key, *versioned, "known_on")
    digests = pl.scan_parquet(path, glob=False).select(
        key.hash(1).alias("first"), key.hash(2).alias("second"), "record_hash", "source_row"
    )
    contents = pl.col("record_hash").n_unique().over("first", "second")
    found = [
        share.filter(contents > 1).select("source_row") for share in _repeated(digests, _rows(path))
    ]
    return pl.concat([pl.DataFrame(schema={"source_row": pl.Int64()}), *found])


def _repeated(digests: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """Yield the rows whose digest occurs more than once, a share of all digests at a time."""
    parts = 1 + rows // _ROWS_AT_A_TIME
    for part in range(parts):
        share = digests.filter(pl.col("first") % parts == part)
        # The first half alone, eight bytes a row, mostly shows that there is nothing to look at.
        halves = share.select("first").collect(engine="streaming")
        twice = halves.filter(pl.col("first").is_duplicated()).unique()
        if twice.height:
            suspects = share.join(twice.lazy(), on="first", how="semi").collect(engine="streaming")
            yield suspects.filter(pl.struct("first", "second").is_duplicated())


def _rows(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
