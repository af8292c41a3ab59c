"""Which rows a target takes and in which way a column is made: ``when``, lists, keys, known_on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from etl.errors import MappingError
from etl.ingest.staging import StagedDelivery
from tests.delivering import DAY, make_stage, rejects, table

SHOP = """
system: shop
business_time_zone: America/New_York
exports:
  sales:
    files: "sales*.csv"
    encoding: auto
    decimal_mark: ","
    delimiter: ";"
    null_tokens: ["-"]
    known_from: [ordered_at]
    grain: {key: [Id, Nr], forward_fill: [At]}
    targets:
      orders:
        per: document
        when: {State: {not_in: [draft]}}
        columns:
          order_id: {coalesce: [Id, Nr]}
          business_unit: {const: north}
          channel: {const: web}
          status:
            - {const: cancelled, when: {Cancelled: filled}}
            - {from: State, map: {paid: completed, new: open}}
          is_test: {const: false}
          ordered_at: {from: At}
          cancelled_at: {from: Cancelled}
          currency: {const: EUR}
          gross_items: {add: [Net, Rebate]}
          discount: {from: Rebate, default: 0}
          shipping: {const: 0}
          tax: {const: 0}
          total: {add: [Net], subtract: [Rebate]}
      refunds:
        per: document
        when: {Back: {above: 0}}
        columns:
          refund_id: {text: "{Nr}-back"}
          order_id: {coalesce: [Id, Nr]}
          refunded_at: {op: known_on}
          refund_total: {from: Back, aggregate: sum}
          currency: {const: EUR}
          date_basis: {const: assumed}
      crm_consent_events:
        - when: {Mail: filled}
          columns: &consent
            consent_id: {text: "{Nr}-mail"}
            email: {from: Mail}
            channel: {const: email}
            purpose: {const: marketing}
            state: {const: granted}
            occurred_at: {op: known_on}
        - when: {Text: {in: ["yes"]}, Mail: filled}
          columns:
            <<: *consent
            consent_id: {text: "{Nr}-sms"}
            channel: {const: sms}
