"""What may go goes, and nothing else; a rule that lets too much go loses data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from etl import route
from etl.clock import utc_now
from etl.config import KeepRules, Settings
from etl.errors import Busy
from etl.files import read_json, sha256_of, write_json
from etl.ingest.discover import discover
from etl.ingest.staging import STAGED_NAME
from etl.keep import retention
from etl.keep.backup import back_up
from etl.keep.overview import overview
from etl.keep.removal import Removal, remove
from etl.keep.retention import RULES, clean_up
from etl.lake.commits import read_lake
from etl.locks import landing_lock, writer_lock
from etl.mapping import load_mappings
from etl.publish.release import MANIFEST, make_current
from tests.company.generate import company, write_company
from tests.test_lake import commit, stage

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
RULES_OF_TEST = KeepRules(releases=2, release_days=10, query_hours=24)


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> Settings:
    return replace(
        settings,
        backup=tmp_path / "backup",
        vault_backup=tmp_path / "safe",
        keep=RULES_OF_TEST,
    )


def removed(settings: Settings, rule: str, now: datetime = NOW) -> list[str]:
    """Clean up and return the names that one rule let go; a dry run must say the same before."""
    foreseen = clean_up(settings, dry_run=True, now=now)
    done = clean_up(settings, now=now)
    assert foreseen.removed == done.removed
    assert not any((settings.data / found.path).exists() for found in done.removed)
    return [Path(found.path).name for found in done.removed if found.rule == rule]


def publish(settings: Settings, as_of: str, days_ago: float, mart: bytes = b"rows") -> Path:
    """Make a release that was published so long ago."""
    at = NOW - timedelta(days=days_ago)
    release = settings.marts / "releases" / f"{as_of}-{at:%d%H%M%S}"
    release.mkdir(parents=True)
    (release / "orders.parquet").write_bytes(mart)
    entry = {"file": "orders.parquet", "sha256": sha256_of(release / "orders.parquet")}
    manifest = {"as_of": as_of, "published_at": at.isoformat(), "marts": {"orders": entry}}
    write_json(release / MANIFEST, manifest | {"run_id": release.name})
    return release


def test_old_releases_go_but_the_newest_and_each_months_last(kept: Settings) -> None:
    january = [publish(kept, f"2026-01-{day:02}", 90 - day) for day in (29, 30, 31)]
    march = [publish(kept, f"2026-03-{day:02}", 31 - day) for day in (1, 2, 3, 29, 30)]
    make_current(kept, march[-1], NOW.date())
    assert removed(kept, "releases") == [r.name for r in [*january[:2], *march[:3]]]
    assert removed(kept, "releases") == []


def test_young_releases_stay(kept: Settings) -> None:
    young = [publish(kept, f"2026-03-{day:02}", 31 - day) for day in range(24, 31)]
    make_current(kept, young[-1], NOW.date())
    assert removed(kept, "releases") == []


def test_the_served_release_stays_however_old(kept: Settings) -> None:
    old = publish(kept, "2026-03-05", 25)
    for day in (1, 2, 3):
        publish(kept, f"2026-02-0{day}", 20 - day)
    publish(kept, "2026-03-31", 0)
    make_current(kept, old, NOW.date())
    assert old.name not in removed(kept, "releases")
    assert old.exists()


def test_what_a_query_may_still_read_stays(kept: Settings) -> None:
    """It was published long ago, but only an hour ago another took its place."""
    served_till_now = publish(kept, "2026-02-01", 40)
    for minutes in (60, 50, 40):
        publish(kept, "2026-02-02", minutes / 1440)
    assert removed(kept, "releases") == []
    later = NOW + timedelta(hours=24)
    assert removed(kept, "releases", later) == [served_till_now.name]


def test_equal_marts_of_two_releases_share_one_file(kept: Settings) -> None:
    first, other, same = (
        publish(kept, f"2026-03-0{n}", 9 - n, mart) for n, mart in ((1, b"x"), (2, b"y"), (3, b"x"))
    )
    assert clean_up(kept, now=NOW).shared_bytes == 1
    assert (first / "orders.parquet").samefile(same / "orders.parquet")
    assert not (first / "orders.parquet").samefile(other / "orders.parquet")
    assert clean_up(kept, now=NOW).shared_bytes == 0


def test_a_rotten_mart_takes_no_good_ones_place(kept: Settings) -> None:
    first, second = publish(kept, "2026-03-01", 2, b"x"), publish(kept, "2026-03-02", 1, b"x")
    (first / "orders.parquet").write_bytes(b"!")
    assert clean_up(kept, now=NOW).shared_bytes == 0
    assert (second / "orders.parquet").read_bytes() == b"x"


def aged(path: Path, days: float) -> Path:
    """Write a file, or make a folder with one, that is so old."""
    if path.suffix:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    else:
        path.mkdir(parents=True)
        (path / "part").touch()
    instant = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (instant, instant))
    return path


@pytest.mark.parametrize(
    ("rule", "place", "days"),
    [
        ("rejects", "rejects/d1.parquet", 30),
        ("staged", "staged/orders/2026-01-01/d1", 2),
        ("staged", "staged/_work/a1b2", 2),
        ("build leftovers", "warehouse/tmp/spill.block", 2),
        ("half-written", "raw/orders/.tmp-x.part", 2),
        ("half-written", "vault/.tmp-key.part", 2),
        ("half-written", "marts/releases/.tmp-2026-01-01-a", 2),
        ("half-written", ".tmp-restore", 2),
        ("half-written", "landing/.tmp-2026-01-01", 2),
        ("logs", "warehouse/dbt/logs/dbt.log.1", 30),
        ("logs", "airflow/logs/dag_id=land_orders/run.log", 30),
        ("logs", "containers/airflow/logs/scheduler.log", 30),
        ("access", "access/audit-2023-03.jsonl", 1095),
    ],
)
def test_what_is_old_enough_goes_and_not_a_day_before(
    kept: Settings, rule: str, place: str, days: int
) -> None:
    path = aged(kept.data / place, days - 0.1)
    assert removed(kept, rule) == []
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    aged(path, days + 0.1)
    assert removed(kept, rule) == [path.name]


def test_counts_of_refused_rows_stay_when_the_rows_go(kept: Settings) -> None:
    folder = stage(kept)
    rows, marker = folder / "rejects.parquet", folder / STAGED_NAME
    rows.write_bytes(b"rows")
    counted = {"rows": 1, "sha256": sha256_of(rows), "by_reason": []}
    write_json(marker, read_json(marker) | {"rejects": counted})
    commit(kept)
    before = read_lake(kept).deliveries
    assert removed(kept, "rejects", utc_now() + timedelta(days=31)) == ["d1.parquet"]
    assert read_lake(kept).deliveries == before


def test_a_lake_file_without_a_commit_goes_and_committed_ones_stay(kept: Settings) -> None:
    stage(kept)
    commit(kept)
    (kept.raw / "orders" / "stray.parquet").write_bytes(b"of a killed run")
    assert removed(kept, "lake") == ["stray.parquet"]
    assert [path.name for path in (kept.raw / "orders").iterdir()] == ["d1.parquet"]


def test_nothing_is_removed_while_somebody_writes(kept: Settings, monkeypatch) -> None:
    for lock in (writer_lock, landing_lock):
        monkeypatch.setattr(retention, lock.__name__, partial(lock, wait_seconds=0))
    for holding in (writer_lock(kept), landing_lock(kept, shared=True)):
        with holding, pytest.raises(Busy):
            retention.clean_up(kept)


def test_every_rule_is_in_the_page_about_data() -> None:
    from etl.config import PROJECT_ROOT

    page = (PROJECT_ROOT / "data" / "README.md").read_text()
    assert not [rule.name for rule in RULES if f"| {rule.name} |" not in page]


@pytest.fixture(scope="module")
def landed_once(settings_in: Callable[..., Settings], tmp_path_factory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("landed"))
    write_company(settings.landing, days=1)
    route.land(settings, company(1).as_of)
    return settings


@pytest.fixture
def landed(kept: Settings, landed_once: Settings) -> Settings:
    """The small company's first day in the lake, but in no backup."""
    shutil.copytree(landed_once.data, kept.data, dirs_exist_ok=True)
    return kept


