"""What people see fits their terminal without a cut number; what machines see is JSON."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import pytest
from rich.cells import cell_len

from etl.cli import console
from etl.cli.console import Output
from etl.errors import LakeCorrupt


@pytest.fixture
def screen(monkeypatch):
    """Return a terminal of a given width and what was printed on it."""

    def of(width):
        text = io.StringIO()
        monkeypatch.setattr(
            console,
            "_data",
            console.terminal(file=text, width=width, force_terminal=True, no_color=True),
        )
        return text

    return of


def printed(text):
    return [line.rstrip() for line in text.getvalue().splitlines() if line.strip()]


def test_a_table_that_fits_is_a_table(screen):
    text = screen(80)
    Output().rows(("shop_name", "net_revenue"), [("north", Decimal("1234.5000"))])
    assert printed(text)[0].split("  ")[0] == "shop name"
    assert printed(text)[-1].split() == ["north", "1,234.50"]


def test_columns_that_would_fit_are_not_cut_for_a_long_one(screen):
    """The room left goes to those who ask for least; no word is broken, in Chinese neither."""
    text = screen(60)
    headers = ("kind", "not_applicable", "label", "why")
    rows = [("satisfaction loyalty class", 1, "公开批评的新客户", "a reason " * 9)] * 3
    Output().rows(headers, rows)
    assert max(cell_len(line) for line in printed(text)) <= 60
    for word in ("satisfaction", "applicable", "公开批评的新客户", "reason"):
        assert word in text.getvalue()


def test_many_rows_that_are_too_wide_fold_words_before_numbers(screen):
    text = screen(40)
    rows = [("a_system_of_a_very_long_name", "table", 1_000_000, n) for n in range(9)]
    Output().rows(("system", "table", "rows_in", "refused"), rows)
    shown = printed(text)
    assert max(map(cell_len, shown)) <= 40
    assert sum("1,000,000" in line and "table" in line for line in shown) == 9
    assert "a_system" in text.getvalue()


def test_few_rows_that_are_too_wide_become_columns(screen):
    text = screen(40)
    columns = [f"measure_{n}" for n in range(8)]
    Output().rows(columns, [range(1_000_000, 1_000_008)] * 2)
    assert "1,000,007" in text.getvalue()
    assert max(map(len, printed(text))) <= 40


def test_many_rows_that_are_too_wide_stand_below_each_other(screen):
    text = screen(30)
    columns = [f"measure_{n}" for n in range(8)]
    Output().rows(columns, [range(1_000_000, 1_000_008)] * 9)
    assert text.getvalue().count("1,000,007") == 9
    assert max(map(len, printed(text))) <= 30


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (1234567, "1,234,567"),
        (True, "True"),
        (Decimal("0.0070"), "0.0070"),
        (Decimal("10.5000"), "10.50"),
        (Decimal("7"), "7"),
        ({"a": 1000}, "a: 1,000"),
    ],
)
def test_values_are_shown_for_people(value, shown):
    assert console._shown(value) == shown


def test_a_long_value_of_a_record_goes_on_in_the_next_line(screen):
    text = screen(30)
    Output().record({"database": "/a/very/long/path/to/the/release/loyalty.duckdb"})
    shown = "".join(line.replace("database", "").strip() for line in printed(text))
    assert shown == "/a/very/long/path/to/the/release/loyalty.duckdb"


def test_machines_get_one_json_object_a_line(capsys):
    Output(as_json=True).rows(("a", "b"), [(1, Decimal("2.50")), (None, "中")])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"a": 1, "b": "2.50"}, {"a": None, "b": "中"}]


def test_an_error_tells_people_what_where_and_what_to_do(monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(
        console, "_people", console.terminal(file=text, width=200, force_terminal=True)
    )
    Output().error(LakeCorrupt("A byte changed.", where="orders/x.parquet", todo="Restore it."))
    assert all(part in text.getvalue() for part in ("LAKE_CORRUPT", "orders/x.parquet", "Restore"))


def test_brackets_and_colons_are_text_and_never_style(screen, monkeypatch):
    text = screen(80)
    Output().rows(("title",), [("[bold]Tea[/red] :smile:",)], "[/x]")
    Output().record({"not_read": "[/red]"}, "[/x]")
    Output().text("Written: [/x]")
    monkeypatch.setattr(console, "_people", console._data)
    Output().progress("staging [/x].csv")
    Output().error(LakeCorrupt("No [/a].", where="in [/b]", todo="Do [/c]."))
    shown = text.getvalue()
    wanted = (
        "[bold]Tea[/red] :smile:",
        "Written: [/x]",
        "staging [/x].csv",
        "[/a]",
        "[/b]",
        "[/c]",
    )
    assert all(part in shown for part in wanted)
