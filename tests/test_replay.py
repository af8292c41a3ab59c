"""What takes the place of a delivery: never a row twice, never a good row lost, always a record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl import route
from etl.config import PROJECT_ROOT
from etl.errors import DataBlocked, LoyaltyError, UsageError
from etl.files import read_json, write_json
from etl.lake.commits import COMMITS, Lake, read_lake
from etl.lake.quarantine import Filter
from etl.publish.holds import refuse_held, standings
from etl.replay import replay_file, replay_mapping
from etl.route import silent
from tests.delivering import BASKETS, DAY, GOOD, HEADER, Stage, basket_row, make_stage
from tests.test_cli import LOYALTY
from tests.test_lake import stage as stage_orders

BAD = basket_row("b3", "7.5x", mail="eve@example.com")
RIGHT = basket_row("b3", "7.50", mail="eve@example.com")
MAPPED_BY_DAY = BASKETS.replace("time_zone: UTC", 'time_zone: UTC\n    business_day: "_([0-9-]+)"')


def put(folder: Path, name: str, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(f"{line}\n" for line in (HEADER, *lines)))
    return folder / name


@pytest.fixture
def landed(tmp_path: Path) -> Stage:
    """A lake with one delivery that lost an order of three, and so holds the publish."""
    stage = make_stage(tmp_path, MAPPED_BY_DAY)
    put(stage.settings.landing / "shop", f"baskets_{DAY}.csv", *GOOD, BAD)
    route.land(stage.settings, DAY)
    with pytest.raises(DataBlocked, match="lost 1 of 4 records"):
        refuse_held(stage.settings, DAY)
    return stage


def only(lake: Lake) -> dict[str, Any]:
    (delivery,) = lake.deliveries
    return delivery


def totals(stage: Stage) -> dict[str, str]:
    """Each order's total, as often as the lake counts it."""
    files = [f.path for f in read_lake(stage.settings).files if f.table == "orders"]
    rows = pl.concat([pl.read_parquet(path) for path in files])
    assert rows["order_id"].is_unique().all()
    return {order: f"{total:.2f}" for order, total in rows.select("order_id", "total").rows()}


def correct(stage: Stage, *lines: str, **options: Any) -> list[dict[str, Any]]:
    file = put(stage.settings.data.parent / "corrected", "fixed.csv", *lines)
    before = only(read_lake(stage.settings))["delivery_id"]
    return replay_file(stage.settings, before, file, "typing error", **options)


def test_a_corrected_file_takes_the_place_of_what_lost_rows_and_lifts_the_hold(landed: Stage):
    before = only(read_lake(landed.settings))
    (certificate,) = correct(landed, *GOOD, RIGHT)
    after = only(read_lake(landed.settings))
    assert totals(landed) == {"b1": "3.50", "b2": "4.00", "b3": "7.50"}
    refuse_held(landed.settings, DAY)
    assert standings(landed.settings) == {}
    assert certificate["before"] == {
        "delivery": before["delivery_id"], "file": f"baskets_{DAY}.csv",
        "sha256": before["sha256"], "status": "accepted", "records": 4, "accepted": 5, "refused": 2,
    }  # fmt: skip
    assert certificate["after"]["delivery"] == after["delivery_id"]
    assert (certificate["after"]["accepted"], certificate["after"]["refused"]) == (7, 0)
    commit = read_lake(landed.settings).commits[-1]
    assert commit["replaced"] == [certificate]
    assert commit["replay"]["note"] == "typing error"
    assert not list(landed.settings.staged.glob("*/*/*"))


def test_what_was_replaced_stays_replaced(landed: Stage):
    """Its file still lies in the landing; not even a new mapping brings it back."""
    correct(landed, *GOOD, RIGHT)
    replaced = read_lake(landed.settings)
    assert [done["deliveries"] for done in route.land(landed.settings, DAY)] == [0, 0]
    mapped_again(landed)
    route.land(landed.settings, DAY)
    assert read_lake(landed.settings).version == replaced.version
    assert totals(landed) == {"b1": "3.50", "b2": "4.00", "b3": "7.50"}


