"""Discovery: every file in the landing is a delivery, refused, unmatched, or of a later day."""

from __future__ import annotations

import json
import os
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etl.errors import ConfigError
from etl.ingest.discover import Delivery, Discovery, discover, missing_feeds
from etl.ingest.manifest import MANIFEST_NAME
from etl.mapping.model import Export, Mapping, Target

LAST = date(2017, 12, 31)


def make_export(name: str, files: str, table: str = "orders", **changes: Any) -> Export:
    values: dict[str, Any] = {
        "name": name, "system": "shop", "files": files, "business_day": r"_([0-9-]+)\.",
        "mode": "incremental", "expected": "optional", "format": "csv", "sheet": "",
        "delimiter": ",", "encoding": "utf-8", "time_zone": "UTC", "null_tokens": ("",),
        "decimal_mark": ".", "multiline": False,
        "keep": (), "known_from": (), "grain": None, "fingerprint": "f" * 16,
        "targets": (Target(table, "row", ()),),
    }  # fmt: skip
    return Export(**{**values, **changes})


def make_mapping(system: str, *exports: Export) -> Mapping:
    return Mapping(system, "UTC", None, generated=False, exports=exports, fingerprint="f" * 16)


SHOP = make_mapping(
    "shop",
    make_export("orders", "orders*.csv", expected="daily"),
    make_export("lines", "lines*.csv", expected="daily", mode="full"),
    make_export("people", "people*.csv", "crm_contacts", expected="daily"),
)


def put(landing: Path, name: str, content: object = "") -> Path:
    path = landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def codes(found: Discovery) -> dict[str, str]:
    return {refused.path.name: refused.error.code for refused in found.refused}


def test_reads_the_day_from_the_file_name(tmp_path: Path) -> None:
    a = put(tmp_path, "shop/orders_2017-12-25.csv")
    b = put(tmp_path, "shop/deep/er/lines_20171226.csv")
    assert discover(tmp_path, (SHOP,), LAST) == Discovery(
        deliveries=(
            Delivery("shop", "orders", a, date(2017, 12, 25), "incremental", 20171225),
            Delivery("shop", "lines", b, date(2017, 12, 26), "full", 20171226),
        )
    )


def test_a_manifest_wins_over_name_and_mapping(tmp_path: Path) -> None:
    a = put(tmp_path, "shop/x/orders_2017-12-25.csv")
    files = {"orders_2017-12-25.csv": {"rows": 4, "sha256": "0" * 64}}
    said = {"business_day": "2017-12-01", "mode": "history", "sequence": 3, "files": files}
    put(tmp_path, f"shop/x/{MANIFEST_NAME}", said)
    assert discover(tmp_path, (SHOP,), LAST).deliveries == (
        Delivery("shop", "orders", a, date(2017, 12, 1), "history", 3, 4, "0" * 64),
    )


def test_a_manifest_speaks_for_its_own_folder_only(tmp_path: Path) -> None:
    put(tmp_path, f"shop/{MANIFEST_NAME}", {"business_day": "2017-12-01", "sequence": 0})
    put(tmp_path, "shop/orders.csv")
    put(tmp_path, "shop/below/orders.csv")
    found = discover(tmp_path, (SHOP,), LAST)
    assert [(d.business_day, d.sequence) for d in found.deliveries] == [(date(2017, 12, 1), 0)]
    assert [(r.export, r.error.code) for r in found.refused] == [("orders", "NO_BUSINESS_DAY")]


@pytest.mark.parametrize(
    "name", ["orders.csv", "orders_2017-02-29.csv", "orders_25-12-2017.csv", "orders_٢٠١٧١٢٢٥.csv"]
)
def test_a_file_without_a_day_is_refused(tmp_path: Path, name: str) -> None:
    put(tmp_path, f"shop/{name}")
    found = discover(tmp_path, (SHOP,), LAST)
    assert codes(found) == {name: "NO_BUSINESS_DAY"}
    assert found.refused[0].export == "orders"


def test_later_days_wait(tmp_path: Path) -> None:
    put(tmp_path, "shop/orders_2017-12-25.csv")
    put(tmp_path, "shop/orders_2017-12-26.csv")
    late = {"business_day": "2017-12-26", "files": {"orders_9.csv": {}}}
    put(tmp_path, f"shop/x/{MANIFEST_NAME}", late)
    found = discover(tmp_path, (SHOP,), date(2017, 12, 25))
    assert [d.path.name for d in found.deliveries] == ["orders_2017-12-25.csv"]
    assert (found.refused, found.unmatched) == ((), ())
    assert codes(discover(tmp_path, (SHOP,), LAST)) == {"orders_9.csv": "MANIFEST_FILE_MISSING"}


def test_nothing_is_passed_over_in_silence(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside/orders_2017-12-25.csv").parent
    landing = tmp_path / "landing"
    unmatched = [
        put(landing, "in_the_root.csv"),
        put(landing, "nobody/orders_2017-12-25.csv"),
        put(landing, "shop/notes.txt"),
        put(landing, "shop/orders_2017-12-25.csv.part"),
        put(landing, "shop/.orders_2017-12-25.csv"),
        landing / "shop" / "linked",
    ]
    (landing / "shop" / "linked").symlink_to(outside)
    found = discover(landing, (SHOP,), LAST)
    assert found.unmatched == tuple(sorted(unmatched))
    assert (found.deliveries, found.refused) == ((), ())


def test_a_hidden_file_is_taken_if_the_pattern_says_so(tmp_path: Path) -> None:
    mapping = make_mapping("shop", make_export("hidden", ".orders*"))
    put(tmp_path, "shop/.orders_2017-12-25.csv")
    assert len(discover(tmp_path, (mapping,), LAST).deliveries) == 1


def test_links_and_pipes_are_left_to_the_gate(tmp_path: Path) -> None:
    put(tmp_path, "shop/orders_2017-12-25.csv")
    (tmp_path / "shop" / "orders_2017-12-26.csv").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "shop" / "orders_2017-12-27.csv")
    assert len(discover(tmp_path, (SHOP,), LAST).deliveries) == 3


