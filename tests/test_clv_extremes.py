"""Heavy buyers, long horizons, tiny and huge parameters, poles: right to 1e-9, never NaN."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from etl.clv.discounting import residual_orders_if_alive
from etl.clv.order_model import CANDIDATES
from tests import clv_references as references


@pytest.mark.parametrize("name", CANDIDATES)
def test_agrees_with_the_closed_forms_in_many_digits(name):
    for quantity, point, error in references.relative_errors(name, every=7):
        assert error < 1e-9, (quantity, point)


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_number_on_the_grid_is_one_that_can_be(name):
    histories = np.array(
        list(itertools.product(references.REPEAT_ORDERS, references.AGES)), dtype=float
    )
    x, age = histories.T
    horizons = np.tile(references.HORIZONS, (x.size, 1))
    for model in references.models(name):
        orders = model.orders_if_alive(x, age, horizons)
        chances = model.probability_of_order_if_alive(x, age, horizons)
        counts = model.order_counts_if_alive(x, age, 365.25, 5)
        residual = residual_orders_if_alive(model, x, age, 0.00026)
        assert orders.size == 120
        assert np.isfinite(orders).all()
        assert (orders > 0).all()
        assert (np.diff(orders, axis=1) >= 0).all()
        assert ((chances > 0) & (chances <= 1)).all()
        assert ((counts >= 0) & (counts <= 1)).all()
        assert np.isfinite(residual).all()
        assert (residual > 0).all()
        for share in references.RECENCY_SHARES:
            recency = np.where(x > 0, age * share, 0.0)
            alive = model.probability_alive(x, recency, age)
            assert ((alive >= 0) & (alive <= 1)).all()
            gap = model.lapse_gap(x, recency, 0.1)
            never = (x == 0) & (name == "bg_nbd")
            assert np.isnan(gap[never]).all()
            assert (gap[~never] >= 0).all()