def test_a_replacement_can_be_taken_back(landed: Stage):
    first = read_lake(landed.settings)
    correct(landed, *GOOD, RIGHT)
    correct(landed, *GOOD, BAD)
    assert read_lake(landed.settings).version == first.version
    assert totals(landed) == {"b1": "3.50", "b2": "4.00"}


def test_a_corrected_mapping_reads_again_only_what_lost_something(tmp_path: Path):
    stage = make_stage(tmp_path, MAPPED_BY_DAY)
    folder = stage.settings.landing / "shop"
    put(folder, "baskets_2024-05-30.csv", basket_row("b0", "1.00"))
    put(folder, f"baskets_{DAY}.csv", *GOOD, basket_row("b3", "7.50", quantity="one"))
    route.land(stage.settings, DAY)
    quiet, lossy = (d["delivery_id"] for d in read_lake(stage.settings).deliveries)
    with pytest.raises(UsageError, match="Of 1 deliveries that lost something, none") as caught:
        replay_mapping(stage.settings, Filter(), "", silent)
    assert caught.value.code == "NOTHING_TO_REPLAY"
    path = stage.settings.mappings / "mapping.yml"
    path.write_text(path.read_text().replace("{from: quantity}", "{const: 1}"))
    waiting = stage_orders(stage.settings, "waiting", DAY.isoformat())
    wanted = Filter(reason="NOT_A_NUMBER")
    (certificate,), left = replay_mapping(stage.settings, wanted, "", silent)
    assert left is None
    assert certificate["before"]["delivery"] == lossy
    assert certificate["after"]["refused"] == 0
    assert totals(stage) == {"b0": "1.00", "b1": "3.50", "b2": "4.00", "b3": "7.50"}
    assert quiet in {d["delivery_id"] for d in read_lake(stage.settings).deliveries}
    assert waiting.exists()  # what a landing has staged meanwhile is its own


def test_a_file_that_left_the_landing_cannot_be_read_again(landed: Stage):
    mapped_again(landed)
    (landed.settings.landing / "shop" / f"baskets_{DAY}.csv").unlink()
    with pytest.raises(DataBlocked, match=f"baskets_{DAY}") as caught:
        replay_mapping(landed.settings, Filter(), "", silent)
    assert caught.value.code == "NOT_IN_LANDING"


def mapped_again(stage: Stage, old: str = "channel: {const: store}", new: str = "") -> None:
    """Change what the mapping means."""
    path = stage.settings.mappings / "mapping.yml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new or "channel: {const: web}"))


def two_days(tmp_path: Path) -> Stage:
    """A lake with two deliveries that lost an order; the first is not in the landing any more."""
    stage = make_stage(tmp_path, MAPPED_BY_DAY)
    folder = stage.settings.landing / "shop"
    old = put(folder, "baskets_2024-05-30.csv", basket_row("b0"), basket_row("b9", "1.0x"))
    put(folder, f"baskets_{DAY}.csv", *GOOD, BAD)
    route.land(stage.settings, DAY)
    old.rename(stage.settings.data.parent / old.name)
    return stage


def test_the_file_that_left_the_landing_can_be_given_to_be_read_again(landed: Stage):
    path = landed.settings.landing / "shop" / f"baskets_{DAY}.csv"
    kept = path.rename(landed.settings.data.parent / path.name)
    before = only(read_lake(landed.settings))
    with pytest.raises(UsageError, match="Correct the file, or the mapping"):
        replay_file(landed.settings, before["delivery_id"], kept, "")
    mapped_again(landed)
    (certificate,) = replay_file(landed.settings, before["delivery_id"], kept, "")
    assert certificate["before"]["sha256"] == certificate["after"]["sha256"]
    after = only(read_lake(landed.settings))
    assert after["mapping_fingerprint"] != before["mapping_fingerprint"]
    assert totals(landed) == {"b1": "3.50", "b2": "4.00"}


