"""Makes staged deliveries part of the lake: one commit, created exclusively, all or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Set
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from etl.config import Settings
from etl.contract import CONTRACT_VERSION
from etl.errors import LakeCorrupt
from etl.faults import reach
from etl.files import (
    DIGEST,
    FILE_MODE,
    canonical_json,
    digest_of,
    fsync_file,
    fsync_folder,
    has_sha256,
    make_folder,
    read_document,
    sealed,
)
from etl.ingest.staging import REJECTS, STAGED_NAME
from etl.lake.commits import COMMITS, Lake, data_path, read_lake


def commit_staged(
    settings: Settings, feed: str, through: date, wanted: Set[str]
) -> dict[str, Any] | None:
    """Move a feed's staged deliveries into the lake as one commit.

    The caller holds the landing alone. What was staged but is not wanted is dropped: it is in the
    lake already, or its file or its mapping changed since it was staged.

    Args:
        through: Last business day of the commit, inclusive.
        wanted: Ids of the deliveries that lie in the landing now.

    Returns:
        The commit document, or None when nothing new was staged.

    Raises:
        LakeCorrupt: A staged file is not what its marker says.
    """
    lake = read_lake(settings)
    folders = staged_folders(settings, feed, through)
    fresh = wanted - {delivery["delivery_id"] for delivery in lake.deliveries}
    chosen = [f for f in folders if f.name in fresh and (f / STAGED_NAME).exists()]
    commit = write_commit(settings, lake, feed, through, chosen) if chosen else None
    for folder in folders:
        shutil.rmtree(folder)
        reach("commit.swept")
    return commit


def staged_folders(settings: Settings, feed: str, through: date) -> list[Path]:
    """Return the staged deliveries of a feed up to a business day, complete or not, in order."""
    return [
        folder
        for day in sorted((settings.staged / feed).glob("*"))
        if day.name <= through.isoformat()
        for folder in sorted(day.iterdir())
    ]


def write_commit(
    settings: Settings,
    lake: Lake,
    feed: str,
    through: date,
    folders: list[Path],
    certificate: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Make exactly these staged folders part of the lake; the caller holds the landing alone.

    Args:
        certificate: What the commit says beside its deliveries.

    Raises:
        LakeCorrupt: A staged file is not what its marker says.
    """
    deliveries = [_adopt(settings, folder) for folder in folders]
    identity = digest_of(sorted(d["delivery_id"] for d in deliveries))[:12]
    sequence = next_sequence(lake)
    commit = {
        "batch_id": f"{feed}-{through.isoformat()}-{sequence:06d}-{identity}",
        "sequence": sequence,
        "feed": feed,
        "business_day": through.isoformat(),
        "contract_version": CONTRACT_VERSION,
        "deliveries": deliveries,
        **certificate,
    }
    create_exclusively(settings.raw / COMMITS / f"{commit['batch_id']}.json", commit)
    return commit


def next_sequence(lake: Lake) -> int:
    """Return the number of the lake's next commit; the caller holds the landing alone."""
    return max((int(commit["sequence"]) for commit in lake.commits), default=0) + 1


def _adopt(settings: Settings, folder: Path) -> dict[str, Any]:
    """Link a staged delivery's files to their places in the lake and in quarantine."""
    staged = _read_staged(folder)
    for table, described in staged["tables"].items():
        source = _verified(folder / f"{table}.parquet", described["sha256"])
        _link(source, data_path(settings.raw, table, folder.name))
    if staged["rejects"]["rows"]:
        source = _verified(folder / f"{REJECTS}.parquet", staged["rejects"]["sha256"])
        _link(source, settings.rejects / f"{folder.name}.parquet")
    reach("commit.linked")
    return {name: value for name, value in staged.items() if name != DIGEST}


def _read_staged(folder: Path) -> dict[str, Any]:
    try:
        return read_document(folder / STAGED_NAME, "tables", "rejects")
    except LakeCorrupt:
        raise _staged_corrupt(folder / STAGED_NAME) from None


def _verified(path: Path, sha256: str) -> Path:
    if not has_sha256(path, sha256):
        raise _staged_corrupt(path)
    return path


def _staged_corrupt(path: Path) -> LakeCorrupt:
    return LakeCorrupt(
        "A staged file's bytes are not those that were written.",
        where=str(path),
        todo="Nothing was committed. Remove the folder it lies in and land again.",
    )


def _link(source: Path, target: Path) -> None:
    make_folder(target.parent)
    target.unlink(missing_ok=True)
    os.link(source, target)
    fsync_file(target)
    fsync_folder(target.parent)


def create_exclusively(path: Path, document: dict[str, Any]) -> None:
    """Write a document, complete, under a name that must not exist yet."""
    make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=".tmp-", suffix=".part", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        temporary.write_text(canonical_json(sealed(document), indent=2) + "\n", encoding="utf-8")
        temporary.chmod(FILE_MODE)
        fsync_file(temporary)
        reach("commit.written")
        os.link(temporary, path)
        reach("commit.created")
    finally:
        temporary.unlink()
    fsync_folder(path.parent)
