"""How the command line speaks: tables and a progress line on a terminal, JSON everywhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from etl.errors import LoyaltyError

_GAP = 2  # blanks between two columns
_FOLDED = 8  # narrower than this no word is folded


def terminal(**options: Any) -> Console:
    """Return a terminal that shows text as it is: a name may hold [brackets] or :colons:."""
    return Console(highlight=False, markup=False, emoji=False, **options)


_people = terminal(stderr=True)
_data = terminal()


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
            _people.print(message, style="dim", overflow="ellipsis", no_wrap=True)

    def record(self, value: Mapping[str, Any], title: str = "") -> None:
        """Print one result: a JSON object, or a table of two columns."""
        if self.data_is_json:
            _line(sys.stdout, value)
            return
        table = _frame(title, show_header=False)
        table.add_column()
        table.add_column(overflow="fold")
        for key, item in value.items():
            table.add_row(_words(key), _shown(item))
        _data.print(table)

    def rows(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
        """Print rows: JSON lines, or a table, turned on its side where it would not fit."""
        if self.data_is_json:
            for row in rows:
                _line(sys.stdout, dict(zip(columns, row, strict=True)))
            return
        cells = [[_shown(item) for item in row] for row in rows]
        headers = [_words(column) for column in columns]
        _data.print(_table(headers, cells, title))

    def text(self, text: str) -> None:
        """Print text for people; nothing when the reader is a machine."""
        if not self.data_is_json:
            _data.print(text)

    def error(self, error: LoyaltyError) -> None:
        """Say what happened, where, and what to do."""
        if self.people_are_machines:
            _line(sys.stderr, {"event": "error", **error.as_dict()})
            return
        _people.print(Text.assemble((error.code, "bold red"), f"  {error.what}"), soft_wrap=True)
        if error.where:
            _people.print(f"  where  {error.where}", soft_wrap=True)
        if error.todo:
            _people.print(f"  do     {error.todo}", soft_wrap=True)


def _line(stream: Any, value: Mapping[str, Any]) -> None:
    stream.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    stream.flush()


def _table(headers: list[str], cells: list[list[str]], title: str) -> Table:
    """Lay out a table; where rows are too wide they become columns, or long words are folded.

    Numbers never are: if they alone are too wide, rows stand below each other.
    """
    turned = _turned(headers, cells)
    tries = ((headers, cells, False), (*turned, False), (headers, cells, True))
    for top, rest, folds in tries:
        room = _data.width - _GAP * (len(top) - 1)
        least = _least_widths(top, rest, folds=folds)
        if sum(least) <= room:
            return _upright(top, rest, _widths(least, _full_widths(top, rest), room), title)
    return _stacked(headers, cells, title)


def _upright(headers: list[str], cells: list[list[str]], widths: list[int], title: str) -> Table:
    table = _frame(title)
    for n, header in enumerate(headers):
        numeric = all(_is_number(row[n]) for row in cells)
        justify: JustifyMethod = "right" if numeric else "left"
        table.add_column(header, justify=justify, width=widths[n], overflow="fold")
    for row in cells:
        table.add_row(*row)
    return table


def _turned(headers: list[str], cells: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Make rows columns: the first column's values become the headers."""
    turned = [[header, *(row[n] for row in cells)] for n, header in enumerate(headers)]
    return turned[0], turned[1:]


def _stacked(headers: list[str], cells: list[list[str]], title: str) -> Table:
    """Set each row below the last, a line per value."""
    table = _frame(title, show_header=False)
    for row in cells:
        for header, text in zip(headers, row, strict=True):
            table.add_row(header, text)
        table.add_section()
    return table


def _least_widths(headers: list[str], cells: list[list[str]], *, folds: bool) -> list[int]:
    """Return the least width of each column that breaks no word; or no number, where text folds."""
    least = []
    for header, *texts in zip(headers, *cells, strict=True):
        words = [word for text in (header, *texts) for word in text.split()]
        width = max(map(cell_len, words), default=0)
        numeric = all(map(_is_number, texts))
        least.append(min(width, _FOLDED) if folds and not numeric else width)
    return least


def _full_widths(headers: list[str], cells: list[list[str]]) -> list[int]:
    """Return the width of each column that breaks no line."""
    return [
        max(cell_len(line) for text in texts for line in text.splitlines() or [""])
        for texts in zip(headers, *cells, strict=True)
    ]


def _widths(least: list[int], full: list[int], room: int) -> list[int]:
    """Share out the room: whole lines first where they ask for least."""
    widths, left = list(least), room - sum(least)
    for n in sorted(range(len(widths)), key=lambda n: full[n] - least[n]):
        more = min(full[n] - least[n], left)
        widths[n] += more
        left -= more
    return widths


def _frame(title: str, *, show_header: bool = True) -> Table:
    return Table(
        title=f"\n{title}" if title else None,
        title_justify="left",
        title_style="bold",
        header_style="",
        show_header=show_header,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _is_number(text: str) -> bool:
    return not text or text.lstrip("-").replace(",", "").replace(".", "", 1).isdigit()


def _shown(item: object) -> str:
    if item is None:
        return ""
    if isinstance(item, Mapping):
        return "\n".join(f"{key}: {_shown(value)}" for key, value in item.items())
    if isinstance(item, Decimal):
        text = f"{item:,f}"
        cents = text.find(".") + 3  # money is kept to four decimals and mostly needs two
        return text[:cents] if 2 < cents < len(text) and not text[cents:].strip("0") else text
    return f"{item:,}" if isinstance(item, int) and not isinstance(item, bool) else str(item)
