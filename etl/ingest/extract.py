"""From a delivered file to staged tables: gate -> map -> contract -> tokens -> Parquet.

Nothing is lost on the way: each record is in the tables or in quarantine, and a file that cannot
be read is itself recorded as rejected. If anything raises, no file is left behind.
"""

from __future__ import annotations

import hashlib
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from etl.config import Settings
from etl.contract import TABLES
from etl.errors import FileRejected
from etl.faults import reach
from etl.files import make_folder, sha256_of
from etl.ingest.conflicts import duplicate_keys, split_documents
from etl.ingest.discover import Delivery
from etl.ingest.gate import GatedFile, pass_gate
from etl.ingest.reasons import file_rejected
from etl.ingest.sieve import NAMES, Conflicts, Job, Sieved, sieve
from etl.ingest.staging import (
    REJECTS,
    StagedDelivery,
    StagedRejects,
    StagedTable,
    amount_text,
    delivery_id_of,
    file_digest,
    put_in_place,
    work_folder,
)
from etl.ingest.stamp import Envelope
from etl.mapping import Export, Mapping
from etl.privacy.suppression import Erased
from etl.privacy.tokens import Tokeniser

__all__ = ["StagedDelivery", "content_digest", "delivery_id_of", "stage_delivery"]

# decisions: past this share of unusable records the file is not what it claims to be.
_MAX_BAD_SHARE = 0.5
_CHANGED = "CHANGED_WHILE_READ"
_TRIES = 3


def stage_delivery(
    delivery: Delivery,
    mapping: Mapping,
    export: Export,
    settings: Settings,
    tokeniser: Tokeniser,
    loaded_at: datetime,
    erased: Erased,
) -> StagedDelivery:
    """Read one delivered file and write its staging folder.

    Args:
        delivery: The file, and the business day it is for.
        mapping: Mapping of the system.
        export: The export of ``mapping`` that the file belongs to.
        settings: Where staging lies.
        tokeniser: Replaces personal values.
        loaded_at: Now, UTC.
        erased: Who was erased; nothing of theirs is staged.

    Returns:
        What became of the file; a file that must not be read has status ``rejected``.

    Raises:
        FileRejected: CHANGED_WHILE_READ, at every try: it is no content yet that could be judged.
    """
    with work_folder(settings) as work:
        prepared = make_folder(work / "delivery")
        reach("stage.begun")
        try:
            file = _passed(delivery, export, settings, work)
        except FileRejected as verdict:
            if verdict.code == _CHANGED:
                raise
            # Of the bytes that were read: what lies there by now may be a better file.
            sha256 = verdict.sha256 or content_digest(delivery.path)
            staged = _described(delivery, mapping, export, settings, sha256, 0)
            return put_in_place(prepared, _rejected(staged, verdict))
        staged = _described(delivery, mapping, export, settings, file.sha256, file.records)
        if file.records:
            job = Job(
                delivery,
                export,
                mapping.business_time_zone,
                tokeniser,
                _envelope(delivery, staged, loaded_at),
                file,
                erased,
            )
            staged = _staged_rows(job, prepared, staged)
        return put_in_place(prepared, staged)


def _passed(delivery: Delivery, export: Export, settings: Settings, work: Path) -> GatedFile:
    """Let a file through the gate; one that changes meanwhile is read again."""
    tries = _TRIES
    while True:
        tries -= 1
        try:
            return pass_gate(
                delivery.path,
                export,
                work,
                declared_rows=delivery.declared_rows,
                declared_sha256=delivery.declared_sha256,
                landing=settings.landing,
            )
        except FileRejected as verdict:
            if verdict.code != _CHANGED or not tries:
                raise


def content_digest(path: Path) -> str:
    """Return the sha256 of a file, or of its name where there is no plain file to read."""
    try:
        if stat.S_ISREG(path.lstat().st_mode):
            return sha256_of(path)
    except OSError:
        pass  # the gate said so already
    return hashlib.sha256(path.name.encode()).hexdigest()


def _described(
    delivery: Delivery,
    mapping: Mapping,
    export: Export,
    settings: Settings,
    sha256: str,
    records: int,
) -> StagedDelivery:
    identity = delivery_id_of(delivery, export, sha256)
    day = delivery.business_day.isoformat()
    starts_on = mapping.history_starts_on
    return StagedDelivery(
        folder=settings.staged / export.feed / day / identity,
        delivery_id=identity,
        system=delivery.system,
        export=delivery.export,
        feed=export.feed,
        business_day=delivery.business_day,
        mode=delivery.mode,
        sequence=delivery.sequence,
        file=delivery.path.name,
        sha256=sha256,
        mapping_fingerprint=export.fingerprint,
        records=records,
        source={
            "source_system": mapping.system,
            "business_time_zone": mapping.business_time_zone,
            "history_starts_on": starts_on.isoformat() if starts_on else None,
            "is_generated": mapping.generated,
        },
    )


def _envelope(delivery: Delivery, staged: StagedDelivery, loaded_at: datetime) -> Envelope:
    return Envelope(
        source_system=delivery.system,
        source_file=delivery.path.name,
        delivery_id=staged.delivery_id,
        extracted_at=datetime.fromtimestamp(delivery.path.stat().st_mtime, UTC),
        loaded_at=loaded_at,
        business_day=delivery.business_day,
        sequence=delivery.sequence,
    )


def _staged_rows(job: Job, folder: Path, staged: StagedDelivery) -> StagedDelivery:
    """Read the records; a second time only if the whole file shows faults that no row shows."""
    counted = sieve(job, folder)
    conflicts = _conflicts(job, folder)
    if conflicts.rows:
        counted = sieve(job, folder, conflicts)
    (folder / f"{NAMES}.parquet").unlink()
    job.tokens.flush()
    staged = replace(
        staged,
        status="accepted",
        rejects=_rejects(folder, counted),
        bad_records=counted.bad_records,
        left_out=counted.left_out,
        unmapped=job.unmapped,
    )
    if counted.bad_records > _MAX_BAD_SHARE * job.file.records:
        for table in job.export.tables:
            (folder / f"{table}.parquet").unlink()
        return _rejected(staged, _too_many(job.file, counted, staged.file))
    return replace(staged, tables=_tables(folder, counted), erased=counted.erased.counts())


def _conflicts(job: Job, folder: Path) -> Conflicts:
    return Conflicts(
        split=split_documents(folder / f"{NAMES}.parquet"),
        duplicates={
            table: duplicate_keys(folder / f"{table}.parquet", TABLES[table])
            for table in job.export.tables
        },
    )


def _tables(folder: Path, counted: Sieved) -> dict[str, StagedTable]:
    return {
        table: StagedTable(rows, amount_text(counted.amounts[table]), file_digest(folder, table))
        for table, rows in counted.rows.items()
    }


def _rejects(folder: Path, counted: Sieved) -> StagedRejects:
    if not counted.rejects.rows:
        (folder / f"{REJECTS}.parquet").unlink()
        return StagedRejects()
    digest = file_digest(folder, REJECTS)
    return StagedRejects(counted.rejects.rows, digest, counted.rejects.counts())


def _rejected(staged: StagedDelivery, verdict: FileRejected) -> StagedDelivery:
    return replace(staged, status="rejected", file_reason=verdict.code, file_message=verdict.what)


def _too_many(file: GatedFile, counted: Sieved, where: str) -> FileRejected:
    return file_rejected(
        "TOO_MANY_BAD_ROWS", where, rejected=counted.bad_records, records=file.records
    )
