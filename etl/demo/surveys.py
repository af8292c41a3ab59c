"""Generate survey answers on four kinds of questions, each shop with its own scales.

Planted, and to be found again: content people buy more and come back more. What a person answers
is a mood made of their rank in spend, of whether they did order again soon, and of chance.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.demo.cases import sampled, with_return
from etl.demo.company import GROCER, LAST_DAY, MUSIC
from etl.demo.draw import Draw

WAVES = (date(2017, 3, 8), date(2017, 6, 7), date(2017, 9, 6), date(2017, 12, 6))
ANSWER_WITHIN_DAYS = 24
AFTER_ORDERS, AFTER_ORDERS_THIS_WEEK = 450, 60

# shop, survey, item, lowest, highest, whether higher is better, middle, steps per unit of mood
SCALES = pl.DataFrame(
    [
        (GROCER, "nps", "recommend", 0, 10, True, 7.4, 1.9),
        (GROCER, "csat", "overall", 1, 5, True, 3.8, 0.9),
        (GROCER, "ces", "effort", 1, 7, False, 3.0, -1.3),
        (GROCER, "intent", "buy_again", 1, 5, True, 3.6, 1.0),
        (MUSIC, "nps", "recommend", 0, 10, True, 7.0, 2.0),
        (MUSIC, "csat", "overall", 0, 100, True, 72.0, 18.0),
        (MUSIC, "ces", "ease", 1, 5, True, 3.7, 0.9),
        (MUSIC, "intent", "buy_again", 1, 5, True, 3.4, 1.0),
    ],
    schema=[
        "source_system",
        "survey_type",
        "item_code",
        "scale_min",
        "scale_max",
        "higher_is_better",
        "middle",
        "step",
    ],
    orient="row",
)
ASKED_IN_WAVE = (("nps", 1.0), ("csat", 0.7), ("intent", 0.5))
ASKED_AFTER_ORDER = (("csat", 1.0), ("ces", 0.8))


def survey_responses(
    linked: pl.DataFrame, orders: pl.DataFrame, buyers: pl.DataFrame, cases: pl.DataFrame
) -> pl.DataFrame:
    """Return the answers of relationship surveys, after orders and after solved cases.

    Args:
        linked: From :func:`etl.demo.cases.orders_of_contacts`.
        orders: All orders, to see who came back.
        buyers: source_system, customer_ref, revenue_rank, active_rank (0 to 1 within the shop).
        cases: From :func:`etl.demo.cases.case_versions`.

    Returns:
        The columns of the export and ``responded_on``.
    """
    draw = Draw("surveys")
    people = _moods(linked, buyers, draw)
    asked = [
        *_items(_waves(people, draw), ASKED_IN_WAVE, draw),
        *_items(_after_orders(linked, people, draw), ASKED_AFTER_ORDER, draw),
    ]
    answers = _answered(pl.concat(asked, how="diagonal_relaxed"), orders, draw)
    both = pl.concat([answers, _after_cases(cases, draw)], how="diagonal_relaxed").sort(
        "responded_on", "contact_id", "survey_type", "case_id", "order_id", nulls_last=True
    )
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)
    return both.select(
        pl.concat_str(pl.lit("Q"), number).alias("response_id"),
        "contact_id",
        "survey_type",
        "item_code",
        "score",
        "scale_min",
        "scale_max",
        "higher_is_better",
        "order_id",
        "case_id",
        draw.moments(both["responded_on"]).alias("responded_at"),
        "responded_on",
    )


def _moods(linked: pl.DataFrame, buyers: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """One row per contact: ``mood`` (mean 0, spread about 1) and whether they answer surveys."""
    people = (
        linked.unique("contact_id")
        .select("source_system", "customer_ref", "contact_id", "created_on")
        .join(buyers, on=["source_system", "customer_ref"], how="left")
        .sort("contact_id")
    )
    spend = (pl.col("revenue_rank") - 0.5) * 12**0.5
    answers = 0.06 + 0.10 * people["active_rank"].to_numpy()
    return people.with_columns(
        mood=0.35 * spend + 0.80 * pl.Series(draw.bell(people.height)),
        answers=pl.Series(draw.chance(people.height, answers)),
    )


def _waves(people: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Half of those who answer at all answer a wave, on one of the days after it."""
    waves = pl.DataFrame({"wave_on": WAVES})
    sent = people.filter("answers").join(waves, how="cross", maintain_order="left_right")
    wait = draw.days(sent.height, 0, ANSWER_WITHIN_DAYS)
    return sent.with_columns(
        responded_on=pl.col("wave_on") + wait, order_id=pl.lit(None, pl.String)
    ).filter(
        pl.Series(draw.chance(sent.height, 0.5)), pl.col("responded_on") >= pl.col("created_on")
    )


def _after_orders(linked: pl.DataFrame, people: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    recent = linked.filter(pl.col("ordered_on") > date(2016, 12, 31))
    asked = sampled(recent, AFTER_ORDERS, AFTER_ORDERS_THIS_WEEK, draw)
    wait = draw.days(asked.height, 1, 4)
    return (
        asked.with_columns(responded_on=pl.col("ordered_on") + wait)
        .filter(pl.col("responded_on").is_between(pl.col("created_on"), LAST_DAY))
        .join(people.select("contact_id", "mood"), on="contact_id", how="left")
    )


def _items(
    asked: pl.DataFrame, items: tuple[tuple[str, float], ...], draw: Draw
) -> list[pl.DataFrame]:
    """Ask each question of a share of those asked."""
    columns = (
        "source_system", "customer_ref", "contact_id", "mood", "responded_on", "order_id",
    )  # fmt: skip
    return [
        asked.filter(pl.Series(draw.chance(asked.height, share))).select(
            *columns, pl.lit(survey_type).alias("survey_type")
        )
        for survey_type, share in items
    ]


def _answered(asked: pl.DataFrame, orders: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Turn moods into answers on the scale of the shop."""
    back = with_return(asked, orders, "responded_on").join(
        SCALES, on=["source_system", "survey_type"], how="left", maintain_order="left"
    )
    nudge = pl.when("came_back").then(0.45).when(pl.col("came_back").is_null()).then(0.0)
    mood = pl.col("mood") + nudge.otherwise(-0.45) + 0.35 * pl.Series(draw.bell(back.height))
    score = (pl.col("middle") + pl.col("step") * mood).round()
    return back.with_columns(
        score=score.clip(pl.col("scale_min"), pl.col("scale_max")).cast(pl.Int64),
        case_id=pl.lit(None, pl.String),
    )


def _after_cases(cases: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Whoever scored how a case was handled did so within three days, from 1 to 5."""
    scored = cases.filter(pl.col("csat").is_not_null())
    wait = draw.days(scored.height, 0, 3)
    return scored.select(
        "contact_id",
        pl.lit("csat").alias("survey_type"),
        pl.lit("case_handling").alias("item_code"),
        pl.col("csat").alias("score"),
        pl.lit(1, pl.Int64).alias("scale_min"),
        pl.lit(5, pl.Int64).alias("scale_max"),
        pl.lit(True).alias("higher_is_better"),
        "case_id",
        (pl.col("solved_on") + wait).alias("responded_on"),
    ).filter(pl.col("responded_on") <= LAST_DAY)
