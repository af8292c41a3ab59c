"""The settings of the value models: rows of ``seeds/parameters.csv`` that begin with ``clv_``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

PREFIX = "clv_"


@dataclass(frozen=True)
class ValueSettings:
    """What the seeds say about the value models on a day; each field is a parameter ``clv_...``.

    Args:
        discount_rate_annual: Per year, 0.1 is 10 %; above -0.99.
        lapse_probability: P(alive) at which a customer counts as lapsed, between 0 and 1.
        rmse_tolerance: Share of the smallest backtest error within which models are equal.
        unit_average_min_customers: Fewer customers than this have no unit average.
        unit_average_window_days: Days behind the cutoff whose orders make the unit average.
        weak_standard_error: Share of an estimate from which its standard error is a caveat.
    """

    discount_rate_annual: float
    lapse_probability: float
    rmse_tolerance: float
    unit_average_min_customers: float
    unit_average_window_days: float
    weak_standard_error: float

    @classmethod
    def of(cls, parameters: Iterable[tuple[str, float]]) -> ValueSettings:
        """Take the settings from pairs of parameter and value, in any order; others are left."""
        values = {name.removeprefix(PREFIX): value for name, value in parameters}
        return cls(**{field.name: values[field.name] for field in fields(cls)})
