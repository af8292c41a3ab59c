"""What became of customer keys: said once, the same on every replay, and never rewritten."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from etl.config import Settings
from etl.identity import (
    CHANGE_SCHEMA,
    STATE_SCHEMA,
    changed_keys,
    key_changes,
    proposed_keys,
    with_current_key,
)
from etl.identity.nodes import with_record_key
from etl.state import commit_state
from etl.warehouse.identities import KEY_STATE, key_history, known_changes

START = date(2026, 1, 1)
RECORDS = "abcdefgh"
# A day's customers: each a list of records, the one known first in front; "-" for quarantine.
Customers = Iterable[str]


def day(n: int) -> date:
    return START + timedelta(days=n)


def key(record: str) -> str:
    node = pl.DataFrame({"source_system": ["s"], "entity": ["contact"], "source_id": [record]})
    return str(with_record_key(node)["record_key"].item())


def resolved(customers: Customers) -> pl.DataFrame:
    """Identities of a day; a record's letter says when it became known: a before b."""
    rows = [
        (key(record), None if customer.startswith("-") else key(customer[0]), record)
        for customer in customers
        for record in customer.strip("-")
    ]
    frame = pl.DataFrame(rows, schema=["record_key", "customer_key", "record"], orient="row")
    frame = frame.cast(pl.String)
    known_on = [START - timedelta(days=100 - ord(record)) for record in frame["record"]]
    return frame.with_columns(known_on=pl.Series(known_on, dtype=pl.Date))


def run(settings: Settings, n: int, customers: Customers, name: str = "") -> pl.DataFrame:
    """Run a day as a build and its publish do; return the mart."""
    identities, history = resolved(customers), key_history(settings)
    changed = changed_keys(identities, history, day(n))
    assert dict(changed.schema) == STATE_SCHEMA
    changes = key_changes(history, changed, day(n))
    proposed = proposed_keys(changed, history, day(n))
    commit_state(settings, f"{day(n)}-{name}", day(n), {KEY_STATE: proposed})
    mart = with_current_key(changes, identities)
    assert dict(mart.schema) == CHANGE_SCHEMA
    return mart


def told(changes: pl.DataFrame) -> set[tuple[Any, ...]]:
    """Return day, old, new, reason and current key, with the records' letters for keys."""
    letters = {key(letter): letter for letter in RECORDS} | {None: None}
    rows = changes.select("changed_on", "reason", "old_key", "new_key", "current_key").rows()
    assert len(set(rows)) == len(rows)
    return {
        ((changed_on - START).days, letters[old], letters[new], reason, letters[current])
        for changed_on, reason, old, new, current in rows
    }


def test_the_first_run_finds_no_changes(settings: Settings) -> None:
    assert told(run(settings, 0, ["ab", "c"])) == set()


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (["ab", "cd"], ["abcd"], ("c", "a", "merged", "a")),
        (["abc"], ["ab", "c"], ("a", "c", "split", "a")),
        (["bc"], ["abc"], ("b", "a", "earlier_member", "a")),
        (["abc"], ["bc"], ("a", "b", "removed", "b")),
        (["ab", "c"], ["c"], ("a", None, "removed", None)),
        (["ab", "c"], ["-ab", "c"], ("a", None, "quarantined", None)),
    ],
)
def test_why_a_key_changed(
    settings: Settings, before: Customers, after: Customers, change: tuple[Any, ...]
) -> None:
    run(settings, 0, before)
    assert told(run(settings, 1, after)) == {(1, *change)}


@pytest.mark.parametrize("after", [["ab", "cd", "e"], ["abe", "cd"], ["ab", "c"], ["a", "cd"]])
def test_no_key_changes_where_every_customer_goes_on(settings: Settings, after: Customers) -> None:
    """A new record, or one gone that did not give the key."""
    run(settings, 0, ["ab", "cd"])
    assert told(run(settings, 1, after)) == set()


def test_customers_that_an_earlier_record_joins_have_merged(settings: Settings) -> None:
    run(settings, 0, ["b", "c"])
    found = told(run(settings, 1, ["abc"]))
    assert found == {(1, "b", "a", "merged", "a"), (1, "c", "a", "merged", "a")}


def test_a_change_says_how_many_records_and_since_when(settings: Settings) -> None:
    run(settings, 0, ["ab", "cde"])
    (row,) = run(settings, 1, ["abcde"]).rows(named=True)
    assert row["record_count"] == 3
    assert row["new_known_on"] < row["old_known_on"]


def test_an_old_key_leads_to_the_current_one(settings: Settings) -> None:
    for n, customers in enumerate((["c", "d", "e"], ["cd", "e"], ["bcd", "e"])):
        run(settings, n, customers)
    assert told(run(settings, 3, ["abcde"])) == {
        (1, "d", "c", "merged", "a"),
        (2, "c", "b", "earlier_member", "a"),
        (3, "b", "a", "merged", "a"),
        (3, "e", "a", "merged", "a"),
    }


