"""Days run one by one, and replayed after a wipe, give the same history, row for row.

The short form of ``make replay``, which does the same for thirty days.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl import route
from etl.config import Settings
from etl.warehouse.build import last_build
from tests.company.days import Day, classes_only, deliver, run_day, stated_classes, wipe
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
        self.stated = stated_classes(settings)
        wipe(settings)
        self.replayed = {day: run_day(settings, day) for day in DAYS}
        self.looked_back = run_day(settings, DAYS[2])
        self.again = run_day(settings, DAYS[-1])
        self.stated_again = stated_classes(settings)


@pytest.fixture(scope="module")
def replayed(
    published: PublishedCompany, tmp_path_factory: pytest.TempPathFactory, key_file: Path
) -> Replayed:
    root = tmp_path_factory.mktemp("days")
    built = last_build(published.settings)
    assert built is not None
    recompiled = Recompiled.of(published.settings, built.record.as_of_date, root / "kept")
    with classes_only(recompiled):
        return Replayed(settings_at(root, key_file), root / "written")


def same(found: Day, wanted: Day) -> None:
    for name, rows in wanted.marts.items():
        assert_frame_equal(found.marts[name], rows)


def test_replayed_days_have_the_history_of_the_days_as_they_were_run(replayed: Replayed) -> None:
    for day in DAYS:
        same(replayed.replayed[day], replayed.daily[day])
    assert_frame_equal(replayed.stated_again, replayed.stated)


def test_a_day_built_again_has_the_same_history(replayed: Replayed) -> None:
    same(replayed.again, replayed.daily[DAYS[-1]])


def test_a_day_in_the_middle_does_not_know_the_later_ones(replayed: Replayed) -> None:
    same(replayed.looked_back, replayed.daily[DAYS[2]])


def test_each_day_adds_to_history_only_what_changed(replayed: Replayed) -> None:
    stated = replayed.stated
    assert set(stated["changed_on"]) == set(DAYS)
    assert stated.filter(pl.col("changed_on") > DAYS[0]).height < stated.height / 10
