"""What staging leaves behind: one folder per delivery, there whole or not at all.

``staged/<feed>/<business day>/<delivery id>/`` holds a Parquet file per table, the rejected rows
and ``staged.json``. It is prepared in ``staged/_work/`` and moved into place by one rename.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from etl.config import Settings
from etl.contract import CONTRACT_VERSION
from etl.faults import reach
from etl.files import FOLDER_MODE, atomic_path, fsync_folder, make_folder, sha256_of, write_document
from etl.ingest.discover import Delivery
from etl.mapping import Export

STAGED_NAME = "staged.json"
REJECTS = "rejects"
_ID_DIGITS = 16
# Above this share of different values a dictionary of a column costs time and saves no space.
_DIFFERENT_SHARE = 0.1


@dataclass(frozen=True)
class StagedTable:
    """Accepted rows of one table: their number, the sum of its amount column, the file's digest."""

    rows: int
    amount: str | None
    sha256: str


@dataclass(frozen=True)
class StagedErased:
    """Rows of one table that were left out as an erased person's, and the sum of their amounts."""

    rows: int
    amount: str | None


@dataclass(frozen=True)
class RejectCount:
    """Rows of one table refused for one reason, and their amount where it can be read."""

    table: str
    reason: str
    column: str | None
    rows: int
    amount: str | None


@dataclass(frozen=True)
class StagedRejects:
    """All refused rows of a delivery; ``sha256`` is empty when there is no file of them."""

    rows: int = 0
    sha256: str = ""
    by_reason: tuple[RejectCount, ...] = ()


@dataclass(frozen=True)
class StagedDelivery:
    """What became of one delivered file; written as ``staged.json``.

    Args:
        folder: Where its files lie.
        status: ``accepted``, ``empty`` (a header only) or ``rejected`` (nothing is loaded).
        file_reason: Why the file was rejected, a code; null otherwise.
        file_message: The same in a sentence.
        records: Records of the file, the header not counted.
        tables: Accepted rows by table; empty unless accepted.
        rejects: Refused rows, one per row and table.
        bad_records: Records that are in no table because of a fault; one record may be several
            refused rows.
        left_out: Records that no target of the mapping takes, as its ``when`` says.
        unmapped: Source columns that nothing reads, and how many of their cells are filled.
        source: What the mapping says of the system.
        erased: Rows by table that were left out because their person was erased.
    """

    folder: Path
    delivery_id: str
    system: str
    export: str
    feed: str
    business_day: date
    mode: str
    sequence: int
    file: str
    sha256: str
    mapping_fingerprint: str
    source: Mapping[str, Any]
    contract_version: str = CONTRACT_VERSION
    status: str = "empty"
    file_reason: str | None = None
    file_message: str | None = None
    records: int = 0
    tables: Mapping[str, StagedTable] = field(default_factory=dict)
    rejects: StagedRejects = StagedRejects()
    bad_records: int = 0
    left_out: int = 0
    unmapped: Mapping[str, int] = field(default_factory=dict)
    erased: Mapping[str, StagedErased] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the content of ``staged.json``."""
        content = asdict(self)
        del content["folder"]
        return content | {"business_day": self.business_day.isoformat()}


def delivery_id_of(delivery: Delivery, export: Export, sha256: str) -> str:
    """Return the id of a delivery: the same content, read the same way, has the same id."""
    parts = (
        delivery.system,
        delivery.export,
        sha256,
        delivery.business_day.isoformat(),
        delivery.mode,
        str(delivery.sequence),
        CONTRACT_VERSION,
        export.fingerprint,
    )
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:_ID_DIGITS]


def amount_text(amount: Decimal | None) -> str | None:
    """Write an amount as plain decimal text."""
    return None if amount is None else f"{amount:f}"


class TableWriter:
    """A Parquet file that grows batch by batch, always with the same schema.

    Args:
        path: Temporary name of the file.
        schema: Columns and types; what is written must have exactly these.
    """

    def __init__(self, path: Path, schema: dict[str, pl.DataType]) -> None:
        self.rows = 0
        self._path = path
        self._empty = pl.DataFrame(schema=schema)
        self._arrow = _arrow(self._empty).schema
        self._file: pq.ParquetWriter | None = None

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows; nothing is cast on the way."""
        if frame.height:
            ordered = frame.select(self._empty.columns)
            self._opened(ordered).write_table(_arrow(ordered).cast(self._arrow, safe=True))
            self.rows += frame.height

    def close(self) -> None:
        """Write the footer."""
        self._opened(self._empty).close()

    def _opened(self, first: pl.DataFrame) -> pq.ParquetWriter:
        """Return the file; the first rows decide which columns get a dictionary."""
        if self._file is None:
            self._file = pq.ParquetWriter(
                self._path,
                self._arrow,
                compression="zstd",
                use_dictionary=_repeating(first),
                # Least and greatest of tokens and digests help no reader.
                write_statistics=[n for n, kind in first.schema.items() if kind != pl.String()],
            )
        return self._file


def _repeating(rows: pl.DataFrame) -> list[str]:
    counts = rows.select(pl.all().approx_n_unique()).row(0, named=True)
    return [name for name, n in counts.items() if n <= max(1, rows.height * _DIFFERENT_SHARE)]


@contextmanager
def table_writer(final: Path, schema: dict[str, pl.DataType]) -> Iterator[TableWriter]:
    """Yield a writer whose file gets its name when the block succeeds."""
    with atomic_path(final) as temporary:
        writer = TableWriter(temporary, schema)
        try:
            yield writer
        finally:
            writer.close()
        if pq.read_metadata(temporary).num_rows != writer.rows:
            raise OSError(f"{final.name}: the rows written are not the rows in the file")


@contextmanager
def work_folder(settings: Settings) -> Iterator[Path]:
    """Yield a private folder that is gone afterwards, whatever happens.

    A killed process cannot clean up; the next one does it, as the dead one's lock is free. The
    files hold clear personal data for a while: the folder's mode is 0700.
    """
    sweep(settings)
    folder, lock = _locked_folder(make_folder(_work(settings)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(settings: Settings) -> None:
    """Remove the work folders of killed processes, and with them clear personal data."""
    for folder in _work(settings).glob("*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # its process, or another's sweep, was faster
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # its process is alive
        finally:
            os.close(lock)


def _work(settings: Settings) -> Path:
    return settings.staged / "_work"


def _locked_folder(root: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(dir=root))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # swept between its making and its opening
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)  # swept between its opening and its locking


def put_in_place(prepared: Path, staged: StagedDelivery) -> StagedDelivery:
    """Write ``staged.json`` and move the prepared folder to its final name.

    A complete folder of that name is kept: it holds the same delivery, read the same way, and
    another process may be committing it.
    """
    reach("stage.prepared")
    write_document(prepared / STAGED_NAME, staged.document())
    reach("stage.marked")
    prepared.chmod(FOLDER_MODE)
    make_folder(staged.folder.parent)
    try:
        prepared.rename(staged.folder)
    except OSError:  # there is one that is not empty
        if (staged.folder / STAGED_NAME).exists():
            return staged
        shutil.rmtree(staged.folder, ignore_errors=True)  # what a removal cut short left over
        prepared.rename(staged.folder)
    reach("stage.placed")
    fsync_folder(staged.folder.parent)
    return staged


def file_digest(folder: Path, name: str) -> str:
    """Return the sha256 of a staged Parquet file."""
    return sha256_of(folder / f"{name}.parquet")


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
