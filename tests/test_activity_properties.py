"""Four properties of activity that hold for every history of purchases, tested on the SQL itself.

Adding an order is none of them: it may shorten the expected gap, and so raise the ratio later.
"""

from __future__ import annotations

import random

import polars as pl
import pytest

from tests.activity import Activity, History, random_histories
from tests.company.published import PublishedCompany
from tests.compiled import CompiledModels

HISTORIES = random_histories(2000, seed=8)
# Who falls behind moves to the right; one who has just come back is as active as the active.
STATUSES = {"active": 0, "reactivated": 0, "at_risk": 1, "lapsed": 2, "lost": 3}


@pytest.fixture(scope="module")
def activity(published: PublishedCompany) -> Activity:
    return Activity(CompiledModels(published.settings))


@pytest.fixture(scope="module")
def found(activity: Activity) -> pl.DataFrame:
    """Activity of the histories as they are."""
    return activity.of(HISTORIES)


def with_a_later_last(histories: list[History]) -> list[History]:
    """The same number of purchases, the last one nearer to today."""
    chance = random.Random(9)
    return [(*history[:-1], chance.randint(0, history[-1])) for history in histories]


def test_the_histories_are_of_all_kinds(found):
    assert set(found["activity_status"]) == set(STATUSES)
    assert found["recency_ratio"].null_count() == 0
    assert found["gap_basis"].n_unique() == 2


def test_a_later_last_purchase_never_raises_the_ratio(activity, found):
    later = activity.of(with_a_later_last(HISTORIES))
    assert (later["recency_ratio"] <= found["recency_ratio"]).all()
    assert (later["recency_ratio"] < found["recency_ratio"]).any()


def test_with_the_gap_held_fixed_a_later_purchase_never_raises_the_ratio(activity, found):
    gaps = found["gap_days"].to_list()
    before = activity.with_gaps(HISTORIES, gaps)
    later = activity.with_gaps(with_a_later_last(HISTORIES), gaps)
    assert before["recency_ratio"].equals(found["recency_ratio"])
    assert (later["recency_ratio"] <= before["recency_ratio"]).all()
    assert (later["recency_ratio"] < before["recency_ratio"]).any()


def test_on_the_day_of_a_purchase_the_ratio_is_zero(activity):
    today = activity.of([(*history[:-1], 0) for history in HISTORIES])
    assert set(today["recency_ratio"]) == {0}
    assert set(today["activity_status"]) == {"active", "reactivated"}


def test_between_purchases_neither_the_ratio_nor_the_status_gets_better(activity, found):
    before = found
    for days_later in (1, 2, 30, 31, 90, 365, 3000):
        after = activity.of(HISTORIES, days_later)
        assert (after["recency_ratio"] >= before["recency_ratio"]).all()
        statuses = [f["activity_status"].replace_strict(STATUSES) for f in (before, after)]
        assert (statuses[1] >= statuses[0]).all()
        before = after
    assert set(before["activity_status"]) == {"lost"}
