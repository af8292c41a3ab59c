"""The shape of every record, checked in bulk: fields, quotes, line ends, lengths.

CSV readers repair in silence: polars reads ``1,2`` into three columns as ``1,2,null`` and two stray
quotes swallow the rows between them. So nothing reaches a reader before each record has been
counted here. The positions of all quotes, delimiters and line ends of a block are found with numpy;
a quote toggles between inside and outside a field, which makes the rest arithmetic.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from etl.errors import FileRejected
from etl.ingest.gate.source import Limits
from etl.ingest.reasons import file_rejected

_LINE_END, _RETURN, _QUOTE = 10, 13, 34

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class _Marks:
    """Structural characters of a block.

    Args:
        at: Positions of quotes, delimiters and line ends, ascending.
        is_quote: Which of them are quotes.
        is_line_end: Which of them are line ends.
        inside: Whether a quoted field is open after each of them.
    """

    at: Positions
    is_quote: Flags
    is_line_end: Flags
    inside: Flags


@dataclass
class RecordScanner:
    """Checks a UTF-8 stream record by record and gives it back with LF line ends.

    Args:
        delimiter: One ASCII character.
        multiline: Whether quoted fields may hold line breaks.
        missing_columns: Given a header, the columns the mapping needs and does not find.
        limits: Longest field and record.
        where: Name of the file in messages.

    Attributes:
        header: Column names, once the first line has been seen.
        records: Records checked so far, the header not counted.
        filled: Cells of each column that are not empty, in those records.
    """

    delimiter: str
    multiline: bool
    missing_columns: Callable[[tuple[str, ...]], tuple[str, ...]]
    limits: Limits
    where: str
    header: tuple[str, ...] = ()
    records: int = -1  # the header is the record before the first
    filled: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _header_line: bytes = b""
    _rest: bytes = field(default=b"", repr=False)
    _held: bytes = field(default=b"", repr=False)

    def feed(self, block: bytes) -> bytes:
        """Take the next bytes; return the complete records among what is there.

        Raises:
            FileRejected: A record or the header does not have the shape it must have.
        """
        fresh = self._held + block  # what was read before is translated already
        self._held = b"\r" if fresh.endswith(b"\r") else b""  # its line feed may come next
        if b"\r" in fresh:  # to look for one byte is cheap, for two is not
            fresh = fresh.removesuffix(b"\r").replace(b"\r\n", b"\n")
        data = self._rest + fresh
        if not self.header and b"\n" in data:
            self._read_header(data[: data.index(b"\n")])
        end = self._check(data) if self.header else 0
        self._rest = data[end:]
        if len(self._rest) > self.limits.record_bytes:
            raise self._fault("FIELD_TOO_LONG", 0, detail=f"{self.limits.field_bytes:,} bytes")
        return data[:end]

    def finish(self, *, vouched: bool) -> bytes:
        """Take the end of the stream; return the last record, if it lacked its line end.

        Args:
            vouched: Whether a manifest says that the file is whole.

        Raises:
            FileRejected: TRUNCATED, UNBALANCED_QUOTE, or as :meth:`feed`.
        """
        rest = self._rest + self._held
        if not self.header and b"\r" in rest:
            raise self._fault("BARE_CARRIAGE_RETURN", 0)
        if not rest and not self.header:  # a byte order mark and nothing else
            raise file_rejected("HEADER_EMPTY", self.where)
        if not rest:
            return b""
        if rest.endswith(b"\n"):  # a line end inside quotes that never closed
            raise self._fault("UNBALANCED_QUOTE", 0)
        if not vouched:
            raise file_rejected("TRUNCATED", self.where)
        last = self.feed(b"\n")
        if self._rest:
            raise self._fault("UNBALANCED_QUOTE", 0)
        return last

    def _read_header(self, line: bytes) -> None:
        if b"\r" in line:
            raise self._fault("BARE_CARRIAGE_RETURN", 0)
        if len(line) > self.limits.field_bytes:
            raise self._fault("FIELD_TOO_LONG", 0, detail=f"{self.limits.field_bytes:,} bytes")
        names = tuple(next(csv.reader([line.decode()], delimiter=self.delimiter), ()))
        if not any(name.strip() for name in names):
            raise file_rejected("HEADER_EMPTY", self.where)
        missing = self.missing_columns(names)
        if missing:
            raise file_rejected("HEADER_MISSING_COLUMN", self.where, detail=", ".join(missing))
        if len(set(names)) < len(names):
            # By position: without a header the first row of data stands here.
            again = next(i for i, name in enumerate(names) if name in names[:i])
            first = names.index(names[again])
            detail = f"columns {first + 1} and {again + 1}"
            raise file_rejected("HEADER_DUPLICATE_COLUMN", self.where, detail=detail)
        self.header = names
        self.filled = np.zeros(len(names), dtype=np.int64)
        self._header_line = line

    def _check(self, data: bytes) -> int:
        """Check the records that are complete in ``data``; return where they end."""
        codes = np.frombuffer(data, dtype=np.uint8)
        marks = _find_marks(codes, ord(self.delimiter), quoted=b'"' in data)
        outside = ~(marks.is_quote | marks.inside)
        line_ends = marks.is_line_end & outside
        ends = marks.at[line_ends]
        end = int(ends[-1]) + 1 if len(ends) else 0
        separators = outside & (marks.at < end)
        at, is_end = marks.at[separators], marks.is_line_end[separators]
        faults = [
            ("REPEATED_HEADER", self._repeated_header(data, end)),
            ("RAGGED_ROW", _first_ragged(at, is_end, len(self.header))),
            ("FIELD_TOO_LONG", _first_long(at, ends, self.limits.field_bytes)),
            ("STRAY_QUOTE", _first_stray_quote(codes, marks, ord(self.delimiter))),
            *self._misplaced_breaks(data, codes, marks),
        ]
        found = [(position, code) for code, position in faults if position >= 0]
        if found:
            position, code = min(found)
            detail = f"{self.limits.field_bytes:,} bytes"
            raise self._fault(code, int(np.searchsorted(ends, position)), detail=detail)
        cells = _filled(codes, at, quoted=len(at) < len(marks.at)).reshape(-1, len(self.header))
        self.filled += cells[self.records < 0 :].sum(axis=0)  # the header is no record
        self.records += len(ends)
        return end

    def _repeated_header(self, data: bytes, end: int) -> int:
        line = self._header_line + b"\n"
        if self.records >= 0 and data.startswith(line):
            return 0
        found = data.find(b"\n" + line, 0, end)
        return found + 1 if found >= 0 else -1

    def _misplaced_breaks(self, data: bytes, codes: Bytes, marks: _Marks) -> list[tuple[str, int]]:
        faults = []
        if not self.multiline:
            faults.append(("UNBALANCED_QUOTE", _first(marks.at, marks.is_line_end & marks.inside)))
        if b"\r" in data:
            returns = np.flatnonzero(codes == _RETURN)
            before = np.searchsorted(marks.at, returns) - 1
            inside = (before >= 0) & marks.inside[before] if len(marks.at) else returns < 0
            faults.append(("BARE_CARRIAGE_RETURN", _first(returns, ~inside)))
            if not self.multiline:
                faults.append(("UNBALANCED_QUOTE", _first(returns, inside)))
        return faults

    def _fault(self, code: str, records_before: int, **details: object) -> FileRejected:
        number = self.records + records_before + 1
        record = str(number) if number > 0 else "0 (the header)"
        return file_rejected(code, self.where, record=record, expected=len(self.header), **details)


def _find_marks(codes: Bytes, delimiter: int, *, quoted: bool) -> _Marks:
    wanted = (codes == _LINE_END) | (codes == delimiter)
    if not quoted:
        at = np.flatnonzero(wanted)
        none = np.zeros(len(at), dtype=np.bool_)
        return _Marks(at, none, codes[at] == _LINE_END, none)
    at = np.flatnonzero(wanted | (codes == _QUOTE))
    kinds = codes[at]
    is_quote = kinds == _QUOTE
    # Each quote turns it: an exclusive or over all of them so far.
    inside = np.bitwise_xor.accumulate(is_quote.view(np.uint8)).view(np.bool_)
    return _Marks(at, is_quote, kinds == _LINE_END, inside)


def _filled(codes: Bytes, at: Positions, *, quoted: bool) -> Flags:
    """Tell which fields have content; each ends at a position of ``at``, the first begins at 0."""
    lengths = np.diff(at, prepend=-1) - 1
    filled = lengths > 0
    if quoted:
        two = np.flatnonzero(lengths == 2)
        filled[two] = codes[at[two] - 1] != _QUOTE  # a quote that closes what it opened
    return filled


def _first(at: Positions, which: Flags) -> int:
    """Return the first position that is flagged, -1 when none is."""
    return int(at[which.argmax()]) if which.any() else -1


def _first_ragged(at: Positions, is_end: Flags, width: int) -> int:
    """Return where the first record with a wrong number of fields departs from the pattern."""
    if len(at) % width == 0:
        grid = is_end.reshape(-1, width)
        if grid[:, -1].all() and np.count_nonzero(is_end) == len(grid):
            return -1
    pattern = np.arange(1, len(at) + 1) % width == 0
    return _first(at, pattern != is_end)


def _first_long(at: Positions, ends: Positions, limit: int) -> int:
    if not len(ends) or np.diff(ends, prepend=-1).max() <= limit:  # no record is, so no field is
        return -1
    return _first(at, np.diff(at, prepend=-1) > limit + 1)


def _first_stray_quote(codes: Bytes, marks: _Marks, delimiter: int) -> int:
    """Return the first quote that neither opens, closes nor doubles where one may.

    A quote that opens stands after a separator; one that closes stands before a separator. Between
    two doubled quotes the field closes and opens again, so a quote is allowed as a neighbour too.
    """
    quotes = marks.at[marks.is_quote]
    if not len(quotes):
        return -1
    opening, closing = quotes[0::2], quotes[1::2]
    closing = closing[closing + 1 < len(codes)]
    allowed = np.zeros(256, dtype=np.bool_)
    allowed[[_LINE_END, delimiter, _QUOTE]] = True
    stray_open = (opening > 0) & ~allowed[codes[opening - 1]]
    stray_close = ~allowed[codes[closing + 1]]
    found = [p for p in (_first(opening, stray_open), _first(closing, stray_close)) if p >= 0]
    return min(found, default=-1)
