"""Days of the small company, built for their classes alone: quick enough for many of them."""

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

from etl import history, route
from etl.config import Settings
from etl.files import digest_of
from etl.history import CLASS_HISTORY
from etl.locks import writer_lock
from etl.state import commit_state, read_state
from etl.warehouse import build
from etl.warehouse.database import frame, open_build
from etl.warehouse.transform import DbtRun, Progress
from tests.company.recompiled import Recompiled

MARTS = ("class_history", "segment_transitions", "lifecycle_stages")
# What etl reads from the build after the last dbt call, and the marts of history.
_NAMES = ("int_classes_changed_today", "int_winback_entries", *MARTS)
_WANTED = " ".join(f"+{name}" for name in _NAMES)


@dataclass(frozen=True)
class Day:
    """What a build of a day left of history, and how long it took."""

    marts: dict[str, pl.DataFrame]
    seconds: float

    @property
    def digest(self) -> str:
        """Twelve hex digits over all rows."""
        return digest_of({name: rows.write_csv() for name, rows in self.marts.items()})[:12]


@contextlib.contextmanager
def classes_only(recompiled: Recompiled | None = None) -> Iterator[None]:
    """Make only what classes need, and check nothing.

    Args:
        recompiled: What to make the models with; dbt itself when None.
    """
    by_dbt = DbtRun.build

    def made(run: DbtRun, progress: Progress, *, select: str = "", exclude: str = "") -> list[Any]:
        if recompiled is not None:
            return recompiled.build(run, progress, select=select or _WANTED)
        untested = f"{exclude} resource_type:test"
        return by_dbt(run, progress, select=select or _WANTED, exclude=untested)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DbtRun, "build", made)
        # Reads a mart that classes do not need.
        patch.setattr(build, "reconcile", lambda *_: {})
        yield


def run_day(settings: Settings, day: date) -> Day:
    """Build a day and commit to state what it proposes, as a publish does."""
    started = time.perf_counter()
    with writer_lock(settings):
        built = build.build_warehouse(settings, day, route.silent)
        commit_state(settings, built.record.run_id, day, built.proposals)
        with open_build(settings) as opened:
            marts = {name: frame(opened, f"from marts.{name}").sort(pl.all()) for name in MARTS}
    return Day(marts, time.perf_counter() - started)


def deliver(written: Path, landing: Path, day: date) -> None:
    """Put what is delivered on a day where it is landed from."""
    for folder in sorted(written.rglob(day.isoformat())):
        shutil.copytree(folder, landing / folder.relative_to(written))


def stated_classes(settings: Settings) -> pl.DataFrame:
    """Return all rows of class history in state, in the order they were committed."""
    return read_state(settings, CLASS_HISTORY, history.STATE_SCHEMA, date.max)


def wipe(settings: Settings) -> None:
    """Lose warehouse and state; the lake is left."""
    shutil.rmtree(settings.warehouse)
    shutil.rmtree(settings.state)
