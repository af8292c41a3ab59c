"""What of the landing and the lake may go because a backup has it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from etl.config import Settings
from etl.ingest.discover import Delivery, discover
from etl.ingest.extract import content_digest, delivery_id_of
from etl.ingest.manifest import MANIFEST_NAME
from etl.keep.generations import Generation, newest
from etl.keep.removal import Removal
from etl.lake.commits import COMMITS, read_lake, replacements
from etl.mapping import load_mappings
from etl.publish.holds import held_deliveries


def last_backup(settings: Settings) -> Generation | None:
    """Return the newest backup whose files are all there; None without one."""
    if settings.backup is None or not settings.backup.is_dir():
        return None
    found = newest(settings.backup)
    return found if found is not None and found.is_complete() else None


def landing_to_remove(settings: Settings, now: datetime) -> Iterator[Removal]:
    """Yield delivered files that are old, in the lake, in a backup, and wait for nobody.

    A folder with a manifest goes whole or stays whole: a manifest without its files, and files
    without their manifest, would be refused by the next landing.
    """
    if settings.landing_url:
        return  # what expires in the bucket goes with the next fetch; what is there would come back
    if not settings.landing.is_dir() or not os.access(settings.landing, os.W_OK):
        return
    may_go = _removable_files(settings, now)
    for folder in sorted({path.parent for path in may_go}):
        names = {path for path in may_go if path.parent == folder}
        manifest = folder / MANIFEST_NAME
        if not manifest.exists():
            for path in sorted(names):
                yield Removal("landing", path, "in the lake and in the backup")
        elif _is_all_of(folder, names) and folder.parent != settings.landing:
            # Aside is outside the system's folder, where half of it would be a broken delivery.
            yield Removal("landing", folder, "in the lake and in the backup", settings.landing)


def lake_files_to_remove(settings: Settings) -> Iterator[Removal]:
    """Yield lake files that no run reads any more.

    A file that no commit lists was left by a killed run. A file that a compaction or a later
    reading replaced goes once a backup has the lake without it. The caller holds the landing.
    """
    lake, backup = read_lake(settings), last_backup(settings)
    is_backed_up = backup is not None and backup.facts["lake_version"] == lake.version
    read = {file.path for file in lake.files}
    listed = {
        settings.raw / table / f"{delivery['delivery_id']}.parquet"
        for commit in lake.commits
        for delivery in commit["deliveries"]
        for table in delivery["tables"]
    } | {
        settings.raw / file["file"]
        for commit in lake.commits
        for certificate in replacements(commit).values()
        for file in certificate["after"]["files"]
    }
    for path in sorted(settings.raw.glob("[!_.]*/*.parquet")):
        if path not in listed:
            yield Removal("lake", path, "no commit lists it")
        elif path not in read and is_backed_up:
            yield Removal("lake", path, "replaced, and the backup has what replaced it")


def _removable_files(settings: Settings, now: datetime) -> set[Path]:
    backup = last_backup(settings)
    if backup is None:
        return set()
    lake = read_lake(settings)
    held = held_deliveries(settings, date.max).keys()
    kept = {
        delivery["delivery_id"]
        for commit in lake.commits
        if f"raw/{COMMITS}/{commit['batch_id']}.json" in backup.names
        for delivery in commit["deliveries"]
    } - held
    exports = {
        (mapping.system, export.name): export
        for mapping in load_mappings(settings.mappings)
        for export in mapping.exports
    }
    return {
        delivery.path
        for delivery in _old_deliveries(settings, now)
        if delivery_id_of(
            delivery,
            exports[delivery.system, delivery.export],
            content_digest(delivery.path),
        )
        in kept
    }


def _old_deliveries(settings: Settings, now: datetime) -> Iterator[Delivery]:
    """Yield what has lain in the landing for long.

    The change time tells since when; a sender's tool may keep the modification time of the source.
    """
    oldest = now - timedelta(days=settings.keep.landing_days)
    found = discover(settings.landing, load_mappings(settings.mappings), date.max)
    for delivery in found.deliveries:
        if datetime.fromtimestamp(delivery.path.lstat().st_ctime, UTC) < oldest:
            yield delivery


def _is_all_of(folder: Path, names: set[Path]) -> bool:
    return set(folder.iterdir()) == {*names, folder / MANIFEST_NAME}
