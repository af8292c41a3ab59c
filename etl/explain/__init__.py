"""Why a customer stands where they stand, as the served release says it.

Reads only: every number, rule and threshold was decided by dbt and stands in a mart.
"""

from etl.explain.explaining import Explanation, explain

__all__ = ["Explanation", "explain"]
