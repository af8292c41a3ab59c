"""The renewals of contracts between two dbt calls: their fit, and what dbt reads back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from etl import clv
from etl.config import Settings
from etl.lake.snapshot import write_input
from etl.state import last_stated
from etl.warehouse.database import frame, open_build, statement
from etl.warehouse.transform import Progress
from etl.warehouse.values import is_month_end

CONTRACT_FITS = "contract_fits"
_SCHEMA = clv.CONTRACT_SCHEMAS[CONTRACT_FITS]


def fit_renewals(
    settings: Settings, inputs: Path, as_of: date, progress: Progress, *, refit: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fit the renewals if that is due and write what dbt reads of them on this day.

    Due is the first fit, one at a month's end, one on request, and one after the length of a
    period has changed. Without a contract there is nothing to fit.

    Args:
        inputs: Folder that dbt reads.
        refit: Fit again even if a fit is in force.

    Returns:
        All fits known on the day, and the new one of them, to be kept in state.
    """
    known = known_fits(settings, as_of)
    with open_build(settings) as build:
        terms = frame(build, statement("read_contract_terms"))
        parameters = frame(build, statement("read_clv_parameters"))
    contracts = clv.ContractSettings.of(parameters.iter_rows())
    new = known.clear()
    if terms.height and (refit or _is_due(known, as_of, contracts)):
        new = clv.fit_contracts(terms, as_of, contracts)
        progress(f"contracts: {new['model'].item()}. {new['sufficiency_reason'].item()}")
        others = known.filter(pl.col("run_cutoff_on") != as_of)
        known = pl.concat([others, new]).sort("run_cutoff_on")
    in_force = clv.contract_fit_in_force(known, as_of)
    write_input(inputs, CONTRACT_FITS, known)
    write_input(inputs, "contract_lookup", clv.contract_lookup(terms, in_force, contracts))
    return known, new


def known_fits(settings: Settings, as_of: date) -> pl.DataFrame:
    """Read the fits in state by a day, sorted; a refit of the same day replaces the one before."""
    return last_stated(settings, CONTRACT_FITS, _SCHEMA, as_of, ["run_cutoff_on"])


def _is_due(known: pl.DataFrame, as_of: date, settings: clv.ContractSettings) -> bool:
    fit = clv.contract_fit_in_force(known, as_of)
    if fit.is_empty() or fit["period_months"].item() != settings.contract_period_months:
        return True
    return is_month_end(as_of) and fit["run_cutoff_on"].item() != as_of
