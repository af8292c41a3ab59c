"""The folder of Parquet files that dbt reads: which tables it holds and how they are typed.

``<folder>/<table>/*.parquet``; every table has at least one zero-row typed file, so that a table
nobody delivers is an empty table and not an error.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from etl import clv, experiments, history, identity
from etl.contract import TABLES

# No underscore in front: Spark takes such a file for hidden.
EMPTY_FILE = "empty.parquet"

_AMOUNT = pl.Decimal(38, 4)

# Tables that etl makes beside those of the contract.
MADE_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "raw_sources": {
        "source_system": pl.String(),
        "business_time_zone": pl.String(),
        "history_starts_on": pl.Date(),
        "is_generated": pl.Boolean(),
    },
    "raw_loads": {
        "delivery_id": pl.String(),
        "source_system": pl.String(),
        "export": pl.String(),
        "feed": pl.String(),
        "business_day": pl.Date(),
        "mode": pl.String(),
        "source_file": pl.String(),
        "status": pl.String(),
        "file_reason": pl.String(),
        "table_name": pl.String(),
        "records": pl.Int64(),
        "rows_accepted": pl.Int64(),
        "rows_rejected": pl.Int64(),
        "amount_accepted": _AMOUNT,
        "amount_rejected": _AMOUNT,
    },
    "raw_rejects": {
        "delivery_id": pl.String(),
        "source_system": pl.String(),
        "export": pl.String(),
        "business_day": pl.Date(),
        "table_name": pl.String(),
        "column_name": pl.String(),
        "reason": pl.String(),
        "rows": pl.Int64(),
        "amount": _AMOUNT,
    },
    "winback_assignments": {
        "assigned_key": pl.String(),
        "experiment": pl.String(),
        "arm": pl.String(),
        "bucket": pl.Int64(),
        "stratum": pl.String(),
        "eligible_on": pl.Date(),
    },
}

INPUT_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    **{name: table.lake_schema() for name, table in TABLES.items()},
    **MADE_SCHEMAS,
    **identity.INPUT_SCHEMAS,
    **history.INPUT_SCHEMAS,
    **clv.INPUT_SCHEMAS,
    **clv.CLOSE_SCHEMAS,
    **clv.CONTRACT_SCHEMAS,
    **experiments.INPUT_SCHEMAS,
}


def empty_frame(table: str) -> pl.DataFrame:
    """Return the zero-row frame of an input table, with its column names and types."""
    return pl.DataFrame(schema=INPUT_SCHEMAS[table])


def write_empty_inputs(folder: Path) -> None:
    """Write the zero-row typed file of every input table below ``folder``."""
    for table in INPUT_SCHEMAS:
        target = folder / table
        target.mkdir(parents=True, exist_ok=True)
        empty_frame(table).write_parquet(target / EMPTY_FILE)
