"""Who was drawn into which arm of a win-back experiment: kept in state, for ever.

A customer enters an experiment on the first day of being eligible, with the arm that salt,
experiment and key decide. Whatever happens later (another run, a full rebuild, a suppression, a
merge of customers) changes neither day, arm nor stratum: the models draw only for customers who are
in no experiment, and this module only adds rows.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from etl.config import Settings
from etl.frames import conform
from etl.lake.inputs import INPUT_SCHEMAS
from etl.lake.snapshot import write_input
from etl.state import COMMIT_SEQUENCE, read_state
from etl.warehouse.database import frame, open_build, statement

ASSIGNMENTS = "winback_assignments"
_SCHEMA = INPUT_SCHEMAS[ASSIGNMENTS]
_KEY = ["experiment", "assigned_key"]


def write_assignments(settings: Settings, inputs: Path, as_of: date) -> None:
    """Write the assignments known by a day where dbt reads them.

    Args:
        inputs: Folder that dbt reads.
    """
    write_input(inputs, ASSIGNMENTS, known_assignments(settings, as_of))


def known_assignments(settings: Settings, as_of: date) -> pl.DataFrame:
    """Return what state knows of assignments up to a day, sorted; the first of a key holds."""
    return _stored(settings).filter(pl.col("eligible_on") <= as_of)


def read_entries(settings: Settings, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read from the build who enters an experiment on a day.

    Returns:
        All assignments up to the day, those of the day among them, and the rows to be kept in
        state: none when state knows a later day, for then nobody entered on this one.
    """
    with open_build(settings) as build:
        entries = conform(frame(build, statement("read_winback_entries")), _SCHEMA)
    stored = _stored(settings)
    is_past = stored.filter(pl.col("eligible_on") > as_of).height > 0
    known = pl.concat([known_assignments(settings, as_of), entries]).sort(_KEY)
    return known, entries.clear() if is_past else entries


def _stored(settings: Settings) -> pl.DataFrame:
    rows = read_state(settings, ASSIGNMENTS, _SCHEMA, date.max)
    first = rows.sort("eligible_on", COMMIT_SEQUENCE).unique(_KEY, keep="first")
    return conform(first, _SCHEMA).sort(_KEY)
