"""What a full export lists no more is deleted from that day on, and only then."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from etl import route
from etl.contract import TABLES
from etl.contract.table import VOLATILE
from etl.errors import DataBlocked
from etl.lake.commits import read_lake
from etl.lake.snapshot import write_snapshot
from etl.lake.vanished import FILE, KEPT, find_vanished
from etl.publish.holds import accept_deliveries, refuse_held
from tests.delivering import BASKETS, GOOD, Stage, basket_row, make_stage
from tests.delivering import HEADER as BASKETS_HEADER

DAY = date(2024, 5, 1)
PRODUCTS = """
system: shop
business_time_zone: UTC
exports:
  products:
    files: "products*.csv"
    mode: full
    targets:
      products:
        columns:
          product_id: {from: id}
          sku: {from: id}
          title: {from: title}
          updated_at: {from: changed}
  news:
    files: "news*.csv"
    targets:
      products:
        columns:
          product_id: {from: id}
          sku: {from: id}
          title: {from: title}
          updated_at: {from: changed}
"""
CONSENTS = """
system: crm
business_time_zone: UTC
exports:
  consents:
    files: "products*.csv"
    mode: full
    targets:
      crm_consent_events:
        columns:
          consent_id: {from: id}
          contact_id: {from: id}
          channel: {const: email}
          purpose: {const: marketing}
          state: {const: granted}
          occurred_at: {from: changed}
