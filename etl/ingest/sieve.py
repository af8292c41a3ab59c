"""One pass over a checked file: every record ends in the tables or in quarantine, none in between.

A document (a row, where the export has no grain) is taken whole or not at all, in all tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import polars as pl

from etl.contract import TABLES
from etl.faults import reach
from etl.ingest.batches import Cleaner, read_batches
from etl.ingest.conflicts import NAMES_SCHEMA, document_names
from etl.ingest.discover import Delivery
from etl.ingest.erased import ErasedTally, mask_raw
from etl.ingest.gate import GatedFile
from etl.ingest.problems import (
    RANK_FILE,
    contract_problems,
    future_problems,
    no_problems,
    problems_of,
    spoilt_ids,
)
from etl.ingest.rejects import (
    REJECT_SCHEMA,
    RejectTally,
    masked_columns,
    personal_sources,
    quarantined,
    raw_json,
    refused,
)
from etl.ingest.shape import Shaped, dated, shape
from etl.ingest.staging import REJECTS, TableWriter, table_writer
from etl.ingest.stamp import Envelope, known_on, stamped
from etl.mapping import Export, Target
from etl.mapping.operations import DOCUMENT, ROW
from etl.privacy.quarantined import mask_erased
from etl.privacy.suppression import Erased
from etl.privacy.tokens import Tokeniser

NAMES = "_names"


@dataclass(frozen=True)
class Job:
    """All that is fixed while one file is read.

    Args:
        delivery: The delivery.
        export: How the file is to be read.
        zone: Business time zone.
        tokens: Replaces personal values.
        envelope: What all rows have in common.
        file: The checked copy.
        erased: Who was erased, and stays so.
    """

    delivery: Delivery
    export: Export
    zone: str
    tokens: Tokeniser
    envelope: Envelope
    file: GatedFile
    erased: Erased

    @cached_property
    def personal(self) -> frozenset[str]:
        """Source columns whose values must not be shown."""
        return personal_sources(self.export)

    @cached_property
    def masked(self) -> tuple[frozenset[str], ...]:
        """Contract columns whose values must not be shown, for each target."""
        return tuple(masked_columns(target, self.personal) for target in self.export.targets)

    @property
    def unmapped(self) -> dict[str, int]:
        """Filled cells of the source columns that no mapping reads."""
        names = sorted(set(self.file.header) - set(self.export.source_columns))
        return {name: self.file.filled[name] for name in names}


@dataclass(frozen=True)
class Conflicts:
    """What an earlier pass found over the whole file.

    Args:
        split: DOCUMENTs that are not delivered in one piece.
        duplicates: By table, ``source_row`` of rows whose key has two contents.
    """

    split: pl.DataFrame
    duplicates: dict[str, pl.DataFrame]

    @property
    def rows(self) -> int:
        """Number of faults."""
        return self.split.height + sum(frame.height for frame in self.duplicates.values())


@dataclass
class Sieved:
    """What one pass counted.

    Args:
        rows: Accepted rows by table.
        amounts: Sum of the amount column over accepted rows; null when there is none.
        bad_records: Records of the file that are in no table because of a fault.
        left_out: Records of the file that no target takes.
        rejects: Refused rows, counted by reason.
        erased: Rows that are left out because they are an erased person's.
    """

    rows: dict[str, int]
    amounts: dict[str, Decimal | None]
    bad_records: int = 0
    left_out: int = 0
    rejects: RejectTally = field(default_factory=RejectTally)
    erased: ErasedTally = field(default_factory=ErasedTally)


def sieve(job: Job, folder: Path, known: Conflicts | None = None) -> Sieved:
    """Read a file once and write ``<table>.parquet``, ``rejects.parquet`` and ``_names.parquet``.

    Args:
        job: What to read, and how.
        folder: Where the files are written.
        known: Faults that an earlier pass found; without, names are collected to look for them.
    """
    tables = job.export.tables
    counted = Sieved(
        rows=dict.fromkeys(tables, 0),
        amounts=dict.fromkeys(tables, None),
    )
    cleaner = Cleaner(job.export, job.file.header)
    with _writers(job, folder) as writers:
        for batch in read_batches(job.file, job.export):
            _sift(job, batch, cleaner.clean(batch), writers, counted, known)
    return counted


@contextmanager
def _writers(job: Job, folder: Path) -> Iterator[dict[str, TableWriter]]:
    schemas = {table: TABLES[table].lake_schema() for table in job.export.tables}
    schemas |= {REJECTS: REJECT_SCHEMA, NAMES: NAMES_SCHEMA}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(table_writer(folder / f"{name}.parquet", schema))
            for name, schema in schemas.items()
        }


def _sift(
    job: Job,
    batch: pl.DataFrame,
    clean: pl.DataFrame,
    writers: dict[str, TableWriter],
    counted: Sieved,
    conflicts: Conflicts | None,
) -> None:
    """Sort one batch into tables and quarantine."""
    shaped, known = _shaped(job, clean)
    reach("sieve.shaped")
    problems = [_problems(job, nth, part, clean, conflicts) for nth, part in enumerate(shaped)]
    bad = pl.concat([found.select(DOCUMENT) for found in problems]).unique()
    reach("sieve.typed")
    if conflicts is None:
        writers[NAMES].write(_names(job, clean, shaped))
    counted.left_out += _left_out(job, clean, shaped, bad)
    _accept(job, shaped, known, bad, writers, counted)
    if bad.height:
        counted.bad_records += clean.join(bad, on=DOCUMENT, how="semi").height
        raw = raw_json(batch.join(bad, on=DOCUMENT, how="semi"), job.file.header, job.personal)
        if job.erased:
            raw = _masked(job, shaped, raw)
        for target, part, found in zip(job.export.targets, shaped, problems, strict=True):
            rows = part.rows.join(bad, on=DOCUMENT, how="semi", maintain_order="left")
            _refuse(job, target, refused(rows, found, target), raw, writers, counted)
    reach("sieve.written")


def _shaped(job: Job, clean: pl.DataFrame) -> tuple[list[Shaped], pl.DataFrame]:
    """Return the rows of each target, and since when each document is known."""
    shaped = [
        shape(clean, target, job.export, job.zone, masked)
        for target, masked in zip(job.export.targets, job.masked, strict=True)
    ]
    rows = [part.rows for part in shaped]
    known = known_on(rows, job.export, job.delivery.mode, job.delivery.business_day)
    return [
        dated(part, known, target, job.zone)
        for part, target in zip(shaped, job.export.targets, strict=True)
    ], known


def _left_out(job: Job, clean: pl.DataFrame, shaped: list[Shaped], bad: pl.DataFrame) -> int:
    """Count the records of good documents that no target takes."""
    if not all(target.when for target in job.export.targets):
        return 0
    taken = pl.concat([part.rows.select(DOCUMENT) for part in shaped] + [bad]).unique()
    return clean.join(taken, on=DOCUMENT, how="anti").height


def _accept(
    job: Job,
    shaped: list[Shaped],
    known: pl.DataFrame,
    bad: pl.DataFrame,
    writers: dict[str, TableWriter],
    counted: Sieved,
) -> None:
    accepted: list[pl.DataFrame] = []
    for target, part in zip(job.export.targets, shaped, strict=True):
        table, good = target.table, part.rows
        if bad.height:
            good = good.join(bad, on=DOCUMENT, how="anti", maintain_order="left")
        if job.erased:
            system = job.envelope.source_system
            good = counted.erased.keep_out(good, target.contract, system, job.erased)
        accepted.append(good)
        counted.rows[table] += good.height
        total = target.contract.sum_of(good)
        if total is not None:
            counted.amounts[table] = (counted.amounts[table] or Decimal(0)) + total
    rows = stamped(accepted, known, job.export, job.envelope, job.tokens)
    for target, stamp in zip(job.export.targets, rows, strict=True):
        writers[target.table].write(stamp)


def _masked(job: Job, shaped: list[Shaped], raw: pl.DataFrame) -> pl.DataFrame:
    """Mask refused records that are an erased person's."""
    for target, part in zip(job.export.targets, shaped, strict=True):
        rows = part.rows.join(raw, on=ROW, how="semi", maintain_order="left")
        raw = mask_raw(raw, rows, target.contract, job.envelope.source_system, job.erased)
    return raw


