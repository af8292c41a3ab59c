"""A proposal as the text of a mapping file: what is not sure says so beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from etl.proposal.entries import Entry
from etl.proposal.proposing import Proposal

_DAY_IN_NAME = (
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "([0-9]{4}-[0-9]{2}-[0-9]{2})"),
    (r"(?<![0-9])20[0-9]{6}(?![0-9])", "([0-9]{8})"),
)


def mapping_text(proposal: Proposal) -> str:
    """Return the YAML of a proposal.

    A line that is still needed is a comment, so that the mapping is refused until it is filled in.
    """
    return "\n".join([*_head(proposal), *_export(proposal)]) + "\n"


def _head(proposal: Proposal) -> Iterator[str]:
    asked, sample = proposal.asked, proposal.sample
    yield f"# Proposed from the header and {sample.rows.height:,} records of {sample.file!r}."
    yield "# check: look at it. assumed: agree to it. NEEDED: fill it in; it is refused until then."
    yield f"system: {asked.system}"
    if asked.time_zone:
        yield f"business_time_zone: {asked.time_zone}"
    else:
        yield "# NEEDED business_time_zone: Europe/Berlin    # where a business day starts and ends"
    yield "exports:"


def _export(proposal: Proposal) -> Iterator[str]:
    name, files, day = _file_pattern(proposal.sample.file)
    written = proposal.sample.written
    yield f"  {name}:"
    yield f"    files: {_inline(files)}"
    if day:
        yield f"    business_day: {_inline(day)}"
    else:
        yield "    # No day in the name: put a _manifest.json with business_day beside each file."
    if written.format != "csv":
        yield f"    format: {written.format}"
    if written.encoding != "utf-8":
        yield f"    encoding: {written.encoding}"
    if written.delimiter != ",":
        yield f"    delimiter: {_inline(written.delimiter)}"
    if proposal.decimal_mark != ".":
        yield f'    decimal_mark: "{proposal.decimal_mark}"'
    if written.multiline and written.format == "csv":
        yield "    multiline: true                     # check: a quoted field holds a line break"
    if proposal.grain:
        yield f"    grain: {_inline(_grain(proposal))}"
    elif "order_lines" in proposal.tables:
        yield "    # NEEDED grain: {key: }    # the column that the lines of an order share"
    yield "    targets:"
    for table in proposal.tables:
        yield f"      {table}:"
        if table == "orders" and "order_lines" in proposal.tables:
            yield "        per: document"
        yield "        columns:"
        for entry in proposal.entries:
            if entry.table == table:
                yield _line(entry)
    if proposal.unused:
        yield f"    # Not read: {' '.join(', '.join(proposal.unused).split())}"


def _grain(proposal: Proposal) -> dict[str, Any]:
    fill = {"forward_fill": list(proposal.forward_fill)} if proposal.forward_fill else {}
    return {"key": proposal.grain, **fill}


def _line(entry: Entry) -> str:
    note = " ".join(entry.note.split())  # a code of the file may hold a line break
    if entry.spec is None:
        word = "NEEDED" if entry.state == "needed" else "check"
        return f"          # {word} {entry.column}: {{from: }}    # {note}"
    text = f"          {entry.column}: {_inline(dict(entry.spec))}"
    return text if entry.state == "sure" else f"{text}    # {entry.state}: {note}"


def _inline(value: Any) -> str:
    """Write a value on one line, as YAML that reads back the same."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000
    )
    return text.removesuffix("...\n").strip()


def _file_pattern(file: str) -> tuple[str, str, str]:
    """Return a name for the export, a pattern on the file name and a regex for its day."""
    name = Path(file).name
    for pattern, group in _DAY_IN_NAME:
        if found := re.search(pattern, name):
            before, after = name[: found.start()], name[found.end() :]
            return _export_name(before), f"{_literal(before)}*{_literal(after)}", group
    stem, dot, suffix = name.partition(".")
    return _export_name(stem), f"{_literal(stem)}*{dot}{_literal(suffix)}", ""


def _literal(text: str) -> str:
    """Write a part of a file name so that a pattern matches it to the letter."""
    return re.sub(r"([*?[])", r"[\1]", text)


def _export_name(text: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"export_{plain}".strip("_")
