"""The bytes gate in front of every reader: what passes can be read by any CSV reader alike.

Order of the checks: plain file inside the landing -> first bytes -> bounded unpacking -> strict
decoding -> NUL -> (JSON Lines, Parquet, workbook: made a table of text) -> header by name -> shape
of every record -> final line end -> manifest. The file is read once and hashed on the way; one that
changed meanwhile, or is not what the manifest promises, is refused for that, whatever else is wrong
with it. What passes is a UTF-8 CSV file without byte order mark, with LF line ends, otherwise as
delivered. Fields are bounded, memory does not grow with the file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from etl.errors import FileRejected
from etl.faults import reach
from etl.ingest.gate.json_lines import JsonTable
from etl.ingest.gate.parquet import parquet_blocks
from etl.ingest.gate.records import RecordScanner
from etl.ingest.gate.source import (
    Delivered,
    Limits,
    open_delivered,
    unpacked_blocks,
    utf8_blocks,
)
from etl.ingest.gate.workbook import workbook_blocks
from etl.ingest.reasons import file_rejected
from etl.mapping.model import Format

__all__ = ["GatedFile", "Limits", "pass_gate"]

# What a reader behind the gate takes at a time.
_PART_BYTES = 12 << 20


class TextExport(Protocol):
    """What the gate must know of an export; a mapping's ``Export`` has it."""

    @property
    def format(self) -> Format:
        """What a file of it must be; its first bytes have to agree."""

    @property
    def sheet(self) -> str:
        """Sheet of a workbook; empty when it has only one."""

    @property
    def delimiter(self) -> str:
        """One ASCII character between fields."""

    @property
    def encoding(self) -> str:
        """utf-8, utf-16, gb18030, latin-1 or auto."""

    @property
    def multiline(self) -> bool:
        """Whether quoted fields may hold line breaks."""

    def missing_columns(self, header: tuple[str, ...], /) -> tuple[str, ...]:
        """Return the columns the mapping cannot do without and the header lacks."""


@dataclass(frozen=True)
class GatedFile:
    """A delivered file that passed.

    Args:
        path: The checked copy: UTF-8, LF, header first. The caller removes it when done.
        sha256: Hex digest of the file as delivered.
        header: Column names in the order of the file; none if it holds no JSON Lines.
        records: Number of records, the header not counted.
        bytes: Size of the file as delivered.
        filled: Cells of each column that are not empty.
        blocks: Sizes of the parts into which the copy is cut between two records.
    """

    path: Path
    sha256: str
    header: tuple[str, ...]
    records: int
    bytes: int
    filled: dict[str, int]
    blocks: tuple[int, ...]


