"""A delivered file to staged tables: what arrives, what is refused, and nothing besides."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from etl.errors import FileRejected, LoyaltyError
from etl.files import sha256_of
from etl.ingest import batches, gate
from etl.ingest.gate import source
from etl.ingest.hashing import NO_LINES
from etl.ingest.staging import StagedDelivery
from etl.privacy.tokens import Tokeniser, Vault
from tests.delivering import (
    BASKETS,
    DAY,
    GOOD,
    HEADER,
    KEY,
    LOADED_AT,
    Stage,
    basket_row,
    make_stage,
    rejects,
    table,
)

CONTACTS = """
system: crm
business_time_zone: America/New_York
exports:
  contacts:
    files: "contacts*.csv"
    known_from: [updated_at]
    targets:
      crm_contacts:
        columns:
          contact_id: {from: id}
          phone: {from: phone, ops: [strip_apostrophe]}
          last_name: {from: name}
          birth_on: {from: born}
          external_system: {const: shop}
          external_ref: {from: ref, ops: [hash]}
          created_at: {from: created}
          updated_at: {from: updated}
"""
CONTACT_HEADER = "id,phone,name,born,ref,created,updated"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return make_stage(tmp_path)


def reasons(staged: StagedDelivery) -> dict[tuple[str, str, str | None], int]:
    return {(c.table, c.reason, c.column): c.rows for c in staged.rejects.by_reason}


def test_good_rows_reach_their_tables(stage: Stage) -> None:
    staged = stage.deliver(GOOD)
    assert (staged.status, staged.records, staged.rejects.rows) == ("accepted", 3, 0)
    orders, lines = table(staged, "orders"), table(staged, "order_lines")
    assert orders.select("order_id", "total", "source_row").rows() == [
        ("b1", Decimal("3.5000"), 1), ("b2", Decimal("4.0000"), 3),
    ]  # fmt: skip
    assert lines.select("order_id", "line_no", "sku", "source_row").rows() == [
        ("b1", 1, "00123", 1), ("b1", 2, "00123", 2), ("b2", 1, "00123", 3),
    ]  # fmt: skip
    assert staged.tables["orders"].amount == "7.5000"
    assert staged.tables["order_lines"].amount == "7.5000"


def test_the_business_date_is_that_of_the_business_time_zone(stage: Stage) -> None:
    orders = table(stage.deliver(GOOD), "orders")
    assert orders["ordered_at"][1] == datetime(2024, 5, 30, 2, 0, tzinfo=UTC)
    assert orders["ordered_on"].to_list() == [date(2024, 5, 30), date(2024, 5, 29)]


def test_the_envelope_says_where_a_row_comes_from(stage: Stage) -> None:
    staged = stage.deliver(GOOD)
    row = table(staged, "order_lines").row(0, named=True)
    assert row["source_system"] == "shop"
    assert row["source_file"] == "baskets_1.csv"
    assert row["batch_id"] == staged.delivery_id
    assert row["loaded_at"] == LOADED_AT
    assert row["known_on"] == DAY
    assert row["source_sequence"] == 20240531
    assert row["is_deleted"] is False
    assert row["extra_json"] is None


def test_staged_json_and_digests_tell_what_lies_in_the_folder(stage: Stage) -> None:
    staged = stage.deliver([*GOOD, basket_row("b3", "x")])
    document = json.loads((staged.folder / "staged.json").read_text("utf-8"))
    assert staged.folder == stage.settings.staged / "orders" / "2024-05-31" / staged.delivery_id
    assert document["status"] == "accepted"
    assert document["file"] == "baskets_1.csv"
    assert document["source"] == {
        "source_system": "shop", "business_time_zone": "America/New_York",
        "history_starts_on": "2020-01-01", "is_generated": False,
    }  # fmt: skip
    assert document["unmapped"] == {"note": 4}
    for name, entry in [*document["tables"].items(), ("rejects", document["rejects"])]:
        assert entry["sha256"] == sha256_of(staged.folder / f"{name}.parquet")
    assert sorted(path.name for path in staged.folder.iterdir()) == [
        "order_lines.parquet", "orders.parquet", "rejects.parquet", "staged.json",
    ]  # fmt: skip


def test_the_id_follows_content_and_meaning(stage: Stage) -> None:
    first, again = stage.deliver(GOOD), stage.deliver(GOOD)
    assert first.delivery_id == again.delivery_id
    assert stage.deliver(GOOD[:2]).delivery_id != first.delivery_id
    assert stage.deliver(GOOD, sequence=2).delivery_id != first.delivery_id
    other = make_stage(
        stage.settings.data.parent, BASKETS.replace("{const: store}", "{const: web}")
    )
    assert other.deliver(GOOD).delivery_id != first.delivery_id


def test_a_header_alone_is_an_empty_delivery(stage: Stage) -> None:
    staged = stage.deliver([])
    assert (staged.status, staged.records, staged.tables) == ("empty", 0, {})
    assert [path.name for path in staged.folder.iterdir()] == ["staged.json"]


def test_a_file_the_gate_refuses_is_recorded(stage: Stage) -> None:
    staged = stage.deliver([*GOOD, "b9,too,few"])
    assert (staged.status, staged.file_reason) == ("rejected", "RAGGED_ROW")
    assert staged.file_message
    assert staged.tables == {}
    assert (
        staged.sha256
        == hashlib.sha256(
            "".join(f"{line}\n" for line in (HEADER, *GOOD, "b9,too,few")).encode()
        ).hexdigest()
    )


def test_a_header_without_a_needed_column_is_refused(stage: Stage) -> None:
    staged = stage.deliver([], header=HEADER.replace("amount", "sum"))
    assert staged.file_reason == "HEADER_MISSING_COLUMN"


def test_columns_are_matched_by_name_and_may_be_absent(stage: Stage) -> None:
    staged = stage.deliver(
        ["4.00,Tea,1,2024-05-30 12:00:00,b1"], header="amount,title,quantity,at,basket"
    )
    assert table(staged, "orders").select("total", "customer_ref", "email").row(0) == (
        Decimal("4.0000"), None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "reason", "column", "line_value"),
    [
        ({"quantity": "one"}, "NOT_A_NUMBER", "quantity", "one"),
        ({"quantity": "1.0000001"}, "TOO_MANY_DECIMALS", "quantity", "1.0000001"),
        ({"quantity": "9999999999999"}, "OUT_OF_RANGE", "quantity", "9999999999999"),
        ({"title": ""}, "REQUIRED_MISSING", "title", None),
    ],
)
def test_a_bad_line_takes_its_order_with_it(
    stage: Stage, cells: dict[str, str], reason: str, column: str, line_value: str | None
) -> None:
    staged = stage.deliver([*GOOD, basket_row("b3"), basket_row("b3", **cells)])
    assert staged.status == "accepted"
    assert table(staged, "orders")["order_id"].to_list() == ["b1", "b2"]
    assert table(staged, "order_lines")["order_id"].to_list() == ["b1", "b1", "b2"]
    assert reasons(staged) == {
        ("order_lines", reason, column): 1,
        ("order_lines", "SIBLING_REJECTED", None): 1,
        ("orders", "SIBLING_REJECTED", None): 1,
    }
    fault = rejects(staged).filter(reason=reason).row(0, named=True)
    assert fault["source_row"] == 5
    assert fault["value"] == line_value
    assert fault["source_file"] == "baskets_1.csv"
    assert fault["known_on"] == DAY
    assert json.loads(fault["raw_json"])["basket"] == "b3"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"at": "30.05.2024"}, "NOT_AN_INSTANT"),
        ({"at": "2024-06-02 12:00:00"}, "FUTURE_DATE"),
        ({"at": ""}, "REQUIRED_MISSING"),
    ],
)
def test_a_bad_order_takes_its_lines_with_it(
    stage: Stage, cells: dict[str, str], reason: str
) -> None:
    staged = stage.deliver([*GOOD, basket_row("b3", **cells), basket_row("b3")])
    assert reasons(staged) == {
        ("order_lines", "SIBLING_REJECTED", None): 2,
        ("orders", reason, "ordered_at"): 1,
    }


def test_tomorrow_is_not_yet_the_future(stage: Stage) -> None:
    assert stage.deliver([basket_row("b1", at="2024-06-01 23:00:00")]).rejects.rows == 0


def test_only_the_first_row_speaks_for_the_order(stage: Stage) -> None:
    staged = stage.deliver([basket_row("b1"), basket_row("b1", at="not a time", customer="c9")])
    assert table(staged, "orders")["customer_ref"].to_list() == ["c1"]
    assert staged.rejects.rows == 0


def test_a_bad_amount_in_any_row_refuses_the_sum(stage: Stage) -> None:
    staged = stage.deliver([*GOOD, basket_row("b3"), basket_row("b3", "1.00001")])
    fault = rejects(staged).filter(table="orders").row(0, named=True)
    assert (fault["reason"], fault["column"]) == ("TOO_MANY_DECIMALS", "gross_items")
    assert (fault["source_row"], fault["value"]) == (5, "1.00001")


def test_a_sum_that_overflows_is_refused(stage: Stage) -> None:
    rows = [basket_row("b3", "60000000000000"), basket_row("b3", "60000000000000")]
    staged = stage.deliver([*GOOD, *rows])
    assert reasons(staged)["orders", "OUT_OF_RANGE", "gross_items"] == 1
    assert reasons(staged)["order_lines", "SIBLING_REJECTED", None] == 2


def test_a_sum_of_integers_does_not_wrap(tmp_path: Path) -> None:
    yaml = """
    system: desk
    business_time_zone: UTC
    exports:
      cases:
        files: "cases*.csv"
        grain: {key: id}
        targets:
          crm_cases:
            per: document
            columns:
              case_id: {from: id}
              type: {const: question}
              status: {const: open}
              opened_at: {from: at}
              reopens: {from: n, aggregate: sum}
    """
    at = "2024-05-01T00:00:00Z"
    # Three times the largest integer wraps to a positive one.
    rows = [*[f"1,{at},{2**63 - 1}"] * 3, f"2,{at},1", f"2,{at},2", f"3,{at},", f"4,{at},0"]
    staged = make_stage(tmp_path, yaml).deliver(rows, header="id,at,n")
    assert table(staged, "crm_cases")["reopens"].to_list() == [3, None, 0]
    assert reasons(staged) == {("crm_cases", "OUT_OF_RANGE", "reopens"): 1}


def test_a_sum_of_nothing_is_missing_and_not_zero(stage: Stage) -> None:
    yaml = BASKETS.replace("line_amount: {from: amount}", "tax: {from: quantity}")
    lines_need_no_amount = yaml.replace("unit_price: {from: amount}", "unit_price: {const: 1}")
    other = make_stage(stage.settings.data.parent, lines_need_no_amount)
    staged = other.deliver([*GOOD, basket_row("b3", "")])
    assert reasons(staged)["orders", "REQUIRED_MISSING", "gross_items"] == 1


def test_rows_in_are_rows_accepted_and_rows_refused(stage: Stage) -> None:
    rows = [
        *GOOD,
        basket_row("b3", "x"),
        basket_row("b4", at="2024-06-09 00:00:00"),
        *(basket_row(f"g{n}") for n in range(9)),
    ]
    staged = stage.deliver(rows)
    refused = rejects(staged)["table"].value_counts()
    lost = dict(refused.iter_rows())
    assert staged.tables["order_lines"].rows + lost["order_lines"] == staged.records == len(rows)
    assert staged.tables["orders"].rows + lost["orders"] == 13


def test_amounts_of_refused_rows_are_counted_where_they_can_be_read(stage: Stage) -> None:
    staged = stage.deliver([*GOOD, basket_row("b3", "7.25", at="2024-06-09 00:00:00")])
    amounts = {(c.table, c.reason): c.amount for c in staged.rejects.by_reason}
    assert amounts == {
        ("order_lines", "SIBLING_REJECTED"): "7.2500", ("orders", "FUTURE_DATE"): "7.2500",
    }  # fmt: skip


def test_more_than_half_bad_refuses_the_file(stage: Stage) -> None:
    bad = [basket_row(f"x{n}", "x") for n in range(4)]
    staged = stage.deliver([*GOOD, *bad])
    assert (staged.status, staged.file_reason) == ("rejected", "TOO_MANY_BAD_ROWS")
    assert staged.file_message == "4 of its 7 rows were refused."
    assert staged.tables == {}
    assert sorted(path.name for path in staged.folder.iterdir()) == [
        "rejects.parquet", "staged.json",
    ]  # fmt: skip


def test_half_bad_is_still_loaded(stage: Stage) -> None:
    staged = stage.deliver([*GOOD, *(basket_row(f"x{n}", "x") for n in range(3))])
    assert staged.status == "accepted"
    assert staged.tables["orders"].rows == 2


def test_a_document_in_two_places_is_refused_in_both(stage: Stage) -> None:
    rows = [basket_row("b1"), basket_row("b2"), basket_row("b1"), basket_row("b3")]
    staged = stage.deliver([*rows, basket_row("b4")])
    assert table(staged, "orders")["order_id"].to_list() == ["b2", "b3", "b4"]
    assert reasons(staged) == {
        ("order_lines", "SPLIT_DOCUMENT", "basket"): 2, ("orders", "SPLIT_DOCUMENT", "basket"): 2,
    }  # fmt: skip
    assert rejects(staged)["source_row"].to_list() == [1, 3, 1, 3]


def test_a_part_without_a_grain_is_a_document_of_its_own(tmp_path: Path) -> None:
    head, lines = BASKETS.split("      orders:\n")[0], BASKETS.split("      order_lines:\n")[1]
    yaml = f"{head}      order_lines:\n{lines}".replace("    grain: {key: basket}\n", "")
    yaml = yaml.replace("{op: row_number}", "{const: 1}").replace("[ordered_at]", "[]")
    staged = make_stage(tmp_path, yaml).deliver([basket_row(f"b{n}") for n in (1, 2, 3, 4, 1)])
    assert table(staged, "order_lines")["order_id"].to_list() == ["b2", "b3", "b4"]
    assert table(staged, "order_lines")["document_hash"].n_unique() == 3
    assert reasons(staged) == {("order_lines", "SPLIT_DOCUMENT", "order_id"): 2}


def test_a_row_without_a_document_is_refused(stage: Stage) -> None:
    staged = stage.deliver([*GOOD, basket_row("")])
    assert reasons(staged) == {
        ("order_lines", "REQUIRED_MISSING", "basket"): 1,
        ("orders", "REQUIRED_MISSING", "basket"): 1,
    }


def test_an_order_says_which_lines_it_came_with(stage: Stage) -> None:
    staged = stage.deliver(GOOD)
    heads, lines = table(staged, "orders"), table(staged, "order_lines")
    assert heads.height < lines.height
    of_lines = dict(lines.select("order_id", "document_hash").unique().iter_rows())
    assert dict(heads.select("order_id", "document_hash").iter_rows()) == of_lines


def test_an_order_without_a_line_says_so(tmp_path: Path) -> None:
    lines = "      order_lines:\n"
    yaml = BASKETS.replace(lines, lines + "        when: {sku: {not_in: [fee]}}\n")
    fee = basket_row("b9", sku="fee")
    staged = make_stage(tmp_path, yaml).deliver([*GOOD, fee])
    (of_no_line,) = table(staged, "orders").filter(order_id="b9")["document_hash"]
    assert of_no_line == NO_LINES


def test_a_head_and_its_line_in_two_rows_without_a_grain_know_nothing_of_each_other(
    tmp_path: Path,
) -> None:
    yaml = BASKETS.replace("    grain: {key: basket}\n", "").replace("        per: document\n", "")
    yaml = yaml.replace(", aggregate: sum", "").replace("{op: row_number}", "{const: 1}")
    for table_name, sku in (("orders", "head"), ("order_lines", "00123")):
        begin = f"      {table_name}:\n"
        yaml = yaml.replace(begin, f"{begin}        when: {{sku: {{in: ['{sku}']}}}}\n")
    rows = [basket_row("b1", sku="head"), basket_row("b1")]
    staged = make_stage(tmp_path, yaml).deliver(rows)
    assert table(staged, "order_lines").height == 1
    assert table(staged, "orders")["document_hash"].to_list() == [None]


def test_lines_of_two_targets_are_one_document(tmp_path: Path) -> None:
    """Goods and fees of one row: no version of the order has only one of them."""
    head, lines = BASKETS.split("      order_lines:\n")
    goods = f"        - {lines.strip()}\n".replace("\n", "\n  ").rstrip() + "\n"
    fees = goods.replace("{op: row_number}", "{const: 99}").replace("{from: title}", "{const: Fee}")
    stage = make_stage(tmp_path, f"{head}      order_lines:\n{goods}{fees}")
    found = table(staged := stage.deliver(GOOD[1:]), "order_lines")
    assert sorted(found.select("order_id", "title").rows()) == [
        ("b1", "Fee"), ("b1", "Tea"), ("b2", "Fee"), ("b2", "Tea"),
    ]  # fmt: skip
    of_lines = found.select("order_id", "document_hash").unique().sort("order_id")
    assert of_lines.rows() == table(staged, "orders").select(of_lines.columns).rows()
    coffee = table(stage.deliver([basket_row("b1", "2.50", title="Coffee")]), "orders")
    assert coffee["document_hash"].item() != of_lines["document_hash"][0]


def test_split_in_two_between_orders_changes_no_digest(stage: Stage) -> None:
    rows = [*GOOD, *(basket_row(f"g{n // 3}", f"{n}.00") for n in range(9))]
    columns = ["order_id", "line_no", "record_hash", "document_hash"]
    whole = table(stage.deliver(rows), "order_lines").select(columns)
    halves = [table(stage.deliver(part), "order_lines").select(columns) for part in
              (rows[:6], rows[6:])]  # fmt: skip
    assert pl.concat(halves).equals(whole)


def read_in_parts(part_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BLOCK_BYTES", part_bytes)
    monkeypatch.setattr(gate, "_PART_BYTES", part_bytes)


@pytest.mark.parametrize("block_bytes", [10, 100, 150, 500])
def test_a_batch_never_cuts_a_document(
    stage: Stage, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [basket_row(f"b{n // 4}", f"{n}.00") for n in range(26)]
    columns = pl.exclude("loaded_at", "extracted_at")
    whole = stage.deliver(rows)
    expected = {name: table(whole, name).select(columns) for name in whole.tables}
    read_in_parts(block_bytes, monkeypatch)
    pieces = stage.deliver(rows)
    for name, frame in expected.items():
        assert table(pieces, name).select(columns).equals(frame)


def test_one_key_with_two_contents_is_refused(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, CONTACTS)
    row = "{0},,{1},,r,2024-01-01T00:00:00Z,2024-02-01T00:00:00Z"
    rows = [row.format("1", "Ann"), row.format("2", "Bob"), row.format("1", "Anna"),
            row.format("3", "Cem"), row.format("3", "Cem")]  # fmt: skip
    staged = stage.deliver(rows, header=CONTACT_HEADER)
    assert table(staged, "crm_contacts")["contact_id"].to_list() == ["2", "3", "3"]
    assert reasons(staged) == {("crm_contacts", "DUPLICATE_KEY", "contact_id"): 2}
    assert rejects(staged)["source_row"].to_list() == [1, 3]


def test_two_versions_of_a_key_are_no_conflict(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, CONTACTS)
    row = "1,,{0},,r,2024-01-01T00:00:00Z,2024-02-0{1}T00:00:00Z"
    staged = stage.deliver([row.format("Ann", 1), row.format("Anna", 2)], header=CONTACT_HEADER)
    assert staged.tables["crm_contacts"].rows == 2


def test_a_history_is_known_since_its_own_days(stage: Stage) -> None:
    rows = [basket_row("b1", at="2023-01-05 03:00:00"), basket_row("b1"),
            basket_row("b2", at="2024-06-01 20:00:00")]  # fmt: skip
    staged = stage.deliver(rows, mode="history")
    # An order's lines are known with it; nothing is known after the day it was delivered for.
    assert table(staged, "orders")["known_on"].to_list() == [date(2023, 1, 4), DAY]
    assert table(staged, "order_lines")["known_on"].to_list() == [
        date(2023, 1, 4), date(2023, 1, 4), DAY,
    ]  # fmt: skip


def test_personal_values_leave_as_tokens_only(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, CONTACTS)
    rows = ["1,'+49 30 123,Müller,1980-02-29,shopref,2024-01-01T00:00:00Z,2024-02-01T00:00:00Z",
            "2,,Leak,1980-02-30,shopref,2024-01-01T00:00:00Z,2024-02-01T00:00:00Z"]  # fmt: skip
    staged = stage.deliver(rows, header=CONTACT_HEADER)
    contact = table(staged, "crm_contacts").row(0, named=True)
    phone = Tokeniser(KEY).tokenise("phone", pl.Series(["+4930123"]))[0]
    assert contact["phone"] == phone
    assert (contact["birth_month"], contact["birth_day"]) == (2, 29)
    assert contact["external_ref"] == hashlib.sha256(b"shopref").hexdigest()[:32]
    fault = rejects(staged).row(0, named=True)
    assert (fault["reason"], fault["column"], fault["value"]) == ("NOT_A_DATE", "birth_on", "***")
    everything = b"".join(path.read_bytes() for path in staged.folder.iterdir())
    for clear in ("Müller", "Leak", "1980", "shopref", "30 123", "+4930123"):
        assert clear not in everything.decode("latin-1")
        assert clear not in fault["raw_json"]


def test_quarantine_masks_what_is_personal_or_unread(stage: Stage) -> None:
    staged = stage.deliver([*GOOD, basket_row("b3", "x")])
    raw = json.loads(rejects(staged)["raw_json"][0])
    assert (raw["mail"], raw["note"]) == ("***", "***")
    assert (raw["basket"], raw["amount"], raw["title"]) == ("b3", "x", "Tea")


def test_an_email_keeps_its_domain_and_kind_of_mailbox(stage: Stage) -> None:
    orders = table(stage.deliver(GOOD), "orders")
    assert orders["email_domain"].to_list() == ["example.com", "acme.example"]
    assert orders["email_is_role"].to_list() == [False, True]
    assert "ann@" not in "".join(orders["email"].to_list())


def test_kept_columns_stand_in_extra_json(tmp_path: Path) -> None:
    yaml = BASKETS.replace("grain:", "keep: [note, gone]\n    grain:")
    staged = make_stage(tmp_path, yaml).deliver([basket_row("b1"), basket_row("b2", note="")])
    assert table(staged, "orders")["extra_json"].to_list() == ['{"note":"secret note"}', None]
    assert staged.unmapped == {}


def test_forward_fill_stops_at_the_document(tmp_path: Path) -> None:
    yaml = BASKETS.replace("{key: basket}", "{key: basket, forward_fill: [title]}")
    rows = [basket_row("b1", title="Tea"), basket_row("b1", title=""), basket_row("b2", title="")]
    staged = make_stage(tmp_path, yaml).deliver([*rows, basket_row("b3")])
    assert table(staged, "order_lines")["title"].to_list() == ["Tea", "Tea", "Tea"]
    assert reasons(staged)["order_lines", "REQUIRED_MISSING", "title"] == 1


def test_count_counts_filled_cells(tmp_path: Path) -> None:
    yaml = BASKETS.replace("tip:", "").replace(
        "shipping: {const: 0}", "shipping: {from: title, aggregate: count}"
    )
    rows = [basket_row("b1"), basket_row("b1"), basket_row("b2")]
    assert table(make_stage(tmp_path, yaml).deliver(rows), "orders")["shipping"].to_list() == [2, 1]


def test_occurrence_counts_over_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = 'order_no: {op: occurrence, of: [customer], format: "{customer}-{n}"}'
    stage = make_stage(tmp_path, BASKETS.replace("customer_ref: {from: customer}", spec))
    rows = [basket_row(f"b{n}", customer=f"c{n % 2}") for n in range(6)]
    read_in_parts(150, monkeypatch)
    numbers = table(stage.deliver(rows), "orders")["order_no"].to_list()
    assert numbers == ["c0-1", "c1-1", "c0-2", "c1-2", "c0-3", "c1-3"]


def test_an_unknown_code_is_refused_with_its_value(tmp_path: Path) -> None:
    yaml = BASKETS.replace("{const: store}", "{from: sku, map: {'00123': store}}")
    staged = make_stage(tmp_path, yaml).deliver([*GOOD, basket_row("b3", sku="kiosk")])
    fault = rejects(staged).filter(table="orders").row(0, named=True)
    assert (fault["reason"], fault["column"], fault["value"]) == (
        "UNKNOWN_CODE",
        "channel",
        "kiosk",
    )


def test_a_code_outside_the_contract_and_a_broken_form_are_told_apart(tmp_path: Path) -> None:
    yaml = BASKETS.replace("{const: completed}", "{from: title}").replace(
        "{const: USD}", "{from: sku}"
    )
    good = [basket_row(f"b{n}", title="completed", sku="USD") for n in range(3)]
    bad = [basket_row("x", title="done", sku="USD"), basket_row("y", title="open", sku="usd")]
    found = reasons(make_stage(tmp_path, yaml).deliver([*good, *bad]))
    assert found["orders", "UNKNOWN_CODE", "status"] == 1
    assert found["orders", "BAD_FORMAT", "currency"] == 1


def test_a_rule_over_several_columns_has_its_own_code(tmp_path: Path) -> None:
    yaml = BASKETS.replace(
        "is_test: {const: false}", "is_test: {const: false}\n          cancelled_at: {from: note}"
    )
    good = [basket_row(f"b{n}", note="") for n in range(2)]
    staged = make_stage(tmp_path, yaml).deliver(
        [*good, basket_row("x", note="2024-05-30T12:00:00Z")]
    )
    assert reasons(staged)["orders", "RULE_CANCELLED_HAS_STATUS", None] == 1


def test_a_negative_discount_is_out_of_range(tmp_path: Path) -> None:
    yaml = BASKETS.replace("line_discount: {const: 0}", "line_discount: {from: sku}")
    good = [basket_row(f"b{n}", sku="0.10") for n in range(2)]
    staged = make_stage(tmp_path, yaml).deliver([*good, basket_row("x", sku="-0.10")])
    assert reasons(staged)["order_lines", "OUT_OF_RANGE", "line_discount"] == 1


@pytest.mark.parametrize(
    ("clock", "reason"),
    [("2024-03-10 02:30:00", "NONEXISTENT_TIME"), ("2023-11-05 01:30:00", "AMBIGUOUS_TIME")],
)
def test_times_in_a_clock_change_are_refused(tmp_path: Path, clock: str, reason: str) -> None:
    stage = make_stage(tmp_path, BASKETS.replace("time_zone: UTC", "time_zone: America/New_York"))
    staged = stage.deliver([*GOOD, basket_row("x", at=clock)])
    assert reasons(staged)["orders", reason, "ordered_at"] == 1


def test_quotes_delimiters_and_formula_text_arrive_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yaml = BASKETS.replace("grain:", "multiline: true\n    grain:")
    titles = ['Tea, "green"', "two\nlines", "=1+1", "Null", "'; drop table x; --", " 中文 "]
    rows = [
        basket_row(f"b{n}", title='"' + title.replace('"', '""') + '"')
        for n, title in enumerate(titles)
    ]
    stage = make_stage(tmp_path, yaml)
    assert table(stage.deliver(rows), "order_lines")["title"].to_list() == titles
    read_in_parts(50, monkeypatch)
    assert table(stage.deliver(rows), "order_lines")["title"].to_list() == titles


def test_a_failure_leaves_nothing_behind(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("etl.ingest.staging.TableWriter.write", fail)
    with pytest.raises(OSError, match="No space left"):
        stage.deliver(GOOD)
    assert [path for path in stage.settings.staged.rglob("*") if path.is_file()] == []
    assert list((stage.settings.staged / "_work").iterdir()) == []


@pytest.mark.parametrize(("changes", "is_read"), [(2, True), (3, False)])
def test_a_file_that_changes_is_read_again_and_then_judged_by_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, changes: int, is_read: bool
) -> None:
    stamp = source._stamp
    looks = iter(range(100))

    def changing(file: io.BufferedReader) -> tuple[int, int]:
        size, instant = stamp(file)
        look = next(looks)
        return size, instant + (look if look < 2 * changes else 0)

    monkeypatch.setattr(source, "_stamp", changing)
    if is_read:
        assert stage.deliver(GOOD).status == "accepted"
        return
    with pytest.raises(FileRejected) as caught:
        stage.deliver(GOOD)
    assert caught.value.code == "CHANGED_WHILE_READ"
    assert [path for path in stage.settings.staged.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("promised", [{}, {"declared_rows": 7}, {"declared_sha256": "0" * 64}])
def test_a_verdict_is_on_the_bytes_that_were_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, promised: dict[str, object]
) -> None:
    bad = f"{HEADER}\nshort\n" if not promised else "\n".join((HEADER, *GOOD, ""))
    digest = source.Delivered.sha256

    def replaced(file: source.Delivered) -> str:
        better = stage.settings.landing / "better"
        better.write_text(f"{HEADER}\n")
        [delivered] = stage.settings.landing.rglob("*_1*")
        better.rename(delivered)
        return digest(file)

    monkeypatch.setattr(source.Delivered, "sha256", replaced)
    staged = stage.deliver_text(bad, stage.mapping.exports[0].files.replace("*", "_1"), **promised)
    assert staged.status == "rejected"
    assert staged.sha256 == hashlib.sha256(bad.encode()).hexdigest()


def test_the_work_folder_of_a_killed_process_is_cleared(stage: Stage) -> None:
    stage.deliver(GOOD)
    dead = stage.settings.staged / "_work" / "dead"
    dead.mkdir()
    (dead / "clear.csv").write_text("personal")
    stage.deliver(GOOD)
    assert not dead.exists()


def test_a_reader_that_disagrees_with_the_gate_stops_the_delivery(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = batches._chunks
    monkeypatch.setattr(batches, "_chunks", lambda f, e: (c.head(2) for c in chunks(f, e)))
    with pytest.raises(LoyaltyError, match="The reader found 2 records, the gate 3 records"):
        stage.deliver(GOOD)


def test_a_constant_has_a_point_whatever_the_exports_decimal_mark(tmp_path: Path) -> None:
    mapping = BASKETS.replace("time_zone: UTC\n", 'time_zone: UTC\n    decimal_mark: ","\n')
    mapping = mapping.replace("shipping: {const: 0}", 'shipping: {const: "4.50"}')
    staged = make_stage(tmp_path, mapping).deliver([basket_row("1", '"1,25"')])
    orders = table(staged, "orders")
    assert (orders["total"][0], orders["shipping"][0]) == (Decimal("1.25"), Decimal("4.50"))


OWNED = """
system: crm
business_time_zone: UTC
exports:
  contacts:
    files: "contacts*.csv"
    targets:
      crm_contacts:
        columns:
          contact_id: {from: id, ops: [salesforce_id]}
          account_id: {from: account, ops: [strip, salesforce_id]}
          owner_rep_id: {from: owner, token: name}
          is_deleted: {from: gone}
          created_at: {from: at}
          updated_at: {from: at}
