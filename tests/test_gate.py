"""The bytes gate: what passes is read alike by everyone, what does not is refused by name."""

from __future__ import annotations

import csv
import errno
import gzip
import hashlib
import io
import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.errors import FileRejected
from etl.ingest.gate import GatedFile, Limits, pass_gate, source
from etl.ingest.reasons import REASONS
from etl.mapping.column import Column
from etl.mapping.model import Export, Target

GOOD = b"id,name\n1,a\n2,b\n"
SHA = hashlib.sha256(GOOD).hexdigest()
SHORT = b"id,name\n1\n"


def make_export(**changes: Any) -> Export:
    columns = (Column("product_id", sources=("id",)), Column("title", sources=("name",)))
    values: dict[str, Any] = {
        "name": "products", "system": "shop", "files": "*", "business_day": "",
        "mode": "incremental", "expected": "optional", "format": "csv", "sheet": "",
        "delimiter": ",", "encoding": "utf-8", "time_zone": "UTC", "null_tokens": ("",),
        "decimal_mark": ".", "multiline": False,
        "keep": (), "known_from": (), "grain": None, "fingerprint": "f" * 16,
        "targets": (Target("products", "row", columns),),
    }  # fmt: skip
    return Export(**{**values, **changes})


EXPORT = make_export()
MULTILINE = make_export(multiline=True)


def zst(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def gate(
    folder: Path, content: bytes, export: Export = EXPORT, name: str = "x.csv", **kw: Any
) -> GatedFile:
    delivered = folder / name
    delivered.write_bytes(content)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return pass_gate(delivered, export, work, **kw)


def refusal(folder: Path, content: bytes, export: Export = EXPORT, **kw: Any) -> FileRejected:
    with pytest.raises(FileRejected) as caught:
        gate(folder, content, export, **kw)
    assert REASONS[caught.value.code].level == "file"
    assert list((folder / "work").iterdir()) == [], "a refused file leaves nothing behind"
    return caught.value


# -- what passes ---------------------------------------------------------------------------------

PASSING = {
    "plain": (GOOD, EXPORT, GOOD),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, EXPORT, GOOD),
    "CRLF": (GOOD.replace(b"\n", b"\r\n"), EXPORT, GOOD),
    "gzip": (gzip.compress(GOOD), EXPORT, GOOD),
    "gzip, two members": (gzip.compress(GOOD) + gzip.compress(b"3,c\n"), EXPORT, GOOD + b"3,c\n"),
    "zstd": (zst(GOOD), EXPORT, GOOD),
    "header only": (b"id,name\n", EXPORT, b"id,name\n"),
    "quoted": (b'"id","name"\n"1","a ""b"", c"\n2,""\n', EXPORT, None),
    "only doubled quotes": (b'id,name\n1,""""""\n', EXPORT, None),
    "leading zeros and blanks": (b"id,name\n00123, x \n", EXPORT, None),
    "other order and more columns": (b"z,name,id\n,a,1\n", EXPORT, None),
    "one unnamed column": (b",id,name\n0,1,a\n", EXPORT, None),
    "not Latin": ("id,name\n1,中文店 Größe 😀\n".encode(), EXPORT, None),
    "line break in quotes": (b'id,name\n1,"a\nb"\n', MULTILINE, None),
    "CRLF in quotes": (b'id,name\r\n1,"a\r\nb"\r\n', MULTILINE, b'id,name\n1,"a\nb"\n'),
    "CR in quotes": (b'id,name\n1,"a\rb"\n', MULTILINE, None),
    "semicolon": (b"id;name\n1;a,b\n", make_export(delimiter=";"), None),
    "tab": (b"id\tname\n1\ta\n", make_export(delimiter="\t"), None),
    "utf-16": (GOOD.decode().encode("utf-16"), make_export(encoding="utf-16"), GOOD),
    "utf-16 big end first": (
        b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), make_export(encoding="utf-16"), GOOD,
    ),
    "gb18030": (
        "id,name\n1,中文\n".encode("gb18030"), make_export(encoding="gb18030"),
        "id,name\n1,中文\n".encode(),
    ),
    "latin-1": (
        "id,name\n1,Größe\n".encode("latin-1"), make_export(encoding="latin-1"),
        "id,name\n1,Größe\n".encode(),
    ),
    "a formula, SQL and a word for null": (
        b"id,name\n=1+1,'; drop table x;--\nNull,NaN\n", EXPORT, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PASSING)
