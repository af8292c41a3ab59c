"""What the warehouse takes on disk, and how it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from etl.clock import utc_now
from etl.config import Settings
from etl.keep.generations import newest
from etl.keep.releases import list_releases
from etl.keep.removal import files_below
from etl.space import free_bytes

# Of files that two areas share by hard links, the first one counts the bytes.
AREAS = ("raw", "state", "marts", "vault", "rejects", "staged", "warehouse", "landing")


def overview(settings: Settings) -> dict[str, Any]:
    """Return what housekeeping sees.

    Returns:
        ``disk_mb`` by area, ``free_mb``, ``releases`` (number), ``last_backup`` and
        ``last_vault_backup`` (text).
    """
    now = utc_now()
    return {
        "disk_mb": {area: round(size / 1e6, 1) for area, size in disk_used(settings).items()},
        "free_mb": round(free_bytes(settings.data) / 1e6),
        "releases": len(list_releases(settings)),
        "last_backup": _last(settings.backup, now),
        "last_vault_backup": _last(settings.vault_backup, now),
    }


def disk_used(settings: Settings) -> dict[str, int]:
    """Return bytes by area of the data root; a hard-linked file counts once."""
    seen: set[tuple[int, int]] = set()
    used = {}
    for area in AREAS:
        root = settings.landing if area == "landing" else settings.data / area
        used[area] = 0
        for path in files_below(root):
            status = path.lstat()
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                used[area] += status.st_size
    return used


def _last(target: Any, now: datetime) -> str:
    if target is None:
        return "no folder is set"
    last = newest(target) if target.is_dir() else None
    if last is None:
        return "none"
    age = now - datetime.fromisoformat(last.taken_at)
    return f"{last.name}, {age.total_seconds() / 3600:.1f} hours ago"
