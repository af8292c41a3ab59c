"""The parts of a workbook: members of a ZIP archive as streams of XML, each step bounded."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any
from xml.parsers import expat

from etl.ingest.gate.magic import require_binary
from etl.ingest.gate.source import Limits, check_size
from etl.ingest.reasons import file_rejected

_BLOCK_BYTES = 64 << 10
_MOST_DIRECTORY_BYTES = 4 << 20
_MOST_DESCRIPTION_BYTES = 8 << 20
_MOST_TAG_BYTES = 256 << 10
_MOST_DEPTH = 64  # the parser remembers every element that is open
_END = struct.Struct("<4s8xII2x")  # end of central directory: signature, size and place of it
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """A workbook's archive, opened for reading.

    Args:
        copy: The file.
        size: Its bytes on disk.
        limits: Bounds of what may come out of all members together.
        where: Name of the file in messages.

    Raises:
        FileRejected: EMPTY_FILE, BAD_MAGIC, TOO_LARGE, or WORKBOOK_DAMAGED: it is no archive.
    """

    def __init__(self, copy: Path, size: int, limits: Limits, where: str) -> None:
        self.where = where
        self.limits = limits
        self._size = size
        self._total = 0
        _check_directory(copy, size, where)
        try:
            self._zip = zipfile.ZipFile(copy)
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            raise file_rejected("WORKBOOK_DAMAGED", where) from None
        self.names = self._zip.namelist()
        if len(set(self.names)) < len(self.names):  # which of the two a reader takes is chance
            self.close()
            raise file_rejected("WORKBOOK_DAMAGED", where)

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def blocks(self, name: str) -> Generator[bytes]:
        """Yield the content of a member; its check sum is checked at its end.

        Raises:
            FileRejected: There is none of that name, or it is damaged (WORKBOOK_DAMAGED), or too
                much has come out of the file (TOO_LARGE).
        """
        try:
            info = self._zip.getinfo(name)
            if info.compress_type not in _METHODS:
                raise file_rejected("WORKBOOK_DAMAGED", self.where)
            with self._zip.open(info) as member:
                while block := member.read(_BLOCK_BYTES):
                    self._total += len(block)
                    check_size(self._total, self._size, self.limits, self.where)
                    yield block
        except (KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
            # A RuntimeError says that it is encrypted.
            raise file_rejected("WORKBOOK_DAMAGED", self.where) from None

    def read(self, name: str, reader: XmlReader) -> None:
        """Feed a member that describes the workbook to a reader, whole.

        Raises:
            FileRejected: As :meth:`parse`, and TOO_LARGE where it is larger than any description.
        """
        for blocks, _ in enumerate(self.parse(name, reader)):
            if blocks * _BLOCK_BYTES > _MOST_DESCRIPTION_BYTES:
                detail = f"{_MOST_DESCRIPTION_BYTES:,} bytes of description"
                raise file_rejected("TOO_LARGE", self.where, detail=detail)

    def parse(self, name: str, reader: XmlReader) -> Iterator[None]:
        """Feed a member to a reader; yield after each block, so that its finds can be taken.

        Raises:
            FileRejected: As :meth:`blocks`, and WORKBOOK_DAMAGED where it is not plain XML.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = reader.seen_start
        parser.EndElementHandler = reader.seen_end
        parser.CharacterDataHandler = reader.seen_text
        # Without a document type there are no entities that could grow or point elsewhere.
        parser.StartDoctypeDeclHandler = reader.refuse
        waiting = 0
        try:
            with closing(self.blocks(name)) as blocks:
                for block in blocks:
                    reader.events = 0
                    parser.Parse(block, False)
                    waiting = 0 if reader.events else waiting + len(block)
                    if waiting > _MOST_TAG_BYTES:
                        raise file_rejected("WORKBOOK_DAMAGED", self.where)
                    yield
            parser.Parse(b"", True)
            yield
        except expat.ExpatError:
            raise file_rejected("WORKBOOK_DAMAGED", self.where) from None


class XmlReader:
    """Takes the events of one XML part; names come without their namespace.

    Args:
        where: Name of the file in messages.

    Attributes:
        events: How many events there have been since somebody set it to 0.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.events = 0
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def text(self, text: str) -> None:
        """A piece of the text of the element."""

    def end(self, name: str) -> None:
        """An element ends."""

    def seen_start(self, name: str, attributes: dict[str, str]) -> None:
        """Count and pass on."""
        self.events += 1
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            self.refuse()
        self.start(name.rpartition(" ")[2], attributes)

    def seen_text(self, text: str) -> None:
        """Count and pass on."""
        self.events += 1
        self.text(text)

    def seen_end(self, name: str) -> None:
        """Count and pass on."""
        self.events += 1
        self._depth -= 1
        self.end(name.rpartition(" ")[2])

    def refuse(self, *_: Any) -> None:
        """Refuse what no workbook has: a document type, a pile of open elements."""
        raise file_rejected("WORKBOOK_DAMAGED", self.where)


def _check_directory(copy: Path, size: int, where: str) -> None:
    """Check the table of contents before the reader holds all of it in memory."""
    with copy.open("rb") as file:
        require_binary(file.read(4), "xlsx", where)
        file.seek(max(0, size - (1 << 16) - 22))  # a comment of 64 KiB may stand behind it
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise file_rejected("WORKBOOK_DAMAGED", where)
    _, length, _ = _END.unpack_from(tail, at)
    if length > _MOST_DIRECTORY_BYTES:
        detail = f"{_MOST_DIRECTORY_BYTES:,} bytes of contents"
        raise file_rejected("TOO_LARGE", where, detail=detail)
