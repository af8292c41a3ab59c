"""The whole road, step by step; the command line and the DAGs call these functions and no others.

landing -> stage (gate, map, contract) -> commit -> lake -> build -> audit -> release -> current
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from etl.clock import utc_now
from etl.config import FEEDS, Settings
from etl.errors import DataBlocked, LoyaltyError, SourceLate
from etl.failures import failures_named
from etl.faults import reach
from etl.files import removed_on_failure
from etl.ingest.discover import Delivery, missing_feeds
from etl.ingest.extract import content_digest, delivery_id_of, stage_delivery
from etl.ingest.landing import fetch, survey
from etl.ingest.staging import sweep
from etl.lake.committing import commit_staged
from etl.lake.ledger import Ledger
from etl.locks import landing_lock, writer_lock
from etl.mapping import Mapping, load_mappings
from etl.privacy.suppression import read_erased, refuse_unfinished
from etl.privacy.tokens import Tokeniser, load_or_create_key
from etl.privacy.vault import Vault
from etl.publish.holds import accept_deliveries, refuse_held
from etl.publish.marts import read_marts
from etl.publish.release import finish_release, make_current, prepare_release
from etl.space import require_space
from etl.state import commit_state
from etl.warehouse.build import Build, build_warehouse, last_build
from etl.warehouse.transform import Progress, target_folder


@dataclass(frozen=True)
class RunResult:
    """What one run of the whole road published."""

    run_id: str
    release: Path
    manifest: dict[str, Any]
    commits: list[dict[str, Any]]


def silent(_: str) -> None:
    """Take progress that nobody listens to."""


@failures_named()
def run(
    settings: Settings, as_of: date, progress: Progress = silent, *, refit: bool = False
) -> RunResult:
    """Land what was delivered up to a day, build as of it and publish.

    Raises:
        SourceLate: An export that is expected for the day has not arrived.
        DataBlocked: A check failed or too much was rejected; the old release is still served.
    """
    commits = land(settings, as_of, progress)
    late = [name for feed in FEEDS for name in wait_for_day(settings, feed, as_of)]
    if late:
        raise SourceLate(
            f"Not delivered for {as_of}: {', '.join(late)}.",
            where=settings.landing_name,
            todo="Deliver it (header-only if there was nothing), or run as of an earlier day.",
        )
    with writer_lock(settings):
        built = build_warehouse(settings, as_of, progress, refit=refit)
        release, manifest = publish_build(settings, built, progress)
    return RunResult(built.record.run_id, release, manifest, commits)


@failures_named()
def land(settings: Settings, through: date, progress: Progress = silent) -> list[dict[str, Any]]:
    """Stage and commit everything delivered up to a business day that is not in the lake yet.

    Returns:
        One summary per feed; see :func:`commit_day`.

    Raises:
        DataBlocked: A file of an export cannot be taken at all; the others are committed.
    """
    fetch(settings, load_mappings(settings.mappings), progress)
    for feed in FEEDS:
        for wanted in exports_of(settings, feed):
            _stage(settings, wanted["system"], wanted["export"], through, progress)
    commits = [_commit(settings, feed, through) for feed in FEEDS]
    for path in survey(settings, load_mappings(settings.mappings), through).unmatched:
        progress(f"left alone, no mapping takes it: {path}")
    _refuse_unusable(settings, FEEDS, through)
    return commits


def exports_of(settings: Settings, feed: str) -> list[dict[str, str]]:
    """Return system and export name of each export of a feed, in a fixed order."""
    return [
        {"system": mapping.system, "export": export.name}
        for mapping in load_mappings(settings.mappings)
        for export in mapping.exports
        if export.feed == feed
    ]


def wait_for_day(settings: Settings, feed: str, day: date) -> list[str]:
    """Return the daily exports of a feed that are neither delivered nor committed for a day."""
    mappings = load_mappings(settings.mappings)
    fetch(settings, mappings, silent)
    found = survey(settings, mappings, day, feed)
    committed = Ledger(settings.raw).exports_on(feed, day.isoformat())
    missing = missing_feeds(found.deliveries, mappings, day, feed)
    return [name for name in missing if tuple(name.split(".", 1)) not in committed]


@failures_named()
def stage_export(
    settings: Settings, system: str, export: str, through: date, progress: Progress = silent
) -> list[str]:
    """Stage what one export delivered up to a day and is not committed; return delivery ids."""
    fetch(settings, load_mappings(settings.mappings), progress)
    return _stage(settings, system, export, through, progress)


def _stage(
    settings: Settings, system: str, export: str, through: date, progress: Progress
) -> list[str]:
    mapping = _mapping(settings, system)
    feed = mapping.export(export).feed
    with landing_lock(settings, shared=True):
        sweep(settings)
        delivered = _delivered(settings, (mapping,), feed, through, export)
        committed = Ledger(settings.raw).delivery_ids()
        fresh = [d for delivery_id, d in delivered.items() if delivery_id not in committed]
        if not fresh:
            return []
        reach("discover.found")
        _require_space_to_stage(settings, fresh)
        tokeniser = Tokeniser(load_or_create_key(settings), Vault(settings))
        erased = read_erased(settings)
        staged = []
        for delivery in fresh:
            progress(f"staging {system} {export} {delivery.business_day} {delivery.path.name}")
            done = stage_delivery(
                delivery, mapping, mapping.export(export), settings, tokeniser, utc_now(), erased
            )
            staged.append(done.delivery_id)
    return staged


@failures_named()
def commit_day(settings: Settings, feed: str, day: date) -> dict[str, Any]:
    """Commit a feed's staged deliveries up to a day; a day without news is an empty summary.

    Returns:
        ``batch_id`` (empty when nothing was new), ``deliveries``, ``records``, ``accepted`` and
        ``quarantined`` (rows) and ``rejected_files``; ids and counts only.

    Raises:
        DataBlocked: A file of the feed cannot be taken at all; the others are committed.
    """
    summary = _commit(settings, feed, day)
    _refuse_unusable(settings, (feed,), day)
    return summary


@failures_named()
def build(
    settings: Settings, as_of: date, progress: Progress = silent, *, refit: bool = False
) -> Build:
    """Build and check the warehouse as of a day; publish nothing."""
    with writer_lock(settings):
        return build_warehouse(settings, as_of, progress, refit=refit)


@failures_named()
def build_and_publish(
    settings: Settings, as_of: date, progress: Progress = silent
) -> dict[str, Any]:
    """Build as of a day and publish; the summary holds counts and ids only."""
    with writer_lock(settings):
        _, manifest = publish_build(settings, build_warehouse(settings, as_of, progress), progress)
    return _published(manifest)


@failures_named()
def publish_last(settings: Settings, progress: Progress, accept: Iterable[str]) -> dict[str, Any]:
    """Publish the last build, after accepting the rejects of the named deliveries.

    Raises:
        LoyaltyError: Nothing has been built, or the last build did not finish.
    """
    with writer_lock(settings):
        accept_deliveries(settings, accept)
        built = last_build(settings)
        if built is None:
            raise LoyaltyError(
                "There is no finished build.", todo="Run `loyalty build` first.", code="NOT_BUILT"
            )
        # Its tables lie where its own engine put them.
        settings = replace(settings, engine=built.record.engine)
        _, manifest = publish_build(settings, built, progress)
    return _published(manifest)


def _commit(settings: Settings, feed: str, day: date) -> dict[str, Any]:
    with landing_lock(settings, shared=False):
        wanted = _delivered(settings, load_mappings(settings.mappings), feed, day)
        commit = commit_staged(settings, feed, day, wanted.keys())
    deliveries = commit["deliveries"] if commit else []
    return {
        "batch_id": commit["batch_id"] if commit else "",
        "deliveries": len(deliveries),
        "records": sum(d["records"] for d in deliveries),
        "accepted": sum(t["rows"] for d in deliveries for t in d["tables"].values()),
        "quarantined": sum(d["rejects"]["rows"] for d in deliveries),
        "rejected_files": sum(d["status"] == "rejected" for d in deliveries),
    }


def _delivered(
    settings: Settings,
    mappings: tuple[Mapping, ...],
    feed: str,
    through: date,
    export: str | None = None,
) -> dict[str, Delivery]:
    """Return what lies in the landing for a feed, or one export of it, by delivery id.

    Every file returned is read once for its digest.
    """
    by_system = {mapping.system: mapping for mapping in mappings}
    return {
        delivery_id_of(
            delivery,
            by_system[delivery.system].export(delivery.export),
            content_digest(delivery.path),
        ): delivery
        for delivery in survey(settings, mappings, through, feed).deliveries
        if export in {None, delivery.export}
    }


def _require_space_to_stage(settings: Settings, deliveries: list[Delivery]) -> None:
    """Ask for room for the copies and the Parquet of what is staged one after the other.

    Raises:
        DiskFull: Too little is free.
    """
    delivered = sum(d.path.lstat().st_size for d in deliveries)
    needed = settings.keep.landing_space_factor * delivered
    require_space(settings.staged, needed, f"Staging {len(deliveries)} files")


def _refuse_unusable(settings: Settings, feeds: Iterable[str], through: date) -> None:
    """Stop when a file belongs to an export but cannot even become a delivery."""
    mappings = load_mappings(settings.mappings)
    refused = [
        entry for feed in feeds for entry in survey(settings, mappings, through, feed).refused
    ]
    if refused:
        raise DataBlocked(
            "; ".join(f"{entry.path.name}: {entry.error.what}" for entry in refused),
            where=", ".join(sorted({str(entry.path.parent) for entry in refused})),
            todo=refused[0].error.todo,
            code=refused[0].error.code,
        )


def publish_build(
    settings: Settings, built: Build, progress: Progress
) -> tuple[Path, dict[str, Any]]:
    """Audit, prepare the release, commit the state it rests on, then let readers see it.

    The caller holds the writer lock since before the build was made or read.

    Raises:
        DataBlocked: An erasure was begun, and the build may hold the person; or a day is held.
    """
    record = built.record
    refuse_unfinished(settings)
    refuse_held(settings, record.as_of_date)
    reach("publish.allowed")
    marts = read_marts(target_folder(settings))
    progress(f"writing release {record.run_id}: {len(marts)} marts")
    prepared, manifest = prepare_release(settings, record, marts)
    with removed_on_failure(prepared):
        commit_state(settings, record.run_id, record.as_of_date, built.proposals)
    reach("state.committed")
    release = finish_release(settings, prepared, record.run_id)
    served = make_current(settings, release, record.as_of_date)
    if not served:
        progress(f"release {record.run_id} is kept; readers stay on a later day's")
    return release, {**manifest, "is_served": served}


def _published(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        "run_id": manifest["run_id"],
        "as_of": manifest["as_of"],
        "is_served": manifest["is_served"],
        "marts": {name: mart["rows"] for name, mart in manifest["marts"].items()},
        "warnings": len(manifest["warnings"]),
    }


def _mapping(settings: Settings, system: str) -> Mapping:
    return next(m for m in load_mappings(settings.mappings) if m.system == system)