def test_a_name_that_fits_two_exports_is_refused(tmp_path: Path) -> None:
    mapping = make_mapping("shop", make_export("all", "*.csv"), make_export("some", "orders*"))
    put(tmp_path, "shop/orders_2017-12-25.csv")
    found = discover(tmp_path, (mapping,), LAST)
    assert codes(found) == {"orders_2017-12-25.csv": "AMBIGUOUS_EXPORT"}
    assert "all, some" in found.refused[0].error.what
    assert found.refused[0].export == ""


def test_a_broken_manifest_refuses_the_files_of_its_folder(tmp_path: Path) -> None:
    put(tmp_path, f"shop/a/{MANIFEST_NAME}", "{")
    put(tmp_path, "shop/a/orders_2017-12-25.csv")
    put(tmp_path, "shop/a/notes.txt")
    put(tmp_path, f"shop/b/{MANIFEST_NAME}", "{")
    found = discover(tmp_path, (SHOP,), LAST)
    assert codes(found) == dict.fromkeys(
        ("orders_2017-12-25.csv", MANIFEST_NAME), "MANIFEST_INVALID"
    )
    assert [path.name for path in found.unmatched] == ["notes.txt"]


def test_a_feed_sees_its_own_exports_only(tmp_path: Path) -> None:
    put(tmp_path, "shop/orders_2017-12-25.csv")
    put(tmp_path, "shop/people_2017-12-25.csv")
    put(tmp_path, "shop/people.csv")
    put(tmp_path, "shop/notes.txt")
    orders, crm = (discover(tmp_path, (SHOP,), LAST, feed) for feed in ("orders", "crm"))
    assert [d.export for d in orders.deliveries] == ["orders"]
    assert [d.export for d in crm.deliveries] == ["people"]
    assert (codes(orders), codes(crm)) == ({}, {"people.csv": "NO_BUSINESS_DAY"})
    assert len(orders.unmatched) == len(crm.unmatched) == 1


def test_the_order_is_day_sequence_and_name_whatever_came_first(tmp_path: Path) -> None:
    names = [f"shop/{f}/orders_2017-12-2{d}.csv" for f in "abc" for d in range(4)]
    random.Random(1).shuffle(names)
    for name in names:
        put(tmp_path, name)
    put(tmp_path, f"shop/a/{MANIFEST_NAME}", {"sequence": 99999999})
    keys = [
        (d.business_day, d.sequence, str(d.path))
        for d in discover(tmp_path, (SHOP,), LAST).deliveries
    ]
    assert keys == sorted(keys)
    assert len(keys) == 12


def test_a_daily_export_without_a_delivery_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "shop/orders_2017-12-25.csv")
    put(tmp_path, "shop/lines_2017-12-24.csv")
    deliveries = discover(tmp_path, (SHOP,), LAST).deliveries
    optional = make_mapping("other", make_export("orders", "*"))
    day = date(2017, 12, 25)
    assert missing_feeds(deliveries, (SHOP, optional), day, "orders") == ("shop.lines",)
    assert missing_feeds(deliveries, (SHOP, optional), day, "crm") == ("shop.people",)


def test_a_landing_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="landing folder does not exist"):
        discover(tmp_path / "none", (SHOP,), LAST)
    assert discover(tmp_path, (SHOP,), LAST) == Discovery()


@pytest.mark.parametrize(
    "name",
    [b"shop/orders_2017-12-25.\xff.csv", b"shop/\xff/orders_2017-12-25.csv", b"shop/\xff.txt",
     b"\xff/orders.csv"],
)  # fmt: skip
def test_a_name_that_is_not_utf8_stops_nothing_and_can_be_printed(
    tmp_path: Path, name: bytes
) -> None:
    put(tmp_path, os.fsdecode(name))
    good = put(tmp_path, "shop/orders_2017-12-26.csv")
    found = discover(tmp_path, (SHOP,), LAST)
    assert [delivery.path for delivery in found.deliveries] == [good]
    (listed,) = [*(refused.path for refused in found.refused), *found.unmatched]
    assert str(listed) == f"{tmp_path}/" + name.decode("utf-8", "backslashreplace")
    for refused in found.refused:
        assert refused.error.code == "NAME_NOT_UTF8"
        assert str(refused.error).encode()
    assert len(found.refused) == (b"orders_" in name)


def test_a_manifest_that_lists_half_a_character_is_refused(tmp_path: Path) -> None:
    put(tmp_path, f"shop/{MANIFEST_NAME}", '{"files": {"orders_\\ud800.csv": {}}}')
    put(tmp_path, "shop/orders_2017-12-26.csv")
    found = discover(tmp_path, (SHOP,), LAST)
    assert codes(found) == {"orders_2017-12-26.csv": "MANIFEST_INVALID"}


def test_a_folder_that_cannot_be_listed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "shop/closed/orders_2017-12-25.csv")
    listed = os.scandir

    def refusing(path: object) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(PermissionError):
        discover(tmp_path, (SHOP,), LAST)
