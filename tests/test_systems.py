"""Each system over real headers: what it delivers is in the lake as ``expected.json`` says.

A new folder in ``tests/systems`` is a new case here, without a line of code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl.config import Settings
from etl.contract import TABLES
from etl.ingest.discover import discover
from etl.lake.commits import Lake, read_lake
from etl.mapping import load_mapping, load_mappings
from etl.privacy.tokens import Tokeniser
from tests.delivering import KEY
from tests.systems.landing import PRESETS, expected_of, land_systems, names

_TOKEN = re.compile(r"(email|name|phone):(.+)")


@dataclass(frozen=True)
class System:
    """The fixture of one system, landed."""

    expected: dict[str, Any]
    settings: Settings
    lake: Lake

    def rows(self, name: str) -> pl.DataFrame:
        """Return the rows of a contract table in the lake, in the order of deliveries."""
        parts = [pl.read_parquet(file.path) for file in self.lake.files if file.table == name]
        assert all(dict(part.schema) == TABLES[name].lake_schema() for part in parts)
        return pl.concat(parts)

    def rejects(self, delivery: dict[str, Any]) -> pl.DataFrame:
        """Return the quarantined rows of a delivery."""
        path = self.settings.rejects / f"{delivery['delivery_id']}.parquet"
        columns = ("source_row", "table", "column", "reason")
        if not path.exists():
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        return pl.read_parquet(path).select(columns)


@pytest.fixture(scope="module", params=names())
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> System:
    expected = expected_of(request.param)
    root = tmp_path_factory.mktemp(request.param)
    as_of = date.fromisoformat(expected["as_of"])
    settings = land_systems([request.param], root, expected["time_zone"], as_of)
    return System(expected, settings, read_lake(settings))


def test_every_preset_is_a_mapping_by_itself_and_has_a_fixture() -> None:
    presets = sorted(PRESETS.glob("*.yml"))
    assert {path.stem for path in presets} <= set(names())
    for path in presets:
        assert load_mapping(path).system == path.stem


def test_every_file_of_the_fixture_is_a_delivery(system: System) -> None:
    mappings = load_mappings(system.settings.mappings)
    found = discover(
        system.settings.landing, mappings, date.fromisoformat(system.expected["as_of"])
    )
    assert (found.unmatched, found.refused) == ((), ())
    delivered = sorted(delivery["file"] for delivery in system.lake.deliveries)
    assert delivered == sorted(system.expected["files"])


def test_every_record_is_accepted_refused_or_left_out_as_expected(system: System) -> None:
    found = {d["file"]: _outcome(system, d) for d in system.lake.deliveries}
    assert found == {name: {"left_out": 0} | f for name, f in system.expected["files"].items()}


def _outcome(system: System, delivery: dict[str, Any]) -> dict[str, Any]:
    assert (delivery["status"], delivery["file_reason"]) == ("accepted", None)
    return {
        "records": delivery["records"],
        "left_out": delivery["left_out"],
        "tables": {name: part["rows"] for name, part in delivery["tables"].items()},
        "refused": [list(row) for row in system.rejects(delivery).rows()],
    }


def test_amounts_are_right_to_the_cent(system: System) -> None:
    amounts = {
        name: f"{system.rows(name)[TABLES[name].amount].sum():f}"
        for name in sorted({file.table for file in system.lake.files})
        if TABLES[name].amount and system.rows(name)[TABLES[name].amount].count()
    }
    assert amounts == system.expected["amounts"]


def test_rows_say_what_the_export_said(system: System) -> None:
    for name, rows in system.expected["rows"].items():
        frame = system.rows(name)
        for key, cells in rows.items():
            parts = zip(TABLES[name].key, key.split("|"), strict=True)
            (*_, row) = frame.filter(
                *(pl.col(column).cast(pl.String) == part for column, part in parts)
            ).iter_rows(named=True)
            assert {column: _text(row[column]) for column in cells} == dict(_tokens(cells)), key


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def _tokens(cells: dict[str, str | None]) -> Iterator[tuple[str, str | None]]:
    """Say ``email:ann@example.com`` for its token."""
    tokens = Tokeniser(KEY)
    for column, text in cells.items():
        personal = _TOKEN.fullmatch(text or "")
        if personal:
            (text,) = tokens.tokenise(personal[1], pl.Series([personal[2]]))  # type: ignore[arg-type]
        yield column, text


def test_no_clear_value_is_in_lake_or_quarantine(system: System) -> None:
    folders = (system.settings.raw, system.settings.rejects)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    everything = b"".join(path.read_bytes() for path in files)
    texts = b"".join(_cells(path) for path in files if path.suffix == ".parquet")
    for clear in system.expected["personal"]:
        assert clear.encode() not in everything + texts


def _cells(path: Path) -> bytes:
    """Return the texts of a Parquet file; in the file itself they are packed."""
    return pl.read_parquet(path).select(pl.col(pl.String)).write_csv().encode()
