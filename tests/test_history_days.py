"""Days run one by one, and replayed after a wipe, give the same marts, all columns, row for row.

The short form of ``make replay``, which does the same for thirty days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl import route
from etl.config import Settings
from etl.warehouse.build import last_build
from tests.company.days import Day, all_state, deliver, run_day, wipe, without_tests
from tests.company.generate import company, write_company
from tests.company.model import HISTORY_ON
from tests.company.published import PublishedCompany, settings_at
from tests.company.recompiled import Recompiled

DAYS = company(5).drops


class Replayed:
    """The days as they were run, then warehouse and state lost, then all days once more."""

    def __init__(self, settings: Settings, written: Path) -> None:
        write_company(written)
        deliver(written, settings.landing, HISTORY_ON)
        self.daily: dict[date, Day] = {}
        for day in DAYS:
            deliver(written, settings.landing, day)
            route.land(settings, day)
            self.daily[day] = run_day(settings, day)
        self.stated = all_state(settings)
        wipe(settings)
        self.replayed = {day: run_day(settings, day) for day in DAYS}
        self.looked_back = run_day(settings, DAYS[2])
        self.again = run_day(settings, DAYS[-1])
        self.stated_again = all_state(settings)


@pytest.fixture(scope="module")
def replayed(
    published: PublishedCompany, tmp_path_factory: pytest.TempPathFactory, key_file: Path
) -> Replayed:
    root = tmp_path_factory.mktemp("days")
    built = last_build(published.settings)
    assert built is not None
    recompiled = Recompiled.of(published.settings, built.record.as_of_date, root / "kept")
    with without_tests(recompiled):
        return Replayed(settings_at(root, key_file), root / "written")


def same(found: Mapping[str, pl.DataFrame], wanted: Mapping[str, pl.DataFrame]) -> None:
    assert found.keys() == wanted.keys()
    for name, rows in wanted.items():
        assert_frame_equal(found[name], rows)


def test_replayed_days_are_the_days_as_they_were_run(replayed: Replayed) -> None:
    for day in DAYS:
        same(replayed.replayed[day].marts, replayed.daily[day].marts)
    same(replayed.stated_again, replayed.stated)
    assert len(replayed.daily[DAYS[0]].marts) > 40


def test_a_day_built_again_is_the_same(replayed: Replayed) -> None:
    same(replayed.again.marts, replayed.daily[DAYS[-1]].marts)


def test_a_day_in_the_middle_does_not_know_the_later_ones(replayed: Replayed) -> None:
    same(replayed.looked_back.marts, replayed.daily[DAYS[2]].marts)


def test_each_day_adds_to_history_only_what_changed(replayed: Replayed) -> None:
    stated = replayed.stated["class_history"]
    assert set(stated["changed_on"]) == set(DAYS)
    assert stated.filter(pl.col("changed_on") > DAYS[0]).height < stated.height / 10
