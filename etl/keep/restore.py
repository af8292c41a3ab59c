"""Puts a backup back: every byte is read first, and nothing is overwritten unasked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from etl.config import Settings
from etl.erasure.erasing import begin_again, finish_open
from etl.errors import LoyaltyError, UsageError
from etl.faults import reach
from etl.files import FILE_MODE, fsync_folder, make_folder, read_document, write_document
from etl.keep.backup import KEY_NAME, VAULT_FILES, refuse_same_place
from etl.keep.generations import (
    Generation,
    copy_verified,
    find_generation,
    newest,
    verify_generation,
)
from etl.locks import audit_lock, keep_lock, landing_lock, writer_lock
from etl.privacy.audit import audit_files
from etl.privacy.keys import SECRET_FILE_MODE, SECRET_FOLDER_MODE, key_id
from etl.privacy.suppression import list_path, listed, merge_lists
from etl.publish.release import MANIFEST, RELEASE_FILE_MODE, make_current
from etl.space import require_space
from etl.warehouse.database import discard_build
from etl.warehouse.transform import Progress

# The lake comes last: before it is there, nothing can be built from a half-restored root.
AREAS = ("state", "marts", "raw")


def restore(
    settings: Settings,
    source: Path | None,
    vault_source: Path | None,
    progress: Progress,
    *,
    generation: str = "",
    force: bool = False,
    only_check: bool = False,
) -> dict[str, Any]:
    """Restore a generation of the warehouse, and the newest of the vault.

    Args:
        source: Folder of the warehouse's generations.
        vault_source: Folder of the vault's; None leaves the root's vault as it is.
        generation: Which one; the newest when empty.
        force: Replace what lies in the data root.
        only_check: Read every byte of the backup and change nothing.

    Returns:
        ``generation``, ``vault_generation``, ``taken_at``, ``files``, ``bytes``, ``lake_version``,
        ``served`` and ``restored``.

    Raises:
        LoyaltyError: BACKUP_CORRUPT, names the file; nothing was changed. VAULT_MISMATCH: the
            vault's key is not the one that made the lake's tokens.
        UsageError: The data root holds data and ``force`` was not given.
        Busy: A run is landing, building or keeping house.
    """
    if source is None:
        todo = "Say where with --from DIR, or set LOYALTY_BACKUP."
        raise UsageError("Nobody said where the backup is.", where="--from", todo=todo)
    refuse_same_place(settings, source, vault_source)
    chosen = find_generation(source, generation)
    vault = find_generation(vault_source) if vault_source is not None else None
    progress(f"reading every byte of generation {chosen.name}")
    size = verify_generation(chosen) + (verify_generation(vault) if vault else 0)
    _refuse_other_key(settings, chosen, vault)
    if not only_check:
        require_space(settings.data, size, "The restore")
        with (
            keep_lock(settings),
            landing_lock(settings, shared=False),
            writer_lock(settings),
        ):
            _put_back(settings, chosen, vault, progress, force=force)
    return {
        "generation": chosen.name,
        "vault_generation": vault.name if vault else None,
        "taken_at": chosen.taken_at,
        "files": len(chosen.files) + (len(vault.files) if vault else 0),
        "bytes": size,
        **{name: chosen.facts[name] for name in ("lake_version", "served")},
        "restored": not only_check,
    }


def _refuse_other_key(settings: Settings, chosen: Generation, vault: Generation | None) -> None:
    """The lake's tokens and the key that goes with them must belong together."""
    made_with = chosen.facts["key_id"]
    found = vault.facts["key_id"] if vault else key_id(settings.key_file)
    if None not in (made_with, found) and made_with != found:
        raise LoyaltyError(
            "The pseudonym key is not the one that made this lake's tokens.",
            where=str(vault.folder if vault else settings.key_file),
            todo="Give the backup of the vault that belongs to this warehouse (--vault-from).",
            code="VAULT_MISMATCH",
        )


