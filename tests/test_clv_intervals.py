"""Quantiles of a customer's spend: against simulated customers, and where exactly known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from scipy import special

from etl.clv.arrays import FloatArray
from etl.clv.bg_nbd import BgNbd
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.intervals import spend_quantile_factors
from etl.clv.mbg_nbd import MbgNbd
from etl.clv.pareto_nbd import ParetoNbd
from tests.clv_samples import PUBLISHED_IN_DAYS, PUBLISHED_SPEND

DRAWS = 1_000_000
MBG_NBD = MbgNbd(0.52484, 6.18308 * 7, 0.89136, 1.61400)
PARETO_NBD = ParetoNbd(0.5533, 10.5777 * 7, 0.6062, 11.6687 * 7)
# A grocer's customers: often, and hardly any of them ever stops.
FREQUENT = MbgNbd(1.41, 9.67, 0.195, 278.0)
FREQUENT_SPEND = GammaGamma(0.45, 3.9, 237.0)


@dataclass(frozen=True)
class FixedCounts:
    """A model in which every active customer places the same number of orders."""

    orders: int

    def orders_if_alive(self, x: FloatArray, age: FloatArray, horizon: FloatArray) -> FloatArray:
        return np.full(horizon.shape, float(self.orders))

    def order_counts_if_alive(
        self, x: FloatArray, age: FloatArray, horizon: float, largest: int
    ) -> FloatArray:
        return np.tile(np.arange(largest + 1) == self.orders, (x.size, 1)).astype(np.float64)


def factors(model, rows: list[tuple[int, int, int, float]], spend=PUBLISHED_SPEND) -> pl.DataFrame:
    schema = ["repeat_orders", "age_days", "spend_occasions", "p_alive"]
    return spend_quantile_factors(model, spend, pl.DataFrame(rows, schema=schema, orient="row"))


def pairs(model, rows, spend=PUBLISHED_SPEND) -> list[tuple[float, float]]:
    return factors(model, rows, spend).select("spend_p10_factor", "spend_p90_factor").rows()


def simulated(
    model: BgNbd | MbgNbd | ParetoNbd,
    x: int,
    age: int,
    occasions: int,
    alive: float,
    spend: GammaGamma = PUBLISHED_SPEND,
) -> FloatArray:
    """Spends of one customer in a year, over gamma + x m, drawn from the story of the models."""
    random = np.random.default_rng(7)
    rate = random.gamma(model.r + x, 1 / (model.alpha + age), DRAWS)
    if isinstance(model, ParetoNbd):
        lost_rate = random.gamma(model.s, 1 / (model.beta + age), DRAWS)
        days = np.minimum(random.exponential(1.0, DRAWS) / lost_rate, 365.25)
        orders = random.poisson(rate * days)
    else:
        survivals = model.b + x + (1 if isinstance(model, MbgNbd) else 0)
        dropout = random.beta(model.a, survivals, DRAWS)
        orders = np.minimum(random.poisson(rate * 365.25), random.geometric(dropout))
    orders[random.random(DRAWS) > alive] = 0
    customer_rate = random.gamma(spend.q + spend.p * occasions, 1.0, DRAWS)
    return np.where(
        orders > 0, random.gamma(np.maximum(spend.p * orders, 1e-9)) / customer_rate, 0.0
    )


@pytest.mark.parametrize(
    "model", [PUBLISHED_IN_DAYS, MBG_NBD, PARETO_NBD], ids=lambda model: model.name
)
@pytest.mark.parametrize(
    "history", [(0, 10, 0, 1.0), (3, 300, 3, 0.95), (40, 400, 38, 0.99), (150, 700, 150, 0.4)]
)
def test_quantiles_are_those_of_simulated_customers(model, history):
    spends = simulated(model, *history)
    low, high = pairs(model, [history])[0]
    # How many simulated customers spend no more must be the quantile's own chance.
    assert (spends <= high).mean() == pytest.approx(0.9, abs=0.0015)
    if low > 0:
        assert (spends <= low).mean() == pytest.approx(0.1, abs=0.0015)
    else:
        assert (spends == 0).mean() >= 0.1


@pytest.mark.parametrize("alive", [1.0, 0.97])
@pytest.mark.parametrize(("orders", "age"), [(30, 400), (120, 700), (300, 800)])
def test_quantiles_of_frequent_buyers_are_as_exact(orders, age, alive):
    """Between one order and as many as are placed lie many deviations of what a year brings."""
    history = (orders, age, orders, alive)
    spends = simulated(FREQUENT, *history, FREQUENT_SPEND)
    low, high = pairs(FREQUENT, [history], FREQUENT_SPEND)[0]
    assert (spends <= low).mean() == pytest.approx(0.1, abs=0.0015)
    assert (spends <= high).mean() == pytest.approx(0.9, abs=0.0015)


def test_a_certain_number_of_orders_is_a_beta_prime():
    spend, orders, occasions = PUBLISHED_SPEND, 3, 2
    share = special.betaincinv(spend.p * orders, spend.q + spend.p * occasions, [0.1, 0.9])
    found = pairs(FixedCounts(orders), [(4, 100, occasions, 1.0)])[0]
    assert found == pytest.approx(share / (1 - share), rel=2e-4)


def test_the_chance_of_being_inactive_is_spending_nothing():
    """Nothing at a tenth inactive; at a half the high quantile is that of four fifths."""
    spend = PUBLISHED_SPEND
    share = special.betaincinv(spend.p, spend.q, 0.8)
    rows = [(0, 9, 0, 0.9), (0, 9, 0, 0.5), (0, 9, 0, 0.1), (0, 9, 0, 0.0)]
    low, high = zip(*pairs(FixedCounts(1), rows), strict=True)
    assert low == (0, 0, 0, 0)
    assert high[0] > high[1] == pytest.approx(share / (1 - share), rel=2e-4)
    assert high[2:] == (0, 0)


def test_no_order_is_no_spend():
    assert pairs(FixedCounts(0), [(5, 100, 5, 1.0)]) == [(0, 0)]


def test_quantiles_do_not_depend_on_the_other_rows_and_keep_their_order():
    rows = [(3, 300, 3, 0.95), (0, 10, 0, 1.0), (3, 310, 3, 0.2), (9, 300, 3, 0.99)]
    together = pairs(PUBLISHED_IN_DAYS, rows)
    assert together == [pytest.approx(pairs(PUBLISHED_IN_DAYS, [row])[0], rel=2e-3) for row in rows]


def test_more_likely_alive_is_more_spend_and_never_less():
    alive = np.linspace(0, 1, 201)
    frame = factors(PUBLISHED_IN_DAYS, [(12, 400, 12, chance) for chance in alive])
    for column in ("spend_p10_factor", "spend_p90_factor"):
        assert (np.diff(frame[column].to_numpy()) >= 0).all()
    assert (frame["spend_p10_factor"] <= frame["spend_p90_factor"]).all()


@pytest.mark.parametrize(
    "spend",
    [GammaGamma(0.3, 1.05, 5.0), GammaGamma(90.0, 60.0, 900.0), GammaGamma(0.003, 1.05, 5.0)],
)
def test_extreme_spend_parameters_give_finite_numbers(spend):
    rows = [(0, 0, 0, 1.0), (0, 1_000, 0, 1.0), (300, 400, 300, 1.0), (300, 400, 0, 1e-9)]
    found = np.array(pairs(PUBLISHED_IN_DAYS, rows, spend))
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found[:, 0] <= found[:, 1]).all()


def test_no_rows_give_no_rows():
    none = (
        factors(PUBLISHED_IN_DAYS, [(0, 0, 0, 1.0)])
        .clear()
        .select("repeat_orders", "age_days", "spend_occasions", "p_alive")
    )
    found = spend_quantile_factors(PUBLISHED_IN_DAYS, PUBLISHED_SPEND, none)
    assert found.height == 0
    assert found.columns[-2:] == ["spend_p10_factor", "spend_p90_factor"]
