"""What the words of a mapping do: column specs as Polars expressions over an all-text frame.

The frame holds the source columns as text, null where the export says null (:func:`cleaned`), and
beside them :data:`ROW`, :data:`DOCUMENT` and, for ``occurrence``, :func:`count_name`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import reduce

import polars as pl

from etl.mapping.casts import Cast, plain_number
from etl.mapping.column import Column, Op
from etl.mapping.model import Export

# Names of our own columns hold a NUL: the gate lets none through, so no export can have them.
ROW = "\0row"
DOCUMENT = "\0document"
# Between the entries of a list in a text column of the contract.
LIST_SEPARATOR = ";"
_HASH_DIGITS = 32
# Operations that cannot make something of every text. Such a text keeps the mark in front.
REFUSING = frozenset({"salesforce_id"})
_REFUSED = "\0"
# Two digits: a number with a longer exponent has no place in the contract, but could fill memory.
_EXPONENT = r"^-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,2}$"
_CHECK_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def cleaned(name: str, null_tokens: Iterable[str]) -> pl.Expr:
    """Return a source column with its null tokens and empty texts as null."""
    tokens = dict.fromkeys(("", *null_tokens))
    return pl.col(name).replace(list(tokens), [None] * len(tokens))


def filled(export: Export) -> list[pl.Expr]:
    """Return the forward fills of an export, each within its document."""
    names = export.grain.forward_fill if export.grain else ()
    return [pl.col(name).forward_fill().over(DOCUMENT) for name in names]


def delivered(column: Column, decimal_mark: str = ".") -> pl.Expr:
    """Return the text a column starts from, before any of its operations."""
    if column.const is not None:
        return pl.lit(column.const)
    if column.plus:
        return _total(column, decimal_mark)
    if column.template is not None:
        return _from_template(column.template, {name: pl.col(name) for name in column.needs})
    if column.op == "row_number":
        return pl.int_range(1, pl.len() + 1).over(DOCUMENT).cast(pl.String())
    if column.op == "occurrence":
        return _occurrence(column)
    return pl.coalesce([pl.col(name) for name in column.sources])


def operated(text: pl.Expr, column: Column) -> pl.Expr:
    """Return the text after ``ops``; an empty text is null."""
    for op in column.ops:
        text = _OPS[op.name](text, op)
    return pl.when(text != "").then(text) if column.ops else text


def mapped(text: pl.Expr, column: Column) -> pl.Expr:
    """Return the text after ``map``, ``on_unknown`` and ``default``.

    A text that the map does not list and ``on_unknown`` rejects becomes null here;
    :func:`is_unknown` tells it from a text that was null.
    """
    if may_refuse(column):
        text = pl.when(~is_refused(text, column)).then(text)
    if column.value_map is not None:
        text = _translated(text, column)
    return text.fill_null(column.default) if column.default is not None else text


def is_unknown(text: pl.Expr, column: Column) -> pl.Expr:
    """Tell which texts (after ``ops``) the map does not list though ``on_unknown`` rejects."""
    if column.value_map is None or column.on_unknown != "reject":
        return pl.lit(value=False)
    listed = [delivered_text for delivered_text, _ in column.value_map]
    return text.is_not_null() & ~text.is_in(listed)


def is_refused(text: pl.Expr, column: Column) -> pl.Expr:
    """Tell which texts (after ``ops``) an operation could make nothing of."""
    return text.str.starts_with(_REFUSED) if may_refuse(column) else pl.lit(value=False)


def as_delivered(text: pl.Expr) -> pl.Expr:
    """Return a refused text as the operation found it."""
    return text.str.strip_prefix(_REFUSED)


def may_refuse(column: Column) -> bool:
    """Tell whether an operation of the column cannot make something of every text."""
    return any(op.name in REFUSING for op in column.ops)


def cast_of(column: Column, kind: str, export: Export) -> Cast:
    """Return how the text of a column becomes a value of its kind.

    A constant is written in the mapping and not in the export, so its decimal mark is a point.
    """
    return Cast(
        kind,
        column.parse,
        export.time_zone,
        export.decimal_mark if column.const is None else ".",
        column.shift_days,
        column.negate,
    )


def count_name(of: tuple[str, ...]) -> str:
    """Return the name of the column that counts the rows so far with the same values of ``of``."""
    return "\0count\0" + "\0".join(of)


def _occurrence(column: Column) -> pl.Expr:
    """Fill the format; null when one of the counted columns is null."""
    count = pl.col(count_name(column.of)).cast(pl.String())
    complete = pl.all_horizontal(pl.col(column.of).is_not_null())
    cells = {name: pl.col(name) for name in column.of}
    return pl.when(complete).then(_from_template(column.format, {**cells, "n": count}))


def _from_template(template: str, cells: dict[str, pl.Expr]) -> pl.Expr:
    """Put cells in the place of their names in braces; null when one of them is."""
    pieces = [piece for piece in re.split(r"(\{[^{}]*\})", template) if piece]
    return pl.concat_str(
        [cells[p[1:-1]] if p.startswith("{") else pl.lit(p) for p in pieces], ignore_nulls=False
    )


def _total(column: Column, decimal_mark: str) -> pl.Expr:
    """Add and subtract cells and write the result as an export would; no cells give null.

    A cell that is no number takes the place of the result, so that the cast names it.
    """
    cells = [*column.plus, *column.minus]
    numbers = [plain_number(pl.col(name), decimal_mark) for name in cells]
    signed = [n if name in column.plus else -n for name, n in zip(cells, numbers, strict=True)]
    total = reduce(pl.Expr.add, [n.fill_null(0) for n in signed]).cast(pl.String())
    short = total.str.replace(r"\.?0+$", "").str.replace(".", decimal_mark, literal=True)
    some = pl.any_horizontal(pl.col(cells).is_not_null())
    bad = [pl.when(n.is_null()).then(pl.col(name)) for name, n in zip(cells, numbers, strict=True)]
    return pl.coalesce(*bad, pl.when(some).then(short))


def _translated(text: pl.Expr, column: Column) -> pl.Expr:
    unknown = pl.lit(column.unknown_const, dtype=pl.String())
    return (
        pl.when(text.is_null())
        .then(None)
        .otherwise(
            text.replace_strict(
                dict(column.value_map or ()), default=unknown, return_dtype=pl.String()
            )
        )
    )


def _split_list(text: pl.Expr, op: Op) -> pl.Expr:
    entries = text.str.split(op.separator)
    if op.take == "all":
        return entries.list.eval(pl.element().str.strip_chars()).list.join(LIST_SEPARATOR)
    return entries.list.first() if op.take == "first" else entries.list.last()


def _expand_exponent(text: pl.Expr, _: Op) -> pl.Expr:
    """Write ``3.5E8`` as ``350000000``, digit by digit: no float takes part, so nothing is lost."""

    def expanded(series: pl.Series) -> pl.Series:
        return pl.Series([f"{Decimal(value):f}" for value in series], dtype=pl.String())

    has_one = text.str.contains(_EXPONENT)
    return pl.when(has_one).then(
        pl.when(has_one).then(text).otherwise(pl.lit("0"))
        .map_batches(expanded, return_dtype=pl.String())
    ).otherwise(text)  # fmt: skip


def _salesforce_id(text: pl.Expr, _: Op) -> pl.Expr:
    """Bring an id of 15 characters to the 18 that are unique without regard to case.

    The three characters more say which of the first fifteen are capitals, five bits each. An id of
    18 whose check does not fit has lost its case on the way: which record it means is unknown.
    """
    stem = text.str.slice(0, 15)
    whole = pl.concat_str(stem, *(_check_digit(stem.str.slice(at, 5)) for at in (0, 5, 10)))
    is_id = text.str.contains("^[0-9A-Za-z]{15}$") | (text == whole)
    return pl.when(is_id).then(whole).otherwise(_REFUSED + text)


def _check_digit(chunk: pl.Expr) -> pl.Expr:
    bits = (
        chunk.str.slice(position, 1).str.contains("[A-Z]").cast(pl.Int64()) * 2**position
        for position in range(5)
    )
    digits = dict(enumerate(_CHECK_DIGITS))
    return pl.sum_horizontal(bits).replace_strict(digits, return_dtype=pl.String())


def _hashed(text: pl.Expr, _: Op) -> pl.Expr:
    def digest(series: pl.Series) -> pl.Series:
        return pl.Series(
            [v if v is None else hashlib.sha256(v.encode()).hexdigest()[:_HASH_DIGITS]
             for v in series.to_list()],
            dtype=pl.String(),
        )  # fmt: skip

    return text.map_batches(digest, return_dtype=pl.String())


_OPS: dict[str, Callable[[pl.Expr, Op], pl.Expr]] = {
    "strip": lambda text, _: text.str.strip_chars(),
    "lower": lambda text, _: text.str.to_lowercase(),
    "upper": lambda text, _: text.str.to_uppercase(),
    # Spreadsheets keep leading zeros and plus signs by an apostrophe in front.
    "strip_apostrophe": lambda text, _: text.str.strip_prefix("'"),
    "digits_only": lambda text, _: text.str.replace_all("[^0-9]", ""),
    "split_list": _split_list,
    "hash": _hashed,
    "salesforce_id": _salesforce_id,
    "expand_exponent": _expand_exponent,
}
