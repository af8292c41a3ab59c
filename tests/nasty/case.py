"""One nasty delivery and what must become of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from etl.errors import LoyaltyError
from etl.ingest.discover import discover
from etl.ingest.extract import stage_delivery
from etl.privacy.suppression import NOBODY
from etl.privacy.tokens import Tokeniser
from tests.delivering import DAY, KEY, LOADED_AT, Stage, make_stage, rejects, table

PAYMENTS = """
system: shop
business_time_zone: America/New_York
exports:
  payments:
    files: "*"
    OPTIONS
    targets:
      payments:
        columns:
          payment_id: {from: id}
          order_id: {from: order}
          kind: {from: kind}
          status: {const: success}
          amount: {from: amount}
          currency: {from: currency}
          gateway: {from: gateway}
          processed_at: {from: at}
"""
COLUMNS = ("id", "order", "kind", "amount", "currency", "gateway", "at")
GOOD = ("p1", "o1", "sale", "1.50", "USD", "card", "2024-05-30T12:00:00Z")
GOOD_2 = ("p2", "o2", "sale", "20.00", "USD", "card", "2024-05-30T13:00:00Z")
GOOD_ROWS = (
    ("p1", "o1", "sale", "1.5000", "USD", "card", "2024-05-30 12:00:00"),
    ("p2", "o2", "sale", "20.0000", "USD", "card", "2024-05-30 13:00:00"),
)

Place = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """One delivery.

    Args:
        row: Row of the fault matrix.
        content: Bytes of the file; a function puts something else into the folder of the system.
        code: File code it is refused with; empty when it is read.
        rows: Accepted rows as text, by the columns of ``COLUMNS``; none when it is refused.
        refused: Column and reason of each refused row, after the good ones.
        name: Name of the file.
        options: Lines of the mapping's export.
        mapping: Texts of the mapping that differ.
        manifest: What the manifest says; None for one that gives the day alone, empty for none.
    """

    row: str
    content: bytes | Place
    code: str = ""
    rows: tuple[tuple[str, ...], ...] = GOOD_ROWS
    refused: tuple[tuple[int, str, str], ...] = ()
    name: str = "x.csv"
    options: str = ""
    mapping: dict[str, str] = field(default_factory=dict)
    manifest: dict[str, Any] | bytes | None = None


def outcome(case: Case, folder: Path) -> Case:
    """Deliver a case and return what became of it, in the form of what should have."""
    yaml = PAYMENTS.replace("OPTIONS", case.options.replace("\n", "\n    "))
    for old, new in case.mapping.items():
        assert old in yaml
        yaml = yaml.replace(old, new)
    stage = make_stage(folder, yaml)
    _put(case, stage.settings.landing / "shop")
    return _became(case, stage)


def _put(case: Case, system: Path) -> None:
    system.mkdir(parents=True)
    if callable(case.content):
        case.content(system)
    else:
        (system / case.name).write_bytes(case.content)
    if case.manifest == {}:
        return
    said = {"business_day": DAY.isoformat()} if case.manifest is None else case.manifest
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    (system / "_manifest.json").write_bytes(content)


def _became(case: Case, stage: Stage) -> Case:
    export = stage.mapping.exports[0]
    found = discover(stage.settings.landing, (stage.mapping,), DAY)
    refused = [replace(case, code=one.error.code, rows=(), refused=()) for one in found.refused]
    read = []
    for delivery in found.deliveries:
        staged = stage_delivery(
            delivery, stage.mapping, export, stage.settings, Tokeniser(KEY), LOADED_AT, NOBODY
        )
        work = stage.settings.staged / "_work"
        assert not list(work.rglob("*")), "a delivery leaves nothing in the work folder"
        if staged.status == "rejected":
            read.append(replace(case, code=staged.file_reason, rows=(), refused=()))
        else:
            read.append(replace(case, code="", rows=_rows(staged), refused=_refused(staged)))
    everything = refused + read
    if len(everything) != 1:
        raise LoyaltyError(
            f"{len(everything)} deliveries", where=case.name, todo="A case is one delivery."
        )
    return everything[0]


def _rows(staged: Any) -> tuple[tuple[str, ...], ...]:
    if staged.status == "empty":
        return ()
    frame = table(staged, "payments")
    names = ("payment_id", "order_id", "kind", "amount", "currency", "gateway", "processed_at")
    return tuple(
        tuple("" if value is None else _text(value) for value in row)
        for row in frame.select(names).iter_rows()
    )


def _text(value: Any) -> str:
    return str(value.replace(tzinfo=None)) if hasattr(value, "tzinfo") else str(value)


def _refused(staged: Any) -> tuple[tuple[int, str, str], ...]:
    if not staged.rejects.rows:
        return ()
    frame = rejects(staged).select("source_row", "column", "reason")
    return tuple((row, column or "", reason) for row, column, reason in frame.iter_rows())
