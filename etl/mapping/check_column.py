"""One column of a mapping against the contract's column of that name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from etl.mapping.casts import NUMBERS, TIMES, typed
from etl.mapping.column import Column, Condition
from etl.mapping.model import Export, Target
from etl.mapping.operations import REFUSING, cast_of
from etl.mapping.source import Problem, YamlPath
from etl.mapping.words import did_you_mean


def check_column(target: Target, column: Column, export: Export) -> Iterator[Problem]:
    """Return every mistake of one column; paths are relative to the column.

    Args:
        target: The target it is part of.
        column: The column as mapped.
        export: The export of the target.
    """
    for way, place in zip(column.ways, _way_places(column), strict=True):
        for problem in _check_way(target, way, export):
            yield Problem((*place, *problem.path), problem.message)
    yield from _check_choices(column)


def check_when(
    path: YamlPath, when: tuple[Condition, ...], target: Target, export: Export
) -> Iterator[Problem]:
    """Return every mistake of a condition.

    Text that is no number must not make a row disappear, so what ``above`` looks at must also be
    read by a column of the target, which then refuses it.
    """
    read = {name for column in target.columns for name in column.needs}
    for condition in when:
        if condition.test == "above" and condition.source not in read:
            message = (
                f"No column of this target reads {condition.source!r}, so text that is no number"
                " would go unnoticed. Map it, or use filled, empty, in or not_in."
            )
            yield Problem((*path, condition.source), message)
        lost = set(condition.values) & {"", *export.null_tokens}
        if condition.test in ("in", "not_in") and lost:
            message = f"{sorted(lost)} mean null in this export; use filled or empty."
            yield Problem((*path, condition.source), message)


def _way_places(column: Column) -> list[YamlPath]:
    return [(n,) for n in range(len(column.choices))] if column.choices else [()]


def _check_way(target: Target, way: Column, export: Export) -> Iterator[Problem]:
    kind = target.contract.kind(way.name)
    yield from _check_steps(way, kind)
    yield from _check_sources(way, kind)
    yield from _check_op(way, export)
    yield from _check_aggregate(target, way, kind)
    yield from check_when(("when",), way.when, target, export)
    yield from _check_texts(target, way, export)


def _check_choices(column: Column) -> Iterator[Problem]:
    """Check that every way of a list can be reached, and that they end in one value."""
    for n, way in enumerate(column.choices):
        if not way.when and n < len(column.choices) - 1:
            yield Problem((n,), "Without 'when' no way below this one is ever taken.")
        for word in ("aggregate", "token"):
            if getattr(way, word) != getattr(column, word):
                yield Problem((n,), f"All ways of a column say the same of {word!r}.")


def _check_sources(column: Column, kind: str) -> Iterator[Problem]:
    if column.plus and kind not in NUMBERS:
        yield Problem(("add",), f"Only numbers can be added; the kind is {kind}.")
    if column.op == "known_on" and kind not in TIMES:
        yield Problem(("op",), f"'known_on' gives a day or an instant; the kind is {kind}.")
    if column.op == "known_on" and (column.ops or column.value_map or column.default is not None):
        yield Problem(("op",), "'known_on' takes no ops, map or default.")


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
