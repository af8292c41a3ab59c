"""Delimiters, quotes, headers and footers, and rows that contradict each other."""

from __future__ import annotations

from tests.nasty.case import COLUMNS, GOOD, GOOD_2, GOOD_ROWS, Case
from tests.nasty.cells import as_csv, as_json_lines, as_parquet, as_workbook
from tests.workbooks import archive, number, row, text

FILE = as_csv([COLUMNS, GOOD, GOOD_2])
HEADER, FIRST, SECOND = FILE.splitlines(keepends=True)
THIRD = FIRST.replace(b"p1,o1", b"p3,o3")
THIRD_ROW = ("p3", "o3", *GOOD_ROWS[0][2:])
JSONL, AS_PARQUET, AS_WORKBOOK = "format: jsonl", "format: parquet", "format: xlsx"


def _refused(content: bytes, code: str, options: str = "") -> Case:
    return Case("C", content, code, options=options)


def _read(content: bytes, *more: tuple[str, ...], options: str = "") -> Case:
    return Case("C", content, rows=(*GOOD_ROWS, *more), options=options)


def _third(old: bytes, new: bytes) -> bytes:
    return FILE + THIRD.replace(old, new)


def _sheet(*rows: str, **parts: str) -> bytes:
    cells = [row(*map(text, line)) for line in (COLUMNS, GOOD, GOOD_2)]
    return archive(*cells, *rows, **parts)  # type: ignore[arg-type]


