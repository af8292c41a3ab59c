"""One entry of a proposal for each contract column: what is mapped, assumed or still needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from etl.contract import Table
from etl.proposal.matching import Match
from etl.proposal.sample import Sample
from etl.proposal.shapes import Shape

State = Literal["sure", "check", "assumed", "needed"]
_VALUES = Path(__file__).with_name("values.yml")
_FEW_CODES = 12
_LOOKS_LIKE_A_CODE = re.compile(r"[\w./-]{1,24}")

# What stands in where no column says it: visible in the proposal, for somebody to agree to.
ASSUMED: dict[str, dict[str, tuple[Any, str]]] = {
    "orders": {
        "channel": ("unknown", "no column tells the channel"),
        "status": ("completed", "no column tells the state: every order counts"),
        "is_test": (False, "no column marks test orders"),
        "discount": (0, "no column holds a discount"),
        "shipping": (0, "no column holds shipping"),
        "tax": (0, "no column holds tax"),
    },
    "order_lines": {
        "line_discount": (0, "no column holds a discount of the line"),
        "is_gift_card": (False, "no column marks gift cards: all goods are revenue"),
        "is_sample": (False, "no column marks samples"),
    },
    "refunds": {"date_basis": ("actual", "the dates are taken as real")},
    "payments": {
        "kind": ("sale", "no column tells the kind"),
        "status": ("success", "no column tells failures"),
    },
}
# Another column of the same table that may stand in.
STAND_IN: dict[str, dict[str, str]] = {
    "orders": {"gross_items": "total", "total": "gross_items"},
    "crm_accounts": {"created_at": "updated_at", "updated_at": "created_at"},
    "crm_contacts": {"created_at": "updated_at", "updated_at": "created_at"},
    "crm_leads": {"created_at": "updated_at", "updated_at": "created_at"},
}


@dataclass(frozen=True)
class Entry:
    """What is proposed for one contract column.

    Args:
        table: Contract table.
        column: Contract column.
        state: ``sure``; ``check`` (written, look at it); ``assumed`` (written, agree to it);
            ``needed`` (the contract requires it and nothing fits).
        spec: The mapping of the column, None when needed.
        confidence: 0 to 1.
        note: Why it is not sure.
    """

    table: str
    column: str
    state: State
    spec: Mapping[str, Any] | None
    confidence: float
    note: str = ""

    @property
    def source(self) -> str:
        """The source column, or the constant, for people."""
        return str(next(iter(self.spec.values()), "")) if self.spec else ""


def entries_of(
    table: Table,
    matches: Mapping[str, tuple[Match, ...]],
    sample: Sample,
    shapes: Mapping[str, Shape],
    told: Mapping[str, str],
) -> list[Entry]:
    """Return the entries of one table, in contract order.

    Args:
        table: Contract table.
        matches: What was found for each table that the file feeds.
        sample: The beginning of the file.
        shapes: What each source column looks like.
        told: Values the user gave for contract columns that the file does not hold.
    """
    found = {match.column: match for match in matches[table.name] if match.reading is not None}
    misfits = {m.column: m.doubt for m in matches[table.name] if m.reading is None}
    entries = []
    for name, column in table.schema.columns().items():
        if name in found:
            entries.append(_matched(table, found[name], sample, shapes))
        elif not column.nullable:
            # A column that is there and cannot be read must not become a zero.
            stand_in = None if name in misfits else _stand_in(table, name, found, matches, told)
            note = misfits.get(name, "the contract requires it and no column fits")
            entries.append(stand_in or Entry(table.name, name, "needed", None, 0.0, note))
        elif name in misfits:
            entries.append(Entry(table.name, name, "check", None, 0.0, misfits[name]))
    return entries


def _matched(table: Table, match: Match, sample: Sample, shapes: Mapping[str, Shape]) -> Entry:
    spec: dict[str, Any] = {"from": match.header}
    doubt = match.doubt
    if match.reading and match.reading.parse:
        spec["parse"] = match.reading.parse
    codes = (table.schema.columns()[match.column].metadata or {}).get("one_of")
    if codes and shapes[match.header].filled:
        values = sample.rows[match.header].drop_nulls().unique().sort().to_list()
        spec["map"], unknown = _translated(table.name, match.column, values, codes)
        if not spec["map"]:
            # They may be no codes at all but names: how many there are is all that is said.
            note = f"none of the {len(unknown)} different codes of {match.header!r} is known"
            return Entry(table.name, match.column, "needed", None, 0.0, note)
        if unknown:
            note = f"rows with these codes are refused until you map them: {_listed(unknown)}"
            doubt = "; ".join(text for text in (doubt, note) if text)
    state: State = "sure" if match.is_sure and not doubt else "check"
    return Entry(table.name, match.column, state, spec, match.confidence, doubt)


def _translated(
    table: str, column: str, values: list[str], codes: tuple[str, ...]
) -> tuple[dict[str, str], list[str]]:
    """Return the codes that are known and what they become, and those that are not known."""
    words = {
        word: code
        for code, others in _values().get(table, {}).get(column, {}).items()
        for word in map(str, others)
    }
    words |= {code: code for code in codes}
    known = {value: words[value.lower()] for value in values if value.lower() in words}
    return known, [value for value in values if value not in known]


def _listed(codes: list[str]) -> str:
    """Write codes out; a long text, or one with blanks or an @, is no code and may be personal."""
    shown = [code for code in codes if _LOOKS_LIKE_A_CODE.fullmatch(code)][:_FEW_CODES]
    more = len(codes) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more else [])])


def _stand_in(
    table: Table,
    name: str,
    found: Mapping[str, Match],
    matches: Mapping[str, tuple[Match, ...]],
    told: Mapping[str, str],
) -> Entry | None:
    return _constant(table, name, told) or _borrowed(table, name, found, matches)


def _constant(table: Table, name: str, told: Mapping[str, str]) -> Entry | None:
    """Return what the user said, or what may be assumed, for a column that no header names."""
    if told.get(name):
        return Entry(table.name, name, "sure", {"const": told[name]}, 1.0)
    if table.name == "order_lines" and name == "line_no":
        return Entry(table.name, name, "sure", {"op": "row_number"}, 1.0)
    if name not in ASSUMED.get(table.name, {}):
        return None
    value, why = ASSUMED[table.name][name]
    return Entry(table.name, name, "assumed", {"const": value}, 0.0, why)


def _borrowed(
    table: Table,
    name: str,
    found: Mapping[str, Match],
    all_matches: Mapping[str, tuple[Match, ...]],
) -> Entry | None:
    """Return another column that may stand in: of the same table, or the sum of the lines."""
    other = found.get(STAND_IN.get(table.name, {}).get(name, ""))
    if other is not None:
        spec: dict[str, Any] = {"from": other.header}
        spec |= {"parse": other.reading.parse} if other.reading and other.reading.parse else {}
        note = f"no column holds it: {other.column} is taken"
        return Entry(table.name, name, "assumed", spec, other.confidence, note)
    lines = {match.column: match for match in all_matches.get("order_lines", ())}
    amount = lines.get("line_amount")
    if table.name == "orders" and name in {"gross_items", "total"} and amount and amount.reading:
        spec = {"from": amount.header, "aggregate": "sum"}
        return Entry(table.name, name, "assumed", spec, amount.confidence, "sum of the lines")
    return None


@cache
def _values() -> dict[str, dict[str, dict[str, list[str]]]]:
    loaded: dict[str, dict[str, dict[str, list[str]]]] = yaml.safe_load(
        _VALUES.read_text(encoding="utf-8")
    )
    return loaded
