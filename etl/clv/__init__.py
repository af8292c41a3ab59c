"""Customer lifetime value: fit the models, forecast the orders. Frames and numbers only."""

from etl.clv.business_units import FitResult, fit_business_units
from etl.clv.closes import CLOSE_SCHEMAS
from etl.clv.contracts import (
    CONTRACT_SCHEMAS,
    contract_fit_in_force,
    contract_lookup,
    fit_contracts,
)
from etl.clv.errors import FitNotConverged, QuadratureError, SummaryError
from etl.clv.inputs import INPUT_SCHEMAS, STATE_SCHEMAS
from etl.clv.scoring import build_lookups
from etl.clv.segments import SegmentFit, outcome
from etl.clv.settings import ContractSettings, ValueSettings
from etl.clv.summaries import in_force

__all__ = [
    "CLOSE_SCHEMAS",
    "CONTRACT_SCHEMAS",
    "INPUT_SCHEMAS",
    "STATE_SCHEMAS",
    "ContractSettings",
    "FitNotConverged",
    "FitResult",
    "QuadratureError",
    "SegmentFit",
    "SummaryError",
    "ValueSettings",
    "build_lookups",
    "contract_fit_in_force",
    "contract_lookup",
    "fit_business_units",
    "fit_contracts",
    "in_force",
    "outcome",
]
