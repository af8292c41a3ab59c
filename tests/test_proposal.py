"""``loyalty map``: what is sure is written, what is not says so, and the result can be used."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import yaml

from etl.check import check_file
from etl.config import load_settings
from etl.contract import TABLES
from etl.errors import FileRejected, MappingError, UsageError
from etl.mapping import load_mapping
from etl.proposal import Asked, Proposal, propose
from etl.proposal.entries import ASSUMED, STAND_IN
from etl.proposal.names import SYNONYMS, likeness
from etl.proposal.needs import NEEDS
from etl.proposal.presets import preset_for
from etl.proposal.shapes import Reading, Shape, shape_of
from etl.proposal.writing import mapping_text
from tests.company.generate import MAPPINGS
from tests.workbooks import workbook

ERP = """\
Belegnummer;Belegdatum;Kunden-Nr;E-Mail;Artikelnummer;Bezeichnung;Menge;Positionsbetrag;Einzelpreis
1001;28.03.2026;00017;a@example.com;007;Seife;2;7,00;3,50
1001;28.03.2026;00017;a@example.com;008;Tuch;1;12,25;12,25
1002;30.03.2026;00018;;007;Seife;1;3,50;3,50
"""
ASKED = Asked("erp", currency="EUR", time_zone="Europe/Berlin")


def proposed(tmp_path: Path, text: str, asked: Asked = ASKED, name: str = "x.csv") -> Proposal:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return propose(file, asked)


def entry(proposal: Proposal, column: str, table: str = "orders"):
    return next(e for e in proposal.entries if (e.table, e.column) == (table, column))


def shape(*cells: str | None) -> Shape:
    return shape_of(pl.Series(cells, dtype=pl.String))


def test_a_header_nobody_has_mapped_becomes_a_mapping_that_refuses_no_row(tmp_path):
    file = tmp_path / "umsatz_2026-03-31.csv"
    file.write_text(ERP, encoding="utf-8")
    mapping = tmp_path / "erp.yml"
    mapping.write_text(mapping_text(propose(file, ASKED)), encoding="utf-8")
    report = check_file(load_settings(data=tmp_path / "data"), file, mapping, "", None)
    assert [row[:4] for row in report.rows] == [
        ("order_lines", "accepted", "", 3),
        ("orders", "accepted", "", 2),
    ]


def test_amounts_that_only_the_lines_have_are_summed_and_said_to_be_assumed(tmp_path):
    total = entry(proposed(tmp_path, ERP), "total")
    assert (total.state, total.spec) == (
        "assumed",
        {"from": "Positionsbetrag", "aggregate": "sum"},
    )


def test_a_date_that_can_be_read_in_two_ways_is_never_sure(tmp_path):
    text = "order_id,order date,total,currency\n1,03/04/2026,5.00,EUR\n2,05/06/2026,6.00,EUR\n"
    ordered = entry(proposed(tmp_path, text), "ordered_at")
    assert ordered.state == "check"
    assert "'%d/%m/%Y' or '%m/%d/%Y'" in ordered.note


def test_one_cell_decides_between_two_ways_to_read_a_date(tmp_path):
    text = "order_id,order date,total\n1,03/04/2026,5.00\n2,05/16/2026,6.00\n"
    ordered = entry(proposed(tmp_path, text), "ordered_at")
    assert (ordered.state, ordered.spec["parse"]) == ("sure", "%m/%d/%Y")


def test_two_columns_that_are_just_as_likely_are_both_named(tmp_path):
    text = "order_id,date,transaction date,total\n1,2026-03-01,2026-03-02,5\n"
    ordered = entry(proposed(tmp_path, text), "ordered_at")
    assert ordered.state == "check"
    assert "just as likely: transaction date" in ordered.note


def test_what_the_contract_requires_and_no_column_brings_is_needed(tmp_path):
    proposal = proposed(tmp_path, "order_id,order date,total\n1,2026-03-01,5\n", Asked("shop"))
    assert proposal.needed == ("business_time_zone", "orders.currency")
    path = tmp_path / "shop.yml"
    path.write_text(mapping_text(proposal), encoding="utf-8")
    with pytest.raises(MappingError, match="business_time_zone"):
        load_mapping(path)


def test_a_cell_that_does_not_fit_is_named_by_its_record_and_not_quoted(tmp_path):
    text = "order_id,order date,total\n1,2026-03-01,5.00\n2,2026-03-01,EUR 6.00\n"
    total = entry(proposed(tmp_path, text), "total")
    assert total.state == "needed"
    assert "record 2" in total.note
    assert "EUR 6.00" not in total.note


def test_a_code_that_is_not_known_is_shown_and_not_guessed(tmp_path):
    text = "order_id,order date,total,status\n1,2026-03-01,5,paid\n2,2026-03-01,5,lost\n"
    status = entry(proposed(tmp_path, text), "status")
    assert status.spec["map"] == {"paid": "completed"}
    assert (status.state, "lost" in status.note) == ("check", True)


def test_a_column_of_names_under_the_head_of_codes_is_not_quoted(tmp_path):
    text = "order_id,order date,total,status\n1,2026-03-01,5,Zoe Adler\n2,2026-03-01,5,Bo Kim\n"
    status = entry(proposed(tmp_path, text), "status")
    assert (status.state, "Zoe" in status.note) == ("needed", False)
    mixed = text.replace("Bo Kim", "paid")
    assert "Zoe" not in entry(proposed(tmp_path, mixed), "status").note


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("order_id,total,total\n1,2,3\n", "HEADER_DUPLICATE_COLUMN"),
        ("order_id,total\n1,2,3\n", "RAGGED_ROW"),
        ('order_id,total\n1,"2\n', "UNBALANCED_QUOTE"),
        ("order_id;total;total\n1;2,5;3\n", "HEADER_DUPLICATE_COLUMN"),
    ],
)
def test_a_fault_of_the_file_is_named_and_not_blamed_on_the_delimiter(tmp_path, text, code):
    for asked in (ASKED, Asked("erp", delimiter=";" if ";" in text else ",")):
        with pytest.raises(FileRejected) as refused:
            proposed(tmp_path, text, asked)
        assert refused.value.code == code


def test_columns_that_only_the_first_row_of_an_order_fills_are_filled_down(tmp_path):
    text = (
        "order_id,order date,email,total,sku,title,quantity,unit price\n"
        "1,2026-03-01,a@example.com,12.00,7,Soap,2,1.00\n"
        "1,,,,8,Towel,1,10.00\n"
    )
    proposal = proposed(tmp_path, text)
    assert proposal.grain == "order_id"
    assert set(proposal.forward_fill) == {"order date", "email", "total"}


def test_numbers_with_two_decimal_marks_are_not_read_with_one(tmp_path):
    text = "order_id;order date;total;tax\n1;2026-03-01;5,00;0.95\n2;2026-03-01;6,00;1\n"
    proposal = proposed(tmp_path, text)
    assert proposal.decimal_mark == ","
    assert entry(proposal, "total").spec == {"from": "total"}
    tax = entry(proposal, "tax")
    assert (tax.state, tax.note) == ("needed", "its decimal mark is not ','")


def test_leading_zeros_stay_and_ids_are_text():
    assert shape("007", "00017").read_as("text") == (Reading("text"),)
    assert shape("1", "1").read_as("flag") == ()
    assert shape("1", "0").read_as("flag") != ()
    assert shape("yes", "no").read_as("flag") != ()


@pytest.mark.parametrize(
    ("header", "table", "column", "at_least"),
    [
        ("order_id", "orders", "order_id", 1.0),
        ("Order ID", "orders", "order_id", 1.0),
        ("orderId", "orders", "order_id", 1.0),
        ("订单编号", "orders", "order_id", 0.95),
        ("Kunden-Nr", "orders", "customer_ref", 0.95),
        ("Customer Billing Email", "orders", "email", 0.6),
    ],
)
def test_names_are_known_whatever_their_spelling(header, table, column, at_least):
    assert likeness(header, table, column) >= at_least


def test_a_name_that_says_nothing_is_like_nothing():
    assert likeness("xq7", "orders", "order_id") == 0.0


def test_a_delimiter_that_cannot_be_told_is_asked_for(tmp_path):
    (tmp_path / "one.csv").write_text("order_id\n1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="No delimiter"):
        propose(tmp_path / "one.csv", ASKED)


def test_json_lines_are_told_by_their_first_byte(tmp_path):
    row = (
        '{"ticket_id": 1, "status": "open", "type": "question", "created_at": "2026-03-01T10:00Z"}'
    )
    asked = Asked("help", time_zone="Europe/Berlin")
    proposal = proposed(tmp_path, row + "\n", asked, name="tickets_2026-03-31.jsonl")
    assert proposal.tables == ("crm_cases",)
    (tmp_path / "help.yml").write_text(mapping_text(proposal), encoding="utf-8")
    assert load_mapping(tmp_path / "help.yml").exports[0].format == "jsonl"


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
def test_binary_files_are_told_by_their_first_bytes(tmp_path, form):
    columns = {"order_id": ["A1", "A2"], "order date": ["2026-03-01", "2026-03-02"],
               "currency": ["EUR", "EUR"], "total": [5.5, 7.0], "title": ["a", "b"]}  # fmt: skip
    file = tmp_path / "orders_2026-03-31"
    if form == "parquet":
        pl.DataFrame(columns).write_parquet(file)
    else:
        file.write_bytes(workbook(tuple(columns), *zip(*columns.values(), strict=True)))
    proposal = propose(file, Asked("erp", currency="EUR", time_zone="Europe/Berlin"))
    assert f"    format: {form}\n" in mapping_text(proposal)
    assert proposal.sample.rows["total"].to_list() == ["5.5", "7"]


def test_a_file_that_is_not_utf8_is_refused_until_its_encoding_is_told(tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes("order_id,order date,total,title\n1,2026-03-01,5,Käse\n".encode("latin-1"))
    with pytest.raises(FileRejected):
        propose(file, ASKED)
    asked = Asked("erp", currency="EUR", time_zone="Europe/Berlin", encoding="latin-1")
    assert "encoding: latin-1" in mapping_text(propose(file, asked))


def test_a_header_that_resembles_nothing_asks_for_the_table(tmp_path):
    with pytest.raises(UsageError, match="resembles no table"):
        proposed(tmp_path, "foo,bar\n1,2\n")


def test_orders_whose_number_has_an_unknown_name_are_mapped_but_for_it(tmp_path):
    text = ERP.replace("Belegnummer", "Zettel")
    with pytest.raises(UsageError, match="order_lines explains much more"):
        proposed(tmp_path, text)
    asked = Asked("erp", ("orders", "order_lines"), currency="EUR", time_zone="Europe/Berlin")
    proposal = proposed(tmp_path, text, asked)
    assert proposal.needed == ("orders.order_id", "order_lines.order_id")
    completed = (
        mapping_text(proposal)
        .replace("# NEEDED grain: {key: }", "grain: {key: Zettel}")
        .replace("# NEEDED order_id: {from: }", "order_id: {from: Zettel}")
    )
    (tmp_path / "erp.yml").write_text(completed, encoding="utf-8")
    assert load_mapping(tmp_path / "erp.yml").exports[0].grain.key == ("Zettel",)


def test_contacts_and_costs_are_told_from_orders(tmp_path):
    contacts = "Record ID,First Name,Last Name,Email,Create Date\n1,A,B,a@b.example,2026-01-01\n"
    costs = "sku,valid from,cost,currency\n7,2026-01-01,1.50,EUR\n"
    assert proposed(tmp_path, contacts).tables == ("crm_contacts",)
    assert proposed(tmp_path, costs).tables == ("product_costs",)


SYSTEMS = Path(__file__).parent / "systems"


@pytest.mark.parametrize(
    ("pattern", "export", "tables"),
    [
        ("shopify/**/orders_export*.csv", "shopify.yml:orders", ("orders", "order_lines")),
        ("shopify/**/customers_export*.csv", "shopify.yml:customers", ("crm_contacts",)),
        ("salesforce/**/Contact.csv", "salesforce.yml:contacts", ("crm_contacts",)),
        ("salesforce/**/Lead.csv", "salesforce.yml:leads", ("crm_leads",)),
        ("salesforce/**/Account.csv", "salesforce.yml:accounts", ("crm_accounts",)),
        ("hubspot/**/*contacts*.csv", "hubspot.yml:contacts", ("crm_contacts",)),
        ("zendesk/**/tickets*.jsonl", "zendesk.yml:tickets", ("crm_cases",)),
    ],
)
def test_exports_of_known_systems_are_recognised_with_and_without_their_preset(
    pattern, export, tables
):
    (file,) = SYSTEMS.glob(pattern)
    proposal = propose(file, Asked("x"))
    assert f"{proposal.preset.path.name}:{proposal.preset.export}" == export
    assert proposal.tables == tables


def test_the_file_pattern_matches_the_file_and_finds_its_day(tmp_path):
    for name in ("umsatz_2026-03-31.csv", "a[1] 20260331.csv", "orders.csv"):
        proposal = proposed(tmp_path, ERP, name=name)
        (tmp_path / "m.yml").write_text(mapping_text(proposal), encoding="utf-8")
        export = load_mapping(tmp_path / "m.yml").exports[0]
        assert export.matches(name), name
        assert bool(export.business_day) == ("2026" in name)


def test_marts_that_stay_empty_are_named_with_the_column_they_need(tmp_path):
    lacking = {need.mart: need for need in proposed(tmp_path, ERP).unmet}
    assert "crm_consent_events.state" in lacking["winback_targets"].any_of
    assert "orders" not in lacking


def test_every_name_in_the_tables_of_words_is_one_of_the_contract():
    words = [SYNONYMS, SYNONYMS.with_name("values.yml")]
    for path in words:
        for table, columns in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if table == "files":
                assert set(columns) <= set(TABLES)
                continue
            known = (
                {n for t in TABLES.values() for n in t.schema.column_names()}
                if table == "any"
                else set(TABLES[table].schema.column_names())
            )
            assert set(columns) <= known, (path.name, table)
    for name in (n for need in NEEDS for n in need.any_of):
        table, column = name.split(".")
        assert column in TABLES[table].schema.column_names(), name
    for known in (ASSUMED, STAND_IN):
        for table, columns in known.items():
            assert set(columns) <= set(TABLES[table].schema.column_names()), table


def test_values_become_words_that_the_contract_knows():
    values = yaml.safe_load(SYNONYMS.with_name("values.yml").read_text(encoding="utf-8"))
    for table, columns in values.items():
        for column, codes in columns.items():
            one_of = TABLES[table].schema.columns()[column].metadata["one_of"]
            assert set(codes) <= set(one_of), (table, column)
            words = [str(word) for others in codes.values() for word in others]
            assert len(words) == len(set(words)), (table, column)


def test_a_header_that_a_shipped_mapping_knows_is_recognised():
    export = load_mapping(MAPPINGS / "north_shop.yml").exports[0]
    found = preset_for((*export.source_columns, "another column"), MAPPINGS)
    assert found is not None
    assert (found.path.name, found.export, found.coverage) == ("north_shop.yml", export.name, 1.0)
    assert preset_for(("foo", "bar"), MAPPINGS) is None


def test_the_command_writes_once_and_exits_with_what_is_missing(tmp_path):
    (tmp_path / "x.csv").write_text(ERP, encoding="utf-8")
    loyalty = Path(sys.executable).with_name("loyalty")
    call = [loyalty, "map", tmp_path / "x.csv", "--system", "erp", "--out", tmp_path / "erp.yml"]
    first = subprocess.run(call, capture_output=True, text=True, check=False)
    assert first.returncode == 3
    summary = json.loads(first.stdout.splitlines()[-1])
    assert summary["needed"] == "business_time_zone, orders.currency"
    second = subprocess.run(call, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert "not written over" in second.stderr


@pytest.mark.parametrize(
    ("option", "asked"),
    [
        ("--system", Asked("My shop")),
        ("--currency", Asked("erp", currency="eur: #")),
        ("--time-zone", Asked("erp", time_zone="Mars/Olympus")),
        ("--encoding", Asked("erp", encoding="klingon")),
        ("--delimiter", Asked("erp", delimiter="||")),
        ("--delimiter", Asked("erp", delimiter='"')),
    ],
)
def test_what_no_mapping_can_say_is_refused_by_its_option(tmp_path, option, asked):
    with pytest.raises(UsageError, match="cannot be used in a mapping") as caught:
        proposed(tmp_path, ERP, asked)
    assert caught.value.where == option


def test_a_name_with_doubled_quotes_is_read_mapped_and_checked(tmp_path):
    header = '"Order ""ID"": #1",Email,"Total {x}",Created at,Currency\n'
    text = header + "1,a@example.com,1.50,2026-03-01,EUR\n"
    (tmp_path / "erp.yml").write_text(mapping_text(proposed(tmp_path, text)), encoding="utf-8")
    assert load_mapping(tmp_path / "erp.yml").system == "erp"
    day = date(2026, 3, 1)
    settings = load_settings(data=tmp_path / "data", landing=tmp_path, mappings=tmp_path)
    report = check_file(settings, tmp_path / "x.csv", tmp_path / "erp.yml", "", day)
    assert [row[:4] for row in report.rows] == [("orders", "accepted", "", 1)]


def test_a_sample_far_from_the_end_is_enough(tmp_path):
    rows = "".join(f"{n},2026-03-01,{n}.00\n" for n in range(6000))
    proposal = proposed(tmp_path, "order_id,order date,total\n" + rows)
    assert (proposal.sample.rows.height, proposal.sample.records) == (5000, 6000)
    assert entry(proposal, "ordered_at").spec == {"from": "order date", "parse": "%Y-%m-%d"}