"""
FIVE = "abcde"


@pytest.fixture
def shop(tmp_path: Path) -> Stage:
    return make_stage(tmp_path, PRODUCTS)


def write(stage: Stage, nth: int, text: str, name: str = "products.csv") -> None:
    """Deliver a file for the n-th day."""
    day = DAY + timedelta(days=nth)
    folder = stage.settings.landing / stage.mapping.system / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / "_manifest.json").write_text(json.dumps({"business_day": day.isoformat()}))


def listing(ids: str, changed: str = "2024-01-01T00:00:00Z") -> str:
    return "id,title,changed\n" + "".join(f"{n},Tea {n},{changed}\n" for n in ids)


def deliver(stage: Stage, *lists: str | None) -> None:
    """Deliver a list of products for each day; None for a day without."""
    for nth, ids in enumerate(lists):
        if ids is not None:
            write(stage, nth, listing(ids))
    route.land(stage.settings, DAY + timedelta(days=len(lists)))


def inputs(stage: Stage, table: str = "products") -> pl.DataFrame:
    folder = write_snapshot(stage.settings, read_lake(stage.settings))
    return pl.concat([pl.read_parquet(path) for path in (folder / table).glob("*.parquet")])


def alive(stage: Stage, nth: int, table: str = "products") -> str:
    """The records that hold as of the n-th day, by the rule of the dbt macro latest_versions."""
    contract = TABLES[table]
    key = contract.document or contract.key[0]
    rows = inputs(stage, table).filter(pl.col("known_on") <= DAY + timedelta(days=nth))
    order = [n for n in ("updated_at", "source_sequence", "record_hash") if n in rows.columns]
    last = rows.sort(*order, nulls_last=False).unique(key, keep="last", maintain_order=True)
    return "".join(sorted(last.filter(~pl.col("is_deleted"))[key]))


def test_a_record_is_gone_from_the_day_of_the_list_that_lacks_it_and_back_when_listed(shop: Stage):
    deliver(shop, FIVE, "abce", "abcde", "abcd")
    assert [alive(shop, nth) for nth in range(4)] == [FIVE, "abce", FIVE, "abcd"]
    marked = inputs(shop).filter("is_deleted").sort("known_on")
    assert marked.select("product_id", "known_on", "source_row").rows() == [
        ("d", DAY + timedelta(days=1), 0), ("e", DAY + timedelta(days=3), 0),
    ]  # fmt: skip
    assert marked["title"].to_list() == ["Tea d", "Tea e"]


def test_every_order_of_arrival_gives_the_same_rows(tmp_path: Path):
    lists = {0: FIVE, 1: "abce", 2: "abde"}
    found = []
    for nth, order in enumerate(itertools.permutations(lists)):
        stage = make_stage(tmp_path / str(nth), PRODUCTS)
        stage = replace(stage, settings=replace(stage.settings, key_file=tmp_path / "key"))
        for day in order:
            write(stage, day, listing(lists[day]))
            route.land(stage.settings, DAY + timedelta(days=9))
        rows = inputs(stage).drop(VOLATILE)
        found.append(rows.sort("known_on", "record_hash").rows())
    assert all(rows == found[0] for rows in found)


def test_a_list_that_lost_rows_or_is_refused_deletes_nothing_but_the_next_one_does(shop: Stage):
    deliver(shop, FIVE)
    write(shop, 1, listing("abc") + "d,Tea d,yesterday\n")
    write(shop, 2, "id,title,changed\na,Tea\n")
    route.land(shop.settings, DAY + timedelta(days=2))
    assert alive(shop, 2) == FIVE
    write(shop, 3, listing("abcd"))
    route.land(shop.settings, DAY + timedelta(days=3))
    assert (alive(shop, 2), alive(shop, 3)) == (FIVE, "abcd")


def test_more_than_a_fifth_gone_holds_the_publish_until_accepted(shop: Stage):
    deliver(shop, FIVE, "abcd")
    refuse_held(shop.settings, DAY + timedelta(days=1))  # a fifth
    write(shop, 2, listing("abc"))
    route.land(shop.settings, DAY + timedelta(days=2))
    with pytest.raises(DataBlocked, match="lacks 1 of 4 products that it had") as caught:
        refuse_held(shop.settings, DAY + timedelta(days=2))
    assert caught.value.code == "DELIVERY_HELD"
    refuse_held(shop.settings, DAY + timedelta(days=1))
    accept_deliveries(shop.settings, [caught.value.where])
    refuse_held(shop.settings, DAY + timedelta(days=9))


def test_what_is_listed_again_holds_no_longer(shop: Stage):
    deliver(shop, FIVE, "a", FIVE)
    with pytest.raises(DataBlocked, match="lacks 4 of 5"):
        refuse_held(shop.settings, DAY + timedelta(days=1))
    refuse_held(shop.settings, DAY + timedelta(days=2))


def test_a_hold_is_not_outlived_by_waiting(shop: Stage):
    """The next list lacks nothing that the one before had; the one before is still held."""
    deliver(shop, FIVE, "a", "a")
    with pytest.raises(DataBlocked, match="lacks 4 of 5"):
        refuse_held(shop.settings, DAY + timedelta(days=2))


def test_an_empty_list_says_that_all_are_gone_and_is_held(shop: Stage):
    deliver(shop, FIVE, "")
    with pytest.raises(DataBlocked, match="lacks 5 of 5"):
        refuse_held(shop.settings, DAY + timedelta(days=1))


def test_an_increment_deletes_nothing_and_what_only_it_told_stays(shop: Stage):
    write(shop, 0, listing("xy"), "news.csv")
    write(shop, 1, listing("x"), "news.csv")
    deliver(shop, FIVE, "abcd")
    assert alive(shop, 1) == "abcdxy"


def test_a_later_change_told_before_the_list_does_not_outlive_it(shop: Stage):
    """The change has the later updated_at; the list that came after it lacks the record."""
    write(shop, 1, listing("e", changed="2024-04-30T00:00:00Z"), "news.csv")
    deliver(shop, FIVE, None, "abcd")
    write(shop, 3, listing("e", changed="2024-05-03T00:00:00Z"), "news.csv")
    route.land(shop.settings, DAY + timedelta(days=3))
    assert [alive(shop, nth) for nth in range(1, 4)] == [FIVE, "abcd", FIVE]


def test_several_files_of_a_day_are_one_list(shop: Stage):
    write(shop, 0, listing("ab"), "products_1.csv")
    write(shop, 0, listing("cde"), "products_2.csv")
    write(shop, 1, listing("ab"), "products_1.csv")
    write(shop, 1, listing("cd"), "products_2.csv")
    route.land(shop.settings, DAY + timedelta(days=1))
    assert (alive(shop, 0), alive(shop, 1)) == (FIVE, "abcd")


def test_a_document_goes_with_its_lines_and_a_shorter_one_is_no_deletion(tmp_path: Path):
    stage = make_stage(
        tmp_path, BASKETS.replace("time_zone: UTC", "time_zone: UTC\n    mode: full")
    )

    def baskets(*rows: str) -> str:
        return "".join(f"{line}\n" for line in (BASKETS_HEADER, *rows))

    for nth, rows in enumerate([GOOD, [GOOD[0], GOOD[2]], [GOOD[2]]]):
        day = date(2024, 5, 30) + timedelta(days=nth)
        folder = stage.settings.landing / "shop" / day.isoformat()
        folder.mkdir(parents=True)
        (folder / "baskets.csv").write_text(baskets(*rows))
        (folder / "_manifest.json").write_text(json.dumps({"business_day": day.isoformat()}))
    route.land(stage.settings, date(2024, 6, 30))
    marked = {table: inputs(stage, table).filter("is_deleted")["order_id"].to_list()
              for table in ("orders", "order_lines")}  # fmt: skip
    assert marked == {"orders": ["b1"], "order_lines": ["b1"]}
    lines = inputs(stage, "order_lines").filter("is_deleted")
    assert lines["document_hash"].null_count() == 0
    heads = inputs(stage, "orders")
    assert heads.filter("is_deleted")["document_hash"].to_list() == [None]
    assert heads.filter(~pl.col("is_deleted"))["document_hash"].null_count() == 0
    assert basket_row("b1")


def test_silence_is_no_word_about_consent(tmp_path: Path):
    assert set(KEPT) <= TABLES.keys()
    stage = make_stage(tmp_path, CONSENTS)
    deliver(stage, FIVE, "abcd")
    assert list(find_vanished(read_lake(stage.settings))) == []
    folder = write_snapshot(stage.settings, read_lake(stage.settings))
    assert not list(folder.glob(f"*/{FILE}"))
