"""The small company is the same on every machine, and rearranging it loses nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.company.generate import MANIFEST, company, write_company
from tests.company.model import HISTORY_ON
from tests.company.rearrange import (
    delivery_folders,
    plant_missing_rate,
    redeliver_same,
    reverse_order,
    split_in_two,
)


def contents(landing: Path) -> dict[str, str]:
    """sha256 of every file, by path."""
    return {
        str(path.relative_to(landing)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(landing.rglob("*"))
        if path.is_file()
    }


def records(landing: Path) -> Counter[str]:
    """Every record of every export, however the files are cut and named."""
    found: Counter[str] = Counter()
    for path in landing.rglob("*.csv"):
        export = path.name.split(".")[0].split("_part")[0]
        found.update(f"{export}|{line}" for line in path.read_text("utf-8").splitlines()[1:])
    return found


def test_the_same_call_writes_the_same_bytes(tmp_path: Path) -> None:
    write_company(tmp_path / "one")
    write_company(tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_later_drop_changes_no_earlier_one(tmp_path: Path) -> None:
    write_company(tmp_path / "three", days=3)
    write_company(tmp_path / "five")
    five = contents(tmp_path / "five")
    assert {name: five[name] for name in contents(tmp_path / "three")} == contents(
        tmp_path / "three"
    )


def test_the_totals_are_the_ones_agreed(tmp_path: Path) -> None:
    expected = write_company(tmp_path)
    totals = expected.totals()
    north, south = totals.shops["north_shop"], totals.shops["south_shop"]
    assert expected.as_of == date(2026, 1, 31)
    assert expected.records == {"north_shop": 4686, "south_shop": 575, "help_desk": 865}
    assert totals.customers == 299
    assert (north.orders, south.orders) == (859, 574)
    assert north.net_revenue_gross_of_refunds == Decimal("51019.42")
    assert north.refunded_revenue == Decimal("2946.95")
    assert south.net_revenue == Decimal("20092.20")


def test_an_earlier_day_knows_less() -> None:
    small = company()
    early, late = small.drops[1], small.as_of
    assert {o.order_id for o in small.orders if o.delivered_on > early}
    assert {r.refund_id for r in small.refunds if early < r.delivered_on <= late}


@pytest.mark.parametrize("days", [0, 11])
def test_the_number_of_drops_is_bounded(days: int) -> None:
    with pytest.raises(ValueError, match="1 to 10 drops"):
        company(days)


def test_every_record_is_in_the_manifest(tmp_path: Path) -> None:
    expected = write_company(tmp_path)
    stated = [json.loads((f / MANIFEST).read_text("utf-8")) for f in delivery_folders(tmp_path)]
    assert sum(file["rows"] for one in stated for file in one["files"].values()) == sum(
        expected.records.values()
    )
    assert Counter(one["mode"] for one in stated) == {"history": 3, "incremental": 15, "full": 2}


def test_splitting_keeps_all_records_and_whole_documents(tmp_path: Path) -> None:
    write_company(tmp_path)
    before = records(tmp_path)
    split_in_two(tmp_path)
    assert records(tmp_path) == before
    history = tmp_path / "north_shop" / HISTORY_ON.isoformat()
    first, second = (
        {line.split(",")[0] for line in path.read_text("utf-8").splitlines()[1:]}
        for path in sorted(history.glob("orders_export*.csv"))
    )
    assert first
    assert second
    assert not first & second


def test_redelivering_doubles_every_file(tmp_path: Path) -> None:
    write_company(tmp_path)
    before = Counter(contents(tmp_path).values())
    redeliver_same(tmp_path)
    assert Counter(contents(tmp_path).values()) == {sha: 2 * n for sha, n in before.items()}


def test_reversing_delivers_all_and_the_history_last(tmp_path: Path) -> None:
    write_company(tmp_path / "written")
    days = list(reverse_order(tmp_path / "written", tmp_path / "landing"))
    assert days == sorted(days, reverse=True)
    assert days[-1] == HISTORY_ON.isoformat()
    assert contents(tmp_path / "landing") == contents(tmp_path / "written")


def test_planting_a_missing_rate_adds_one_order(tmp_path: Path) -> None:
    expected = write_company(tmp_path)
    before = records(tmp_path)
    plant_missing_rate(tmp_path, expected.as_of)
    (added,) = (records(tmp_path) - before).elements()
    assert "N-CHF-001" in added
