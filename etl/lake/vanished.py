"""Deleting by absence: what a full export listed before and lists no more is marked deleted.

A full export is a snapshot of its tables. Records of one snapshot that the next whole one of the
same export lacks become rows with ``is_deleted``, known from that day. They are made anew for each
build, from committed rows, by business day and sequence and never by arrival; so any order of
deliveries gives the same ones, and a record that comes back later is simply there again. A snapshot
that lost a file, or rows to quarantine, deletes nothing in that table: its absent records may be
the refused ones. Consents and erasures are never deleted so: silence is no permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

import polars as pl

from etl.contract import TABLES, Table
from etl.contract.table import DELETED
from etl.frames import conform
from etl.ingest.hashing import document_hashes, with_record_hash
from etl.lake.commits import Lake, LakeFile

# Beside the committed files of a table among a build's inputs.
FILE = "vanished.parquet"
# Rows of the lake count from 1; these are in no file.
NO_ROW = 0
KEPT = ("crm_consent_events", "crm_erasures")
_STAMPED = ("known_on", "source_sequence", "batch_id", "source_file", "source_row")
_JUDGE = " of the judge"


@dataclass(frozen=True)
class Snapshot:
    """What one full export says on one day: one delivery, or several of one sequence.

    Args:
        business_day: The day it is for.
        sequence: Which of two snapshots of a day is the later one.
        deliveries: The committed deliveries it consists of.
    """

    business_day: date
    sequence: int
    deliveries: tuple[dict[str, Any], ...]

    @property
    def system(self) -> str:
        """The source system."""
        return str(self.deliveries[0]["system"])

    def is_whole(self, table: str) -> bool:
        """Tell whether no file of it, and no row of the table, was refused."""
        return not any(
            delivery["status"] == "rejected"
            or any(lost["table"] == table for lost in delivery["rejects"]["by_reason"])
            for delivery in self.deliveries
        )


@dataclass(frozen=True)
class Vanished:
    """Records of one table that one snapshot lacks.

    Args:
        table: The table.
        snapshot: The first whole one that lacks them.
        records: Number of records known before it.
        lacking: The key's columns of those that it lacks.
        gone: Number of them that no later snapshot has, by the day asked for.
    """

    table: Table
    snapshot: Snapshot
    records: int
    lacking: pl.DataFrame
    gone: int


def find_vanished(lake: Lake, through: date = date.max) -> Iterator[Vanished]:
    """Yield what vanished from full exports, by export, table and snapshot.

    Args:
        lake: The lake; its files are verified already.
        through: Last business day that counts, inclusive.
    """
    full = [d for d in lake.deliveries if d["mode"] == "full" and _day(d) <= through]
    full.sort(key=lambda d: (d["system"], d["export"], d["business_day"], d["sequence"]))
    for _, group in groupby(full, key=lambda d: (d["system"], d["export"])):
        deliveries = list(group)
        tables = {table for d in deliveries for table in d["tables"]} - set(KEPT)
        for table in sorted(tables):
            yield from _of_table(lake, TABLES[table], _snapshots(deliveries))


def deleted_rows(lake: Lake, found: Iterable[Vanished]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield, by table, the rows of the lake's schema that say what vanished.

    Each is the last one known of its record, with ``is_deleted``, known from the snapshot's day and
    of its sequence. ``updated_at`` stays the latest that is known: it would outrank the deletion.
    """
    for table, group in groupby(found, key=lambda one: one.table):
        yield (
            table.name,
            pl.concat(
                _deleted(lake, table, list(of_system))
                for _, of_system in groupby(group, key=lambda one: one.snapshot.system)
            ),
        )


def _day(delivery: dict[str, Any]) -> date:
    return date.fromisoformat(delivery["business_day"])


def _snapshots(deliveries: list[dict[str, Any]]) -> list[Snapshot]:
    grouped = groupby(deliveries, key=lambda d: (_day(d), int(d["sequence"])))
    return [Snapshot(day, sequence, tuple(group)) for (day, sequence), group in grouped]


