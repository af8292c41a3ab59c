"""What a file is: the contract table, or orders with their lines, that explains most of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.contract import TABLES, Table
from etl.errors import UsageError
from etl.mapping.words import did_you_mean
from etl.proposal.entries import ASSUMED, STAND_IN
from etl.proposal.matching import match_table
from etl.proposal.names import file_names, words_of
from etl.proposal.sample import Sample
from etl.proposal.shapes import Shape

_RESEMBLES = 0.5
_EXPLAINS = 1.0
_FILE_NAME_SAYS_SO = 0.5
# A column that is there, and whose cells cannot be read yet, tells as much as this.
_THERE = 0.5
_MUCH_MORE = 1.5
# Told by the user or counted, so that no header has to bring them.
_NEED_NO_HEADER = frozenset(("business_unit", "currency", "line_no"))
ORDERS_WITH_LINES = ("orders", "order_lines")
_WHAT_WAS_SOLD = frozenset(("title", "sku", "product_id"))


@dataclass(frozen=True)
class _Score:
    """How much a file resembles a table.

    Args:
        required: Share of what the contract requires that was found; 0 without the whole key.
        explained: Share of the header that the table explains.
        named: Whether the file's name says so.
    """

    required: float
    explained: float
    named: bool

    @property
    def rank(self) -> float:
        if not self.required:
            return 0.0
        return self.required + self.explained + (_FILE_NAME_SAYS_SO if self.named else 0.0)

    @property
    def resembles(self) -> bool:
        return self.required >= _RESEMBLES or self.rank >= _EXPLAINS


def tables_of(
    sample: Sample, shapes: Mapping[str, Shape], wanted: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the contract tables that a file feeds.

    Args:
        sample: The beginning of the file.
        shapes: What each source column looks like.
        wanted: The tables the user names; none to find out.

    Raises:
        UsageError: There is no such table, or the file resembles none.
    """
    for name in wanted:
        if name not in TABLES:
            raise UsageError(
                f"The contract has no table {name!r}{did_you_mean(name, TABLES)}", where="--table"
            )
    if wanted:
        return tuple(name for name in TABLES if name in wanted)
    scores = {name: _score(table, sample, shapes) for name, table in TABLES.items()}
    best = max(scores, key=lambda name: (scores[name].resembles, scores[name].rank))
    _refuse_doubt(sample, scores, best)
    if best in ORDERS_WITH_LINES and _has_lines(sample, shapes):
        return ORDERS_WITH_LINES
    return (best,)


def _refuse_doubt(sample: Sample, scores: Mapping[str, _Score], best: str) -> None:
    if not scores[best].resembles:
        raise UsageError(
            "The header resembles no table of the contract.",
            where=sample.file,
            todo="Say what it holds with --table (orders and their lines: --table orders "
            f"--table order_lines); one of: {', '.join(TABLES)}.",
        )
    fuller = max(scores, key=lambda name: scores[name].explained)
    if scores[fuller].explained > _MUCH_MORE * scores[best].explained:
        raise UsageError(
            f"It could be {best}, but {fuller} explains much more of the header, and no column "
            f"is known as its {' and '.join(TABLES[fuller].key)}.",
            where=sample.file,
            todo=f"Say which with --table {fuller} or --table {best}.",
        )


def _has_lines(sample: Sample, shapes: Mapping[str, Shape]) -> bool:
    """Tell whether each row says what was sold and when: an order and its lines in one file."""
    orders = {match.column for match in match_table(TABLES["orders"], sample, shapes)}
    return "ordered_at" in orders and bool(_WHAT_WAS_SOLD & _columns_of_lines(sample, shapes))


def _score(table: Table, sample: Sample, shapes: Mapping[str, Shape]) -> _Score:
    matches = match_table(table, sample, shapes)
    found = {match.column: max(match.confidence, _THERE) for match in matches}
    explained = sum(found.values()) / len(sample.header)
    named = bool(set(words_of(sample.file)) & set(file_names(table.name)))
    free = _NEED_NO_HEADER | ASSUMED.get(table.name, {}).keys()
    if any(key not in found for key in table.key if key not in free):
        return _Score(0.0, explained, named)
    stand_in = STAND_IN.get(table.name, {})
    required = [
        max(found.get(name, 0.0), found.get(stand_in.get(name, ""), 0.0))
        for name, column in table.schema.columns().items()
        if not column.nullable and name not in free
    ]
    if table.name == "orders" and "line_amount" in _columns_of_lines(sample, shapes):
        required = [share for share in required if share]  # the lines add up to the amounts
    share = sum(required) / len(required) if required else 0.0
    return _Score(share, explained, named)


def _columns_of_lines(sample: Sample, shapes: Mapping[str, Shape]) -> set[str]:
    return {match.column for match in match_table(TABLES["order_lines"], sample, shapes)}
