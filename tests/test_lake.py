"""What a commit says is in the lake; what it does not say is not."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from etl.errors import LakeCorrupt
from etl.files import read_json, sha256_of, write_json
from etl.ingest.staging import STAGED_NAME
from etl.lake import commits as lake
from etl.lake.committing import commit_staged, create_exclusively, staged_folders
from etl.lake.inputs import empty_frame

DAY = date(2026, 1, 31)


def stage(settings, delivery_id="d1", day="2026-01-31", rows=2, feed="orders"):
    """Lay out a staged delivery as the extraction leaves it."""
    folder = settings.staged / feed / day / delivery_id
    folder.mkdir(parents=True)
    path = folder / "orders.parquet"
    ids = [str(n) for n in range(rows)]
    held = pl.DataFrame({"order_id": ids, "batch_id": [delivery_id] * rows})
    pl.concat([empty_frame("orders"), held], how="diagonal").write_parquet(path)
    delivery = {
        "delivery_id": delivery_id, "system": "shop", "export": "orders", "feed": feed,
        "business_day": day, "mode": "incremental", "sequence": 1, "file": "orders.csv",
        "sha256": delivery_id, "status": "accepted", "file_reason": None, "file_message": None,
        "records": rows,
        "tables": {"orders": {"rows": rows, "amount": "1.0000", "sha256": sha256_of(path)}},
        "rejects": {"rows": 0, "sha256": "", "by_reason": []},
        "source": {"source_system": "shop", "business_time_zone": "UTC",
                   "history_starts_on": None, "is_generated": False},
    }  # fmt: skip
    write_json(folder / STAGED_NAME, delivery)
    return folder


def commit(settings, day=DAY, wanted=None):
    """Commit all that is staged, or only what is wanted."""
    staged = {folder.name for folder in staged_folders(settings, "orders", day)}
    return commit_staged(settings, "orders", day, staged if wanted is None else wanted)


def test_a_commit_puts_the_staged_files_into_the_lake_and_empties_staging(settings):
    stage(settings)
    done = commit(settings)
    assert done["batch_id"].startswith("orders-2026-01-31-")
    (file,) = lake.read_lake(settings).files
    assert (file.table, file.rows) == ("orders", 2)
    assert pl.read_parquet(file.path).height == 2
    assert staged_folders(settings, "orders", DAY) == []


def test_the_same_delivery_staged_again_changes_nothing(settings):
    stage(settings)
    commit(settings)
    before = lake.read_lake(settings)
    stage(settings)
    assert commit(settings) is None
    assert lake.read_lake(settings) == before


def test_a_later_business_day_waits_for_its_own_commit(settings):
    stage(settings, "late", day="2026-02-01")
    assert commit(settings) is None
    assert commit(settings, date(2026, 2, 1)) is not None


def test_a_delivery_without_its_marker_is_not_complete_and_not_committed(settings):
    folder = stage(settings)
    (folder / STAGED_NAME).unlink()
    assert commit(settings) is None
    assert lake.read_lake(settings).files == ()


def test_the_lake_version_names_content_and_not_commits(settings, settings_in, tmp_path):
    stage(settings, "d1")
    stage(settings, "d2")
    commit(settings)
    other = settings_in(tmp_path / "other")
    stage(other, "d2")
    commit(other)
    stage(other, "d1")
    commit(other)
    assert len(lake.read_lake(other).commits) == 2
    assert lake.read_lake(settings).version == lake.read_lake(other).version


def test_a_file_nobody_committed_is_not_in_the_lake(settings):
    stage(settings)
    commit(settings)
    stray = lake.data_path(settings.raw, "orders", "stray")
    stray.write_bytes(b"not ours")
    assert stray not in {file.path for file in lake.read_lake(settings).files}


@pytest.mark.parametrize("damage", ["flip", "remove"])
def test_a_changed_or_missing_file_is_named(settings, damage):
    stage(settings)
    commit(settings)
    (file,) = lake.read_lake(settings).files
    content = bytearray(file.path.read_bytes())
    content[10] ^= 1
    file.path.unlink()
    if damage == "flip":
        file.path.write_bytes(content)
    with pytest.raises(LakeCorrupt, match=r"d1\.parquet"):
        lake.verify_files(lake.read_lake(settings).files)


def test_what_is_staged_but_not_wanted_any_more_is_dropped(settings):
    stage(settings, "withdrawn")
    stage(settings, "delivered")
    commit(settings, wanted={"delivered"})
    assert [d["delivery_id"] for d in lake.read_lake(settings).deliveries] == ["delivered"]
    assert staged_folders(settings, "orders", DAY) == []


def test_a_new_reading_of_the_same_content_takes_the_place_of_the_old(settings):
    for reading in ("by_the_old_mapping", "by_the_new_mapping"):
        folder = stage(settings, reading)
        staged = read_json(folder / STAGED_NAME)
        write_json(folder / STAGED_NAME, staged | {"sha256": "the same content"})
        commit(settings)
    (file,) = lake.read_lake(settings).files
    assert file.path.stem == "by_the_new_mapping"
    assert len(lake.read_lake(settings).commits) == 2


def test_a_staged_file_that_changed_is_not_committed(settings):
    folder = stage(settings)
    (folder / "orders.parquet").write_bytes(b"changed")
    with pytest.raises(LakeCorrupt, match="orders"):
        commit(settings)
    assert lake.read_lake(settings).commits == ()


def test_a_commit_that_cannot_be_read_is_named(settings):
    stage(settings)
    done = commit(settings)
    path = settings.raw / "_commits" / f"{done['batch_id']}.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(LakeCorrupt, match=done["batch_id"]):
        lake.read_lake(settings)


def test_a_commit_never_takes_the_place_of_another(settings):
    path = settings.raw / "_commits" / "b.json"
    create_exclusively(path, {"sequence": 1})
    with pytest.raises(FileExistsError):
        create_exclusively(path, {"sequence": 2})
    assert read_json(path)["sequence"] == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["b.json"]
