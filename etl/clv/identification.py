"""Whether the data determine the parameters of a fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from etl.clv.fit import Fit

# Of the published parameters those of the rate of ordering; the others are of the drop-out.
_ORDERING = ("r", "alpha")


def weakly_identified(fit: Fit[Any], limit: float) -> str | None:
    """Say which parameters are hardly determined; None where all are.

    Args:
        fit: The order model that forecasts.
        limit: Share of an estimate that its standard error may reach.
    """
    weak = {
        field.name: f"{field.name} = {estimate:.3g} +- {error:.3g}"
        for field, estimate, error in zip(
            fields(fit.model), fit.maximum.estimates, fit.maximum.standard_errors, strict=True
        )
        # An error that is no number determines nothing.
        if not error <= limit * estimate
    }
    return " ".join(_sentences(weak)) or None


def _sentences(weak: dict[str, str]) -> Iterator[str]:
    ordering = ", ".join(text for name, text in weak.items() if name in _ORDERING)
    leaving = ", ".join(text for name, text in weak.items() if name not in _ORDERING)
    if ordering:
        yield f"The rate of ordering is hardly determined: {ordering}; every forecast leans on it."
    if leaving:
        yield (
            f"The rate of drop-out is hardly determined: {leaving}; forecasts beyond the history"
            " lean on it."
        )
