"""Takes the erased out of quarantined rows, which hold cells as they were delivered.

Nothing says which cell names whom, so each is held against every kind of record. An id that the
mapping changes before it is one is not found; quarantined rows go after 30 days anyway.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

import polars as pl

from etl.errors import LakeCorrupt
from etl.identity.nodes import EMAIL
from etl.privacy.suppression import EMAIL_SHA256, MEMBER, NODE, PHONE, Erased

_MASK = "***"
_RECORDS = ("contact", "account", "lead", "customer_ref", MEMBER)


def mask_erased(rows: pl.DataFrame, erased: Erased, systems: Iterable[str] = ()) -> pl.DataFrame:
    """Mask the content of quarantined rows that name an erased person; their number stays.

    Args:
        rows: ``source_system``, ``value`` and ``raw_json``, among others.
        erased: Who was erased.
        systems: Other systems whose ids a cell may hold, as an order has the contact of a CRM.
    """
    is_named = pl.Series("\0named", _naming(rows, erased, frozenset(systems)), dtype=pl.Boolean)
    masked = (
        pl.when(pl.col("\0named") & pl.col(name).is_not_null())
        .then(pl.lit(_MASK))
        .otherwise(name)
        .alias(name)
        for name in ("value", "raw_json")
    )
    return rows.with_columns(is_named).with_columns(masked).drop("\0named")


def _naming(rows: pl.DataFrame, erased: Erased, systems: frozenset[str]) -> list[bool]:
    """Tell which rows name an erased person; each distinct cell of a system is looked up once."""
    told = [
        (row["source_system"], frozenset(_texts(row["value"], row["raw_json"])))
        for row in rows.select("source_system", "value", "raw_json").iter_rows(named=True)
    ]
    cells: dict[str, set[str]] = defaultdict(set)
    for system, found in told:
        cells[system] |= found
    theirs = {system: _erased_texts({system, *systems}, cells[system], erased) for system in cells}
    return [not theirs[system].isdisjoint(found) for system, found in told]


def _texts(value: str | None, raw_json: str | None) -> Iterator[str]:
    for text in (value, *_cells(raw_json)):
        if text and text.strip() and text != _MASK:
            yield text.strip()


def _erased_texts(systems: set[str], texts: set[str], erased: Erased) -> frozenset[str]:
    """Return those of some cells that may name an erased person, by an id of one of the systems."""
    cells = pl.Series("text", sorted(texts), dtype=pl.String)
    named = [(system, entity, cells) for system in sorted(systems) for entity in _RECORDS]
    named += [
        ("", EMAIL, erased.token("email", cells)),
        ("", PHONE, erased.token("phone", cells)),
        ("", EMAIL_SHA256, cells),
    ]
    found: set[str] = set()
    for owner, entity, ids in named:
        nodes = pl.DataFrame({"source_id": ids}).select(
            source_system=pl.lit(owner), entity=pl.lit(entity), source_id=pl.col("source_id")
        )
        found.update(cells.filter(erased.are_erased(nodes.select(NODE))))
    return frozenset(found)


def _cells(raw_json: str | None) -> Iterator[str]:
    """Yield every text of a record as delivered, however it nests."""
    if raw_json is None or raw_json == _MASK:
        return
    try:
        waiting = [json.loads(raw_json)]
    except ValueError:
        raise LakeCorrupt("A quarantined record is not JSON.", where="data/rejects") from None
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found
        elif found is not None:
            yield str(found)
