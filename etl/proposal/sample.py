"""A file's header and its first records as text, read through the gate like any delivery."""

from __future__ import annotations

import codecs
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl.errors import FileRejected, UsageError
from etl.ingest.gate import GatedFile, pass_gate
from etl.ingest.gate.magic import MAGIC_BYTES, binary_form
from etl.mapping.model import Format

SAMPLE_ROWS = 5_000
_DELIMITERS = (",", ";", "\t", "|")
_PERHAPS_THE_DELIMITER = (
    "RAGGED_ROW",
    "STRAY_QUOTE",
    "UNBALANCED_QUOTE",
    "HEADER_DUPLICATE_COLUMN",
)


@dataclass(frozen=True)
class Written:
    """How a text file is written: what the gate must be told.

    Args:
        encoding: utf-8, utf-16, gb18030 or latin-1.
        delimiter: One character between two fields.
        multiline: Whether quoted fields hold line breaks.
        format: csv, jsonl, parquet or xlsx.
        sheet: Sheet of a workbook; empty when it has only one.
    """

    encoding: str
    delimiter: str
    multiline: bool = False
    format: Format = "csv"
    sheet: str = ""

    def missing_columns(self, header: tuple[str, ...], /) -> tuple[str, ...]:  # noqa: ARG002
        """Every header will do: there is no mapping yet."""
        return ()


@dataclass(frozen=True)
class Sample:
    """The beginning of a file.

    Args:
        file: Its name.
        written: How it is written.
        header: Column names in the order of the file.
        rows: Its first records, all text, empty cells null.
        records: Records of the whole file.
    """

    file: str
    written: Written
    header: tuple[str, ...]
    rows: pl.DataFrame
    records: int


def read_sample(file: Path, encoding: str = "", delimiter: str = "") -> Sample:
    """Read the beginning of a file; find out its delimiter unless it is told.

    Args:
        file: A text table with a header or JSON Lines, plain, gzip or zstd; a Parquet file; a
            workbook of one sheet.
        encoding: As in a mapping; empty for UTF-8, or UTF-16 where the file says so.
        delimiter: One character; empty to find out.

    Raises:
        FileRejected: The gate refuses the file.
        UsageError: No delimiter, or more than one, makes a table of it.
    """
    encoding = encoding or _encoding(file)
    try:
        return _sample(file, encoding, delimiter)
    except FileRejected as refused:
        if refused.code == "BAD_ENCODING":
            refused.todo = "Name its encoding with --encoding: utf-16, gb18030 or latin-1."
        raise


def _sample(file: Path, encoding: str, delimiter: str) -> Sample:
    with tempfile.TemporaryDirectory(prefix="loyalty-map-") as name:
        folder = Path(name)
        written = (
            _binary(file)
            or _json_lines(file, encoding, folder)
            or _table(file, encoding, delimiter, folder)
        )
        gated = pass_gate(file, written, folder)
        return Sample(file.name, written, gated.header, _head(gated, written), gated.records)


def _binary(file: Path) -> Written | None:
    """Return how a file that is not text is written; None when it may be text."""
    with file.open("rb") as opened:
        form = binary_form(opened.read(MAGIC_BYTES))
    return Written("utf-8", ",", multiline=True, format=form) if form else None


def _json_lines(file: Path, encoding: str, folder: Path) -> Written | None:
    """Return how JSON Lines are written; None when the first bytes are no object."""
    written = Written(encoding, ",", multiline=True, format="jsonl")
    try:
        pass_gate(file, written, folder)
    except FileRejected as refused:
        if refused.code != "BAD_MAGIC":
            raise
        return None
    return written


def _table(file: Path, encoding: str, delimiter: str, folder: Path) -> Written:
    """Return how a table is written; its delimiter is the only one that makes one of it."""
    if delimiter:
        return _passed(file, Written(encoding, delimiter), folder)[1]
    found: list[tuple[GatedFile, Written]] = []
    refusals: dict[str, FileRejected] = {}
    for character in _DELIMITERS:
        try:
            found.append(_passed(file, Written(encoding, character), folder))
        except FileRejected as refused:
            if refused.code not in _PERHAPS_THE_DELIMITER:
                raise
            refusals[character] = refused
    tables = [written for gated, written in found if len(gated.header) > 1]
    if len(tables) == 1:
        return tables[0]
    if not tables and refusals:
        # The delimiter that the header has most of is meant: what is wrong then says more.
        with file.open("rb") as opened:
            header = opened.readline(1 << 16).decode(encoding, "replace")
        raise refusals[max(refusals, key=header.count)]
    raise _unclear(file, [written.delimiter for written in tables])


def _encoding(file: Path) -> str:
    with file.open("rb") as opened:
        start = opened.read(2)
    return "utf-16" if start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8"


def _passed(file: Path, written: Written, folder: Path) -> tuple[GatedFile, Written]:
    """Pass the gate; with line breaks in quoted fields if it cannot be passed without."""
    try:
        return pass_gate(file, written, folder), written
    except FileRejected as refused:
        if refused.code != "UNBALANCED_QUOTE":
            raise
    multiline = Written(written.encoding, written.delimiter, multiline=True)
    return pass_gate(file, multiline, folder), multiline


def _unclear(file: Path, delimiters: list[str]) -> UsageError:
    seen = " and ".join(repr(character) for character in delimiters)
    return UsageError(
        f"More than one delimiter makes a table of it: {seen}."
        if delimiters
        else "No delimiter makes a table of it.",
        where=file.name,
        todo="Name it with --delimiter; a record with too many or too few fields is not repaired.",
    )


def _head(gated: GatedFile, written: Written) -> pl.DataFrame:
    rows = pl.read_csv(
        gated.path,
        has_header=False,
        skip_rows=1,  # the gate has read the header; the reader leaves doubled quotes in its names
        schema=dict.fromkeys(gated.header, pl.String()),
        separator=written.delimiter,
        n_rows=SAMPLE_ROWS,
        glob=False,
    )
    text = pl.all().str.strip_chars()
    return rows.with_columns(pl.when(text != "").then(text).name.keep())
