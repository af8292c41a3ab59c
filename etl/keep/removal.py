"""One thing that a rule lets go, and how it goes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class Removal:
    """A file or folder that may go.

    Args:
        rule: Name of the rule that lets it go.
        path: The file or folder.
        why: The reason, for people.
        aside: Where a folder is moved to before it is taken apart; beside itself when None.
    """

    rule: str
    path: Path
    why: str
    aside: Path | None = None

    def bytes(self) -> int:
        """Return the bytes of its files; a hard-linked file frees its bytes with its last name."""
        return sum(path.lstat().st_size for path in files_below(self.path))


def files_below(path: Path) -> Iterable[Path]:
    """Return a file itself, or every file below a folder; links are not followed."""
    if path.is_dir() and not path.is_symlink():
        return [entry for entry in path.rglob("*") if not entry.is_dir()]
    return [path] if path.exists() or path.is_symlink() else []


def remove(removal: Removal) -> None:
    """Remove what a rule let go; what is gone already is no error.

    A folder leaves its place by one rename, so that nobody meets half of it.
    """
    path = removal.path
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    aside = Path(tempfile.mkdtemp(prefix=".tmp-", dir=removal.aside or path.parent))
    path.rename(aside / path.name)
    shutil.rmtree(aside)


def older_than(path: Path, age: timedelta, now: datetime) -> bool:
    """Tell whether a file was last written longer ago than ``age``."""
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC) < now - age
