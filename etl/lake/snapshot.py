"""The folder of inputs one run reads: exactly the committed files, verified, and nothing else.

``warehouse/inputs/<lake_version>/<table>/`` holds hard links to committed files plus one zero-row
typed file per table, so a table that no export feeds is an empty table, on every engine; a file
that lacks columns which the contract has got since is copied, with nulls in them. What the
lake knows about itself (loads, rejects, sources) stands beside it as tables of its own.
"""

from __future__ import annotations

import os
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from etl.config import Settings
from etl.faults import reach
from etl.files import atomic_path, make_folder
from etl.lake.commits import Lake, verify_files
from etl.lake.inputs import INPUT_SCHEMAS, write_empty_inputs
from etl.lake.superseded import FILE as SUPERSEDED_FILE
from etl.lake.superseded import superseding_rows
from etl.lake.vanished import FILE as VANISHED_FILE
from etl.lake.vanished import deleted_rows, find_vanished


def write_snapshot(settings: Settings, lake: Lake) -> Path:
    """Verify the committed files and lay out the run's inputs; return the folder.

    Inputs of earlier runs are removed: they are links and can be made again.

    Raises:
        LakeCorrupt: A committed file is missing or changed.
        ConfigError: Somebody was erased and the pseudonym key cannot be read.
    """
    verify_files(lake.files)
    inputs = make_folder(settings.warehouse / "inputs")
    for old in inputs.iterdir():
        shutil.rmtree(old)
    folder = make_folder(inputs / lake.version)
    write_empty_inputs(folder)
    for file in lake.files:
        is_counted = None if file.whole else pl.col("batch_id").is_in(file.deliveries)
        lay_file(folder, file.table, file.path, is_counted)
        reach("inputs.linked")
    _lay_deletions(settings, folder, lake)
    write_input(folder, "raw_loads", _loads(lake))
    write_input(folder, "raw_rejects", _rejects(lake))
    write_input(folder, "raw_sources", _sources(lake))
    reach("inputs.complete")
    return folder


def lay_file(folder: Path, table: str, path: Path, is_counted: pl.Expr | None = None) -> None:
    """Link a committed file, or copy it where it is not what a run may read.

    One from before the table had all its columns is copied wider: engines refuse to read files
    of different columns as one table. A joined one is copied without rows that no longer count.

    Args:
        is_counted: Which rows count; all of them when None.
    """
    target = make_folder(folder / table) / path.name
    held = pl.read_parquet_schema(path)
    schema = INPUT_SCHEMAS[table]
    if is_counted is None and list(held) == list(schema):
        os.link(path, target)
        return
    lacking = [
        pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in held
    ]
    rows = pl.scan_parquet(path, glob=False).with_columns(lacking).select(list(schema))
    if is_counted is not None:
        rows = rows.filter(is_counted)
    with atomic_path(target) as temporary:
        rows.sink_parquet(temporary)


def _lay_deletions(settings: Settings, folder: Path, lake: Lake) -> None:
    """Write what is deleted though no delivery says so: one file a table and reason."""
    found = sorted(find_vanished(lake), key=lambda one: (one.table.name, one.snapshot.system))
    for name, deletions in (
        (VANISHED_FILE, deleted_rows(lake, found)),
        (SUPERSEDED_FILE, superseding_rows(settings, lake)),
    ):
        for table, rows in deletions:
            with atomic_path(folder / table / name) as temporary:
                rows.write_parquet(temporary)


def write_input(folder: Path, table: str, rows: pl.DataFrame) -> None:
    """Write a table that etl itself hands to dbt, in its declared schema."""
    with atomic_path(folder / table / f"{table}.parquet") as temporary:
        rows.select(_typed(table)).write_parquet(temporary)


def _typed(table: str) -> list[pl.Expr]:
    return [pl.col(name).cast(dtype) for name, dtype in INPUT_SCHEMAS[table].items()]


def _rows(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Build a frame from Python values; decimals arrive as text so that none passes a double."""
    return pl.DataFrame(rows, schema=INPUT_SCHEMAS[table], strict=False)


def _loads(lake: Lake) -> pl.DataFrame:
    return _rows(
        "raw_loads",
        [row for delivery in lake.deliveries for row in _load_rows(delivery)],
    )


def _load_rows(delivery: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per delivery and table; one with an empty table name where nothing was loaded."""
    rejected = delivery["rejects"]["by_reason"]
    tables = sorted({*delivery["tables"], *(r["table"] for r in rejected)}) or [""]
    return [_load_row(delivery, table) for table in tables]


def _load_row(delivery: dict[str, Any], table: str) -> dict[str, Any]:
    accepted = delivery["tables"].get(table, {"rows": 0, "amount": None})
    rejected = [r for r in delivery["rejects"]["by_reason"] if r["table"] == table]
    return {
        "delivery_id": delivery["delivery_id"],
        "source_system": delivery["system"],
        "export": delivery["export"],
        "feed": delivery["feed"],
        "business_day": date.fromisoformat(delivery["business_day"]),
        "mode": delivery["mode"],
        "source_file": delivery["file"],
        "status": delivery["status"],
        "file_reason": delivery["file_reason"],
        "table_name": table,
        "records": delivery["records"],
        "rows_accepted": accepted["rows"],
        "rows_rejected": sum(r["rows"] for r in rejected),
        "amount_accepted": _amount(accepted["amount"]),
        "amount_rejected": _total(rejected),
    }


def _rejects(lake: Lake) -> pl.DataFrame:
    return _rows(
        "raw_rejects",
        [
            {
                "delivery_id": delivery["delivery_id"],
                "source_system": delivery["system"],
                "export": delivery["export"],
                "business_day": date.fromisoformat(delivery["business_day"]),
                "table_name": reject["table"],
                "column_name": reject["column"],
                "reason": reject["reason"],
                "rows": reject["rows"],
                "amount": _amount(reject["amount"]),
            }
            for delivery in lake.deliveries
            for reject in delivery["rejects"]["by_reason"]
        ],
    )


def _sources(lake: Lake) -> pl.DataFrame:
    """One row per source system, as its latest delivery declared it."""
    latest = {
        delivery["source"]["source_system"]: {
            **delivery["source"],
            "history_starts_on": _day(delivery["source"]["history_starts_on"]),
        }
        for delivery in lake.deliveries
    }
    return _rows("raw_sources", [latest[system] for system in sorted(latest)])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _amount(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None


def _total(rejected: list[dict[str, Any]]) -> Decimal | None:
    amounts = [Decimal(r["amount"]) for r in rejected if r["amount"] is not None]
    return sum(amounts, Decimal(0)) if amounts else None
