"""What a file is, by its first bytes; its name and suffix say nothing."""

from __future__ import annotations

import codecs

from etl.errors import FileRejected
from etl.ingest.reasons import file_rejected
from etl.mapping.model import Format

MAGIC_BYTES = 16
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"

_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_EXPECTED: dict[Format, str] = {
    "csv": "a CSV file",
    "jsonl": "JSON Lines (an object per line)",
    "parquet": "a Parquet file",
    "xlsx": "an Excel workbook (.xlsx)",
}
_BINARY: dict[Format, bytes] = {"parquet": _PARQUET, "xlsx": _ZIP}
_MEANINGS = {
    _ZIP: "a ZIP archive or Excel workbook",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old or encrypted Excel workbook",
    GZIP: "gzip data",
    ZSTD: "zstd data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"7z\xbc\xaf": "a 7-Zip archive",
    _PARQUET: "a Parquet file",
    b"PARE": "an encrypted Parquet file",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
    b"<": "a web page or XML",
}


def binary_form(start: bytes) -> Format | None:
    """Return the form of a file that is not text by its first bytes; None where it may be text."""
    return next((form for form, magic in _BINARY.items() if start.startswith(magic)), None)


def require_binary(start: bytes, form: Format, where: str) -> None:
    """Check that a file of a form that is not text begins as one.

    Args:
        start: Its first bytes.
        form: parquet or xlsx.
        where: Name of the file in messages.

    Raises:
        FileRejected: EMPTY_FILE or BAD_MAGIC.
    """
    if not start:
        raise file_rejected("EMPTY_FILE", where)
    if not start.startswith(_BINARY[form]):
        raise bad_magic(_meaning(start) or "another text", form, where)


def packing_of(start: bytes, form: Format, where: str) -> bytes:
    """Return how the file of a text is packed: GZIP, ZSTD, or no bytes where it is plain.

    Raises:
        FileRejected: BAD_MAGIC: it is no text of this form.
    """
    for magic in (GZIP, ZSTD):
        if start.startswith(magic):
            return magic
    text = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if meaning := _meaning(text):
        raise bad_magic(meaning, form, where)
    is_object, is_array = text.startswith(b"{"), text.startswith(b"[")
    if is_object and form == "csv":
        raise bad_magic("JSON", form, where)
    if form == "jsonl" and not is_object:
        raise bad_magic("a JSON array" if is_array else "another text", form, where)
    return b""


def bad_magic(found: str, form: Format, where: str) -> FileRejected:
    """Return the refusal of a file that is something else."""
    return file_rejected("BAD_MAGIC", where, detail=found, expected=_EXPECTED[form])


def _meaning(start: bytes) -> str:
    return next((meaning for magic, meaning in _MEANINGS.items() if start.startswith(magic)), "")
