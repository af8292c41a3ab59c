"""Which customer goes on under another key: what lets history follow a customer.

A key that merges away, or whose customer turns out to be known earlier, may hand its history on to
the key that takes its place. At most one key goes on as another, and at most one goes before it: of
customers that merge, the one whose key stays keeps its own history, and the others' ends.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import polars as pl

from etl.frames import conform
from etl.identity.keys import STATE_SCHEMA

SUCCESSION_SCHEMA: dict[str, pl.DataType] = {
    "changed_on": pl.Date(),
    "old_key": pl.String(),
    "new_key": pl.String(),
}
_GOES_ON = ("merged", "earlier_member", "removed")
_ENDS = (*_GOES_ON, "quarantined")


def successions(history: pl.DataFrame, changed: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """List which key went on as which other, day by day, one to one.

    Args:
        history: ``etl.identity.STATE_SCHEMA``; rows of the day and after are left out of account.
        changed: What :func:`etl.identity.changed_keys` found for the day.

    Returns:
        ``SUCCESSION_SCHEMA``, ordered. Only a key that begins on the day takes over a history: a
        customer who is known already has one. Neither does a key that named somebody before, and
        ended: two histories would be one.
    """
    earlier = history.filter(pl.col("changed_on") < as_of)
    rows = pl.concat([conform(earlier, STATE_SCHEMA), conform(changed, STATE_SCHEMA)])
    begun = rows.filter(
        pl.col("record_key") == pl.col("customer_key"),
        pl.col("customer_key").ne_missing(pl.col("old_key")),
    ).select("changed_on", new_key="customer_key")
    ways = (
        rows.filter(pl.col("reason").is_in(_GOES_ON))
        .rename({"customer_key": "new_key"})
        .join(begun, on=["changed_on", "new_key"], how="semi")
    )
    ended = rows.filter(pl.col("reason").is_in(_ENDS)).select("changed_on", "old_key").unique()
    return conform(_without_reused(_one_to_one(ways), ended), SUCCESSION_SCHEMA).sort(pl.all())


def followed(rows: pl.DataFrame, successions: pl.DataFrame) -> pl.DataFrame:
    """Bring rows to the keys that their customers have now.

    Args:
        rows: ``customer_key`` and ``changed_on``, the day as of which the key was right, and any
            other columns.
        successions: ``SUCCESSION_SCHEMA``; all of them are followed.

    Returns:
        The same rows and columns, in no particular order.
    """
    steps = successions.rename({"old_key": "customer_key", "changed_on": "moved_on"})
    moves = rows["customer_key"].is_in(steps["customer_key"].implode())
    arrived = [rows.filter(~moves)]
    moving = rows.filter(moves).with_columns(since=pl.col("changed_on"))
    while moving.height:
        stepped = moving.sort("since").join_asof(
            steps.sort("moved_on"),
            left_on="since",
            right_on="moved_on",
            by="customer_key",
            strategy="forward",
            allow_exact_matches=False,
            coalesce=False,
            check_sortedness=False,
        )
        is_there = pl.col("new_key").is_null()
        arrived.append(stepped.filter(is_there).select(rows.columns))
        moving = (
            stepped.filter(~is_there)
            .with_columns(customer_key="new_key", since="moved_on")
            .drop("new_key", "moved_on")
        )
    return pl.concat(arrived)


def _one_to_one(ways: pl.DataFrame) -> pl.DataFrame:
    """Of several ways keep the one to, and then the one from, the key that was known first."""
    to = ways.sort("new_known_on", "new_key").unique(["changed_on", "old_key"], keep="first")
    one = to.sort("old_known_on", "old_key").unique(["changed_on", "new_key"], keep="first")
    return one.select(list(SUCCESSION_SCHEMA))


def _without_reused(ways: pl.DataFrame, ended: pl.DataFrame) -> pl.DataFrame:
    """Leave out ways to keys that have a history of their own, which ended before."""
    ways_of, ended_on = defaultdict(list), defaultdict(set)
    for changed_on, old_key, new_key in ways.iter_rows():
        ways_of[changed_on].append((old_key, new_key))
    for changed_on, old_key in ended.iter_rows():
        ended_on[changed_on].add(old_key)
    kept: list[tuple[date, str, str]] = []
    used: set[str] = set()
    for day in sorted(ended_on):
        free = [(old, new) for old, new in ways_of[day] if new not in used]
        kept += [(day, old, new) for old, new in free]
        handed_on = {old for old, _ in free}
        used = (used | ended_on[day]) - handed_on
    return pl.DataFrame(kept, schema=SUCCESSION_SCHEMA, orient="row")
