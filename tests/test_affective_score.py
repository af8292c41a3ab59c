"""More satisfaction never lowers the affective score, whoever answered, when and about what."""

from __future__ import annotations

import random
from datetime import date, time, timedelta
from decimal import Decimal

import polars as pl
import pytest

from tests.company.published import PublishedCompany
from tests.compiled import CompiledModels
from tests.ladders.lattice import KEY

CUSTOMERS = 500
ITEMS = (("csat", "overall"), ("nps", "recommend"), ("perception", "identification"))
# Two answers of one instant are a tie; on both sides of the 90 days of a relationship survey.
DAYS_AGO = (0, 0, 5, 80, 95, 120, 364)
SCALE = 10
Answer = dict[str, object]


@pytest.fixture(scope="module")
def compiled(published: PublishedCompany) -> CompiledModels:
    return CompiledModels(published.settings)


def drawn_answers(as_of: date) -> list[Answer]:
    """Up to six answers of each customer, by up to three people."""
    chance = random.Random(20261122)
    answers: list[Answer] = []
    for customer in range(CUSTOMERS):
        for _ in range(chance.randint(1, 6)):
            kind, item = chance.choice(ITEMS)
            day = as_of - timedelta(days=chance.choice(DAYS_AGO))
            answers.append(
                {
                    KEY: f"{customer:04}",
                    "response_id": f"{len(answers):05}",
                    "survey_type": kind,
                    "item_code": item,
                    "score": chance.randint(0, SCALE),
                    "is_transactional": chance.random() < 0.4,
                    "responded_on": day,
                    "respondent": chance.choice(("a", "b", "c")),
                    "net_revenue": chance.choice((0, 1, 250)),
                }
            )
    return answers


def affective(compiled: CompiledModels, answers: list[Answer]) -> dict[str, Decimal]:
    """Return the affective score of each customer who has one, through all models."""
    rows = pl.DataFrame(answers).with_columns(
        pl.lit("crm").alias("source_system"),
        pl.lit(0).alias("scale_min"),
        pl.lit(SCALE).alias("scale_max"),
        pl.lit(True).alias("higher_is_better"),
        (pl.col("score").cast(pl.Decimal(18, 6)) / SCALE).alias("satisfaction_score"),
        pl.col("responded_on").dt.combine(time(12)).alias("responded_at"),
    )
    # What one person ordered is one number, and does not hang on the answer.
    revenue = pl.col("net_revenue").first().over(KEY, "respondent", order_by="response_id")
    keys = rows.select(KEY).unique().with_columns(pl.lit(False).alias("is_not_profiled"))
    counted = compiled.run(
        "int_survey_answers_counted",
        {
            "int_customer_permissions": keys,
            "int_survey_respondents": rows.select(
                "source_system", "response_id", KEY, "respondent", revenue
            ),
            "survey_responses": rows.drop("respondent", "net_revenue"),
        },
    )
    scored = compiled.run("int_customer_survey_scores", {"int_survey_answers_counted": counted})
    stated = compiled.run("int_customer_stated_scores", {"int_customer_survey_scores": scored})
    parts = stated.join(keys, on=KEY)
    scores = compiled.run("int_customer_loyalty_scores", {"int_customer_loyalty_parts": parts})
    return dict(scores.select(KEY, "affective_score").drop_nulls().iter_rows())


def test_raising_one_answer_never_lowers_the_score(compiled: CompiledModels) -> None:
    answers = drawn_answers(compiled.as_of)
    before = affective(compiled, answers)
    assert len(before) == CUSTOMERS
    higher = 0
    for nth in range(3):
        chance = random.Random(nth)
        raised = {
            chance.choice([n for n, answer in enumerate(answers) if answer[KEY] == key])
            for key in before
        }
        after = affective(
            compiled,
            [
                {**answer, "score": chance.randint(int(str(answer["score"])), SCALE)}
                if n in raised
                else answer
                for n, answer in enumerate(answers)
            ],
        )
        assert not {key for key in before if after[key] < before[key]}
        higher += sum(after[key] > before[key] for key in before)
    # Most answers count for something, else nothing was shown.
    assert higher > CUSTOMERS
