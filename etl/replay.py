"""Puts a better reading in the place of a delivery that lost something.

Better is the same file with a corrected mapping, or a corrected file. What is replaced counts no
more, so no row counts twice; one commit swaps both and is the certificate of it, for ever.
"""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from etl.clock import utc_now
from etl.config import FEEDS, Settings
from etl.errors import DataBlocked, UsageError
from etl.failures import failures_named
from etl.ingest.discover import Delivery
from etl.ingest.extract import StagedDelivery, content_digest, stage_delivery
from etl.ingest.landing import fetch, survey
from etl.ingest.reasons import reason
from etl.lake.commits import Lake, read_lake, subject_of
from etl.lake.committing import write_commit
from etl.lake.quarantine import Filter, refusals
from etl.lake.replacement import Replacement
from etl.locks import landing_lock
from etl.mapping import Mapping, load_mappings
from etl.privacy.suppression import read_erased
from etl.privacy.tokens import Tokeniser, load_or_create_key
from etl.privacy.vault import Vault
from etl.warehouse.transform import Progress


@failures_named()
def replay_mapping(
    settings: Settings, wanted: Filter, note: str, progress: Progress
) -> tuple[list[dict[str, Any]], DataBlocked | None]:
    """Read deliveries that lost something again, as the mappings say now.

    Args:
        wanted: Which of them.
        note: Why, for the certificate.

    Returns:
        The certificate of each exchange, and which deliveries could not be read again, if any.

    Raises:
        UsageError: No such delivery lost anything, or the mappings read all of them as before.
        DataBlocked: None of them is in the landing, and in the mappings, any more; or the mappings
            would now refuse more of one. Then nothing is replaced.
    """
    mappings = load_mappings(settings.mappings)
    fetch(settings, mappings, progress)
    with landing_lock(settings, shared=False):
        lake = read_lake(settings)
        asked = [d for d in lake.deliveries if any(map(wanted.takes, refusals(d)))]
        now = {(m.system, e.name): e.fingerprint for m in mappings for e in m.exports}
        changed = [
            d for d in asked if now.get((d["system"], d["export"])) != d["mapping_fingerprint"]
        ]
        files = _in_landing(settings, mappings, changed)
        there = [d for d in changed if subject_of(d) in files]
        left = _left_out(settings, now, [d for d in changed if subject_of(d) not in files])
        if not there:
            raise left or _nothing_to_replay(len(asked))
        exchanges = []
        for before in there:
            progress(f"reading {before['file']} of {before['business_day']} again")
            delivery = files[subject_of(before)]
            exchanges.append(Replacement(before, _staged(settings, mappings, delivery)))
        with _unstaged_if_refused(exchanges):
            _refuse_loss(exchanges)
        return _commit(settings, lake, exchanges, note), left


@failures_named()
def replay_file(
    settings: Settings, delivery_id: str, file: Path, note: str, *, fewer: bool = False
) -> list[dict[str, Any]]:
    """Put a corrected file in the place of a delivery.

    Args:
        delivery_id: The delivery; its export, business day and sequence stay.
        file: The corrected file, whole: with the good records too.
        note: Why, for the certificate.
        fewer: Take a file of fewer records than the delivery had.

    Returns:
        The certificate, in a list.

    Raises:
        UsageError: There is no such delivery, or the lake has this content already, read as the
            mapping says now; or the mapping does not know the export any more.
        DataBlocked: The file is refused whole, or has fewer records; or the mapping would now
            refuse more of the same content.
    """
    with landing_lock(settings, shared=False):
        lake, mappings = read_lake(settings), load_mappings(settings.mappings)
        before = _delivery(lake, delivery_id)
        delivery = Delivery(
            system=before["system"],
            export=before["export"],
            path=file.absolute(),
            business_day=date.fromisoformat(before["business_day"]),
            mode=before["mode"],
            sequence=before["sequence"],
        )
        corrected = before | {"sha256": content_digest(delivery.path)}
        export = _mapping(mappings, delivery.system).export(delivery.export)
        # The same content, but the mapping was corrected: another reading of it.
        if corrected != before or export.fingerprint == before["mapping_fingerprint"]:
            _refuse_known(lake, corrected, file)
        aside = replace(settings, landing=delivery.path.parent)
        exchange = Replacement(before, _staged(aside, mappings, delivery))
        with _unstaged_if_refused([exchange]):
            _refuse_worse(before, exchange.after, fewer=fewer)
            if corrected == before:
                _refuse_loss([exchange])
        return _commit(settings, lake, [exchange], note)


def _mapping(mappings: Iterable[Mapping], system: str) -> Mapping:
    found = [mapping for mapping in mappings if mapping.system == system]
    if not found:
        todo = "Name the folder of its mapping with --mappings."
        raise UsageError(f"No mapping knows the system {system!r}.", where="--mappings", todo=todo)
    return found[0]


def _in_landing(
    settings: Settings, mappings: tuple[Mapping, ...], wanted: list[dict[str, Any]]
) -> dict[str, Delivery]:
    """Return the files of deliveries' exports by what they are a reading of."""
    names = {(delivery["system"], delivery["export"]) for delivery in wanted}
    return {
        _subject(delivery): delivery
        for delivery in survey(settings, mappings, date.max).deliveries
        if (delivery.system, delivery.export) in names
    }


