"""Runs gate, mapping and contract on one file and says what would be refused; loads nothing."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etl.clock import utc_now
from etl.config import Settings
from etl.errors import FileRejected, UsageError
from etl.ingest.discover import Delivery, delivery_of
from etl.ingest.extract import stage_delivery
from etl.ingest.manifest import MANIFEST_NAME, read_manifest
from etl.lake.quarantine import refusals
from etl.mapping import Export, Mapping, load_mapping
from etl.privacy.tokens import Tokeniser

# Tokens made here are thrown away with the folder they are written to.
_THROWAWAY_KEY = bytes(32)


@dataclass(frozen=True)
class CheckReport:
    """What a file would bring: rows per table, refusals per reason."""

    title: str
    columns: Sequence[str]
    rows: list[tuple[Any, ...]]
    blocked: bool


def check_file(
    settings: Settings, file: Path, mapping_file: Path, export_name: str, day: date | None
) -> CheckReport:
    """Stage a file in a temporary folder and report what happened to its rows.

    Args:
        file: The export to look at.
        mapping_file: Mapping YAML of its system.
        export_name: Which export it is; empty when the file's name tells.
        day: Its business day; None when the manifest beside it or its name tells.

    Returns:
        One row per table and outcome; ``blocked`` when anything was refused.

    Raises:
        UsageError: The mapping does not know the file.
        FileRejected: NO_BUSINESS_DAY: nothing tells its business day.
    """
    mapping = load_mapping(mapping_file)
    export = _export(mapping, export_name, file)
    delivery = _delivery(export, file.absolute(), day)
    with tempfile.TemporaryDirectory(prefix="loyalty-check-") as folder:
        aside = dataclasses.replace(settings, data=Path(folder), landing=file.absolute().parent)
        staged = stage_delivery(
            delivery, mapping, export, aside, Tokeniser(_THROWAWAY_KEY), utc_now()
        ).document()
    accepted = [
        (table, "accepted", "", done["rows"], "")
        for table, done in sorted(staged["tables"].items())
    ]
    refused = [
        (entry["table"], "refused", entry["reason"], entry["rows"], entry["do"])
        for entry in refusals(staged)
    ]
    return CheckReport(
        title=f"{file.name}: {staged['records']} records, {staged['status']}",
        columns=("table", "outcome", "reason", "rows", "do"),
        rows=[*accepted, *refused],
        blocked=bool(refused),
    )


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
