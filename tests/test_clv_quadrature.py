"""Expected orders: published values, a slow exact reference, and the extremes."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import polars as pl
import pytest

from etl.clv.bg_nbd import BgNbd
from etl.clv.errors import QuadratureError
from tests.clv_samples import PUBLISHED, PUBLISHED_IN_DAYS, cdnow

HOLDOUT_DAYS = 39 * 7


def if_alive(params: BgNbd, x: float, age: float, horizon: float) -> float:
    return float(
        params.orders_if_alive(
            np.array([float(x)]), np.array([float(age)]), np.array([[float(horizon)]])
        )[0, 0]
    )


def expected(params: BgNbd, x: float, recency: float, age: float, horizon: float) -> float:
    history = (np.array([float(v)]) for v in (x, recency, age))
    return float(params.probability_alive(*history)[0]) * if_alive(params, x, age, horizon)


def closed_form(params: BgNbd, x: int, age: float, horizon: float) -> float:
    """Fader, Hardie and Lee (2005), eq. (10) given active, after Euler's transformation."""
    with mpmath.workdps(40):
        r, alpha, a, b = (mpmath.mpf(v) for v in (params.r, params.alpha, params.a, params.b))
        a += mpmath.mpf(10) ** -18 if a == 1 else 0
        share = mpmath.mpf(horizon) / (alpha + age + horizon)
        total = a + b + x - 1
        series = mpmath.hyp2f1(a + b - 1 - r, a - 1, total, share)
        return float(total / (a - 1) * (1 - (1 - share) ** (a - 1) * series))


# a = 1 is the pole of the closed form; 5,000 days on one day of history is t >> T.
GRID = list(
    itertools.product(
        (
            PUBLISHED_IN_DAYS,
            BgNbd(r=1.5, alpha=20.0, a=1.0, b=8.0),
            BgNbd(r=0.3, alpha=2.0, a=0.11, b=0.17),
            BgNbd(r=1.41, alpha=9.64, a=0.194, b=278.4),
        ),
        (0, 1, 7, 200, 600),
        (1, 365),
        (1, 1095.75, 5000),
    )
)


def test_agrees_with_the_closed_form_where_doubles_fail():
    worst = max(abs(if_alive(*point) / closed_form(*point) - 1) for point in GRID)
    assert worst < 1e-9


def test_published_forecasts():
    assert expected(PUBLISHED, 2, 30.43, 38.86, 39) == pytest.approx(1.226, abs=5e-4)
    assert expected(PUBLISHED, 26, 30.857, 31, 52) == pytest.approx(25.75725, rel=1e-4)
    assert if_alive(PUBLISHED, 0, 0, 52) == pytest.approx(1.444015, rel=1e-6)


@pytest.fixture(scope="module")
def holdout() -> pl.DataFrame:
    rows = cdnow()
    x, recency, age = (
        rows[c].cast(pl.Float64).to_numpy() for c in ("repeat_orders", "recency_days", "age_days")
    )
    horizon = np.full((x.size, 1), float(HOLDOUT_DAYS))
    forecast = (
        PUBLISHED_IN_DAYS.probability_alive(x, recency, age)
        * (PUBLISHED_IN_DAYS.orders_if_alive(x, age, horizon)[:, 0])
    )
    return rows.with_columns(pl.Series("forecast", forecast))


def test_holdout_of_the_sample_is_as_published(holdout):
    error = holdout["forecast"] - holdout["holdout_orders"]
    assert holdout["holdout_orders"].sum() == 1882
    assert holdout["forecast"].sum() == pytest.approx(1653.41, abs=0.01)
    assert error.abs().mean() == pytest.approx(0.7855, abs=5e-5)
    assert (error**2).mean() ** 0.5 == pytest.approx(1.608, abs=5e-4)


def test_holdout_by_frequency_is_as_published(holdout):
    by_count = (
        holdout.group_by(pl.col("repeat_orders").clip(0, 7))
        .agg(pl.col("forecast", "holdout_orders").mean())
        .sort("repeat_orders")
    )
    assert by_count["forecast"].to_list() == pytest.approx(
        [0.2251, 0.5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570], abs=2e-4
    )
    assert by_count["holdout_orders"].to_list() == pytest.approx(
        [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594], abs=5e-5
    )


def test_a_row_does_not_depend_on_its_company():
    x, age = np.array([0.0, 3.0, 500.0]), np.array([1.0, 80.0, 600.0])
    horizon = np.full((3, 1), 365.25)
    together = PUBLISHED_IN_DAYS.orders_if_alive(x, age, horizon)[:, 0]
    alone = [if_alive(PUBLISHED_IN_DAYS, *row, 365.25) for row in zip(x, age, strict=True)]
    assert together.tolist() == alone


def test_no_time_brings_no_order():
    assert if_alive(PUBLISHED_IN_DAYS, 4, 100, 0) == 0.0


def test_parameters_beyond_the_rule_are_refused():
    with pytest.raises(QuadratureError, match="do not sum to one"):
        if_alive(BgNbd(r=1.0, alpha=10.0, a=1e7, b=1e9), 5, 100, 365)
