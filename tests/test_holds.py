"""More than one row in a hundred, or one cent in ten, lost: a person must look first."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from etl.errors import DataBlocked, UsageError
from etl.files import read_json, sha256_of, write_json
from etl.ingest.staging import STAGED_NAME
from etl.publish import holds
from etl.publish.holds import accept_deliveries, lost_too_much, refuse_held
from tests.test_lake import commit, stage

NOTHING_LOST = {"rows": 0, "by_reason": []}


def delivery(kept, lost, kept_amount="1000.0000", lost_amount="0.0000", status="accepted"):
    return {
        "status": status,
        "file_reason": None,
        "mode": "incremental",
        "file": "orders.csv",
        "records": kept + lost,
        "tables": {"orders": {"rows": kept, "amount": kept_amount}},
        "rejects": {
            "rows": lost,
            "by_reason": [{"table": "orders", "rows": lost, "amount": lost_amount}],
        },
    }


@pytest.mark.parametrize(
    ("what", "held"),
    [
        (delivery(99, 1), False),  # exactly 1 %
        (delivery(989, 11), True),  # a little more
        (delivery(1000, 1, "999.0000", "1.0000"), False),  # exactly 0.1 % of the amount
        (delivery(1000, 1, "998.0000", "1.0000"), True),
        (delivery(1000, 1, "-998.0000", "1.0000"), True),  # negative totals count by size
        (delivery(1000, 0, None, None), False),
        (delivery(0, 0, None, None, status="rejected"), True),
    ],
)
def test_what_is_lost_is_measured_against_what_was_delivered(what, held):
    assert lost_too_much(what) is held


@pytest.fixture
def held(settings):
    folder = stage(settings)
    staged = read_json(folder / STAGED_NAME)
    reject = {"table": "orders", "column": "total", "reason": "NOT_A_NUMBER", "rows": 1,
              "amount": None}  # fmt: skip
    staged["bad_records"] = 1
    sibling = {**reject, "table": "order_lines", "column": None, "reason": "SIBLING_REJECTED"}
    kept = folder / "rejects.parquet"
    kept.write_bytes(b"rows")
    staged["rejects"] = {"rows": 2, "sha256": sha256_of(kept), "by_reason": [reject, sibling]}
    write_json(folder / STAGED_NAME, staged)
    commit(settings)
    return settings


def test_a_held_delivery_blocks_the_publish_and_is_named(held):
    with pytest.raises(DataBlocked, match="lost 1 of 2 records") as caught:
        refuse_held(held, date(2026, 1, 31))
    assert caught.value.where == "d1"
    assert caught.value.exit_code == 3


def test_an_accepted_delivery_no_longer_blocks(held):
    accept_deliveries(held, ["d1"])
    refuse_held(held, date(2026, 1, 31))


def test_accepting_what_is_not_there_is_a_usage_error(held):
    with pytest.raises(UsageError, match="nonsense"):
        accept_deliveries(held, ["nonsense"])


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({}, True),
        ({"commit_sequence": 1}, False),  # it came before
        ({"status": "rejected"}, False),
        ({"business_day": "2026-01-30"}, False),
        ({"export": "refunds"}, False),
        ({"file": "orders_b.csv"}, False),  # it may be another part of the day
        ({"status": "empty", "records": 0, "tables": {}, "rejects": NOTHING_LOST}, False),
    ],
)
def test_only_a_later_and_better_delivery_of_the_day_ends_a_hold(
    settings, monkeypatch, change, ends
):
    place = {"system": "shop", "export": "orders", "business_day": "2026-01-31"}
    held = {**delivery(90, 10), **place, "delivery_id": "bad", "commit_sequence": 2}
    other = {**delivery(100, 0), **place, "delivery_id": "good", "commit_sequence": 3} | change
    lake = SimpleNamespace(deliveries=(held, other))
    monkeypatch.setattr(holds, "read_lake", lambda _: lake)
    waiting = set(holds.held_deliveries(settings, date(2026, 1, 31)))
    assert ("bad" not in waiting) is ends


@pytest.mark.parametrize("first", ["bad", "good"])
def test_a_clean_part_of_a_day_forgives_no_other_part(settings, monkeypatch, first):
    """Whichever comes first; the refused part is corrected under its own name."""
    day = {"system": "shop", "export": "orders", "business_day": "2026-01-31"}
    bad = {**delivery(0, 0, status="rejected"), **day, "file": "orders_a.csv"}
    good = {**delivery(100, 0), **day, "file": "orders_b.csv"}
    parts = [
        part | {"delivery_id": name, "commit_sequence": 1 if name == first else 2}
        for name, part in (("bad", bad), ("good", good))
    ]
    lake = SimpleNamespace(deliveries=parts)
    monkeypatch.setattr(holds, "read_lake", lambda _: lake)
    assert set(holds.held_deliveries(settings, date(2026, 1, 31))) == {"bad"}
    with pytest.raises(DataBlocked, match="also when its corrected file has come under another"):
        refuse_held(settings, date(2026, 1, 31))
    parts.append(good | {"delivery_id": "again", "file": "orders_a.csv", "commit_sequence": 3})
    refuse_held(settings, date(2026, 1, 31))