def _put_back(
    settings: Settings,
    chosen: Generation,
    vault: Generation | None,
    progress: Progress,
    *,
    force: bool,
) -> None:
    """Copy beside what is there, then put each area in its place by one rename."""
    replaced = _in_the_way(settings, vault)
    if replaced and not force:
        raise UsageError(
            f"The data root holds data: {', '.join(path.name for path in replaced)}.",
            where=str(settings.data),
            todo="Restore into an empty root (--data), or replace what is there with --force.",
        )
    discard_build(settings)  # it is of the lake that was here, and could be published
    working = settings.data / ".tmp-restore"
    shutil.rmtree(working, ignore_errors=True)
    progress(f"copying {len(chosen.files)} files")
    for file in chosen.files:
        mode = RELEASE_FILE_MODE if file["name"].startswith("marts/") else FILE_MODE
        _copy(chosen, file, working / file["name"], mode)
    if vault:
        _put_back_vault(settings, vault, working)
    reach("restore.copied")
    with audit_lock(settings):
        # A log that is there goes on: it must never lose a line.
        if (working / "access").exists() and not audit_files(settings):
            _exchange(working / "access", settings.access, working)
    _keep_erased(settings, chosen, working)
    for area in AREAS:
        _exchange(working / area, settings.data / area, working)
        reach("restore.exchanged")
    _serve(settings, chosen.facts["served"])
    shutil.rmtree(working)
    if settings.key_file.exists():  # without it nobody is known again; builds wait
        finish_open(settings, progress, rebuild=False)


def _keep_erased(settings: Settings, chosen: Generation, working: Path) -> None:
    """Take over who was erased, then or since; a backup from before is to be cleaned of them."""
    folders = [
        generation.folder for generation in (newest(chosen.folder.parent), chosen) if generation
    ]
    of_backup = working / settings.erasures.name
    for folder in folders:
        for path in sorted((folder / settings.erasures.name).rglob("[!.]*.json")):
            final = settings.data / path.relative_to(folder)
            if final != list_path(settings) and not final.exists():
                write_document(final, read_document(path))
    lists = [list_path(replace(settings, data=folder)) for folder in folders]
    if merge_lists(settings, lists) != listed(of_backup / list_path(settings).name):
        begin_again(settings)


def _put_back_vault(settings: Settings, vault: Generation, working: Path) -> None:
    """Put keys and vault in place; the pseudonym key goes where the settings say it lies."""
    make_folder(working)
    prepared = make_folder(working / "vault", SECRET_FOLDER_MODE)
    for file in vault.files:
        _copy(vault, file, prepared / file["name"], SECRET_FILE_MODE)
    for journal in settings.vault.glob("vault.sqlite-*"):
        journal.unlink()  # SQLite would play it back onto the file that takes the old one's place
    for name in (*VAULT_FILES, KEY_NAME):
        final = settings.key_file if name == KEY_NAME else settings.vault / name
        make_folder(final.parent.parent)
        make_folder(final.parent, SECRET_FOLDER_MODE)
        if (prepared / name).exists():
            shutil.move(prepared / name, final)
            fsync_folder(final.parent)


def _copy(generation: Generation, file: dict[str, Any], target: Path, mode: int) -> None:
    make_folder(target.parent)
    copy_verified(generation.folder / file["name"], target, file["sha256"], mode)
    fsync_folder(target.parent)


def _in_the_way(settings: Settings, vault: Generation | None) -> list[Path]:
    """Return what of the data root holds files that the backup would take the place of."""
    areas = [settings.data / area for area in AREAS]
    filled = [area for area in areas if any(path.is_file() for path in area.rglob("*"))]
    secrets = [settings.key_file, *(settings.vault / name for name in VAULT_FILES)]
    return filled + [path for path in secrets if vault and path.exists()]


def _exchange(prepared: Path, final: Path, working: Path) -> None:
    """Put a prepared folder in its place; the old one goes with the working folder."""
    if final.exists():
        old = make_folder(working / "replaced") / final.name
        final.rename(old)
    if prepared.exists():
        prepared.rename(final)
    fsync_folder(final.parent)


def _serve(settings: Settings, run_id: str | None) -> None:
    if run_id is not None:
        release = settings.marts / "releases" / run_id
        as_of = date.fromisoformat(read_document(release / MANIFEST, "as_of")["as_of"])
        make_current(settings, release, as_of)
