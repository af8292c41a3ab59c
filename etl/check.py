"""Runs gate, mapping and contract on one file and says what would be refused; loads nothing."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from etl.clock import utc_now
from etl.config import Settings
from etl.errors import FileRejected, UsageError
from etl.ingest.discover import Delivery, delivery_of
from etl.ingest.extract import stage_delivery
from etl.ingest.manifest import MANIFEST_NAME, read_manifest
from etl.ingest.staging import REJECTS
from etl.lake.quarantine import quarantined_rows, refusals
from etl.mapping import Export, Mapping, load_mapping
from etl.privacy.suppression import NOBODY
from etl.privacy.tokens import Tokeniser
from etl.publish.holds import lost_too_much

# Tokens made here are thrown away with the folder they are written to.
_THROWAWAY_KEY = bytes(32)


_COLUMNS = ("table", "outcome", "reason", "rows", "column", "what", "do")
_NO_TABLE = ""


@dataclass(frozen=True)
class CheckReport:
    """What a file would bring.

    Args:
        title: The file, its records, and what would become of it.
        columns: Names of the values of ``rows``.
        rows: Accepted rows by table, refusals by table and reason, and what nobody reads.
        refused: Refused rows, masked; None where none were asked for or there are none.
        blocked: Whether anything was refused.
    """

    title: str
    columns: Sequence[str]
    rows: list[tuple[Any, ...]]
    refused: pl.DataFrame | None
    blocked: bool


def check_file(
    settings: Settings,
    file: Path,
    mapping_file: Path,
    export_name: str,
    day: date | None,
    show_rows: int = 0,
) -> CheckReport:
    """Stage a file in a temporary folder and report what happened to its rows.

    Args:
        file: The export to look at.
        mapping_file: Mapping YAML of its system.
        export_name: Which export it is; empty when the file's name tells.
        day: Its business day; None when the manifest beside it or its name tells.
        show_rows: How many refused rows to return themselves.

    Raises:
        UsageError: The mapping does not know the file.
        FileRejected: NO_BUSINESS_DAY: nothing tells its business day.
    """
    mapping = load_mapping(mapping_file)
    export = _export(mapping, export_name, file)
    delivery = _delivery(export, file.absolute(), day)
    with tempfile.TemporaryDirectory(prefix="loyalty-check-") as folder:
        aside = dataclasses.replace(settings, data=Path(folder), landing=file.absolute().parent)
        done = stage_delivery(
            delivery, mapping, export, aside, Tokeniser(_THROWAWAY_KEY), utc_now(), NOBODY
        )
        lines = done.folder / f"{REJECTS}.parquet"
        shown = quarantined_rows(lines).head(show_rows) if show_rows and lines.exists() else None
    staged = done.document()
    refused = refusals(staged)
    held = ", would hold the publish" if lost_too_much(staged) else ""
    return CheckReport(
        title=f"{file.name}: {staged['records']} records, {staged['status']}{held}",
        columns=_COLUMNS,
        rows=[*_accepted(staged), *map(_refused, refused), *_not_read(staged)],
        refused=shown,
        blocked=bool(refused),
    )


def _accepted(staged: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (table, "accepted", "", done["rows"], None, "", "")
        for table, done in sorted(staged["tables"].items())
    ]


def _refused(entry: dict[str, Any]) -> tuple[Any, ...]:
    names = ("reason", "rows", "column", "what", "do")
    return (entry["table"], "refused", *(entry[name] for name in names))


def _not_read(staged: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Say what the mapping takes no notice of: records, and filled cells of columns."""
    rows: list[tuple[Any, ...]] = []
    if staged["left_out"]:
        what = "Records that no target takes, as its `when` says."
        rows.append((_NO_TABLE, "left out", "", staged["left_out"], None, what, ""))
    what = "Filled cells of a column that the mapping does not read."
    for column, cells in sorted(staged["unmapped"].items()):
        if cells:
            rows.append((_NO_TABLE, "not read", "", cells, column, what, "Map it, or leave it."))
    return rows


def _delivery(export: Export, file: Path, day: date | None) -> Delivery:
    """Take the file as a landing would: the manifest beside it says which day it is for."""
    beside = file.with_name(MANIFEST_NAME)
    try:
        return delivery_of(file, export, read_manifest(beside) if beside.exists() else None, day)
    except FileRejected as refused:
        if refused.code == "NO_BUSINESS_DAY":
            refused.todo += " To look at it now, give --day."
        raise


def _export(mapping: Mapping, name: str, file: Path) -> Export:
    found = [e for e in mapping.exports if name == e.name or (not name and e.matches(file.name))]
    if len(found) == 1:
        return found[0]
    known = ", ".join(export.name for export in mapping.exports)
    raise UsageError(
        f"{len(found) or 'No'} exports of the mapping fit {name or file.name!r}.",
        where="--export",
        todo=f"Name one of: {known}.",
    )
