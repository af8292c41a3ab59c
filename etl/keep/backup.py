"""Backs up what cannot be made again: the lake, the state and, for convenience, what is served.

The vault goes to a place of its own. Tokens are only as private as the key is far away from them.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from etl.clock import utc_now
from etl.config import Settings
from etl.errors import LoyaltyError, UsageError
from etl.files import make_folder, read_document, sha256_of, sqlite_errors
from etl.keep.generations import SECRET, Generation, Source, newest, prune, write_generation
from etl.lake.commits import COMMITS, Lake, read_lake
from etl.locks import audit_lock, keep_lock
from etl.privacy.audit import audit_files
from etl.privacy.keys import key_id, refuse_changed_key
from etl.privacy.vault import Vault
from etl.publish.release import MANIFEST, read_current
from etl.state import state_files
from etl.warehouse.transform import Progress

VAULT_FILES = ("vault.key", "vault.sqlite")
KEY_NAME = "pseudonym.key"


def back_up(
    settings: Settings,
    target: Path | None,
    vault_target: Path | None,
    progress: Progress,
    *,
    reread: bool = False,
    without_vault: bool = False,
) -> dict[str, Any]:
    """Write a new generation of the warehouse and one of the vault.

    Landing and building go on meanwhile: committed files never change. State is listed before the
    lake and the lake before the vault, so that what one refers to is in the next.

    Args:
        target: Folder of the warehouse's generations.
        vault_target: Folder of the vault's.
        reread: Read what is in the backup already again, and replace what rotted.
        without_vault: Leave the vault out; somebody else keeps it.

    Returns:
        ``generation``, ``files``, ``bytes``, ``vault_generation`` (None without) and ``removed``
        (names of old generations).

    Raises:
        UsageError: No target, or two of data root, backup and vault's backup lie in each other.
        LoyaltyError: As :func:`etl.keep.generations.write_generation`. AUDIT_CUT: lines that the
            last generation has are gone from the audit log; the new one was written, and no old
            one was removed.
    """
    if target is None:
        todo = "Say where with --to DIR, or set LOYALTY_BACKUP."
        raise UsageError("Nobody said where the backup goes.", where="--to", todo=todo)
    if without_vault:
        vault_target = None
    elif vault_target is None:
        todo = "Say where with --vault-to DIR or LOYALTY_VAULT_BACKUP, or give --without-vault."
        raise UsageError("Nobody said where the vault goes.", where="--vault-to", todo=todo)
    refuse_same_place(settings, target, vault_target)
    now = utc_now()
    if settings.key_file.exists():
        refuse_changed_key(settings)
    with keep_lock(settings), tempfile.TemporaryDirectory(prefix=".tmp-", dir=settings.data) as own:
        cut = audit_cut(settings, target, now)
        state = _state(settings)
        lake = read_lake(settings)
        progress(f"backing up lake {lake.version} to {target}")
        audit = _audit(settings, Path(own))
        sources = [
            *state,
            *_lake(settings, lake),
            *_release(settings),
            *audit,
            *_erasures(settings),
        ]
        done = write_generation(target, sources, _facts(settings, lake), now, reread=reread)
        vault = None
        if vault_target is not None:
            progress(f"backing up the vault to {vault_target}")
            vault = _back_up_vault(settings, vault_target)
        if cut:
            raise _audit_cut(cut)
        folders = [folder for folder in (target, vault_target) if folder is not None]
        removed = [name for folder in folders for name in prune(folder, settings.keep.generations)]
    return {
        "generation": done.name,
        "files": len(done.files),
        "bytes": sum(file["bytes"] for file in done.files),
        "vault_generation": vault.name if vault else None,
        "removed": removed,
    }


def refuse_same_place(settings: Settings, target: Path, vault_target: Path | None) -> None:
    """Refuse places of which one lies in the other: losing or leaking one would lose both.

    Raises:
        UsageError: Names the two.
    """
    places = {"the data root": settings.data, "the backup": target}
    if vault_target is not None:
        places["the vault's backup"] = vault_target
    named = [(name, path.resolve()) for name, path in places.items()]
    for number, (name, path) in enumerate(named):
        for other_name, other in named[number + 1 :]:
            if path == other or path in other.parents or other in path.parents:
                raise UsageError(
                    f"{name} and {other_name} lie in each other.".capitalize(),
                    where=f"{path}, {other}",
                    todo="Give each a place of its own, best on another disk.",
                )


def audit_cut(settings: Settings, target: Path, now: datetime) -> Path | None:
    """Return a file of the newest generation whose audit lines are not all in the log any more.

    Months that are old enough to go may be gone.
    """
    last = newest(target) if target.is_dir() else None
    if last is None:
        return None
    for name in sorted(last.names):
        if not name.startswith(f"{settings.access.name}/"):
            continue
        kept, path = last.folder / name, settings.data / name
        month = datetime.strptime(path.stem, "audit-%Y-%m").replace(tzinfo=UTC)
        may_be_gone = month + timedelta(days=settings.keep.access_days) < now
        found = path.read_bytes() if path.exists() else b""
        if not found.startswith(kept.read_bytes()) and not (may_be_gone and not found):
            return kept
    return None


def _audit_cut(kept: Path) -> LoyaltyError:
    return LoyaltyError(
        "Lines of the audit log were changed or removed since the last backup.",
        where=str(kept),
        todo="Compare that file with the log in access/; the backup before has what is missing."
        " This backup was written, and no older one removed.",
        code="AUDIT_CUT",
    )


def _facts(settings: Settings, lake: Lake) -> dict[str, Any]:
    served = read_current(settings)
    days = [delivery["business_day"] for delivery in lake.deliveries]
    return {
        "lake_version": lake.version,
        "last_business_day": max(days, default=None),
        "served": served["run_id"] if served else None,
        "key_id": key_id(settings.key_file),
    }


def _source(settings: Settings, path: Path, sha256: str) -> Source:
    return Source(path.relative_to(settings.data).as_posix(), path, sha256)


def _state(settings: Settings) -> list[Source]:
    return [_source(settings, path, sha256) for path, sha256 in state_files(settings)]


def _lake(settings: Settings, lake: Lake) -> list[Source]:
    """List the commits and the files they make up; what is not read any more stays out."""
    commits = [settings.raw / COMMITS / f"{commit['batch_id']}.json" for commit in lake.commits]
    return [
        *(_source(settings, path, sha256_of(path)) for path in commits),
        *(_source(settings, file.path, file.sha256) for file in lake.files),
    ]


def _release(settings: Settings) -> list[Source]:
    """List the files of the release that is served."""
    current = settings.marts / "current"
    if not current.exists():
        return []
    folder = settings.marts.resolve() / "releases" / current.resolve().name
    manifest = read_document(folder / MANIFEST, "database", "marts")
    described = [manifest["database"], *manifest["marts"].values()]
    digests = {entry["file"]: entry["sha256"] for entry in described}
    digests[MANIFEST] = sha256_of(folder / MANIFEST)
    return [
        Source(f"marts/releases/{folder.name}/{name}", folder / name, sha256)
        for name, sha256 in digests.items()
    ]


def _erasures(settings: Settings) -> list[Source]:
    """List who was erased and the certificates: without them a restore would bring people back."""
    paths = sorted(settings.erasures.rglob("[!.]*.json"))
    return [_source(settings, path, sha256_of(path)) for path in paths]


def _audit(settings: Settings, folder: Path) -> list[Source]:
    """Copy the audit log, which grows at any time, and list the copies."""
    with audit_lock(settings):
        copies = [Path(shutil.copy(path, folder)) for path in audit_files(settings)]
    return [Source(f"{settings.access.name}/{c.name}", c, sha256_of(c)) for c in copies]


def _back_up_vault(settings: Settings, target: Path) -> Generation:
    """Back up keys and vault; SQLite itself makes the copy, as others may be writing."""
    vault = make_folder(settings.vault, SECRET.folder)
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=vault) as folder:
        copy = Path(folder) / "vault.sqlite"
        paths = {KEY_NAME: settings.key_file, "vault.key": settings.vault / "vault.key"}
        if (settings.vault / copy.name).exists():
            Vault(settings).settle()
            _copy_sqlite(settings.vault / copy.name, copy)
            paths[copy.name] = copy
        sources = [
            Source(name, path, sha256_of(path)) for name, path in paths.items() if path.exists()
        ]
        facts = {"key_id": key_id(settings.key_file)}
        return write_generation(target, sources, facts, utc_now(), modes=SECRET)


def _copy_sqlite(source: Path, target: Path) -> None:
    with (
        sqlite_errors(source),
        closing(sqlite3.connect(source)) as read,
        closing(sqlite3.connect(target)) as written,
    ):
        read.backup(written)
