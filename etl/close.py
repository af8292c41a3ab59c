"""Month close: freezes what customers are worth, so that finance can quote it for ever.

A close takes the release as of the month's last day, made from the present lake, code and state,
and appends its values to state; nothing ever changes them. Each step can be killed and run again:

1. build and publish that release, unless it is there;
2. freeze the values and the rollforward from the close before: one commit of state;
3. publish what is served once more, so that readers see the close.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from etl import route
from etl.backfill import undelivered
from etl.clock import utc_now
from etl.clv.closes import CLOSE_SCHEMAS
from etl.clv.rollforward import VALUE
from etl.config import Settings
from etl.errors import DataBlocked
from etl.failures import failures_named
from etl.faults import reach
from etl.frames import conform
from etl.lake.commits import read_lake
from etl.locks import writer_lock
from etl.publish.release import find_release, make_current, read_current
from etl.state import commit_state
from etl.warehouse.build import Build, build_warehouse, last_build, settled_run_id
from etl.warehouse.closes import (
    CLOSED_LINES,
    CLOSED_VALUES,
    CLOSES,
    all_closes,
    closed_rows,
    own_closes,
)
from etl.warehouse.closing import Frozen, commit_id_of, first_difference, freeze, verify_frozen
from etl.warehouse.transform import Progress

CLOSED = "closed"
CLOSED_ALREADY = "closed already, same numbers"
CLOSED_AGAIN_SAME = "closed again, same numbers"
CLOSED_AGAIN_OTHER = "closed again, other numbers"

Close = dict[str, Any]


@dataclass(frozen=True)
class ClosedMonth:
    """What a close came to.

    Args:
        outcome: ``closed``; ``closed already …`` when nothing was to be frozen; ``closed again …``
            for a new version.
        close: The row of ``clv_closes``.
        lines: The rollforward summed over business units, by line.
        shown_in: The run that readers have now, which shows the close.
    """

    outcome: str
    close: Close
    lines: dict[str, Decimal]
    shown_in: str


@failures_named()
def close_month(
    settings: Settings, month: date, progress: Progress = route.silent, *, reason: str = ""
) -> ClosedMonth:
    """Close a month, or close it again for a reason.

    Args:
        month: Any day of it.
        reason: Why a closed month is closed again; kept with the new version.

    Raises:
        DataBlocked: ``NOT_CLOSABLE``: the month is not over in the lake, or not the next one to
            close. ``ALREADY_CLOSED``: other numbers are frozen, and no reason was given.
    """
    as_of, reason = last_day(month), reason.strip()
    with writer_lock(settings):
        closes = own_closes(settings, date.max)
        _refuse_out_of_order(closes, as_of)
        _refuse_unlanded(settings, as_of)
        standing, before = _latest(closes, as_of), _latest(closes, _month_before(as_of))
        if standing and _stands(settings, standing, before, reason):
            outcome, close = CLOSED_ALREADY, standing
        else:
            build = _verified_build(settings, as_of, progress)
            reach("close.published")
            frozen = freeze(settings, build.record, before)
            outcome, close = _keep(settings, frozen, standing, before, reason)
            reach("close.frozen")
            progress(f"{close['close_id']}: {outcome}")
        shown_in = _show(settings, as_of, progress)
    return ClosedMonth(outcome, close, _lines(settings, close), shown_in)


def last_day(day: date) -> date:
    """Return the last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _month_before(as_of: date) -> date | None:
    """Return the last day of the month before; there is none before the first of the calendar."""
    first = as_of.replace(day=1)
    return None if first == date.min else first - timedelta(days=1)


def _month(day: date) -> str:
    """Write a month as YYYY-MM; ``%Y`` leaves out leading zeros."""
    return day.isoformat()[:7]


def _latest(closes: pl.DataFrame, as_of: date | None) -> Close | None:
    """Return the last version of the close as of a day, or None."""
    versions = closes.filter(pl.col("as_of_on") == pl.lit(as_of, dtype=pl.Date)).sort("version")
    return versions.row(-1, named=True) if versions.height else None


def _refuse_out_of_order(closes: pl.DataFrame, as_of: date) -> None:
    """Months are closed one after the other: each opens with what the one before closed with."""
    closed = set(closes["as_of_on"])
    if not closed or as_of in closed or _month_before(as_of) in closed:
        return
    first, last = min(closed), max(closed)
    wanted = "Nothing before the first close can be closed." if as_of < first else (
        f"Close {_month(last + timedelta(days=1))} first."
    )  # fmt: skip
    raise DataBlocked(
        f"{_month(as_of)} is not the next month: {_month(first)} to {_month(last)} are closed.",
        where=_month(as_of),
        todo=wanted,
        code="NOT_CLOSABLE",
    )


def _refuse_unlanded(settings: Settings, as_of: date) -> None:
    """A month is over when the lake holds its last day, and every day that is expected."""
    landed = max((d["business_day"] for d in read_lake(settings).deliveries), default="none")
    if landed == "none" or landed < as_of.isoformat():
        raise DataBlocked(
            f"{_month(as_of)} is not over: the last day landed is {landed}.",
            where=settings.landing_name,
            todo=f"Land {as_of}, then close.",
            code="NOT_CLOSABLE",
        )
    gaps = undelivered(settings, [as_of.replace(day=n) for n in range(1, as_of.day + 1)])
    if gaps:
        raise DataBlocked(
            f"Never delivered for {gaps}.",
            where=settings.landing_name,
            todo="Deliver and land them (header-only if there was nothing), then close.",
            code="NOT_CLOSABLE",
        )


