"""Is this the export of a system that ships with a mapping? Its header tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etl.mapping import Export, load_mapping

PRESETS = Path(__file__).parents[1] / "mappings" / "presets"
_ENOUGH = 0.6


@dataclass(frozen=True)
class Preset:
    """A shipped mapping that knows a header.

    Args:
        path: The mapping file.
        export: Its export.
        coverage: Share of the columns it reads that the header has.
    """

    path: Path
    export: str
    coverage: float


def preset_for(header: tuple[str, ...], folder: Path = PRESETS) -> Preset | None:
    """Return the shipped mapping that fits a header best, or None.

    Fitting is: no column is missing that it cannot do without, and most of the others are there.
    """
    found = [
        Preset(path, export.name, coverage)
        for path in sorted(folder.glob("*.yml"))
        for export in load_mapping(path).exports
        if not export.missing_columns(header) and (coverage := _coverage(export, header)) >= _ENOUGH
    ]
    return max(found, key=lambda preset: preset.coverage, default=None)


def _coverage(export: Export, header: tuple[str, ...]) -> float:
    read = export.source_columns
    return round(sum(name in header for name in read) / len(read), 2)