def in_a_month() -> datetime:
    return utc_now() + timedelta(days=31)


def delivered(settings: Settings) -> set[Path]:
    return {path for path in settings.landing.rglob("*") if path.is_file()}


def test_deliveries_leave_the_landing_once_they_are_old_and_in_the_backup(
    landed: Settings,
) -> None:
    files = delivered(landed)
    assert removed(landed, "landing", in_a_month()) == []
    back_up(landed, landed.backup, landed.vault_backup, print)
    assert removed(landed, "landing", utc_now()) == []
    assert delivered(landed) == files
    assert removed(landed, "landing", in_a_month())
    left = delivered(landed)
    assert {path.name for path in left} <= {"_manifest.json"} | held_names(landed)
    found = discover(landed.landing, load_mappings(landed.mappings), company(1).as_of)
    assert found.refused == ()
    assert route.land(landed, company(1).as_of)


def held_names(settings: Settings) -> set[str]:
    """Everything of a folder in which one delivery waits for somebody's word stays."""
    from etl.publish.holds import lost_too_much

    return {d["file"] for d in read_lake(settings).deliveries if lost_too_much(d)}


def test_a_backup_with_a_missing_file_counts_for_nothing(landed: Settings) -> None:
    back_up(landed, landed.backup, landed.vault_backup, print)
    next(landed.backup.glob("*/raw/orders/*")).unlink()
    assert removed(landed, "landing", in_a_month()) == []