def test_passes_unchanged_but_for_packing_marks_and_line_ends(tmp_path: Path, case: str) -> None:
    content, export, expected = PASSING[case]
    gated = gate(tmp_path, content, export)
    assert gated.path.read_bytes() == (content if expected is None else expected)
    assert gated.path.name == f"{hashlib.sha256(content).hexdigest()}.csv"
    assert gated.sha256 == hashlib.sha256(content).hexdigest()
    assert gated.bytes == len(content)
    assert [p.name for p in gated.path.parent.iterdir()] == [gated.path.name]
    assert gated.path.stat().st_mode & 0o077 == 0


def test_counts_records_and_names_columns(tmp_path: Path) -> None:
    gated = gate(tmp_path, b'"id",name\n1,"x\ny"\n2,""\n', MULTILINE)
    assert (gated.header, gated.records) == (("id", "name"), 2)


@pytest.mark.parametrize(
    "name", ["a*.csv", "a[1].csv", "-x.csv", "中文.csv", "a b.csv", "x", "x.gz", "%2e%2e.csv"]
)
def test_the_name_of_a_file_means_nothing(tmp_path: Path, name: str) -> None:
    assert gate(tmp_path, GOOD, name=name).records == 2


def test_a_manifest_vouches_for_a_missing_last_line_end(tmp_path: Path) -> None:
    cut = GOOD[:-1]
    assert gate(tmp_path, cut, declared_rows=2).path.read_bytes() == GOOD
    sha256 = hashlib.sha256(cut).hexdigest().upper()
    assert gate(tmp_path, cut, declared_sha256=sha256).records == 2


# -- what does not -------------------------------------------------------------------------------

