"""Generate what people said about being written to, called and profiled, over time."""

from __future__ import annotations

import polars as pl

from etl.demo.company import LAST_DAY
from etl.demo.draw import Draw

# channel, purpose, what the person must have, share that grants, share that denies
ASKED = (
    ("email", "marketing", "email", 0.60, 0.28),
    ("email", "winback", "email", 0.50, 0.20),
    ("sms", "marketing", "phone", 0.25, 0.30),
    ("post", "marketing", "contact_id", 0.35, 0.10),
    ("any", "profiling", "contact_id", 0.50, 0.20),
)
WITHDRAWN, GRANTED_AGAIN = 0.10, 0.15


def consent_events(contacts: pl.DataFrame) -> pl.DataFrame:
    """Return the consent events of all contacts, in order of time.

    Args:
        contacts: contact_id, email, phone, created_on.

    Returns:
        The columns of the export and ``occurred_on``.
    """
    draw = Draw("consents")
    asked = pl.concat([_asked(contacts, *question, draw) for question in ASKED])
    granted = asked.filter(pl.col("state") == "granted")
    withdrawn = _changed(granted, WITHDRAWN, "withdrawn", "unsubscribe link", draw)
    again = _changed(withdrawn, GRANTED_AGAIN, "granted", "preference page", draw)
    events = pl.concat([asked, withdrawn, again]).sort(
        "occurred_on", "contact_id", "channel", "purpose", maintain_order=True
    )
    return events.select(
        pl.format("K{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6)).alias(
            "consent_id"
        ),
        "contact_id",
        "channel",
        "purpose",
        "state",
        pl.lit("consent").alias("basis"),
        "source",
        draw.moments(events["occurred_on"]).alias("occurred_at"),
        "occurred_on",
    )


def _asked(
    contacts: pl.DataFrame,
    channel: str,
    purpose: str,
    needs: str,
    grants: float,
    denies: float,
    draw: Draw,
) -> pl.DataFrame:
    """Ask one question at sign-up; some do not answer."""
    answer = pl.Series("answer", draw.uniform(contacts.height))
    return (
        contacts.with_columns(answer)
        .filter(pl.col(needs).is_not_null(), pl.col("answer") < grants + denies)
        .select(
            "contact_id",
            pl.lit(channel).alias("channel"),
            pl.lit(purpose).alias("purpose"),
            pl.when(pl.col("answer") < grants)
            .then(pl.lit("granted"))
            .otherwise(pl.lit("denied"))
            .alias("state"),
            pl.lit("sign-up form").alias("source"),
            pl.col("created_on").alias("occurred_on"),
        )
    )


def _changed(
    events: pl.DataFrame, share: float, state: str, source: str, draw: Draw
) -> pl.DataFrame:
    """Let a share of the people say something else on a later day."""
    some = events.filter(pl.Series(draw.chance(events.height, share)))
    return some.with_columns(
        state=pl.lit(state),
        source=pl.lit(source),
        occurred_on=draw.later(some["occurred_on"], LAST_DAY),
    ).filter(pl.col("occurred_on").is_not_null())
