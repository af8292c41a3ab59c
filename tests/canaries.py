"""A person whose every value can be found again, and a search for them in all that was written."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
import polars as pl

from etl.config import Settings
from etl.files import read_json
from tests.company.generate import MANIFEST, write_manifest

# What the small company calls its first person, and what stands there instead: names that are
# nobody else's, so one hit is one too many. Order numbers are the shop's and stay as they are.
CANARIES = {
    "C-0001": "C-CANARY",
    "N-0001": "N-CANARY",
    "S-0001": "S-CANARY",
    "B-1": "B-CANARY",
    "bo.berg1@mail.example": "canary.bird@cage.example",
    "Bo,Berg,1961-02-02": "Canarina,Canaribird,1961-02-02",
    "1 555 0101,,Canarina": "1 555 7654321,,Canarina",
}
CLEAR = (
    "C-CANARY", "N-CANARY", "S-CANARY", "B-CANARY", "canary.bird", "canarina", "canaribird",
    "5557654321", "555 7654321",
)  # fmt: skip


def plant(landing: Path) -> None:
    """Write the canaries into the small company's exports."""
    for path in landing.rglob("*.csv"):
        before = path.read_text(encoding="utf-8")
        after = before
        for name, canary in CANARIES.items():
            pattern = rf"(?<![-\w]){re.escape(name)}(?![-\w])"
            after = re.sub(pattern, partial(_in_its_case, canary), after, flags=re.IGNORECASE)
        if after != before:
            path.write_text(after, encoding="utf-8")
    for manifest in landing.rglob(MANIFEST):
        head = {key: value for key, value in read_json(manifest).items() if key != "files"}
        write_manifest(manifest.parent, head)


def _in_its_case(canary: str, match: re.Match[str]) -> str:
    return canary.upper() if "@" in canary and match[0].isupper() else canary


def hits(settings: Settings, texts: tuple[str, ...]) -> list[str]:
    """Return where in the data root any of some texts stands: in a cell, or in a file's bytes.

    The landing is the sender's and lies elsewhere.
    """
    wanted = [text.casefold() for text in texts]
    found = []
    for path in sorted(settings.data.rglob("*")):
        if not path.is_file():
            continue
        raw = path.read_bytes().lower()
        found += [f"{path}: {text!r} in its bytes" for text in wanted if text.encode() in raw]
        for place, cell in _cells(path):
            found += [f"{path} {place}: {text!r}" for text in wanted if text in cell.casefold()]
    return found


def _cells(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the distinct texts of a table file, by column: its bytes may be compressed."""
    if path.suffix == ".parquet":
        yield from _texts(pl.read_parquet(path), "")
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            names = connection.sql(
                "select database_name, schema_name, table_name from duckdb_tables()"
            )
            for _, schema, table in names.fetchall():
                frame = connection.sql(f'select * from "{schema}"."{table}"').pl()
                yield from _texts(frame, f"{table}.")
    elif path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as connection:
            tables = connection.execute("select name from sqlite_master where type = 'table'")
            for (table,) in tables.fetchall():
                for row in connection.execute(f'select * from "{table}"'):
                    yield from ((table, str(cell)) for cell in row)


def _texts(frame: pl.DataFrame, prefix: str) -> Iterator[tuple[str, str]]:
    for name in frame.columns:
        values = frame[name].drop_nulls().unique()
        if values.dtype == pl.String:
            yield from ((f"{prefix}{name}", text) for text in values)
