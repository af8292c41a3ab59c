"""What may go, by one table of rules; nothing else in the data root is ever deleted.

Rules only say what may go. They are asked and carried out under the locks of writer and landing,
so that nobody writes meanwhile; open files of readers stay readable. Each removal stands alone: a
run that is killed has removed less, and the next one removes the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from etl.clock import utc_now
from etl.config import Settings
from etl.faults import reach
from etl.keep.delivered import lake_files_to_remove, landing_to_remove
from etl.keep.releases import releases_to_remove, share_unchanged
from etl.keep.removal import Removal, older_than, remove
from etl.locks import keep_lock, landing_lock, writer_lock


@dataclass(frozen=True)
class Rule:
    """What it is about, what stays in words, and what may go now."""

    name: str
    stays: str
    find: Callable[[Settings, datetime], Iterable[Removal]]


@dataclass(frozen=True)
class Removed:
    """One thing that went, or would go, and its bytes."""

    rule: str
    path: str
    bytes: int
    why: str

    def row(self) -> tuple[str, str, int, str]:
        """Return it as a table row."""
        return self.rule, self.path, self.bytes, self.why


@dataclass(frozen=True)
class CleanUp:
    """What went, or would go, and the bytes freed by letting equal marts share one file."""

    removed: tuple[Removed, ...]
    shared_bytes: int = 0


def clean_up(settings: Settings, *, dry_run: bool = False, now: datetime | None = None) -> CleanUp:
    """Remove what the rules let go.

    Args:
        dry_run: Say what would go; touch nothing and wait for nobody.
        now: Instant the ages count to; the present when None.

    Raises:
        Busy: A run is landing, building or keeping house.
    """
    instant = now or utc_now()
    if dry_run:
        return CleanUp(tuple(_described(settings, found) for found in _found(settings, instant)))
    with keep_lock(settings), landing_lock(settings, shared=False), writer_lock(settings):
        removed = []
        for found in _found(settings, instant):
            removed.append(_described(settings, found))
            remove(found)
            reach("keep.removed")
        return CleanUp(tuple(removed), share_unchanged(settings))


def _found(settings: Settings, now: datetime) -> Iterator[Removal]:
    for rule in RULES:
        yield from list(rule.find(settings, now))


def _described(settings: Settings, found: Removal) -> Removed:
    below = settings.data in found.path.parents
    path = found.path.relative_to(settings.data) if below else found.path
    return Removed(found.rule, str(path), found.bytes(), found.why)


def _rejects(settings: Settings, now: datetime) -> Iterator[Removal]:
    days = settings.keep.reject_days
    for path in sorted(settings.rejects.glob("*.parquet")):
        if older_than(path, timedelta(days=days), now):
            yield Removal("rejects", path, f"refused more than {days} days ago")


def _lake(settings: Settings, _: datetime) -> Iterable[Removal]:
    return lake_files_to_remove(settings)


def _staged(settings: Settings, now: datetime) -> Iterator[Removal]:
    """Whole staged deliveries that nothing committed, and work folders of killed runs."""
    folders = [*settings.staged.glob("[!_]*/*/*"), *settings.staged.glob("_work/*")]
    yield from _left_over("staged", folders, settings, now)


def _spilled(settings: Settings, now: datetime) -> Iterator[Removal]:
    """What DuckDB wrote for want of memory, and inputs of runs before the last one."""
    inputs = sorted(
        (settings.warehouse / "inputs").glob("*"), key=lambda path: path.stat().st_mtime
    )
    entries = [*(settings.warehouse / "tmp").glob("*"), *inputs[:-1]]
    yield from _left_over("build leftovers", entries, settings, now)


def _half_written(settings: Settings, now: datetime) -> Iterator[Removal]:
    """Temporary names of killed runs; a running one's are young."""
    areas = (
        settings.raw, settings.rejects, settings.state, settings.marts, settings.vault,
        settings.erasures,
    )  # fmt: skip
    roots = [*areas, settings.warehouse / "build"]
    entries = [path for root in roots for path in root.glob("**/.tmp-*")]
    entries += [*settings.data.glob(".tmp-*"), *settings.landing.glob(".tmp-*")]
    entries = [path for path in entries if not set(path.parents) & set(entries)]
    yield from _left_over("half-written", entries, settings, now)


def _logs(settings: Settings, now: datetime) -> Iterator[Removal]:
    days = settings.keep.log_days
    folders = [
        settings.warehouse / "dbt" / "logs",
        settings.data / "containers" / "airflow" / "logs",
        *([settings.airflow_logs] if settings.airflow_logs else []),
    ]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            is_log = path.is_file() or not any(path.iterdir())
            if is_log and older_than(path, timedelta(days=days), now):
                yield Removal("logs", path, f"not written for {days} days")


def _access(settings: Settings, now: datetime) -> Iterator[Removal]:
    days = settings.keep.access_days
    for path in sorted(settings.access.glob("*.jsonl")):
        if older_than(path, timedelta(days=days), now):
            yield Removal("access", path, f"not written for {days} days")


def _left_over(
    rule: str, paths: Iterable[Path], settings: Settings, now: datetime
) -> Iterator[Removal]:
    days = settings.keep.leftover_days
    for path in sorted(paths):
        if older_than(path, timedelta(days=days), now):
            yield Removal(rule, path, "left by a run that did not end")


RULES = (
    Rule(
        "releases",
        "the served one, the newest, the young, what a query may still read, each month's last",
        releases_to_remove,
    ),
    Rule("rejects", "younger than reject_days; counts and amounts in the lake for ever", _rejects),
    Rule("landing", "younger than landing_days, not yet backed up, or held", landing_to_remove),
    Rule("lake", "all that is read; what was replaced until a backup has the new files", _lake),
    Rule("staged", "younger than leftover_days", _staged),
    Rule("build leftovers", "the last run's inputs; younger than leftover_days", _spilled),
    Rule("half-written", "younger than leftover_days", _half_written),
    Rule("logs", "younger than log_days", _logs),
    Rule("access", "months with a line younger than access_days", _access),
)
