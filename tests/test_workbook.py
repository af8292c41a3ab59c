"""A sheet of a workbook becomes the table that a CSV export is, or is refused by name."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import FileRejected
from etl.ingest.batches import read_batches
from etl.ingest.gate import GatedFile, Limits, pass_gate
from etl.ingest.reasons import REASONS
from tests.delivering import make_stage, rejects, table
from tests.test_gate import make_export
from tests.workbooks import (
    DAY,
    FIVE_DIGITS,
    INSTANT,
    MONEY,
    STYLES,
    TIME,
    archive,
    number,
    row,
    text,
    workbook,
    zipped,
)

EXPORT = make_export(format="xlsx", multiline=True)
HEADER = row(text("id"), text("name"))
# A workbook as usual has a shared text, and one in runs with a reading.
STRINGS = (
    "<si><t>Tea</t></si><si><r><t>東</t></r><r><t xml:space='preserve'>京 </t></r>"
    "<rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si><si><t>a_x000D__x000A_b_x005F_x0041_</t></si>"
    "<si><t>half _xD83D_</t></si><si><t>whole _xD83D__xDE00_</t></si><si><t/></si>"
)


def gate(
    folder: Path, content: bytes, export: Any = EXPORT, name: str = "x.xlsx", **kw: Any
) -> GatedFile:
    delivered = folder / name
    delivered.write_bytes(content)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return pass_gate(delivered, export, work, **kw)


def read(gated: GatedFile, export: Any = EXPORT) -> list[tuple[str, ...]]:
    frames = list(read_batches(gated, replace(export, keep=gated.header)))
    return pl.concat(frames).select(gated.header).rows() if frames else []


# -- what a cell becomes -------------------------------------------------------------------------

CELLS = {
    "a text": (text("00123"), "00123"),
    "blanks around a text": (text("  x "), "  x "),
    "a shared text": ('<c t="s"><v>0</v></c>', "Tea"),
    "a shared text in runs, its reading left out": ('<c t="s"><v>1</v></c>', "東京 "),
    "escaped characters": ('<c t="s"><v>2</v></c>', "a\nb_x0041_"),
    "halves of one character": ('<c t="s"><v>4</v></c>', "whole 😀"),
    "a shared text of nothing": ('<c t="s"><v>5</v></c>', ""),
    "a text in runs of its own": (
        '<c t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r><rPh><t>c</t></rPh></is></c>', "ab",
    ),
    "a number": (number("12.5"), "12.5"),
    "a number as it is usually saved": (number("19.989999999999998"), "19.99"),
    "a number with an exponent": (number("1.5E-3"), "0.0015"),
    "a whole number": (number("1234567"), "1234567"),
    "minus nought": (number("-0"), "0"),
    "zeros that say nothing": (number("1.50"), "1.5"),
    "what a sum of doubles leaves": (number("0.30000000000000004"), "0.30000000000000004"),
    "more digits than a double keeps": (number("1234567890123456"), "~1.234567890123456E+15"),
    "an id whose last digits are gone": (number("1.23456789012345E+17"), "~1.23456789012345E+17"),
    "more digits than any double has": (
        number("0.1000000000000000055511151231257827"), "~0.1000000000000000055511151231257827",
    ),
    "a number shown as money": (number("1234.5", MONEY), "1234.5"),
    "a number shown with leading zeros": (number("123", FIVE_DIGITS), "00123"),
    "a number too long for its zeros": (number("1234567", FIVE_DIGITS), "1234567"),
    "a day": (number("45443", DAY), "2024-05-31"),
    "a day with a time that is not shown": (number("45443.25", DAY), "2024-05-31T06:00:00"),
    "an instant": (number("45443.5213888889", INSTANT), "2024-05-31T12:30:48"),
    "an instant at midnight": (number("45443", INSTANT), "2024-05-31T00:00:00"),
    "a millisecond before midnight": (number("45443.99999999", INSTANT), "2024-05-31T23:59:59.999"),
    "a time of day": (number("0.75", TIME), "18:00:00"),
    "more than a day, shown as a time": (number("1.5", TIME), "1.5"),
    "the first day of all": (number("1", DAY), "1900-01-01"),
    "the day before the one that never was": (number("59", DAY), "1900-02-28"),
    "the day that never was": (number("60", DAY), "60"),
    "the day after it": (number("61", DAY), "1900-03-01"),
    "day nought": (number("0", DAY), "0"),
    "a negative day": (number("-1", DAY), "-1"),
    "the last day of all": (number("2958465", DAY), "9999-12-31"),
    "the day after the last": (number("2958466", DAY), "2958466"),
    "a serial that is not shown as a day": (number("45443"), "45443"),
    "yes": ('<c t="b"><v>1</v></c>', "true"),
    "no": ('<c t="b"><v>0</v></c>', "false"),
    "an error": ('<c t="e"><v>#N/A</v></c>', "#N/A"),
    "a day written out": ('<c t="d"><v>2024-05-31</v></c>', "2024-05-31"),
    "the value of a formula": ("<c><f>1+1</f><v>2</v></c>", "2"),
    "the text of a formula": ('<c t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', "ab"),
    "the empty text of a formula": ('<c t="str"><f>""</f><v></v></c>', ""),
    "nothing but a style": ('<c s="1"/>', ""),
    "line breaks of all kinds": (text("a&#10;b&#13;c"), "a\nb\rc"),
    "quotes and commas": (text('say "so", or not'), 'say "so", or not'),
}  # fmt: skip


@pytest.mark.parametrize("case", CELLS)
def test_a_cell_becomes_its_text(tmp_path: Path, case: str) -> None:
    cell, expected = CELLS[case]
    gated = gate(tmp_path, archive(HEADER, row(text("1"), cell), strings=STRINGS))
    assert read(gated) == [("1", expected)]
    assert gated.path.stat().st_mode & 0o077 == 0


FORMATS = {
    "yyyy\\-mm\\-dd": "2024-05-31",
    "[$-409]d\\-mmm\\-yy;@": "2024-05-31",
    "mmmm": "2024-05-31",
    'yyyy"年"m"月"d"日"': "2024-05-31",
    "dd/mm/yyyy hh:mm": "2024-05-31T00:00:00",
    "m/d/yy h:mm AM/PM": "2024-05-31T00:00:00",
    "[h]:mm:ss": "45443",
    '0.00 "days"': "45443",
    "#,##0_);[Red]\\(#,##0\\)": "45443",
    "0.00E+00": "45443",
    "General": "45443",
    "@": "45443",
    "0000000": "0045443",
    "\\d0": "45443",
}


@pytest.mark.parametrize("code", FORMATS)
def test_the_format_tells_days_from_amounts(tmp_path: Path, code: str) -> None:
    xml = code.replace("&", "&amp;").replace('"', "&quot;")
    styles = STYLES.replace('formatCode="00000"', f'formatCode="{xml}"')
    content = archive(HEADER, row(text("1"), number("45443", FIVE_DIGITS)), styles=styles)
    assert read(gate(tmp_path, content)) == [("1", FORMATS[code])]


def test_days_may_count_from_1904(tmp_path: Path) -> None:
    book = '<workbookPr date1904="1"/>'
    cells = row(number("43981", DAY), number("0.5", INSTANT)), row(number("2958465", DAY))
    assert read(gate(tmp_path, archive(HEADER, *cells, book=book))) == [
        ("2024-05-31", "1904-01-01T12:00:00"),
        ("2958465", ""),
    ]


# -- what a table becomes ------------------------------------------------------------------------


def test_cells_stand_where_they_say(tmp_path: Path) -> None:
    content = archive(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="C1" t="inlineStr"><is>'
        '<t>name</t></is></c><c r="E1" s="1"/></row>',
        '<row r="2"><c r="C2"><v>3</v></c></row>',
        '<row r="3"><c r="A3"><v>1</v></c><c/><c><v>2</v></c><c r="XFD3" s="1"/></row>',
        '<row r="4"><c s="1"/></row><row r="1048576"/>',
    )
    gated = gate(tmp_path, content)
    assert gated.header == ("id", "", "name")
    assert read(gated) == [("", "", "3"), ("1", "", "2")]


def test_the_sheet_that_is_named_is_read(tmp_path: Path) -> None:
    content = archive(HEADER, row(text("1")), sheets=("Read me", "中文"))
    named = make_export(format="xlsx", multiline=True, sheet="Read me")
    assert gate(tmp_path, content, named).records == 1
    assert gate(tmp_path, content, named, name="x.csv").header == ("id", "name")
    for export, said in (
        (EXPORT, "holds 2 sheets; the one that is named: none."),
        (make_export(format="xlsx", sheet="read me"), "the one that is named: read me."),
    ):
        with pytest.raises(FileRejected) as caught:
            gate(tmp_path, content, export)
        assert caught.value.code == "WORKBOOK_SHEET"
        assert said in caught.value.what


def test_a_manifest_promises_rows_of_a_workbook_too(tmp_path: Path) -> None:
    content = archive(HEADER, row(text("1")), row(text("2")))
    assert gate(tmp_path, content, declared_rows=2).records == 2
    with pytest.raises(FileRejected) as caught:
        gate(tmp_path, content, declared_rows=3)
    assert caught.value.code == "MANIFEST_ROWS"


def test_a_header_alone_is_no_records(tmp_path: Path) -> None:
    gated = gate(tmp_path, archive(HEADER))
    assert (gated.header, gated.records) == (("id", "name"), 0)


# -- what does not pass --------------------------------------------------------------------------

FORMULA = "<c><f>A1*2</f><v>2</v></c>"
GOOD = archive(HEADER, row(text("1")))
STALE = '<calcPr fullCalcOnLoad="1"/>'
DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def renamed(content: bytes, old: str, new: str) -> bytes:
    """Return a workbook whose member has another name."""
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return zipped({n.replace(old, new): found.read(n) for n in found.namelist()})


def overlaid(content: bytes) -> bytes:
    """Return a workbook that holds one member twice."""
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as found, pytest.warns(UserWarning):
        found.writestr("xl/worksheets/s1.xml", "<worksheet/>")
    return file.getvalue()


REFUSED: dict[str, tuple[bytes, str]] = {
    "no bytes": (b"", "EMPTY_FILE"),
    "a CSV file": (b"id,name\n1,a\n", "BAD_MAGIC"),
    "an old workbook, or one with a password": (b"\xd0\xcf\x11\xe0" + b"\0" * 99, "BAD_MAGIC"),
    "an error page": (b"<html></html>", "BAD_MAGIC"),
    "an empty archive": (zipped({}), "BAD_MAGIC"),
    "an archive of something else": (zipped({"a.txt": "a"}), "WORKBOOK_DAMAGED"),
    "cut off": (GOOD[:-40], "WORKBOOK_DAMAGED"),
    "cut off early": (GOOD[:40], "WORKBOOK_DAMAGED"),
    "a flipped byte": (
        GOOD.replace(b"PK\x03\x04", b"\0\0\0\0", 2).replace(b"\0\0\0\0", b"PK\x03\x04", 1),
        "WORKBOOK_DAMAGED",
    ),
    "a binary workbook": (renamed(GOOD, "workbook.xml", "workbook.bin"), "WORKBOOK_DAMAGED"),
    "a member twice": (overlaid(GOOD), "WORKBOOK_DAMAGED"),
    "a sheet that is not there": (renamed(GOOD, "s1.xml", "s9.xml"), "WORKBOOK_DAMAGED"),
    "XML cut off": (archive(HEADER, parts={"xl/worksheets/s1.xml": "<worksheet>"}),
                    "WORKBOOK_DAMAGED"),
    "an entity that grows": (archive(HEADER, head=DOCTYPE), "WORKBOOK_DAMAGED"),
    "an entity that points elsewhere": (
        archive(HEADER, head='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        "WORKBOOK_DAMAGED",
    ),
    "an unknown kind of cell": (archive(HEADER, row('<c t="x"><v>1</v></c>')), "WORKBOOK_DAMAGED"),
    "a number that is none": (archive(HEADER, row(number("1,5"))), "WORKBOOK_DAMAGED"),
    "a number as Python writes it": (archive(HEADER, row(number("1_000"))), "WORKBOOK_DAMAGED"),
    "a giant tag": (
        archive(HEADER, row(f'<c x="{"0" * 400_000}"><v>1</v></c>')), "WORKBOOK_DAMAGED",
    ),
    "a shared text that is not there": (
        archive(HEADER, row('<c t="s"><v>7</v></c>')), "WORKBOOK_DAMAGED",
    ),
    "a style that is not there": (archive(HEADER, row(number("1", 99))), "WORKBOOK_DAMAGED"),
    "cells in the wrong order": (
        archive(HEADER, row('<c r="B2"><v>1</v></c><c r="A2"><v>1</v></c>')), "WORKBOOK_DAMAGED",
    ),
    "a cell without a place": (archive(HEADER, row('<c r="1"><v>1</v></c>')), "WORKBOOK_DAMAGED"),
    "rows in the wrong order": (
        archive(HEADER, row(text("1"), at=3), row(text("2"), at=2)), "WORKBOOK_DAMAGED",
    ),
    "no row at all": (archive(), "HEADER_EMPTY"),
    "a table that begins further down": (archive(row(text("id"), text("name"), at=3)),
                                         "HEADER_EMPTY"),
    "a preamble": (archive(row(text("Report of today")), HEADER), "HEADER_MISSING_COLUMN"),
    "a column twice": (archive(row(text("id"), text("name"), text("id"))),
                       "HEADER_DUPLICATE_COLUMN"),
    "a line break in a name": (archive(row(text("id"), text("name"), text("a&#10;b"))),
                               "HEADER_BAD_NAME"),
    "columns that are data": (archive(row(*[text(f"c{n}") for n in range(1001)])),
                              "TOO_MANY_COLUMNS"),
    "a cell beside the table": (archive(HEADER, row(text("1"), text("a"), text("b"))),
                                "RAGGED_ROW"),
    "an empty row in between": (
        archive(HEADER, row(text("1"), at=2), row(text("2"), at=4)), "BLANK_ROW",
    ),
    "merged cells": (
        archive(HEADER, after='<mergeCells><mergeCell ref="A1:B1"/></mergeCells>'), "MERGED_CELLS",
    ),
    "a formula that was never calculated": (
        archive(HEADER, row("<c><f>A1*2</f></c>")), "FORMULA_WITHOUT_VALUE",
    ),
    "a formula of a writer that calculates nothing": (
        archive(HEADER, row(FORMULA), book=STALE), "FORMULA_WITHOUT_VALUE",
    ),
    "half a character": (archive(HEADER, row('<c t="s"><v>3</v></c>'), strings=STRINGS),
                         "BAD_TEXT"),
    "a NUL": (archive(HEADER, row(text("a_x0000_b"))), "BAD_TEXT"),
    "a giant text": (archive(HEADER, row(text("x" * 70_000))), "FIELD_TOO_LONG"),
    "a giant text that is shared": (
        archive(HEADER, strings=f"<si><t>{'x' * 70_000}</t></si>"), "FIELD_TOO_LONG",
    ),
    "a giant text of wide letters": (archive(HEADER, row(text("中" * 22_000))), "FIELD_TOO_LONG"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_of_values_is_refused(tmp_path: Path, case: str) -> None:
    content, code = REFUSED[case]
    with pytest.raises(FileRejected) as caught:
        gate(tmp_path, content)
    assert caught.value.code == code
    assert REASONS[code].level == "file"
    assert list((tmp_path / "work").iterdir()) == [], "a refused file leaves nothing behind"


def test_a_damaged_part_is_found_by_its_check_sum(tmp_path: Path) -> None:
    content = zipped(_members(GOOD), zipfile.ZIP_STORED)
    at = content.index(b"<v>") if b"<v>" in content else content.index(b"name")
    with pytest.raises(FileRejected) as caught:
        gate(tmp_path, content[:at] + b"N" + content[at + 1 :])
    assert caught.value.code in {"WORKBOOK_DAMAGED", "HEADER_MISSING_COLUMN"}


def _members(content: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_a_record_is_named_and_its_value_is_not(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as caught:
        gate(tmp_path, archive(HEADER, row(text("1")), row(text("2"), text("a"), text("ann@x"))))
    assert "Record 2 does not have 2 fields" in caught.value.what
    assert "ann@x" not in str(caught.value)


# -- by other hands ------------------------------------------------------------------------------

MONEY_OF_A_SHEET = st.decimals(-(10**9), 10**9, places=4, allow_nan=False, allow_infinity=False)
ROWS = st.lists(
    st.tuples(
        st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Co", "Cn")), max_size=8),
        MONEY_OF_A_SHEET,
        st.dates(date(1901, 1, 1)),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


def written_by_openpyxl(rows: list[tuple[Any, ...]]) -> bytes:
    book = openpyxl.Workbook()
    for cells in rows:
        book.active.append(cells)
    for cell in (cell for cells in book.active for cell in cells if isinstance(cell.value, str)):
        cell.data_type = "s"  # it takes a text that begins with = for a formula
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40
)
@given(rows=ROWS)
def test_what_others_write_arrives_to_the_last_digit(
    tmp_path: Path, rows: list[tuple[Any, ...]]
) -> None:
    header = ("name", "amount", "day", "flag", "id")
    cells = [(*found, n) for n, found in enumerate(rows)]
    by_writer = [tuple(float(c) if isinstance(c, Decimal) else c for c in found) for found in cells]
    gated = gate(tmp_path, written_by_openpyxl([header, *cells]))
    again = gate(tmp_path, workbook(header, *[(r[0], r[1], None, r[3], r[4]) for r in by_writer]))
    for expected, found, other in zip(cells, read(gated), read(again), strict=True):
        name, amount, day, flag, key = expected
        assert found[0] == other[0] == name
        assert Decimal(found[1]) == Decimal(other[1]) == amount
        assert found[2] == day.isoformat()
        assert found[3:] == other[3:] == (str(flag).lower(), str(key))


def test_a_workbook_reaches_the_lake_like_any_file(tmp_path: Path) -> None:
    stage = make_stage(
        tmp_path,
        """
        system: shop
        business_time_zone: America/New_York
        exports:
          refunds:
            files: "refunds*"
            format: xlsx
            sheet: Refunds
            targets:
              refunds:
                columns:
                  refund_id: {from: Id}
                  order_id: {from: Order}
                  refund_total: {from: Amount}
                  currency: {const: USD}
                  date_basis: {const: actual}
                  refunded_at: {from: At}
        """,
    )
    content = archive(
        row(*map(text, ("Id", "Order", "Amount", "At"))),
        row(text("007"), number("123", FIVE_DIGITS), number("19.989999999999998", MONEY),
            number("45442.5", INSTANT)),
        row(text("r2"), text("o2"), number("0.30000000000000004"), number("45442.5", INSTANT)),
        row(text("r3"), number("1.23456789012345E+17"), number("1"), number("45442.5", INSTANT)),
        row(text("r4"), text("o4"), number("2"), number("45442.5")),
        row(text("r5"), text("o5"), number("123456789012.3456"), number("45442.5", INSTANT)),
        *[row(text(f"g{n}"), text("o"), number("1"), number("45442.5", INSTANT)) for n in range(5)],
        sheets=("Refunds", "Notes"),
    )  # fmt: skip
    staged = stage.deliver_bytes(content, "refunds.xlsx")
    first = table(staged, "refunds").row(0, named=True)
    assert first["refund_id"] == "007"
    assert first["order_id"] == "00123"
    assert first["refund_total"] == Decimal("19.9900")
    assert first["refunded_at"] == datetime(2024, 5, 30, 16, tzinfo=UTC)
    assert rejects(staged).select("source_row", "column", "reason").rows() == [
        (2, "refund_total", "TOO_MANY_DECIMALS"),
        (3, "order_id", "LOST_DIGITS"),
        (4, "refunded_at", "NOT_AN_INSTANT"),
        (5, "refund_total", "NOT_A_NUMBER"),
    ]


def test_fields_are_bounded_by_the_limits_given(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as caught:
        gate(tmp_path, archive(HEADER, row(text("1234567890"))), limits=Limits(field_bytes=8))
    assert caught.value.code == "FIELD_TOO_LONG"
    assert "Record 1 " in caught.value.what
