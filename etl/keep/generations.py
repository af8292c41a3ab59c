"""Generations of a backup: one folder per backup, unchanged files hard-linked to the one before.

::

    <target>/<generation>/manifest.json      taken_at, facts, and of every file name, sha256, size
    <target>/<generation>/raw/...            the files, under their names below the data root

A generation gets its name last, so it is there whole or not at all. Each is complete by itself:
removing one takes nothing from the others, and plain tools can read it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from etl.errors import Busy, LakeCorrupt, LoyaltyError, UsageError
from etl.faults import reach
from etl.files import (
    DIGEST,
    fsync_folder,
    make_folder,
    read_document,
    removed_on_failure,
    sha256_of,
    write_document,
)
from etl.space import require_space

MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_WORKING = ".tmp-"
_NAME = "%Y%m%dT%H%M%S_%fZ"


@dataclass(frozen=True)
class Source:
    """A file to back up.

    Args:
        name: Its name in the generation, relative, with ``/``.
        path: Where it lies now.
        sha256: What its bytes must be.
    """

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Modes:
    """Who may read a backup: modes of its folders and files."""

    folder: int = 0o750
    file: int = 0o440


SECRET = Modes(0o700, 0o400)


@dataclass(frozen=True)
class Generation:
    """One complete backup.

    Args:
        folder: Where it lies; its name is the generation's.
        taken_at: When it was begun, UTC, ISO text.
        facts: What it is a backup of.
        files: Of each file ``name``, ``sha256`` and ``bytes``.
    """

    folder: Path
    taken_at: str
    facts: dict[str, Any]
    files: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        """The generation's name."""
        return self.folder.name

    @property
    def names(self) -> frozenset[str]:
        """Names of all its files."""
        return frozenset(file["name"] for file in self.files)

    def is_complete(self) -> bool:
        """Tell, without reading them, whether all files are there in their size."""
        return all(_has_size(self.folder / f["name"], f["bytes"]) for f in self.files)


def write_generation(
    target: Path,
    sources: Iterable[Source],
    facts: Mapping[str, Any],
    taken_at: datetime,
    *,
    modes: Modes = Modes(),
    reread: bool = False,
) -> Generation:
    """Back up files as a new generation.

    Args:
        target: Folder of all generations.
        facts: What the backup is of, for its manifest.
        reread: Read unchanged files of the last generation again, and replace those that rotted.

    Raises:
        Busy: Another backup is writing there.
        DiskFull: The target has too little room for what is new.
        LoyaltyError: SOURCE_CHANGED: a file is not what it should be; no generation was made.
    """
    make_folder(target, modes.folder)
    with _alone(target):
        last = newest(target)
        known = _reusable(last, reread=reread) if last else {}
        wanted = sorted(sources, key=lambda source: source.name)
        new = sum(s.path.stat().st_size for s in wanted if s.sha256 not in known)
        require_space(target, new, f"The backup of {len(wanted)} files")
        working = target / f"{_WORKING}{_next_name(last, taken_at)}"
        with removed_on_failure(working):
            for source in wanted:
                _take(source, working / source.name, known.get(source.sha256), modes)
                reach("backup.copied")
            files = [
                {"name": s.name, "sha256": s.sha256, "bytes": (working / s.name).stat().st_size}
                for s in wanted
            ]
            manifest = {"taken_at": taken_at.isoformat(), "facts": dict(facts), "files": files}
            write_document(make_folder(working, modes.folder) / MANIFEST, manifest, modes.file)
        final = target / working.name.removeprefix(_WORKING)
        working.rename(final)
        reach("backup.named")
        fsync_folder(target)
    return read_generation(final)


def generations(target: Path) -> list[Path]:
    """Return the folders of all complete generations, the oldest first."""
    return sorted(path.parent for path in target.glob(f"[0-9]*/{MANIFEST}"))


def newest(target: Path) -> Generation | None:
    """Return the newest generation, or None."""
    folders = generations(target)
    return read_generation(folders[-1]) if folders else None


def find_generation(target: Path, name: str = "") -> Generation:
    """Return the generation of a name, or the newest.

    Raises:
        UsageError: There is none, or none of that name; lists those there are.
    """
    folders = {folder.name: folder for folder in generations(target)}
    if not folders:
        todo = "Give the folder that `loyalty backup --to` wrote."
        raise UsageError("There is no backup here.", where=str(target), todo=todo)
    if name and name not in folders:
        raise UsageError(
            f"There is no generation {name!r}.",
            where=str(target),
            todo=f"Choose one of {', '.join(folders)}.",
        )
    return read_generation(folders[name or max(folders)])


