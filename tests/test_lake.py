"""What a commit says is in the lake; what it does not say is not."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from etl.errors import LakeCorrupt
from etl.files import sha256_of, write_json
from etl.lake import commits as lake

DAY = date(2026, 1, 31)


def stage(settings, delivery_id="d1", day="2026-01-31", rows=2, feed="orders"):
    """Lay out a staged delivery as the extraction leaves it."""
    folder = settings.staged / feed / day / delivery_id
    folder.mkdir(parents=True)
    path = folder / "orders.parquet"
    pl.DataFrame({"order_id": [str(n) for n in range(rows)]}).write_parquet(path)
    delivery = {
        "delivery_id": delivery_id, "system": "shop", "export": "orders", "feed": feed,
        "business_day": day, "mode": "incremental", "sequence": 1, "file": "orders.csv",
        "sha256": "0" * 64, "status": "accepted", "file_reason": None, "records": rows,
        "tables": {"orders": {"rows": rows, "amount": "1.0000", "sha256": sha256_of(path)}},
        "rejects": {"rows": 0, "sha256": "", "by_reason": []},
        "source": {"source_system": "shop", "business_time_zone": "UTC",
                   "history_starts_on": None, "is_generated": False},
    }  # fmt: skip
    write_json(folder / lake.STAGED_NAME, delivery)
    return folder


def test_a_commit_puts_the_staged_files_into_the_lake_and_empties_staging(settings):
    stage(settings)
    commit = lake.commit_staged(settings, "orders", DAY)
    assert commit["batch_id"].startswith("orders-2026-01-31-")
    (file,) = lake.read_lake(settings).files
    assert (file.table, file.rows) == ("orders", 2)
    assert pl.read_parquet(file.path).height == 2
    assert lake.staged_folders(settings, "orders", DAY) == []


def test_the_same_delivery_staged_again_changes_nothing(settings):
    stage(settings)
    lake.commit_staged(settings, "orders", DAY)
    before = lake.read_lake(settings)
    stage(settings)
    assert lake.commit_staged(settings, "orders", DAY) is None
    assert lake.read_lake(settings) == before


def test_a_later_business_day_waits_for_its_own_commit(settings):
    stage(settings, "late", day="2026-02-01")
    assert lake.commit_staged(settings, "orders", DAY) is None
    assert lake.commit_staged(settings, "orders", date(2026, 2, 1)) is not None


def test_a_delivery_without_its_marker_is_not_complete_and_not_committed(settings):
    folder = stage(settings)
    (folder / lake.STAGED_NAME).unlink()
    assert lake.commit_staged(settings, "orders", DAY) is None
    assert lake.read_lake(settings).files == ()


def test_the_lake_version_names_content_and_not_commits(settings, settings_in, tmp_path):
    stage(settings, "d1")
    stage(settings, "d2")
    lake.commit_staged(settings, "orders", DAY)
    other = settings_in(tmp_path / "other")
    stage(other, "d2")
    lake.commit_staged(other, "orders", DAY)
    stage(other, "d1")
    lake.commit_staged(other, "orders", DAY)
    assert len(lake.read_lake(other).commits) == 2
    assert lake.read_lake(settings).version == lake.read_lake(other).version


def test_a_file_nobody_committed_is_not_in_the_lake(settings):
    stage(settings)
    lake.commit_staged(settings, "orders", DAY)
    stray = lake.data_path(settings.raw, "orders", "stray")
    stray.write_bytes(b"not ours")
    assert stray not in {file.path for file in lake.read_lake(settings).files}


@pytest.mark.parametrize("damage", ["flip", "remove"])
def test_a_changed_or_missing_file_is_named(settings, damage):
    stage(settings)
    lake.commit_staged(settings, "orders", DAY)
    (file,) = lake.read_lake(settings).files
    content = bytearray(file.path.read_bytes())
    content[10] ^= 1
    file.path.unlink()
    if damage == "flip":
        file.path.write_bytes(content)
    with pytest.raises(LakeCorrupt, match=r"d1\.parquet"):
        lake.verify_files(lake.read_lake(settings).files)
