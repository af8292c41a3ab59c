"""Takes the erased out of the lake: new files, one commit that says so, and no old file left.

The commit is part of the certificate: old and new files with their sha256, and by delivery and
table how many rows went. What deliveries have been is not rewritten; reading the lake takes the
rows that went off (:func:`etl.lake.commits.read_lake`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from etl.config import Settings
from etl.contract import CONTRACT_VERSION, TABLES, Table
from etl.erasure.reading import file_rows
from etl.errors import LoyaltyError
from etl.files import digest_of, fsync_folder, sha256_of
from etl.ingest.hashing import with_record_hash
from etl.ingest.staging import amount_text, table_writer
from etl.lake.commits import COMMITS, Lake, LakeFile, data_path, read_lake, verify_files
from etl.lake.committing import create_exclusively, next_sequence
from etl.privacy.forgetting import HANDLINGS, forget
from etl.privacy.suppression import Erased
from etl.space import require_space

_BATCH_ROWS = 100_000


@dataclass
class Rewritten:
    """What became of one file.

    Args:
        before: The file as it was.
        path: The new file.
        known_on: The first day on which an erased person was known from it.
        rows: Rows of the new file.
        removed: By delivery: rows that went and the sum of the table's amount over them.
        changed: Rows that stayed: as nobody's, without the person, or as a deleted version.
        deliveries: The deliveries that brought them.
    """

    before: LakeFile
    path: Path
    known_on: date
    rows: int = 0
    removed: dict[str, tuple[int, Decimal | None]] = field(default_factory=dict)
    changed: int = 0
    deliveries: set[str] = field(default_factory=set)


def erase_from_lake(settings: Settings, erased: Erased, erasure_id: str) -> None:
    """Write the files anew in which an erased person stands, as one commit; without any, none.

    The caller holds housekeeping, landing and writer. Killed before the commit it has changed
    nothing; killed after it, :func:`remove_replaced` takes the old files.

    Raises:
        DiskFull: There is no room for the new files.
        LakeCorrupt: A committed file changed.
    """
    lake = read_lake(settings)
    verify_files(lake.files)
    days = [(file, erased_known_on(file, erased)) for file in lake.files]
    found = [(file, day) for file, day in days if day is not None]
    if not found:
        return
    size = sum(file.path.stat().st_size for file, _ in found)
    require_space(settings.raw, 2 * size, f"Writing {len(found)} files of the lake anew")
    written = [_rewrite(settings, file, day, erased, erasure_id) for file, day in found]
    _commit(settings, lake, written, erasure_id)


def remove_replaced(settings: Settings, erased: Erased) -> int:
    """Remove the files that no run reads and in which an erased person stands; count them."""
    read = {file.path for file in read_lake(settings).files}
    removed = 0
    for path in sorted(settings.raw.glob("[!_.]*/*.parquet")):
        file = LakeFile(path.parent.name, path, "", 0, ())
        if path not in read and erased_known_on(file, erased) is not None:
            path.unlink()
            fsync_folder(path.parent)
            removed += 1
    return removed


def erased_known_on(file: LakeFile, erased: Erased) -> date | None:
    """Return the first day on which a row of a file names somebody who was erased, if one does.

    A row that does not count any more names them too.
    """
    handling = HANDLINGS.get(file.table)
    if handling is None:
        return None
    columns = {"source_system", *TABLES[file.table].key, "party_type", "batch_id", "known_on"}
    columns |= {part for name in handling.names for part in (name.column, name.system) if part}
    wanted = sorted(columns & set(TABLES[file.table].lake_schema()))
    rows = file_rows(replace(file, whole=True), wanted)
    done = forget(rows, TABLES[file.table], erased, is_clear=False)
    days: list[date] = [
        *done.removed["known_on"],
        *done.rows.filter(done.changed)["known_on"],
    ]
    return min(days, default=None)


def _rewrite(
    settings: Settings, file: LakeFile, known_on: date, erased: Erased, erasure_id: str
) -> Rewritten:
    table = TABLES[file.table]
    schema = table.lake_schema()
    name = f"erased-{digest_of([erasure_id, file.path.stem, file.sha256])[:16]}"
    done = Rewritten(file, data_path(settings.raw, file.table, name), known_on)
    with table_writer(done.path, schema) as writer:
        for rows in _rows(file, schema):
            writer.write(_forgotten(rows, table, erased, done))
    done.rows = writer.rows
    _refuse_lost(done)
    return done


def _forgotten(rows: pl.DataFrame, table: Table, erased: Erased, done: Rewritten) -> pl.DataFrame:
    """Take the erased out of a batch, count it, and give changed rows their digest anew."""
    left = forget(rows, table, erased, is_clear=False)
    for (delivery_id,), gone in left.removed.group_by("batch_id"):
        count, amount = done.removed.get(str(delivery_id), (0, None))
        went = table.sum_of(gone)
        both = went if amount is None else amount + (went or 0)
        done.removed[str(delivery_id)] = count + gone.height, both
    if not left.changed.any() and left.removed.is_empty():
        return left.rows
    changed = left.rows.filter(left.changed)
    done.changed += changed.height
    done.deliveries |= {*left.removed["batch_id"], *changed["batch_id"]}
    hashed = with_record_hash(changed, table)["record_hash"]
    places = left.changed.arg_true()
    return left.rows.with_columns(left.rows["record_hash"].scatter(places, hashed))


def _rows(file: LakeFile, schema: dict[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    """Yield the rows that count, as wide as the contract is now."""
    with pq.ParquetFile(file.path) as parquet:
        for batch in parquet.iter_batches(_BATCH_ROWS):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            if not file.whole:
                frame = frame.filter(pl.col("batch_id").is_in(file.deliveries))
            lacking = [
                pl.lit(None, kind).alias(n) for n, kind in schema.items() if n not in frame.columns
            ]
            yield frame.with_columns(lacking).select(list(schema))


def _refuse_lost(done: Rewritten) -> None:
    """What was in the file is in the new one, or was counted as gone."""
    gone = sum(rows for rows, _ in done.removed.values())
    if done.rows + gone != done.before.rows:
        done.path.unlink()
        raise LoyaltyError(
            f"Of {done.before.rows} rows {done.rows} stayed and {gone} went.",
            where=str(done.before.path),
            todo="Nothing was committed and the old files are read as before. Report it.",
            code="ERASURE_DIFFERS",
        )


def _commit(settings: Settings, lake: Lake, written: list[Rewritten], erasure_id: str) -> None:
    sequence = next_sequence(lake)
    erased = {
        "erasure_id": erasure_id,
        "known_on": min(done.known_on for done in written).isoformat(),
        "deliveries": sorted({name for done in written for name in done.deliveries}),
        "rows_changed": _by_table(written),
        "removed": _removed(written),
        "tables": {
            table: _certificate(settings.raw, [d for d in written if d.before.table == table])
            for table in sorted({done.before.table for done in written})
        },
    }
    commit = {
        "batch_id": f"erasure-{sequence:06d}-{digest_of(erased)[:12]}",
        "sequence": sequence,
        "contract_version": CONTRACT_VERSION,
        "deliveries": [],
        "erased": erased,
    }
    create_exclusively(settings.raw / COMMITS / f"{commit['batch_id']}.json", commit)


def _by_table(written: list[Rewritten]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for done in written:
        counts[done.before.table] = counts.get(done.before.table, 0) + done.changed
    return counts


def _removed(written: list[Rewritten]) -> dict[str, dict[str, Any]]:
    """Return what went, by delivery and table."""
    removed: dict[str, dict[str, Any]] = {}
    for done in written:
        for delivery_id, (rows, amount) in done.removed.items():
            gone = {"rows": rows, "amount": amount_text(amount)}
            removed.setdefault(delivery_id, {})[done.before.table] = gone
    return removed


def _certificate(raw: Path, written: list[Rewritten]) -> dict[str, Any]:
    return {
        "before": {"files": [_described(raw, d.before.path, d, d.before.rows) for d in written]},
        "after": {"files": [_described(raw, d.path, d, d.rows) for d in written]},
    }


def _described(raw: Path, path: Path, done: Rewritten, rows: int) -> dict[str, Any]:
    return {
        "file": str(path.relative_to(raw)),
        "sha256": done.before.sha256 if path == done.before.path else sha256_of(path),
        "rows": rows,
        "deliveries": list(done.before.deliveries),
    }
