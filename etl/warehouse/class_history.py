"""The classes of customers between state and a build: what was known before, what changed today."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from etl import history
from etl.config import Settings
from etl.history import CLASS_HISTORY
from etl.lake.snapshot import write_input
from etl.state import last_stated
from etl.warehouse.database import frame, open_build, statement
from etl.warehouse.identities import known_successions


def write_classes(
    settings: Settings, inputs: Path, as_of: date, successions: pl.DataFrame
) -> pl.DataFrame:
    """Write the history before a day's run as input of dbt; return it: the run's name has it.

    The day itself is left out: it is computed anew, so a run that finds it in state is no other.
    """
    known = history.known_classes(stated_classes(settings), successions, as_of)
    write_input(inputs, CLASS_HISTORY, known)
    return known


def known_classes(settings: Settings, as_of: date) -> pl.DataFrame:
    """Return the history before a day, as :func:`write_classes` wrote it for the run of the day."""
    successions = known_successions(settings, as_of)
    return history.known_classes(stated_classes(settings), successions, as_of)


def propose_classes(settings: Settings, as_of: date) -> pl.DataFrame:
    """Return what state lacks of the classes that the finished build found."""
    with open_build(settings) as build:
        changed = frame(build, statement("read_class_changes"))
    return history.proposed_classes(changed, stated_classes(settings), as_of)


def stated_classes(settings: Settings) -> pl.DataFrame:
    """Return what state holds, as it was stated last for each customer, domain and day."""
    return last_stated(settings, CLASS_HISTORY, history.STATE_SCHEMA, date.max, history.GRAIN)
