"""The array types of the numeric modules, and the small steps they share."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

# From here on the first terms of Stirling's series give every digit.
_STIRLING = 30.0

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]


def weighted_sum(weights: FloatArray, values: FloatArray) -> float:
    """Sum of products, added pairwise on one thread.

    A BLAS product of long vectors splits over threads: it spends processor time on waiting, and
    its last digits depend on how many there are.
    """
    return float(np.multiply(weights, values).sum())


def floats_of(frame: pl.DataFrame, column: str) -> FloatArray:
    """Return a column as an array of doubles."""
    return frame.get_column(column).cast(pl.Float64).to_numpy()


def softplus(value: FloatArray) -> FloatArray:
    """ln(1 + e^value) without overflow; several times faster than numpy's logaddexp."""
    result: FloatArray = np.maximum(value, 0.0) + np.log1p(np.exp(-np.abs(value)))
    return result


def trigamma(value: FloatArray | float) -> FloatArray:
    """Second derivative of the logarithm of the gamma function."""
    result: FloatArray = special.polygamma(1, value)
    return result


def log_beta(first: float, second: FloatArray) -> FloatArray:
    """Ln B(first, second) to all digits, however large ``second`` is.

    Where it is large, ln Gamma(second + first) - ln Gamma(second) is taken as one difference of
    Stirling's series: the two would cancel.
    """
    large = np.maximum(second, _STIRLING)
    both = large + first
    rise = (large - 0.5) * np.log1p(first / large) + first * (np.log(both) - 1.0)
    rise += _stirling_rest(both) - _stirling_rest(large)
    result: FloatArray = np.where(
        second < _STIRLING, special.betaln(first, second), special.gammaln(first) - rise
    )
    return result


def _stirling_rest(value: FloatArray) -> FloatArray:
    inverse = 1.0 / value
    square = inverse * inverse
    result: FloatArray = inverse * (
        1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))
    )
    return result


def mirrored(lower: FloatArray) -> FloatArray:
    """Return the symmetric matrix with this lower triangle."""
    result: FloatArray = np.tril(lower) + np.tril(lower, -1).T
    return result


def sums_by(index: IndexArray, values: FloatArray, size: int) -> FloatArray:
    """Sum of the values that share an index, for each index below ``size``."""
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


def distinct_pairs(
    first: FloatArray, second: FloatArray
) -> tuple[FloatArray, FloatArray, IndexArray]:
    """Return the distinct pairs, sorted, and for each row where its pair stands among them."""
    rows = pl.DataFrame({"first": first, "second": second})
    pairs = rows.unique().sort("first", "second").with_row_index("position")
    index = rows.join(pairs, on=["first", "second"], how="left", maintain_order="left")
    return (
        pairs.get_column("first").to_numpy(),
        pairs.get_column("second").to_numpy(),
        index.get_column("position").to_numpy().astype(np.intp),
    )
