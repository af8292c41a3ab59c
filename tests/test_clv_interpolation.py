"""Functions held at nodes: what is read between them and integrated up to a point."""

from __future__ import annotations

import numpy as np
import pytest

from etl.clv.interpolation import Panels

PANELS = Panels(5)
POINTS = np.array([0.0, 1e-9, 0.3, 1.0, 2.5, 3.999, 4.0, 5.0])
FUNCTIONS = {
    "one": (np.ones_like, lambda v: v),
    "saturating": (lambda v: 1 - np.exp(-v), lambda v: v + np.exp(-v) - 1),
    "bend": (lambda v: 1 / (2 + np.exp(v)), lambda v: (v - np.log((2 + np.exp(v)) / 3)) / 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_reading_is_the_function(name):
    function, _ = FUNCTIONS[name]
    found = PANELS.readings(POINTS) @ function(PANELS.nodes)
    assert found == pytest.approx(function(POINTS), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_integral_runs_from_zero_to_the_point(name):
    function, integral = FUNCTIONS[name]
    found = PANELS.integrals(POINTS) @ function(PANELS.nodes)
    assert found == pytest.approx(integral(POINTS), rel=1e-13, abs=1e-13)


def test_the_weights_are_the_integral_to_the_end():
    end = PANELS.integrals(np.array([5.0]))[0]
    assert PANELS.weights == pytest.approx(end, abs=1e-14)


def test_a_point_on_an_edge_reads_the_same_from_both_sides():
    values = np.cos(PANELS.nodes)
    below, on = PANELS.readings(np.array([np.nextafter(3.0, 0.0), 3.0])) @ values
    assert below == pytest.approx(on, rel=1e-13)
