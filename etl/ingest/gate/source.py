"""From a delivered file to a stream of UTF-8 bytes: hash, unpack, decode, each step bounded."""

from __future__ import annotations

import codecs
import errno
import gzip
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np

from etl.errors import FileRejected
from etl.ingest.gate.magic import GZIP, MAGIC_BYTES, ZSTD, bad_magic, packing_of
from etl.ingest.reasons import file_rejected
from etl.mapping.model import Format

BLOCK_BYTES = 1 << 18
# A small file may be packed well and is no danger: the ratio counts above this size.
_RATIO_FLOOR_BYTES = 1 << 20
_REFUSED_BY_OPEN = {errno.ELOOP: "NOT_REGULAR_FILE", errno.ENXIO: "NOT_REGULAR_FILE"}
_UNREADABLE = (errno.EACCES, errno.EPERM, errno.ENOENT)

# The longer mark first: UTF-32 begins like UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Limits:
    """How much a delivered file may ask for.

    Args:
        ratio: Unpacked bytes per packed byte.
        unpacked_bytes: Bytes after unpacking.
        field_bytes: Bytes of one field, its quotes included.
        record_bytes: Bytes of one record; bounds the scanner's memory.
    """

    ratio: int = 200
    unpacked_bytes: int = 4 << 30
    field_bytes: int = 64 << 10
    record_bytes: int = 8 << 20


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Delivered(io.RawIOBase):
    """A delivered file: read once, from its beginning, and hashed on the way.

    What the checks see, what is kept and what is hashed are the same bytes, whatever happens to the
    file in the landing meanwhile.

    Args:
        file: The file, open.
        where: Its name in messages.

    Attributes:
        size: Its bytes.
    """

    def __init__(self, file: io.BufferedReader, where: str) -> None:
        super().__init__()
        self._file = file
        self._where = where
        self._digest = hashlib.sha256()
        self._begun = _stamp(file)
        self.size = self._begun[0]

    def readable(self) -> bool:
        """Tell unpackers that they may read."""
        return True

    def start(self) -> bytes:
        """Return the first bytes; they are still to be read."""
        return self._file.peek(MAGIC_BYTES)[:MAGIC_BYTES]

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most ``size``; none at the end."""
        block = self._file.read(size)
        self._digest.update(block)
        return block

    def copy_to(self, copy: Path) -> None:
        """Write the bytes to a file of our own."""
        with copy.open("wb") as output:
            while block := self.read(BLOCK_BYTES):
                output.write(block)

    def sha256(self) -> str:
        """Read what is left and return the digest (hex) of all.

        Raises:
            FileRejected: CHANGED_WHILE_READ.
        """
        while self.read(BLOCK_BYTES):
            pass
        if _stamp(self._file) != self._begun:
            raise file_rejected("CHANGED_WHILE_READ", self._where)
        return self._digest.hexdigest()


@contextmanager
def open_delivered(path: Path) -> Iterator[Delivered]:
    """Open a delivered file.

    Raises:
        FileRejected: NOT_REGULAR_FILE or UNREADABLE.
    """
    with _opened(path) as file:
        yield Delivered(file, path.name)


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in _REFUSED_BY_OPEN:
            raise file_rejected(_REFUSED_BY_OPEN[error.errno], path.name) from None
        if error.errno in _UNREADABLE:
            raise file_rejected("UNREADABLE", path.name, detail=error.strerror) from None
        raise  # an I/O error may pass; the caller tries again
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise file_rejected("NOT_REGULAR_FILE", path.name)
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _stamp(file: io.BufferedReader) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def unpacked_blocks(
    file: Delivered, limits: Limits, where: str, form: Format, *, may_be_empty: bool = False
) -> Iterator[bytes]:
    """Yield the content of a file, unpacked if its first bytes say gzip or zstd.

    Args:
        file: The file; its name and suffix are not looked at.
        limits: Bounds of the unpacked content.
        where: Name of the file in messages.
        form: What the content must be.
        may_be_empty: Whether no content is content.

    Raises:
        FileRejected: BAD_MAGIC, BAD_COMPRESSION, TOO_LARGE or EMPTY_FILE.
    """
    packing = packing_of(file.start(), form, where) if file.size else b""
    total = 0
    for block in _read_blocks(file, packing, where):
        if not total and packing and packing_of(block, form, where):
            raise bad_magic("packed data within another", form, where)
        total += len(block)
        if packing:  # a plain file is as large as it looks
            check_size(total, file.size, limits, where)
        yield block
    if not total and not may_be_empty:
        raise file_rejected("EMPTY_FILE", where)


def _read_blocks(file: Delivered, packing: bytes, where: str) -> Iterator[bytes]:
    try:
        stream: _Readable = file
        if packing == GZIP:
            stream = gzip.GzipFile(fileobj=file, mode="rb")
        elif packing == ZSTD:
            import pyarrow as pa  # the only use here, and slow to import

            stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
        while block := stream.read(BLOCK_BYTES):
            yield block
    except (EOFError, zlib.error, OSError) as error:
        if not packing or getattr(error, "errno", None):  # the disk's fault may pass
            raise
        raise file_rejected("BAD_COMPRESSION", where) from None


def check_size(total: int, packed: int, limits: Limits, where: str) -> None:
    """Check how much has come out of a packed file so far.

    Args:
        total: Bytes that came out.
        packed: Bytes that went in, of the whole file.
        limits: Bounds of both.
        where: Name of the file in messages.

    Raises:
        FileRejected: TOO_LARGE.
    """
    if total > limits.unpacked_bytes:
        raise file_rejected("TOO_LARGE", where, detail=f"{limits.unpacked_bytes:,} bytes")
    if total > max(limits.ratio * packed, _RATIO_FLOOR_BYTES):
        raise file_rejected("TOO_LARGE", where, detail=f"{limits.ratio} times its packed size")


def utf8_blocks(blocks: Iterator[bytes], encoding: str, where: str) -> Generator[bytes]:
    """Decode strictly and yield UTF-8 without a byte order mark and without NUL.

    A byte order mark must agree with the declared encoding; nothing is guessed. ``auto`` is what
    the mark says, and UTF-8 without one.

    Raises:
        FileRejected: BAD_ENCODING or NUL_BYTE.
    """
    position = 0
    first = next(blocks, b"")
    if encoding == "auto":
        encoding = _mark(first)[1] or "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for number, delivered in enumerate(chain([first], blocks)):
        block = delivered if number else _without_mark(delivered, encoding, where)
        try:
            text = decoder.decode(block)
            if encoding == "latin-1":
                _refuse_controls(block)
        except UnicodeDecodeError as error:
            raise _not_text(encoding, position + error.start, where) from None
        output = block if encoding == "utf-8" else text.encode()
        if b"\0" in output:
            raise file_rejected("NUL_BYTE", where, position=position + output.index(b"\0"))
        position += len(delivered)
        yield output
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _not_text(encoding, position, where) from None


def _mark(block: bytes) -> tuple[bytes, str]:
    """Return the byte order mark a file starts with and the encoding it stands for."""
    return next(((mark, name) for mark, name in _MARKS if block.startswith(mark)), (b"", ""))


def _without_mark(block: bytes, encoding: str, where: str) -> bytes:
    mark, name = _mark(block)
    if name and name != encoding:
        detail = f"it starts with the mark of {name}"
        raise file_rejected("BAD_ENCODING", where, encoding=encoding, detail=detail)
    if encoding == "utf-16":
        if not mark:
            detail = "the byte order mark is missing"
            raise file_rejected("BAD_ENCODING", where, encoding=encoding, detail=detail)
        return block  # the decoder reads the byte order from it
    return block.removeprefix(mark)


def _refuse_controls(block: bytes) -> None:
    """Refuse bytes that Latin-1 gives to control characters: the text is something else."""
    codes = np.frombuffer(block, dtype=np.uint8)
    controls = (codes >= 0x80) & (codes <= 0x9F)
    if controls.any():
        first = int(controls.argmax())
        raise UnicodeDecodeError("latin-1", block, first, first + 1, "control character")


def _not_text(encoding: str, position: int, where: str) -> FileRejected:
    detail = f"the bytes near {position} do not fit"
    return file_rejected("BAD_ENCODING", where, encoding=encoding, detail=detail)
