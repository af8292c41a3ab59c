"""A mapping against the contract: every table, column and value it names must exist and fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from etl.contract import TABLES
from etl.mapping.build import build
from etl.mapping.casts import TIMES
from etl.mapping.check_column import check_column, check_when
from etl.mapping.model import Export, Target
from etl.mapping.source import Problem, YamlPath
from etl.mapping.words import did_you_mean


def check(values: dict[str, Any]) -> list[Problem]:
    """Return every mistake of a mapping whose form is right.

    Args:
        values: Content of a mapping file that passed the JSON Schema.
    """
    problems = [*_check_frame(values)]
    for name, export in values["exports"].items():
        problems += _check_names(("exports", name), export)
    if problems:
        return problems
    exports = build(values).exports
    problems = [*_check_file_patterns(exports)]
    for export in exports:
        problems += _check_export(export)
    return problems


def _check_frame(values: dict[str, Any]) -> Iterator[Problem]:
    yield from _check_zone(("business_time_zone",), values["business_time_zone"])
    try:
        date.fromisoformat(values.get("history_starts_on", "1900-01-01"))
    except ValueError:
        message = f"{values['history_starts_on']!r} is not a day. Expected YYYY-MM-DD."
        yield Problem(("history_starts_on",), message)


def _check_names(path: YamlPath, export: dict[str, Any]) -> Iterator[Problem]:
    """Check the names without which nothing can be built."""
    yield from _check_zone((*path, "time_zone"), export.get("time_zone", "UTC"))
    yield from _check_format(path, export)
    for table, targets in export["targets"].items():
        here = (*path, "targets", table)
        if table not in TABLES:
            yield Problem(here, f"The contract has no such table{did_you_mean(table, TABLES)}")
            continue
        known = TABLES[table].mappable
        for place, target in _places(here, targets):
            for column, specs in target["columns"].items():
                there = (*place, "columns", column)
                if column not in known:
                    yield Problem(there, f"{table} has no such column{did_you_mean(column, known)}")
                    continue
                for way, spec in _places(there, specs):
                    yield from _check_cast((*way, "cast"), spec, TABLES[table].kind(column))


def _check_cast(path: YamlPath, spec: dict[str, Any], kind: str) -> Iterator[Problem]:
    if spec.get("cast", kind) != kind:
        message = f"The contract says {kind}, not {spec['cast']}. Write {kind}, or nothing."
        yield Problem(path, message)


def _places(path: YamlPath, value: Any) -> Iterator[tuple[YamlPath, Any]]:
    """Yield each entry of a list with its path, or the value itself."""
    if isinstance(value, list):
        yield from (((*path, n), entry) for n, entry in enumerate(value))
    else:
        yield path, value


def _check_format(path: YamlPath, export: dict[str, Any]) -> Iterator[Problem]:
    """Only a CSV file leaves anything to say about its bytes, and only a workbook has sheets."""
    form = export.get("format", "csv")
    if form != "csv":
        for word in ("delimiter", "encoding", "multiline"):
            if word in export:
                message = f"{word!r} is a word for CSV; {form} files need none. Leave it out."
                yield Problem((*path, word), message)
    if form != "xlsx" and "sheet" in export:
        yield Problem((*path, "sheet"), "'sheet' is a word for 'format: xlsx'. Leave it out.")


def _check_zone(path: YamlPath, zone: str) -> Iterator[Problem]:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        message = f"{zone!r} is not a time zone. Expected an IANA name like Europe/Berlin."
        yield Problem(path, message)


def _check_file_patterns(exports: tuple[Export, ...]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for export in exports:
        if export.files in seen:
            message = (
                f"The export {seen[export.files]!r} has the same pattern; a file has one export."
            )
            yield Problem(("exports", export.name, "files"), message)
        seen[export.files] = export.name


def _check_export(export: Export) -> Iterator[Problem]:
    path: YamlPath = ("exports", export.name)
    yield from _check_business_day((*path, "business_day"), export.business_day)
    yield from _check_known_from(path, export)
    if (
        export.grain
        and len(export.grain.key) == 1
        and export.grain.key[0] in (export.grain.forward_fill)
    ):
        message = f"{export.grain.label!r} is the key: it must be filled on every row."
        yield Problem((*path, "grain", "forward_fill"), message)
    for here, target in _target_places((*path, "targets"), export):
        yield from _check_target(here, target, export)
        yield from check_when((*here, "when"), target.when, target, export)
        for column in target.columns:
            there = (*here, "columns", column.name)
            for problem in check_column(target, column, export):
                yield Problem((*there, *problem.path), problem.message)


def _target_places(path: YamlPath, export: Export) -> Iterator[tuple[YamlPath, Target]]:
    """Yield the targets with their paths; those of a table that has several are numbered."""
    for table in export.tables:
        targets = [target for target in export.targets if target.table == table]
        for nth, target in enumerate(targets):
            yield (*path, table, nth) if len(targets) > 1 else (*path, table), target


def _check_business_day(path: YamlPath, pattern: str) -> Iterator[Problem]:
    if not pattern:
        return
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        yield Problem(path, f"{pattern!r} is not a regular expression: {error}.")
        return
    if groups != 1:
        yield Problem(path, f"Expected one group in parentheses around the day, found {groups}.")


def _check_known_from(path: YamlPath, export: Export) -> Iterator[Problem]:
    times = {
        column.name
        for target in export.targets
        for column in target.columns
        if target.contract.kind(column.name) in TIMES
        and all(way.op != "known_on" for way in column.ways)
    }
    for position, name in enumerate(export.known_from):
        if name not in times:
            message = f"{name!r} is no day or instant that a target maps{did_you_mean(name, times)}"
            yield Problem((*path, "known_from", position), message)


def _check_target(path: YamlPath, target: Target, export: Export) -> Iterator[Problem]:
    if target.per == "document" and export.grain is None:
        yield Problem((*path, "per"), "'document' needs the export's 'grain', which is missing.")
    columns = target.contract.schema.columns()
    for name, column in columns.items():
        if not column.nullable and target.column(name) is None:
            message = f"{target.table}.{name} is required by the contract, but is not mapped."
            yield Problem((*path, "columns"), message)
