"""Days of the small company, built without checks: quick enough for many of them."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl import route
from etl.config import Settings
from etl.files import digest_of
from etl.locks import writer_lock
from etl.state import commit_state
from etl.warehouse import build
from etl.warehouse.database import frame, open_build
from etl.warehouse.transform import DbtRun, Progress
from tests.company.recompiled import Recompiled

_MADE = "select table_name from information_schema.tables where table_schema = 'marts'"


@dataclass(frozen=True)
class Day:
    """What a build of a day left, and how long it took."""

    marts: dict[str, pl.DataFrame]
    seconds: float

    @property
    def digest(self) -> str:
        """Twelve hex digits over all rows."""
        return digest_of({name: rows.write_csv() for name, rows in self.marts.items()})[:12]


@contextlib.contextmanager
def without_tests(recompiled: Recompiled | None = None) -> Iterator[None]:
    """Make every model and reconcile, without data tests.

    Args:
        recompiled: What to make the models with; dbt itself when None.
    """
    by_dbt = DbtRun.build
    every = " ".join(recompiled.models) if recompiled else ""

    def made(run: DbtRun, progress: Progress, *, select: str = "", exclude: str = "") -> list[Any]:
        if recompiled is not None:
            return recompiled.build(run, progress, select=select or every)
        return by_dbt(run, progress, select=select, exclude=f"{exclude} resource_type:test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DbtRun, "build", made)
        yield


def run_day(settings: Settings, day: date) -> Day:
    """Build a day and commit to state what it proposes, as a publish does."""
    started = time.perf_counter()
    with writer_lock(settings):
        built = build.build_warehouse(settings, day, route.silent)
        commit_state(settings, built.record.run_id, day, built.proposals)
        with open_build(settings) as opened:
            names = sorted(frame(opened, _MADE)["table_name"])
            marts = {name: frame(opened, f"from marts.{name}").sort(pl.all()) for name in names}
    return Day(marts, time.perf_counter() - started)


def deliver(written: Path, landing: Path, day: date) -> None:
    """Put what is delivered on a day where it is landed from."""
    for folder in sorted(written.rglob(day.isoformat())):
        shutil.copytree(folder, landing / folder.relative_to(written))


def all_state(settings: Settings) -> dict[str, pl.DataFrame]:
    """Return all rows of all kinds of state, sorted."""
    found: dict[str, list[pl.DataFrame]] = {}
    for path in sorted(settings.state.glob("[!_]*/*.parquet")):
        found.setdefault(path.parent.name, []).append(pl.read_parquet(path))
    return {
        name: pl.concat(frames, how="diagonal").sort(pl.all()) for name, frames in found.items()
    }


def wipe(settings: Settings) -> None:
    """Lose warehouse and state; the lake is left."""
    shutil.rmtree(settings.warehouse)
    shutil.rmtree(settings.state)
