"""The settings of experiments: rows of ``seeds/parameters.csv`` that begin with ``experiment_``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self

PREFIX = "experiment_"


@dataclass(frozen=True)
class ExperimentSettings:
    """What the seeds say about experiments on a day; each field is a parameter ``experiment_...``.

    Args:
        arm_min_customers: Customers that each arm needs: in a stratum to stand alone, in an
            experiment to be judged.
        bootstrap_draws: Resamples behind the interval of the incremental margin, whole.
        measured_min_customers: Customers of each arm from which a cell speaks for itself.
        prior_weight: Customers that the parent cell's rate is worth in a cell.
    """

    arm_min_customers: float
    bootstrap_draws: float
    measured_min_customers: float
    prior_weight: float

    @classmethod
    def of(cls, parameters: Iterable[tuple[str, float]]) -> Self:
        """Take the settings from pairs of parameter and value, in any order; others are left."""
        values = {name.removeprefix(PREFIX): value for name, value in parameters}
        return cls(**{field.name: values[field.name] for field in fields(cls)})
