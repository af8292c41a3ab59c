"""What a mapping YAML says, as frozen values: checked once, then trusted by everything after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal, cast

from etl.contract import TABLES, Table
from etl.contract.columns import Pii
from etl.contract.table import DELETED
from etl.errors import UsageError
from etl.mapping.column import Column, Condition

Mode = Literal["incremental", "full", "history"]
Per = Literal["row", "document"]
Format = Literal["csv", "jsonl", "parquet", "xlsx"]
# Tests of a ``when`` that an empty cell cannot pass.
_OF_A_VALUE = ("filled", "in", "above")


@dataclass(frozen=True)
class Target:
    """One contract table fed by an export.

    Args:
        table: Name of the contract table.
        per: One contract row per source ``row`` or per ``document``.
        columns: Mapped columns, in the order of the contract.
        when: Which source rows the target takes; all of them when empty.
    """

    table: str
    per: Per
    columns: tuple[Column, ...]
    when: tuple[Condition, ...] = ()

    @property
    def contract(self) -> Table:
        """The contract table itself."""
        return TABLES[self.table]

    @property
    def pii(self) -> dict[str, Pii]:
        """Personal columns and what they hold, the contract's and those of this mapping."""
        own = {column.name: column.token for column in self.columns if column.token}
        return {**cast("dict[str, Pii]", self.contract.pii), **own}

    def column(self, name: str) -> Column | None:
        """Return the mapped column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition of the target and its columns."""
        return (*self.when, *(c for column in self.columns for c in column.conditions))

    def blocked_by(self, absent: set[str]) -> set[str]:
        """Return the absent source columns without which no row of the target can be made."""
        if any(c.source in absent and c.test in _OF_A_VALUE for c in self.when):
            return set()  # it takes no row of such a file
        blocking = [_blocking(self.contract, column, absent) for column in self.columns]
        return set().union(*blocking)


@dataclass(frozen=True)
class Grain:
    """Which rows of an export belong together.

    Args:
        key: Source columns that name the document, by the first of them that is filled; its rows
            follow each other in the file.
        forward_fill: Source columns that only the first rows of a document fill. The columns of
            a key of several are among them.
    """

    key: tuple[str, ...]
    forward_fill: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The key in messages."""
        return ", ".join(self.key)


@dataclass(frozen=True)
class Export:
    """One kind of file that a system delivers.

    Args:
        name: For messages and status.
        system: ``source_system`` of all its rows.
        files: Pattern on the file name (``*``, ``?`` and ``[...]``).
        business_day: Regex with one group on the file name; empty when only a manifest tells.
        mode: How a file relates to the earlier ones, unless its manifest says otherwise.
        expected: ``daily`` when a business day is incomplete without it.
        format: csv; jsonl: one JSON object per line, nested keys joined by a point; parquet; xlsx.
        sheet: Sheet of a workbook; empty when it has only one.
        delimiter: One character between two fields.
        encoding: utf-8, utf-16, gb18030 or latin-1; ``auto`` for what a byte order mark says.
        time_zone: IANA zone of instants that carry no offset.
        null_tokens: Delivered texts that mean null; the empty text always does.
        decimal_mark: ``.`` or ``,``.
        multiline: Whether a quoted field may hold line breaks.
        keep: Unmapped source columns that are kept in ``extra_json``.
        known_from: Contract columns that tell since when a row of a history file was known.
        grain: How rows form documents; null when every row stands alone.
        targets: Contract tables fed, in the order written; a table may stand there twice.
        fingerprint: 16 hex digits that change when the meaning of this export changes.
    """

    name: str
    system: str
    files: str
    business_day: str
    mode: Mode
    expected: Literal["daily", "optional"]
    format: Format
    sheet: str
    delimiter: str
    encoding: str
    time_zone: str
    null_tokens: tuple[str, ...]
    decimal_mark: str
    multiline: bool
    keep: tuple[str, ...]
    known_from: tuple[str, ...]
    grain: Grain | None
    targets: tuple[Target, ...]
    fingerprint: str

    @property
    def feed(self) -> str:
        """``crm`` if the export feeds CRM tables only, else ``orders``."""
        only_crm = all(target.contract.feed == "crm" for target in self.targets)
        return "crm" if only_crm else "orders"

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the contract tables fed, each once."""
        return tuple(dict.fromkeys(target.table for target in self.targets))

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Every source column the mapping names, sorted."""
        grain = (*self.grain.key, *self.grain.forward_fill) if self.grain else ()
        mapped = (n for t in self.targets for c in t.columns for n in c.needs)
        asked = (c.source for t in self.targets for c in t.conditions)
        return tuple(sorted({*grain, *mapped, *asked, *self.keep}))

    def matches(self, file_name: str) -> bool:
        """Tell whether a file of this name is one of this export's."""
        return fnmatchcase(file_name, self.files)

    def missing_columns(self, header: tuple[str, ...]) -> tuple[str, ...]:
        """Return the source columns that are missing though the contract needs them, sorted.

        A column of an export may be absent as long as no required contract column, and no
        document key, depends on it.
        """
        absent = set(self.source_columns) - set(header)
        key = set(self.grain.key) if self.grain else set()
        missing = key if key <= absent else set()
        return tuple(sorted(missing.union(*(target.blocked_by(absent) for target in self.targets))))


def _blocking(table: Table, column: Column, absent: set[str]) -> set[str]:
    """Absent source columns that leave a required contract column without any value."""
    if column.name == DELETED or table.schema.columns()[column.name].nullable:
        return set()
    blocked = [_blocking_way(way, absent) for way in column.ways]
    return set().union(*blocked) if all(blocked) else set()


def _blocking_way(way: Column, absent: set[str]) -> set[str]:
    if way.default is not None:
        return set()
    one_is_enough = {*way.sources, *way.plus, *way.minus}
    if one_is_enough:
        return one_is_enough if one_is_enough <= absent else set()
    return set(way.needs) & absent


@dataclass(frozen=True)
class Mapping:
    """One mapping file: all exports of one source system.

    Args:
        system: ``source_system`` of all rows.
        business_time_zone: IANA zone that derives every business date.
        history_starts_on: First day the source's history covers; null when it is complete.
        generated: True marks made-up data.
        exports: The kinds of file it delivers, in the order written.
        fingerprint: 16 hex digits that change when the meaning of any export changes.
    """

    system: str
    business_time_zone: str
    history_starts_on: date | None
    generated: bool
    exports: tuple[Export, ...]
    fingerprint: str

    def export(self, name: str) -> Export:
        """Return the export of that name.

        Raises:
            UsageError: The mapping has none of that name.
        """
        for export in self.exports:
            if export.name == name:
                return export
        raise UsageError(
            f"The mapping of {self.system!r} has no export {name!r}.",
            where="--mappings",
            todo=f"It has {', '.join(export.name for export in self.exports)}: name one as before.",
        )
