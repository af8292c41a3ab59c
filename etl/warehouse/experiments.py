"""Win-back experiments between two dbt calls: read once on their day, and what they teach.

A reading is kept in state. Whatever becomes known later (a late refund, a merge of customers), an
experiment is not read again until it says something else.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from etl import experiments
from etl.config import DEFAULT_CURRENCY, Settings
from etl.frames import conform
from etl.lake.snapshot import write_input
from etl.state import COMMIT_SEQUENCE, read_state
from etl.warehouse.database import frame, open_build, statement
from etl.warehouse.transform import Progress

RESULTS = "winback_results"
_UPLIFTS = "winback_uplifts"
_SCHEMA = experiments.INPUT_SCHEMAS[RESULTS]
_KEY = ["experiment", "stratum", "arm"]
_CURRENCY = "reporting_currency"


def measure_experiments(
    settings: Settings, inputs: Path, as_of: date, progress: Progress
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the experiments whose day has come and write what dbt reads of all of them.

    Args:
        inputs: Folder that dbt reads.

    Returns:
        All results known on the day, and those to be kept in state: none of an experiment that
        state knows as read on a later day, for that reading holds.
    """
    known = known_results(settings, as_of)
    with open_build(settings) as build:
        listed = frame(build, statement("read_winback_experiments"))
        due = listed.filter(
            pl.col("reads_on") <= as_of, ~pl.col("experiment").is_in(known["experiment"].to_list())
        )
        names = due["experiment"].to_list()
        outcomes = frame(build, statement("read_winback_outcomes"), experiments=names)
        lessons = frame(build, statement("read_winback_lessons"))
        assumed = frame(build, statement("read_winback_assumptions"))
        parameters = frame(build, statement("read_experiment_parameters"))
    chosen = experiments.ExperimentSettings.of(parameters.iter_rows())
    new = experiments.read_experiments(due, outcomes, as_of, chosen)
    progress(f"win-back experiments: reading {', '.join(names) or 'none'}")
    known = pl.concat([known, new]).sort(_KEY)
    write_input(inputs, RESULTS, known)
    write_input(inputs, _UPLIFTS, experiments.shrunk_uplifts(lessons, assumed, chosen))
    later = _stored(settings, date.max)["experiment"].to_list()
    kept = new.filter(~pl.col("experiment").is_in(later))
    return known, kept.with_columns(pl.lit(settings.reporting_currency).alias(_CURRENCY))


def known_results(settings: Settings, as_of: date) -> pl.DataFrame:
    """Read the results in state by a day, in the reporting currency; the first reading holds."""
    return _stored(settings, as_of)


def _stored(settings: Settings, as_of: date) -> pl.DataFrame:
    rows = read_state(settings, RESULTS, {**_SCHEMA, _CURRENCY: pl.String()}, as_of)
    is_own = pl.col(_CURRENCY).fill_null(DEFAULT_CURRENCY) == settings.reporting_currency
    first = rows.filter(is_own).sort(COMMIT_SEQUENCE).unique(_KEY, keep="first")
    return conform(first, _SCHEMA).sort(_KEY)
