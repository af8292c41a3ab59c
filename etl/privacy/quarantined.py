"""Takes the erased out of quarantined rows, which hold cells as they were delivered.

Nothing says which cell names whom, so each is held against every kind of record. An id that the
mapping changes before it is one is not found; quarantined rows go after 30 days anyway.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from etl.errors import LakeCorrupt
from etl.identity.nodes import EMAIL
from etl.privacy.suppression import EMAIL_SHA256, MEMBER, NODE, PHONE, Erased

_MASK = "***"
_RECORDS = ("contact", "account", "lead", "customer_ref", MEMBER)


def mask_erased(rows: pl.DataFrame, erased: Erased) -> pl.DataFrame:
    """Mask the content of quarantined rows that name an erased person; their number stays.

    Args:
        rows: ``source_system``, ``value`` and ``raw_json``, among others.
        erased: Who was erased.
    """
    named = [_names_erased(row, erased) for row in rows.iter_rows(named=True)]
    is_named = pl.Series("\0named", named, dtype=pl.Boolean)
    masked = (
        pl.when(pl.col("\0named") & pl.col(name).is_not_null())
        .then(pl.lit(_MASK))
        .otherwise(name)
        .alias(name)
        for name in ("value", "raw_json")
    )
    return rows.with_columns(is_named).with_columns(masked).drop("\0named")


def _names_erased(row: dict[str, Any], erased: Erased) -> bool:
    texts = (row["value"], *_cells(row["raw_json"]))
    cells = sorted({text.strip() for text in texts if text and text != _MASK})
    if not cells:
        return False
    nodes = _possible(row["source_system"], pl.Series(cells, dtype=pl.String), erased)
    return bool(erased.are_erased(nodes).any())


def _possible(system: str, texts: pl.Series, erased: Erased) -> pl.DataFrame:
    """Return whom cells of a system's record may name, as rows of NODE."""
    parts = [(system, entity, texts) for entity in _RECORDS]
    parts += [
        ("", EMAIL, erased.token("email", texts)),
        ("", PHONE, erased.token("phone", texts)),
        ("", EMAIL_SHA256, texts),
    ]
    return pl.concat(
        pl.DataFrame({"source_id": ids}).select(
            source_system=pl.lit(owner), entity=pl.lit(entity), source_id=pl.col("source_id")
        )
        for owner, entity, ids in parts
    ).select(NODE)


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
