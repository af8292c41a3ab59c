"""What can go wrong between a purchase summary and a forecast."""

from __future__ import annotations

from enum import StrEnum

from etl.errors import LoyaltyError


class SummaryError(LoyaltyError):
    """A purchase summary contradicts itself; the query that made it is wrong."""

    default_code = "CLV_SUMMARY_INVALID"


class NoFit(StrEnum):
    """Why a likelihood has no maximum that can be trusted."""

    NOBODY_RETURNED = "nobody_returned"
    NO_SPEND = "no_spend"
    NOBODY_LEFT = "nobody_left"
    NO_DROPOUT = "no_dropout"
    RUNS_AWAY = "runs_away"
    FLAT = "flat"
    STILL_CLIMBING = "still_climbing"
    NO_MEAN = "no_mean"


class FitNotConverged(LoyaltyError):  # noqa: N818 - names the state
    """The likelihood has no maximum that can be trusted; the caller forecasts nothing.

    Args:
        what: What happened, with the figures.
        reason: The same as a code.
        where: Name of the model.
        log_likelihood: How far the climb got, where it began.
    """

    default_code = "CLV_NOT_CONVERGED"

    def __init__(
        self, what: str, *, reason: NoFit, where: str, log_likelihood: float = float("-inf")
    ) -> None:
        super().__init__(what, where=where)
        self.reason = reason
        self.log_likelihood = log_likelihood


class QuadratureError(LoyaltyError):
    """The parameters lie where the integral cannot be evaluated to the promised accuracy."""

    default_code = "CLV_QUADRATURE"
