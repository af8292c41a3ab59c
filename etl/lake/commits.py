"""The raw lake: typed Parquet that is in it because a commit says so, never because it lies there.

``raw/<table>/<delivery_id>.parquet`` holds rows, ``raw/_commits/<batch_id>.json`` says which files
belong to the lake and what their sha256 is. A commit is one file, created exclusively, so it is
there whole or not at all. A file without a commit is unreachable and a rerun replaces it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etl.config import Settings
from etl.contract import CONTRACT_VERSION
from etl.errors import LakeCorrupt
from etl.files import (
    canonical_json,
    digest_of,
    fsync_file,
    fsync_folder,
    make_folder,
    read_json,
    sha256_of,
)
from etl.lake.ledger import Ledger

STAGED_NAME = "staged.json"
REJECTS_NAME = "rejects.parquet"


@dataclass(frozen=True)
class LakeFile:
    """One committed Parquet file."""

    table: str
    path: Path
    sha256: str
    rows: int


@dataclass(frozen=True)
class Lake:
    """All that is committed, read once.

    Args:
        commits: The commit documents, by batch id.
        version: 12 hex digits that name the committed content; a redelivery does not change it.
    """

    raw: Path
    commits: tuple[dict[str, Any], ...]
    version: str

    @property
    def deliveries(self) -> tuple[dict[str, Any], ...]:
        """Every committed delivery, accepted, empty or rejected, in a fixed order."""
        found = [delivery for commit in self.commits for delivery in commit["deliveries"]]
        return tuple(sorted(found, key=lambda d: (d["business_day"], d["delivery_id"])))

    @property
    def files(self) -> tuple[LakeFile, ...]:
        """Every committed Parquet file, in a fixed order."""
        return tuple(
            LakeFile(table, data_path(self.raw, table, d["delivery_id"]), t["sha256"], t["rows"])
            for d in self.deliveries
            for table, t in sorted(d["tables"].items())
        )


def read_lake(settings: Settings) -> Lake:
    """Read all commits of the lake."""
    paths = sorted((settings.raw / "_commits").glob("*.json"))
    commits = tuple(read_json(path) for path in paths)
    ids = sorted(d["delivery_id"] for commit in commits for d in commit["deliveries"])
    return Lake(settings.raw, commits, digest_of(ids)[:12])


def verify_files(files: Iterable[LakeFile]) -> None:
    """Compare every file's bytes with its commit.

    Raises:
        LakeCorrupt: A file is missing or a byte of it changed; names the file.
    """
    for file in files:
        if not file.path.is_file():
            raise LakeCorrupt(
                "A committed file is missing.",
                where=str(file.path),
                todo="Restore it from a backup, or remove its commit and land the export again.",
            )
        if sha256_of(file.path) != file.sha256:
            raise LakeCorrupt(
                "A committed file's bytes changed since it was written.",
                where=str(file.path),
                todo="Restore it from a backup; do not build from it.",
            )


def data_path(raw: Path, table: str, delivery_id: str) -> Path:
    """Return where a delivery's rows of one table lie."""
    return raw / table / f"{delivery_id}.parquet"


def staged_folders(settings: Settings, feed: str, through: date) -> list[Path]:
    """Return the complete staged deliveries of a feed up to a business day, oldest first."""
    return [
        marker.parent
        for day in sorted((settings.staged / feed).glob("*"))
        if day.name <= through.isoformat()
        for marker in sorted(day.glob(f"*/{STAGED_NAME}"))
    ]


def commit_staged(settings: Settings, feed: str, through: date) -> dict[str, Any] | None:
    """Move a feed's staged deliveries into the lake as one commit.

    Deliveries that are committed already are dropped from staging and change nothing.

    Returns:
        The commit document, or None when nothing new was staged.
    """
    ledger = Ledger(settings.raw)
    folders = staged_folders(settings, feed, through)
    with ledger.open() as connection:
        known = {row[0] for row in connection.execute("select delivery_id from deliveries")}
        fresh = [folder for folder in folders if folder.name not in known]
        commit = _write_commit(settings, feed, through, fresh) if fresh else None
        # The index catches up from the commit file itself when it is next opened.
    for folder in folders:
        shutil.rmtree(folder)
    return commit


def _write_commit(
    settings: Settings, feed: str, through: date, folders: list[Path]
) -> dict[str, Any]:
    deliveries = [_adopt(settings, folder) for folder in folders]
    identity = digest_of(sorted(d["delivery_id"] for d in deliveries))[:12]
    commit = {
        "batch_id": f"{feed}-{through.isoformat()}-{identity}",
        "feed": feed,
        "business_day": through.isoformat(),
        "contract_version": CONTRACT_VERSION,
        "deliveries": deliveries,
    }
    _create_exclusively(settings.raw / "_commits" / f"{commit['batch_id']}.json", commit)
    return commit


def _adopt(settings: Settings, folder: Path) -> dict[str, Any]:
    """Link a staged delivery's files to their places in the lake and in quarantine."""
    staged: dict[str, Any] = read_json(folder / STAGED_NAME)
    for table in staged["tables"]:
        _link(folder / f"{table}.parquet", data_path(settings.raw, table, folder.name))
    if (folder / REJECTS_NAME).exists():
        _link(folder / REJECTS_NAME, settings.rejects / f"{folder.name}.parquet")
    return staged


def _link(source: Path, target: Path) -> None:
    make_folder(target.parent)
    target.unlink(missing_ok=True)
    os.link(source, target)
    fsync_file(target)
    fsync_folder(target.parent)


def _create_exclusively(path: Path, document: dict[str, Any]) -> None:
    """Write a complete file under a name that must not exist yet."""
    make_folder(path.parent)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(canonical_json(document, indent=2) + "\n", encoding="utf-8")
    fsync_file(temporary)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    fsync_folder(path.parent)
