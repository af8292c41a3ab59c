"""What can go wrong between a purchase summary and a forecast."""

from __future__ import annotations

from etl.errors import LoyaltyError


class SummaryError(LoyaltyError):
    """A purchase summary contradicts itself; the query that made it is wrong."""

    default_code = "CLV_SUMMARY_INVALID"


class FitNotConverged(LoyaltyError):  # noqa: N818 - names the state
    """The likelihood has no maximum that can be trusted; the caller forecasts nothing."""

    default_code = "CLV_NOT_CONVERGED"


class QuadratureError(LoyaltyError):
    """The parameters lie where the integral cannot be evaluated to the promised accuracy."""

    default_code = "CLV_QUADRATURE"
