"""An arm is drawn once: nothing that comes later changes it."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest

from etl.config import Settings
from etl.lake.inputs import INPUT_SCHEMAS
from etl.state import commit_state
from etl.warehouse.assignments import ASSIGNMENTS, known_assignments, read_entries
from etl.warehouse.build import settled_run_id
from etl.warehouse.database import build_path
from tests.company.published import PublishedCompany

FIRST, SECOND, THIRD = (date(2026, 1, day) for day in (1, 2, 3))
Row = tuple[str, str, date]


def rows(*entries: Row) -> pl.DataFrame:
    return pl.DataFrame(
        [(key, "e", arm, 1, "r1_f1", day) for key, arm, day in entries],
        schema=INPUT_SCHEMAS[ASSIGNMENTS],
        orient="row",
    )


def arms(frame: pl.DataFrame) -> list[Row]:
    return frame.select("assigned_key", "arm", "eligible_on").rows()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    commit_state(settings, "first", FIRST, {ASSIGNMENTS: rows(("a", "holdout", FIRST))})
    commit_state(settings, "third", THIRD, {ASSIGNMENTS: rows(("c", "treatment", THIRD))})
    return settings


def drawn(settings: Settings, entries: pl.DataFrame) -> None:
    """Make a build in which these customers enter."""
    build_path(settings).parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(build_path(settings))) as connection:
        connection.execute("create schema intermediate")
        connection.register("entries", entries.to_arrow())
        connection.execute("create table intermediate.int_winback_entries as from entries")


def test_a_day_knows_the_assignments_up_to_it(settings: Settings) -> None:
    assert arms(known_assignments(settings, SECOND)) == [("a", "holdout", FIRST)]
    assert len(arms(known_assignments(settings, THIRD))) == 2


def test_the_first_assignment_holds_whatever_is_written_later(settings: Settings) -> None:
    commit_state(settings, "again", THIRD, {ASSIGNMENTS: rows(("a", "treatment", SECOND))})
    assert arms(known_assignments(settings, SECOND)) == [("a", "holdout", FIRST)]


def test_who_enters_is_kept(settings: Settings) -> None:
    drawn(settings, rows(("d", "holdout", THIRD)))
    known, kept = read_entries(settings, THIRD)
    assert arms(kept) == [("d", "holdout", THIRD)]
    assert [key for key, _, _ in arms(known)] == ["a", "c", "d"]


def test_nobody_enters_on_a_day_that_is_over(settings: Settings) -> None:
    """The day shows who was eligible, as it would have then; state is not rewritten."""
    drawn(settings, rows(("d", "holdout", SECOND)))
    known, kept = read_entries(settings, SECOND)
    assert kept.is_empty()
    assert [key for key, _, _ in arms(known)] == ["a", "d"]


def test_the_run_is_found_by_its_name(published: PublishedCompany) -> None:
    """State holds what the run proposed, and the day built again would have the same name."""
    as_of = published.expected.as_of
    known = known_assignments(published.settings, as_of)
    assert known.height > 0
    assert settled_run_id(published.settings, as_of) == published.result.run_id


def test_state_holds_the_arms_that_readers_see(published: PublishedCompany) -> None:
    known = known_assignments(published.settings, published.expected.as_of)
    seen = published.ask(
        "select customer_key, experiment, arm, stratum, first_eligible_on from winback_targets"
        " where arm is not null order by customer_key"
    )
    stored = known.sort("assigned_key").select(
        "assigned_key", "experiment", "arm", "stratum", "eligible_on"
    )
    assert seen.rows() == stored.rows()


def test_all_lapsed_and_lost_are_counted_once(published: PublishedCompany) -> None:
    lapsed = published.one(
        "select count(*) from lifecycle_stages where activity_status in ('lapsed', 'lost')"
    )
    found = dict(
        published.ask(
            "select outcome, sum(customer_count)::bigint from winback_suppressions group by outcome"
        ).iter_rows()
    )
    assert found["eligible"] + found["suppressed"] == lapsed
    eligible = published.one("select count(*) from winback_targets where is_eligible")
    assert found["eligible"] == eligible > 0