def test_a_key_whose_record_is_gone_leads_to_what_its_customer_went_on_as(
    settings: Settings,
) -> None:
    for n, customers in enumerate((["abc", "d"], ["bc", "d"], ["c", "d"])):
        run(settings, n, customers)
    assert told(run(settings, 3, ["cd"])) == {
        (1, "a", "b", "removed", "c"),
        (2, "b", "c", "removed", "c"),
        (3, "d", "c", "merged", "c"),
    }


def test_a_key_out_of_quarantine_is_its_own_again(settings: Settings) -> None:
    run(settings, 0, ["ab"])
    run(settings, 1, ["-ab"])
    assert told(run(settings, 2, ["ab"])) == {(1, "a", None, "quarantined", "a")}


def test_the_same_day_again_adds_nothing(settings: Settings) -> None:
    run(settings, 0, ["ab", "c"])
    first = run(settings, 1, ["abc"])
    files = sorted(settings.state.rglob("*"))
    assert run(settings, 1, ["abc"], "again").equals(first)
    assert sorted(settings.state.rglob("*")) == files


def test_a_day_run_again_with_other_files_takes_back_what_it_said(settings: Settings) -> None:
    run(settings, 0, ["ab", "c"])
    run(settings, 1, ["abc", "d"])
    assert told(run(settings, 1, ["ab", "c"], "corrected")) == set()
    assert told(run(settings, 2, ["ab", "cd"])) == set()


def test_state_says_of_a_day_what_its_run_said(settings: Settings) -> None:
    """By that the next run finds that the day is finished."""
    run(settings, 0, ["ab", "c", "d"])
    said = [run(settings, n, today) for n, today in ((1, ["abc", "d"]), (2, ["abcd"]))]
    for n, mart in enumerate(said, start=1):
        assert known_changes(settings, day(n)).equals(mart.drop("current_key"))


def test_looking_back_reads_what_was_known_and_writes_nothing(settings: Settings) -> None:
    run(settings, 0, ["ab", "c", "d"])
    then = run(settings, 1, ["abc", "d"])
    run(settings, 2, ["abcd"])
    files = sorted(settings.state.rglob("*"))
    assert run(settings, 1, ["abc", "d"], "back").equals(then)
    assert told(run(settings, 1, ["ab", "cd"], "other")) == {(1, "d", "c", "merged", "c")}
    assert sorted(settings.state.rglob("*")) == files


def test_state_holds_neither_ids_nor_tokens(settings: Settings) -> None:
    run(settings, 0, ["ab", "c"])
    kept = key_history(settings).select(pl.col(pl.String)).unpivot()["value"].drop_nulls()
    assert kept.str.contains("^[0-9a-f]{32}$").all()


@st.composite
def days(draw: st.DrawFn) -> list[list[str]]:
    """A few days, each with other records and other customers; some of them quarantined."""
    found = []
    for _ in range(draw(st.integers(2, 5))):
        places = draw(st.fixed_dictionaries({r: st.integers(0, 4) for r in RECORDS}))
        groups = ["".join(r for r in RECORDS if places[r] == n) for n in range(1, 5)]
        signs = draw(st.lists(st.sampled_from(["", "", "-"]), min_size=4, max_size=4))
        found.append([sign + group for sign, group in zip(signs, groups, strict=True) if group])
    return found


@hypothesis_settings(deadline=None, max_examples=30)
@given(customers=days())
def test_a_replay_gives_the_same_rows(
    customers: list[list[str]], tmp_path_factory: pytest.TempPathFactory, settings_in: Any
) -> None:
    first, second = (settings_in(tmp_path_factory.mktemp("keys")) for _ in range(2))
    daily = [run(first, n, today) for n, today in enumerate(customers)]
    again = [run(second, n, today) for n, today in enumerate(customers)]
    assert all(one.equals(other) for one, other in zip(daily, again, strict=True))
    assert key_history(first).sort(pl.all()).equals(key_history(second).sort(pl.all()))
    # What was said of a day stays, but for where its keys are found now.
    for n, (before, after) in enumerate(itertools.pairwise(daily)):
        kept = after.filter(pl.col("changed_on") <= day(n))
        assert kept.drop("current_key").equals(before.drop("current_key"))
    # Every key ever used is in use, was left behind by a change, or never named anybody else.
    now = dict(resolved(customers[-1]).select("record_key", "customer_key").iter_rows())
    ways = dict(daily[-1].select("old_key", "current_key").iter_rows())
    used = {key(group[0]) for today in customers for group in today if not group.startswith("-")}
    for old in used:
        assert ways.get(old, old) in {*now.values(), None}
        if old in now and old in ways:
            assert ways[old] == now[old]
