"""Generate what happens around a case and between the company and its people.

Planted: a case that was answered in the right order (apology, solution, remedy) is one of those
whose customer came back; who is engaged ordered lately.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.demo.company import LAST_DAY
from etl.demo.draw import Draw, numbered
from etl.demo.selling import REPS

STEPS = ("apology", "acknowledge", "solution_offered", "remedy_done")
ROUNDS = 2
# channel, direction, type, whether a machine made it
KINDS = pl.DataFrame(
    [
        ("email", "out", "newsletter", True),
        ("email", "in", "open", True),
        ("email", "in", "click", False),
        ("email", "in", "click", False),
        ("phone", "out", "call", False),
        ("phone", "in", "call", False),
        ("store", "in", "course", False),
        ("web", "in", "review", False),
        ("web", "in", "review", False),
        ("web", "in", "suggestion", False),
    ],
    schema=["channel", "direction", "type", "is_auto"],
    orient="row",
)
ERASURES = 6


def case_events(cases: pl.DataFrame) -> pl.DataFrame:
    """Return the steps taken in each case that has ended.

    Args:
        cases: From :func:`etl.demo.cases.case_versions`.

    Returns:
        The columns of the export and ``occurred_on``.
    """
    draw = Draw("case events")
    ended = cases.filter(pl.col("status") != "open").unique("case_id", maintain_order=True)
    steps = pl.DataFrame({"step": range(len(STEPS)), "event_type": STEPS})
    taken = ended.join(steps, how="cross", maintain_order="left_right")
    size = taken.height
    likely = pl.when(pl.col("came_back").fill_null(True)).then(0.85).otherwise(0.45)
    span = (pl.col("known_on") - pl.col("opened_on")).dt.total_days()
    done = taken.filter(
        pl.Series(draw.uniform(size)) < likely,
        (pl.col("event_type") != "remedy_done") | pl.col("solved_on").is_not_null(),
    ).with_columns(
        occurred_on=pl.col("opened_on") + pl.duration(days=(span * pl.col("step")) // len(STEPS))
    )
    reopened = ended.filter(pl.col("reopens") > 0).with_columns(
        event_type=pl.lit("reopen"), occurred_on="known_on"
    )
    events = pl.concat([done, reopened], how="diagonal_relaxed").sort(
        "occurred_on", "case_id", "event_type"
    )
    return events.select(
        numbered("event_id", "E"),
        "case_id",
        "event_type",
        draw.moments(events["occurred_on"], 15, 17).alias("occurred_at"),
        draw.pick(events.height, REPS).alias("rep_id"),
        pl.Series(draw.chance(events.height, 0.1)).alias("is_auto"),
        "occurred_on",
    )


def interactions(contacts: pl.DataFrame, buyers: pl.DataFrame) -> pl.DataFrame:
    """Return calls, clicks, reviews and courses; who ordered lately takes part more often.

    Args:
        contacts: contact_id, created_on, external_system, external_ref.
        buyers: source_system, customer_ref, active_rank (0 to 1 within the shop).

    Returns:
        The columns of the export and ``occurred_on``.
    """
    draw = Draw("interactions")
    people = contacts.join(
        buyers.select("active_rank", external_system="source_system", external_ref="customer_ref"),
        on=["external_system", "external_ref"],
        how="left",
        maintain_order="left",
    )
    often = pl.concat([people] * ROUNDS)
    likely = 0.05 + 0.4 * often["active_rank"].fill_null(0.3).to_numpy()
    taken = often.filter(pl.Series(draw.chance(often.height, likely)))
    events = (
        taken.hstack(KINDS[draw.whole(taken.height, 0, KINDS.height - 1)])
        .with_columns(occurred_on=draw.later(taken["created_on"], LAST_DAY))
        .filter(pl.col("occurred_on").is_not_null())
        .sort("occurred_on", "contact_id", "type", "direction")
    )
    called = pl.col("type") == "call"
    reps = draw.pick(events.height, REPS)
    return events.select(
        numbered("interaction_id", "I"),
        "contact_id",
        pl.when(called).then(reps).alias("rep_id"),
        "channel",
        "direction",
        "type",
        draw.moments(events["occurred_on"]).alias("occurred_at"),
        "is_auto",
        pl.when(called).then(pl.lit("reached")).alias("outcome"),
        "occurred_on",
    )


def erasures(contacts: pl.DataFrame) -> pl.DataFrame:
    """Return the requests of a few people who never bought to be forgotten."""
    draw = Draw("erasures")
    people = contacts.filter(pl.col("external_ref").is_null()).sort("contact_id")
    some = people[draw.sample(people.height, ERASURES)]
    asked = some.with_columns(
        requested_on=pl.lit(date(2017, 12, 20)) + draw.days(some.height, 0, 9)
    )
    return asked.select(
        numbered("request_id", "F"),
        "contact_id",
        draw.moments(asked["requested_on"]).alias("requested_at"),
        pl.lit("all").alias("scope"),
        "requested_on",
    )
