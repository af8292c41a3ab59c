"""What would fill memory is refused within 100 MB of it, measured as the kernel counts."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.errors import FileRejected
from etl.ingest.gate import pass_gate
from tests.test_gate import make_export, zst
from tests.workbooks import archive, row, text

MIB = 1 << 20
MOST_MIB = 100
CSV, JSONL = make_export(), make_export(format="jsonl", multiline=True)
PARQUET, WORKBOOK = (make_export(format=form, multiline=True) for form in ("parquet", "xlsx"))
HEADER, ROW = row(text("id"), text("name")), row(text("1"), text("a"))
BOOK = "xl/workbook.xml"
SHEET, RELATIONS = "xl/worksheets/s1.xml", "xl/_rels/workbook.xml.rels"


def gz(start: bytes, block: bytes, mebibytes: int) -> bytes:
    """Return a gzip of many times the same block."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(start)
        for _ in range(mebibytes):
            packed.write(block * (MIB // len(block)))
    return file.getvalue()


def swollen(name: str, start: str, block: str, mebibytes: int, hidden: int = 100_000) -> bytes:
    """Return a workbook with a part of many times the same text."""
    good = archive(HEADER)
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w") as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        packed = zipfile.ZipInfo(name)
        packed.compress_type = zipfile.ZIP_DEFLATED
        with new.open(packed, "w") as part:
            part.write(start.encode())
            for _ in range(mebibytes):
                part.write(block.encode() * (MIB // len(block.encode())))
        # It cannot be packed, so the ratio of the whole says less.
        new.writestr("docProps/picture.png", random.Random(1).randbytes(hidden))
    return file.getvalue()


def many_members() -> bytes:
    """Return an archive whose table of contents is larger than a workbook's may be."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for number in range(60_000):
            made.writestr(f"{number:050d}", b"")
    return file.getvalue()


def parquet(column: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": column, "name": column}), file, **options)
    return file.getvalue()


def giant_pages() -> bytes:
    """Return a file of two pages that unpack to 120 MB each."""
    column = pa.array(["0" * 1000] * 120_000)
    return parquet(
        column, use_dictionary=False, compression="zstd", data_page_size=1 << 30,
        max_rows_per_page=200_000,
        row_group_size=200_000,
    )  # fmt: skip


def one_long_text() -> bytes:
    """Return a file that says a long text a million times, in a page of some bytes."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), ["x" * 60_000])
    return parquet(column, row_group_size=1_000_000)


def giant_footer() -> bytes:
    good = parquet(["1"])
    return good[:-8] + b"\0" * (20 * MIB) + struct.pack("<I", 20 * MIB) + b"PAR1"


BOMBS: dict[str, tuple[Callable[[], bytes], Any, str]] = {
    "gzip": (lambda: gz(b"id,name\n", b"1,a\n", 300), CSV, "TOO_LARGE"),
    "gzip, one line": (lambda: gz(b"id,name\n", b"0", 300), CSV, "FIELD_TOO_LONG"),
    "gzip, one quoted field": (lambda: gz(b'id,name\n1,"', b"0", 300), CSV, "FIELD_TOO_LONG"),
    "zstd": (lambda: zst(b"id,name\n" + b"1,a\n" * (64 * MIB)), CSV, "TOO_LARGE"),
    "a giant line, not packed": (lambda: b"id,name\n" + b"x" * (64 * MIB), CSV, "FIELD_TOO_LONG"),
    "JSON in gzip": (lambda: gz(b"", b'{"id":"1","name":"a"}\n', 30), JSONL, "TOO_LARGE"),
    "a line of JSON": (lambda: b'{"id": "' + b"x" * (64 * MIB), JSONL, "LINE_TOO_LONG"),
    "rows of a sheet": (
        lambda: archive(HEADER, *[row("<c><v>1</v></c>")] * 300_000), WORKBOOK, "TOO_LARGE",
    ),
    "rows of a sheet, hidden beside a picture": (
        lambda: swollen(SHEET, f"<worksheet><sheetData>{HEADER}", ROW, 30, 20_000),
        WORKBOOK, "TOO_LARGE",
    ),
    "shared texts": (
        lambda: swollen("xl/sharedStrings.xml", "<sst>", "<si><t>0</t></si>", 30, 20_000),
        WORKBOOK, "TOO_LARGE",
    ),
    "a text without end": (
        lambda: swollen(SHEET, "<worksheet><sheetData><row><c t='str'><v>", "0", 30, MIB),
        WORKBOOK, "FIELD_TOO_LONG",
    ),
    "a tag without end": (
        lambda: swollen(SHEET, '<worksheet a="', "0", 30, MIB), WORKBOOK, "WORKBOOK_DAMAGED",
    ),
    "elements that never end": (
        lambda: swollen(SHEET, "<worksheet>", "<a>", 12, MIB), WORKBOOK, "WORKBOOK_DAMAGED",
    ),
    "sheets without end": (
        lambda: swollen(BOOK, "<workbook><sheets>", '<sheet name="a" id="b"/>', 12, MIB),
        WORKBOOK, "TOO_LARGE",
    ),
    "relations without end": (
        lambda: swollen(RELATIONS, "<Relationships>", '<Relationship Id="a"/>', 12, MIB),
        WORKBOOK, "TOO_LARGE",
    ),
    "members without end": (many_members, WORKBOOK, "TOO_LARGE"),
    "pages of Parquet": (giant_pages, PARQUET, "TOO_LARGE"),
    "a long text said a million times": (one_long_text, PARQUET, "TOO_LARGE"),
    "a giant footer": (giant_footer, PARQUET, "TOO_LARGE"),
}  # fmt: skip


def _status(word: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{word}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(word)


def refuse(name: str, folder: Path) -> tuple[str, float]:
    """Pass a bomb through the gate, in a process of its own; return the code and the peak."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    try:
        pass_gate(folder / "bomb", BOMBS[name][1], folder)
    except FileRejected as refused:
        return refused.code, _status("VmHWM")
    return "", _status("VmHWM")


def read_good(folder: Path) -> float:
    """Pass a good file of each form through the gate; return the memory taken by then."""
    good = {CSV: b"id,name\n1,a\n", JSONL: b'{"id":"1","name":"a"}\n',
            PARQUET: parquet(["1"]), WORKBOOK: archive(HEADER)}  # fmt: skip
    for export, content in good.items():
        (folder / export.format).write_bytes(content)
        pass_gate(folder / export.format, export, folder)
    return _status("VmRSS")


@pytest.fixture(scope="module")
def reader() -> Iterator[ProcessPoolExecutor]:
    """A process that makes no bomb itself, so that only the gate's memory counts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        yield process


@pytest.fixture(scope="module")
def usual_mib(reader: ProcessPoolExecutor, tmp_path_factory: pytest.TempPathFactory) -> float:
    return reader.submit(read_good, tmp_path_factory.mktemp("good")).result()


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_100_mib(
    tmp_path: Path, name: str, reader: ProcessPoolExecutor, usual_mib: float
) -> None:
    make, _, code = BOMBS[name]
    (tmp_path / "bomb").write_bytes(make())
    found, peak = reader.submit(refuse, name, tmp_path).result()
    assert found == code
    assert peak - usual_mib < MOST_MIB
    assert [file.name for file in tmp_path.iterdir()] == ["bomb"]
