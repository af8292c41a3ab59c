"""A Parquet file becomes the table that a CSV export is, or is refused by name."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import FileRejected
from etl.ingest.batches import read_batches
from etl.ingest.gate import GatedFile, Limits, parquet, pass_gate
from etl.ingest.gate.tables import float_text
from etl.ingest.reasons import REASONS
from tests.delivering import HEADER, basket_row, make_stage, rejects, table
from tests.test_gate import make_export

EXPORT = make_export(format="parquet", multiline=True)


def written(columns: dict[str, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def gate(
    folder: Path, content: bytes, export: Any = EXPORT, name: str = "x.parquet", **kw: Any
) -> GatedFile:
    delivered = folder / name
    delivered.write_bytes(content)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return pass_gate(delivered, export, work, **kw)


def read(gated: GatedFile, export: Any = EXPORT) -> list[tuple[str, ...]]:
    frames = list(read_batches(gated, replace(export, keep=gated.header)))
    return pl.concat(frames).select(gated.header).rows() if frames else []


def refusal(folder: Path, content: bytes, **kw: Any) -> FileRejected:
    with pytest.raises(FileRejected) as caught:
        gate(folder, content, **kw)
    assert REASONS[caught.value.code].level == "file"
    assert list((folder / "work").iterdir()) == [], "a refused file leaves nothing behind"
    return caught.value


# -- what a cell becomes -------------------------------------------------------------------------

INSTANT = datetime(2024, 5, 31, 12, 30)  # noqa: DTZ001
CELLS: dict[str, tuple[pa.Array, str]] = {
    "a text": (pa.array(["00123"]), "00123"),
    "a large text": (pa.array([" é中😀 "], pa.large_string()), " é中😀 "),
    "a text of few values": (pa.array(["Tea"]).dictionary_encode(), "Tea"),
    "a text for null": (pa.array(["Null"]), "Null"),
    "line breaks, quotes and commas": (pa.array(['a\n"b",\rc']), 'a\n"b",\rc'),
    "null": (pa.array([None], pa.string()), ""),
    "a column of nulls": (pa.nulls(1), ""),
    "yes": (pa.array([True]), "true"),
    "a giant number": (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
    "a small number": (pa.array([-7], pa.int8()), "-7"),
    "a decimal": (pa.array([Decimal("19.99")]), "19.99"),
    "a decimal of many digits": (
        pa.array([Decimal("-12345678901234567890.1234567890")]), "-12345678901234567890.123456789",
    ),
    "zeros of a decimal's type": (pa.array([Decimal(100)], pa.decimal128(20, 10)), "100"),
    "a tiny decimal": (pa.array([Decimal("0.0000001")], pa.decimal128(20, 7)), "0.0000001"),
    "a double": (pa.array([19.99]), "19.99"),
    "a double that is whole": (pa.array([12345.0]), "12345"),
    "what a sum of doubles leaves": (pa.array([0.1 + 0.2]), "0.30000000000000004"),
    "an id as a double": (pa.array([12345678901234567.0]), "~1.2345678901234568E+16"),
    "an amount beyond a double": (pa.array([123456789012.3456]), "~1.234567890123456E+11"),
    "a single": (pa.array([0.1], pa.float32()), "0.1"),
    "more digits than a single keeps": (pa.array([12345.67], pa.float32()), "~1.234567E+4"),
    "no number": (pa.array([float("nan")]), "NaN"),
    "a day": (pa.array([date(2024, 5, 31)]), "2024-05-31"),
    "a day after the calendar": (pa.array([2932897], pa.date32()), "10000-01-01"),
    "a day before all time": (
        pa.array([-400_000_000], pa.date32()), "<value out of range: -400000000>",
    ),
    "an instant": (pa.array([INSTANT], pa.timestamp("s")), "2024-05-31 12:30:00"),
    "an instant with a zone": (
        pa.array([INSTANT], pa.timestamp("ms", "Europe/Berlin")), "2024-05-31 12:30:00Z",
    ),
    "a fraction of a second": (
        pa.array([1_717_158_600_120_000], pa.timestamp("us", "UTC")), "2024-05-31 12:30:00.12Z",
    ),
    "a billionth of a second": (
        pa.array([1_717_158_600_000_000_001], pa.timestamp("ns")), "2024-05-31 12:30:00.000000001",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CELLS)
def test_a_cell_becomes_its_text(tmp_path: Path, case: str) -> None:
    cell, expected = CELLS[case]
    gated = gate(tmp_path, written({"id": ["1"], "name": cell}))
    assert read(gated) == [("1", expected)]
    assert gated.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_packing_and_pages_do_not_matter(tmp_path: Path, compression: str) -> None:
    rows = 5_000
    columns = {"id": [f"{n}" for n in range(rows)], "name": [f"n{n % 7}" for n in range(rows)]}
    content = written(
        columns, compression=compression, row_group_size=900, data_page_size=500,
        data_page_version="2.0" if compression == "zstd" else "1.0", write_page_checksum=True,
    )  # fmt: skip
    assert read(gate(tmp_path, content)) == list(zip(*columns.values(), strict=True))


def test_files_of_other_writers_are_read(tmp_path: Path) -> None:
    columns = {"id": ["1", None], "name": ["Größe", "Tea"]}
    by_polars, by_duckdb = tmp_path / "p", tmp_path / "d"
    frame = pl.DataFrame(columns)
    frame.write_parquet(by_polars)
    with duckdb.connect() as database:
        database.register("frame", frame.to_arrow())
        database.sql(f"copy (from frame) to '{by_duckdb}' (format parquet)")
    for file in (by_polars, by_duckdb):
        assert read(gate(tmp_path, file.read_bytes())) == [("1", "Größe"), ("", "Tea")]


def test_no_records_are_a_header(tmp_path: Path) -> None:
    gated = gate(tmp_path, written({"id": pa.array([], pa.string()), "name": pa.nulls(0)}))
    assert (gated.header, gated.records) == (("id", "name"), 0)


def test_a_manifest_promises_rows_of_a_parquet_file_too(tmp_path: Path) -> None:
    content = written({"id": ["1", "2"], "name": ["a", "b"]})
    (tmp_path / "good").mkdir()
    assert gate(tmp_path / "good", content, declared_rows=2).records == 2
    assert refusal(tmp_path, content, declared_rows=3).code == "MANIFEST_ROWS"


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50
)
@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8),
            st.none() | st.decimals(-(10**12), 10**12, places=4),
        ),
        min_size=1, max_size=9,
    ),
    batch=st.integers(1, 4),
)  # fmt: skip
def test_every_value_arrives_in_its_place(
    tmp_path: Path, rows: list[tuple[str | None, Decimal | None]], batch: int
) -> None:
    names, amounts = zip(*rows, strict=True)
    content = written(
        {"id": pa.array(amounts, pa.decimal128(18, 4)), "name": pa.array(names, pa.string())}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "_ROWS_PER_BATCH", batch)
        found = read(gate(tmp_path, content))
    assert len(found) == len(rows)
    for (name, amount), (amount_text, name_text) in zip(rows, found, strict=True):
        assert name_text == (name or "").replace("\r\n", "\n")
        assert Decimal(amount_text) == amount if amount is not None else not amount_text


@given(st.integers(1 - 10**15, 10**15 - 1), st.integers(0, 12))
def test_a_decimal_of_fifteen_digits_survives_a_double(digits: int, places: int) -> None:
    amount = Decimal(digits).scaleb(-places)
    assert Decimal(float_text(repr(float(amount)))) == amount


@given(st.floats(10**11, 10**18))
def test_a_double_of_more_digits_is_no_number_of_money(value: float) -> None:
    text = float_text(repr(value))
    figures = repr(value).partition("e")[0].replace(".", "").rstrip("0")
    assert text.startswith("~") == (len(figures) > 15 or value >= 10**15)


# -- what does not pass --------------------------------------------------------------------------

GOOD = written({"id": ["1", "2"], "name": ["a", "b"]}, write_page_checksum=True)
PLAIN = written({"id": ["1"], "name": ["some longer text"]}, compression="none",
                use_dictionary=False, write_page_checksum=True, write_statistics=False)  # fmt: skip
NOT_UTF8 = pa.Array.from_buffers(
    pa.string(), 1, [None, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff")]
)
REFUSED: dict[str, tuple[bytes, str]] = {
    "no bytes": (b"", "EMPTY_FILE"),
    "a CSV file": (b"id,name\n1,a\n", "BAD_MAGIC"),
    "packed once more": (gzip.compress(GOOD), "BAD_MAGIC"),
    "a workbook": (b"PK\x03\x04" + b"\0" * 99, "BAD_MAGIC"),
    "an encrypted file": (b"PARE" + GOOD[4:-4] + b"PARE", "BAD_MAGIC"),
    "nothing but the mark": (b"PAR1", "PARQUET_DAMAGED"),
    "cut off": (GOOD[:-20], "PARQUET_DAMAGED"),
    "cut out of the middle": (GOOD[:40] + GOOD[60:], "PARQUET_DAMAGED"),
    "a flipped byte": (PLAIN.replace(b"longer", b"lunger", 1), "PARQUET_DAMAGED"),
    "a footer as long as the file": (
        GOOD[:-8] + len(GOOD).to_bytes(4, "little") + b"PAR1", "PARQUET_DAMAGED",
    ),
    "a giant footer": (GOOD[:-8] + b"\xff\xff\xff\x7fPAR1", "TOO_LARGE"),
    "a list": (written({"id": ["1"], "name": [["a"]]}), "PARQUET_TYPE"),
    "an object": (written({"id": ["1"], "name": [{"a": 1}]}), "PARQUET_TYPE"),
    "bytes": (written({"id": ["1"], "name": [b"a"]}), "PARQUET_TYPE"),
    "a time of day": (written({"id": ["1"], "name": pa.array([1], pa.time32("s"))}),
                      "PARQUET_TYPE"),
    "not UTF-8": (written({"id": ["1"], "name": NOT_UTF8}), "PARQUET_DAMAGED"),
    "a NUL": (written({"id": ["1"], "name": ["a\0b"]}), "BAD_TEXT"),
    "a giant text": (written({"id": ["1"], "name": ["x" * 70_000]}), "FIELD_TOO_LONG"),
    "a column is missing": (written({"id": ["1"], "title": ["a"]}), "HEADER_MISSING_COLUMN"),
    "a column twice": (
        written(pa.table([["1"], ["a"], ["b"]], names=["id", "name", "id"])),  # type: ignore[arg-type]
        "HEADER_DUPLICATE_COLUMN",
    ),
    "a line break in a name": (written({"id": ["1"], "name": ["a"], "a\nb": ["c"]}),
                               "HEADER_BAD_NAME"),
    "columns that are data": (written({f"c{n}": ["1"] for n in range(1_001)}),
                              "TOO_MANY_COLUMNS"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_of_values_is_refused(tmp_path: Path, case: str) -> None:
    content, code = REFUSED[case]
    assert refusal(tmp_path, content).code == code


@pytest.mark.parametrize("at", range(0, len(GOOD), 7))
def test_no_flipped_byte_is_a_crash(tmp_path: Path, at: int) -> None:
    """Where the check sum of a page sees nothing, the file says something else, but is read."""
    try:
        gate(tmp_path, GOOD[:at] + bytes([GOOD[at] ^ 0x55]) + GOOD[at + 1 :])
    except FileRejected as refused:
        assert REASONS[refused.code].level == "file"


def test_a_record_with_a_nul_is_named(tmp_path: Path) -> None:
    columns = {"id": [f"{n}" for n in range(5_000)], "name": ["a"] * 4_999 + ["\0"]}
    assert "Record 5000 " in refusal(tmp_path, written(columns)).what


def test_a_giant_text_is_named_before_it_is_written_out(tmp_path: Path) -> None:
    error = refusal(
        tmp_path, written({"id": ["1"], "name": ["ann@x.org" * 9]}), limits=Limits(field_bytes=50)
    )
    assert error.code == "FIELD_TOO_LONG"
    assert "Record 1 or a later one" in error.what  # the checks of CSV would name the record
    assert "ann@x.org" not in str(error)


# -- all together --------------------------------------------------------------------------------


def test_csv_and_parquet_of_the_same_rows_are_the_same_rows(tmp_path: Path) -> None:
    rows = [basket_row("b1", "1.00"), basket_row("b1", "2.50"), basket_row("b2", "4.00")]
    cells = [line.split(",") for line in rows]
    columns: dict[str, Any] = {
        name: [row[n] for row in cells] for n, name in enumerate(HEADER.split(","))
    }
    columns["amount"] = pa.array([Decimal(value) for value in columns["amount"]])
    columns["quantity"] = [float(value) for value in columns["quantity"]]
    columns["at"] = pa.array([datetime(2024, 5, 30, 12)] * 3, pa.timestamp("us"))  # noqa: DTZ001
    as_csv = make_stage(tmp_path / "csv").deliver(rows)
    yaml = (tmp_path / "csv" / "mappings" / "mapping.yml").read_text()
    changed = yaml.replace("time_zone: UTC", "time_zone: UTC\n    format: parquet")
    stage = make_stage(tmp_path / "parquet", changed.replace(', parse: "%Y-%m-%d %H:%M:%S"', ""))
    as_parquet = stage.deliver_bytes(written(columns), "baskets.parquet")
    for name in ("orders", "order_lines"):
        differing = ("source_file", "batch_id", "extracted_at")
        assert table(as_parquet, name).drop(differing).equals(table(as_csv, name).drop(differing))


def test_what_a_double_cannot_hold_is_a_refused_row(tmp_path: Path) -> None:
    yaml = """
        system: shop
        business_time_zone: UTC
        exports:
          costs:
            files: "costs*"
            format: parquet
            targets:
              products:
                columns:
                  product_id: {from: id}
                  title: {from: title}
                  price: {from: price}
        """
    yaml = yaml.replace("                  price: {from: price}\n", "")
    stage = make_stage(tmp_path, yaml)
    ids = [float(n) for n in range(6)] + [12345678901234567.0]
    staged = stage.deliver_bytes(written({"id": ids, "title": ["a"] * 7}), "costs.parquet")
    assert table(staged, "products")["product_id"].to_list() == [str(n) for n in range(6)]
    refused = rejects(staged).select("source_row", "column", "reason", "value").rows()
    assert refused == [(7, "product_id", "LOST_DIGITS", "~1.2345678901234568E+16")]
