"""What was refused: files and rows, with reason, place and what to do. Personal data is masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from etl.config import Settings
from etl.ingest.reasons import reason
from etl.lake.commits import read_lake

_ROW_COLUMNS = (
    "source_system", "source_file", "source_row", "table", "column", "reason", "value", "raw_json",
)  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """Which refusals are asked for; an empty field asks for all."""

    reason: str = ""
    system: str = ""
    day: date | None = None

    def takes(self, system: str, reason: str, day: str) -> bool:
        """Tell whether one refusal is asked for."""
        return (
            self.reason in {"", reason}
            and self.system in {"", system}
            and (self.day is None or self.day.isoformat() == day)
        )


def summarise_rejects(settings: Settings, wanted: Filter) -> pl.DataFrame:
    """Count refusals per delivery and reason.

    Returns:
        ``business_day``, ``source_system``, ``file``, ``table``, ``column``, ``reason``,
        ``rows`` (null for a whole file), ``amount`` (text, null where the table has none), ``do``.
    """
    rows = [
        entry
        for delivery in read_lake(settings).deliveries
        for entry in refusals(delivery)
        if wanted.takes(entry["source_system"], entry["reason"], entry["business_day"])
    ]
    schema = {
        "business_day": pl.String, "source_system": pl.String, "file": pl.String,
        "table": pl.String, "column": pl.String, "reason": pl.String, "rows": pl.Int64,
        "amount": pl.String, "do": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def reject_rows(settings: Settings, wanted: Filter, limit: int) -> pl.DataFrame:
    """Return up to ``limit`` quarantined rows, as delivered but masked, oldest delivery first."""
    frames = [
        pl.read_parquet(path).filter(_row_filter(wanted)).select(_ROW_COLUMNS)
        for delivery in read_lake(settings).deliveries
        if (path := settings.rejects / f"{delivery['delivery_id']}.parquet").exists()
        and wanted.day in {None, date.fromisoformat(delivery["business_day"])}
    ]
    empty = pl.DataFrame(schema=dict.fromkeys(_ROW_COLUMNS, pl.String))
    return pl.concat(frames).head(limit) if frames else empty


def refusals(delivery: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was refused of one delivery: the whole file, or rows by table and reason."""
    place = {
        "business_day": delivery["business_day"],
        "source_system": delivery["system"],
        "file": delivery["file"],
    }
    nothing = {"table": None, "column": None, "rows": None, "amount": None}
    whole_file = [{**place, **nothing, "reason": delivery["file_reason"]}]
    by_row = [
        {**place, **{key: r[key] for key in ("table", "column", "reason", "rows", "amount")}}
        for r in delivery["rejects"]["by_reason"]
    ]
    entries = (whole_file if delivery["file_reason"] else []) + by_row
    return [{**entry, "do": reason(entry["reason"]).todo} for entry in entries]


def _row_filter(wanted: Filter) -> pl.Expr:
    condition = pl.lit(value=True)
    if wanted.reason:
        condition &= pl.col("reason") == wanted.reason
    if wanted.system:
        condition &= pl.col("source_system") == wanted.system
    return condition
