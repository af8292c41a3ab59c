"""How one contract column is made, as frozen values: see :mod:`etl.mapping.model`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from etl.contract.columns import Pii

Aggregate = Literal["first", "sum", "count"]
# Each says something of one delivered cell; of an empty cell only the last two hold.
Test = Literal["filled", "in", "above", "empty", "not_in"]


@dataclass(frozen=True)
class Condition:
    """What must hold of one source column: a line of a ``when``.

    Args:
        source: Source column.
        test: ``filled``, ``empty``, ``in``, ``not_in`` or ``above``.
        values: Texts of ``in`` and ``not_in``; the one bound of ``above``.
    """

    source: str
    test: Test
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Op:
    """One text operation of a column, in the order written.

    Args:
        name: strip, lower, upper, strip_apostrophe, digits_only, hash, salesforce_id,
            expand_exponent or split_list.
        separator: Only of split_list: the text between two entries.
        take: Only of split_list: which entry stays, ``first`` or ``last``, or ``all`` of them.
    """

    name: str
    separator: str = ""
    take: str = ""


@dataclass(frozen=True)
class Column:
    """How one contract column is made.

    Either ``choices`` is set, or exactly one of ``sources``, ``plus`` and ``minus``, ``const``,
    ``template`` and ``op``. The steps run in the order of the fields: source, ops, map, default,
    parse or cast, shift_days, negate, aggregate.

    Args:
        name: Contract column.
        sources: Source columns; the first that is not null is taken (``from`` is one of them).
        plus: Source columns whose numbers are added.
        minus: Source columns whose numbers are taken off.
        const: The same text for every row.
        template: Text with ``{column}``; null when one of the columns is.
        op: ``row_number``, ``occurrence`` (their result is text, cast like any other) or
            ``known_on`` (the day since which the row is known).
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
        when: Where this does not hold the column is null.
        choices: Ways to make the column; the first whose ``when`` holds is taken.
    """

    name: str
    sources: tuple[str, ...] = ()
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    const: str | None = None
    template: str | None = None
    op: Literal["row_number", "occurrence", "known_on"] | None = None
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
    when: tuple[Condition, ...] = ()
    choices: tuple[Column, ...] = ()

    @property
    def ways(self) -> tuple[Column, ...]:
        """The choices, or the column itself where there is but one way."""
        return self.choices or (self,)

    @property
    def needs(self) -> tuple[str, ...]:
        """Source columns whose values the column is made of."""
        own = (*self.sources, *self.plus, *self.minus, *self.of, *names_in(self.template or ""))
        return tuple(dict.fromkeys([*own, *(n for way in self.choices for n in way.needs)]))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition of the column and its choices."""
        return (*self.when, *(c for way in self.choices for c in way.when))


def names_in(template: str) -> tuple[str, ...]:
    """Return the names in braces of a template."""
    return tuple(re.findall(r"\{([^{}]*)\}", template))
