"""One sheet of an Excel workbook as the table that a CSV export is.

The sheet is read as a stream of XML; texts that cells share lie in a file, and memory holds their
places only. Of a formula the value it had when the workbook was saved is taken; nothing is ever
calculated, followed or run. Every cell becomes text, by its kind and its number format.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import basename, dirname, join, normpath

from etl.ingest.gate.archive import Archive, XmlReader
from etl.ingest.gate.formats import Shown, shown_as
from etl.ingest.gate.sheet import SheetReader, plain_text
from etl.ingest.gate.source import BLOCK_BYTES, Limits
from etl.ingest.gate.tables import csv_bytes, header_bytes
from etl.ingest.reasons import file_rejected

_MOST_STRINGS = 8_000_000  # 8 bytes of memory each
_MOST_FORMATS = 1 << 16
_ROOT = ""


def workbook_blocks(
    copy: Path, spool: Path, size: int, sheet: str, limits: Limits, where: str
) -> Generator[bytes]:
    """Yield the records of a sheet as CSV, header first.

    Args:
        copy: The workbook.
        spool: Empty file for the texts that cells share.
        size: Bytes of the workbook on disk.
        sheet: Name of the sheet; empty when the workbook has only one.
        limits: Bounds of what may come out of it.
        where: Name of the file in messages.

    Raises:
        FileRejected: It is none (EMPTY_FILE, BAD_MAGIC, WORKBOOK_DAMAGED), unpacks to too much
            (TOO_LARGE, FIELD_TOO_LONG, TOO_MANY_COLUMNS), does not say which sheet is meant
            (WORKBOOK_SHEET), or the sheet is no table of values (HEADER_EMPTY, HEADER_BAD_NAME,
            BLANK_ROW, MERGED_CELLS, FORMULA_WITHOUT_VALUE, BAD_TEXT).
    """
    with Archive(copy, size, limits, where) as archive, spool.open("w+b") as file:
        book = _read_book(archive)
        strings = Strings(file.fileno(), archive, book.part("sharedStrings"))
        reader = SheetReader(
            where,
            limits,
            strings.text,
            _read_formats(archive, book.part("styles")),
            is_1904=book.is_1904,
            is_calculated=not book.is_stale,
        )
        with closing(_rows(archive, book.sheet_part(sheet, where), reader)) as rows:
            yield from _record_blocks(rows, where)


def _rows(archive: Archive, part: str, reader: SheetReader) -> Generator[tuple[int, list[str]]]:
    """Yield the number and the cells of each row that holds something."""
    for _ in archive.parse(part, reader):
        yield from reader.rows
        reader.rows.clear()


def _record_blocks(rows: Iterator[tuple[int, list[str]]], where: str) -> Iterator[bytes]:
    number, header = next(rows, (0, []))
    if number != 1:
        raise file_rejected("HEADER_EMPTY", where)
    yield header_bytes(header, where)
    width, block, size = len(header), [], 0
    for record, (found, cells) in enumerate(rows, start=1):
        if found != record + 1:
            raise file_rejected("BLANK_ROW", where, record=record)
        block.append(cells + [""] * (width - len(cells)))
        size += sum(map(len, cells)) + width
        if size > BLOCK_BYTES:
            yield csv_bytes(block)
            block, size = [], 0
    yield csv_bytes(block)


class Strings:
    """The texts that cells of a workbook share: in a file, found by their number.

    Args:
        descriptor: Empty file, open for reading and writing.
        archive: The workbook.
        part: Where they stand in it; empty when there are none.
    """

    def __init__(self, descriptor: int, archive: Archive, part: str) -> None:
        self._descriptor = descriptor
        self._ends = array("Q", [0])
        reader = _StringsReader(archive.where, archive.limits)
        for _ in archive.parse(part, reader) if part else ():
            texts = [text.encode(errors="surrogatepass") for text in reader.texts]
            reader.texts.clear()
            for text in texts:
                self._ends.append(self._ends[-1] + len(text))
            if len(self._ends) > _MOST_STRINGS:
                raise file_rejected("TOO_LARGE", archive.where, detail=f"{_MOST_STRINGS:,} texts")
            _write(descriptor, b"".join(texts))

    def text(self, number: int) -> str:
        """Return a text.

        Raises:
            IndexError: There is none of that number.
        """
        if number < 0:
            raise IndexError
        start, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._descriptor, end - start, start).decode(errors="surrogatepass")


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


class _StringsReader(XmlReader):
    """Collects the texts of ``sharedStrings``: runs joined, readings of Japanese left out."""

    def __init__(self, where: str, limits: Limits) -> None:
        super().__init__(where)
        self.texts: list[str] = []
        self._limits = limits
        self._pieces: list[str] = []
        self._size = 0
        self._is_text = self._is_reading = False

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        if name == "si":
            self._pieces, self._size = [], 0
        elif name == "rPh":
            self._is_reading = True
        elif name == "t":
            self._is_text = not self._is_reading

    def text(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)
            self._size += len(text)
            if self._size > self._limits.field_bytes:
                detail = f"{self._limits.field_bytes:,} bytes"
                record = "with a text that cells share"
                raise file_rejected("FIELD_TOO_LONG", self.where, record=record, detail=detail)

    def end(self, name: str) -> None:
        if name == "si":
            self.texts.append(plain_text("".join(self._pieces)))
        elif name == "rPh":
            self._is_reading = False
        elif name == "t":
            self._is_text = False


@dataclass
class _Book:
    """What a workbook says of its parts.

    Args:
        sheets: Part of each worksheet by its name.
        parts: Part of the other relations by the end of their type.
        is_1904: Whether days count from 1904.
        is_stale: Whether all formulas are to be calculated before anybody looks.
    """

    sheets: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    is_1904: bool = False
    is_stale: bool = False

    def part(self, kind: str) -> str:
        """Return the part of a kind; empty when there is none."""
        return self.parts.get(kind, "")

    def sheet_part(self, sheet: str, where: str) -> str:
        """Return the part of the sheet that is meant."""
        if sheet in self.sheets:
            return self.sheets[sheet]
        if sheet or len(self.sheets) != 1:
            found = len(self.sheets)
            raise file_rejected("WORKBOOK_SHEET", where, found=found, detail=sheet or "none")
        [part] = self.sheets.values()
        return part


class _BookReader(XmlReader):
    """Reads names and relations of sheets, and how days and formulas are kept."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.sheets: dict[str, str] = {}  # name -> id of its relation
        self.is_1904 = self.is_stale = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        own = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if name == "sheet":
            self.sheets[own.get("name", "")] = own.get("id", "")
        elif name == "workbookPr":
            self.is_1904 = own.get("date1904") in ("1", "true")
        elif name == "calcPr":
            self.is_stale = own.get("fullCalcOnLoad") in ("1", "true")