def pass_gate(
    path: Path,
    export: TextExport,
    work_dir: Path,
    *,
    declared_rows: int | None = None,
    declared_sha256: str | None = None,
    landing: Path | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> GatedFile:
    """Check every byte of a delivered file and write a copy that is safe to read.

    Args:
        path: The file as delivered; text may be packed by gzip or zstd.
        export: How the mapping says the file is written.
        work_dir: Existing folder for the copy, ``<sha256>.csv``.
        declared_rows: Records the manifest promises.
        declared_sha256: Digest the manifest promises.
        landing: Folder the file must lie in, links resolved.
        limits: Bounds of what the file may ask for.

    Raises:
        FileRejected: The file must not be read; ``code`` is a file code of ``etl.ingest.reasons``,
            ``sha256`` that of the bytes that were judged.
    """
    where = path.name
    _check_place(path, landing)
    with (
        open_delivered(path) as file,
        _temporary(work_dir) as copy,
        _temporary(work_dir) as spool,
        _temporary(work_dir) as checked,
    ):
        scanner = RecordScanner(
            export.delimiter, export.multiline, export.missing_columns, limits, where
        )
        vouched = declared_rows is not None or declared_sha256 is not None
        job = _Job(file, copy, spool, export, limits, where, declared_rows, vouched)
        try:
            with closing(_csv_blocks(job)) as blocks:
                sizes = _write_checked(blocks, scanner, checked, vouched=vouched)
        except FileRejected as verdict:
            raise _of(_checked_digest(file, declared_sha256, where), verdict) from None
        sha256 = _checked_digest(file, declared_sha256, where)
        reach("gate.read")
        found = max(scanner.records, 0)
        if declared_rows is not None and declared_rows != found:
            refusal = file_rejected("MANIFEST_ROWS", where, found=found, expected=declared_rows)
            raise _of(sha256, refusal)
        staged = checked.replace(work_dir / f"{sha256}.csv")
        reach("gate.checked")
    filled = dict(zip(scanner.header, scanner.filled.tolist(), strict=True))
    return GatedFile(staged, sha256, scanner.header, found, file.size, filled, sizes)


def _checked_digest(file: Delivered, declared: str | None, where: str) -> str:
    """Return the sha256 of the whole file, which is the one the manifest promises."""
    sha256 = file.sha256()
    if declared is not None and declared.lower() != sha256:
        raise _of(sha256, file_rejected("MANIFEST_SHA256", where))
    return sha256


def _of(sha256: str, verdict: FileRejected) -> FileRejected:
    """Say of which bytes a verdict is: others may lie in the landing by now."""
    verdict.sha256 = sha256
    return verdict


def _check_place(path: Path, landing: Path | None) -> None:
    if landing is not None and not path.resolve().is_relative_to(landing.resolve()):
        code = "NOT_REGULAR_FILE" if path.is_symlink() else "OUTSIDE_LANDING"
        raise file_rejected(code, path.name)


@dataclass(frozen=True)
class _Job:
    """A delivered file, room to work, and what the gate was told.

    Args:
        file: The file.
        copy: Empty file for one that cannot be read from its beginning to its end.
        spool: Empty file for what does not fit into memory.
        export: How the mapping says the file is written.
        limits: Bounds of what may come out of it.
        where: Name of the file in messages.
        declared_rows: Records the manifest promises.
        vouched: Whether a manifest says that the file is whole.
    """

    file: Delivered
    copy: Path
    spool: Path
    export: TextExport
    limits: Limits
    where: str
    declared_rows: int | None
    vouched: bool


def _csv_blocks(job: _Job) -> Generator[bytes]:
    """Return a file of any form as a stream of UTF-8 CSV."""
    form, size = job.export.format, job.file.size
    if form in {"parquet", "xlsx"}:
        job.file.copy_to(job.copy)
    if form == "parquet":
        return parquet_blocks(job.copy, size, job.limits, job.where)
    if form == "xlsx":
        return workbook_blocks(job.copy, job.spool, size, job.export.sheet, job.limits, job.where)
    is_jsonl = form == "jsonl"
    # JSON Lines have no header: no records are no bytes, which only a manifest can mean.
    may_be_empty = is_jsonl and job.declared_rows == 0
    packed = unpacked_blocks(job.file, job.limits, job.where, form, may_be_empty=may_be_empty)
    text = utf8_blocks(packed, job.export.encoding, job.where)
    return _object_blocks(text, job) if is_jsonl else text


def _object_blocks(text: Iterator[bytes], job: _Job) -> Generator[bytes]:
    table = JsonTable(job.spool, job.limits, job.where)
    table.read(text, vouched=job.vouched)
    if table.records:
        yield from table.csv_blocks()


def _write_checked(
    blocks: Iterator[bytes], scanner: RecordScanner, checked: Path, *, vouched: bool
) -> tuple[int, ...]:
    """Write the records that pass; return the sizes of the parts that hold whole records."""
    sizes = [0]
    with checked.open("wb") as file:
        for records in _checked(blocks, scanner, vouched=vouched):
            file.write(records)
            sizes[-1] += len(records)
            if sizes[-1] >= _PART_BYTES:
                sizes.append(0)
    return tuple(size for size in sizes if size)


def _checked(blocks: Iterator[bytes], scanner: RecordScanner, *, vouched: bool) -> Iterator[bytes]:
    is_empty = True
    for block in blocks:
        is_empty = False
        yield scanner.feed(block)
    if not is_empty:
        yield scanner.finish(vouched=vouched)


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """Yield an empty file that is gone afterwards, unless it was renamed.

    Its mode is 0600: it holds clear personal data until the rows are tokenised.
    """
    descriptor, name = tempfile.mkstemp(prefix=".gate-", suffix=".part", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
