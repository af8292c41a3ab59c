"""What an order brings: Gamma-Gamma where it can be fitted, else everyone's mean purchase day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from etl.clv.arrays import FloatArray
from etl.clv.errors import FitNotConverged
from etl.clv.fit import Fit, fit_gamma_gamma
from etl.clv.gamma_gamma import GammaGamma, expected_spend
from etl.clv.summaries import counted
from etl.clv.unit_average import mean_spend

GAMMA_GAMMA, UNIT_MEAN = "gamma_gamma", "unit_mean"


@dataclass(frozen=True)
class Spend:
    """The spend model of some customers.

    Args:
        fit: The fitted Gamma-Gamma, None where it cannot be used.
        unit_mean: Mean purchase day that left money, where it stands in; None where none did.
        failure: Why Gamma-Gamma cannot be used, empty where it can.
    """

    fit: Fit[GammaGamma] | None
    unit_mean: float | None
    failure: str

    @property
    def name(self) -> str | None:
        """Name of the spend model, None without any."""
        if self.fit:
            return GAMMA_GAMMA
        return None if self.unit_mean is None else UNIT_MEAN

    def order_value(self, occasions: FloatArray, spend: FloatArray) -> FloatArray:
        """Spend to expect of an order, money; NaN without a spend model.

        Args:
            occasions: Repeat days that left money.
            spend: Their mean, money; any finite value where there are none.
        """
        if self.fit:
            return expected_spend(self.fit.model, occasions, spend)
        value = np.nan if self.unit_mean is None else self.unit_mean
        return np.full(occasions.size, value)


def fit_spend(rows: pl.DataFrame) -> Spend:
    """Fit Gamma-Gamma, or take the mean.

    Args:
        rows: One row per customer: ``spend_occasions``, ``mean_spend``, ``first_spend`` (money).
    """
    spent = rows.filter(pl.col("spend_occasions") > 0)
    try:
        fit = fit_gamma_gamma(counted(spent, "spend_occasions", "mean_spend"))
    except FitNotConverged as error:
        return Spend(None, mean_spend(rows), error.what)
    return Spend(fit, None, "")
