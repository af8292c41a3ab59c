"""JSON Lines as the table that a CSV export is: one object per line becomes one record of text.

The objects are read strictly and turned into a CSV file, which then passes the same checks as a
delivered one; nothing after the gate knows the difference. Keys of nested objects are joined by a
point (``requester.email``). Numbers stay the text they were written with. A first pass writes what
each line holds and collects the columns; a second one puts the header in front and fills up the
records that are older than a column. Memory holds one line and a block, whatever the file's size.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from etl.errors import FileRejected
from etl.ingest.gate.source import Limits
from etl.ingest.gate.tables import (
    MAX_COLUMNS,
    NOT_TEXT,
    PLAIN_NAME,
    csv_bytes,
    header_bytes,
)
from etl.ingest.reasons import file_rejected

LIST_SEPARATOR = ";"
_MAX_DEPTH = 32
_ROWS_PER_BLOCK = 1_000


class _UnfitError(ValueError):
    """A line that is JSON for somebody, but not for us; the message is a file code."""


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; the usual reader would keep the last of two equal keys without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _UnfitError("JSON_DUPLICATE_KEY")
    return found


def _constant(_: str) -> Any:
    raise _UnfitError("JSON_NOT_FINITE")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_Number, parse_float=_Number, parse_constant=_constant
)


@dataclass
class JsonTable:
    """Objects of a JSON Lines stream as records of a CSV file.

    Args:
        spool: Empty file for the records between the two passes.
        limits: Longest line and field.
        where: Name of the file in messages.

    Attributes:
        records: Lines read so far.
    """

    spool: Path
    limits: Limits
    where: str
    records: int = 0
    _columns: dict[str, None] = field(default_factory=dict)  # in the order they appear
    _values: dict[str, int] = field(default_factory=dict)  # record where a key first held a value
    _objects: dict[str, int] = field(default_factory=dict)  # ... and where it first held an object

    def read(self, blocks: Iterable[bytes], *, vouched: bool) -> None:
        """Take the whole stream: UTF-8 without byte order mark and NUL.

        Args:
            blocks: The stream.
            vouched: Whether a manifest says that the file is whole.

        Raises:
            FileRejected: A line is no object that can be a record (JSON_*, LINE_TOO_LONG,
                FIELD_TOO_LONG), or the last one is not ended (TRUNCATED).
        """
        # With its line end of two characters the csv module puts both into quotes.
        with self.spool.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            for line in self._lines(blocks, vouched=vouched):
                cells = self._cells(line)
                self.records += 1
                writer.writerow([cells.get(name) for name in self._columns])
        self._refuse_mixed_keys()

    def csv_blocks(self) -> Iterator[bytes]:
        """Yield the table as CSV, header first."""
        names = list(self._columns)
        yield header_bytes(names, self.where)
        with self.spool.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            while some := list(itertools.islice(rows, _ROWS_PER_BLOCK)):
                yield csv_bytes([row + [""] * (len(names) - len(row)) for row in some])

    def _lines(self, blocks: Iterable[bytes], *, vouched: bool) -> Iterator[bytes]:
        rest = b""
        for block in blocks:
            *lines, rest = (rest + block).split(b"\n")
            yield from lines
            if len(rest) > self.limits.record_bytes:
                raise self._line_too_long()
        if rest:
            if not vouched:
                raise file_rejected("TRUNCATED", self.where)
            yield rest

    def _line_too_long(self) -> FileRejected:
        return self._fault("LINE_TOO_LONG", detail=f"{self.limits.record_bytes:,} bytes")

    def _cells(self, line: bytes) -> dict[str, str]:
        """Return the text of each column that the next line fills."""
        if len(line) > self.limits.record_bytes:
            raise self._line_too_long()
        cells: dict[str, str] = {}
        try:
            value = _DECODER.decode(line.decode())
            if not isinstance(value, dict):
                raise _UnfitError("JSON_NOT_OBJECT")
            self._flatten(value, "", 1, cells)
            if b"\\u" in line and any(map(NOT_TEXT.search, cells.values())):
                raise _UnfitError(
                    "JSON_BAD_TEXT"
                )  # the file has none; only an escape can bring it in
        except json.JSONDecodeError as error:
            code = "JSON_SYNTAX" if line.strip() else "JSON_NOT_OBJECT"
            raise self._fault(code, position=error.pos + 1) from None
        except RecursionError:
            raise self._fault("JSON_TOO_DEEP", detail=_MAX_DEPTH) from None
        except _UnfitError as unfit:
            raise self._fault(str(unfit), detail=_MAX_DEPTH) from None
        return cells

    def _flatten(
        self, value: dict[str, Any], prefix: str, depth: int, cells: dict[str, str]
    ) -> None:
        if depth > _MAX_DEPTH:
            raise _UnfitError("JSON_TOO_DEEP")
        for key, child in value.items():
            name = prefix + key
            if isinstance(child, dict):
                self._objects.setdefault(name, self.records + 1)
                self._flatten(child, f"{name}.", depth + 1, cells)
                continue
            if name in cells:  # a key with a point in it, beside an object
                raise _UnfitError("JSON_DUPLICATE_KEY")
            if name not in self._columns:
                self._add_column(name)
            if child is not None:
                self._values.setdefault(name, self.records + 1)
            cells[name] = self._bounded(_text(child))

    def _add_column(self, name: str) -> None:
        if not PLAIN_NAME.fullmatch(name):
            raise _UnfitError("JSON_BAD_KEY")
        self._columns[name] = None
        if len(self._columns) > MAX_COLUMNS:
            raise self._fault("JSON_TOO_MANY_KEYS", detail=f"{MAX_COLUMNS:,}")

    def _bounded(self, text: str) -> str:
        limit = self.limits.field_bytes
        if len(text) * 4 > limit and len(text.encode(errors="replace")) > limit:
            raise self._fault("FIELD_TOO_LONG", detail=f"{limit:,} bytes")
        return text

    def _refuse_mixed_keys(self) -> None:
        """A key that holds a value here and an object there has no one meaning."""
        for name, value_at in self._values.items():
            if name in self._objects:
                at = {"record": value_at, "found": self._objects[name]}
                raise file_rejected("JSON_MIXED_KEY", self.where, detail=name, **at)

    def _fault(self, code: str, **details: object) -> FileRejected:
        return file_rejected(code, self.where, record=self.records + 1, **details)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _list_text(value)
    return "" if value is None else str(value).lower()


def _list_text(entries: list[Any]) -> str:
    """Join plain entries; a list that a separator could not take apart again stays JSON."""
    plain = all(not isinstance(entry, dict | list) for entry in entries)
    texts = [_text(entry) for entry in entries] if plain else []
    if plain and not any(LIST_SEPARATOR in text for text in texts):
        return LIST_SEPARATOR.join(texts)
    return _json_text(entries, 1)


def _json_text(value: Any, depth: int) -> str:
    """Write a value as JSON again, its numbers as they were."""
    if depth > _MAX_DEPTH:  # where Python itself gives up depends on who called
        raise _UnfitError("JSON_TOO_DEEP")
    if isinstance(value, _Number):
        return value
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        pairs = [
            f"{encode_basestring(key)}:{_json_text(child, depth + 1)}"
            for key, child in value.items()
        ]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_json_text(entry, depth + 1) for entry in value]) + "]"
    return "null" if value is None else str(value).lower()
