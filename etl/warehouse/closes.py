"""Closed months between state and a build: what was frozen, as inputs of dbt."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from etl.clv.closes import CLOSE_SCHEMAS
from etl.config import Settings
from etl.lake.snapshot import lay_file, write_input
from etl.state import COMMIT_SEQUENCE, read_state, state_paths

CLOSES, CLOSED_LINES, CLOSED_VALUES = "clv_closes", "clv_closed_lines", "clv_closed_values"
# When somebody pressed the button decides no number.
_VOLATILE = "closed_at"


def all_closes(settings: Settings, as_of: date) -> pl.DataFrame:
    """Return the closes known by a day, in any currency; schema ``clv_closes``."""
    rows = read_state(settings, CLOSES, CLOSE_SCHEMAS[CLOSES], as_of)
    return rows.drop(COMMIT_SEQUENCE).sort("month", "version")


def own_closes(settings: Settings, as_of: date) -> pl.DataFrame:
    """Return those in the reporting currency; sums in another one are no opening of ours."""
    is_own = pl.col("reporting_currency") == settings.reporting_currency
    return all_closes(settings, as_of).filter(is_own)


def known_closes(settings: Settings, as_of: date) -> pl.DataFrame:
    """Return what of the closes a run depends on; the rows themselves stand in by their hash."""
    return own_closes(settings, as_of).drop(_VOLATILE)


def closed_rows(settings: Settings, name: str, close_id: str) -> pl.DataFrame:
    """Return what one close froze of values or lines, read back and verified."""
    paths = state_paths(settings, name, date.max)
    found = [pl.scan_parquet(path).filter(pl.col("close_id") == close_id) for path in paths]
    empty = pl.LazyFrame(schema=CLOSE_SCHEMAS[name])
    return pl.concat([empty, *found], how="diagonal").collect()


def write_closes(settings: Settings, inputs: Path, as_of: date) -> None:
    """Write the closes of a day's run where dbt reads them.

    The values may be many: their files are linked, not read.
    """
    write_input(inputs, CLOSES, own_closes(settings, as_of))
    lines = read_state(settings, CLOSED_LINES, CLOSE_SCHEMAS[CLOSED_LINES], as_of)
    write_input(inputs, CLOSED_LINES, lines)
    for path in state_paths(settings, CLOSED_VALUES, as_of):
        lay_file(inputs, CLOSED_VALUES, path)
