"""Renewals of contracts: gate, sBG fit, and what a running contract is expected to renew.

A contract is renewed once a period. Those that ended are lost at the renewal they did not make,
and only once that day has come: before it, the contracts beside them that will not renew either
are not known yet, and counting the early ones alone would make every contract look worse.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from etl.clv.arrays import floats_of
from etl.clv.discounting import DAYS_PER_YEAR
from etl.clv.errors import FitNotConverged
from etl.clv.fit import Fit, fit_sbg
from etl.clv.inputs import stored, stored_columns, typed
from etl.clv.sbg import Sbg
from etl.clv.settings import ContractSettings
from etl.clv.sufficiency import Verdict

SBG = "sbg"
HORIZON_RENEWALS = 10

# One row per fit. Renewals are counted, so no fit depends on a currency.
FITS: dict[str, pl.DataType] = {
    "run_cutoff_on": pl.Date(),
    "in_force_from": pl.Date(),
    "period_months": pl.Int64(),
    "model": pl.String(),
    "sufficiency": pl.String(),
    "sufficiency_code": pl.String(),
    "sufficiency_reason": pl.String(),
    "contracts": pl.Int64(),
    "lost_contracts": pl.Int64(),
    "alpha": pl.Float64(),
    "beta": pl.Float64(),
    "alpha_standard_error": pl.Float64(),
    "beta_standard_error": pl.Float64(),
    "log_likelihood": pl.Float64(),
}

# One row per distinct pair of periods survived and days to the next renewal.
LOOKUP: dict[str, pl.DataType] = {
    "run_cutoff_on": pl.Date(),
    "periods_survived": pl.Int64(),
    "days_to_renewal": pl.Int64(),
    "p_renewal_next": pl.Float64(),
    "expected_renewals_10": pl.Float64(),
    "discounted_renewals": pl.Float64(),
}

CONTRACT_SCHEMAS = {"contract_fits": FITS, "contract_lookup": LOOKUP}


def fit_contracts(terms: pl.DataFrame, cutoff_on: date, settings: ContractSettings) -> pl.DataFrame:
    """Judge and fit all contracts together.

    Args:
        terms: ``periods_survived`` (>= 0), ``is_renewal_missed`` and the number of ``contracts``
            so; other columns are left.
        cutoff_on: Last day of the data.
        settings: Gate and length of a period in force.

    Returns:
        One row in the schema of ``contract_fits``; its model is ``none`` below the gate and where
        the likelihood has no maximum.
    """
    missed = pl.col("contracts").filter("is_renewal_missed").sum()
    total, lost = terms.select(pl.col("contracts").sum(), lost=missed).row(0)
    verdict, fit = _fitted(terms, _judged(total, lost, settings))
    row = {
        "run_cutoff_on": cutoff_on,
        "in_force_from": cutoff_on,
        "period_months": int(settings.contract_period_months),
        "model": SBG if fit else "none",
        "sufficiency": verdict.sufficiency,
        "sufficiency_code": verdict.code,
        "sufficiency_reason": verdict.reason,
        "contracts": total,
        "lost_contracts": lost,
        **_estimates(fit),
    }
    return pl.DataFrame([row], schema=FITS)


def contract_fit_in_force(fits: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """Return the latest fit that began by a day: one row, or none before the first."""
    begun = fits.filter(pl.col("in_force_from") <= as_of_on)
    return begun.sort("in_force_from", "run_cutoff_on").tail(1)


def contract_lookup(
    terms: pl.DataFrame, in_force: pl.DataFrame, settings: ContractSettings
) -> pl.DataFrame:
    """Forecast the renewals of each distinct running contract with the fit in force.

    Args:
        terms: ``state``, ``periods_survived`` and ``days_to_renewal`` (days, > 0).
        in_force: Schema ``contract_fits``, at most one row.
        settings: Discount rate per year and length of a period.

    Returns:
        Schema ``contract_lookup``: ``p_renewal_next`` (0 to 1), the renewals expected of the next
        ten, and all of them without end, discounted from the day each is due to the as-of date;
        null where the discount rate is not above zero. No rows without a model.

    Source:
        Fader and Hardie (2010), discounted expected residual lifetime, from the next renewal on.
    """
    keys = terms.filter(pl.col("state") == "running").select("periods_survived", "days_to_renewal")
    keys = keys.unique().sort(pl.all())
    fit = in_force.filter(pl.col("model") == SBG)
    if fit.is_empty() or keys.is_empty():
        return typed([], LOOKUP)
    model = Sbg(fit["alpha"].item(), fit["beta"].item())
    made, days = floats_of(keys, "periods_survived"), floats_of(keys, "days_to_renewal")
    ten = model.discounted_renewals(made, np.full((made.size, 1), float(HORIZON_RENEWALS)), 0.0)
    found = keys.with_columns(
        pl.lit(fit["run_cutoff_on"].item()).alias("run_cutoff_on"),
        pl.Series("p_renewal_next", model.renewal_probability(made)),
        pl.Series("expected_renewals_10", ten[:, 0]),
        pl.lit(None, pl.Float64).alias("discounted_renewals"),
    )
    annual = settings.discount_rate_annual
    if annual > 0.0:
        rate = (1.0 + annual) ** (settings.contract_period_months / 12.0) - 1.0
        due = model.discounted_renewals(made, np.full((made.size, 1), np.inf), rate)[:, 0]
        worth = due * (1.0 + annual) ** (-days / DAYS_PER_YEAR)
        found = found.with_columns(pl.Series("discounted_renewals", worth))
    return typed([stored_columns(found)], LOOKUP)


def _judged(contracts: int, lost: int, settings: ContractSettings) -> Verdict:
    """Apply the gate; the first rule that fails gives the reason."""
    fewest, fewest_lost = settings.contract_min_contracts, settings.contract_min_lost
    if contracts < fewest:
        reason = f"{contracts} contracts, at least {fewest:.0f} are needed."
        return Verdict("insufficient", "too_few_contracts", reason)
    if lost < fewest_lost:
        reason = f"{lost} contracts missed a renewal, at least {fewest_lost:.0f} are needed."
        return Verdict("insufficient", "too_few_lost", reason)
    reason = f"{contracts} contracts, of which {lost} missed a renewal."
    return Verdict("sufficient", "enough_contracts", reason)


def _fitted(terms: pl.DataFrame, verdict: Verdict) -> tuple[Verdict, Fit[Sbg] | None]:
    if verdict.sufficiency == "insufficient":
        return verdict, None
    try:
        return verdict, fit_sbg(_weights(terms))
    except FitNotConverged as error:
        return Verdict("insufficient", "not_converged", error.what), None


def _weights(terms: pl.DataFrame) -> pl.DataFrame:
    """Return contracts by renewals made, as :func:`etl.clv.sbg.arrange_contracts` takes them."""
    count = pl.col("contracts")
    return terms.group_by(renewals="periods_survived").agg(
        lost_customers=count.filter("is_renewal_missed").sum(),
        active_customers=count.filter(~pl.col("is_renewal_missed")).sum(),
    )


def _estimates(fit: Fit[Sbg] | None) -> dict[str, Any]:
    if fit is None:
        return {}
    alpha_error, beta_error = fit.maximum.standard_errors.tolist()
    return {
        "alpha": fit.model.alpha,
        "beta": fit.model.beta,
        "alpha_standard_error": stored(alpha_error),
        "beta_standard_error": stored(beta_error),
        "log_likelihood": stored(fit.maximum.log_likelihood),
    }