def _of_table(lake: Lake, table: Table, snapshots: list[Snapshot]) -> list[Vanished]:
    """Compare each snapshot with what was known before; two of them are in memory at a time."""
    found: list[tuple[Vanished, pl.DataFrame]] = []
    known = _listed(lake, table, snapshots[0])
    for snapshot in snapshots[1:]:
        listed = _listed(lake, table, snapshot)
        found = [(one, _without(gone, listed)) for one, gone in found]
        if not snapshot.is_whole(table.name):
            known = pl.concat([known, listed]).unique()
            continue
        lacking = _without(known, listed)
        if lacking.height:
            found.append((Vanished(table, snapshot, known.height, lacking, 0), lacking))
        known = listed
    return [replace(one, gone=gone.height) for one, gone in found]


def _without(keys: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    return keys.join(listed, on=keys.columns, how="anti")


def _listed(lake: Lake, table: Table, snapshot: Snapshot) -> pl.DataFrame:
    """Return the keys that a snapshot lists as being there."""
    told = {delivery["delivery_id"] for delivery in snapshot.deliveries}
    files = [file for file in lake.files if file.table == table.name and told & {*file.deliveries}]
    taken = (pl.col("batch_id").is_in(list(told)), ~pl.col(DELETED))
    return rows_of(table, files).filter(*taken).select(_key(table)).unique().collect()


def _deleted(lake: Lake, table: Table, found: list[Vanished]) -> pl.DataFrame:
    key = _key(table)
    lacking = pl.concat(one.lacking.with_columns(**_stamp(one.snapshot)) for one in found)
    updated = ["updated_at"] if "updated_at" in table.schema.column_names() else []
    rows = (
        rows_of(table, [file for file in lake.files if file.table == table.name])
        .filter(pl.col("source_system") == found[0].snapshot.system)
        .join(lacking.lazy(), on=key, how="inner", suffix=_JUDGE)
        .filter(
            pl.col("known_on") <= pl.col(f"known_on{_JUDGE}"),
            pl.col("source_sequence") < pl.col(f"source_sequence{_JUDGE}"),
        )
        .sort(*updated, "source_sequence", "record_hash", nulls_last=False)
        .unique([*key, f"batch_id{_JUDGE}"], keep="last", maintain_order=True)
        .sort(*key, f"known_on{_JUDGE}", f"batch_id{_JUDGE}")
        .collect()
    )
    rows = rows.with_columns(pl.col(f"{name}{_JUDGE}").alias(name) for name in _STAMPED)
    rows = with_record_hash(rows.with_columns(pl.lit(value=True).alias(DELETED)), table)
    if table.document:  # a document of one row: the digest of that row's
        by = [table.document, "batch_id"]
        rows = rows.drop("document_hash").join(document_hashes(rows, by), on=by, how="left")
    elif table.lines:  # a head without its lines: they are gone by rows of their own
        rows = rows.with_columns(document_hash=pl.lit(None, pl.String()))
    return conform(rows, table.lake_schema())


def _stamp(snapshot: Snapshot) -> dict[str, pl.Expr]:
    teller = snapshot.deliveries[0]
    return {
        "known_on": pl.lit(snapshot.business_day),
        "source_sequence": pl.lit(snapshot.sequence, dtype=pl.Int64()),
        "batch_id": pl.lit(teller["delivery_id"]),
        "source_file": pl.lit(teller["file"]),
        "source_row": pl.lit(NO_ROW, dtype=pl.Int64()),
    }


def _key(table: Table) -> list[str]:
    """Return what names a record: a document is there or gone as a whole, and one row says so."""
    return [table.document] if table.document else list(table.key)


def rows_of(table: Table, files: Iterable[LakeFile]) -> pl.LazyFrame:
    """Return the rows of a table's files that count, as wide as the contract is now."""
    frames = [pl.LazyFrame(schema=table.lake_schema())]
    for file in files:
        rows = pl.scan_parquet(file.path, glob=False)
        frames.append(
            rows if file.whole else rows.filter(pl.col("batch_id").is_in(file.deliveries))
        )
    return pl.concat(frames, how="diagonal")