def test_content_of_another_delivery_takes_no_place_whatever_the_mapping_says(tmp_path: Path):
    stage = make_stage(tmp_path, MAPPED_BY_DAY)
    folder = stage.settings.landing / "shop"
    put(folder, f"baskets_{DAY}.csv", *GOOD, BAD)
    other = put(folder, f"baskets_more_{DAY}.csv", basket_row("b4"))
    route.land(stage.settings, DAY)
    lossy = next(d for d in read_lake(stage.settings).deliveries if d["rejects"]["rows"])
    mapped_again(stage)
    with pytest.raises(UsageError, match="already"):
        replay_file(stage.settings, lossy["delivery_id"], other, "", fewer=True)


def test_what_is_in_the_landing_is_read_again_and_what_is_not_is_told(tmp_path: Path):
    stage = two_days(tmp_path)
    mapped_again(stage)
    settings = stage.settings
    done = subprocess.run(
        [LOYALTY, "replay", "--data", settings.data, "--landing", settings.landing,
         "--mappings", settings.mappings, "--json"],
        env=os.environ | {"LOYALTY_KEY_FILE": str(settings.key_file)},
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["file"] == f"baskets_{DAY}.csv"
    error = json.loads(done.stderr.splitlines()[-1])
    assert error["code"] == "NOT_IN_LANDING"
    assert error["what"] == (
        "Not in the landing any more: shop baskets_2024-05-30.csv of 2024-05-30."
    )
    assert totals(stage) == {"b0": "1.00", "b1": "3.50", "b2": "4.00"}


def test_an_export_that_left_the_mapping_is_told(tmp_path: Path):
    stage = make_stage(tmp_path, MAPPED_BY_DAY)
    path = stage.settings.mappings / "mapping.yml"
    folder = stage.settings.landing / "shop"
    file = put(folder, f"baskets_{DAY}.csv", *GOOD, BAD)
    route.land(stage.settings, DAY)
    (delivery,) = read_lake(stage.settings).deliveries
    text = path.read_text()
    path.write_text(text.replace("  baskets:\n", "  purchases:\n"))
    with pytest.raises(DataBlocked, match=f"In no mapping any more: shop {file.name}") as caught:
        replay_mapping(stage.settings, Filter(), "", silent)
    assert caught.value.code == "NOT_IN_MAPPINGS"
    with pytest.raises(UsageError, match="has no export 'baskets'"):
        replay_file(stage.settings, delivery["delivery_id"], file, "")


def test_a_system_without_a_mapping_does_not_keep_others_from_being_read_again(landed: Stage):
    mapping = landed.settings.mappings / "mapping.yml"
    second = mapping.with_name("second.yml")
    second.write_text(mapping.read_text().replace("system: shop", "system: second"))
    put(landed.settings.landing / "second", f"baskets_{DAY}.csv", basket_row("b8"), BAD)
    route.land(landed.settings, DAY)
    second.unlink()
    mapped_again(landed)
    (certificate,), left = replay_mapping(landed.settings, Filter(), "", silent)
    assert certificate["source_system"] == "shop"
    assert left is not None
    assert left.what == f"In no mapping any more: second baskets_{DAY}.csv of {DAY}."


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("total: {from: amount,", "total: {from: amout,", "HEADER_MISSING_COLUMN"),  # refused whole
        ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "TOO_MANY_BAD_ROWS"),
        ("{from: quantity}", "{from: note}", "REPLACEMENT_WORSE"),  # one row more
    ],
)
def test_a_mapping_that_refuses_more_takes_nothing_out(
    tmp_path: Path, old: str, new: str, code: str
):
    stage = make_stage(tmp_path, MAPPED_BY_DAY)
    good = [basket_row(f"b{n}", note="1") for n in range(9)]
    lines = (*good, basket_row("b9", note="many"), basket_row("b10", "7.5x", note="1"))
    file = put(stage.settings.landing / "shop", f"baskets_{DAY}.csv", *lines)
    put(stage.settings.landing / "shop", "baskets_2024-05-30.csv", basket_row("b0"), BAD)
    route.land(stage.settings, DAY)
    before = read_lake(stage.settings)
    mapped_again(stage, old, new)
    with pytest.raises(DataBlocked, match=f"more would be refused of: .*baskets_{DAY}") as caught:
        replay_mapping(stage.settings, Filter(), "", silent)
    assert caught.value.code == "REPLACEMENT_WORSE"
    (lossy,) = (d for d in before.deliveries if d["file"] == file.name)
    with pytest.raises(DataBlocked) as caught:
        replay_file(stage.settings, lossy["delivery_id"], file, "")
    assert caught.value.code == code
    assert read_lake(stage.settings) == before
    assert not list(stage.settings.staged.glob("*/*/*"))


