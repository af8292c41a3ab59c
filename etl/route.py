"""The whole road, step by step; the command line and the DAGs call these functions and no others.

landing -> stage (gate, map, contract) -> commit -> lake -> build -> audit -> release -> current
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etl.clock import utc_now
from etl.config import FEEDS, Settings
from etl.errors import LoyaltyError, SourceLate
from etl.ingest.discover import Delivery, Discovery, discover, missing_feeds
from etl.ingest.extract import content_digest, delivery_id_of, stage_delivery
from etl.lake.commits import commit_staged
from etl.lake.ledger import Ledger
from etl.mapping import Mapping, load_mappings
from etl.privacy.tokens import Tokeniser, load_or_create_key
from etl.privacy.vault import Vault
from etl.publish.holds import accept_deliveries, refuse_held
from etl.publish.marts import read_marts
from etl.publish.release import make_current, write_release
from etl.state import commit_state
from etl.warehouse.build import Build, build_warehouse, last_build
from etl.warehouse.database import writer_lock
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
            where=str(settings.landing),
            todo="Deliver it (header-only if there was nothing), or run as of an earlier day.",
        )
    build = build_warehouse(settings, as_of, progress, refit=refit)
    manifest = _publish(settings, build, progress)
    release = settings.marts / "releases" / build.record.run_id
    return RunResult(build.record.run_id, release, manifest, commits)


def land(settings: Settings, through: date, progress: Progress = silent) -> list[dict[str, Any]]:
    """Stage and commit everything delivered up to a business day that is not in the lake yet.

    Returns:
        One summary per feed; see :func:`commit_day`.
    """
    for feed in FEEDS:
        for wanted in exports_of(settings, feed):
            stage_export(settings, wanted["system"], wanted["export"], through, progress)
    return [commit_day(settings, feed, through) for feed in FEEDS]


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
    found = discover(settings.landing, mappings, day, feed)
    committed = Ledger(settings.raw).exports_on(feed, day.isoformat())
    missing = missing_feeds(found.deliveries, mappings, day, feed)
    return [name for name in missing if tuple(name.split(".", 1)) not in committed]


def stage_export(
    settings: Settings, system: str, export: str, through: date, progress: Progress = silent
) -> list[str]:
    """Stage what one export delivered up to a day and is not committed; return delivery ids."""
    mapping = _mapping(settings, system)
    feed = mapping.export(export).feed
    found = discover(settings.landing, (mapping,), through, feed)
    committed = Ledger(settings.raw).delivery_ids()
    fresh = [d for d in _of_export(found, export) if _id(d, mapping) not in committed]
    if not fresh:
        return []
    tokeniser = Tokeniser(load_or_create_key(settings), Vault(settings))
    staged = []
    for delivery in fresh:
        progress(f"staging {system} {export} {delivery.business_day} {delivery.path.name}")
        done = stage_delivery(
            delivery, mapping, mapping.export(export), settings, tokeniser, utc_now()
        )
        staged.append(done.delivery_id)
    return staged


def commit_day(settings: Settings, feed: str, day: date) -> dict[str, Any]:
    """Commit a feed's staged deliveries up to a day; a day without news is an empty summary.

    Returns:
        ``batch_id`` (empty when nothing was new), ``deliveries``, ``records``, ``accepted``
        and ``quarantined`` (rows), ``rejected_files``, and ``unread``: files in the landing that
        no mapping takes or whose manifest cannot be used.
    """
    commit = commit_staged(settings, feed, day)
    deliveries = commit["deliveries"] if commit else []
    return {
        "batch_id": commit["batch_id"] if commit else "",
        "deliveries": len(deliveries),
        "records": sum(d["records"] for d in deliveries),
        "accepted": sum(t["rows"] for d in deliveries for t in d["tables"].values()),
        "quarantined": sum(d["rejects"]["rows"] for d in deliveries),
        "rejected_files": [d["file"] for d in deliveries if d["status"] == "rejected"],
        "unread": _unread(settings, feed, day),
    }


def build_and_publish(settings: Settings, as_of: date) -> dict[str, Any]:
    """Build as of a day and publish; the summary holds counts and ids only."""
    manifest = _publish(settings, build_warehouse(settings, as_of, silent), silent)
    return _published(manifest)


def publish_last(settings: Settings, progress: Progress, accept: Iterable[str]) -> dict[str, Any]:
    """Publish the last build, after accepting the rejects of the named deliveries.

    Raises:
        LoyaltyError: Nothing has been built.
    """
    accept_deliveries(settings, accept)
    build = last_build(settings)
    if build is None:
        raise LoyaltyError(
            "There is no finished build.", todo="Run `loyalty build` first.", code="NOT_BUILT"
        )
    return _published(_publish(settings, build, progress))


def print_summary(settings: Settings) -> None:
    """Print what was landed and published, for whoever ran the main job."""
    from etl.cli.console import Output
    from etl.summary import print_summary

    print_summary(settings, Output())


def _publish(settings: Settings, build: Build, progress: Progress) -> dict[str, Any]:
    """Audit, write the release, commit the state it rests on, then let readers see it."""
    record = build.record
    with writer_lock(settings):
        refuse_held(settings)
        marts = read_marts(target_folder(settings))
        progress(f"writing release {record.run_id}: {len(marts)} marts")
        release, manifest = write_release(settings, record, marts)
        commit_state(settings, record.run_id, record.as_of_date, build.proposals)
        served = make_current(settings, release, record.as_of_date)
    return {**manifest, "is_served": served}


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


def _of_export(found: Discovery, export: str) -> list[Delivery]:
    return [delivery for delivery in found.deliveries if delivery.export == export]


def _id(delivery: Delivery, mapping: Mapping) -> str:
    return delivery_id_of(delivery, mapping.export(delivery.export), content_digest(delivery.path))


def _unread(settings: Settings, feed: str, day: date) -> list[str]:
    found = discover(settings.landing, load_mappings(settings.mappings), day, feed)
    refused = [f"{r.path.name}: {r.error.code}" for r in found.refused]
    return [*refused, *(f"{path.name}: no mapping takes it" for path in found.unmatched)]