def _left_out(
    settings: Settings, mapped: Container[tuple[str, str]], absent: list[dict[str, Any]]
) -> DataBlocked | None:
    """Say which deliveries cannot be read again, if any."""
    if not absent:
        return None
    unmapped = [d for d in absent if (d["system"], d["export"]) not in mapped]
    gone = [d for d in absent if d not in unmapped]
    told = [f"Not in the landing any more: {_named(gone)}."] if gone else []
    told += [f"In no mapping any more: {_named(unmapped)}."] if unmapped else []
    return DataBlocked(
        " ".join(told),
        where=settings.landing_name if gone else "--mappings",
        todo="Deliver them again, then replay; or give each with --file."
        if gone
        else "Name the folder of mappings that have their system and export.",
        code="NOT_IN_LANDING" if gone else "NOT_IN_MAPPINGS",
    )


def _nothing_to_replay(asked: int) -> UsageError:
    return UsageError(
        f"Of {asked} deliveries that lost something, none would be read otherwise.",
        where="loyalty replay",
        todo="Correct the mapping first, or give a corrected file with --file.",
        code="NOTHING_TO_REPLAY",
    )


def _named(deliveries: list[dict[str, Any]]) -> str:
    return ", ".join(f"{d['system']} {d['file']} of {d['business_day']}" for d in deliveries)


def _subject(delivery: Delivery) -> str:
    return subject_of(
        {
            "system": delivery.system,
            "export": delivery.export,
            "sha256": content_digest(delivery.path),
            "business_day": delivery.business_day.isoformat(),
            "mode": delivery.mode,
            "sequence": delivery.sequence,
        }
    )


def _delivery(lake: Lake, delivery_id: str) -> dict[str, Any]:
    for delivery in lake.deliveries:
        if delivery["delivery_id"] == delivery_id:
            return delivery
    raise UsageError(
        f"The lake has no delivery {delivery_id!r}.",
        where="loyalty replay",
        todo="`loyalty rejects` lists what lost something, with its delivery.",
    )


def _refuse_known(lake: Lake, corrected: dict[str, Any], file: Path) -> None:
    if subject_of(corrected) in {subject_of(delivery) for delivery in lake.deliveries}:
        raise UsageError(
            "The lake has this content for that export and day already.",
            where=file.name,
            todo="Correct the file, or the mapping: then it is read again.",
        )


def _refuse_worse(before: dict[str, Any], after: StagedDelivery, *, fewer: bool) -> None:
    if after.status == "rejected":
        code = after.file_reason or ""
        raise DataBlocked(
            f"The corrected file is refused: {after.file_message}",
            where=after.file,
            todo=f"{reason(code).todo} `loyalty check` tells before.",
            code=code,
        )
    if after.records < before["records"] and not fewer:
        raise DataBlocked(
            f"It has {after.records} records, what it would replace {before['records']}.",
            where=after.file,
            todo="Give the whole file, with its good records; or say --fewer if that is right.",
            code="REPLACEMENT_SHORTER",
        )


def _refuse_loss(exchanges: Iterable[Replacement]) -> None:
    """Stop when the same content would lose more than it did."""
    worse = [exchange.before for exchange in exchanges if exchange.loses_more()]
    if worse:
        raise DataBlocked(
            f"As the mapping says now, more would be refused of: {_named(worse)}.",
            where="--mappings",
            todo="Correct the mapping, `loyalty check` tells before; or replay the others by name.",
            code="REPLACEMENT_WORSE",
        )


@contextmanager
def _unstaged_if_refused(exchanges: Iterable[Replacement]) -> Iterator[None]:
    try:
        yield
    except DataBlocked:
        for exchange in exchanges:
            shutil.rmtree(exchange.after.folder)
        raise


def _staged(
    settings: Settings, mappings: tuple[Mapping, ...], delivery: Delivery
) -> StagedDelivery:
    mapping = _mapping(mappings, delivery.system)
    tokeniser = Tokeniser(load_or_create_key(settings), Vault(settings))
    export = mapping.export(delivery.export)
    erased = read_erased(settings)
    return stage_delivery(delivery, mapping, export, settings, tokeniser, utc_now(), erased)


def _commit(
    settings: Settings, lake: Lake, exchanges: list[Replacement], note: str
) -> list[dict[str, Any]]:
    """Commit exactly these exchanges, a feed at a time; what else is staged waits."""
    done = []
    for feed in FEEDS:
        chosen = [exchange for exchange in exchanges if exchange.after.feed == feed]
        if not chosen:
            continue
        certificates = [exchange.certificate() for exchange in chosen]
        folders = [exchange.after.folder for exchange in chosen]
        through = max(exchange.after.business_day for exchange in chosen)
        replay = {"note": note, "at": utc_now().isoformat()}
        write_commit(
            settings, lake, feed, through, folders, {"replay": replay, "replaced": certificates}
        )
        for folder in folders:
            shutil.rmtree(folder)
        lake = read_lake(settings)
        done += certificates
    return done
