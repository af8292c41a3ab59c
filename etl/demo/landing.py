"""Write exports into the landing folder: each file whole or not at all, the manifest last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from etl.demo.company import DAYS, HISTORY_ENDS_ON
from etl.files import atomic_path, sha256_of, write_json


@dataclass(frozen=True)
class Written:
    """One file as written."""

    system: str
    business_day: date
    name: str
    rows: int
    bytes: int


def write_delivery(
    landing: Path, system: str, business_day: date, files: Mapping[str, pl.DataFrame]
) -> list[Written]:
    """Write the files of one system and day, and the manifest that vouches for them.

    Args:
        landing: The landing folder.
        system: The system's folder.
        business_day: The day delivered; up to the end of the history it is a ``history``.
        files: File name -> frame of text; a frame without rows gives a header-only file.
    """
    folder = landing / system / business_day.isoformat()
    written, listed = [], {}
    for name, frame in files.items():
        path = folder / name
        with atomic_path(path) as temporary:
            frame.write_csv(temporary)
        listed[name] = {"rows": frame.height, "sha256": sha256_of(path)}
        written.append(Written(system, business_day, name, frame.height, path.stat().st_size))
    manifest = {
        "business_day": business_day.isoformat(),
        "mode": "history" if business_day <= HISTORY_ENDS_ON else "incremental",
        "sequence": int(f"{business_day:%Y%m%d}"),
        "files": listed,
    }
    write_json(folder / "_manifest.json", manifest)
    return written


def by_day(frame: pl.DataFrame, day_column: str) -> dict[date, pl.DataFrame]:
    """Split rows into the history and one frame per later day, empty days included.

    Returns:
        Business day -> rows in their order, without ``day_column``.
    """
    day = pl.col(day_column)
    parts = {HISTORY_ENDS_ON: frame.filter(day <= HISTORY_ENDS_ON)}
    parts |= {on: frame.filter(day == on) for on in DAYS}
    return {on: part.drop(day_column) for on, part in parts.items()}
