"""Tables that are no CSV files, written as one: the records of JSON, Parquet and workbooks.

What is written here passes the same checks as a delivered CSV file, so that nothing after the gate
knows the difference. Every cell is text; a number is never rounded on the way.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from etl.ingest.reasons import file_rejected

MAX_COLUMNS = 1_000  # more than this are data
PLAIN_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,256}")
NOT_TEXT = re.compile("[\0\ud800-\udfff]")
# A decimal of so many digits is the only one that its float stands for; with one more, several
# decimals may share it.
DOUBLE_DIGITS = 15
SINGLE_DIGITS = 6
# In front of a number whose digits are not known for sure. No cast takes it, no operation repairs
# it, and an id that begins with it is refused.
INEXACT = "~"
_MOST_DECIMALS = 12  # what the finest column of the contract keeps


def csv_bytes(rows: Sequence[Sequence[str]], quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    """Write records as CSV; fields with a line break of any kind are quoted."""
    text = io.StringIO()
    csv.writer(text, quoting=quoting).writerows(rows)
    return text.getvalue().encode()


def header_bytes(names: Sequence[str], where: str) -> bytes:
    """Write the names of columns as a header.

    In quotes: a record that holds the names of its columns is not the header again.

    Raises:
        FileRejected: TOO_MANY_COLUMNS or HEADER_BAD_NAME.
    """
    if len(names) > MAX_COLUMNS:
        raise file_rejected(
            "TOO_MANY_COLUMNS", where, found=f"{len(names):,}", expected=f"{MAX_COLUMNS:,}"
        )
    for position, name in enumerate(names, start=1):
        if name and not PLAIN_NAME.fullmatch(name):
            raise file_rejected("HEADER_BAD_NAME", where, found=position)
    return csv_bytes([names], csv.QUOTE_ALL)


def float_text(shortest: str, digits: int = DOUBLE_DIGITS) -> str:
    """Write a binary float as the decimal number it was made from, or so that no cast takes it.

    Args:
        shortest: The shortest decimal text that reads back as the same float, as Python's repr.
        digits: Decimal digits that a float of this kind keeps for sure.

    Returns:
        The plain decimal, where it has no more digits than a float keeps. Otherwise two decimals
        may stand behind the float: with more decimals than any column of the contract takes it is
        written plainly, else in scientific notation behind INEXACT. NaN and infinities stay.
    """
    number = Decimal(shortest)
    if not number.is_finite():
        return shortest
    if not number:
        return "0"
    number = number.normalize()
    figures, exponent = number.as_tuple()[1:]
    is_exact = len(figures) <= digits and number.adjusted() < digits
    if is_exact or -int(exponent) > _MOST_DECIMALS:
        return f"{number:f}"
    return f"{INEXACT}{number:E}"
