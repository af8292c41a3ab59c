"""Which releases stay, and how unchanged marts of several releases share one file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

from etl.config import Settings
from etl.files import fsync_folder, read_document, sha256_of
from etl.keep.removal import Removal
from etl.publish.release import MANIFEST


@dataclass(frozen=True)
class Release:
    """A published release; ``left_at`` is when a later one took its place, None for the last."""

    folder: Path
    as_of: str
    published_at: datetime
    left_at: datetime | None
    marts: dict[str, Any]


def list_releases(settings: Settings) -> list[Release]:
    """Return all releases in the order they were published."""
    folders = sorted((settings.marts / "releases").glob(f"[!.]*/{MANIFEST}"))
    found = [
        (read_document(path, "as_of", "published_at", "marts"), path.parent) for path in folders
    ]
    found.sort(key=lambda entry: str(entry[0]["published_at"]))
    instants = [datetime.fromisoformat(manifest["published_at"]) for manifest, _ in found]
    return [
        Release(folder, manifest["as_of"], at, left_at, manifest["marts"])
        for (manifest, folder), at, left_at in zip_longest(found, instants, instants[1:])
    ]


def releases_to_remove(settings: Settings, now: datetime) -> Iterator[Removal]:
    """Yield the releases that no rule keeps.

    A release stays while it is served, is one of the newest, is young, may still be read by a
    query that began before its successor came, or is the last of its month.
    """
    rules, releases = settings.keep, list_releases(settings)
    current = (settings.marts / "current").resolve()
    month_ends = {_month_end(releases, release.as_of[:7]) for release in releases}
    for release in releases[: -rules.releases]:
        is_young = now - release.published_at < timedelta(days=rules.release_days)
        may_be_read = now - (release.left_at or now) < timedelta(hours=rules.query_hours)
        is_served = release.folder.resolve() == current
        if not (is_young or may_be_read or is_served or release.folder in month_ends):
            age = (now - release.published_at).days
            yield Removal("releases", release.folder, f"published {age} days ago")


def share_unchanged(settings: Settings) -> int:
    """Let marts that are the same byte for byte in several releases share one file.

    Returns:
        Bytes freed. Readers notice nothing: each name is exchanged by one rename.
    """
    freed = 0
    first: dict[str, Path] = {}
    for release in list_releases(settings):
        for mart in release.marts.values():
            path = release.folder / mart["file"]
            original = first.setdefault(mart["sha256"], path)
            if not path.samefile(original) and _same_bytes(path, original, mart["sha256"]):
                freed += path.stat().st_size
                _link_instead(original, path)
    return freed


def _month_end(releases: list[Release], month: str) -> Path:
    """Return the last release of a month: of its latest day, the one published last."""
    of_month = [release for release in releases if release.as_of.startswith(month)]
    return max(of_month, key=lambda release: (release.as_of, release.published_at)).folder


def _same_bytes(path: Path, other: Path, sha256: str) -> bool:
    """Read both: a file that rotted must not take the place of a good one."""
    return sha256_of(path) == sha256 == sha256_of(other)


def _link_instead(original: Path, path: Path) -> None:
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.unlink(missing_ok=True)
    os.link(original, temporary)
    temporary.replace(path)
    fsync_folder(path.parent)
