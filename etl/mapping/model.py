"""What a mapping YAML says, as frozen values: checked once, then trusted by everything after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal, cast

from etl.contract import TABLES, Table
from etl.contract.columns import Pii
from etl.contract.table import DELETED

Mode = Literal["incremental", "full", "history"]
Per = Literal["row", "document"]
Aggregate = Literal["first", "sum", "count"]
Format = Literal["csv", "jsonl"]


@dataclass(frozen=True)
class Op:
    """One text operation of a column, in the order written.

    Args:
        name: strip, lower, upper, strip_apostrophe, digits_only, hash, salesforce_id or split_list.
        separator: Only of split_list: the text between two entries.
        take: Only of split_list: which entry stays, ``first`` or ``last``.
    """

    name: str
    separator: str = ""
    take: str = ""


@dataclass(frozen=True)
class Column:
    """How one contract column is made.

    Exactly one of ``sources``, ``const`` and ``op`` is set. The steps run in the order of the
    fields: source, ops, map, default, parse or cast, shift_days, negate, aggregate.

    Args:
        name: Contract column.
        sources: Source columns; the first that is not null is taken (``from`` is one of them).
        const: The same text for every row.
        op: ``row_number`` or ``occurrence``; their result is text, cast like any other.
        of: Columns whose equal values ``occurrence`` counts.
        format: Text of ``occurrence`` with ``{column}`` and ``{n}``.
        ops: Text operations.
        value_map: Delivered text and the text it becomes; null when the column has no map.
        on_unknown: ``reject``, ``null`` or ``const`` for a text the map does not list.
        unknown_const: The text taken when ``on_unknown`` is ``const``.
        default: Text taken when the value is null after the steps before.
        parse: strptime format of a day or an instant; null means ISO 8601.
        shift_days: Days added to a day or an instant.
        negate: Whether the sign of a number is turned.
        token: What a text column holds of a person though the contract does not say so: it is
            replaced by a token like the contract's own personal columns.
        aggregate: How the rows of a document become one value.
    """

    name: str
    sources: tuple[str, ...] = ()
    const: str | None = None
    op: Literal["row_number", "occurrence"] | None = None
    of: tuple[str, ...] = ()
    format: str = "{n}"
    ops: tuple[Op, ...] = ()
    value_map: tuple[tuple[str, str], ...] | None = None
    on_unknown: Literal["reject", "null", "const"] = "reject"
    unknown_const: str | None = None
    default: str | None = None
    parse: str | None = None
    shift_days: int = 0
    negate: bool = False
    token: Pii | None = None
    aggregate: Aggregate = "first"

    @property
    def needs(self) -> tuple[str, ...]:
        """Source columns without which nothing but the default can be said."""
        return (*self.sources, *self.of)


@dataclass(frozen=True)
class Target:
    """One contract table fed by an export.

    Args:
        table: Name of the contract table.
        per: One contract row per source ``row`` or per ``document``.
        columns: Mapped columns, in the order of the contract.
    """

    table: str
    per: Per
    columns: tuple[Column, ...]

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


@dataclass(frozen=True)
class Grain:
    """Which rows of an export belong together.

    Args:
        key: Source column that names the document; its rows follow each other in the file.
        forward_fill: Source columns that only the first rows of a document fill.
    """

    key: str
    forward_fill: tuple[str, ...] = ()


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
        format: csv, or jsonl: one JSON object per line, nested keys joined by a point.
        delimiter: One character between two fields.
        encoding: utf-8, utf-16, gb18030 or latin-1.
        time_zone: IANA zone of instants that carry no offset.
        null_tokens: Delivered texts that mean null; the empty text always does.
        decimal_mark: ``.`` or ``,``.
        multiline: Whether a quoted field may hold line breaks.
        keep: Unmapped source columns that are kept in ``extra_json``.
        known_from: Contract columns that tell since when a row of a history file was known.
        grain: How rows form documents; null when every row stands alone.
        targets: Contract tables fed, by name.
        fingerprint: 16 hex digits that change when the meaning of this export changes.
    """

    name: str
    system: str
    files: str
    business_day: str
    mode: Mode
    expected: Literal["daily", "optional"]
    format: Format
    delimiter: str
    encoding: str
    time_zone: str
    null_tokens: tuple[str, ...]
    decimal_mark: str
    multiline: bool
    keep: tuple[str, ...]
    known_from: tuple[str, ...]
    grain: Grain | None
    targets: dict[str, Target]
    fingerprint: str

    @property
    def feed(self) -> str:
        """``crm`` if the export feeds CRM tables only, else ``orders``."""
        only_crm = all(target.contract.feed == "crm" for target in self.targets.values())
        return "crm" if only_crm else "orders"

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Every source column the mapping names, sorted."""
        grain = (self.grain.key, *self.grain.forward_fill) if self.grain else ()
        mapped = (n for t in self.targets.values() for c in t.columns for n in c.needs)
        return tuple(sorted({*grain, *mapped, *self.keep}))

    def matches(self, file_name: str) -> bool:
        """Tell whether a file of this name is one of this export's."""
        return fnmatchcase(file_name, self.files)

    def missing_columns(self, header: tuple[str, ...]) -> tuple[str, ...]:
        """Return the source columns that are missing though the contract needs them, sorted.

        A column of an export may be absent as long as no required contract column, and no
        document key, depends on it.
        """
        absent = set(self.source_columns) - set(header)
        missing = {self.grain.key} & absent if self.grain else set()
        for target in self.targets.values():
            for column in target.columns:
                missing |= _blocking(target.contract, column, absent)
        return tuple(sorted(missing))


def _blocking(table: Table, column: Column, absent: set[str]) -> set[str]:
    """Absent source columns that leave a required contract column without any value."""
    if (
        column.name == DELETED
        or table.schema.columns()[column.name].nullable
        or column.default is not None
    ):
        return set()
    if column.sources:
        return set(column.sources) if set(column.sources) <= absent else set()
    return set(column.of) & absent


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
        """Return the export of that name."""
        return next(export for export in self.exports if export.name == name)