WIDE = b"id,name\n1," + b"x" * 70_000 + b"\n"
REFUSED: dict[str, tuple[bytes, Export, dict[str, Any], str]] = {
    "no bytes": (b"", EXPORT, {}, "EMPTY_FILE"),
    "no bytes, packed": (gzip.compress(b""), EXPORT, {}, "EMPTY_FILE"),
    "a mark and nothing else": (b"\xef\xbb\xbf", EXPORT, {}, "HEADER_EMPTY"),
    "a blank first line": (b"\n1,2\n", EXPORT, {}, "HEADER_EMPTY"),
    "blank column names": (b", \n1,2\n", EXPORT, {}, "HEADER_EMPTY"),
    "Excel": (b"PK\x03\x04" + b"\0" * 40, EXPORT, {}, "BAD_MAGIC"),
    "Parquet": (b"PAR1" + b"\0" * 40, EXPORT, {}, "BAD_MAGIC"),
    "PDF": (b"%PDF-1.7\n", EXPORT, {}, "BAD_MAGIC"),
    "bzip2": (b"BZh91AY&SY", EXPORT, {}, "BAD_MAGIC"),
    "an error page": (b"\n <!DOCTYPE html><html>", EXPORT, {}, "BAD_MAGIC"),
    "an error page, packed": (gzip.compress(b"<html></html>\n"), EXPORT, {}, "BAD_MAGIC"),
    "an error as JSON": (b'{"error": 403}\n', EXPORT, {}, "BAD_MAGIC"),
    "packed twice": (gzip.compress(gzip.compress(GOOD)), EXPORT, {}, "BAD_MAGIC"),
    "gzip cut off": (gzip.compress(GOOD)[:-9], EXPORT, {}, "BAD_COMPRESSION"),
    "gzip without its check sum": (gzip.compress(GOOD)[:-4], EXPORT, {}, "BAD_COMPRESSION"),
    "gzip, wrong check sum": (
        gzip.compress(GOOD)[:-8] + b"\0" * 8, EXPORT, {}, "BAD_COMPRESSION",
    ),
    "gzip and garbage": (gzip.compress(GOOD) + b"garbage", EXPORT, {}, "BAD_COMPRESSION"),
    "zstd cut off": (zst(GOOD * 99)[:-3], EXPORT, {}, "BAD_COMPRESSION"),
    "zstd and garbage": (zst(GOOD) + b"garbage", EXPORT, {}, "BAD_COMPRESSION"),
    "a bomb": (gzip.compress(b"0" * (8 << 20)), EXPORT, {}, "TOO_LARGE"),
    "larger than agreed": (
        gzip.compress(GOOD), EXPORT, {"limits": Limits(unpacked_bytes=9)}, "TOO_LARGE",
    ),
    "Latin-1 said to be UTF-8": (b"id,name\n1,Gr\xf6\xdfe\n", EXPORT, {}, "BAD_ENCODING"),
    "half a character at the end": (b"id,name\n1,\xe4\xb8", EXPORT, {}, "BAD_ENCODING"),
    "a surrogate in UTF-8": (b"id,name\n1,\xed\xa0\x80\n", EXPORT, {}, "BAD_ENCODING"),
    "UTF-16 said to be UTF-8": ("id\n".encode("utf-16"), EXPORT, {}, "BAD_ENCODING"),
    "UTF-16 without its mark": (
        "id,name\n".encode("utf-16-le"), make_export(encoding="utf-16"), {}, "BAD_ENCODING",
    ),
    "UTF-16 with half a unit": (
        "id,name\n".encode("utf-16") + b"a", make_export(encoding="utf-16"), {}, "BAD_ENCODING",
    ),
    "UTF-32": ("id,name\n".encode("utf-32"), make_export(encoding="utf-16"), {}, "BAD_ENCODING"),
    "UTF-8 mark on Latin-1": (
        b"\xef\xbb\xbf" + GOOD, make_export(encoding="latin-1"), {}, "BAD_ENCODING",
    ),
    "Windows-1252 said to be Latin-1": (
        b"id,name\n1,\x80 5\n", make_export(encoding="latin-1"), {}, "BAD_ENCODING",
    ),
    "not gb18030": (b"id,name\n1,\xff\xff\n", make_export(encoding="gb18030"), {}, "BAD_ENCODING"),
    "a NUL": (b"id,name\n1,a\0b\n", EXPORT, {}, "NUL_BYTE"),
    "no last line end": (GOOD[:-1], EXPORT, {}, "TRUNCATED"),
    "half a record": (b"id,name\n1,a\n2", EXPORT, {}, "TRUNCATED"),
    "only half a header": (b"id,na", EXPORT, {}, "TRUNCATED"),
    "end inside quotes": (b'id,name\n1,"a', EXPORT, {}, "TRUNCATED"),
    "end inside quotes, vouched for": (
        b'id,name\n1,"a', MULTILINE, {"declared_rows": 1}, "UNBALANCED_QUOTE",
    ),
    "a column is missing": (b"id,title\n1,a\n", EXPORT, {}, "HEADER_MISSING_COLUMN"),
    "a column in other case": (b"ID,name\n1,a\n", EXPORT, {}, "HEADER_MISSING_COLUMN"),
    "another delimiter": (b"id;name\n1;a\n", EXPORT, {}, "HEADER_MISSING_COLUMN"),
    "a preamble": (b"Report of today\nid,name\n1,a\n", EXPORT, {}, "HEADER_MISSING_COLUMN"),
    "no header": (b"1,a\n2,b\n", EXPORT, {}, "HEADER_MISSING_COLUMN"),
    "a column twice": (b"id,name,id\n1,a,2\n", EXPORT, {}, "HEADER_DUPLICATE_COLUMN"),
    "a header of 70 kB": (b"id,name," + b"x" * 70_000 + b"\n", EXPORT, {}, "FIELD_TOO_LONG"),
    "a header of 12,000 columns": (
        b"id,name," + b",".join(b"c%d" % n for n in range(12_000)) + b"\n", EXPORT, {},
        "FIELD_TOO_LONG",
    ),
    "the header again": (b"id,name\n1,a\nid,name\n2,b\n", EXPORT, {}, "REPEATED_HEADER"),
    "the header twice": (b"id,name\nid,name\n2,b\n", EXPORT, {}, "REPEATED_HEADER"),
    "a field too few": (b"id,name\n1\n", EXPORT, {}, "RAGGED_ROW"),
    "a field too many": (b"id,name\n1,a,\n", EXPORT, {}, "RAGGED_ROW"),
    "too few and too many, even in sum": (b"id,name\n1\n2,a,b\n", EXPORT, {}, "RAGGED_ROW"),
    "a blank line": (b"id,name\n1,a\n\n", EXPORT, {}, "RAGGED_ROW"),
    "a decimal comma": (b"id,name\n1,2,50\n", EXPORT, {}, "RAGGED_ROW"),
    "a footer": (b"id,name\n1,a\nTOTAL 1\n", EXPORT, {}, "RAGGED_ROW"),
    "two stray quotes": (
        b'id,name\n1,"a\n2,b\n3,c\n4,d"\n', EXPORT, {}, "UNBALANCED_QUOTE",
    ),
    "a line break in quotes": (b'id,name\n1,"a\nb"\n', EXPORT, {}, "UNBALANCED_QUOTE"),
    "a CR in quotes": (b'id,name\n1,"a\rb"\n', EXPORT, {}, "UNBALANCED_QUOTE"),
    "never closed": (b'id,name\n1,"a\n2,b\n', MULTILINE, {}, "UNBALANCED_QUOTE"),
    "a quote in the header never closed": (b'id,"name\n1,a\n', EXPORT, {}, "UNBALANCED_QUOTE"),
    "inches": (b'id,name\n1,5" tape\n', EXPORT, {}, "STRAY_QUOTE"),
    "text after a closing quote": (b'id,name\n1,"a"b\n', EXPORT, {}, "STRAY_QUOTE"),
    "text after a doubled quote": (b'id,name\n1,""a""\n', EXPORT, {}, "STRAY_QUOTE"),
    "a blank before a quote": (b'id,name\n1, "a"\n', EXPORT, {}, "STRAY_QUOTE"),
    "a quote escaped by a backslash": (b'id,name\n1,"a\\"b"\n', EXPORT, {}, "STRAY_QUOTE"),
    "only CR": (b"id,name\r1,a\r", EXPORT, {}, "BARE_CARRIAGE_RETURN"),
    "a CR in a field": (b"id,name\n1,a\rb\n", EXPORT, {}, "BARE_CARRIAGE_RETURN"),
    "a CR in the header": (b"id,na\rme\n", EXPORT, {}, "BARE_CARRIAGE_RETURN"),
    "a CR before any quote": (b'id,name\n\r1,"a"\n', EXPORT, {}, "BARE_CARRIAGE_RETURN"),
    "a field of 70 kB": (WIDE, EXPORT, {}, "FIELD_TOO_LONG"),
    "a quoted field of 70 kB": (
        b'id,name\n1,"' + b"x\n" * 35_000 + b'"\n', MULTILINE, {}, "FIELD_TOO_LONG",
    ),
    "a line without end": (
        b"id,name\n" + b"x" * 9_000_000, EXPORT, {}, "FIELD_TOO_LONG",
    ),
    "fewer rows than promised": (GOOD, EXPORT, {"declared_rows": 3}, "MANIFEST_ROWS"),
    "rows promised, none there": (b"id,name\n", EXPORT, {"declared_rows": 1}, "MANIFEST_ROWS"),
    "other bytes than promised": (
        GOOD, EXPORT, {"declared_sha256": "0" * 64}, "MANIFEST_SHA256",
    ),
    "cut off, and a digest says so": (
        GOOD[:-3], EXPORT, {"declared_sha256": SHA}, "MANIFEST_SHA256",
    ),
    "a short row, and other bytes than promised": (
        SHORT, EXPORT, {"declared_sha256": SHA}, "MANIFEST_SHA256",
    ),
    "another form, and other bytes than promised": (
        b"%PDF-1.7\n", EXPORT, {"declared_sha256": SHA}, "MANIFEST_SHA256",
    ),
    "a short row, as promised": (
        SHORT, EXPORT, {"declared_sha256": hashlib.sha256(SHORT).hexdigest()}, "RAGGED_ROW",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_with_the_exact_code(tmp_path: Path, case: str) -> None:
    content, export, declared, code = REFUSED[case]
    error = refusal(tmp_path, content, export, **declared)
    assert error.code == code
    assert error.where == "x.csv"
    assert error.todo


@pytest.mark.parametrize(
    ("content", "record"),
    [
        (b"id,name\n1,a\n2,b,c\n", "Record 2 "),
        (b'id,name\n1,a\n"2",b\n3\n', "Record 3 "),
        (b"id,name\n" + b"1,a\n" * 700_000 + b"1\n", "Record 700001 "),
        (b'i"d,name,id\n', "Record 0 (the header) "),
    ],
)
def test_names_the_record(tmp_path: Path, content: bytes, record: str) -> None:
    assert record in refusal(tmp_path, content).what


def test_never_quotes_what_the_file_says(tmp_path: Path) -> None:
    for content in (b"ann@x.org,ann@x.org\n", b"id,name\n1,ann@x.org,3\n"):
        assert "ann@x.org" not in str(refusal(tmp_path, content))


# -- where the file lies -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "socket"])
def test_takes_plain_files_only(tmp_path: Path, kind: str) -> None:
    (tmp_path / "good.csv").write_bytes(GOOD)
    path = tmp_path / "x.csv"
    if kind == "link":
        path.symlink_to(tmp_path / "good.csv")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
    with pytest.raises(FileRejected) as caught:
        pass_gate(path, EXPORT, tmp_path)
    assert caught.value.code == "NOT_REGULAR_FILE"


def test_takes_files_inside_the_landing_only(tmp_path: Path) -> None:
    landing, work = tmp_path / "landing", tmp_path / "work"
    (landing / "shop").mkdir(parents=True)
    work.mkdir()
    (landing / "shop" / "in.csv").write_bytes(GOOD)
    (tmp_path / "out.csv").write_bytes(GOOD)
    (landing / "linked").symlink_to(tmp_path)
    (landing / "link.csv").symlink_to(tmp_path / "out.csv")
    assert pass_gate(landing / "shop" / "in.csv", EXPORT, work, landing=landing).records == 2
    for path, code in {
        landing / ".." / "out.csv": "OUTSIDE_LANDING",
        landing / "linked" / "out.csv": "OUTSIDE_LANDING",
        landing / "link.csv": "NOT_REGULAR_FILE",
    }.items():
        with pytest.raises(FileRejected) as caught:
            pass_gate(path, EXPORT, work, landing=landing)
        assert caught.value.code == code


def test_a_file_that_went_away_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as caught:
        pass_gate(tmp_path / "gone.csv", EXPORT, tmp_path)
    assert caught.value.code == "UNREADABLE"


@pytest.mark.parametrize("content", [GOOD, SHORT])
def test_a_file_that_grows_under_the_reader_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    stamps = iter([(10, 1), (20, 2)])
    monkeypatch.setattr(source, "_stamp", lambda _: next(stamps))
    assert refusal(tmp_path, content).code == "CHANGED_WHILE_READ"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zst])