def read_generation(folder: Path) -> Generation:
    """Read a generation's manifest.

    Raises:
        LoyaltyError: BACKUP_CORRUPT: the manifest is damaged, or names a place outside.
    """
    path = folder / MANIFEST
    try:
        document = read_document(path, "taken_at", "facts", "files", DIGEST)
    except LakeCorrupt:
        raise _corrupt(path, "is not what was written") from None
    if any(_leads_outside(file["name"]) for file in document["files"]):
        raise _corrupt(path, "names a file outside the backup")
    return Generation(folder, document["taken_at"], document["facts"], tuple(document["files"]))


def verify_generation(generation: Generation) -> int:
    """Read every byte of a generation; return how many there are.

    Raises:
        LoyaltyError: BACKUP_CORRUPT: a file is missing or its bytes changed; names it.
    """
    for file in generation.files:
        path = generation.folder / file["name"]
        if not path.is_file():
            raise _corrupt(path, "is missing")
        if sha256_of(path) != file["sha256"]:
            raise _corrupt(path, "has other bytes than were backed up")
    return sum(file["bytes"] for file in generation.files)


def prune(target: Path, keep: int) -> list[str]:
    """Remove all generations but the newest, and what a killed backup left; return their names."""
    with _alone(target):
        gone = generations(target)[:-keep]
        for folder in gone:
            # Out of the list in one step, so that a kill leaves no generation with holes.
            folder.rename(target / f"{_WORKING}{folder.name}")
            reach("backup.pruned")
        _sweep(target)
    return [folder.name for folder in gone]


def copy_verified(source: Path, target: Path, sha256: str, mode: int) -> None:
    """Copy a file to a name that is not there yet, and read the copy back from the disk.

    Raises:
        LoyaltyError: SOURCE_CHANGED: the bytes are not those expected.
    """
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("xb") as written:
        while block := read.read(_CHUNK):
            digest.update(block)
            written.write(block)
        written.flush()
        os.fchmod(written.fileno(), mode)
        os.fsync(written.fileno())
        # The copy shall be read from the disk, not from memory.
        os.posix_fadvise(written.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    for path, found in ((source, digest.hexdigest()), (target, sha256_of(target))):
        if found != sha256:
            raise LoyaltyError(
                "A file's bytes are not those that were written.",
                where=str(path),
                todo="Nothing was replaced. Restore the file from an earlier backup.",
                code="SOURCE_CHANGED",
            )


def _next_name(last: Generation | None, taken_at: datetime) -> str:
    """Return a name that sorts after the last one's, also when the clock was set back."""
    if last is not None:
        after = datetime.strptime(last.name, _NAME).replace(tzinfo=UTC) + timedelta(microseconds=1)
        taken_at = max(taken_at, after)
    return taken_at.strftime(_NAME)


def _take(source: Source, target: Path, unchanged: Path | None, modes: Modes) -> None:
    """Link a file of the last generation, or copy the source where the content is new."""
    folder = make_folder(target.parent, modes.folder)
    if unchanged is not None:
        try:
            os.link(unchanged, target)
        except OSError:  # a file system without hard links, or with too many of this one
            copy_verified(unchanged, target, source.sha256, modes.file)
    else:
        copy_verified(source.path, target, source.sha256, modes.file)
    fsync_folder(folder)


def _reusable(last: Generation, *, reread: bool) -> dict[str, Path]:
    """Return the files of a generation that can stand in for new copies, by sha256."""
    return {
        file["sha256"]: path
        for file in last.files
        if _has_size(path := last.folder / file["name"], file["bytes"])
        and (not reread or sha256_of(path) == file["sha256"])
    }


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or not path.parts


def _sweep(target: Path) -> None:
    for leftover in target.glob(f"{_WORKING}*"):
        shutil.rmtree(leftover)


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold a backup folder, and clear away what a killed backup left in it."""
    folder = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sweep(target)
        yield
    except BlockingIOError:
        what = "Another backup is writing to this folder."
        raise Busy(what, where=str(target), todo="Wait for it to end.") from None
    finally:
        os.close(folder)


def _corrupt(path: Path, what: str) -> LoyaltyError:
    return LoyaltyError(
        f"The backup cannot be used: {path.name} {what}.",
        where=str(path),
        todo="Restore another generation (--generation); take a new backup with --reread.",
        code="BACKUP_CORRUPT",
    )
