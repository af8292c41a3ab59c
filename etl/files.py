"""Writing files so that a reader sees the old one or the new one, never a part; reading them back.

Every final name is reached by: sibling temporary file -> fsync -> rename -> fsync of the folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.errors import Busy, LakeCorrupt
from etl.faults import reach

FILE_MODE = 0o640
FOLDER_MODE = 0o750
_CHUNK = 1 << 20
_DISK_ERRORS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
}


def sha256_of(path: Path) -> str:
    """Return the hex sha256 of a file's bytes, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_folder(path: Path, mode: int = FOLDER_MODE) -> Path:
    """Create a folder and its parents if they are missing, all with this mode; return it."""
    if not path.is_dir():
        make_folder(path.parent, mode)
        path.mkdir(mode=mode, exist_ok=True)
        fsync_folder(path.parent)
    return path


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Make a closed file's bytes durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def atomic_path(final: Path, mode: int = FILE_MODE) -> Iterator[Path]:
    """Yield a temporary sibling of ``final`` that becomes ``final`` if the block succeeds.

    The temporary file is removed when the block raises.
    """
    make_folder(final.parent)
    descriptor, name = tempfile.mkstemp(prefix=".tmp-", suffix=".part", dir=final.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(mode)
        fsync_file(temporary)
        reach("files.written")
        temporary.replace(final)
        reach("files.renamed")
        fsync_folder(final.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(final: Path, text: str, mode: int = FILE_MODE) -> None:
    """Write a text file atomically."""
    with atomic_path(final, mode) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(final: Path, value: object, mode: int = FILE_MODE) -> None:
    """Write JSON atomically, keys sorted, one line at the end."""
    write_text(final, canonical_json(value, indent=2) + "\n", mode)


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_document(path: Path, *names: str) -> dict[str, Any]:
    """Read a JSON object that the warehouse wrote.

    Args:
        path: The file.
        names: Words the object must have.

    Raises:
        LakeCorrupt: It is not JSON, not an object, or lacks a name; names the file.
    """
    try:
        document = read_json(path)
    except ValueError:  # not JSON, or not UTF-8
        raise damaged(path) from None
    if not isinstance(document, dict) or not document.keys() >= set(names):
        raise damaged(path)
    return document


def damaged(path: Path) -> LakeCorrupt:
    """Return the error for a document of ours whose content is not what was written."""
    return LakeCorrupt(
        "A file of the warehouse is damaged: its content is not what was written.",
        where=str(path),
        todo="Restore it from a backup; do not build without it.",
    )


@contextlib.contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says of locks and disks into errors one can act on; leave the others.

    Raises:
        Busy: Another process held the file for longer than the connection's timeout.
        OSError: The disk is full, or the file cannot be opened, read or written.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        # The low byte is the code; the others say the same more precisely.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            todo = "Wait for it to end, then run again."
            what = "Another process is writing to this file."
            raise Busy(what, where=str(path), todo=todo) from None
        if code in _DISK_ERRORS:
            number = _DISK_ERRORS[code]
            raise OSError(number, os.strerror(number), str(path)) from None
        raise


def readable(name: str | Path) -> str:
    r"""Return a file's name as text that can be printed: a byte that is not UTF-8 as ``\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def canonical_json(value: object, indent: int | None = None) -> str:
    """Return JSON text that is the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent, default=str)


def digest_of(value: object) -> str:
    """Return the hex sha256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
