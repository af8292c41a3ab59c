"""What was refused: files and rows, with reason, place and what to do. Personal data is masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from etl.config import Settings
from etl.files import damaged, has_sha256, read_document, readable, write_document
from etl.ingest.discover import Refused
from etl.ingest.landing import survey
from etl.ingest.reasons import reason
from etl.lake.commits import read_lake
from etl.mapping import load_mappings

# Of a file that could not even become a delivery; it waits in the landing.
NOT_LANDED = "not landed"
# The sha256 of files in which an erasure masked rows, by delivery; it lies beside them.
_MASKED = "_masked.json"

_REFUSALS: dict[str, pl.DataType] = {
    "reason": pl.String(), "source_system": pl.String(), "business_day": pl.String(),
    "file": pl.String(), "table": pl.String(), "column": pl.String(), "files": pl.Int64(),
    "rows": pl.Int64(), "amount": pl.String(), "delivery": pl.String(), "standing": pl.String(),
    "what": pl.String(), "do": pl.String(),
}  # fmt: skip
_ROWS: dict[str, pl.DataType] = {
    "delivery": pl.String(), "source_system": pl.String(), "source_file": pl.String(),
    "source_row": pl.Int64(), "table": pl.String(), "column": pl.String(),
    "reason": pl.String(), "value": pl.String(), "raw_json": pl.String(),
}  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """Which refusals are asked for; an empty field asks for all."""

    reason: str = ""
    system: str = ""
    day: date | None = None
    delivery: str = ""

    def takes(self, entry: Mapping[str, Any]) -> bool:
        """Tell whether one refusal, as :func:`refusals` gives it, is asked for."""
        return (
            self.reason in {"", entry["reason"]}
            and self.system in {"", entry["source_system"]}
            and self.delivery in {"", entry["delivery"]}
            and (self.day is None or self.day.isoformat() == entry["business_day"])
        )


def list_refusals(settings: Settings, wanted: Filter, standings: Mapping[str, str]) -> pl.DataFrame:
    """List refusals by reason, source and day: whole files and rows.

    Args:
        standings: By delivery id, what became of what it lost.

    Returns:
        ``reason``, ``source_system``, ``business_day``, ``file``, ``table``, ``column``, ``files``
        (1 for a whole file, else 0), ``rows`` (null for a whole file), ``amount`` (text, null where
        the table has none), ``delivery``, ``standing``, ``what``, ``do``.
    """
    found = [
        entry | {"standing": standings.get(entry["delivery"])}
        for delivery in read_lake(settings).deliveries
        for entry in refusals(delivery)
    ]
    found += _not_landed(settings)
    chosen = pl.DataFrame([entry for entry in found if wanted.takes(entry)], schema=_REFUSALS)
    return chosen.sort("reason", "source_system", "business_day", maintain_order=True)


def reject_rows(settings: Settings, wanted: Filter, limit: int) -> pl.DataFrame:
    """Return up to ``limit`` quarantined rows, as delivered but masked, oldest delivery first.

    Raises:
        LakeCorrupt: A byte of a file of refused rows changed; names the file.
    """
    found = pl.DataFrame(schema=_ROWS)
    for delivery in read_lake(settings).deliveries:
        path = settings.rejects / f"{delivery['delivery_id']}.parquet"
        asked = any(wanted.takes(entry) for entry in refusals(delivery))
        if asked and found.height < limit and path.exists():
            if not has_sha256(path, delivery["rejects"]["sha256"]) and not _is_masked(path):
                raise damaged(path)
            found = pl.concat([found, quarantined_rows(path, wanted.reason)])
    return found.head(limit)


def _is_masked(path: Path) -> bool:
    """Tell whether a file of refused rows is as an erasure left it (:func:`note_masked`)."""
    sha256 = _masked(path.parent).get(path.stem)
    return sha256 is not None and has_sha256(path, sha256)


def note_masked(folder: Path, delivery_id: str, sha256: str) -> None:
    """Write down what a delivery's refused rows will be, before an erasure puts them in place.

    Killed in between, the file is written anew when the erasure is ended.
    """
    write_document(folder / _MASKED, {"files": _masked(folder) | {delivery_id: sha256}})


def _masked(folder: Path) -> dict[str, str]:
    path = folder / _MASKED
    if not path.exists():
        return {}
    files: dict[str, str] = read_document(path, "files")["files"]
    return files


def quarantined_rows(path: Path, code: str = "") -> pl.DataFrame:
    """Read a delivery's quarantined rows, all of them or those of one reason."""
    rows = pl.read_parquet(path, glob=False).rename({"delivery_id": "delivery"})
    rows = rows.filter(pl.col("reason") == code) if code else rows
    return rows.select(pl.col(name).cast(dtype) for name, dtype in _ROWS.items())


def refusals(delivery: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was refused of one delivery: the whole file, or rows by table and reason."""
    place = {
        "delivery": delivery["delivery_id"],
        "business_day": delivery["business_day"],
        "source_system": delivery["system"],
        "file": delivery["file"],
    }
    by_row = [
        {
            **place,
            **{name: lost[name] for name in ("table", "column", "reason", "rows", "amount")},
            "files": 0,
            "what": reason(lost["reason"]).message.format(column=lost["column"] or "A value"),
        }
        for lost in delivery["rejects"]["by_reason"]
    ]
    if delivery["file_reason"]:
        by_row.insert(0, place | _whole_file(delivery["file_reason"], delivery["file_message"]))
    return [entry | {"do": reason(entry["reason"]).todo} for entry in by_row]


def _not_landed(settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield the files of the landing that cannot become deliveries."""
    if settings.landing.is_dir():
        found = survey(settings, load_mappings(settings.mappings), date.max)
        yield from map(_waiting, found.refused)


def _waiting(refused: Refused) -> dict[str, Any]:
    day = refused.business_day
    return {
        **_whole_file(refused.error.code, refused.error.what),
        "delivery": None,
        "business_day": day.isoformat() if day else None,
        "source_system": refused.system,
        "file": readable(refused.path.name),
        "standing": NOT_LANDED,
        "do": refused.error.todo,
    }


def _whole_file(code: str, message: str) -> dict[str, Any]:
    nothing = {"table": None, "column": None, "rows": None, "amount": None}
    return {**nothing, "reason": code, "files": 1, "what": message}