def test_a_fault_of_the_disk_is_not_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(source.Delivered, "read", fail)
    with pytest.raises(OSError, match="Input/output error"):
        gate(tmp_path, pack(GOOD))
    assert list((tmp_path / "work").iterdir()) == []


# -- at length -----------------------------------------------------------------------------------


def test_a_bomb_costs_little_memory(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(b"id,name\n")
        for _ in range(300):
            file.write(b"1," * (1 << 19))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(tmp_path, packed.getvalue()).code in {"TOO_LARGE", "FIELD_TOO_LONG"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


ANY_CASE = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
CELLS = st.text(st.sampled_from('ab",\n\r é中'), max_size=6)
TABLES = st.lists(st.tuples(CELLS, CELLS), max_size=12)


@ANY_CASE
@example(rows=[("", "\r\r\n")], block=1, always=False)
@given(rows=TABLES, block=st.integers(1, 40), always=st.booleans())
def test_whatever_is_written_well_is_read_back_by_polars(
    tmp_path: Path, rows: list[tuple[str, str]], block: int, always: bool
) -> None:
    # Python's writer leaves a lone CR bare unless it quotes every field.
    bare = any("\r" in cell for row in rows for cell in row)
    quoting = csv.QUOTE_ALL if always or bare else csv.QUOTE_MINIMAL
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows([("id", "name"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BLOCK_BYTES", block)
        gated = gate(tmp_path, text.getvalue().encode(), MULTILINE)
    expected = [tuple(cell.replace("\r\n", "\n") for cell in row) for row in rows]
    assert gated.records == len(rows)
    assert gated.filled == {
        "id": sum(one != "" for one, _ in rows), "name": sum(other != "" for _, other in rows),
    }  # fmt: skip
    assert scan(gated) == expected


@ANY_CASE
@given(
    rows=TABLES,
    place=st.floats(0, 1),
    insert=st.sampled_from(["", '"', ",", "\n", "\r", '""', '",']),
    multiline=st.booleans(),
    block=st.integers(1, 40),
)
def test_whatever_passes_is_read_alike_by_polars_and_python(
    tmp_path: Path, rows: Any, place: float, insert: str, multiline: bool, block: int
) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    at = int(place * len(written.getvalue()))
    body = written.getvalue()[:at] + insert + written.getvalue()[at + (not insert) :]
    export = make_export(multiline=multiline)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BLOCK_BYTES", block)
        try:
            gated = gate(tmp_path, f"id,name\n{body}".encode(), export)
        except FileRejected:
            return
    text = gated.path.read_bytes().decode()
    by_python = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    assert all(len(row) == 2 for row in by_python)
    assert gated.records == len(by_python) - 1
    assert scan(gated) == by_python[1:]


@ANY_CASE
@given(body=st.text(st.sampled_from('a"\n'), max_size=12))
def test_a_single_column_is_counted_as_polars_counts_it(tmp_path: Path, body: str) -> None:
    columns = (Column("product_id", sources=("id",)),)
    export = make_export(targets=(Target("products", "row", columns),))
    try:
        gated = gate(tmp_path, f"id\n{body}\n".encode(), export)
    except FileRejected:
        return
    assert len(scan(gated)) == gated.records


def scan(gated: GatedFile) -> list[tuple[Any, ...]]:
    return pl.scan_csv(
        gated.path, schema=dict.fromkeys(gated.header, pl.String), extra_columns="raise",
        missing_columns="raise", empty_string_is_null=False, glob=False,
    ).collect().rows()  # fmt: skip


def test_the_answer_does_not_depend_on_where_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BLOCK_BYTES", 7)
    for content, export, declared, code in REFUSED.values():
        if len(content) < 1000 and code not in {"TOO_LARGE", "NUL_BYTE"}:
            assert refusal(tmp_path, content, export, **declared).code == code
