"""Cells that are not what they seem: each is delivered as CSV, JSON Lines, Parquet and workbook."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from tests.nasty.case import COLUMNS, GOOD, GOOD_2, GOOD_ROWS, Case
from tests.workbooks import workbook

Lines = Sequence[Sequence[Any]]
TARGETS = ("payment_id", "order_id", "kind", "amount", "currency", "gateway", "processed_at")
COMMA = 'decimal_mark: ","'
NO_NUMBERS = (
    "1,25", "1,234.50", "1.234,50", "1'234.50", "1 234.50", "1\u00a0234.50", "1\u202f234.50",
    "$12.50", "12.50 EUR", "€12", "12.50 元", "(12.50)", "12.50-", "+12.50", "\u221212.50",
    "１２.５０", "٣", "NaN", "inf", "-Infinity", "1e400", "1E3", "1.23E+15", "0x10", "1_000", ".5",
    "5.", " 5", "5 ", "1.5.2", "NULL", "N/A", "-", "#REF!", "=1+1", "50%", "true", "12:30", "½",
)  # fmt: skip
NO_INSTANTS = (
    "31.05.2024 12:00", "05/30/2024 12:00:00", "30/05/2024 12:00:00", "45443", "45443.5",
    "2024年5月30日", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "0000-00-00 00:00:00",
    "2024-05-30", "2024-05-30T24:00:00Z", "2024-05-30T12:60:00Z", "1717070400",
    "2024-05-30T12:00:00+99:00", "0017-05-30T12:00:00Z", "２０２４-05-30T12:00:00Z", "today",
    "2024-05-30T12:00:00.1234567Z", "NaT", "null",
)  # fmt: skip
# Column, text, and the reason; or "=" and the text it must arrive as.
CELLS: tuple[tuple[str, str, str], ...] = (
    *[("amount", text, "NOT_A_NUMBER") for text in NO_NUMBERS],
    ("amount", "", "REQUIRED_MISSING"),
    ("amount", "-1.00", "OUT_OF_RANGE"),
    ("amount", "999999999999999", "OUT_OF_RANGE"),
    ("amount", "1" + "0" * 300, "OUT_OF_RANGE"),
    ("amount", "1.00005", "TOO_MANY_DECIMALS"),
    ("amount", "0.30000000000000004", "TOO_MANY_DECIMALS"),
    ("amount", "1.005", "=1.0050"),
    ("amount", "-0", "=0.0000"),
    ("amount", "007", "=7.0000"),
    ("amount", "12345678901234.5678", "=12345678901234.5678"),
    *[("processed_at", text, "NOT_AN_INSTANT") for text in NO_INSTANTS],
    ("processed_at", "", "REQUIRED_MISSING"),
    ("processed_at", "2099-01-01T00:00:00Z", "FUTURE_DATE"),
    ("processed_at", "2024-06-02T04:00:00Z", "FUTURE_DATE"),
    ("processed_at", "2024-06-02T03:59:59Z", "=2024-06-02 03:59:59"),
    ("processed_at", "2024-03-10 02:30:00", "NONEXISTENT_TIME"),
    ("processed_at", "2023-11-05 01:30:00", "AMBIGUOUS_TIME"),
    ("processed_at", "2023-11-05T01:30:00-05:00", "=2023-11-05 06:30:00"),
    ("processed_at", "2024-05-30 12:00", "=2024-05-30 16:00:00"),
    ("payment_id", "1.23E+15", "LOST_DIGITS"),
    ("payment_id", "1E+05", "LOST_DIGITS"),
    ("order_id", "-9.9E+21", "LOST_DIGITS"),
    ("order_id", "~1.2345678901234568E+16", "LOST_DIGITS"),
    ("order_id", "#N/A", "SPREADSHEET_ERROR"),
    ("payment_id", "#NAME?", "SPREADSHEET_ERROR"),
    ("payment_id", "", "REQUIRED_MISSING"),
    ("payment_id", "00123", "=00123"),
    ("payment_id", "9007199254740993", "=9007199254740993"),
    ("payment_id", "1" * 40, "=" + "1" * 40),
    ("payment_id", "5E3", "=5E3"),
    ("payment_id", "Null", "=Null"),
    ("payment_id", "nan", "=nan"),
    ("payment_id", "P1", "=P1"),
    ("payment_id", " p1", "= p1"),
    ("payment_id", "'; drop table payments;--", "='; drop table payments;--"),
    ("payment_id", "../../etc/passwd", "=../../etc/passwd"),
    ("payment_id", "中文店 😀", "=中文店 😀"),
    ("gateway", "Null", "=Null"),
    ("gateway", "NA", "=NA"),
    ("gateway", "None", "=None"),
    ("gateway", "=1+1", "==1+1"),
    ("gateway", "@SUM(A1)", "=@SUM(A1)"),
    ("gateway", "<script>alert(1)</script>", "=<script>alert(1)</script>"),
    ("gateway", '{"a": [1]}', '={"a": [1]}'),
    ("gateway", "a\tb", "=a\tb"),
    ("gateway", "\u202etxt.exe", "=\u202etxt.exe"),
    ("gateway", "e\u0301", "=e\u0301"),
    ("gateway", "x" * 30_000, "=" + "x" * 30_000),  # a workbook holds 32,767
    ("gateway", 'say "so", or not', '=say "so", or not'),
    ("kind", "SALE", "UNKNOWN_CODE"),
    ("kind", "sale ", "UNKNOWN_CODE"),
    ("kind", "ｓale", "UNKNOWN_CODE"),
    ("kind", "", "REQUIRED_MISSING"),
    ("currency", "usd", "BAD_FORMAT"),
    ("currency", "US$", "BAD_FORMAT"),
    ("currency", "ＵＳＤ", "BAD_FORMAT"),
    ("currency", "USDX", "BAD_FORMAT"),
)
# The same with a word of the mapping: what is declared is read, and nothing else.
DECLARED: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (
    ("amount", "12,50", "=12.5000", COMMA, {}),
    ("amount", "12.50", "NOT_A_NUMBER", COMMA, {}),
    ("amount", "1.250,00", "NOT_A_NUMBER", COMMA, {}),
    ("processed_at", "04/05/2024 10:00", "=2024-05-04 14:00:00", "", {"at": "%d/%m/%Y %H:%M"}),
    ("processed_at", "04/05/2024 10:00", "=2024-04-05 14:00:00", "", {"at": "%m/%d/%Y %H:%M"}),
    ("processed_at", "30/05/2024 10:00", "NOT_AN_INSTANT", "", {"at": "%m/%d/%Y %H:%M"}),
    ("processed_at", "05/30/2024 10:00", "NOT_AN_INSTANT", "", {"at": "%d/%m/%Y %H:%M"}),
    ("processed_at", "2024年5月30日", "=2024-05-30 04:00:00", "", {"at": "%Y年%m月%d日"}),
    ("processed_at", "24-05-30 10:00", "NOT_AN_INSTANT", "", {"at": "%Y-%m-%d %H:%M"}),
    ("gateway", "\\N", "=", 'null_tokens: ["\\\\N"]', {}),
)


def cases() -> Iterator[tuple[str, Case]]:
    """Yield every cell in every form, by name."""
    for column, text, becomes in CELLS:
        for form, write in FORMS.items():
            case = _case(column, text, becomes, form, write, "", {})
            yield f"{form}: {column} {text[:30]!r}", case
    for column, text, becomes, options, parse in DECLARED:
        write = FORMS["csv"]
        case = _case(column, text, becomes, "csv", write, options, parse)
        yield f"declared: {column} {text!r} {''.join(parse.values())}", case


def _case(
    column: str,
    text: str,
    becomes: str,
    form: str,
    write: Callable[[Lines], bytes],
    options: str,
    parse: dict[str, str],
) -> Case:
    at = TARGETS.index(column)
    good = [list(row) for row in (GOOD, GOOD_2)]
    accepted = [list(row) for row in GOOD_ROWS]
    mapping = {f"{{from: {name}}}": f'{{from: {name}, parse: "{p}"}}' for name, p in parse.items()}
    for row, value in zip(good, accepted, strict=True):
        if parse:  # the good rows have to be written as declared, too
            row[6], value[6] = _written(parse["at"]), _GOOD_AT[parse["at"]]
        if options == COMMA:
            row[3] = row[3].replace(".", ",")
    third = ["p3", "o3", *good[0][2:]]
    third[at] = text
    lines = [COLUMNS, *good, third]
    if becomes.startswith("="):
        value = ["p3", "o3", *accepted[0][2:]]
        value[at] = becomes[1:]
        accepted.append(value)
        refused: tuple[tuple[int, str, str], ...] = ()
    else:
        refused = ((3, column, becomes),)
    said = options if form == "csv" else f"format: {form}"
    return Case(
        "A9" if becomes in _CLOCKS else "C", write(lines), "", tuple(map(tuple, accepted)), refused,
        options=said, mapping=mapping,
    )  # fmt: skip


_CLOCKS = ("FUTURE_DATE", "NONEXISTENT_TIME", "AMBIGUOUS_TIME")
_GOOD_AT = {
    "%d/%m/%Y %H:%M": "2024-05-29 16:00:00",
    "%m/%d/%Y %H:%M": "2024-05-29 16:00:00",
    "%Y年%m月%d日": "2024-05-29 04:00:00",
    "%Y-%m-%d %H:%M": "2024-05-29 16:00:00",
}


def _written(parse: str) -> str:
    parts = {"%d": "29", "%m": "05", "%Y": "2024", "%H": "12", "%M": "00"}
    for directive, value in parts.items():
        parse = parse.replace(directive, value)
    return parse


def as_csv(lines: Lines) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def as_json_lines(lines: Lines) -> bytes:
    header, *rows = lines
    objects = (dict(zip(header, row, strict=True)) for row in rows)
    return "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects).encode()


def as_parquet(lines: Lines) -> bytes:
    header, *rows = lines
    file = io.BytesIO()
    pl.DataFrame(rows, schema=list(header), orient="row").write_parquet(file)
    return file.getvalue()


def as_workbook(lines: Lines) -> bytes:
    return workbook(*lines)


FORMS = {
    "csv": as_csv,
    "jsonl": as_json_lines,
    "parquet": as_parquet,
    "xlsx": as_workbook,
}
