"""The raw lake: typed Parquet that is in it because a commit says so, never because it lies there.

``raw/<table>/<delivery_id>.parquet`` holds rows, ``raw/_commits/<batch_id>.json`` says which files
belong to the lake and what their sha256 is. A commit is one file, created exclusively, so it is
there whole or not at all. A file without a commit is unreachable and a rerun replaces it.

A commit with ``replaced`` is a replay, and the certificate of what took whose place. One without
deliveries says which new files hold the rows of which deliveries from now on: with ``joined`` it is
a compaction, and the certificate that they are the same rows; with ``erased`` it is an erasure, and
says how many rows of which delivery went. Both speak of the commits before them: a delivery that
left the lake and came back later was read anew, and has files and counts of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from etl.config import Settings
from etl.errors import LakeCorrupt
from etl.files import digest_of, read_document, sha256_of

COMMITS = "_commits"


@dataclass(frozen=True)
class LakeFile:
    """One committed Parquet file.

    Args:
        rows: Rows of it that count.
        deliveries: The deliveries whose rows in it count, by business day.
        whole: Whether all its rows count. A joined file keeps rows of a delivery that was read
            again with a corrected mapping until the next compaction.
    """

    table: str
    path: Path
    sha256: str
    rows: int
    deliveries: tuple[str, ...]
    whole: bool = True


@dataclass(frozen=True)
class Lake:
    """All that is committed, read once.

    Args:
        commits: The commit documents, in the order they were made.
        deliveries: Every committed delivery, accepted, empty or rejected, in a fixed order. Where
            a file was read again with a corrected mapping, the later reading takes the place of
            the earlier one. Each carries the ``commit_sequence`` of its commit.
        files: Every Parquet file to read, in a fixed order.
        content: 12 hex digits that name the rows; neither a redelivery nor a compaction changes it,
            an erasure does.
        version: 12 hex digits that name the files; a compaction changes it.
    """

    raw: Path
    commits: tuple[dict[str, Any], ...]
    deliveries: tuple[dict[str, Any], ...]
    files: tuple[LakeFile, ...]
    content: str
    version: str


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
    deliveries = sorted(_readings(commits), key=lambda d: (d["business_day"], d["delivery_id"]))
    erasures = [commit for commit in commits if "erased" in commit]
    deliveries = [_without_erased(delivery, erasures) for delivery in deliveries]
    content = _content(erasures, deliveries)
    replaced = _replacing_files(settings.raw, commits)
    files = _files(settings.raw, deliveries, replaced)
    new = {file["path"] for file in replaced.values()}
    used = sorted(file.sha256 for file in files if file.path in new)
    version = digest_of([content, used])[:12] if used else content
    return Lake(settings.raw, commits, tuple(deliveries), files, content, version)


def _readings(commits: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Return the deliveries that count: of each content the latest reading.

    A commit with ``replaced`` is a replay: what it names counts no more, however often the file
    that brought it is read again, until a replay takes it back.
    """
    readings: dict[str, dict[str, Any]] = {}
    replaced: set[str] = set()
    for commit in commits:
        gone = {entry["subject"] for entry in commit.get("replaced", [])}
        brought = {subject_of(delivery): delivery for delivery in commit["deliveries"]}
        replaced = (replaced | gone) - (brought.keys() if gone else set())
        readings |= {
            subject: {**delivery, "commit_sequence": commit["sequence"]}
            for subject, delivery in brought.items()
        }
        for subject in replaced & readings.keys():
            del readings[subject]
    return readings.values()


def _content(erasures: Iterable[dict[str, Any]], deliveries: Iterable[dict[str, Any]]) -> str:
    """Name the rows: the deliveries, and what erasures did to them."""
    names = sorted(d["delivery_id"] for d in deliveries)
    done = sorted(commit["batch_id"] for commit in erasures)
    left_out = {d["delivery_id"]: d["erased"] for d in deliveries if d.get("erased")}
    return digest_of([names, done, left_out] if done or left_out else names)[:12]


def _without_erased(delivery: dict[str, Any], erasures: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return a delivery with its rows as they are now, and under ``erased`` those that went."""
    later = (c for c in erasures if c["sequence"] > delivery["commit_sequence"])
    for commit in later:
        removed = commit["erased"]["removed"].get(delivery["delivery_id"], {})
        for table, gone in removed.items():
            now, before = delivery["tables"][table], delivery.get("erased", {})
            went = before.get(table, {"rows": 0, "amount": None})
            delivery = {
                **delivery,
                "tables": {**delivery["tables"], table: {**now, **_moved(now, gone, -1)}},
                "erased": {**before, table: _moved(went, gone, 1)},
            }
    return delivery


def _moved(counted: dict[str, Any], gone: dict[str, Any], sign: int) -> dict[str, Any]:
    """Add rows and their amount to a count, or take them off; no rows have no amount."""
    rows = counted["rows"] + sign * gone["rows"]
    stated = [amount for amount in (counted["amount"], gone["amount"]) if amount is not None]
    amount = Decimal(counted["amount"] or 0) + sign * Decimal(gone["amount"] or 0)
    return {"rows": rows, "amount": f"{amount:f}" if stated and rows else None}


def replacements(commit: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return by table which files a commit puts in the place of which others."""
    erased: dict[str, Any] = commit.get("erased", {}).get("tables", {})
    return {**commit.get("joined", {}), **erased}


def _replacing_files(
    raw: Path, commits: Iterable[dict[str, Any]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the new file that holds a table's rows of a delivery, by both; the latest wins."""
    return {
        (table, delivery_id): {**file, "path": raw / file["file"], "sequence": commit["sequence"]}
        for commit in commits
        for table, certificate in replacements(commit).items()
        for file in certificate["after"]["files"]
        for delivery_id in file["deliveries"]
    }


def _files(
    raw: Path,
    deliveries: Iterable[dict[str, Any]],
    replaced: dict[tuple[str, str], dict[str, Any]],
) -> tuple[LakeFile, ...]:
    """Return the files that hold the deliveries' rows."""
    held: dict[Path, list[LakeFile]] = {}
    for delivery in deliveries:
        for table, own in sorted(delivery["tables"].items()):
            delivery_id = delivery["delivery_id"]
            since = {"sequence": delivery["commit_sequence"]}
            alone = {**own, **since, "path": data_path(raw, table, delivery_id)}
            file = max(
                alone, replaced.get((table, delivery_id), alone), key=lambda file: file["sequence"]
            )
            part = LakeFile(table, file["path"], file["sha256"], own["rows"], (delivery_id,))
            held.setdefault(part.path, []).append(part)
    sizes = {file["path"]: len(file["deliveries"]) for file in replaced.values()}
    return tuple(_united(parts, sizes.get(path, 1)) for path, parts in held.items())


def _united(parts: list[LakeFile], members: int) -> LakeFile:
    """Return one file for the parts of it that count."""
    return replace(
        parts[0],
        rows=sum(part.rows for part in parts),
        deliveries=tuple(part.deliveries[0] for part in parts),
        whole=len(parts) == members,
    )


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
