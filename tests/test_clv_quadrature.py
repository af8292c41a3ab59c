"""Averages over the drop-out probability: known means, and parameters beyond the rule."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from etl.clv.bg_nbd import BgNbd
from etl.clv.errors import QuadratureError
from etl.clv.quadrature import Nodes, mean_over_dropout
from tests.clv_samples import PUBLISHED_IN_DAYS


def if_alive(params: BgNbd, x: float, age: float, horizon: float) -> float:
    history = np.array([float(x)]), np.array([float(age)])
    return float(params.orders_if_alive(*history, np.array([[float(horizon)]]))[0, 0])


@pytest.mark.parametrize(("a", "b"), [(0.8, 2.4), (0.05, 0.05), (40.0, 900.0), (1.0, 1e5)])
def test_means_of_powers_are_those_of_the_beta_distribution(a, b):
    chances = np.array([0.0, 3.0, 500.0])

    def powers(nodes: Nodes, rows: np.ndarray) -> Iterator[np.ndarray]:
        for power in (1.0, 2.0):
            yield np.broadcast_to(nodes.p**power, (rows.size, nodes.p.size))

    found = mean_over_dropout(a, b, chances, powers, columns=2)
    total = a + b + chances
    assert found[:, 0] == pytest.approx(a / total, rel=1e-9)
    assert found[:, 1] == pytest.approx(a * (a + 1) / (total * (total + 1)), rel=1e-9)


def test_no_time_brings_no_order():
    assert if_alive(PUBLISHED_IN_DAYS, 4, 100, 0) == 0.0


def test_parameters_beyond_the_rule_are_refused():
    with pytest.raises(QuadratureError, match="do not sum to one"):
        if_alive(BgNbd(r=1.0, alpha=10.0, a=1e7, b=1e9), 5, 100, 365)
