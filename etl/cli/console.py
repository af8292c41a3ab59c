"""How the command line speaks: tables and a progress line on a terminal, JSON everywhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from etl.errors import LoyaltyError

_people = Console(stderr=True, highlight=False)
_data = Console(highlight=False)


class Output:
    """Where one command's data, progress and errors go.

    Args:
        as_json: Write JSON even on a terminal.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.data_is_json = as_json or not _data.is_terminal
        self.people_are_machines = as_json or not _people.is_terminal

    def progress(self, message: str) -> None:
        """Tell that something was done or is being done."""
        if self.people_are_machines:
            _line(sys.stderr, {"event": "progress", "message": message.strip()})
        else:
            _people.print(f"[dim]{message}[/dim]", overflow="ellipsis", no_wrap=True)

    def record(self, value: Mapping[str, Any], title: str = "") -> None:
        """Print one result: a JSON object, or a table of two columns."""
        if self.data_is_json:
            _line(sys.stdout, value)
            return
        table = Table(title=title or None, show_header=False, title_justify="left")
        for key, item in value.items():
            table.add_row(key.replace("_", " "), _shown(item))
        _data.print(table)

    def rows(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
        """Print rows: JSON lines, or a table."""
        if self.data_is_json:
            for row in rows:
                _line(sys.stdout, dict(zip(columns, row, strict=True)))
            return
        table = Table(*columns, title=title or None, title_justify="left")
        for row in rows:
            table.add_row(*(_shown(item) for item in row))
        _data.print(table)

    def text(self, text: str) -> None:
        """Print text for people; nothing when the reader is a machine."""
        if not self.data_is_json:
            _data.print(text)

    def error(self, error: LoyaltyError) -> None:
        """Say what happened, where, and what to do."""
        if self.people_are_machines:
            _line(sys.stderr, {"event": "error", **error.as_dict()})
            return
        _people.print(f"[bold red]{error.code}[/bold red]  {error.what}", soft_wrap=True)
        if error.where:
            _people.print(f"  where  {error.where}", soft_wrap=True)
        if error.todo:
            _people.print(f"  do     {error.todo}", soft_wrap=True)


def _line(stream: Any, value: Mapping[str, Any]) -> None:
    stream.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    stream.flush()


def _shown(item: object) -> str:
    if item is None:
        return ""
    return f"{item:,}" if isinstance(item, int) and not isinstance(item, bool) else str(item)
