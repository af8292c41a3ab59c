"""What a run prints at its end: every row accounted for, for people and for machines."""

from __future__ import annotations

import io
import json
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from etl.cli import console
from etl.cli.console import Output
from etl.cli.summary import print_status, print_summary
from tests.company.published import PublishedCompany


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    terminal = Console(file=text, width=100, force_terminal=True, no_color=True)
    monkeypatch.setattr(console, "_data", terminal)
    return text


def test_people_see_what_came_in_and_what_came_out(
    published: PublishedCompany, screen: io.StringIO
) -> None:
    print_summary(published.settings, Output(), published.result.release)
    shown = screen.getvalue()
    assert published.result.run_id in shown
    assert "…" not in shown  # nothing is cut off
    for row in published.result.manifest["reconciliation"]["tables"]:
        assert f"{row['rows_delivered']:,}" in shown
    for title in (
        "Customer value by shop",
        "Every class and its size",
        "The six stages",
        "Who lapsed",
    ):
        assert title in shown


@pytest.mark.parametrize("width", [80, 120])
def test_a_run_is_summed_up_in_rows_on_a_few_screens(
    published: PublishedCompany, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """What came in stays a table: one line for each of a system's tables, their numbers in it."""
    terminal = Console(file=screen, width=width, force_terminal=True, no_color=True)
    monkeypatch.setattr(console, "_data", terminal)
    print_summary(published.settings, Output(), published.result.release)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()
    for row in published.result.manifest["reconciliation"]["tables"]:
        name = row["table_name"].removeprefix("crm_").replace("_", " ").split()[0]
        numbers = [f"{row[n]:,}" for n in ("rows_delivered", "rows_rejected", "rows_in_lake")]
        assert [line for line in lines if name in line and set(numbers) <= set(line.split())]
    assert len(lines) < 180
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [80, 100])
def test_every_class_is_shown_with_its_size_once_per_kind(
    published: PublishedCompany, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    terminal = Console(file=screen, width=width, force_terminal=True, no_color=True)
    monkeypatch.setattr(console, "_data", terminal)
    print_summary(published.settings, Output(), published.result.release)
    shown = screen.getvalue().split("Every class and its size")[1].split("The six stages")[0]
    sizes = published.ask(
        "select label_en, count(*) as customers from class_history"
        " join class_labels using (domain, code) where is_current group by domain, label_en"
    )
    words = " ".join(shown.split())
    for label, customers in sizes.rows():
        assert label.split()[0] in words
        assert f"{customers:,}" in words
    assert words.count("behavioural") == 1
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "No usable" in words


def test_machines_get_one_object(
    published: PublishedCompany, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(published.settings, Output(as_json=True), published.result.release)
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["run_id"] == published.result.run_id
    assert told["rows"]["customers"] == published.one("select count(*) from customers")
    refused = sum(row["rows_rejected"] for row in told["reconciliation"]["tables"])
    assert refused == sum(r.rows for r in published.expected.refused)


def test_before_the_first_publish_there_is_nothing_to_show(settings, screen: io.StringIO) -> None:
    print_summary(settings, Output())
    assert "Nothing has been published yet" in screen.getvalue()
    print_status(settings, Output())
    assert "none" in screen.getvalue()
