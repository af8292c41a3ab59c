"""Builds and publishes past business days in order, as each would have been on its day.

Everything delivered up to the last day is landed first, once. That is no look into the future: each
row says since when it is known, and a build as of a day reads no row that was known later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from etl import route
from etl.config import Settings
from etl.errors import SourceLate, UsageError
from etl.lake.commits import read_lake
from etl.locks import writer_lock
from etl.mapping import Mapping, load_mappings
from etl.publish.release import find_release, make_current
from etl.warehouse.build import settled_run_id
from etl.warehouse.transform import Progress

PUBLISHED = "published"
THERE_ALREADY = "there already"
_MAX_LISTED = 10


@dataclass(frozen=True)
class BackfilledDay:
    """What became of one day.

    Args:
        outcome: ``published``, or ``there already`` when the same run had been published before.
        is_served: Whether readers have this release now; ``current`` never moves to an earlier day.
    """

    as_of: date
    run_id: str
    outcome: str
    is_served: bool


def backfill_days(
    settings: Settings,
    first: date,
    last: date,
    progress: Progress = route.silent,
    *,
    allow_missing: bool = False,
    rebuild: bool = False,
) -> Iterator[BackfilledDay]:
    """Land once, then build and publish each day; yield each as it is done.

    A day whose release is there already is left as it is, so a backfill that was stopped goes on
    where it was. Days are built in order because the value models of a day are in force on later
    ones.

    Args:
        allow_missing: Build a day although an export expected daily was never delivered for it.
        rebuild: Build a day although its release is there; other rows would be an error.

    Raises:
        UsageError: The last day lies before the first.
        SourceLate: A day lacks an export; nothing was built.
        DataBlocked: A day failed a check; the days before it stay published.
    """
    if last < first:
        raise UsageError(
            f"{last} lies before {first}.", where="--from and --to", todo="Swap the two days."
        )
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    route.land(settings, last, progress)
    if not allow_missing:
        _refuse_gaps(settings, days)
    for day in days:
        progress(f"business day {day}")
        finished = None if rebuild else _serve_finished(settings, day)
        yield finished or _build(settings, day, progress)


def _build(settings: Settings, day: date, progress: Progress) -> BackfilledDay:
    done = route.build_and_publish(settings, day, progress)
    return BackfilledDay(day, done["run_id"], PUBLISHED, done["is_served"])


def _serve_finished(settings: Settings, day: date) -> BackfilledDay | None:
    """Return a day that was published before, or None; a run may have ended before serving it."""
    run_id = settled_run_id(settings, day)
    release = find_release(settings, run_id)
    if release is None:
        return None
    with writer_lock(settings):
        is_served = make_current(settings, release, day)
    return BackfilledDay(day, run_id, THERE_ALREADY, is_served)


def _refuse_gaps(settings: Settings, days: Iterable[date]) -> None:
    """Stop before the first build when a day lacks an export that is expected daily."""
    gaps = undelivered(settings, days)
    if gaps:
        raise SourceLate(
            f"Never delivered for {gaps}.",
            where=settings.landing_name,
            todo="Deliver them (header-only if there was nothing), choose other days, or build "
            "with what there is: --allow-missing.",
        )


def undelivered(settings: Settings, days: Iterable[date]) -> str:
    """List the days that lack an export which is expected daily, and which; empty if none does."""
    mappings, deliveries = load_mappings(settings.mappings), read_lake(settings).deliveries
    gaps = [
        f"{day}: {', '.join(missing)}"
        for day in days
        if (missing := missing_exports(deliveries, mappings, day))
    ]
    more = f"; and {len(gaps) - _MAX_LISTED} days more" if len(gaps) > _MAX_LISTED else ""
    return "; ".join(gaps[:_MAX_LISTED]) + more


def missing_exports(
    deliveries: Iterable[dict[str, Any]], mappings: Iterable[Mapping], day: date
) -> list[str]:
    """Return ``system.export`` of the daily exports that tell nothing about a day.

    A history tells of all days up to its own.

    Args:
        deliveries: Committed deliveries, as the lake lists them.
    """
    told = {
        (delivery["system"], delivery["export"])
        for delivery in deliveries
        if delivery["business_day"] == day.isoformat()
        or (delivery["mode"] == "history" and delivery["business_day"] > day.isoformat())
    }
    return [
        f"{mapping.system}.{export.name}"
        for mapping in mappings
        for export in mapping.exports
        if export.expected == "daily" and (mapping.system, export.name) not in told
    ]
