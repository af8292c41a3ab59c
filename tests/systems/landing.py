"""Land the exports of fixtures on the real road: file -> gate -> mapping -> contract -> lake."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from etl import route
from etl.config import PACKAGED_MAPPINGS, Settings, load_settings
from tests.delivering import KEY

SYSTEMS = Path(__file__).parent
PRESETS = PACKAGED_MAPPINGS / "presets"
# What a user of a preset has to complete stands on lines that say so.
_YOURS = re.compile(r"^( *(?:business_)?time_zone: )UTC(?= +# yours)", re.MULTILINE)


def names() -> list[str]:
    """Return the systems that have a fixture."""
    return sorted(path.parent.name for path in SYSTEMS.glob("*/expected.json"))


def expected_of(name: str) -> dict[str, Any]:
    """Return what a fixture says must come of its exports."""
    found: dict[str, Any] = json.loads((SYSTEMS / name / "expected.json").read_text())
    return found


def mapping_of(name: str, zone: str) -> str:
    """Return a fixture's own mapping, or the preset of its name with the zone filled in."""
    own = SYSTEMS / name / "mapping.yml"
    if own.exists():
        return own.read_text()
    text, changed = _YOURS.subn(rf"\g<1>{zone}", (PRESETS / f"{name}.yml").read_text())
    assert changed, "a preset says which lines to complete"
    return text


def land_systems(systems: Iterable[str], root: Path, zone: str, as_of: date) -> Settings:
    """Deliver all exports of the systems and commit them to a lake below ``root``."""
    mappings = root / "mappings"
    mappings.mkdir(parents=True)
    for name in systems:
        (mappings / f"{name}.yml").write_text(mapping_of(name, zone))
        shutil.copytree(SYSTEMS / name / "exports", root / "landing" / name)
    settings = load_settings(data=root / "data", landing=root / "landing", mappings=mappings)
    settings.key_file.parent.mkdir(parents=True)
    settings.key_file.write_text(KEY.hex())
    settings.key_file.chmod(0o600)
    route.land(settings, as_of)
    return settings
