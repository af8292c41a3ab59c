"""Why a file or a row was refused: one table of stable codes.

A file code says that nothing of the file was loaded; a row code says that one row was kept out of
the lake and lies in quarantine. Messages never quote a value: it may be personal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from etl.errors import FileRejected, LoyaltyError

Level = Literal["file", "row"]
RULE_PREFIX = "RULE_"


@dataclass(frozen=True)
class Reason:
    """One reason code.

    Args:
        code: Stable upper-case name; reports and tests rely on it.
        level: Whether it refuses the whole ``file`` or one ``row``.
        message: What is wrong, a template; its ``{fields}`` are filled by whoever finds the fault.
        todo: What to do about it, a sentence.
    """

    code: str
    level: Level
    message: str
    todo: str


_SEND_AGAIN = "Have the file sent again."
_REPAIR = "Have the file repaired at its source and sent again."

_FILE_REASONS = (
    # Where the file lies.
    ("NOT_REGULAR_FILE", "It is a link, a pipe or a folder, not a plain file.",
     "Put the file itself there, not a link to it."),
    ("OUTSIDE_LANDING", "It lies outside the landing folder.", "Deliver it inside the landing."),
    ("UNREADABLE", "It cannot be opened: {detail}.", "Correct owner and mode of the file."),
    ("CHANGED_WHILE_READ", "It changed while it was being read.",
     "Wait for the upload to end; upload under another name and rename at the end."),
    ("NAME_NOT_UTF8", "Its name, or that of a folder it lies in, is not UTF-8 text.",
     "Upload it again under a name of plain letters and digits."),
    ("NAME_NOT_USABLE", "Its name in the bucket cannot be the name of a file: {detail}.",
     "Upload it again under a name of plain letters and digits."),
    ("AMBIGUOUS_EXPORT", "Its name fits more than one export: {detail}.",
     "Make the file patterns of the mapping exclusive."),
    ("NO_BUSINESS_DAY", "Neither a manifest nor the file name says which business day it is for.",
     "Add a _manifest.json beside it, or a business_day pattern to the mapping."),
    # What its manifest says.
    ("MANIFEST_INVALID", "Its _manifest.json cannot be used: {detail}.", "Correct the manifest."),
    ("MANIFEST_FILE_MISSING", "The manifest lists it, but it has not arrived.", _SEND_AGAIN),
    ("MANIFEST_SHA256", "Its bytes are not those the manifest promises.", _SEND_AGAIN),
    ("MANIFEST_ROWS", "It holds {found} records; the manifest promises {expected}.", _SEND_AGAIN),
    # Bytes.
    ("EMPTY_FILE", "It has no bytes; a file without records still has a header.", _SEND_AGAIN),
    ("BAD_MAGIC", "Its first bytes are those of {detail}, not of {expected}.",
     "Have it sent again, or correct `format` in the mapping."),
    ("BAD_COMPRESSION", "Its compressed data are damaged or cut off.", _SEND_AGAIN),
    ("TOO_LARGE", "Unpacked it is larger than {detail}.",
     "Have it sent in several files, each with whole documents."),
    ("BAD_ENCODING", "It is not {encoding} text: {detail}.",
     "Correct `encoding` in the mapping, or have the export written in that encoding."),
    ("NUL_BYTE", "It contains a NUL character near byte {position}.", _REPAIR),
    ("TRUNCATED", "Its last line has no line end and no manifest vouches for it.",
     "Have it sent again, with a final line end or a manifest."),
    # Parquet files and workbooks.
    ("PARQUET_DAMAGED", "It is no whole Parquet file, or its pages do not fit their check sums.",
     _SEND_AGAIN),
    ("PARQUET_TYPE", "The column {detail} has the type {found}, which has no one text.",
     "Have it written as text, number, flag, day or timestamp, or left out."),
    ("WORKBOOK_DAMAGED", "It is no whole Excel workbook (.xlsx) of plain parts.",
     "Open it in a spreadsheet, save it as .xlsx without a password and send that."),
    ("WORKBOOK_SHEET", "It holds {found} sheets; the one that is named: {detail}.",
     "Name the sheet by `sheet` in the mapping, or have one sheet delivered."),
    ("BLANK_ROW", "Record {record} is an empty row in the midst of the table.",
     "Have empty rows, and whatever stands below them, taken out."),
    ("MERGED_CELLS", "The sheet has merged cells: only one of them holds the value.",
     "Have the cells split and each filled."),
    ("FORMULA_WITHOUT_VALUE", "Record {record} holds a formula whose value was not saved.",
     "Have the workbook calculated and saved, or the values pasted in place of formulas."),
    ("BAD_TEXT", "Record {record} holds a NUL or half a character.", _REPAIR),
    # Header.
    ("HEADER_EMPTY", "Its first line holds no column names.", _REPAIR),
    ("HEADER_DUPLICATE_COLUMN", "Its header names a column twice: {detail}.", _REPAIR),
    ("HEADER_BAD_NAME", "The name of column {found} is longer than 256 characters or not plain "
     "text.", "Have it written without line breaks and other control characters."),
    ("TOO_MANY_COLUMNS", "It has {found} columns; {expected} are the most there may be.",
     "Have the columns that are data written as rows."),
    ("HEADER_MISSING_COLUMN", "Its header lacks columns that the mapping needs: {detail}.",
     "Have the columns added, or correct the mapping (names must be equal to the letter)."),
    # Records.
    ("REPEATED_HEADER", "Record {record} is the header again.", _REPAIR),
    ("RAGGED_ROW", "Record {record} does not have {expected} fields.", _REPAIR),
    ("UNBALANCED_QUOTE", "A quote opens in record {record} and does not close where it should.",
     "Have the quotes repaired; set `multiline: true` only if fields may hold line breaks."),
    ("STRAY_QUOTE", "Record {record} has a quote inside a field that is not quoted.",
     "Have fields that hold a quote written as \"...\", each quote inside doubled."),
    ("BARE_CARRIAGE_RETURN", "Record {record} holds a carriage return without a line feed.",
     "Have the file written with LF or CRLF line ends."),
    ("FIELD_TOO_LONG", "Record {record} has a field longer than {detail}.", _REPAIR),
    # Lines of JSON.
    ("LINE_TOO_LONG", "Record {record} is a line longer than {detail}.", _REPAIR),
    ("JSON_NOT_OBJECT", "Record {record} is not a JSON object.",
     "Have one object written per line, and no empty lines."),
    ("JSON_SYNTAX", "Record {record} is not JSON: see its character {position}.", _REPAIR),
    ("JSON_DUPLICATE_KEY", "Record {record} has a key twice.", _REPAIR),
    ("JSON_NOT_FINITE", "Record {record} holds NaN or Infinity, which are no numbers.", _REPAIR),
    ("JSON_BAD_TEXT", "Record {record} holds a NUL or half a character, written as an escape.",
     _REPAIR),
    ("JSON_BAD_KEY", "Record {record} has a key that is empty, longer than 256 characters or not "
     "plain text.", _REPAIR),
    ("JSON_TOO_DEEP", "Record {record} nests objects or lists deeper than {detail} levels.",
     _REPAIR),
    ("JSON_TOO_MANY_KEYS", "With record {record} it has more than {detail} different keys: its "
     "keys are data.", "Have the data written as values."),
    ("JSON_MIXED_KEY", "The key {detail} holds a value in record {record} and an object in "
     "record {found}.", _REPAIR),
    ("TOO_MANY_BAD_ROWS", "{rejected} of its {records} rows were refused.",
     "See `loyalty rejects`; correct the mapping or have the file repaired."),
)  # fmt: skip

_ROW_REASONS = (
    # The text of a cell.
    ("NOT_A_NUMBER", "{column} is not a plain decimal number.",
     "No signs of currency, thousands marks or exponents; check `decimal_mark`."),
    ("TOO_MANY_DECIMALS", "{column} has more decimals than the contract keeps.",
     "Round at the source: the warehouse never rounds what it is given."),
    ("NOT_AN_INTEGER", "{column} is not a whole number.", "Correct it at the source."),
    ("OUT_OF_RANGE", "{column} is smaller or larger than the contract allows.",
     "Correct it at the source; look for a wrong sign or unit."),
    ("NOT_A_FLAG", "{column} is neither yes nor no.", "Map its values to true and false."),
    ("NOT_A_DATE", "{column} is not a day of the calendar in the declared form.",
     "Correct `parse` in the mapping."),
    ("NOT_AN_INSTANT", "{column} is not a point in time in the declared form.",
     "Correct `parse` in the mapping."),
    ("AMBIGUOUS_TIME", "{column} happens twice: the clocks were set back.",
     "Have the export write the UTC offset."),
    ("NONEXISTENT_TIME", "{column} never happened: the clocks were set forward.",
     "Correct `time_zone` in the mapping, or have the export write the UTC offset."),
    ("FUTURE_DATE", "{column} is more than a day after the business day of the delivery.",
     "Correct the clock or the date at the source."),
    ("UNKNOWN_CODE", "{column} holds a code that is not known.",
     "Add the code to `map`, or say what happens to others in `on_unknown`."),
    ("BAD_FORMAT", "{column} does not have the form the contract asks for.",
     "Correct it at the source or with `ops` in the mapping."),
    ("REQUIRED_MISSING", "{column} is empty, but the contract needs it.",
     "Fill it at the source, or give a `default` in the mapping."),
    ("LOST_DIGITS", "{column} is a number in short, its last digits are gone.",
     "Have ids exported as text; in a workbook, format the column as text before it is filled."),
    ("SPREADSHEET_ERROR", "{column} holds the error of a spreadsheet's formula.",
     "Correct the formula, or have the values exported."),
    # The row among others.
    ("DUPLICATE_KEY", "The same key occurs with different contents and nothing says which wins.",
     "Have one row per key delivered, or map `updated_at`."),
    ("SPLIT_DOCUMENT", "Rows of one document are not delivered together.",
     "Have each document delivered whole, its rows one after the other."),
    ("SIBLING_REJECTED", "Another row of the same document was refused.",
     "Correct that row; a document is taken whole or not at all."),
)  # fmt: skip

REASONS: dict[str, Reason] = {
    **{code: Reason(code, "file", message, todo) for code, message, todo in _FILE_REASONS},
    **{code: Reason(code, "row", message, todo) for code, message, todo in _ROW_REASONS},
}


def rule_code(rule: str) -> str:
    """Return the code of a row rule of the contract: ``score_on_scale`` -> ``RULE_SCORE_...``."""
    return RULE_PREFIX + re.sub(r"[^0-9A-Z]+", "_", rule.upper()).strip("_")


def reason(code: str) -> Reason:
    """Return the reason of a code; every ``RULE_<name>`` is known.

    Raises:
        LoyaltyError: The code is not in the table.
    """
    if code in REASONS:
        return REASONS[code]
    if re.fullmatch(RULE_PREFIX + "[0-9A-Z_]+", code):
        name = code.removeprefix(RULE_PREFIX).lower()
        message = f"The row breaks the rule {name} of the contract."
        return Reason(code, "row", message, "Read the rule in etl/contract; correct the source.")
    raise LoyaltyError(
        f"{code!r} is not a reason code.", where="etl/reasons.py", todo="Add it to the table."
    )


def file_rejected(code: str, where: str, **details: object) -> FileRejected:
    """Return the exception that refuses a file, its message filled in.

    Args:
        code: A file code of :data:`REASONS`.
        where: The file, as the user knows it.
        details: The fields of the message template.
    """
    found = reason(code)
    return FileRejected(
        found.message.format(**details), where=where, todo=found.todo, code=found.code
    )
