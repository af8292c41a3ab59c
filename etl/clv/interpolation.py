"""A smooth function held as its values at fixed nodes: read it between them, or integrate it.

The nodes are those of Gauss and Legendre on [0, 1], [1, 2] and so on. On each panel the function
is the polynomial through its nodes, so a reading and an integral up to a point are both a fixed
row of weights times the values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre

from etl.clv.arrays import FloatArray, IndexArray

# Sixteen nodes leave 1e-13 of a function that is analytic as far out as a panel is wide.
_ORDER = 16
_PLACES, _GAUSS = legendre.leggauss(_ORDER)
# Values at the nodes of one panel to coefficients of Legendre polynomials.
_DEGREES = np.arange(_ORDER)
_TO_SERIES = (_DEGREES[:, None] + 0.5) * (
    legendre.legvander(_PLACES, _ORDER - 1) * _GAUSS[:, None]
).T


@dataclass(frozen=True)
class Panels:
    """Unit panels from 0 to ``count``; functions on them are given by their values at ``nodes``."""

    count: int

    @property
    def nodes(self) -> FloatArray:
        """Nodes in ascending order."""
        starts = np.arange(float(self.count))[:, None]
        nodes: FloatArray = (starts + (_PLACES + 1.0) / 2.0).ravel()
        return nodes

    @property
    def weights(self) -> FloatArray:
        """Weights of the values in the integral over all panels."""
        return np.tile(_GAUSS / 2.0, self.count)

    def readings(self, points: FloatArray) -> FloatArray:
        """Weights of the values in the function at each point, one row per point.

        Args:
            points: Between 0 and ``count``.
        """
        panel, place = self._located(points)
        return self._placed(panel, legendre.legvander(place, _ORDER - 1) @ _TO_SERIES)

    def integrals(self, points: FloatArray) -> FloatArray:
        """Weights of the values in the integral from 0 to each point, one row per point.

        Args:
            points: Between 0 and ``count``.

        Source:
            Integral of a Legendre polynomial: (P_{m+1} - P_{m-1}) / (2m + 1).
        """
        panel, place = self._located(points)
        series = legendre.legvander(place, _ORDER)
        before = np.column_stack([-np.ones_like(place), series[:, : _ORDER - 1]])
        risen = (series[:, 1:] - before) / (2.0 * _DEGREES + 1.0)
        begun = self._placed(panel, risen @ _TO_SERIES / 2.0)
        passed = np.repeat(np.arange(self.count) < panel[:, None], _ORDER, axis=1)
        result: FloatArray = np.where(passed, self.weights, begun)
        return result

    def _located(self, points: FloatArray) -> tuple[IndexArray, FloatArray]:
        """Panel of each point, and its place there between -1 and 1."""
        panel = np.clip(points.astype(np.intp), 0, self.count - 1)
        return panel, 2.0 * (points - panel) - 1.0

    def _placed(self, panel: IndexArray, weights: FloatArray) -> FloatArray:
        """Rows of weights of one panel each, put where its nodes are; zero elsewhere."""
        result = np.zeros((panel.size, self.count, _ORDER))
        result[np.arange(panel.size), panel] = weights
        return result.reshape(panel.size, -1)