"""
OWNED_HEADER = "id,account,owner,gone,at"
AT = "2024-01-01T00:00:00Z"


def test_a_persons_name_in_the_place_of_an_id_becomes_a_token(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, OWNED)
    names = ["Rita Stone", " rita stone ", "Tom Stone", "  "]
    rows = [f"00000000000000{n},,{name},,{AT}" for n, name in enumerate(names)]
    staged = stage.deliver([*rows, f"bad,,Una Leak,,{AT}"], header=OWNED_HEADER)
    rita, again, tom, nobody = table(staged, "crm_contacts")["owner_rep_id"]
    assert rita == again == Tokeniser(KEY).tokenise("name", pl.Series(["Rita Stone"]))[0]
    assert tom != rita
    assert nobody is None
    assert "Leak" not in rejects(staged)["raw_json"][0]


def test_an_id_that_an_operation_refuses_refuses_the_row(tmp_path: Path) -> None:
    rows = [
        f"001D000000IqhSL,,,,{AT}",
        f"003D000000IqhSL,001d000000iqhsliaz,,,{AT}",
        f"17,,,,{AT}",
        f"003D000000IqhSM, 001D000000IqhSL ,,,{AT}",
    ]
    staged = make_stage(tmp_path, OWNED).deliver(rows, header=OWNED_HEADER)
    kept = table(staged, "crm_contacts")
    assert kept["contact_id"].to_list() == ["001D000000IqhSLIAZ", "003D000000IqhSMIAZ"]
    assert kept["account_id"].to_list() == [None, "001D000000IqhSLIAZ"]
    faults = rejects(staged).select("source_row", "column", "reason", "value").rows()
    assert faults == [
        (2, "account_id", "BAD_FORMAT", "001d000000iqhsliaz"),
        (3, "contact_id", "BAD_FORMAT", "17"),
    ]


def test_an_export_may_say_that_a_record_is_deleted(tmp_path: Path) -> None:
    flags = ["true", "false", "", "maybe"]
    rows = [f"00000000000000{n},,,{flag},{AT}" for n, flag in enumerate(flags)]
    staged = make_stage(tmp_path, OWNED).deliver(rows, header=OWNED_HEADER)
    assert table(staged, "crm_contacts")["is_deleted"].to_list() == [True, False, False]
    assert reasons(staged)["crm_contacts", "NOT_A_FLAG", "is_deleted"] == 1


def test_a_deleted_and_a_living_record_differ(tmp_path: Path) -> None:
    rows = [f"000000000000000,,,{flag},{AT}" for flag in ("true", "false")]
    rows += [f"00000000000000{n},,,,{AT}" for n in range(1, 4)]
    staged = make_stage(tmp_path, OWNED).deliver(rows, header=OWNED_HEADER)
    assert reasons(staged)["crm_contacts", "DUPLICATE_KEY", "contact_id"] == 2


def test_a_personal_value_that_breaks_a_rule_is_masked(tmp_path: Path) -> None:
    yaml = BASKETS.replace("{const: USD}", "{from: mail}")
    good = [basket_row(f"b{n}", mail="USD") for n in range(2)]
    staged = make_stage(tmp_path, yaml).deliver([*good, basket_row("x", mail="ann@example.com")])
    fault = rejects(staged).filter(table="orders").row(0, named=True)
    assert (fault["reason"], fault["column"], fault["value"]) == ("BAD_FORMAT", "currency", "***")


def test_the_vault_has_the_clear_values_of_what_was_staged(stage: Stage) -> None:
    vault = Vault(stage.settings)
    staged = replace(stage, vault=vault).deliver(GOOD)
    assert vault.reveal(table(staged, "orders")["email"][0]) == "ann@example.com"