def _stands(settings: Settings, standing: Close, before: Close | None, reason: str) -> bool:
    """Tell without a build whether a close would freeze again what it froze, and still has it.

    Raises:
        LakeCorrupt: What it froze is not what its row says.
    """
    verify_frozen(settings, standing)
    basis_id = settled_run_id(settings, standing["as_of_on"], with_closes=False)
    return (
        reason in {"", standing["reason"]}
        and standing["previous_close_id"] == _id(before)
        and standing["basis_id"] == basis_id
    )


def _verified_build(settings: Settings, as_of: date, progress: Progress) -> Build:
    """Return the build behind the published release of a day; make both where they are not there.

    Publishing a run that is published compares every mart with it.
    """
    built, run_id = last_build(settings), settled_run_id(settings, as_of)
    if built and built.record.run_id == run_id and find_release(settings, run_id):
        return built
    return _publish(settings, as_of, progress)


def _keep(
    settings: Settings, frozen: Frozen, standing: Close | None, before: Close | None, reason: str
) -> tuple[str, Close]:
    """Append a close to state, unless it is there already or nobody said why it changes.

    Raises:
        DataBlocked: The month is closed with other numbers, and there is no reason.
        LakeCorrupt: What was written does not read back as what was frozen.
    """
    is_same = standing is not None and _is_same(settings, frozen, standing)
    if standing and is_same and reason in {"", standing["reason"]}:
        return CLOSED_ALREADY, standing
    if standing and not reason:
        _refuse_other_numbers(settings, frozen, standing)
    close = _named(settings, frozen, before, reason)
    rows = {CLOSES: pl.DataFrame([close]), CLOSED_VALUES: frozen.values, CLOSED_LINES: frozen.lines}
    named = {
        name: conform(found.with_columns(close_id=pl.lit(close["close_id"])), CLOSE_SCHEMAS[name])
        for name, found in rows.items()
    }
    commit_state(settings, commit_id_of(close["close_id"]), frozen.as_of_on, named)
    verify_frozen(settings, close)
    if standing is None:
        return CLOSED, close
    return (CLOSED_AGAIN_SAME if is_same else CLOSED_AGAIN_OTHER), close


def _named(settings: Settings, frozen: Frozen, before: Close | None, reason: str) -> Close:
    """Return the row of a new close, in state's types: the next version of its month."""
    of_month = all_closes(settings, date.max).filter(pl.col("as_of_on") == frozen.as_of_on)
    version = max(of_month["version"], default=0) + 1
    close = {
        **frozen.summary,
        "close_id": f"{_month(frozen.as_of_on)}-v{version}",
        "month": frozen.as_of_on.replace(day=1),
        "version": version,
        "basis_id": settled_run_id(settings, frozen.as_of_on, with_closes=False),
        "previous_close_id": _id(before),
        "reason": reason,
        "reporting_currency": settings.reporting_currency,
        "closed_at": utc_now(),
    }
    return conform(pl.DataFrame([close]), CLOSE_SCHEMAS[CLOSES]).row(0, named=True)


def _is_same(settings: Settings, frozen: Frozen, standing: Close) -> bool:
    lines = closed_rows(settings, CLOSED_LINES, standing["close_id"]).drop("close_id")
    return frozen.summary["values_hash"] == standing["values_hash"] and lines.equals(frozen.lines)


def _refuse_other_numbers(settings: Settings, frozen: Frozen, standing: Close) -> None:
    lines = closed_rows(settings, CLOSED_LINES, standing["close_id"])
    then, now = (
        f"{row[VALUE]} of {row['customers']} customers" for row in (standing, frozen.summary)
    )
    raise DataBlocked(
        f"{_month(standing['month'])} is closed: {then}. Closed now it would be {now}. "
        f"First difference: {first_difference(frozen, standing, lines)}.",
        where=standing["close_id"],
        todo="If the new numbers are to stand, close it again and say why: --reason. "
        "The frozen version stays.",
        code="ALREADY_CLOSED",
    )


def _show(settings: Settings, as_of: date, progress: Progress) -> str:
    """Publish what readers have once more, with the close in it; never an earlier day.

    Returns:
        The run that readers have now.
    """
    served = read_current(settings)
    day = max(as_of, date.fromisoformat(served["as_of"])) if served else as_of
    run_id = settled_run_id(settings, day)
    release = find_release(settings, run_id)
    if release:
        make_current(settings, release, day)
        return run_id
    progress(f"building {day} once more, to show the close")
    return _publish(settings, day, progress).record.run_id


def _publish(settings: Settings, day: date, progress: Progress) -> Build:
    built = build_warehouse(settings, day, progress)
    route.publish_build(settings, built, progress)
    return built


def _lines(settings: Settings, close: Close) -> dict[str, Decimal]:
    """Return the rollforward of all business units together."""
    lines = closed_rows(settings, CLOSED_LINES, close["close_id"])
    summed = lines.group_by("line_no", "line").agg(pl.col("amount").sum()).sort("line_no")
    return dict(summed.select("line", "amount").iter_rows())


def _id(close: Close | None) -> str:
    return str(close["close_id"]) if close else ""