REORDERED = as_csv([line[::-1] for line in (COLUMNS, GOOD, GOOD_2)])
MORE = as_csv([(*COLUMNS, "colour"), (*GOOD, "red"), (*GOOD_2, "blue")])
FEWER = as_csv([line[:5] + line[6:] for line in (COLUMNS, GOOD, GOOD_2)])
WITHOUT_GATEWAY = tuple((*r[:5], "", r[6]) for r in GOOD_ROWS)
CASES: dict[str, Case] = {
    # Columns.
    "columns in another order": _read(REORDERED),
    "a new column": _read(MORE),
    "a column less that nothing hangs on": Case("C", FEWER, rows=WITHOUT_GATEWAY),
    "a column less that is needed": _refused(as_csv([r[1:] for r in (COLUMNS, GOOD)]),
                                             "HEADER_MISSING_COLUMN"),
    "a renamed column": _refused(FILE.replace(b"amount", b"Amount"), "HEADER_MISSING_COLUMN"),
    "a column with a blank": _refused(FILE.replace(b"amount", b" amount"),
                                      "HEADER_MISSING_COLUMN"),
    "a column in letters that look alike": _refused(
        FILE.replace(b"amount", "аmount".encode()), "HEADER_MISSING_COLUMN"
    ),
    "a column twice": _refused(FILE.replace(b"gateway", b"amount"), "HEADER_DUPLICATE_COLUMN"),
    "a column without a name": _read(as_csv([(*r, "") for r in (COLUMNS, GOOD, GOOD_2)])),
    "two columns without a name": _refused(
        as_csv([(*r, "", "") for r in (COLUMNS, GOOD, GOOD_2)]), "HEADER_DUPLICATE_COLUMN"
    ),
    "SQL as the name of a column": _read(FILE.replace(HEADER, HEADER.replace(b"at\n", b"at,x\n"))
                                         .replace(b"Z\n", b"Z,1\n")
                                         .replace(b",x\n", b",\"x; drop table orders\"\n")),
    "no header": _refused(FIRST + SECOND, "HEADER_MISSING_COLUMN"),
    "a blank line first": _refused(b"\n" + FILE, "HEADER_EMPTY"),
    "a preamble": _refused(b"Payments of May\n\n" + FILE, "HEADER_MISSING_COLUMN"),
    "a preamble as wide as the table": _refused(b"Payments,,,,,,\n" + FILE,
                                                "HEADER_MISSING_COLUMN"),
    "sep= of a spreadsheet": _refused(b"sep=,\n" + FILE, "HEADER_MISSING_COLUMN"),
    "the header again": _refused(FILE + HEADER + THIRD, "REPEATED_HEADER"),
    "the header again at the end": _refused(FILE + HEADER, "REPEATED_HEADER"),
    # Rows.
    "another delimiter": _refused(FILE.replace(b",", b";"), "HEADER_MISSING_COLUMN"),
    "another delimiter, declared": _read(FILE.replace(b",", b";"), options='delimiter: ";"'),
    "tabs, declared": _read(FILE.replace(b",", b"\t"), options='delimiter: "\\t"'),
    "another delimiter from the second row on": _refused(
        HEADER + FIRST.replace(b",", b";"), "RAGGED_ROW"
    ),
    "a field too few": _refused(_third(b",card", b""), "RAGGED_ROW"),
    "a field too many": _refused(_third(b",card", b",card,card"), "RAGGED_ROW"),
    "one too few, then one too many": _refused(
        _third(b",card", b"") + THIRD.replace(b",card", b",card,card"), "RAGGED_ROW"
    ),
    "a decimal comma that is a delimiter": _refused(_third(b"1.50", b"1,50"), "RAGGED_ROW"),
    "a footer": _refused(FILE + b"TOTAL,21.50\n", "RAGGED_ROW"),
    "a footer as wide as the table": Case(
        "C", FILE + b"TOTAL,,,21.50,,,\n", refused=((3, "order_id", "REQUIRED_MISSING"),)
    ),
    "a blank line": _refused(HEADER + FIRST + b"\n" + SECOND, "RAGGED_ROW"),
    "blank lines at the end": _refused(FILE + b"\n\n", "RAGGED_ROW"),
    "a row of nothing but commas": Case(
        "C", FILE + b",,,,,,\n", refused=((3, "payment_id", "REQUIRED_MISSING"),)
    ),
    "CRLF": _read(FILE.replace(b"\n", b"\r\n")),
    "CRLF and LF": _read(HEADER + FIRST.replace(b"\n", b"\r\n") + SECOND),
    "CR": _refused(FILE.replace(b"\n", b"\r"), "BARE_CARRIAGE_RETURN"),
    "CR in a field": _refused(_third(b"card", b"ca\rd"), "BARE_CARRIAGE_RETURN"),
    "another line end of Unicode": _read(
        _third(b"card", "ca\u2028rd".encode()), (*THIRD_ROW[:5], "ca\u2028rd", THIRD_ROW[6])
    ),
    "Ctrl-Z at the end": _refused(FILE + b"\x1a", "TRUNCATED"),
    # Quotes.
    "two stray quotes that swallow rows": _refused(
        HEADER + FIRST.replace(b"card", b'"card') + SECOND + THIRD.replace(b"card", b'card"'),
        "UNBALANCED_QUOTE",
    ),
    "the same where line breaks are allowed, its rows promised": Case(
        "C", HEADER + FIRST.replace(b"card", b'"card') + SECOND + THIRD.replace(b"card", b'card"'),
        "MANIFEST_ROWS", options="multiline: true",
        manifest={"business_day": "2024-05-31", "files": {"x.csv": {"rows": 3}}},
    ),
    "a quote that never closes": _refused(_third(b"card", b'"card'), "UNBALANCED_QUOTE"),
    "inches": _refused(_third(b"card", b'5" card'), "STRAY_QUOTE"),
    "a blank before a quote": _refused(_third(b"card", b' "card"'), "STRAY_QUOTE"),
    "text behind a quote": _refused(_third(b"card", b'"card"x'), "STRAY_QUOTE"),
    "a quote escaped by a backslash": _refused(_third(b"card", b'"a\\"b"'), "STRAY_QUOTE"),
    "single quotes": _read(_third(b"card", b"'a'"), (*THIRD_ROW[:5], "'a'", THIRD_ROW[6])),
    "curly quotes": _read(
        _third(b"card", "“a”".encode()), (*THIRD_ROW[:5], "“a”", THIRD_ROW[6])
    ),
    "a line break in a field": _refused(_third(b"card", b'"a\nb"'), "UNBALANCED_QUOTE"),
    "a line break in a field, declared": _read(
        _third(b"card", b'"a\nb"'), (*THIRD_ROW[:5], "a\nb", THIRD_ROW[6]),
        options="multiline: true",
    ),
    "a row of another file within a field, declared": _read(
        _third(b"card", b'"' + SECOND.rstrip() + b'"'),
        (*THIRD_ROW[:5], SECOND.decode().rstrip(), THIRD_ROW[6]), options="multiline: true",
    ),
    # Rows against each other.
    "the same row twice": Case("C", FILE + FIRST, rows=(*GOOD_ROWS, GOOD_ROWS[0])),
    "one key with two contents": Case(
        "C", FILE + FIRST.replace(b"1.50", b"1.51") + THIRD, rows=(GOOD_ROWS[1], THIRD_ROW),
        refused=((1, "payment_id", "DUPLICATE_KEY"), (3, "payment_id", "DUPLICATE_KEY")),
    ),
    "half of the rows bad": Case(
        "C", FILE + THIRD.replace(b"1.50", b"x") * 2,
        refused=((3, "amount", "NOT_A_NUMBER"), (4, "amount", "NOT_A_NUMBER")),
    ),
    "more than half of the rows bad": _refused(
        FILE + THIRD.replace(b"1.50", b"x") * 3, "TOO_MANY_BAD_ROWS"
    ),
    "all amounts in another notation": _refused(
        as_csv([COLUMNS, *[(*r[:3], "1,50", *r[4:]) for r in (GOOD, GOOD_2)]]),
        "TOO_MANY_BAD_ROWS",
    ),
    # JSON Lines.
    **{
        f"JSON Lines: {name}": _refused(content, code, JSONL)
        for name, (content, code) in {
            "a key twice": (b'{"id": "a", "id": "b"}\n', "JSON_DUPLICATE_KEY"),
            "an object over two lines": (b'{"id":\n1}\n', "JSON_SYNTAX"),
            "a comma too many": (b'{"id": 1,}\n', "JSON_SYNTAX"),
            "an empty line": (as_json_lines([COLUMNS, GOOD]) + b"\n", "JSON_NOT_OBJECT"),
            "a number as a line": (as_json_lines([COLUMNS, GOOD]) + b"5\n", "JSON_NOT_OBJECT"),
            "NaN": (b'{"id": "a", "amount": NaN}\n', "JSON_NOT_FINITE"),
            "an escaped NUL": (b'{"id": "a\\u0000"}\n', "JSON_BAD_TEXT"),
            "half a character": (b'{"id": "\\ud83d"}\n', "JSON_BAD_TEXT"),
            "an empty key": (b'{"": 1}\n', "JSON_BAD_KEY"),
            "deep lists": (b'{"a": ' + b"[" * 99 + b"]" * 99 + b"}\n", "JSON_TOO_DEEP"),
            "keys that are data": (
                b"".join(b'{"k%d": 1}\n' % n for n in range(1_001)), "JSON_TOO_MANY_KEYS",
            ),
            "a value here, an object there": (
                b'{"id": "a"}\n{"id": {"x": 1}}\n', "JSON_MIXED_KEY",
            ),
            "a column that is needed": (b'{"id": "a"}\n', "HEADER_MISSING_COLUMN"),
            "objects without keys": (b"{}\n", "HEADER_EMPTY"),
            "not UTF-8": (b'{"id": "\xe9"}\n', "BAD_ENCODING"),
        }.items()
    },
    # Parquet.
    **{
        f"Parquet: {name}": _refused(as_parquet(lines), code, AS_PARQUET)
        for name, (lines, code) in {
            "a list": ([COLUMNS, (*GOOD[:5], ["card"], GOOD[6])], "PARQUET_TYPE"),
            "bytes": ([COLUMNS, (*GOOD[:5], b"card", GOOD[6])], "PARQUET_TYPE"),
            "a NUL": ([COLUMNS, (*GOOD[:5], "ca\0d", GOOD[6])], "BAD_TEXT"),
            "a giant text": ([COLUMNS, (*GOOD[:5], "c" * 70_000, GOOD[6])], "FIELD_TOO_LONG"),
            "a column that is needed": ([COLUMNS[1:], GOOD[1:]], "HEADER_MISSING_COLUMN"),
            "a line break in a name": ([(*COLUMNS, "a\nb"), (*GOOD, "")], "HEADER_BAD_NAME"),
        }.items()
    },
    "Parquet: no rows": Case(
        "B6", as_parquet([COLUMNS]), rows=(), options=AS_PARQUET,
    ),
    "Parquet: an amount as a double": Case(
        "C", as_parquet([COLUMNS, *[(*r[:3], float(r[3]), *r[4:]) for r in (GOOD, GOOD_2)],
                         ("p3", "o3", "sale", 0.1 + 0.2, *GOOD[4:])]),
        refused=((3, "amount", "TOO_MANY_DECIMALS"),), options=AS_PARQUET,
    ),
    "Parquet: ids as doubles": Case(
        "C", as_parquet([COLUMNS, *[(n, *r[1:]) for n, r in ((1.0, GOOD), (2.0, GOOD_2))],
                         (9007199254740993.0, *GOOD[1:])]),
        rows=(("1", *GOOD_ROWS[0][1:]), ("2", *GOOD_ROWS[1][1:])),
        refused=((3, "payment_id", "LOST_DIGITS"),), options=AS_PARQUET,
    ),
    # Workbooks.
    **{
        f"workbook: {name}": _refused(content, code, AS_WORKBOOK)
        for name, (content, code) in {
            "two sheets": (_sheet(sheets=("a", "b")), "WORKBOOK_SHEET"),  # type: ignore[arg-type]
            "a table further down": (archive(row(text("id"), at=5)), "HEADER_EMPTY"),
            "a preamble": (archive(row(text("Report")), row(text("id"))),
                           "HEADER_MISSING_COLUMN"),
            "an empty row in between": (_sheet(row(text("p3"), at=9)), "BLANK_ROW"),
            "a note beside the table": (
                _sheet(row(*map(text, ("p3", *GOOD[1:], "see below")))), "RAGGED_ROW",
            ),
            "merged cells": (_sheet(after="<mergeCells><mergeCell ref='A1:B2'/></mergeCells>"),
                             "MERGED_CELLS"),
            "a formula that was never calculated": (
                _sheet(row(text("p3"), "<c><f>A1</f></c>")), "FORMULA_WITHOUT_VALUE",
            ),
            "an entity that grows": (
                _sheet(head='<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>'), "WORKBOOK_DAMAGED",
            ),
            "an entity that points elsewhere": (
                _sheet(head='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
                "WORKBOOK_DAMAGED",
            ),
            "a NUL": (_sheet(row(text("a_x0000_"))), "BAD_TEXT"),
        }.items()
    },
    "workbook: no rows": Case("B6", as_workbook([COLUMNS]), rows=(), options=AS_WORKBOOK),
    "workbook: a footer": Case(
        "C", _sheet(row(text("TOTAL"), text(""), text(""), number("21.5"))),
        refused=((3, "order_id", "REQUIRED_MISSING"),), options=AS_WORKBOOK,
    ),
    "workbook: a serial that is shown as a number": Case(
        "C", _sheet(row(*map(text, ("p3", "o3", "sale", "1", "USD", "")), number("45442.5"))),
        refused=((3, "processed_at", "NOT_AN_INSTANT"),), options=AS_WORKBOOK,
    ),
    "workbook: an id that lost its digits": Case(
        "C", _sheet(row(number("1.23456789012345E+17"), *map(text, GOOD[1:]))),
        refused=((3, "payment_id", "LOST_DIGITS"),), options=AS_WORKBOOK,
    ),
    "workbook: an error in the place of an id": Case(
        "C", _sheet(row('<c t="e"><v>#REF!</v></c>', *map(text, GOOD[1:]))),
        refused=((3, "payment_id", "SPREADSHEET_ERROR"),), options=AS_WORKBOOK,
    ),
}  # fmt: skip
