"""What customer keys were, and what they became: kept in state, as known on each day.

A customer's key is the record_key of the member known first. It changes when customers merge (the
older key stays), when a record parts, when a member known earlier joins and when the member that
gave it is gone. State holds one row per record and day on which its key changed, by
record_key, so that neither ids nor tokens stand in it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import polars as pl

from etl.frames import conform

STATE_SCHEMA: dict[str, pl.DataType] = {
    "record_key": pl.String(),
    "known_on": pl.Date(),
    "customer_key": pl.String(),
    "old_key": pl.String(),
    "old_known_on": pl.Date(),
    "new_known_on": pl.Date(),
    "reason": pl.String(),
    "changed_on": pl.Date(),
}
CHANGE_SCHEMA: dict[str, pl.DataType] = {
    "changed_on": pl.Date(),
    "old_key": pl.String(),
    "new_key": pl.String(),
    "reason": pl.String(),
    "record_count": pl.Int64(),
    "old_known_on": pl.Date(),
    "new_known_on": pl.Date(),
    "current_key": pl.String(),
}
_NEVER = date.min


def changed_keys(identities: pl.DataFrame, history: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Compare the keys of a day with those known before it.

    Args:
        identities: As :func:`etl.identity.resolve` gives them for the day.
        history: ``STATE_SCHEMA``, one row per record and day; rows of the day and after are left
            out of account.

    Returns:
        ``STATE_SCHEMA``: one row per record that is new, gone or under another key, ordered by
        record_key. ``customer_key`` is null for a record that is gone or quarantined. ``reason``
        is null where no customer's key changed, else merged, split, earlier_member, removed or
        quarantined.
    """
    before = _last_known(history.filter(pl.col("changed_on") < as_of))
    today = identities.select("record_key", "customer_key", "known_on", is_known=pl.lit(value=True))
    both = today.join(before, on="record_key", how="full", coalesce=True)
    changed = (
        both.filter(pl.col("customer_key").ne_missing(pl.col("old_key")))
        .join(_begun_on(before, "old"), on="old_key", how="left")
        .join(_begun_on(today, "new"), left_on="customer_key", right_on="new_key", how="left")
        .join(_former_keys(both), on="customer_key", how="left")
        .with_columns(
            known_on=pl.coalesce("known_on", "known_before_on"),
            reason=_reason(both),
            changed_on=pl.lit(as_of),
        )
    )
    return conform(changed, STATE_SCHEMA).sort("record_key")