class _RelationsReader(XmlReader):
    """Reads which part stands in which relation to another."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.found: dict[str, tuple[str, str]] = {}  # id -> end of its type, target

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found[attributes.get("Id", "")] = (kind, attributes.get("Target", ""))


def _read_book(archive: Archive) -> _Book:
    main = dict(_relations(archive, _ROOT).values()).get("officeDocument", "")
    reader = _BookReader(archive.where)
    archive.read(main, reader)
    relations = _relations(archive, main)
    parts = {kind: part for kind, part in relations.values() if kind != "worksheet"}
    sheets = {
        name: relations[number][1]
        for name, number in reader.sheets.items()
        if relations.get(number, ("", ""))[0] == "worksheet"
    }
    return _Book(sheets, parts, reader.is_1904, reader.is_stale)


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Return the relations of a part by their id: end of the type, and the part meant."""
    folder = dirname(part)
    reader = _RelationsReader(archive.where)
    archive.read(join(folder, "_rels", f"{basename(part)}.rels"), reader)
    return {
        number: (kind, normpath(join("/", folder, target)).lstrip("/"))
        for number, (kind, target) in reader.found.items()
    }


class _FormatsReader(XmlReader):
    """Reads the number format of each cell style."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.codes: dict[int, str] = {}
        self.styles: list[int] = []
        self._is_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "cellXfs":
            self._is_cells = True
        elif name == "xf" and self._is_cells:
            self.styles.append(int(attributes.get("numFmtId", "0")))
        elif name == "numFmt":
            self.codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        if max(len(self.styles), len(self.codes)) > _MOST_FORMATS:
            self.refuse()

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_cells = False


def _read_formats(archive: Archive, part: str) -> list[Shown]:
    """Return what each cell style shows."""
    reader = _FormatsReader(archive.where)
    try:
        if part:
            archive.read(part, reader)
    except (KeyError, ValueError):
        raise file_rejected("WORKBOOK_DAMAGED", archive.where) from None
    return [shown_as(style, reader.codes) for style in reader.styles]
