"""Writing files so that a reader sees the old one or the new one, never a part.

Every final name is reached by: sibling temporary file -> fsync -> rename -> fsync of the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE_MODE = 0o640
FOLDER_MODE = 0o750
_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the hex sha256 of a file's bytes, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_folder(path: Path, mode: int = FOLDER_MODE) -> Path:
    """Create a folder and its parents if they are missing; return it."""
    path.mkdir(mode=mode, parents=True, exist_ok=True)
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
        temporary.replace(final)
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


def canonical_json(value: object, indent: int | None = None) -> str:
    """Return JSON text that is the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent, default=str)


def digest_of(value: object) -> str:
    """Return the hex sha256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