"""
HEADER = "Id;Nr;State;At;Cancelled;Net;Rebate;Back;Mail;Text"


def row(number: str, **other: str) -> str:
    """Return a line of a paid order of 10,50 unless told otherwise."""
    cell = {
        "Id": "", "Nr": number, "State": "paid", "At": "2024-05-30T12:00:00Z", "Cancelled": "",
        "Net": "10,50", "Rebate": "", "Back": "", "Mail": "", "Text": "",
    } | other  # fmt: skip
    return ";".join(cell.values())


def deliver(folder: Path, *rows: str, header: str = HEADER, **changes: Any) -> StagedDelivery:
    return make_stage(folder, SHOP).deliver(list(rows), header, **changes)


def values(staged: StagedDelivery, name: str, *columns: str) -> list[tuple[Any, ...]]:
    return table(staged, name).select(columns).rows()


def test_a_target_takes_only_the_rows_its_condition_picks(tmp_path: Path) -> None:
    staged = deliver(tmp_path, row("1"), row("2", Back="0"), row("3", Back="0,01"))
    assert values(staged, "refunds", "refund_id", "refund_total") == [("3-back", Decimal("0.01"))]
    assert table(staged, "orders").height == 3
    assert staged.rejects.rows == 0


def test_records_that_no_target_takes_are_counted(tmp_path: Path) -> None:
    staged = deliver(tmp_path, row("1"), row("2", State="draft"), row("3", State="draft", Back="1"))
    assert table(staged, "orders")["order_id"].to_list() == ["1"]
    assert (staged.records, staged.left_out, staged.rejects.rows) == (3, 1, 0)


def test_text_that_is_no_number_is_refused_and_not_left_out(tmp_path: Path) -> None:
    staged = deliver(tmp_path, row("1"), row("2"), row("3", Back="1.5"))
    found = rejects(staged).filter(table="refunds").select("source_row", "column", "reason")
    assert found.rows() == [(3, "refund_total", "NOT_A_NUMBER")]
    assert table(staged, "orders")["order_id"].to_list() == ["1", "2"]


def test_the_first_way_whose_condition_holds_is_taken(tmp_path: Path) -> None:
    staged = deliver(
        tmp_path, row("1"), row("2", Cancelled="2024-05-30T13:00:00Z", State="never heard of"),
        row("3", State="new"), row("4", State="void"),
    )  # fmt: skip
    assert values(staged, "orders", "order_id", "status") == [
        ("1", "completed"), ("2", "cancelled"), ("3", "open"),
    ]  # fmt: skip
    assert rejects(staged)["reason"].to_list() == ["UNKNOWN_CODE"]


def test_sums_over_columns_are_exact_and_name_the_cell_that_is_none(tmp_path: Path) -> None:
    staged = deliver(tmp_path, row("1", Rebate="0,1"), row("2"), row("3", Rebate="x"))
    assert values(staged, "orders", "gross_items", "total") == [
        (Decimal("10.6"), Decimal("10.4")), (Decimal("10.5"), Decimal("10.5")),
    ]  # fmt: skip
    bad = rejects(staged).row(0, named=True)
    assert (bad["column"], bad["reason"], bad["value"]) == ("gross_items", "NOT_A_NUMBER", "x")


def test_a_sum_of_empty_cells_is_missing_and_not_zero(tmp_path: Path) -> None:
    staged = deliver(tmp_path, row("1"), row("2"), row("3", Net=""))
    assert rejects(staged)["reason"].to_list() == ["REQUIRED_MISSING"]


def test_one_row_feeds_a_table_several_times(tmp_path: Path) -> None:
    staged = deliver(
        tmp_path, row("1", Mail="a@b.example", Text="yes"), row("2", Mail="c@d.example"),
        row("3", Text="yes"),
    )  # fmt: skip
    found = values(staged, "crm_consent_events", "consent_id", "channel", "source_row")
    assert sorted(found) == [("1-mail", "email", 1), ("1-sms", "sms", 1), ("2-mail", "email", 2)]


def test_what_is_known_on_a_day_is_dated_at_its_noon(tmp_path: Path) -> None:
    staged = deliver(tmp_path, row("1", Back="1"))
    assert values(staged, "refunds", "refunded_at", "refunded_on", "known_on") == [
        (datetime(2024, 5, 31, 16, tzinfo=UTC), DAY, DAY)
    ]


def test_in_a_history_it_is_the_day_that_known_from_tells(tmp_path: Path) -> None:
    staged = deliver(tmp_path, row("1", Back="1", At="2023-01-02T12:00:00Z"), mode="history")
    assert values(staged, "refunds", "refunded_on", "known_on") == [(date(2023, 1, 2),) * 2]


def test_a_document_goes_by_the_first_name_that_is_filled(tmp_path: Path) -> None:
    staged = deliver(
        tmp_path,
        row("#1", Id="71"), row("#1", At="", Back="2"),  # continued: Id is not repeated
        row("#1", Id="72"),  # another shop's #1
        row("#2"), row("#2", At=""),  # no Id at all
    )  # fmt: skip
    assert values(staged, "orders", "order_id", "source_row") == [("71", 1), ("72", 3), ("#2", 4)]
    assert values(staged, "refunds", "order_id") == [("71",)]
    assert staged.rejects.rows == 0


def test_a_row_without_any_name_is_refused(tmp_path: Path) -> None:
    staged = deliver(tmp_path, row("#1"), row("#2"), row(""), row("#3"))
    bad = rejects(staged).row(0, named=True)
    assert (bad["source_row"], bad["column"], bad["reason"]) == (3, "Id, Nr", "REQUIRED_MISSING")
    assert table(staged, "orders")["order_id"].to_list() == ["#1", "#2", "#3"]


def test_a_file_without_the_column_asked_for_gives_no_row_of_the_target(tmp_path: Path) -> None:
    header = HEADER.removesuffix(";Mail;Text").replace(";Back", "")
    staged = deliver(tmp_path, row("1").removesuffix(";;;"), header=header)
    assert staged.status == "accepted"
    assert table(staged, "orders").height == 1
    assert table(staged, "refunds").height == table(staged, "crm_consent_events").height == 0


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig", "utf-16"])
def test_auto_reads_what_the_byte_order_mark_says(tmp_path: Path, mark: str) -> None:
    text = f"{HEADER}\n{row('Größe')}\n"
    staged = make_stage(tmp_path, SHOP).deliver_bytes(text.encode(mark), "sales_1.csv")
    assert table(staged, "orders")["order_id"].to_list() == ["Größe"]


def test_auto_never_guesses(tmp_path: Path) -> None:
    text = f"{HEADER}\n{row('Größe')}\n"
    staged = make_stage(tmp_path, SHOP).deliver_bytes(text.encode("latin-1"), "sales_1.csv")
    assert (staged.status, staged.file_reason) == ("rejected", "BAD_ENCODING")


@pytest.mark.parametrize(
    ("old", "new", "message", "path"),
    [
        ("{above: 0}", "{over: 0}", "Expected one of filled, empty, {in:", "refunds.when.Back"),
        ("when: {Back: {above", "when: {Fee: {above", "No column of this target reads 'Fee'",
         "refunds.when.Fee"),
        ('{in: ["yes"]}', '{in: ["-"]}', "['-'] mean null in this export",
         "crm_consent_events.1.when.Text"),
        ("{const: cancelled, when: {Cancelled: filled}}", "{const: cancelled}",
         "Without 'when' no way below", "orders.columns.status.0"),
        ("{const: cancelled, when", "{const: canceled, when", "'canceled' is not allowed here",
         "orders.columns.status.0.const"),
        ("{from: Back, aggregate: sum}", "{from: Back, subtract: [Rebate]}",
         "'subtract' has a meaning only beside 'add'.", "refunds.columns.refund_total"),
        ("{const: north}", "{add: [Net]}", "Only numbers can be added",
         "orders.columns.business_unit.add"),
        ("{const: north}", "{op: known_on}", "'known_on' gives a day or an instant",
         "orders.columns.business_unit.op"),
        ("known_from: [ordered_at]", "known_from: [refunded_at]",
         "'refunded_at' is no day or instant that a target maps", None),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, message: str, path: str | None
) -> None:
    assert old in SHOP
    with pytest.raises(MappingError) as caught:
        make_stage(tmp_path, SHOP.replace(old, new, 1))
    assert caught.value.what.startswith(message)
    where = f"sales.targets.{path}" if path else "sales.known_from.0"
    assert caught.value.where.endswith(f"exports.{where}")
