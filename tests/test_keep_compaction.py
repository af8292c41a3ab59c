"""Joining small files changes which files hold the rows, and not one row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from etl.config import KeepRules, Settings
from etl.errors import LakeCorrupt, LoyaltyError
from etl.files import read_json, sha256_of, write_json
from etl.ingest.staging import STAGED_NAME
from etl.keep import compaction
from etl.keep.compaction import compact_lake
from etl.lake.commits import COMMITS, read_lake, verify_files
from etl.lake.ledger import Ledger
from etl.lake.snapshot import write_snapshot
from tests.killing import killed_at_write
from tests.test_lake import commit, stage

FEBRUARY = date(2026, 2, 1)


def deliver(settings: Settings, *days: str, through: date = FEBRUARY) -> None:
    """Commit one delivery a day, named after its day."""
    for day in days:
        stage(settings, f"of-{day}", day=day, rows=int(day[-2:]))
    commit(settings, through)


def rows_read(settings: Settings) -> list[tuple[str, str]]:
    """Return what a build would read of the orders."""
    inputs = write_snapshot(settings, read_lake(settings))
    files = [p for p in (inputs / "orders").glob("*.parquet") if p.name != "_empty.parquet"]
    frame = pl.concat(pl.read_parquet(path) for path in files)
    return sorted(frame.select("batch_id", "order_id").rows())


@pytest.fixture
def lake(settings: Settings) -> Settings:
    """Three days of a closed month and one of the open month."""
    deliver(settings, "2026-01-02", "2026-01-03", "2026-01-04", "2026-02-01")
    return settings


def test_a_closed_month_becomes_one_file_and_the_open_month_waits(lake: Settings) -> None:
    before, rows = read_lake(lake), rows_read(lake)
    compact_lake(lake, print)
    after = read_lake(lake)
    assert [file.rows for file in before.files] == [2, 3, 4, 1]
    assert [(file.rows, len(file.deliveries)) for file in after.files] == [(9, 3), (1, 1)]
    assert rows_read(lake) == rows
    verify_files(after.files)


def test_it_is_a_new_version_of_the_same_content(lake: Settings) -> None:
    before = read_lake(lake)
    compact_lake(lake, print)
    after = read_lake(lake)
    assert after.content == before.content
    assert after.version != before.version
    verify_files(before.files)  # whoever read the lake before still finds all of it


def test_the_commit_is_a_certificate(lake: Settings) -> None:
    old = [file.sha256 for file in read_lake(lake).files[:3]]
    done = compact_lake(lake, print)
    assert done is not None
    certificate = done["joined"]["orders"]
    assert [file["sha256"] for file in certificate["before"]["files"]] == old
    (new,) = certificate["after"]["files"]
    assert sha256_of(lake.raw / new["file"]) == new["sha256"]
    assert certificate["rows"] == new["rows"] == 9
    assert certificate["logical_hash"].startswith("9-")


def test_joined_files_are_joined_once(lake: Settings) -> None:
    compact_lake(lake, print)
    version = read_lake(lake).version
    assert compact_lake(lake, print) is None
    assert read_lake(lake).version == version


def test_two_warehouses_make_the_same_file(lake: Settings, settings_in, tmp_path: Path) -> None:
    other = settings_in(tmp_path / "other")
    for day in ("2026-01-04", "2026-01-02", "2026-01-03", "2026-02-01"):
        deliver(other, day)
    versions = [compact_lake(one, print) and read_lake(one).version for one in (lake, other)]
    assert versions[0] == versions[1]


def test_a_late_day_joins_its_month(lake: Settings) -> None:
    compact_lake(lake, print)
    deliver(lake, "2026-01-09")
    rows = rows_read(lake)
    compact_lake(lake, print)
    assert [len(file.deliveries) for file in read_lake(lake).files] == [4, 1]
    assert rows_read(lake) == rows


def read_again(settings: Settings, day: str) -> None:
    """Commit the same content of a day as a corrected mapping reads it."""
    folder = stage(settings, f"again-{day}", day=day, rows=7)
    write_json(folder / STAGED_NAME, read_json(folder / STAGED_NAME) | {"sha256": f"of-{day}"})
    commit(settings, FEBRUARY)


def test_rows_that_no_longer_count_are_not_read_and_leave_with_the_next_joining(
    lake: Settings,
) -> None:
    compact_lake(lake, print)
    read_again(lake, "2026-01-03")
    rows = rows_read(lake)
    assert {batch for batch, _ in rows} == {
        "of-2026-01-02", "again-2026-01-03", "of-2026-01-04", "of-2026-02-01",
    }  # fmt: skip
    assert sum(file.rows for file in read_lake(lake).files) == len(rows) == 2 + 7 + 4 + 1
    compact_lake(lake, print)
    (joined, _) = read_lake(lake).files
    assert "of-2026-01-03" not in pl.read_parquet(joined.path)["batch_id"]
    assert rows_read(lake) == rows


def test_a_reading_that_is_taken_back_is_read_from_its_own_file(lake: Settings) -> None:
    rows = rows_read(lake)
    compact_lake(lake, print)
    read_again(lake, "2026-01-03")
    compact_lake(lake, print)
    read = {file.path for file in read_lake(lake).files}
    for path in set((lake.raw / "orders").iterdir()) - read:
        path.unlink()  # as retention does
    deliver(lake, "2026-01-03")
    verify_files(read_lake(lake).files)
    assert rows_read(lake) == rows
    compact_lake(lake, print)
    assert [len(file.deliveries) for file in read_lake(lake).files] == [3, 1]
    assert rows_read(lake) == rows


def test_large_files_stay_alone(lake: Settings) -> None:
    (large, *_) = read_lake(lake).files
    with large.path.open("ab") as file:
        file.truncate(2_000_000)
    small = replace(lake, keep=KeepRules(small_file_mb=1))
    (group,) = compaction.groups_to_join(small, read_lake(small))
    assert group.deliveries == ("of-2026-01-03", "of-2026-01-04")


def test_the_index_is_made_again_with_a_compaction_among_the_commits(lake: Settings) -> None:
    known = Ledger(lake.raw).delivery_ids()
    compact_lake(lake, print)
    (lake.raw / "_ledger.sqlite").unlink()
    assert Ledger(lake.raw).delivery_ids() == known


def test_a_rotten_file_is_not_joined(lake: Settings) -> None:
    (file, *_) = read_lake(lake).files
    content = bytearray(file.path.read_bytes())
    content[20] ^= 1
    file.path.write_bytes(content)
    with pytest.raises(LakeCorrupt, match="of-2026-01-02"):
        compact_lake(lake, print)
    assert len(read_lake(lake).commits) == 1


def test_other_rows_are_never_committed(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compaction._rows
    monkeypatch.setattr(compaction, "_rows", lambda files: (f.head(1) for f in whole(files)))
    before = read_lake(lake)
    with pytest.raises(LoyaltyError, match="hold other rows") as caught:
        compact_lake(lake, print)
    assert caught.value.code == "COMPACTION_DIFFERS"
    assert read_lake(lake) == before
    assert not list((lake.raw / "orders").glob("joined-*"))


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_killed_anywhere_it_is_whole_after_one_retry(lake: Settings, write: int) -> None:
    rows = rows_read(lake)
    code = "from etl.keep.compaction import compact_lake\ncompact_lake(settings, print)"
    assert killed_at_write(write, lake, code)
    assert rows_read(lake) == rows
    compact_lake(lake, print)
    assert [len(file.deliveries) for file in read_lake(lake).files] == [3, 1]
    assert rows_read(lake) == rows
    assert len(list((lake.raw / COMMITS).glob("compaction-*.json"))) == 1
