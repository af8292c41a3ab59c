"""The raw lake: typed Parquet that is in it because a commit says so, never because it lies there.

``raw/<table>/<delivery_id>.parquet`` holds rows, ``raw/_commits/<batch_id>.json`` says which files
belong to the lake and what their sha256 is. A commit is one file, created exclusively, so it is
there whole or not at all. A file without a commit is unreachable and a rerun replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.config import Settings
from etl.errors import LakeCorrupt
from etl.files import digest_of, read_document, sha256_of

COMMITS = "_commits"


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
        commits: The commit documents, in the order they were made.
        deliveries: Every committed delivery, accepted, empty or rejected, in a fixed order. Where
            a file was read again with a corrected mapping, the later reading takes the place of
            the earlier one. Each carries the ``commit_sequence`` of its commit.
        version: 12 hex digits that name the committed content; a redelivery does not change it.
    """

    raw: Path
    commits: tuple[dict[str, Any], ...]
    deliveries: tuple[dict[str, Any], ...]
    version: str

    @property
    def files(self) -> tuple[LakeFile, ...]:
        """Every committed Parquet file, in a fixed order."""
        return tuple(
            LakeFile(table, data_path(self.raw, table, d["delivery_id"]), t["sha256"], t["rows"])
            for d in self.deliveries
            for table, t in sorted(d["tables"].items())
        )


def read_lake(settings: Settings) -> Lake:
    """Read all commits of the lake.

    Raises:
        LakeCorrupt: A commit file cannot be read; names it.
    """
    found = [
        read_document(path, "sequence", "deliveries")
        for path in (settings.raw / COMMITS).glob("*.json")
    ]
    commits = tuple(sorted(found, key=lambda commit: int(commit["sequence"])))
    readings = {
        subject_of(delivery): {**delivery, "commit_sequence": commit["sequence"]}
        for commit in commits
        for delivery in commit["deliveries"]
    }
    deliveries = sorted(readings.values(), key=lambda d: (d["business_day"], d["delivery_id"]))
    version = digest_of(sorted(d["delivery_id"] for d in deliveries))[:12]
    return Lake(settings.raw, commits, tuple(deliveries), version)


def subject_of(delivery: dict[str, Any]) -> str:
    """Return what a delivery is a reading of: its content, for one export and business day."""
    names = ("system", "export", "sha256", "business_day", "mode", "sequence")
    return digest_of([delivery[name] for name in names])


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