def test_what_was_refused_whole_may_be_read_with_some_rows_refused(tmp_path: Path):
    stage = make_stage(tmp_path, MAPPED_BY_DAY.replace("%Y-%m-%d %H:%M:%S", "%d.%m.%Y"))
    put(stage.settings.landing / "shop", f"baskets_{DAY}.csv", *GOOD, BAD)
    route.land(stage.settings, DAY)
    assert only(read_lake(stage.settings))["status"] == "rejected"
    mapped_again(stage, "%d.%m.%Y", "%Y-%m-%d %H:%M:%S")
    replay_mapping(stage.settings, Filter(), "", silent)
    assert totals(stage) == {"b1": "3.50", "b2": "4.00"}


def test_a_part_of_a_file_does_not_take_the_place_of_the_whole(landed: Stage):
    before = read_lake(landed.settings)
    with pytest.raises(DataBlocked, match="1 records, what it would replace 4") as caught:
        correct(landed, RIGHT)
    assert caught.value.code == "REPLACEMENT_SHORTER"
    assert read_lake(landed.settings) == before
    assert not list(landed.settings.staged.glob("*/*/*"))
    correct(landed, RIGHT, fewer=True)
    assert totals(landed) == {"b3": "7.50"}


def test_a_corrected_file_that_is_refused_itself_changes_nothing(landed: Stage):
    before = read_lake(landed.settings)
    with pytest.raises(DataBlocked, match="Record 5 does not have 9 fields") as caught:
        correct(landed, *GOOD, RIGHT, "one,cell")
    assert caught.value.code == "RAGGED_ROW"
    assert read_lake(landed.settings) == before
    assert not list(landed.settings.staged.glob("*/*/*"))


def test_one_that_still_loses_too_much_still_holds(landed: Stage):
    correct(landed, *GOOD, basket_row("b3", "7.5y"))
    assert list(standings(landed.settings).values()) == ["held"]


def test_the_same_content_and_an_unknown_delivery_are_told(landed: Stage):
    with pytest.raises(UsageError, match="already"):
        correct(landed, *GOOD, BAD)
    file = put(landed.settings.data.parent / "corrected", "fixed.csv", *GOOD)
    with pytest.raises(UsageError, match="nonsense"):
        replay_file(landed.settings, "nonsense", file, "")


@pytest.mark.parametrize("point", ["stage.placed", "commit.linked", "commit.created"])
def test_a_replay_that_was_killed_is_done_or_not_done_and_can_be_run_again(
    landed: Stage, point: str
):
    file = put(landed.settings.data.parent / "corrected", "fixed.csv", *GOOD, RIGHT)
    before = only(read_lake(landed.settings))["delivery_id"]
    settings = landed.settings
    done = subprocess.run(
        [LOYALTY, "replay", before, "--file", file, "--data",
         settings.data, "--landing", settings.landing, "--mappings", settings.mappings],
        env=os.environ | {"FAULT_AT": point, "LOYALTY_KEY_FILE": str(settings.key_file)},
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    if point == "commit.created":
        with pytest.raises(LoyaltyError, match=before):
            replay_file(settings, before, file, "")
    else:
        assert only(read_lake(settings))["delivery_id"] == before
        replay_file(settings, before, file, "")
    route.land(settings, DAY)
    assert totals(landed) == {"b1": "3.50", "b2": "4.00", "b3": "7.50"}
    assert not list(settings.staged.glob("*/*/*"))


def test_a_lake_from_before_replays_reads_the_same(landed: Stage):
    lake = read_lake(landed.settings)
    (path,) = (landed.settings.raw / COMMITS).glob("*.json")
    document = read_json(path)
    assert "replaced" not in document
    write_json(path, document)
    assert read_lake(landed.settings) == lake
    assert date.fromisoformat(document["business_day"]) == DAY
