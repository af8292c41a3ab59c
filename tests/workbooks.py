"""Workbooks made by hand, part by part, for what no writer would write."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import xlsxwriter

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
# Places of the cell styles below: number, day, instant, time, five digits, two decimals.
NUMBER, DAY, INSTANT, TIME, FIVE_DIGITS, MONEY = range(6)
STYLES = f"""<styleSheet xmlns="{_MAIN}"><numFmts count="2">
<numFmt numFmtId="164" formatCode="00000"/>
<numFmt numFmtId="165" formatCode="#,##0.00\\ &quot;USD&quot;;[Red]\\-#,##0.00"/></numFmts>
<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs count="6"><xf numFmtId="0"/>
<xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="20"/><xf numFmtId="164"/><xf numFmtId="165"/>
</cellXfs></styleSheet>"""


def workbook(*rows: tuple[Any, ...]) -> bytes:
    """Write rows by a usual writer: texts as texts, numbers as doubles."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Export")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif cell is not None:
                    sheet.write(number, column, cell)
    return file.getvalue()


def row(*cells: str, at: int | None = None) -> str:
    """Return a row of cells that are written as XML."""
    return f"<row{f' r={chr(34)}{at}{chr(34)}' if at else ''}>{''.join(cells)}</row>"


def text(value: str) -> str:
    """Return a cell that holds its own text."""
    return f'<c t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'


def number(value: str, style: int = NUMBER) -> str:
    """Return a cell that holds a number as it stands in a file."""
    return f'<c s="{style}"><v>{value}</v></c>'


def archive(
    *rows: str,
    after: str = "",
    book: str = "",
    sheets: tuple[str, ...] = ("Export",),
    strings: str = "",
    head: str = "",
    styles: str = STYLES,
    parts: dict[str, str | bytes] | None = None,
) -> bytes:
    """Return a workbook as its parts are written.

    Args:
        rows: Rows of the first sheet; the others are empty.
        after: What stands behind its rows.
        book: What else stands in the workbook's own part.
        sheets: Names of the sheets.
        strings: Items of the shared texts.
        head: What stands in front of the sheet's XML.
        styles: The cell styles.
        parts: Members of other content, or more of them.
    """
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="s{n}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    related = "".join(_relation(f"s{n}", "worksheet", f"worksheets/s{n}.xml") for n in numbers)
    members = {
        "_rels/.rels": _relations(_relation("b", "officeDocument", "/xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{book}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            related,
            _relation("t", "sharedStrings", "sharedStrings.xml"),
            _relation("f", "styles", "styles.xml"),
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
        "xl/styles.xml": styles,
        **{f"xl/worksheets/s{n}.xml": f'<worksheet xmlns="{_MAIN}"/>' for n in numbers},
        "xl/worksheets/s1.xml": f'{head}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}'
        f"</sheetData>{after}</worksheet>",
        **(parts or {}),
    }
    return zipped(members)


def zipped(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def _relation(number: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relations(*relations: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}">{"".join(relations)}</Relationships>'
