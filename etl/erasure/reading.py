"""The lake's rows, a table at a time, before anything is built from them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from etl.contract import TABLES
from etl.lake.commits import Lake, LakeFile


def lake_rows(lake: Lake, table: str, columns: Sequence[str]) -> pl.DataFrame:
    """Return columns of all rows of a table that count; null where a file is from before one."""
    schema = {name: TABLES[table].lake_schema()[name] for name in columns}
    frames = [file_rows(file, columns) for file in lake.files if file.table == table]
    return pl.concat([pl.DataFrame(schema=schema), *frames], how="diagonal")


def file_rows(file: LakeFile, columns: Sequence[str]) -> pl.DataFrame:
    """Return those columns of a file that it has, of the rows that count."""
    held = pl.read_parquet_schema(file.path)
    rows = pl.scan_parquet(file.path, glob=False)
    if not file.whole:
        rows = rows.filter(pl.col("batch_id").is_in(file.deliveries))
    return rows.select([name for name in columns if name in held]).collect()
