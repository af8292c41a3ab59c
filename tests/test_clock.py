"""A clock that is wrong, or is set back, changes no number and no order; see ``etl/clock.py``."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from etl.config import KeepRules, Settings
from etl.contract.table import VOLATILE
from etl.keep import backup
from etl.keep.backup import back_up
from etl.keep.generations import find_generation
from etl.keep.releases import releases_to_remove
from etl.publish import release
from etl.publish.release import read_current
from tests import delivering
from tests.delivering import GOOD, make_stage
from tests.publishing import RECORD, publish
from tests.test_lake import commit, stage

LONG_AGO, NOW, FAR_AHEAD = (datetime(year, 1, 19, tzinfo=UTC) for year in (1970, 2026, 2038))


def test_a_file_read_at_any_time_is_the_same_delivery_of_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    for at in (NOW, LONG_AGO, FAR_AHEAD):
        monkeypatch.setattr(delivering, "LOADED_AT", at)
        staged = make_stage(tmp_path / str(at.year)).deliver(GOOD)
        orders = pl.read_parquet(staged.folder / "orders.parquet")
        assert orders["loaded_at"].unique().to_list() == [at]
        read.append((staged.delivery_id, staged.rejects, orders.drop(VOLATILE)))
    (first_id, nothing_refused, first), *others = read
    assert nothing_refused.rows == 0
    for identity, refused, orders in others:
        assert (identity, refused) == (first_id, nothing_refused)
        assert orders.equals(first)


def test_readers_follow_business_days_and_not_the_clock(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first release is of 2038, as its machine told; that of the next day comes before it."""
    monkeypatch.setattr(release, "utc_now", lambda: FAR_AHEAD)
    publish(settings)
    monkeypatch.setattr(release, "utc_now", lambda: LONG_AGO)
    later = dataclasses.replace(RECORD, run_id="2026-02-01-bbbbbbbbbbbb", as_of="2026-02-01")
    publish(settings, record=later)
    served = read_current(settings)
    assert served is not None
    assert served["run_id"] == later.run_id
    keeping_none = dataclasses.replace(settings, keep=KeepRules(releases=1, release_days=0))
    for now in (NOW, FAR_AHEAD):
        gone = {removal.path.name for removal in releases_to_remove(keeping_none, now)}
        assert later.run_id not in gone


def test_the_newest_backup_is_the_one_taken_last_after_the_clock_was_set_back(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who restores gets the newest; it must not be the old one for having been named 2038."""
    target = tmp_path / "backup"
    for number, now in enumerate((FAR_AHEAD, NOW, NOW)):
        stage(settings, f"d{number}")
        commit(settings)
        monkeypatch.setattr(backup, "utc_now", lambda now=now: now)
        back_up(settings, target, None, print, without_vault=True)
        newest = find_generation(target)
        assert newest.taken_at == now.isoformat()
        assert f"raw/orders/d{number}.parquet" in newest.names
