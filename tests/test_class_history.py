"""What customers were is said once, follows their keys, and is never rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from etl import history
from etl.config import Settings
from etl.history import CLASS_HISTORY, KNOWN_SCHEMA, STATE_SCHEMA, proposed_classes
from etl.identity import changed_keys, proposed_keys
from etl.state import commit_state
from etl.warehouse.class_history import known_classes, stated_classes
from etl.warehouse.identities import KEY_STATE, key_history, known_successions
from tests.test_identity_keys import RECORDS, day, key, resolved

# A day's customers and their stage: "ab" is the customer of the records a and b, a known first.
Customers = Mapping[str, str]
DOMAIN = "stage"


def stacked(customers: Customers, domain: str = DOMAIN) -> pl.DataFrame:
    """What dbt's model of that name holds: today's codes."""
    rows = [
        (key(records[0]), domain, code)
        for records, code in customers.items()
        if not records.startswith("-")
    ]
    return pl.DataFrame(rows, schema=["customer_key", "domain", "code"], orient="row").cast(
        pl.String
    )


def changed_today(today: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """What dbt's model of that name holds; its SQL is unit-tested beside it."""
    grain = ["customer_key", "domain"]
    last = known.sort("changed_on").unique(grain, keep="last").rename({"code": "last_code"})
    both = today.join(last, on=grain, how="full", coalesce=True)
    return both.filter(pl.col("code").ne_missing(pl.col("last_code"))).select(*grain, "code")


def run(settings: Settings, n: int, customers: Customers, name: str = "", **more: str) -> None:
    """Run a day as a build and its publish do: who is one, then which class, then state.

    Args:
        more: Further domains; of each one code, for all customers.
    """
    identities, keys = resolved(customers), key_history(settings)
    changed = changed_keys(identities, keys, day(n))
    # Keys first, so that reading the history back sees those of the day; a build has them at hand.
    commit_state(
        settings, f"{day(n)}-{name}-keys", day(n), {KEY_STATE: proposed_keys(changed, keys, day(n))}
    )
    others = [stacked(dict.fromkeys(customers, code), domain) for domain, code in more.items()]
    today = pl.concat([stacked(customers), *others])
    known = known_classes(settings, day(n))
    assert dict(known.schema) == KNOWN_SCHEMA
    proposed = proposed_classes(changed_today(today, known), stated_classes(settings), day(n))
    assert dict(proposed.schema) == STATE_SCHEMA
    commit_state(settings, f"{day(n)}-{name}", day(n), {CLASS_HISTORY: proposed})


def evening(settings: Settings, n: int) -> pl.DataFrame:
    """What is known when a day has ended, under the keys of that day."""
    successions = known_successions(settings, day(n))
    return history.known_classes(stated_classes(settings), successions, day(n + 1))


def told(settings: Settings, n: int, domain: str = DOMAIN) -> set[tuple[Any, ...]]:
    """Return day, customer and code of each change known on the evening of a day."""
    letters = {key(letter): letter for letter in RECORDS}
    known = evening(settings, n).filter(pl.col("domain") == domain)
    rows = known.select("changed_on", "customer_key", "code").rows()
    assert len({row[:2] for row in rows}) == len(rows)
    return {((on - day(0)).days, letters[customer], code) for on, customer, code in rows}


def files(settings: Settings) -> list[str]:
    return sorted(str(path) for path in settings.state.rglob("*"))


def test_the_first_build_ever_says_what_everybody_is(settings: Settings) -> None:
    assert told(settings, 0) == set()
    run(settings, 0, {"ab": "stable", "c": "suspect"})
    assert told(settings, 0) == {(0, "a", "stable"), (0, "c", "suspect")}


def test_a_day_adds_only_what_changed(settings: Settings) -> None:
    run(settings, 0, {"a": "suspect", "b": "suspect"})
    run(settings, 1, {"a": "suspect", "b": "suspect"})
    run(settings, 2, {"a": "prospect", "b": "suspect", "c": "suspect"})
    assert told(settings, 2) == {
        (0, "a", "suspect"), (2, "a", "prospect"), (0, "b", "suspect"), (2, "c", "suspect"),
    }  # fmt: skip