def _refuse(
    job: Job,
    target: Target,
    rows: pl.DataFrame,
    raw: pl.DataFrame,
    writers: dict[str, TableWriter],
    counted: Sieved,
) -> None:
    common = {
        "delivery_id": job.envelope.delivery_id,
        "source_system": job.envelope.source_system,
        "export": job.export.name,
        "source_file": job.envelope.source_file,
    }
    lines = quarantined(rows, raw, target.table, common, job.delivery.business_day)
    if job.erased:
        lines = mask_erased(lines, job.erased)
    writers[REJECTS].write(lines)
    counted.rejects.add(target.table, rows)


def _problems(
    job: Job, nth: int, part: Shaped, clean: pl.DataFrame, conflicts: Conflicts | None
) -> pl.DataFrame:
    """Return all that is wrong with a batch in one target."""
    target = job.export.targets[nth]
    found = [
        _without_key(job.export, clean, part),
        part.problems,
        spoilt_ids(part.rows, target.contract, job.masked[nth]),
        contract_problems(part.rows, target.contract, job.masked[nth]),
        future_problems(part.rows, target.contract, job.delivery.business_day),
    ]
    if conflicts is not None:
        found += _known_conflicts(job.export, target, part.rows, conflicts)
    return pl.concat(found)


def _without_key(export: Export, clean: pl.DataFrame, part: Shaped) -> pl.DataFrame:
    if export.grain is None:
        return no_problems()
    nameless = clean.filter(pl.all_horizontal(pl.col(list(export.grain.key)).is_null()))
    return problems_of(
        nameless.join(part.rows, on=DOCUMENT, how="semi", maintain_order="left"),
        column=export.grain.label,
        reason=pl.lit("REQUIRED_MISSING"),
        value=pl.lit(None),
        rank=-1,
    )


