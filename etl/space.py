"""Room on the disk: asked for before a step begins, and named when it runs out on the way."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from etl.errors import DiskFull, LoyaltyError
from etl.files import readable

FULL_DISK_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
# What engines say that know no errno: the operating system's words, and DuckDB's own limit.
_FULL_DISK_WORDS = ("no space left on device", "disk quota exceeded", "max_temp_directory_size")
_TODO = (
    "Free space, or give the data a larger disk; `loyalty keep --dry-run` shows what may go. "
    "Then run again."
)


def free_bytes(folder: Path) -> int:
    """Return the bytes free for us where a folder lies, or will lie."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_space(folder: Path, needed_bytes: int, purpose: str) -> None:
    """Refuse to begin what would fill the disk.

    Args:
        folder: Where it will be written.
        needed_bytes: Estimate of the bytes it takes at its widest.
        purpose: What for, as the subject of a sentence.

    Raises:
        DiskFull: Fewer bytes are free; says how many are missing.
    """
    free = free_bytes(folder)
    if free < needed_bytes:
        what = (
            f"{purpose} needs about {in_megabytes(needed_bytes)} of free disk,"
            f" {in_megabytes(free)} are free."
        )
        raise DiskFull(what, where=str(folder), todo=_TODO)


@contextlib.contextmanager
def full_disk_named() -> Iterator[None]:
    """Turn whatever an engine or the system says of a full disk into DISK_FULL; leave the rest.

    Raises:
        DiskFull: The disk ran full inside the block; names the file where the error does.
    """
    try:
        yield
    except LoyaltyError:
        raise
    except Exception as error:
        if not is_disk_full(error):
            raise
        reason = getattr(error, "strerror", None) or "No space left on device"
        where = readable(str(getattr(error, "filename", None) or ""))
        raise disk_ran_full(reason, where) from error


def disk_ran_full(reason: str, where: str) -> DiskFull:
    """Return the error for a disk that ran full on the way."""
    return DiskFull(f"The disk ran full ({reason}).", where=where, todo=_TODO)


def is_disk_full(error: BaseException) -> bool:
    """Tell whether an error of any library means that the disk, or a quota on it, is full."""
    return getattr(error, "errno", None) in FULL_DISK_ERRNOS or says_disk_is_full(str(error))


def says_disk_is_full(message: str) -> bool:
    """Tell whether a message, such as a failed dbt model's, means a full disk."""
    return any(words in message.lower() for words in _FULL_DISK_WORDS)


def in_megabytes(size: int) -> str:
    """Write a number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"
