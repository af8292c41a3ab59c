"""What was refused can be listed by reason, source and day, with what to do about it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from etl.files import read_json, write_json
from etl.ingest.staging import STAGED_NAME
from etl.lake.quarantine import Filter, reject_rows, summarise_rejects
from tests.test_lake import commit, stage


@pytest.fixture
def quarantined(settings):
    for delivery_id, day, reason in (("d1", "2026-01-30", "NOT_A_NUMBER"),
                                     ("d2", "2026-01-31", "FUTURE_DATE")):  # fmt: skip
        folder = stage(settings, delivery_id, day)
        staged = read_json(folder / STAGED_NAME)
        counted = {"table": "orders", "column": "total", "reason": reason, "rows": 1,
                   "amount": None}  # fmt: skip
        staged["rejects"] = {"rows": 1, "sha256": "", "by_reason": [counted]}
        write_json(folder / STAGED_NAME, staged)
        pl.DataFrame(
            {"source_system": ["shop"], "source_file": ["orders.csv"], "source_row": [7],
             "table": ["orders"], "column": ["total"], "reason": [reason], "value": ["1,2"],
             "raw_json": ["{}"]}
        ).write_parquet(folder / "rejects.parquet")  # fmt: skip
    commit(settings)
    return settings


@pytest.mark.parametrize(
    ("wanted", "reasons"),
    [
        (Filter(), ["NOT_A_NUMBER", "FUTURE_DATE"]),
        (Filter(reason="FUTURE_DATE"), ["FUTURE_DATE"]),
        (Filter(system="nobody"), []),
        (Filter(day=date(2026, 1, 30)), ["NOT_A_NUMBER"]),
    ],
)
def test_refusals_are_listed_by_reason_source_and_day(quarantined, wanted, reasons):
    found = summarise_rejects(quarantined, wanted)
    assert found["reason"].to_list() == reasons
    assert all(found["do"])
    assert reject_rows(quarantined, wanted, 10)["reason"].to_list() == reasons


def test_a_row_is_shown_with_its_place(quarantined):
    (row,) = reject_rows(quarantined, Filter(), 1).to_dicts()
    assert (row["source_file"], row["source_row"], row["column"], row["value"]) == (
        "orders.csv", 7, "total", "1,2",
    )  # fmt: skip


def test_nothing_refused_is_an_empty_list_and_no_error(settings):
    assert summarise_rejects(settings, Filter()).height == 0
    assert reject_rows(settings, Filter(), 5).height == 0
