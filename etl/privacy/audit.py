"""Who did what with personal data: one line each, written before the thing is done or shown.

Lines are JSON, a file a month. Each holds the sha256 of the line before it, in all files together,
so that a line that was changed or taken out shows. Lines cut off the end do not show by themselves:
the copy in a backup tells. No line holds a personal value.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from etl.clock import utc_now
from etl.config import Settings
from etl.files import FILE_MODE, make_folder
from etl.locks import audit_lock

_TAIL_BYTES = 1 << 16  # far more than a line has


@dataclass(frozen=True)
class Chain:
    """The lines there are.

    Args:
        lines: How many.
        broken: Places, as ``<file>:<line>``, where a line does not follow from the one before.
    """

    lines: int
    broken: tuple[str, ...]


def append(settings: Settings, kind: str, **facts: object) -> None:
    """Add a line and make it durable; what cannot be written down must not happen.

    Args:
        kind: What is done: explain, reveal, rotate, erase.
        facts: What to know later: tokens, keys, counts, outcomes, reasons. Never a clear value.

    Raises:
        Busy: Another process held the log for too long.
        OSError: The log cannot be written; it is as before.
    """
    with audit_lock(settings):
        now = utc_now()
        months = audit_files(settings)
        this_month = make_folder(settings.access) / f"audit-{now:%Y-%m}.jsonl"
        path = max([this_month, *months[-1:]])  # a clock that was set back breaks no chain
        line = {
            "at": now.isoformat(),
            "who": _os_user(),
            "kind": kind,
            **facts,
            "previous": _digest(_last_line(months[-1])) if months else "",
        }
        _append_durably(path, json.dumps(line, ensure_ascii=False).encode() + b"\n")


def audit_files(settings: Settings) -> list[Path]:
    """Return the files of the log, the oldest month first; old months go as whole files."""
    return sorted(settings.access.glob("audit-*.jsonl"))


def read_chain(settings: Settings) -> Chain:
    """Read every line and see that each follows from the one before.

    The first line there is may follow from one that went with its month.
    """
    broken, count = [], 0
    expected: str | None = None
    for place, line in _lines(settings):
        count += 1
        named = _named_before(line)
        if named is None or expected not in (None, named):
            broken.append(place)
        expected = _digest(line)
    return Chain(count, tuple(broken))


def _lines(settings: Settings) -> Iterator[tuple[str, bytes]]:
    for path in audit_files(settings):
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            yield f"{path.name}:{number}", line


def _named_before(line: bytes) -> str | None:
    """Return the hash that a line names as the one before; None where it is no line of ours."""
    try:
        named = json.loads(line)["previous"]
    except (ValueError, KeyError, TypeError):
        return None
    return named if isinstance(named, str) else None


def _last_line(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return (file.read().splitlines() or [b""])[-1]


def _append_durably(path: Path, line: bytes) -> None:
    """Append a line whole or not at all; a half-written one before it is closed first."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, FILE_MODE)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError(f"the line could not be written whole to {path}")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _digest(line: bytes) -> str:
    return sha256(line).hexdigest()


def _os_user() -> str:
    """Return the name of the process's user, which no variable can change; its number without."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
