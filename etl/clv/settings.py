"""The settings of the value models: rows of ``seeds/parameters.csv`` that begin with ``clv_``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self

PREFIX = "clv_"


@dataclass(frozen=True)
class _Seeded:
    """Settings of which each field is a parameter ``clv_...`` of the seeds."""

    @classmethod
    def of(cls, parameters: Iterable[tuple[str, float]]) -> Self:
        """Take the settings from pairs of parameter and value, in any order; others are left."""
        values = {name.removeprefix(PREFIX): value for name, value in parameters}
        return cls(**{field.name: values[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class ValueSettings(_Seeded):
    """What the seeds say about the value models on a day; each field is a parameter ``clv_...``.

    Args:
        discount_rate_annual: Per year, 0.1 is 10 %; above -0.99.
        gate_frequent_orders: Days with an order that make a customer a frequent one.
        gate_max_silence_days: Days since anybody's last order, at most.
        gate_min_buyers: Customers with an order, at least.
        gate_min_history_days: Days from the first order to the cutoff, at least.
        lapse_probability: P(alive) at which a customer counts as lapsed, between 0 and 1.
        rmse_tolerance: Share of the smallest backtest error within which models are equal.
        unit_average_min_customers: Fewer customers than this have no unit average.
        unit_average_window_days: Days behind the cutoff whose orders make the unit average.
        weak_standard_error: Share of an estimate from which its standard error is a caveat.
    """

    discount_rate_annual: float
    gate_frequent_orders: float
    gate_max_silence_days: float
    gate_min_buyers: float
    gate_min_history_days: float
    lapse_probability: float
    rmse_tolerance: float
    unit_average_min_customers: float
    unit_average_window_days: float
    weak_standard_error: float


@dataclass(frozen=True)
class ContractSettings(_Seeded):
    """What the seeds say about renewals of contracts on a day; fields as :class:`ValueSettings`.

    Args:
        contract_period_months: Months from one renewal of a contract to the next, whole.
        contract_min_contracts: Fewer contracts than this are not fitted.
        contract_min_lost: Fewer contracts that missed a renewal than this are not fitted.
        discount_rate_annual: Per year, 0.1 is 10 %; above -0.99.
    """

    contract_period_months: float
    contract_min_contracts: float
    contract_min_lost: float
    discount_rate_annual: float
