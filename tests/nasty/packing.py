"""Cut, packed, encoded and swollen files, and other files under the name of one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib

import polars as pl
import pyarrow as pa

from tests.nasty.case import COLUMNS, GOOD, GOOD_2, GOOD_ROWS, Case
from tests.nasty.cells import as_csv, as_json_lines, as_parquet, as_workbook
from tests.workbooks import archive, row, text, zipped

LINES = [COLUMNS, GOOD, GOOD_2]
FILE = as_csv(LINES)
OBJECTS = as_json_lines(LINES)
PARQUET = as_parquet(LINES)
WORKBOOK = as_workbook(LINES)
GZIP = gzip.compress(FILE, mtime=0)
JSONL, AS_PARQUET, AS_WORKBOOK = "format: jsonl", "format: parquet", "format: xlsx"
# A row whose free text has letters beyond ASCII.
WIDE = ("p3", "o3", "sale", "1.50", "USD", "Größe", "2024-05-30T12:00:00Z")
CHINESE = (*WIDE[:5], "支付宝", WIDE[6])
WIDE_ROWS = (*GOOD_ROWS, ("p3", "o3", *GOOD_ROWS[0][2:5], "Größe", GOOD_ROWS[0][6]))
CHINESE_ROWS = (*GOOD_ROWS, ("p3", "o3", *GOOD_ROWS[0][2:5], "支付宝", GOOD_ROWS[0][6]))
TEXT = as_csv([*LINES, WIDE]).decode()
HAN = as_csv([*LINES, CHINESE]).decode()
Rows = tuple[tuple[str, ...], ...]
BOM = b"\xef\xbb\xbf"


def zst(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def gz_bomb(mebibytes: int) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(FILE)
        for _ in range(mebibytes):
            packed.write(b"p,o,sale,1.50,USD,c,2024-05-30T12:00:00Z\n" * 25_575)
    return file.getvalue()


def parquet_bomb() -> bytes:
    file = io.BytesIO()
    giant = pl.DataFrame({name: pl.Series(["0"]).repeat_by(1 << 19).explode() for name in COLUMNS})
    giant.write_parquet(file, compression="zstd", row_group_size=1 << 19)
    return file.getvalue()


def _encoded(content: bytes, encoding: str = "", code: str = "", rows: Rows = WIDE_ROWS) -> Case:
    options = f"encoding: {encoding}" if encoding else ""
    return Case("C", content, code, rows, options=options)


def _refused(fault: str, content: bytes, code: str, options: str = "") -> Case:
    return Case(fault, content, code, options=options)


def _read(content: bytes, options: str = "", fault: str = "B7") -> Case:
    return Case(fault, content, options=options)


ENCODINGS = {
    "UTF-8": _encoded(TEXT.encode()),
    "UTF-8 with its mark": _encoded(BOM + TEXT.encode()),
    "UTF-8 with its mark, said to be auto": _encoded(BOM + TEXT.encode(), "auto"),
    "UTF-16, little end first": _encoded(TEXT.encode("utf-16"), "utf-16"),
    "UTF-16, big end first": _encoded(b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
    "UTF-16, said to be auto": _encoded(TEXT.encode("utf-16"), "auto"),
    "Latin-1": _encoded(TEXT.encode("latin-1"), "latin-1"),
    "GB18030": _encoded(HAN.encode("gb18030"), "gb18030", rows=CHINESE_ROWS),
    "GB18030, letters beyond GBK": _encoded(TEXT.encode("gb18030"), "gb18030"),
    "Latin-1 said to be UTF-8": _encoded(TEXT.encode("latin-1"), "", "BAD_ENCODING"),
    "Latin-1 said to be auto": _encoded(TEXT.encode("latin-1"), "auto", "BAD_ENCODING"),
    "GB18030 said to be UTF-8": _encoded(HAN.encode("gb18030"), "", "BAD_ENCODING"),
    "Windows-1252 said to be Latin-1": _encoded(
        TEXT.replace("ö", "€").encode("cp1252"), "latin-1", "BAD_ENCODING"
    ),
    "UTF-8 said to be Latin-1": _encoded(
        TEXT.replace("ö", "Ö").encode(), "latin-1", "BAD_ENCODING"
    ),
    "UTF-8 said to be GB18030": _encoded(TEXT.encode() + b"\xff", "gb18030", "BAD_ENCODING"),
    "UTF-16 said to be UTF-8": _encoded(TEXT.encode("utf-16"), "", "BAD_ENCODING"),
    "UTF-16 without its mark": _encoded(TEXT.encode("utf-16-le"), "utf-16", "BAD_ENCODING"),
    "UTF-16 with half a unit": _encoded(TEXT.encode("utf-16") + b"a", "utf-16", "BAD_ENCODING"),
    "UTF-16 with half a pair": _encoded(
        TEXT.encode("utf-16") + b"\x3d\xd8\n\0", "utf-16", "BAD_ENCODING"
    ),
    "UTF-32": _encoded(TEXT.encode("utf-32"), "utf-16", "BAD_ENCODING"),
    "UTF-8 with half a character at the end": _encoded(FILE[:-1] + b"\xe4", "", "BAD_ENCODING"),
    "UTF-8 with a surrogate": _encoded(FILE + b"\xed\xa0\x80\n", "", "BAD_ENCODING"),
    "UTF-8 with an overlong NUL": _encoded(FILE + b"\xc0\x80\n", "", "BAD_ENCODING"),
    "a NUL": _encoded(FILE.replace(b"card", b"ca\0d"), "", "NUL_BYTE"),
    "a block of NULs at the end, as a crash leaves": _encoded(FILE + b"\0" * 4096, "", "NUL_BYTE"),
    "a mark and nothing else": _encoded(BOM, "", "HEADER_EMPTY"),
}
PACKINGS = {
    "gzip": _read(GZIP),
    "gzip of two members": _read(gzip.compress(FILE[:150]) + gzip.compress(FILE[150:])),
    "gzip of UTF-16": Case(
        "B7", gzip.compress(TEXT.encode("utf-16")), rows=WIDE_ROWS, options="encoding: utf-16"
    ),
    "zstd": _read(zst(FILE)),
    "zstd of two frames": _read(zst(FILE[:150]) + zst(FILE[150:])),
    "gzip of JSON Lines": _read(gzip.compress(OBJECTS), JSONL),
    "zstd of JSON Lines": _read(zst(OBJECTS), JSONL),
    "gzip cut off": _refused("B7", GZIP[:-20], "BAD_COMPRESSION"),
    "gzip without its check sum": _refused("B8", GZIP[:-8], "BAD_COMPRESSION"),
    "gzip with a wrong check sum": _refused(
        "B8", GZIP[:-8] + bytes(4) + GZIP[-4:], "BAD_COMPRESSION"
    ),
    "gzip with a wrong length": _refused("B8", GZIP[:-4] + bytes(4), "BAD_COMPRESSION"),
    "gzip with a flipped byte": _refused(
        "B8", GZIP[:60] + bytes([GZIP[60] ^ 0xFF]) + GZIP[61:], "BAD_COMPRESSION"
    ),
    "gzip and something behind it": _refused("B8", GZIP + b"garbage", "BAD_COMPRESSION"),
    "nothing but the start of a gzip": _refused("B7", GZIP[:5], "BAD_COMPRESSION"),
    "zstd cut off": _refused("B7", zst(FILE)[:-9], "BAD_COMPRESSION"),
    "zstd with a flipped byte": _refused(
        "B8", zst(FILE)[:9] + b"\xff" + zst(FILE)[10:], "BAD_COMPRESSION"
    ),
    "nothing, packed": _refused("B7", gzip.compress(b""), "EMPTY_FILE"),
    "packed twice": _refused("B7", gzip.compress(GZIP), "BAD_MAGIC"),
    "gzip in zstd": _refused("B7", zst(GZIP), "BAD_MAGIC"),
    "bzip2": _refused("B7", bz2.compress(FILE), "BAD_MAGIC"),
    "xz": _refused("B7", lzma.compress(FILE), "BAD_MAGIC"),
    "zlib without a head": _refused("B7", zlib.compress(FILE), "BAD_ENCODING"),
    "a bomb of gzip": _refused("B9", gz_bomb(64), "TOO_LARGE"),
    "a bomb of JSON in gzip": _refused("B9", gzip.compress(OBJECTS * 40_000), "TOO_LARGE", JSONL),
    "a bomb of zstd": _refused(
        "B9", zst(FILE + FILE.splitlines(keepends=True)[1] * 400_000), "TOO_LARGE"
    ),
    "a bomb of a workbook": _refused(
        "B9",
        archive(row(*map(text, COLUMNS)), *["<row><c><v>1</v></c></row>"] * 400_000),
        "TOO_LARGE",
        AS_WORKBOOK,
    ),
    "a bomb of a workbook's shared texts": _refused(
        "B9", archive(strings="<si><t>0</t></si>" * 500_000), "TOO_LARGE", AS_WORKBOOK
    ),
    "a bomb of Parquet": _refused("B9", parquet_bomb(), "TOO_LARGE", AS_PARQUET),
    "a giant line": _refused("B10", FILE + b"x" * (9 << 20), "FIELD_TOO_LONG"),
    "a giant field": _refused("B10", FILE.replace(b"card", b"c" * (3 << 20), 1), "FIELD_TOO_LONG"),
    "a giant header": _refused("B10", b"x" * (9 << 20), "FIELD_TOO_LONG"),
    "a giant line of JSON": _refused("B10", b'{"a": "' + b"x" * (9 << 20), "LINE_TOO_LONG", JSONL),
    "a giant text of JSON": _refused(
        "B10", OBJECTS.replace(b"card", b"c" * 70_000), "FIELD_TOO_LONG", JSONL
    ),
}
OTHERS = {
    "an error page": b"<!DOCTYPE html><html><body>503</body></html>",
    "an error page after blank lines": b"\r\n\r\n<html></html>\n",
    "XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "an error as JSON": b'{"error": {"code": 403}}\n',
    "a PDF": b"%PDF-1.7\n",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "an SQLite database": b"SQLite format 3\0",
    "an archive": zipped({"x.csv": FILE.decode()}),
    "a workbook": WORKBOOK,
    "an old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
    "a Parquet file": PARQUET,
}
FORMS = {
    "a workbook, said to be JSON Lines": _refused("B10", WORKBOOK, "BAD_MAGIC", JSONL),
    "a table, said to be JSON Lines": _refused("B10", FILE, "BAD_MAGIC", JSONL),
    "a JSON array, said to be JSON Lines": _refused("B10", b"[{}]\n", "BAD_MAGIC", JSONL),
    "a table, said to be Parquet": _refused("B10", FILE, "BAD_MAGIC", AS_PARQUET),
    "a table, said to be a workbook": _refused("B10", FILE, "BAD_MAGIC", AS_WORKBOOK),
    "an old workbook, said to be a workbook": _refused(
        "B10", OTHERS["an old workbook"], "BAD_MAGIC", AS_WORKBOOK
    ),
    "an archive, said to be a workbook": _refused(
        "B10", OTHERS["an archive"], "WORKBOOK_DAMAGED", AS_WORKBOOK
    ),
    "Parquet": _read(PARQUET, AS_PARQUET, "C"),
    "a workbook of one sheet": _read(WORKBOOK, AS_WORKBOOK, "C"),
    "Parquet cut off": _refused("B7", PARQUET[:-100], "PARQUET_DAMAGED", AS_PARQUET),
    "Parquet cut in two": _refused(
        "B7", PARQUET[: len(PARQUET) // 2], "PARQUET_DAMAGED", AS_PARQUET
    ),
    "a workbook cut off": _refused("B7", WORKBOOK[:-100], "WORKBOOK_DAMAGED", AS_WORKBOOK),
    "Parquet in gzip": _refused("B7", gzip.compress(PARQUET), "BAD_MAGIC", AS_PARQUET),
    "a workbook in gzip": _refused("B7", gzip.compress(WORKBOOK), "BAD_MAGIC", AS_WORKBOOK),
}
CASES: dict[str, Case] = {
    **{f"encoding: {name}": case for name, case in ENCODINGS.items()},
    **{f"packing: {name}": case for name, case in PACKINGS.items()},
    **{f"no CSV: {name}": _refused("B10", data, "BAD_MAGIC") for name, data in OTHERS.items()},
    **{f"form: {name}": case for name, case in FORMS.items()},
}
