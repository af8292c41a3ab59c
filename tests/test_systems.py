"""Each preset over real headers: what its system delivers arrives as ``expected.json`` says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl.config import Settings, load_settings
from etl.contract import TABLES
from etl.ingest.discover import discover
from etl.ingest.extract import StagedDelivery, stage_delivery
from etl.mapping import Mapping, load_mapping
from etl.privacy.tokens import Tokeniser
from tests.delivering import KEY, LOADED_AT, rejects, table

SYSTEMS = Path(__file__).with_name("systems")
PRESETS = Path(__file__).parents[1] / "etl" / "mappings" / "presets"
# What a user of a preset has to complete stands on lines that say so.
_YOURS = re.compile(r"^( *(?:business_)?time_zone: )UTC(?= +# yours)", re.MULTILINE)
_TOKEN = re.compile(r"(email|name|phone):(.+)")


def completed(system: str, zone: str) -> str:
    """Return the text of a preset with a business's own time zone."""
    text, changed = _YOURS.subn(rf"\g<1>{zone}", (PRESETS / f"{system}.yml").read_text())
    assert changed, "a preset says which lines to complete"
    return text


@dataclass(frozen=True)
class System:
    """The fixture of one system, staged."""

    expected: dict[str, Any]
    mapping: Mapping
    staged: dict[str, StagedDelivery]
    unmatched: tuple[Path, ...]

    def rows(self, name: str) -> pl.DataFrame:
        """Return the rows of a contract table, in the order of deliveries."""
        parts = [table(d, name) for d in self.staged.values() if name in d.tables]
        return pl.concat(parts)


def stage_system(name: str, root: Path) -> System:
    """Land and stage all that a fixture delivers."""
    expected = json.loads((SYSTEMS / name / "expected.json").read_text())
    shutil.copytree(SYSTEMS / name / "exports", root / "landing" / name)
    preset = root / "mappings" / f"{name}.yml"
    preset.parent.mkdir()
    preset.write_text(completed(name, expected["time_zone"]))
    settings = load_settings(data=root / "data", landing=root / "landing", mappings=preset.parent)
    mapping = load_mapping(preset)
    found = discover(settings.landing, (mapping,), date.fromisoformat(expected["as_of"]))
    assert found.refused == ()
    staged = {d.path.name: _stage(d, mapping, settings) for d in found.deliveries}
    return System(expected, mapping, staged, found.unmatched)


def _stage(delivery: Any, mapping: Mapping, settings: Settings) -> StagedDelivery:
    export = mapping.export(delivery.export)
    return stage_delivery(delivery, mapping, export, settings, Tokeniser(KEY), LOADED_AT)


NAMES = sorted(path.parent.name for path in SYSTEMS.glob("*/expected.json"))


@pytest.fixture(scope="module", params=NAMES)
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> System:
    return stage_system(request.param, tmp_path_factory.mktemp(request.param))


def test_every_preset_is_a_mapping_by_itself_and_has_a_fixture() -> None:
    presets = sorted(PRESETS.glob("*.yml"))
    assert [path.stem for path in presets] == NAMES
    for path in presets:
        assert load_mapping(path).system == path.stem


def test_every_file_of_the_fixture_is_a_delivery(system: System) -> None:
    assert system.unmatched == ()
    assert sorted(system.staged) == sorted(system.expected["files"])


def test_every_record_is_accepted_or_refused_as_expected(system: System) -> None:
    found = {name: _outcome(delivery) for name, delivery in system.staged.items()}
    assert found == system.expected["files"]


def _outcome(delivery: StagedDelivery) -> dict[str, Any]:
    assert (delivery.status, delivery.file_reason) == ("accepted", None)
    faults = rejects(delivery)
    refused = faults.select("source_row", "table", "column", "reason").rows() if len(faults) else []
    return {
        "records": delivery.records,
        "tables": {name: part.rows for name, part in sorted(delivery.tables.items())},
        "refused": [list(row) for row in refused],
    }


def test_amounts_are_right_to_the_cent(system: System) -> None:
    amounts = {
        name: f"{system.rows(name)[TABLES[name].amount].sum():f}"
        for name in sorted({t for d in system.staged.values() for t in d.tables})
        if TABLES[name].amount and system.rows(name)[TABLES[name].amount].count()
    }
    assert amounts == system.expected["amounts"]


def test_rows_say_what_the_export_said(system: System) -> None:
    for name, rows in system.expected["rows"].items():
        frame = system.rows(name)
        for key, cells in rows.items():
            parts = dict(zip(TABLES[name].key, key.split("|"), strict=True))
            (*_, row) = frame.filter(**parts).iter_rows(named=True)
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


def test_no_clear_value_is_staged(system: System) -> None:
    for delivery in system.staged.values():
        everything = b"".join(path.read_bytes() for path in delivery.folder.iterdir())
        for clear in system.expected["personal"]:
            assert clear.encode() not in everything