def proposed_keys(changed: pl.DataFrame, history: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the rows that state lacks: nothing when a later day is known, for history stays.

    A day that is run again may find fewer changes than state has of it: those records are stated
    once more, as they were before the day.
    """
    if history.filter(pl.col("changed_on") > as_of).height:
        return changed.clear()
    stored = conform(history.filter(pl.col("changed_on") == as_of), STATE_SCHEMA)
    before = _last_known(history.filter(pl.col("changed_on") < as_of))
    withdrawn = (
        stored.select("record_key", "known_on", "changed_on")
        .join(changed, on="record_key", how="anti")
        .join(before, on="record_key", how="left")
        .with_columns(customer_key="old_key")
    )
    absent = {n: pl.lit(None) for n in STATE_SCHEMA if n not in withdrawn.columns}
    wanted = pl.concat([changed, conform(withdrawn.with_columns(**absent), STATE_SCHEMA)])
    fresh = wanted.join(stored, on=list(STATE_SCHEMA), how="anti", nulls_equal=True)
    return fresh.sort("record_key")


def key_changes(history: pl.DataFrame, changed: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """List every change of a customer's key up to a day.

    Args:
        history: ``STATE_SCHEMA``; rows of the day and after are left out of account.
        changed: What :func:`changed_keys` found for the day.

    Returns:
        Ordered, one row per day, old key, new key and reason: ``CHANGE_SCHEMA`` without
        ``current_key``. ``record_count`` records changed; ``old_known_on`` and ``new_known_on``
        are the days since which the records behind the two keys are known.
    """
    earlier = history.filter(pl.col("changed_on") < as_of)
    changes = (
        pl.concat([conform(earlier, STATE_SCHEMA), conform(changed, STATE_SCHEMA)])
        .drop_nulls("reason")
        .rename({"customer_key": "new_key"})
        .group_by("changed_on", "old_key", "new_key", "reason", "old_known_on", "new_known_on")
        .agg(record_count=pl.len())
    )
    listed = {name: dtype for name, dtype in CHANGE_SCHEMA.items() if name != "current_key"}
    return conform(changes, listed).sort(list(listed), nulls_last=True)


def with_current_key(changes: pl.DataFrame, identities: pl.DataFrame) -> pl.DataFrame:
    """Add where each old key is found now.

    Args:
        changes: As :func:`key_changes` lists them.
        identities: The identities of the day.

    Returns:
        ``CHANGE_SCHEMA``, in the order of ``changes``. ``current_key`` is the customer that the
        record behind ``old_key`` belongs to on the day, or, when that record is gone, the one its
        customer went on as; null in quarantine and when nothing is left.
    """
    current = _current_keys(changes, identities)
    return conform(
        changes.join(current, on="old_key", how="left", maintain_order="left"), CHANGE_SCHEMA
    )


def _last_known(history: pl.DataFrame) -> pl.DataFrame:
    """Return ``record_key``, ``old_key`` and ``known_before_on``: the last row of each record."""
    last = history.sort("record_key", "changed_on").unique("record_key", keep="last")
    return last.select("record_key", old_key="customer_key", known_before_on="known_on")


def _begun_on(records: pl.DataFrame, side: str) -> pl.DataFrame:
    """Return since when the record behind each key is known."""
    known_on = "known_before_on" if side == "old" else "known_on"
    return records.select(
        pl.col("record_key").alias(f"{side}_key"), pl.col(known_on).alias(f"{side}_known_on")
    )


def _former_keys(both: pl.DataFrame) -> pl.DataFrame:
    """Count the keys that the records of each customer had before."""
    kept = both.drop_nulls(["customer_key", "old_key"])
    return kept.group_by("customer_key").agg(former_keys=pl.col("old_key").n_unique())


def _reason(both: pl.DataFrame) -> pl.Expr:
    known = both.filter(pl.col("is_known"))
    is_known = pl.col("is_known").is_not_null()
    is_used = pl.col("old_key").is_in(known["customer_key"].drop_nulls().implode())
    lives_on = pl.col("old_key").is_in(known["old_key"].drop_nulls().implode())
    # A record that is gone changes no key while others of its customer are left.
    is_no_change = pl.col("old_key").is_null() | (~is_known & lives_on)
    return (
        pl.when(is_no_change)
        .then(None)
        .when(pl.col("customer_key").is_null())
        .then(pl.when(is_known).then(pl.lit("quarantined")).otherwise(pl.lit("removed")))
        .when(is_used)
        .then(pl.lit("split"))
        .when(pl.col("former_keys") > 1)
        .then(pl.lit("merged"))
        .when(~pl.col("old_key").is_in(known["record_key"].implode()))
        .then(pl.lit("removed"))
        .otherwise(pl.lit("earlier_member"))
    )


def _current_keys(changes: pl.DataFrame, identities: pl.DataFrame) -> pl.DataFrame:
    """Return ``old_key`` and ``current_key``, one row per old key."""
    now = identities.select(old_key="record_key", current_key="customer_key")
    old = changes.select("old_key").unique()
    found = old.join(now, on="old_key", how="inner")
    gone = old.join(now, on="old_key", how="anti")["old_key"].sort().to_list()
    if not gone:
        return found
    successors = _successors(changes)
    named = changes.select(old_key="new_key").unique().join(now, on="old_key")
    in_use = dict(named.iter_rows())
    followed = {"old_key": gone, "current_key": [_follow(k, successors, in_use) for k in gone]}
    return pl.concat([found, pl.DataFrame(followed, schema=found.schema)])


def _successors(changes: pl.DataFrame) -> dict[str, list[tuple[date, str]]]:
    """Return what each key went on as, by day; of two on one day the one known first is last."""
    order = ["changed_on", "new_known_on", "new_key"]
    rows = changes.drop_nulls("new_key").sort(order, descending=[False, True, True])
    successors: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for old_key, changed_on, new_key in rows.select("old_key", "changed_on", "new_key").iter_rows():
        successors[old_key].append((changed_on, new_key))
    return successors


def _follow(
    key: str, successors: dict[str, list[tuple[date, str]]], in_use: dict[str, str | None]
) -> str | None:
    """Follow a key whose record is gone, forward in time, to a record that is still known."""
    day = _NEVER
    while key not in in_use:
        later = [step for step in successors.get(key, []) if step[0] > day]
        if not later:
            return None
        day, key = later[-1]
    return in_use[key]
