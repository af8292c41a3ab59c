"""The page of reason codes, ``REASONS.md``: written from the table that the messages come from.

``make reasons`` writes it; a test compares it with the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from etl.contract import TABLES
from etl.ingest.reasons import REASONS, Level, rule_code

PAGE = Path(__file__).with_name("REASONS.md")

_HEAD = """# Why a file or a row was refused

Written by `make reasons` from `etl/ingest/reasons.py` and the rules of `etl/contract`; do not edit.
A file code says that nothing of the file was loaded. A row code says that one row, and with it its
document, was kept out of the lake and lies in quarantine. `loyalty rejects` lists both, `loyalty
check` tells beforehand. What stands in italics is filled in; a message never quotes a value.
"""


def page() -> str:
    """Return the page as Markdown."""
    lines = [_HEAD, *_section("Files", "file"), *_section("Rows", "row"), *_rules()]
    return "\n".join(lines) + "\n"


def _section(title: str, level: Level) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| code | what is wrong | what to do |\n|---|---|---|"
    for entry in REASONS.values():
        if entry.level == level:
            yield f"| `{entry.code}` | {_shown(entry.message)} | {_shown(entry.todo)} |"
    yield ""


def _rules() -> Iterator[str]:
    """Yield the rules over several columns, one line for each table that has it."""
    yield "## Rules over several columns of a row\n"
    yield "| code | table | the rule |\n|---|---|---|"
    for table in TABLES.values():
        for name, text in table.rules.items():
            yield f"| `{rule_code(name)}` | `{table.name}` | {text} |"


def _shown(template: str) -> str:
    return re.sub(r"\{(\w+)\}", r"*\1*", template).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
