"""Win-back experiments: what an experiment found, and what it teaches.

Frames and numbers only.
"""

from etl.experiments.inputs import INPUT_SCHEMAS
from etl.experiments.reading import read_experiments
from etl.experiments.settings import ExperimentSettings
from etl.experiments.shrinkage import shrunk_uplifts

__all__ = [
    "INPUT_SCHEMAS",
    "ExperimentSettings",
    "read_experiments",
    "shrunk_uplifts",
]
