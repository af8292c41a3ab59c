"""The whole warehouse is wiped, restored and goes on; beside it one that never lost anything."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from etl import route
from etl.config import Settings
from etl.keep.backup import back_up
from etl.keep.compaction import compact_lake
from etl.keep.restore import restore
from etl.keep.retention import clean_up
from etl.lake.commits import read_lake, verify_files
from etl.route import RunResult
from tests.company.generate import write_company
from tests.company.published import PublishedCompany, hashes, run

DAYS = 6  # The first of February: January is closed.


@dataclass(frozen=True)
class Warehouse:
    """A warehouse and the last run of its route."""

    settings: Settings
    result: RunResult


# A fixture per build: each has the time of a test of its own.
@pytest.fixture(scope="module")
def restored(published: PublishedCompany, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The small company after its whole root was wiped, restored and built again."""
    root = tmp_path_factory.mktemp("wiped")
    settings = published.copied(root)
    back_up(settings, root / "backup", root / "safe", print)
    shutil.rmtree(settings.data)
    shutil.rmtree(settings.landing)
    restore(settings, root / "backup", root / "safe", print)
    settings.landing.mkdir()
    return Warehouse(settings, run(settings, published.expected.as_of, checked=False))


@pytest.fixture(scope="module")
def next_day(restored: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The restored company after one more day was delivered to it."""
    as_of = deliver_next_day(restored.settings.landing, tmp_path_factory.mktemp("written"))
    return Warehouse(restored.settings, run(restored.settings, as_of))


@pytest.fixture(scope="module")
def twin(published: PublishedCompany, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The same company, which lost nothing, a day later; its files were joined before the build."""
    settings = published.copied(tmp_path_factory.mktemp("twin"))
    as_of = deliver_next_day(settings.landing, tmp_path_factory.mktemp("written"))
    route.land(settings, as_of)
    assert compact_lake(settings, print) is not None
    return Warehouse(settings, run(settings, as_of, checked=False))


def deliver_next_day(landing: Path, written: Path) -> date:
    """Deliver the drops of one more day; return the day."""
    as_of = write_company(written, days=DAYS).as_of
    for folder in sorted(written.rglob(as_of.isoformat())):
        shutil.copytree(folder, landing / folder.relative_to(written))
    return as_of


def test_a_wiped_warehouse_builds_the_same_marts_from_its_backup(
    restored: Warehouse, published: PublishedCompany
) -> None:
    assert hashes(restored.result) == hashes(published.result)
    assert restored.result.run_id == published.result.run_id


def test_the_day_after_the_restore_can_be_built(next_day: Warehouse) -> None:
    assert next_day.result.manifest["is_served"]


def test_joining_files_changes_the_lake_and_not_what_is_in_it(
    next_day: Warehouse, twin: Warehouse
) -> None:
    apart, joined = read_lake(next_day.settings), read_lake(twin.settings)
    assert len(joined.files) < len(apart.files)
    assert joined.version != apart.version
    assert joined.content == apart.content


def test_neither_a_restore_nor_joined_files_change_a_mart(
    next_day: Warehouse, twin: Warehouse
) -> None:
    """The same person must get the same token: the key came back with the vault."""
    assert hashes(next_day.result) == hashes(twin.result)
    assert next_day.result.run_id == twin.result.run_id


def test_old_files_leave_once_the_new_ones_are_backed_up(twin: Warehouse, tmp_path: Path) -> None:
    settings = replace(twin.settings, backup=tmp_path / "backup", vault_backup=tmp_path / "safe")
    lake = read_lake(settings)
    assert not [found for found in clean_up(settings).removed if found.rule == "lake"]
    back_up(settings, settings.backup, settings.vault_backup, print)
    assert [found for found in clean_up(settings).removed if found.rule == "lake"]
    assert set(settings.raw.glob("[!_]*/*.parquet")) == {file.path for file in lake.files}
    verify_files(read_lake(settings).files)
    assert read_lake(settings).version == lake.version
