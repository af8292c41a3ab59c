"""Holds the publish when too much was rejected or vanished, until a person accepts it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from etl.clock import utc_now
from etl.config import Settings
from etl.errors import DataBlocked, UsageError
from etl.files import digest_of
from etl.lake.commits import read_lake
from etl.lake.vanished import Vanished, find_vanished
from etl.state import commit_state, read_state

# More than this and the delivery is loaded but not published before somebody looked.
ROW_SHARE = Decimal("0.01")
AMOUNT_SHARE = Decimal("0.001")
# More than this of a full export's records gone from one snapshot to the next, and it is looked at.
VANISHED_SHARE = Decimal("0.2")
HELD = "held"
_STATE = "accepted_deliveries"
_SCHEMA = {"delivery_id": pl.String(), "accepted_at": pl.Datetime("us", "UTC")}
_ALWAYS = date(1900, 1, 1)
_NOTHING: dict[str, Any] = {"rows": 0, "amount": None}


def refuse_held(settings: Settings, as_of: date) -> None:
    """Stop when a delivery of the day or before lost too much, or a full export lacks too much.

    A hold ends when somebody accepts the delivery, when a better one of the same file name, export
    and business day is committed after it, or when what vanished is listed again.

    Raises:
        DataBlocked: Lists each held delivery with what it lost.
    """
    waiting = held_deliveries(settings, as_of)
    if waiting:
        raise DataBlocked(
            "Publishing is held: " + "; ".join(waiting.values()) + ".",
            where=", ".join(waiting),
            todo="Look with `loyalty rejects`; give the corrected file to `loyalty replay`, or "
            "deliver it under the same name. Or let the delivery through with `loyalty publish "
            "--accept <delivery>`, also when its corrected file has come under another name.",
            code="DELIVERY_HELD",
        )


def held_deliveries(settings: Settings, as_of: date) -> dict[str, str]:
    """Return the deliveries up to a day that wait for a better one or for somebody's word.

    Returns:
        By delivery id, what is the matter with it.
    """
    lake, standing = read_lake(settings), standings(settings)
    lossy = {
        delivery["delivery_id"]: _described(delivery)
        for delivery in lake.deliveries
        if delivery["business_day"] <= as_of.isoformat()
        and standing.get(delivery["delivery_id"]) == HELD
    }
    accepted = set(read_state(settings, _STATE, _SCHEMA, date.max)["delivery_id"])
    return lossy | {
        found.snapshot.deliveries[0]["delivery_id"]: _lacking(found)
        for found in find_vanished(lake, as_of)
        if _above(found.gone, found.records - found.gone, VANISHED_SHARE)
        and accepted.isdisjoint(d["delivery_id"] for d in found.snapshot.deliveries)
    }


def standings(settings: Settings) -> dict[str, str]:
    """Tell of each delivery that lost something what became of it.

    Returns:
        By delivery id: ``held`` (publishing waits), ``accepted`` (a person let it through),
        ``corrected`` (a better one of the same file name, export and day came later) or
        ``tolerated`` (it lost less than the limits).
    """
    accepted = set(read_state(settings, _STATE, _SCHEMA, date.max)["delivery_id"])
    deliveries = read_lake(settings).deliveries
    return {
        delivery["delivery_id"]: _standing(delivery, deliveries, accepted)
        for delivery in deliveries
        if delivery["status"] == "rejected" or delivery["rejects"]["by_reason"]
    }


def _standing(
    delivery: dict[str, Any], deliveries: Iterable[dict[str, Any]], accepted: set[str]
) -> str:
    if not lost_too_much(delivery):
        return "tolerated"
    if delivery["delivery_id"] in accepted:
        return "accepted"
    return "corrected" if any(_corrects(other, delivery) for other in deliveries) else HELD


def accept_deliveries(settings: Settings, delivery_ids: Iterable[str]) -> None:
    """Remember that a person accepted what these deliveries lost.

    Raises:
        UsageError: A delivery is not in the lake.
    """
    wanted = sorted(set(delivery_ids))
    known = {d["delivery_id"] for d in read_lake(settings).deliveries}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(
            f"No such delivery: {', '.join(unknown)}.",
            where="--accept",
            todo="The held deliveries' ids stand in the message that held the publish.",
        )
    accepted = read_state(settings, _STATE, _SCHEMA, _ALWAYS)["delivery_id"]
    if set(wanted) <= set(accepted):
        return
    rows = pl.DataFrame(
        {"delivery_id": wanted, "accepted_at": [utc_now()] * len(wanted)}, schema=_SCHEMA
    )
    commit_state(settings, f"accept-{digest_of(wanted)[:12]}", _ALWAYS, {_STATE: rows})


def lost_too_much(delivery: dict[str, Any]) -> bool:
    """Tell whether a delivery is a rejected file or lost more than the allowed shares."""
    if delivery["status"] == "rejected":
        return True
    rejected = delivery["rejects"]["by_reason"]
    for table in {*delivery["tables"], *(r["table"] for r in rejected)}:
        # What an erasure took was delivered well.
        parts = ("tables", "erased")
        good: list[dict[str, Any]] = [delivery.get(p, {}).get(table, _NOTHING) for p in parts]
        lost = [r for r in rejected if r["table"] == table]
        lost_rows = sum(r["rows"] for r in lost)
        lost_amount = sum(abs(_money(r["amount"])) for r in lost)
        if _above(lost_rows, sum(counted["rows"] for counted in good), ROW_SHARE):
            return True
        kept = abs(sum((_money(counted["amount"]) for counted in good), Decimal(0)))
        if _above(lost_amount, kept, AMOUNT_SHARE):
            return True
    return False


def _corrects(other: dict[str, Any], delivery: dict[str, Any]) -> bool:
    # A file of another name may be another part of the day.
    place = ("system", "export", "business_day", "file")
    return (
        all(other[name] == delivery[name] for name in place)
        and other["commit_sequence"] > delivery["commit_sequence"]
        and other["status"] != "empty"
        and not lost_too_much(other)
    )


def _above(lost: Decimal | int, kept: Decimal | int, share: Decimal) -> bool:
    return Decimal(lost) > share * (Decimal(lost) + Decimal(kept))


def _money(text: str | None) -> Decimal:
    return Decimal(text) if text is not None else Decimal(0)


def _lacking(found: Vanished) -> str:
    teller = found.snapshot.deliveries[0]
    return (
        f"{teller['system']} {teller['file']} of {teller['business_day']}, a full export, lacks"
        f" {found.gone} of {found.records} {found.table.name} that it had"
    )


def _described(delivery: dict[str, Any]) -> str:
    name = f"{delivery['system']} {delivery['file']} of {delivery['business_day']}"
    if delivery["status"] == "rejected":
        return f"{name} was rejected whole ({delivery['file_reason']})"
    lost = delivery.get("bad_records", delivery["rejects"]["rows"])  # once only rows were counted
    return f"{name} lost {lost} of {delivery['records']} records"