def test_domains_have_their_own_history(settings: Settings) -> None:
    run(settings, 0, {"a": "suspect"})
    run(settings, 1, {"a": "suspect"}, activity_status="active")
    run(settings, 2, {"a": "prospect"}, activity_status="active")
    run(settings, 3, {"a": "prospect"}, activity_status="lost")
    assert told(settings, 3) == {(0, "a", "suspect"), (2, "a", "prospect")}
    assert told(settings, 3, "activity_status") == {(1, "a", "active"), (3, "a", "lost")}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            {"ab": "stable", "cd": "suspect"},
            {"abcd": "stable"},
            {(0, "a", "stable"), (0, "c", "suspect"), (2, "c", None)},
            id="of merged customers one goes on and the other ends",
        ),
        pytest.param(
            {"bc": "stable"},
            {"abc": "stable"},
            {(0, "a", "stable")},
            id="a customer known earlier than thought has the same history",
        ),
        pytest.param(
            {"abc": "stable"},
            {"bc": "stable"},
            {(0, "b", "stable")},
            id="a customer whose first record is gone has the same history",
        ),
        pytest.param(
            {"abc": "stable"},
            {"ab": "experiencing", "c": "first_time"},
            {(0, "a", "stable"), (2, "a", "experiencing"), (2, "c", "first_time")},
            id="who parts begins, and who stays goes on",
        ),
        pytest.param(
            {"a": "stable", "b": "suspect"},
            {"b": "suspect"},
            {(0, "a", "stable"), (2, "a", None), (0, "b", "suspect")},
            id="an erased customer ends",
        ),
        pytest.param(
            {"a": "stable", "b": "suspect"},
            {"-a": "", "b": "suspect"},
            {(0, "a", "stable"), (2, "a", None), (0, "b", "suspect")},
            id="a customer in quarantine ends",
        ),
        pytest.param(
            {"b": "stable", "c": "suspect"},
            {"abc": "stable"},
            {(0, "a", "stable"), (0, "c", "suspect"), (2, "c", None)},
            id="of customers joined by an earlier record the one known first goes on",
        ),
        pytest.param(
            {"abc": "stable"},
            {"b": "experiencing", "c": "first_time"},
            {(0, "b", "stable"), (2, "b", "experiencing"), (2, "c", "first_time")},
            id="of customers that one falls into the one known first goes on",
        ),
    ],
)
def test_history_follows_the_customer(
    settings: Settings, before: Customers, after: Customers, expected: set[tuple[Any, ...]]
) -> None:
    for n, customers in enumerate((before, before, after, after)):
        run(settings, n, customers)
    assert told(settings, 3) == expected
    # The days before are told as they were.
    run(settings, 1, before, "again")
    assert told(settings, 1) == {(0, records[0], code) for records, code in before.items()}


def test_a_customer_who_merged_away_and_parts_again_goes_on_after_a_gap(
    settings: Settings,
) -> None:
    for n, customers in enumerate(
        ({"a": "stable", "c": "suspect"}, {"ac": "stable"}, {"a": "stable", "c": "prospect"})
    ):
        run(settings, n, customers)
    assert told(settings, 2) == {
        (0, "a", "stable"), (0, "c", "suspect"), (1, "c", None), (2, "c", "prospect"),
    }  # fmt: skip


def test_a_key_used_again_does_not_take_over_a_second_history(settings: Settings) -> None:
    """b ended in a; when it begins again and c joins it, c's history ends: two would be one."""
    for n, customers in enumerate(
        (
            {"a": "stable", "b": "prospect", "c": "suspect"},
            {"ab": "stable", "c": "suspect"},
            {"a": "stable", "bc": "prospect"},
        )
    ):
        run(settings, n, customers)
    assert told(settings, 2) == {
        (0, "a", "stable"),
        (0, "b", "prospect"), (1, "b", None), (2, "b", "prospect"),
        (0, "c", "suspect"), (2, "c", None),
    }  # fmt: skip


def test_history_comes_back_with_a_key(settings: Settings) -> None:
    """b turns out to be a, and a is erased: it is b's history all the way."""
    for n, customers in enumerate(({"b": "suspect"}, {"ab": "prospect"}, {"b": "stable"})):
        run(settings, n, customers)
    assert told(settings, 0) == {(0, "b", "suspect")}
    assert told(settings, 1) == {(0, "a", "suspect"), (1, "a", "prospect")}
    assert told(settings, 2) == {(0, "b", "suspect"), (1, "b", "prospect"), (2, "b", "stable")}


def test_a_late_correction_shows_from_the_day_it_became_known(settings: Settings) -> None:
    """The order of day 0 was refunded on day 0, and nobody knew before day 2."""
    run(settings, 0, {"a": "first_time"})
    run(settings, 1, {"a": "first_time"})
    run(settings, 2, {"a": "suspect"})
    assert told(settings, 2) == {(0, "a", "first_time"), (2, "a", "suspect")}


