"""The array types of the numeric modules, and the one way they add up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]


def weighted_sum(weights: FloatArray, values: FloatArray) -> float:
    """Sum of products, added pairwise on one thread.

    A BLAS product of long vectors splits over threads: it spends processor time on waiting, and
    its last digits depend on how many there are.
    """
    return float(np.multiply(weights, values).sum())
