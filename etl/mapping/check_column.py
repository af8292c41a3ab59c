"""One column of a mapping against the contract's column of that name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from etl.mapping.casts import NUMBERS, TIMES, typed
from etl.mapping.model import Column, Export, Target
from etl.mapping.operations import REFUSING, cast_of
from etl.mapping.source import Problem
from etl.mapping.words import did_you_mean


def check_column(target: Target, column: Column, export: Export) -> Iterator[Problem]:
    """Return every mistake of one column; paths are relative to the column.

    Args:
        target: The target it is part of.
        column: The column as mapped.
        export: The export of the target.
    """
    kind = target.contract.kind(column.name)
    yield from _check_steps(column, kind)
    yield from _check_op(column, export)
    yield from _check_aggregate(target, column, kind)
    yield from _check_texts(target, column, export)


def _check_steps(column: Column, kind: str) -> Iterator[Problem]:
    if kind not in TIMES:
        for word, given in (("parse", column.parse), ("shift_days", column.shift_days)):
            if given:
                yield Problem((word,), f"Only a day or an instant has this; the kind is {kind}.")
    if column.negate and kind not in NUMBERS:
        yield Problem(("negate",), f"Only a number has a sign; the kind is {kind}.")
    if column.token and kind != "text":
        yield Problem(("token",), f"Only a text can be replaced by a token; the kind is {kind}.")
    if column.token and (column.const is not None or column.value_map or column.default):
        yield Problem(("token",), "A text that the mapping itself brings in is no personal value.")
    if any(op.name in REFUSING for op in column.ops[:-1]):
        yield Problem(("ops",), "An operation that may refuse a text must be the last one.")
    if column.const is not None and (column.ops or column.value_map or column.default is not None):
        yield Problem(("const",), "A constant takes no ops, map or default; write the result.")


def _check_op(column: Column, export: Export) -> Iterator[Problem]:
    if column.op == "row_number" and export.grain is None:
        yield Problem(("op",), "'row_number' counts within the export's 'grain', which is missing.")
    if column.op == "occurrence" and not column.of:
        yield Problem(("op",), "'occurrence' needs 'of': the columns whose values it counts.")
    if column.op != "occurrence" and (column.of or column.format != "{n}"):
        yield Problem(("of",) if column.of else ("format",), "Only 'op: occurrence' has this.")
    if column.op == "occurrence":
        yield from _check_format(column)


def _check_format(column: Column) -> Iterator[Problem]:
    names = re.findall(r"\{([^{}]*)\}", column.format)
    known = {*column.of, "n"}
    for name in names:
        if name not in known:
            message = f"{{{name}}} is neither in 'of' nor the count{did_you_mean(name, known)}"
            yield Problem(("format",), message)
    if "n" not in names:
        yield Problem(("format",), "Without {n} two rows with the same values look the same.")


def _check_aggregate(target: Target, column: Column, kind: str) -> Iterator[Problem]:
    if column.aggregate == "first":
        return
    if target.per != "document":
        yield Problem(("aggregate",), "Only a target with 'per: document' has several rows to use.")
    if kind not in NUMBERS:
        message = f"{column.aggregate!r} gives a number; the contract says {kind}."
        yield Problem(("aggregate",), message)
    if column.const is not None or column.op is not None:
        yield Problem(("aggregate",), "Only source columns can be aggregated.")


def _check_texts(target: Target, column: Column, export: Export) -> Iterator[Problem]:
    """Check that every text the mapping itself brings in is one the contract accepts."""
    for path, text in _own_texts(column):
        message = _unfit(target, column, export, text)
        if message:
            yield Problem(path, message)


def _own_texts(column: Column) -> Iterator[tuple[tuple[str, ...], str]]:
    if column.const is not None:
        yield ("const",), column.const
    if column.default is not None:
        yield ("default",), column.default
    if column.unknown_const is not None:
        yield ("on_unknown", "const"), column.unknown_const
    for delivered, text in column.value_map or ():
        yield ("map", delivered), text


def _unfit(target: Target, column: Column, export: Export, text: str) -> str:
    """Say why the contract would refuse a text; empty when it would not."""
    kind = target.contract.kind(column.name)
    if kind != "text":
        cast = cast_of(column, kind, export)
        frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String()})
        value = frame.select(typed(pl.col("text"), cast)).item()
        form = f" in the form {column.parse}" if column.parse else ""
        return "" if value is not None else f"{text!r} cannot be read as {kind}{form}."
    contract = target.contract.schema.columns()[column.name]
    allowed: tuple[str, ...] = (contract.metadata or {}).get("one_of", ())
    if allowed and text not in allowed:
        return f"{text!r} is not allowed here{did_you_mean(text, allowed)}"
    regex = getattr(contract, "regex", None)
    if regex and not re.search(regex, text):
        return f"{text!r} does not have the form {regex}."
    return "" if text else "An empty text means null; leave it out."
