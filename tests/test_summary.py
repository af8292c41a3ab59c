"""What a run prints at its end: every row accounted for, for people and for machines."""

from __future__ import annotations

import io
import json

import pytest
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
    for title in ("Customer value by shop", "The six stages", "Who lapsed"):
        assert title in shown


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
