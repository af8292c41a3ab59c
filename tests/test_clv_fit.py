"""The optimiser: published maxima, simulated truth, and saying no."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from etl.clv import fit
from etl.clv.bg_nbd import BgNbd
from etl.clv.errors import FitNotConverged, NoFit
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.mbg_nbd import MbgNbd
from etl.clv.order_model import CANDIDATES, ORDER_MODELS
from etl.clv.pareto_nbd import ParetoNbd
from tests.clv_samples import cdnow, simulated, spends, triples


def fit_bg_nbd(rows: pl.DataFrame) -> tuple[BgNbd, fit.Maximum]:
    found = fit.fit_orders("bg_nbd", rows)
    assert isinstance(found.model, BgNbd)
    return found.model, found.maximum


def fit_gamma_gamma(rows: pl.DataFrame) -> tuple[GammaGamma, fit.Maximum]:
    found = fit.fit_gamma_gamma(rows)
    return found.model, found.maximum


def test_bg_nbd_of_the_sample_is_as_published_with_days_as_the_unit():
    params, maximum = fit_bg_nbd(triples(cdnow()))
    assert params.r == pytest.approx(0.242595, abs=1e-6)
    assert params.alpha / 7 == pytest.approx(4.413602, abs=1e-5)
    assert params.a == pytest.approx(0.792922, abs=1e-5)
    assert params.b == pytest.approx(2.425907, abs=1e-5)
    assert maximum.log_likelihood == pytest.approx(-14363.530, abs=5e-4)
    assert maximum.customers == 2357


def test_gamma_gamma_of_the_sample_is_as_published():
    params, maximum = fit_gamma_gamma(spends(cdnow()))
    found = (params.p, params.q, params.gamma)
    assert found == pytest.approx((6.24957, 3.74422, 15.44353), rel=2e-6)
    assert maximum.log_likelihood == pytest.approx(-4055.918, abs=5e-4)


@pytest.mark.parametrize(
    "truth",
    [
        BgNbd(r=0.8, alpha=20.0, a=0.9, b=3.0),
        MbgNbd(r=0.8, alpha=20.0, a=0.9, b=3.0),
        ParetoNbd(r=0.8, alpha=20.0, s=0.7, beta=60.0),
    ],
    ids=lambda truth: truth.name,
)
def test_a_fit_finds_the_parameters_that_made_the_data(truth):
    rows = simulated(truth, customers=100_000, days=700, seed=7)
    found = fit.fit_orders(truth.name, rows)
    for name, error in zip(vars(truth), found.maximum.standard_errors, strict=True):
        assert abs(getattr(found.model, name) - getattr(truth, name)) < 3 * error
        assert error < 0.06 * getattr(truth, name)


def test_gamma_gamma_finds_the_parameters_that_made_the_data():
    truth = GammaGamma(p=5.0, q=4.0, gamma=18.0)
    random = np.random.default_rng(11)
    orders = random.integers(1, 9, 20_000)
    rate = random.gamma(truth.q, 1 / truth.gamma, orders.size)
    mean = random.gamma(truth.p * orders, 1 / (rate * orders))
    rows = pl.DataFrame({"spend_occasions": orders, "mean_spend": mean}).with_columns(
        pl.lit(1).alias("customers")
    )
    found, maximum = fit_gamma_gamma(rows)
    for name, error in zip(vars(truth), maximum.standard_errors, strict=True):
        assert abs(getattr(found, name) - getattr(truth, name)) < 4 * error
        assert error < 0.15 * getattr(truth, name)


def test_neither_order_nor_grouping_of_rows_moves_a_digit():
    rows = cdnow()
    first = fit_bg_nbd(triples(rows))
    shuffled = fit_bg_nbd(triples(rows).sample(fraction=1.0, shuffle=True, seed=3))
    single = fit_bg_nbd(rows.with_columns(pl.lit(1).alias("customers")))
    assert first[0] == shuffled[0] == single[0]
    assert first[1].log_likelihood == shuffled[1].log_likelihood


def test_a_thinned_draft_ends_at_the_same_maximum(monkeypatch):
    whole = fit_bg_nbd(triples(cdnow()))[0]
    monkeypatch.setattr(fit, "_DRAFT_ROWS", 60)
    assert fit_bg_nbd(triples(cdnow()))[0] == whole


def test_estimates_are_stored_to_ten_digits():
    params, _ = fit_bg_nbd(triples(cdnow()))
    for value in vars(params).values():
        assert value == float(f"{value:.10g}")
        assert not math.isclose(value, float(f"{value:.7g}"), rel_tol=1e-12)


def test_nobody_ordered_twice_is_said():
    rows = cdnow().filter(pl.col("repeat_orders") == 0)
    with pytest.raises(FitNotConverged, match="second day") as caught:
        fit_bg_nbd(triples(rows))
    assert caught.value.code == "CLV_NOT_CONVERGED"
    assert caught.value.reason == NoFit.NOBODY_RETURNED


def test_no_spend_is_said():
    with pytest.raises(FitNotConverged, match="No repeat order has spend"):
        fit_gamma_gamma(spends(cdnow()).clear())


@pytest.mark.parametrize("name", ORDER_MODELS)
def test_a_likelihood_without_a_maximum_is_refused(name):
    """Everyone ordered twice more, the last time today: no customer differs from another."""
    ages = list(range(30, 130))
    rows = pl.DataFrame(
        {"repeat_orders": [2] * 100, "recency_days": ages, "age_days": ages, "customers": [9] * 100}
    )
    with pytest.raises(FitNotConverged) as caught:
        fit.fit_orders(name, rows)
    assert caught.value.reason == NoFit.RUNS_AWAY
    assert "r grows without bound" in caught.value.what
    assert caught.value.where == name


@pytest.mark.parametrize("name", CANDIDATES)
def test_customers_who_never_stop_are_said_to_show_no_dropout(name):
    random = np.random.default_rng(2)
    age = random.integers(200, 700, 1_500)
    orders = random.poisson(random.gamma(0.8, 1 / 40.0, age.size) * age)
    last = np.where(orders > 0, np.ceil(age * random.random(age.size) ** (1 / orders.clip(1))), 0)
    rows = pl.DataFrame({"repeat_orders": orders, "recency_days": last, "age_days": age})
    with pytest.raises(FitNotConverged, match="no drop-out") as caught:
        fit.fit_orders(name, triples(rows))
    assert caught.value.reason == NoFit.NO_DROPOUT
    assert fit.fit_orders("nbd", triples(rows)).maximum.log_likelihood >= (
        caught.value.log_likelihood - 0.5
    )


def test_covariance_on_both_scales_is_the_inverse_of_the_information():
    found = fit.fit_orders("pareto_nbd", triples(cdnow()))
    values = np.array(list(vars(found.model).values()))
    information = -type(found.model).likelihood(triples(cdnow())).hessian(values)
    assert found.maximum.covariance @ information == pytest.approx(np.eye(4), abs=1e-5)
    assert found.maximum.log_covariance * np.outer(values, values) == pytest.approx(
        found.maximum.covariance
    )
    assert found.maximum.standard_errors == pytest.approx([0.0476, 5.899, 0.1873, 43.48], rel=1e-3)


def test_spend_that_everyone_shares_is_refused():
    rows = pl.DataFrame(
        {"spend_occasions": [1, 2, 3], "mean_spend": [20.0] * 3, "customers": [500] * 3}
    )
    with pytest.raises(FitNotConverged):
        fit_gamma_gamma(rows)


def test_spend_with_no_finite_mean_is_refused():
    truth = GammaGamma(p=4.0, q=0.6, gamma=10.0)
    random = np.random.default_rng(5)
    rate = random.gamma(truth.q, 1 / truth.gamma, 4_000)
    rows = pl.DataFrame(
        {"spend_occasions": [3] * 4_000, "mean_spend": random.gamma(12.0, 1 / (rate * 3))}
    ).with_columns(pl.lit(1).alias("customers"))
    with pytest.raises(FitNotConverged, match="does not exist"):
        fit_gamma_gamma(rows)
