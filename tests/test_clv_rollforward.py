"""Every change of customer value has its line, and the lines add up, whoever did what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.clv.closes import CLOSED_VALUES, MONEY
from etl.clv.rollforward import LINES, VALUE, first_close, roll_forward

OPENED_ON, CLOSED_ON, RATE = date(2017, 11, 30), date(2017, 12, 31), 0.10
DAYS = (CLOSED_ON - OPENED_ON).days
AT_OPENING = ("value_at_opening_terms", "value_at_opening_rates", "value_at_opening_margin")
NO_CHANGES = {"old_key": [], "new_key": [], "current_key": []}
KEYS = dict.fromkeys(NO_CHANGES, pl.String())
SCHEMA = {name: kind for name, kind in CLOSED_VALUES.items() if name != "close_id"}


def customer(key="a", value="100", unit="shop", **cells):
    """One frozen row: a customer of one repeat order who is active and earned nothing yet."""
    row = {
        "customer_key": key,
        "business_unit": unit,
        "rule_id": "CV11_FORECAST",
        "repeat_orders": 1,
        "first_ordered_on": date(2017, 1, 1),
        "last_ordered_on": date(2017, 6, 1),
        "historic_margin": 0,
        "historic_refunds": 0,
        "historic_refund_exchange_difference": 0,
        VALUE: value,
    }
    return row | dict.fromkeys(AT_OPENING, value) | cells


def frame(rows):
    schema = {**SCHEMA, **dict.fromkeys(AT_OPENING, MONEY)}
    whole = [dict.fromkeys(schema) | row for row in rows]
    decimals = {n for n, kind in schema.items() if kind.is_decimal()}
    exact = [
        {n: Decimal(str(v)) if n in decimals and v is not None else v for n, v in row.items()}
        for row in whole
    ]
    return pl.DataFrame(exact, schema=schema)


def rolled(opening, closing, changes=NO_CHANGES):
    return roll_forward(
        frame(opening).drop(AT_OPENING),
        frame(closing),
        pl.DataFrame(changes, schema=KEYS),
        OPENED_ON,
        CLOSED_ON,
        RATE,
    )


def lines(*arguments, unit="shop"):
    found = rolled(*arguments).filter(pl.col("business_unit") == unit)
    assert found["line"].to_list() == list(LINES)
    amounts = dict(found.select("line", "amount").iter_rows())
    assert sum(amounts.values()) - 2 * amounts["closing"] == 0
    return {line: amount for line, amount in amounts.items() if amount}


UNWOUND = Decimal(str(round(100 * ((1 + RATE) ** (DAYS / 365.25) - 1), 4)))


def test_a_silent_customer_falls_and_time_comes_nearer():
    assert lines([customer()], [customer(value="90")]) == {
        "opening": 100,
        "discount_unwind": UNWOUND,
        "churned": -10 - UNWOUND,
        "closing": 90,
    }
    assert Decimal("0.8122") == UNWOUND  # 100 * (1.1 ^ (31 / 365.25) - 1)


def test_money_earned_leaves_the_future_and_refunds_come_back():
    before = customer(historic_margin=50, historic_refunds=5)
    after = customer(
        value="120",
        last_ordered_on=date(2017, 12, 5),
        historic_margin=70,
        historic_refunds=12,
        historic_refund_exchange_difference=2,
    )
    assert lines([before], [after]) == {
        "opening": 100,
        "discount_unwind": UNWOUND,
        "realised_margin": -27,  # 20 more after 7 given back
        "refunds": 5,
        "exchange": 2,
        "repurchased": 40 - UNWOUND,
        "closing": 120,
    }


@pytest.mark.parametrize(
    ("lapses_on", "line"),
    [(OPENED_ON, "won_back"), (date(2017, 12, 1), "repurchased"), (None, "repurchased")],
)
def test_who_orders_past_the_lapse_date_of_the_opening_is_won_back(lapses_on, line):
    before = customer(lapses_on=lapses_on)
    after = customer(value="130", last_ordered_on=date(2017, 12, 1), repeat_orders=2)
    assert lines([before], [after])[line] == 30 - UNWOUND


def test_an_order_that_became_known_later_is_an_order():
    after = customer(value="130", repeat_orders=2)
    assert "repurchased" in lines([customer()], [after])


def test_new_terms_are_not_behaviour():
    after = customer(
        value="130",
        value_at_opening_terms="80",
        value_at_opening_rates="95",
        value_at_opening_margin="115",
    )
    assert lines([customer()], [after]) == {
        "opening": 100,
        "discount_unwind": UNWOUND,
        "churned": -20 - UNWOUND,
        "refit": 15,
        "discount_rate_change": 20,
        "margin_rate_change": 15,
        "closing": 130,
    }


def test_a_first_fit_is_a_refit_and_what_was_earned_before_it_is_nobodys_value():
    before = customer(value=None, rule_id="CV21_NO_MODEL")
    after = customer(
        value="60",
        value_at_opening_terms=None,
        value_at_opening_rates="60",
        value_at_opening_margin="60",
        historic_margin=5,
        last_ordered_on=CLOSED_ON,
    )
    assert lines([before], [after]) == {
        "realised_margin": -5,
        "repurchased": 5,
        "refit": 60,
        "closing": 60,
    }


def test_a_newcomer_brings_all_its_value_and_what_it_has_paid_already():
    newcomer = customer("b", value="40", first_ordered_on=date(2017, 12, 3), historic_margin=8)
    assert lines([customer()], [customer(), newcomer])["new_customers"] == 48


def test_two_customers_who_became_one_are_a_merge():
    changes = {"old_key": ["b"], "new_key": ["a"], "current_key": ["a"]}
    both = [customer(historic_margin=5), customer("b", value="30", historic_margin=7)]
    found = lines(both, [customer(value="150", historic_margin=12)], changes)
    unwound = Decimal(str(round(130 * ((1 + RATE) ** (DAYS / 365.25) - 1), 4)))
    assert found == {
        "opening": 130,
        "discount_unwind": unwound,
        "merges_and_erasures": 20 - unwound,
        "closing": 150,
    }


def test_a_key_that_only_changed_its_name_goes_on():
    changes = {"old_key": ["a"], "new_key": ["z"], "current_key": ["z"]}
    assert "churned" in lines([customer()], [customer("z", value="90")], changes)


def test_a_customer_who_split_is_no_newcomer():
    changes = {"old_key": ["a"], "new_key": ["b"], "current_key": ["a"]}
    after = [customer(value="60", repeat_orders=0), customer("b", value="30", repeat_orders=0)]
    found = lines([customer()], after, changes)
    assert found["merges_and_erasures"] == -10 - UNWOUND
    assert set(found) == {"opening", "discount_unwind", "merges_and_erasures", "closing"}


@pytest.mark.parametrize("current", [None, "a"])
def test_who_is_gone_takes_the_value_along(current):
    changes = {"old_key": ["a"], "new_key": [None], "current_key": [current]}
    assert lines([customer(historic_margin=50)], [customer("b")], changes) == {
        "opening": 100,
        "new_customers": 100,
        "merges_and_erasures": -100,
        "closing": 100,
    }


def test_who_may_not_be_profiled_any_more_did_not_churn():
    gone = customer(value=None, rule_id="CV43_NOT_PROFILED", **dict.fromkeys(AT_OPENING))
    assert lines([customer()], [gone])["profiling_changes"] == -100 - UNWOUND


def test_who_may_be_profiled_again_did_not_order():
    before = customer(value=None, rule_id="CV43_NOT_PROFILED")
    after = customer(value="40", last_ordered_on=CLOSED_ON, repeat_orders=2)
    assert lines([before], [after]) == {"profiling_changes": 40, "closing": 40}


@pytest.mark.parametrize("rule", ["CV13_UNIT_AVERAGE", "CV41_INTERNAL", "CV43_NOT_PROFILED"])
@pytest.mark.parametrize("terms", [None, "7"])
def test_what_is_earned_with_a_customer_without_a_value_is_in_no_line(rule, terms):
    nothing = dict.fromkeys(AT_OPENING, terms)
    before = customer(value=None, rule_id=rule, historic_margin=5, historic_refunds=1)
    after = customer(
        value=None,
        rule_id=rule,
        last_ordered_on=CLOSED_ON,
        historic_margin=25,
        historic_refunds=4,
        historic_refund_exchange_difference=2,
        **nothing,
    )
    newcomer = customer("b", value=None, rule_id=rule, historic_margin=8, **nothing)
    assert lines([before], [after, newcomer]) == {}


def test_a_unit_that_closed_and_one_that_opened_have_all_lines():
    opening, closing = [customer(unit="old")], [customer("b", unit="new")]
    assert lines(opening, closing, unit="old") == {"opening": 100, "merges_and_erasures": -100}
    assert lines(opening, closing, unit="new") == {"new_customers": 100, "closing": 100}


def test_the_first_close_of_all_opens_with_nothing():
    found = first_close(frame([customer(), customer("b", value=None)]))
    assert found["line"].to_list() == list(LINES)
    amounts = dict(found.select("line", "amount").iter_rows())
    assert {line: amount for line, amount in amounts.items() if amount} == {
        "first_close": 100,
        "closing": 100,
    }


amounts = st.none() | st.decimals(-1000, 1000, places=4)
days = st.none() | st.dates(date(2017, 1, 1), CLOSED_ON)
frozen = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(["north", "south"]),
        "rule_id": st.sampled_from(["CV11_FORECAST", "CV21_NO_MODEL", "CV41_INTERNAL"]),
        "repeat_orders": st.none() | st.integers(0, 9),
        "lapses_on": days,
        "first_ordered_on": days,
        "last_ordered_on": days,
        "value": amounts,
        "historic_margin": amounts,
        "historic_refunds": amounts,
        **dict.fromkeys(AT_OPENING, amounts),
    }
)
sides = st.dictionaries(st.sampled_from("abcd"), frozen, max_size=4)
pairs = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), max_size=3)


@given(sides, sides, pairs)
def test_it_foots_whatever_happened(opening, closing, moved):
    current = dict(moved)
    changes = {
        "old_key": [old for old, _ in moved],
        "new_key": [new for _, new in moved],
        "current_key": [current[old] for old, _ in moved],
    }
    found = rolled(
        [customer(key, **cells) for key, cells in opening.items()],
        [customer(key, **cells) for key, cells in closing.items()],
        changes,
    )
    for (unit,), part in found.group_by("business_unit"):
        amounts = dict(part.select("line", "amount").iter_rows())
        assert sum(amounts.values()) == 2 * amounts["closing"]
        for line, side in (("opening", opening), ("closing", closing)):
            values = [c["value"] or 0 for c in side.values() if c["unit"] == unit]
            assert amounts[line] == sum(values)
