"""Past days built in one go are the days as they were, and a backfill that was stopped goes on."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl import clv, history, identity, route
from etl.backfill import PUBLISHED, THERE_ALREADY, BackfilledDay, backfill_days, missing_exports
from etl.config import Settings
from etl.errors import EXIT_SOURCE_LATE, EXIT_USAGE
from etl.files import read_json
from etl.history import CLASS_HISTORY
from etl.mapping import load_mappings
from etl.publish.release import MANIFEST, find_release
from etl.state import read_state
from etl.warehouse.identities import KEY_STATE
from tests.company.generate import MAPPINGS, company, write_company
from tests.company.published import (
    hashes,
    leave_out_generic_tests,
    lower_the_gate,
    run,
    settings_at,
)
from tests.test_cli import lines, loyalty

STATE_SCHEMAS = clv.STATE_SCHEMAS | {
    KEY_STATE: identity.STATE_SCHEMA,
    CLASS_HISTORY: history.STATE_SCHEMA,
}
# The last of them is a month's end, when the value models are fitted anew.
DAYS = (date(2026, 1, 29), date(2026, 1, 30), date(2026, 1, 31))


@dataclass(frozen=True)
class Warehouse:
    """One warehouse and the marts' hashes of the days that were published in it."""

    settings: Settings
    marts: dict[date, dict[str, str]]

    def state(self) -> dict[str, pl.DataFrame]:
        """All that outlives a run, as rows."""
        return {
            name: read_state(self.settings, name, schema, date.max)
            for name, schema in STATE_SCHEMAS.items()
        }


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Warehouse:
    """Each day is run with what has been delivered by then."""
    settings = settings_at(tmp_path_factory.mktemp("daily"), key_file)
    marts = {}
    for day in DAYS:
        shutil.rmtree(settings.landing, ignore_errors=True)
        write_company(settings.landing, days=1 + (day - company(1).as_of).days)
        result = run(settings, day, checked=day == DAYS[-1])
        marts[day] = hashes(result, with_history=True)
    return Warehouse(settings, marts)


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Warehouse:
    """Stopped after the first day; warehouse and state lost; then all days once more."""
    settings = settings_at(tmp_path_factory.mktemp("backfilled"), key_file)
    write_company(settings.landing)
    with pytest.MonkeyPatch.context() as patch:
        lower_the_gate(patch)
        leave_out_generic_tests(patch)
        stopped = backfill_days(settings, DAYS[0], DAYS[-1])
        first = next(stopped)
        stopped.close()
        shutil.rmtree(settings.warehouse)
        shutil.rmtree(settings.state)
        days = list(backfill_days(settings, DAYS[0], DAYS[-1]))
    assert days[0] == first  # the same name: other rows would have been refused
    assert [day.outcome for day in days] == [PUBLISHED] * 3
    return Warehouse(settings, {day.as_of: hashes_of(settings, day) for day in days})


def hashes_of(settings: Settings, day: BackfilledDay) -> dict[str, str]:
    release = find_release(settings, day.run_id)
    assert release is not None
    marts = read_json(release / MANIFEST)["marts"]
    return {name: mart["logical_hash"] for name, mart in marts.items()}


def test_three_days_at_once_even_replayed_equal_three_daily_runs(daily, backfilled):
    assert backfilled.marts == daily.marts
    assert len({str(marts) for marts in daily.marts.values()}) == len(DAYS)
    for name, rows in backfilled.state().items():
        assert rows.height > 0
        assert_frame_equal(rows, daily.state()[name])


def test_it_goes_on_where_it_was_stopped_and_serves_the_last_day(backfilled, builds):
    settings = backfilled.settings
    again = list(backfill_days(settings, DAYS[0], DAYS[-1]))
    assert [day.outcome for day in again] == [THERE_ALREADY] * 3
    assert builds == []
    last = settings.marts / "releases" / again[-1].run_id
    last.rename(settings.marts / "releases" / ".tmp-unfinished")
    later = list(backfill_days(settings, DAYS[0], DAYS[-1]))
    assert [day.outcome for day in later] == [THERE_ALREADY, THERE_ALREADY, PUBLISHED]
    assert builds == [DAYS[-1]]
    assert [day.outcome for day in backfill_days(settings, DAYS[0], DAYS[0], rebuild=True)] == [
        PUBLISHED
    ]


def test_a_day_that_was_never_delivered_stops_it_before_anything_is_built(tmp_path):
    write_company(tmp_path / "landing", days=1)
    done = backfill(tmp_path, "2026-01-26", "2026-01-28")
    assert done.returncode == EXIT_SOURCE_LATE
    (error,) = [line for line in lines(done.stderr) if line["event"] == "error"]
    assert "2026-01-28: help_desk.accounts" in error["what"]
    assert "2026-01-27" not in error["what"]
    assert "--allow-missing" in error["todo"]
    assert not (tmp_path / "data" / "marts").exists()


@pytest.mark.parametrize(
    ("first", "last"), [("2026-01-28", "2026-01-27"), ("yesterday", "2026-01-27")]
)
def test_days_that_cannot_be_meant_are_a_usage_error(tmp_path, first, last):
    done = backfill(tmp_path, first, last)
    assert done.returncode == EXIT_USAGE
    assert done.stdout == ""


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Days that were built, without building them."""
    built: list[date] = []

    def build(_settings, as_of, _progress):
        built.append(as_of)
        return {"run_id": f"{as_of}-0", "is_served": True}

    monkeypatch.setattr(route, "build_and_publish", build)
    return built


def test_days_without_exports_are_built_when_that_is_wanted(settings, builds):
    write_company(settings.landing, days=1)
    first = company(1).as_of
    days = list(backfill_days(settings, first, first + timedelta(days=1), allow_missing=True))
    assert builds == [day.as_of for day in days] == [first, first + timedelta(days=1)]


def test_a_history_tells_of_every_day_up_to_its_own():
    mappings = [m for m in load_mappings(MAPPINGS) if m.system == "south_shop"]
    delivery = {"system": "south_shop", "export": "sales", "business_day": "2026-01-26"}
    told = [{**delivery, "mode": "history"}]
    drop = [{**delivery, "mode": "incremental"}]
    assert missing_exports(told, mappings, date(2026, 1, 20)) == []
    assert missing_exports(drop, mappings, date(2026, 1, 26)) == []
    assert missing_exports(drop, mappings, date(2026, 1, 20)) == ["south_shop.sales"]
    assert missing_exports(told, mappings, date(2026, 1, 27)) == ["south_shop.sales"]


def backfill(root: Path, first: str, last: str) -> subprocess.CompletedProcess[str]:
    return loyalty(
        "backfill", "--from", first, "--to", last, "--data", root / "data",
        "--landing", root / "landing", "--mappings", MAPPINGS,
    )  # fmt: skip