def test_the_same_day_again_adds_nothing(settings: Settings) -> None:
    run(settings, 0, {"a": "suspect", "b": "suspect"})
    run(settings, 1, {"ab": "stable"})
    before, said = files(settings), told(settings, 1)
    run(settings, 1, {"ab": "stable"}, "again")
    assert files(settings) == before
    assert told(settings, 1) == said


def test_a_day_run_again_with_other_files_takes_back_what_it_said(settings: Settings) -> None:
    run(settings, 0, {"a": "suspect", "b": "suspect"})
    once = told(settings, 0)
    run(settings, 1, {"a": "prospect", "c": "stable"})
    assert told(settings, 1) == once | {(1, "a", "prospect"), (1, "b", None), (1, "c", "stable")}
    run(settings, 1, {"a": "stable", "b": "suspect"}, "corrected")
    assert told(settings, 1) == once | {(1, "a", "stable")}
    run(settings, 1, {"a": "suspect", "b": "suspect"}, "corrected twice")
    assert told(settings, 1) == once
    run(settings, 2, {"a": "suspect", "b": "suspect", "c": "stable"})
    assert told(settings, 2) == once | {(2, "c", "stable")}


def test_a_day_run_again_takes_back_a_change_of_key(settings: Settings) -> None:
    run(settings, 0, {"b": "suspect"})
    run(settings, 1, {"ab": "prospect"})
    run(settings, 1, {"b": "prospect"}, "corrected")
    assert told(settings, 1) == {(0, "b", "suspect"), (1, "b", "prospect")}
    run(settings, 2, {"ab": "prospect"})
    assert told(settings, 2) == {(0, "a", "suspect"), (1, "a", "prospect")}


def test_looking_back_sees_only_earlier_days_and_writes_nothing(settings: Settings) -> None:
    run(settings, 0, {"b": "suspect"})
    run(settings, 1, {"b": "prospect"})
    then = told(settings, 1)
    run(settings, 2, {"ab": "stable"})
    before = files(settings)
    run(settings, 1, {"b": "first_time"}, "back")
    assert files(settings) == before
    assert told(settings, 1) == then == {(0, "b", "suspect"), (1, "b", "prospect")}
    assert told(settings, 2) == {(0, "a", "suspect"), (1, "a", "prospect"), (2, "a", "stable")}


def test_a_day_does_not_know_itself(settings: Settings) -> None:
    """So that a run repeated is the same run, by name and by what it reads."""
    run(settings, 0, {"a": "suspect"})
    before = known_classes(settings, day(1))
    run(settings, 1, {"a": "stable"})
    assert known_classes(settings, day(1)).equals(before)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, str]]:
    """A few days, each with other records, other customers and other codes; some quarantined."""
    found = []
    for _ in range(draw(st.integers(2, 6))):
        places = draw(st.fixed_dictionaries({r: st.integers(0, 3) for r in RECORDS[:5]}))
        groups = ["".join(r for r in RECORDS[:5] if places[r] == n) for n in range(1, 4)]
        codes = draw(st.lists(st.sampled_from(["suspect", "stable", "-"]), min_size=3, max_size=3))
        found.append(
            {
                ("-" + group if code == "-" else group): code
                for group, code in zip(groups, codes, strict=True)
                if group
            }
        )
    return found


@hypothesis_settings(deadline=None, max_examples=25)
@given(customers=histories())
def test_a_replay_gives_the_same_rows(
    customers: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory, settings_in: Any
) -> None:
    first, second = (settings_in(tmp_path_factory.mktemp("classes")) for _ in range(2))
    for n, today in enumerate(customers):
        run(first, n, today)
    for n, today in enumerate(customers):
        run(second, n, today)
        assert known_classes(first, day(n)).equals(known_classes(second, day(n)))
    assert stated_classes(first).sort(pl.all()).equals(stated_classes(second).sort(pl.all()))
    for n, today in enumerate(customers):
        # Each evening the history ends in what everybody is, and in nothing of anybody else.
        known = evening(first, n).sort("changed_on")
        assert not known.select("customer_key", "changed_on").is_duplicated().any()
        last = known.unique("customer_key", keep="last").drop_nulls("code")
        now = dict(stacked(today).select("customer_key", "code").iter_rows())
        assert dict(last.select("customer_key", "code").iter_rows()) == now
