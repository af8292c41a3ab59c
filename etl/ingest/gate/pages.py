"""What each page of a Parquet file says it unpacks to, read without unpacking it.

The description at the end of the file can be false; a reader believes what stands before each page,
and takes as much memory as it says there. So every one of them is looked at first. They are written
in Thrift's compact protocol, of which this is the little that is needed.

Source:
    Apache Parquet format, "Data pages" (PageHeader); Apache Thrift, "Thrift compact protocol".
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

import pyarrow.parquet as pq

from etl.ingest.gate.source import Limits, check_size
from etl.ingest.reasons import file_rejected

# A reader holds one page of every column at a time.
_MOST_PAGES_BYTES = 256 << 20
_HEADER_BYTES = 64 << 10  # what is read for one; it may hold the smallest and the largest value
_UNPACKED, _PACKED = 2, 3  # field numbers of a PageHeader
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET = range(1, 11)
_STRUCT = 12
_MOST_DEPTH = 8


def check_pages(copy: Path, metadata: pq.FileMetaData, limits: Limits, where: str) -> None:
    """Check how much memory the pages of a Parquet file would take.

    Args:
        copy: The file.
        metadata: What its end says of it.
        limits: Bounds of what may come out of it.
        where: Name of the file in messages.

    Raises:
        FileRejected: TOO_LARGE, or PARQUET_DAMAGED where no page stands where one should.
    """
    size = copy.stat().st_size
    total = 0
    with copy.open("rb") as file:
        for group in range(metadata.num_row_groups):
            at_once = 0
            for column in range(metadata.num_columns):
                pages = _page_sizes(file, metadata.row_group(group).column(column), size, where)
                total += sum(pages)
                at_once += max(pages, default=0)
                check_size(total, size, limits, where)
            if at_once > _MOST_PAGES_BYTES:
                detail = f"{_MOST_PAGES_BYTES:,} bytes in one page of each column"
                raise file_rejected("TOO_LARGE", where, detail=detail)


def _page_sizes(file: IO[bytes], chunk: pq.ColumnChunkMetaData, size: int, where: str) -> list[int]:
    """Return what each page of a column chunk says it unpacks to."""
    # A chunk without rows may lack either; at the very start of a file stands its mark.
    starts = [chunk.data_page_offset, chunk.dictionary_page_offset or 0]
    at = min((start for start in starts if start > 0), default=0)
    end = at + chunk.total_compressed_size
    if end > size:
        raise file_rejected("PARQUET_DAMAGED", where)
    found = []
    while at < end:
        file.seek(at)
        header = _Header(file.read(_HEADER_BYTES))
        try:
            fields = header.struct()
            unpacked, packed = fields[_UNPACKED], fields[_PACKED]
        except (IndexError, KeyError, ValueError):
            raise file_rejected("PARQUET_DAMAGED", where) from None
        if unpacked < 0 or packed < 0:
            raise file_rejected("PARQUET_DAMAGED", where)
        found.append(unpacked)
        at += header.at + packed
    return found


class _Header:
    """Reads one struct of the compact protocol: its integers, by the number of their field."""

    def __init__(self, data: bytes) -> None:
        self.at = 0
        self._data = data

    def struct(self, depth: int = 0) -> dict[int, int]:
        """Return the integers of a struct; everything else in it is passed over.

        Raises:
            IndexError: The bytes end before the struct does.
            ValueError: There is no struct.
        """
        if depth > _MOST_DEPTH:
            raise ValueError
        fields: dict[int, int] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            value = self._value(head & 0x0F, depth)
            if value is not None:
                fields[number] = value
        return fields

    def _value(self, kind: int, depth: int) -> int | None:
        if kind in (_I16, _I32, _I64):
            return self._integer()
        if kind == _BYTE:
            self._skip(1)
        elif kind == _DOUBLE:
            self._skip(8)
        elif kind == _BINARY:
            self._skip(self._unsigned())
        elif kind == _STRUCT:
            self.struct(depth + 1)
        elif kind in (_LIST, _SET):
            self._list(depth)
        elif kind not in (_TRUE, _FALSE):  # a boolean is in its kind; a header has no maps
            raise ValueError
        return None

    def _list(self, depth: int) -> None:
        head = self._byte()
        length = self._unsigned() if head >> 4 == 15 else head >> 4
        kind = head & 0x0F
        for _ in range(length):
            if kind in (_TRUE, _FALSE):
                self._skip(1)
            else:
                self._value(kind, depth)

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self._data):
            raise IndexError

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise ValueError

    def _integer(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
