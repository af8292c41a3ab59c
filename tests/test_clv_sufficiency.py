"""The gate: every boundary from both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from etl.clv.sufficiency import Evidence, evidence_of, judge
from tests.clv_samples import CUTOFF_ON, SETTINGS, cdnow, summary

ENOUGH = Evidence(
    buyers=500, frequent_buyers=1, history_days=180, silence_days=30, history_starts_on=None
)


def test_exactly_enough_is_sufficient():
    verdict = judge(ENOUGH, SETTINGS)
    assert (verdict.sufficiency, verdict.code) == ("sufficient", "enough_history")


@pytest.mark.parametrize(
    ("figure", "value", "code", "reason"),
    [
        ("buyers", 499, "too_few_buyers", "499 buyers, at least 500"),
        ("history_days", 179, "history_too_short", "179 days of history, at least 180"),
        ("silence_days", 31, "no_recent_order", "31 days old, at most 30"),
        ("frequent_buyers", 0, "no_frequent_buyer", "3 or more days"),
    ],
)
def test_one_step_short_is_insufficient_and_says_why(figure, value, code, reason):
    verdict = judge(replace(ENOUGH, **{figure: value}), SETTINGS)
    assert (verdict.sufficiency, verdict.code) == ("insufficient", code)
    assert reason in verdict.reason


def test_a_cut_history_is_a_caveat_that_names_its_first_day():
    verdict = judge(replace(ENOUGH, history_starts_on=date(2017, 1, 1)), SETTINGS)
    assert (verdict.sufficiency, verdict.code) == ("sufficient_with_caveat", "left_censored")
    assert "2017-01-01" in verdict.reason


def test_a_failure_outweighs_a_caveat():
    verdict = judge(replace(ENOUGH, history_starts_on=date(2017, 1, 1), buyers=1), SETTINGS)
    assert verdict.sufficiency == "insufficient"


def test_evidence_of_the_sample():
    evidence = evidence_of(summary(cdnow()), CUTOFF_ON, SETTINGS)
    assert evidence == Evidence(
        buyers=2357,
        frequent_buyers=507,
        history_days=272,
        silence_days=0,
        history_starts_on=None,
    )


def test_silence_is_counted_from_the_last_order_of_anyone():
    later = CUTOFF_ON + timedelta(days=31)
    evidence = evidence_of(summary(cdnow()), later, SETTINGS)
    assert evidence.silence_days == 31
    assert evidence.history_days == 303


def test_one_censored_source_censors_the_unit():
    rows = summary(cdnow()).with_columns(
        pl.when(pl.int_range(pl.len()) == 7)
        .then(pl.lit(date(1997, 1, 1)))
        .alias("history_starts_on")
    )
    assert evidence_of(rows, CUTOFF_ON, SETTINGS).history_starts_on == date(1997, 1, 1)
