"""What was refused can be listed by reason, source and day, with what to do about it."""

from __future__ import annotations

from datetime import date
from functools import partial

import polars as pl
import pytest

from etl import route
from etl.errors import DataBlocked
from etl.files import read_json, sha256_of, write_json
from etl.ingest.staging import STAGED_NAME
from etl.lake.quarantine import Filter, list_refusals, reject_rows
from etl.publish.holds import accept_deliveries, standings
from tests.delivering import BASKETS, DAY, GOOD, HEADER, basket_row, make_stage
from tests.test_lake import commit, stage


@pytest.fixture
def quarantined(settings):
    for delivery_id, day, reason in (("d1", "2026-01-30", "NOT_A_NUMBER"),
                                     ("d2", "2026-01-31", "FUTURE_DATE")):  # fmt: skip
        folder = stage(settings, delivery_id, day)
        staged = read_json(folder / STAGED_NAME)
        counted = {"table": "orders", "column": "total", "reason": reason, "rows": 1,
                   "amount": None}  # fmt: skip
        path = folder / "rejects.parquet"
        pl.DataFrame(
            {"delivery_id": [delivery_id], "source_system": ["shop"],
             "source_file": ["orders.csv"], "source_row": [7], "table": ["orders"],
             "column": ["total"], "reason": [reason], "value": ["1,2"], "raw_json": ["{}"]}
        ).write_parquet(path)  # fmt: skip
        staged["rejects"] = {"rows": 1, "sha256": sha256_of(path), "by_reason": [counted]}
        write_json(folder / STAGED_NAME, staged)
    commit(settings)
    return settings


@pytest.mark.parametrize(
    ("wanted", "reasons"),
    [
        (Filter(), {"NOT_A_NUMBER", "FUTURE_DATE"}),
        (Filter(reason="FUTURE_DATE"), {"FUTURE_DATE"}),
        (Filter(system="nobody"), set()),
        (Filter(day=date(2026, 1, 30)), {"NOT_A_NUMBER"}),
        (Filter(delivery="d2"), {"FUTURE_DATE"}),
        (Filter(day=date(2026, 1, 30), delivery="d2"), set()),
    ],
)
def test_refusals_are_listed_by_reason_source_and_day(quarantined, wanted, reasons):
    found = list_refusals(quarantined, wanted, {})
    assert found["reason"].to_list() == sorted(reasons)
    assert all(found["do"])
    assert all(found["what"])
    assert set(reject_rows(quarantined, wanted, 10)["reason"]) == reasons


def test_a_row_is_shown_with_its_place(quarantined):
    (row,) = reject_rows(quarantined, Filter(), 1).to_dicts()
    assert (row["delivery"], row["source_file"], row["source_row"], row["column"]) == (
        "d1", "orders.csv", 7, "total",
    )  # fmt: skip
    assert (row["value"], row["raw_json"]) == ("1,2", "{}")


def test_nothing_refused_is_an_empty_list_and_no_error(settings):
    assert list_refusals(settings, Filter(), {}).height == 0
    assert reject_rows(settings, Filter(), 5).height == 0


def test_whole_files_are_listed_beside_rows_with_what_became_of_them(tmp_path):
    """One file lost rows, one was refused, one could not even become a delivery."""
    stage = make_stage(tmp_path, BASKETS.replace("time_zone: UTC", _NAMED_BY_DAY))
    put = partial(put_baskets, stage)
    put("baskets_2024-05-30.csv", HEADER, *GOOD, basket_row("b3", "1.5x", mail="eve@example.com"))
    put("baskets_2024-05-31.csv", HEADER, *GOOD, "one,cell")
    put("baskets_later.csv", HEADER, *GOOD)
    with pytest.raises(DataBlocked, match="baskets_later"):
        route.land(stage.settings, DAY)
    found = list_refusals(stage.settings, Filter(), standings(stage.settings))
    shown = found.select("reason", "file", "table", "files", "rows", "standing").rows()
    assert shown == [
        ("NOT_A_NUMBER", "baskets_2024-05-30.csv", "order_lines", 0, 1, "held"),
        ("NOT_A_NUMBER", "baskets_2024-05-30.csv", "orders", 0, 1, "held"),
        ("NO_BUSINESS_DAY", "baskets_later.csv", None, 1, None, "not landed"),
        ("RAGGED_ROW", "baskets_2024-05-31.csv", None, 1, None, "held"),
    ]
    assert "Record 4 does not have 9 fields." in found["what"].to_list()
    held = found["delivery"][0]
    accept_deliveries(stage.settings, [held])
    assert standings(stage.settings)[held] == "accepted"
    rows = reject_rows(stage.settings, Filter(reason="NOT_A_NUMBER"), 10)
    assert rows["value"].to_list() == ["1.5x"] * 2
    assert "1.5x" in rows["raw_json"][0]
    assert "eve" not in str(rows.rows())
    assert "secret" not in str(rows.rows())


_NAMED_BY_DAY = 'time_zone: UTC\n    business_day: "_([0-9-]+)"'


def put_baskets(stage, name, *lines):
    """Deliver lines as a file of the baskets' system."""
    path = stage.settings.landing / "shop" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