def _known_conflicts(
    export: Export, target: Target, rows: pl.DataFrame, conflicts: Conflicts
) -> list[pl.DataFrame]:
    contract = target.contract
    split = rows.join(conflicts.split, on=DOCUMENT, how="semi", maintain_order="left")
    twice = rows.join(
        conflicts.duplicates[target.table], left_on=ROW, right_on="source_row", how="semi",
        maintain_order="left",
    )  # fmt: skip
    name = export.grain.label if export.grain else contract.document
    return [
        problems_of(frame, column=column, reason=pl.lit(code), value=pl.lit(None), rank=RANK_FILE)
        for frame, column, code in (
            (split, name or None, "SPLIT_DOCUMENT"),
            (twice, ", ".join(contract.key), "DUPLICATE_KEY"),
        )
    ]


def _names(job: Job, clean: pl.DataFrame, shaped: list[Shaped]) -> pl.DataFrame:
    """Return by which names the documents of a batch go, to find those in two places."""
    found = [pl.DataFrame(schema=NAMES_SCHEMA)]
    if job.export.grain is not None:
        found.append(document_names(clean, pl.coalesce(list(job.export.grain.key)), "grain"))
    for target, part in zip(job.export.targets, shaped, strict=True):
        document = target.contract.document
        if document:
            found.append(document_names(part.rows, pl.col(document), target.table))
    # Two targets may feed one table from the same document.
    return pl.concat(found).unique(maintain_order=True)