def test_what_arrived_after_the_backup_stays(landed: Settings, tmp_path: Path) -> None:
    back_up(landed, landed.backup, landed.vault_backup, print)
    write_company(tmp_path / "written", days=2)
    last = company(2).as_of
    for folder in (tmp_path / "written").rglob(last.isoformat()):
        shutil.copytree(folder, landed.landing / folder.relative_to(tmp_path / "written"))
    route.land(landed, last)
    assert last.isoformat() not in removed(landed, "landing", in_a_month())


@pytest.mark.parametrize("write", [1, 2])
def test_a_clean_up_that_is_killed_leaves_a_landing_that_can_be_read(
    landed: Settings, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    """Killed between taking a delivery out of the way and taking it apart."""
    back_up(landed, landed.backup, landed.vault_backup, print)
    taken, remove_tree = [], shutil.rmtree

    def dies(folder: Path) -> None:
        taken.append(folder)
        if len(taken) == write:
            raise KeyboardInterrupt
        remove_tree(folder)

    monkeypatch.setattr("etl.keep.removal.shutil.rmtree", dies)
    with pytest.raises(KeyboardInterrupt):
        clean_up(landed, now=in_a_month())
    monkeypatch.undo()
    found = discover(landed.landing, load_mappings(landed.mappings), company(1).as_of)
    assert found.refused == ()
    clean_up(landed, now=in_a_month())
    assert not list(landed.landing.glob(".tmp-*"))


def test_what_is_gone_already_is_no_error(tmp_path: Path) -> None:
    remove(Removal("logs", tmp_path / "gone.log", "old"))
    remove(Removal("releases", tmp_path / "gone", "old"))


def test_status_sees_disk_releases_and_the_last_backup(landed: Settings) -> None:
    assert overview(landed)["last_backup"] == "none"
    back_up(landed, landed.backup, landed.vault_backup, print)
    publish(landed, "2026-03-01", 1)
    seen = overview(landed)
    assert seen["releases"] == 1
    assert seen["disk_mb"]["raw"] > 0
    assert seen["last_backup"].endswith("0.0 hours ago")
    assert overview(replace(landed, backup=None))["last_backup"] == "no folder is set"
