"""What must be true of a data root whatever was killed: invariants I1 to I5 of the fault matrix.

Each function returns what it found wrong, in words; an empty list is good.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from etl.config import Settings
from etl.files import read_json, sha256_of
from etl.lake.commits import Lake, read_lake, verify_files
from etl.privacy.audit import audit_files
from etl.publish.fingerprint import logical_hash
from etl.publish.release import MANIFEST
from etl.state import state_files, verify_state
from etl.warehouse.database import BUILD_NAME, scratch

# When a row was loaded is the one thing that differs from run to run.
VOLATILE = frozenset({"loaded_at"})
# Temporary names; nothing reads them, and `loyalty keep` removes them when they are old.
_TEMPORARY = (".tmp-", ".gate-")


def lake_rows(settings: Settings) -> dict[str, Any]:
    """Return what the lake, the vault and the quarantine hold, in a form that can be compared."""
    lake = read_lake(settings)
    verify_files(lake.files)
    tables: dict[str, list[Path]] = {}
    for file in lake.files:
        tables.setdefault(file.table, []).append(file.path)
    with scratch(settings) as connection:
        rows = {
            table: logical_hash(connection, paths, VOLATILE)[1] for table, paths in tables.items()
        }
        refused = {path.name: logical_hash(connection, path, frozenset())[1]
                   for path in settings.rejects.glob("*.parquet")}  # fmt: skip
    counts = {
        d["delivery_id"]: [d["status"], d["records"], d["tables"], d["rejects"]["by_reason"]]
        for d in _without_digests(lake)
    }
    return {"tables": rows, "refused": refused, "counts": counts, "vault": _tokens(settings)}


def mart_hashes(settings: Settings) -> dict[str, str]:
    """Return the served run and the logical hash of each of its marts."""
    manifest = read_json(settings.marts / "current" / MANIFEST)
    marts = {name: mart["logical_hash"] for name, mart in manifest["marts"].items()}
    return {"run_id": manifest["run_id"], **marts}


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """I1: the same as without the fault."""
    names = sorted({*found, *wanted})
    return [f"I1 other {name}" for name in names if found.get(name) != wanted.get(name)]


def broken_releases(settings: Settings) -> list[str]:
    """I2: every release that has a name is whole, byte for byte, and one is served."""
    folders = sorted((settings.marts / "releases").glob("[!.]*"))
    found = [f"I2 release {f.name}: {what}" for f in folders for what in _broken(f)]
    if not (settings.marts / "current" / MANIFEST).exists():
        found.append("I2 nothing is served")
    return found


def uncounted_records(settings: Settings, delivered: Mapping[str, int]) -> list[str]:
    """I3: each record of each file is in a table, in quarantine or left out by the mapping.

    Args:
        delivered: Records of each file, counted by hand.
    """
    lake = read_lake(settings)
    found = []
    for delivery in lake.deliveries:
        name, records = delivery["file"], delivery["records"]
        if records != delivered[name]:
            found.append(f"I3 {name}: {records} records, {delivered[name]} were delivered")
        kept = _kept_records(settings, lake, delivery) + delivery["left_out"]
        if kept != records:
            found.append(f"I3 {name}: {kept} of {records} records are accounted for")
    return found


def leftovers(settings: Settings) -> tuple[list[str], list[Path]]:
    """I4: what lies in the data root and belongs to nothing.

    Returns:
        What is wrong: names that look like data, and work folders, which hold clear values; and the
        temporaries, which nothing reads.
    """
    known = _known_files(settings)
    found = [path for path in _files(settings.data) if path not in known]
    temporary = [path for path in found if any(_is_temporary(part) for part in path.parts)]
    orphans = [f"I4 {path.relative_to(settings.data)}" for path in found if path not in temporary]
    work = sorted((settings.staged / "_work").glob("*"))
    return orphans + [f"I4 work folder {path.name}" for path in work], temporary


def told(texts: Iterable[Path], canaries: Iterable[str]) -> list[str]:
    """I5: no clear value in a log, nor in the raw bytes of anything else."""
    words = [canary.encode() for canary in canaries]
    return [
        f"I5 {word.decode()!r} in {path.name}"
        for path in texts
        for content in [path.read_bytes()]
        for word in words
        if word in content
    ]


def written_since(settings: Settings, instant: float) -> list[Path]:
    """Return the files of the data root that were written since an instant, logs included."""
    return [path for path in _files(settings.data) if path.lstat().st_mtime >= instant]


def _without_digests(lake: Lake) -> Iterable[dict[str, Any]]:
    """Rows and amounts of each table; the bytes differ, as ``loaded_at`` does."""
    for delivery in lake.deliveries:
        tables = {name: [t["rows"], t["amount"]] for name, t in delivery["tables"].items()}
        yield {**delivery, "tables": tables}


def _tokens(settings: Settings) -> list[str]:
    uri = f"file:{settings.vault / 'vault.sqlite'}"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        query = "select token from personal_values order by token"
        return [token for (token,) in connection.execute(query)]


def _broken(folder: Path) -> list[str]:
    if not (folder / MANIFEST).exists():
        return ["no manifest"]
    manifest = read_json(folder / MANIFEST)
    described = [manifest["database"], *manifest["marts"].values()]
    names = {MANIFEST, *(entry["file"] for entry in described)}
    wrong = [
        f"{path.name} is in no manifest" for path in folder.iterdir() if path.name not in names
    ]
    for entry in described:
        path = folder / entry["file"]
        if not path.exists() or sha256_of(path) != entry["sha256"]:
            wrong.append(f"{path.name} is not what was written")
    return wrong


def _kept_records(settings: Settings, lake: Lake, delivery: dict[str, Any]) -> int:
    """Count the records of a delivery that a row of a table or of the quarantine comes from."""
    delivery_id = delivery["delivery_id"]
    paths = [file.path for file in lake.files if delivery_id in file.deliveries]
    refused = settings.rejects / f"{delivery_id}.parquet"
    paths += [refused] if refused.exists() else []
    # Quarantine expires; what it held stays counted.
    expired = delivery["bad_records"] if delivery["rejects"]["rows"] and not refused.exists() else 0
    of_it = pl.col("batch_id") == delivery_id
    rows = [
        frame.filter(of_it).select("source_row") if "batch_id" in frame.columns else frame
        for frame in (pl.read_parquet(path) for path in paths)
    ]
    kept = [frame.select("source_row") for frame in rows]
    return expired + (pl.concat(kept)["source_row"].n_unique() if kept else 0)


def _files(folder: Path) -> list[Path]:
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names]


def _is_temporary(name: str) -> bool:
    return name.startswith(_TEMPORARY)


def _known_files(settings: Settings) -> set[Path]:
    """Return every file that a commit, a manifest or a fixed name speaks for."""
    lake = read_lake(settings)
    verify_state(settings)
    known = {file.path for file in lake.files} | _replaced(settings, lake)
    known |= {settings.raw / "_commits" / f"{c['batch_id']}.json" for c in lake.commits}
    known |= {settings.rejects / f"{d['delivery_id']}.parquet" for d in lake.deliveries
              if d["rejects"]["rows"]}  # fmt: skip
    known |= {settings.rejects / "_masked.json"}
    known |= {path for path, _ in state_files(settings)}
    known |= {settings.raw / "_ledger.sqlite", settings.data / ".landing.lock",
              settings.data / ".keep.lock", settings.data / ".audit.lock",
              settings.warehouse / ".writer.lock", settings.raw / "_key.json",
              settings.key_file, settings.vault / "vault.key", settings.vault / "vault.sqlite",
              settings.warehouse / "build" / BUILD_NAME, settings.marts / "current"}  # fmt: skip
    known |= set((settings.warehouse / "build").glob("*.parquet"))
    known |= {settings.warehouse / "build" / "build.json"}
    known |= set((settings.warehouse / "dbt").rglob("*")) | set(audit_files(settings))
    inputs = list((settings.warehouse / "inputs").glob("*"))
    if len(inputs) == 1:  # those of the last run
        known |= set(inputs[0].rglob("*"))
    known |= set(settings.erasures.rglob("[!.]*"))
    return known | set((settings.marts / "releases").glob("[!.]*/*"))


def _replaced(settings: Settings, lake: Lake) -> set[Path]:
    """Return the files that a compaction has joined; they stay until a backup has the new ones."""
    return {
        settings.raw / file["file"]
        for commit in lake.commits
        for certificate in commit.get("joined", {}).values()
        for file in certificate["before"]["files"]
    }
