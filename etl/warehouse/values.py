"""The value models between two dbt calls: which units are due, their fit, and what dbt reads back.

What was fitted is kept in state and holds until the next fit; the lookups of the day's customers
are made in every build.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from etl import clv
from etl.config import DEFAULT_CURRENCY, Settings
from etl.lake.snapshot import write_input
from etl.state import COMMIT_SEQUENCE, read_state
from etl.warehouse.database import frame, open_build, statement
from etl.warehouse.transform import Progress

_RUN = ["business_unit", "run_cutoff_on"]
_CURRENCY = "reporting_currency"

Fits = dict[str, pl.DataFrame]


def fit_values(
    settings: Settings, inputs: Path, as_of: date, progress: Progress, *, refit: bool
) -> tuple[Fits, Fits]:
    """Fit what is due and write the CLV inputs of this day.

    Args:
        inputs: Folder that dbt reads.
        refit: Fit again even if a fit is in force.

    Returns:
        All fits known on the day, and those of them that are new, to be kept in state.
    """
    stored = stored_fits(settings, as_of)
    with open_build(settings) as build:
        summaries = frame(build, statement("read_clv_summaries"))
        values = clv.ValueSettings.of(frame(build, statement("read_clv_parameters")).iter_rows())
        due = _units_due(summaries, stored["clv_models"], as_of, refit=refit)
        # As long as the summaries, and only a fit looks at them.
        calibrations = frame(build, statement("read_clv_calibrations"), business_units=due)
    progress(f"value models: fitting {', '.join(due) or 'none, parameters are in force'}")
    to_fit = summaries.filter(pl.col("business_unit").is_in(due))
    fitted = clv.fit_business_units(to_fit, calibrations, as_of, values)
    for fit in fitted.fits:
        progress(f"value models: {clv.outcome(fit)}")
    known = _superseded(stored, fitted.state)
    lookups = clv.build_lookups(
        summaries, known["clv_models"], known["clv_parameters"], as_of, values
    )
    for name, rows in (known | lookups).items():
        write_input(inputs, name, rows)
    return known, _in_currency(fitted.state, settings.reporting_currency)


def stored_fits(settings: Settings, as_of: date, before: int | None = None) -> Fits:
    """Read the fits in state by a day that were made in the reporting currency, sorted.

    Spend in another currency says nothing here. A refit of the same day replaces the one before.
    Fits from before there were segments are left aside: their units count as never fitted.

    Args:
        before: Read only what was committed before this commit of the state.
    """
    is_own = pl.col(_CURRENCY).fill_null(DEFAULT_CURRENCY) == settings.reporting_currency
    found = {}
    for name, schema in clv.STATE_SCHEMAS.items():
        rows = read_state(settings, name, {**schema, _CURRENCY: pl.String()}, as_of)
        own = rows.filter(is_own & pl.col("model_segment").is_not_null())
        own = own if before is None else own.filter(pl.col(COMMIT_SEQUENCE) < before)
        found[name] = own.select(*schema, COMMIT_SEQUENCE)
    last = found["clv_models"].group_by(_RUN).agg(pl.col(COMMIT_SEQUENCE).max())
    return {
        name: rows.join(last, on=[*_RUN, COMMIT_SEQUENCE], how="semi")
        .drop(COMMIT_SEQUENCE)
        .sort(pl.all())
        for name, rows in found.items()
    }


def _units_due(
    summaries: pl.DataFrame, models: pl.DataFrame, as_of: date, *, refit: bool
) -> list[str]:
    """Business units to fit: those without a fit, and all of them at month end or on request."""
    current = clv.in_force(models, as_of)
    if is_month_end(as_of):
        current = current.filter(pl.col("run_cutoff_on") == as_of)
    if refit:
        current = current.clear()
    return sorted(set(summaries["business_unit"]) - set(current["business_unit"]))


def is_month_end(day: date) -> bool:
    """Whether everything that is fitted is fitted anew on this day."""
    return (day + timedelta(days=1)).day == 1


def _superseded(stored: Fits, fitted: Fits) -> Fits:
    """Put newly fitted rows in the place of stored ones of the same unit and cutoff, sorted."""
    runs = fitted["clv_models"].select(_RUN).unique()
    return {
        name: pl.concat([rows.join(runs, on=_RUN, how="anti"), fitted[name]]).sort(pl.all())
        for name, rows in stored.items()
    }


def _in_currency(fits: Fits, currency: str) -> Fits:
    """Write on each fit in which currency its spend was, as state keeps it."""
    return {
        name: rows.with_columns(pl.lit(currency).alias(_CURRENCY)) for name, rows in fits.items()
    }
