"""What class each customer was in, as known on each day: rows of state, never rewritten.

Frames only. State holds one row per customer, domain (such as ``stage``) and day on which the code
changed. A day is compared with what was known before it; a day run again states anew what differs,
and takes back what no longer holds.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from etl import identity

CLASS_HISTORY = "class_history"
GRAIN = ["customer_key", "domain", "changed_on"]
KNOWN_SCHEMA: dict[str, pl.DataType] = {
    "customer_key": pl.String(),
    "domain": pl.String(),
    "code": pl.String(),
    "changed_on": pl.Date(),
}
STATE_SCHEMA: dict[str, pl.DataType] = {**KNOWN_SCHEMA, "is_withdrawn": pl.Boolean()}
# Tables handed to dbt, by name.
INPUT_SCHEMAS = {CLASS_HISTORY: KNOWN_SCHEMA}


def known_classes(stated: pl.DataFrame, successions: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the history before a day, under the keys that customers have on that day.

    Args:
        stated: ``STATE_SCHEMA``, one row per customer, domain and day.
        successions: Which key went on as which by the day; see :func:`etl.identity.successions`.

    Returns:
        ``KNOWN_SCHEMA``, ordered, one row per customer, domain and change. ``code`` is null from
        the day the customer was gone.
    """
    holds = ~pl.col("is_withdrawn") & (pl.col("changed_on") < as_of)
    rows = stated.filter(holds).select(list(KNOWN_SCHEMA))
    return identity.followed(rows, successions).sort(list(KNOWN_SCHEMA))


def proposed_classes(changed: pl.DataFrame, stated: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the rows that state lacks: nothing when a later day is known, for history stays.

    Args:
        changed: ``customer_key``, ``domain`` and ``code`` of what differs from the day before;
            null for who is gone.
        stated: As for :func:`known_classes`.

    Returns:
        ``STATE_SCHEMA``, ordered. What an earlier run of the day stated and this one does not is
        withdrawn.
    """
    today = changed.select(
        "customer_key", "domain", "code", changed_on=pl.lit(as_of), is_withdrawn=pl.lit(value=False)
    )
    if stated.filter(pl.col("changed_on") > as_of).height:
        return today.clear()
    stored = stated.filter(pl.col("changed_on") == as_of).select(list(STATE_SCHEMA))
    withdrawn = stored.join(today, on=GRAIN, how="anti").with_columns(
        is_withdrawn=pl.lit(value=True)
    )
    wanted = pl.concat([today, withdrawn])
    fresh = wanted.join(stored, on=list(STATE_SCHEMA), how="anti", nulls_equal=True)
    return fresh.sort(GRAIN)
