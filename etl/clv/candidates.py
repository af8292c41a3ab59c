"""Fit the candidates on a set of histories; what does not converge is left out with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from etl.clv.errors import FitNotConverged, QuadratureError
from etl.clv.fit import Fit, fit_orders
from etl.clv.order_model import OrderModel

Fits = dict[str, Fit[OrderModel]]


@dataclass(frozen=True)
class Candidates:
    """Fitted candidates.

    Args:
        fits: By name, those that converged and can forecast.
        failures: By name, why the others did not.
    """

    fits: Fits
    failures: dict[str, str]


def fit_candidates(names: Sequence[str], triples: pl.DataFrame) -> Candidates:
    """Fit each candidate.

    Args:
        names: Of :data:`etl.clv.order_model.ORDER_MODELS`.
        triples: As :func:`etl.clv.fit.fit_orders` takes them.
    """
    fits: Fits = {}
    failures: dict[str, str] = {}
    for name in names:
        try:
            fit = fit_orders(name, triples)
            _try_forecast(fit.model, triples)
            fits[name] = fit
        except (FitNotConverged, QuadratureError) as error:
            failures[name] = error.what
    return Candidates(fits, failures)


def _try_forecast(model: OrderModel, triples: pl.DataFrame) -> None:
    """Forecast the heaviest buyer, the hardest row: parameters that fail here are no model."""
    heaviest = np.array([float(triples.select(pl.col("repeat_orders").max()).item())])
    model.orders_if_alive(heaviest, np.zeros(1), np.array([[365.25, 36525.0]]))
