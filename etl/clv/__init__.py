"""Customer lifetime value: fit the models, forecast the orders. Frames and numbers only."""

from etl.clv.business_units import (
    FitResult,
    UnitReport,
    build_lookup,
    fit_business_units,
    in_force,
)
from etl.clv.errors import FitNotConverged, QuadratureError, SummaryError
from etl.clv.inputs import INPUT_SCHEMAS

__all__ = [
    "INPUT_SCHEMAS",
    "FitNotConverged",
    "FitResult",
    "QuadratureError",
    "SummaryError",
    "UnitReport",
    "build_lookup",
    "fit_business_units",
    "in_force",
]
