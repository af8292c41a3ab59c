"""Writing files so that a reader sees the old one or the new one, never a part; reading them back.

Every final name is reached by: sibling temporary file -> fsync -> rename -> fsync of the folder.
A JSON document that later runs rest on carries the digest of its own content.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from etl.errors import Busy, LakeCorrupt
from etl.faults import reach

FILE_MODE = 0o640
FOLDER_MODE = 0o750
UMASK = 0o027
DIGEST = "digest"
TEMPORARY = ".tmp-"
_DISK_ERRORS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
}


def close_to_others() -> None:
    """Let this process write no file that others may read, whichever engine writes it."""
    os.umask(UMASK)


def sha256_of(path: Path) -> str:
    """Return the hex sha256 of a file's bytes, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_sha256(path: Path, sha256: str) -> bool:
    """Tell whether a file is there and its bytes are those that were written."""
    return path.is_file() and sha256_of(path) == sha256


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
    descriptor, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=".part", dir=final.parent)
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


@contextlib.contextmanager
def removed_on_failure(folder: Path) -> Iterator[None]:
    """Remove a temporary folder (``.tmp-...``) when the block raises; any other folder stays."""
    try:
        yield
    except BaseException:
        if folder.name.startswith(TEMPORARY):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def write_text(final: Path, text: str, mode: int = FILE_MODE) -> None:
    """Write a text file atomically."""
    with atomic_path(final, mode) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(final: Path, value: object, mode: int = FILE_MODE) -> None:
    """Write JSON atomically, keys sorted, one line at the end."""
    write_text(final, canonical_json(value, indent=2) + "\n", mode)


def write_document(final: Path, document: Mapping[str, Any], mode: int = FILE_MODE) -> None:
    """Write a JSON object that :func:`read_document` reads back, atomically."""
    write_json(final, sealed(document), mode)


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with the digest of all else in it, so that a changed byte shows."""
    content = {name: value for name, value in document.items() if name != DIGEST}
    return {**content, DIGEST: digest_of(content)}


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_document(path: Path, *names: str) -> dict[str, Any]:
    """Read a JSON object that the warehouse wrote.

    Args:
        path: The file.
        names: Words the object must have.

    Raises:
        LakeCorrupt: It is not JSON, not an object, lacks a name, or is not what its digest says;
            names the file.
    """
    try:
        document = read_json(path)
    except ValueError:  # not JSON, or not UTF-8
        raise damaged(path) from None
    if not isinstance(document, dict) or not document.keys() >= set(names):
        raise damaged(path)
    if not _is_as_written(document):
        raise damaged(path)
    return document


def _is_as_written(document: dict[str, Any]) -> bool:
    """Documents from before there were digests have none; a lost name leaves its 64 digits."""
    if DIGEST in document:
        return document == sealed(document)
    texts = [value for value in document.values() if isinstance(value, str)]
    return not any(re.fullmatch("[0-9a-f]{64}", text) for text in texts)


def damaged(path: Path) -> LakeCorrupt:
    """Return the error for a document of ours whose content is not what was written."""
    return LakeCorrupt(
        "A file of the warehouse is damaged: its content is not what was written.",
        where=str(path),
        todo="Restore it from a backup and do not build without it; what lies in warehouse/ is "
        "made again by the next build.",
    )


@contextlib.contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says of locks and disks into errors one can act on; leave the others.

    Raises:
        Busy: Another process held the file for longer than the connection's timeout.
        LakeCorrupt: The file is no database, or is damaged so far that SQLite sees it.
        OSError: The disk is full, or the file cannot be opened, read or written.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte is the code; the others say the same more precisely.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise damaged(path) from None
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
