"""Joins the small files of a closed month into one per table, and proves that no row changed.

Every delivery leaves a file per table, so a year of daily drops is hundreds of files. A compaction
writes new files and one commit that says so; nothing is rewritten in place and the old files stay
until retention removes them. The commit is the certificate: old and new files with their sha256,
row counts, and one logical hash for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from etl.config import Settings
from etl.contract import CONTRACT_VERSION
from etl.errors import LoyaltyError
from etl.faults import reach
from etl.files import digest_of, sha256_of
from etl.ingest.staging import table_writer
from etl.lake.commits import COMMITS, Lake, LakeFile, data_path, read_lake, verify_files
from etl.lake.committing import create_exclusively, next_sequence
from etl.locks import keep_lock, landing_lock
from etl.publish.fingerprint import logical_hash
from etl.space import require_space
from etl.warehouse.database import scratch
from etl.warehouse.transform import Progress

_ALL_COLUMNS: frozenset[str] = frozenset()
_BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Group:
    """Files of one table and month, of the same columns, that become one."""

    table: str
    month: str
    files: tuple[LakeFile, ...]

    @property
    def deliveries(self) -> tuple[str, ...]:
        """The deliveries whose rows the new file will hold."""
        return tuple(delivery for file in self.files for delivery in file.deliveries)


def compact_lake(settings: Settings, progress: Progress) -> dict[str, Any] | None:
    """Join what is small in closed months, as one commit.

    A run that is killed leaves files that no commit lists; the next run writes them again.

    Returns:
        The commit, or None when there was nothing to join.

    Raises:
        LakeCorrupt: A file to be joined is missing or changed.
        LoyaltyError: COMPACTION_DIFFERS: the joined rows are not the old ones; nothing changed.
    """
    with keep_lock(settings):
        groups = groups_to_join(settings, read_lake(settings))
        if not groups:
            return None
        files = [file for group in groups for file in group.files]
        size = sum(file.path.stat().st_size for file in files)
        require_space(settings.raw, 2 * size, f"Joining {len(files)} files of the lake")
        verify_files(files)
        joined = {}
        for table, of_table in groupby(groups, key=lambda group: group.table):
            progress(f"joining {table}")
            joined[table] = _join_table(settings, list(of_table))
            reach("compact.joined")
        return _commit(settings, joined)


def groups_to_join(settings: Settings, lake: Lake) -> list[Group]:
    """Return what can be joined, by table and month; the month of the last day is still open.

    A file that holds rows which no longer count is written again even if it stands alone.
    """
    days = {delivery["delivery_id"]: delivery["business_day"] for delivery in lake.deliveries}
    open_month = max(days.values(), default="")[:7]
    small = settings.keep.small_file_mb * 1_000_000
    found: dict[tuple[str, str, str], list[LakeFile]] = {}
    for file in lake.files:
        month = days[file.deliveries[0]][:7]
        if month < open_month and (not file.whole or file.path.stat().st_size < small):
            columns = str(pl.read_parquet_schema(file.path))
            found.setdefault((file.table, month, columns), []).append(file)
    groups = [Group(table, month, tuple(files)) for (table, month, _), files in found.items()]
    worthwhile = [g for g in groups if len(g.files) > 1 or not g.files[0].whole]
    return sorted(worthwhile, key=lambda group: (group.table, group.month, group.deliveries))


def _join_table(settings: Settings, groups: list[Group]) -> dict[str, Any]:
    """Write a table's new files and return the certificate that they hold the same rows."""
    before = [file for group in groups for file in group.files]
    after = [_join(settings, group) for group in groups]
    counted = [delivery for group in groups for delivery in group.deliveries]
    with scratch(settings) as connection:
        old = logical_hash(connection, [f.path for f in before], _ALL_COLUMNS, counted)
        new = logical_hash(connection, [f.path for f in after], _ALL_COLUMNS)
    if old != new:
        for file in after:
            file.path.unlink()
        raise LoyaltyError(
            f"Joined files of {groups[0].table} hold other rows ({new[1]}, before {old[1]}).",
            where=str(settings.raw / groups[0].table),
            todo="Nothing was committed and the old files are read as before. Report it.",
            code="COMPACTION_DIFFERS",
        )
    rows, hashed = new
    return {
        "rows": rows,
        "logical_hash": hashed,
        "before": {"files": [_described(settings.raw, file) for file in before]},
        "after": {"files": [_described(settings.raw, file) for file in after]},
    }


def _join(settings: Settings, group: Group) -> LakeFile:
    """Write one new file; its name follows from what it holds."""
    name = f"joined-{group.month}-{digest_of([*group.deliveries])[:12]}"
    path = data_path(settings.raw, group.table, name)
    schema = dict(pl.read_parquet_schema(group.files[0].path))
    with table_writer(path, schema) as writer:
        for rows in _rows(group.files):
            writer.write(rows)
    return LakeFile(group.table, path, sha256_of(path), writer.rows, group.deliveries)


def _rows(files: Iterable[LakeFile]) -> Iterator[pl.DataFrame]:
    """Yield the rows that count, file by file, a bounded number at a time."""
    for file in files:
        counts = pl.lit(value=True) if file.whole else pl.col("batch_id").is_in(file.deliveries)
        with pq.ParquetFile(file.path) as parquet:
            for batch in parquet.iter_batches(_BATCH_ROWS):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield frame.filter(counts)


def _described(raw: Path, file: LakeFile) -> dict[str, Any]:
    return {
        "file": str(file.path.relative_to(raw)),
        "sha256": file.sha256,
        "rows": file.rows,
        "deliveries": list(file.deliveries),
    }


def _commit(settings: Settings, joined: dict[str, Any]) -> dict[str, Any]:
    """Make the new files part of the lake.

    A delivery that was read again meanwhile is no harm: its rows in the joined file do not count.
    """
    with landing_lock(settings, shared=False):
        lake = read_lake(settings)
        sequence = next_sequence(lake)
        commit = {
            "batch_id": f"compaction-{sequence:06d}-{digest_of(joined)[:12]}",
            "sequence": sequence,
            "contract_version": CONTRACT_VERSION,
            "deliveries": [],
            "joined": joined,
        }
        create_exclusively(settings.raw / COMMITS / f"{commit['batch_id']}.json", commit)
        reach("compact.committed")
    return commit
