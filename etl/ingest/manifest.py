"""``_manifest.json``: what a sender says about the files of a folder.

Every part is optional; a word that is not known is refused, so that a typing error is not a
missing promise::

    {"business_day": "2017-12-25", "mode": "incremental", "sequence": 20171225,
     "files": {"baskets.csv": {"rows": 431, "sha256": "..."}}}
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from etl.ingest.reasons import file_rejected

MANIFEST_NAME = "_manifest.json"
_MODES = ("full", "incremental", "history")
_LARGEST_BYTES = 4 << 20
_LARGEST_INTEGER = 2**63 - 1


@dataclass(frozen=True)
class Declared:
    """What is promised of one file: records (header not counted) and sha256, each or None."""

    rows: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Manifest:
    """A manifest that has been checked; what it does not say is None."""

    business_day: date | None = None
    mode: str | None = None
    sequence: int | None = None
    files: dict[str, Declared] = field(default_factory=dict)


class _Mistake(Exception):  # noqa: N818 - never leaves this module
    """A sentence part that says where and what."""


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Raises:
        FileRejected: MANIFEST_INVALID, with the place and what was expected.
    """
    try:
        return _manifest(json.loads(_text(path)))
    except (_Mistake, ValueError, RecursionError) as error:  # a number of too many digits, too
        detail = str(error) if isinstance(error, _Mistake) else "it is not JSON in UTF-8"
    except OSError as error:
        detail = f"it cannot be opened ({error.strerror})"
    raise file_rejected("MANIFEST_INVALID", path.name, detail=detail)


def _text(path: Path) -> str:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_BYTES:
            raise _Mistake("it is not a plain file of at most 4 MiB")
        return file.read().decode("utf-8")


def _manifest(value: Any) -> Manifest:
    known = _object(value, "the manifest", ("business_day", "mode", "sequence", "files"))
    files = known.get("files")
    declared = {} if files is None else _object(files, "files", None)
    mode = known.get("mode")
    if mode is not None and mode not in _MODES:
        raise _Mistake(f"mode must be one of {', '.join(_MODES)}")
    return Manifest(
        business_day=_day(known.get("business_day")),
        mode=mode,
        sequence=_count(known.get("sequence"), "sequence"),
        files={name: _declared(name, entry) for name, entry in declared.items()},
    )


def _declared(name: str, value: Any) -> Declared:
    entry = _object(value, f"files.{name}", ("rows", "sha256"))
    sha256 = entry.get("sha256")
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", str(sha256)):
        raise _Mistake(f"files.{name}.sha256 must be 64 hex digits")
    if Path(name).name != name:
        raise _Mistake(f"files.{name} must be a file name without a folder")
    return Declared(_count(entry.get("rows"), f"files.{name}.rows"), sha256)


def _object(value: Any, place: str, known: tuple[str, ...] | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Mistake(f"{place} must be an object")
    unknown = sorted(set(value) - set(known)) if known else []
    if unknown:
        raise _Mistake(f"{place} has an unknown word {unknown[0]!r}")
    return value


def _day(value: Any) -> date | None:
    if value is None:
        return None
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value)):
            return date.fromisoformat(str(value))
    except ValueError:
        pass  # digits that are no day of the calendar
    raise _Mistake("business_day must be a day such as 2017-12-25")


def _count(value: Any, place: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_INTEGER:
        return value
    raise _Mistake(f"{place} must be a whole number, 0 or more")
