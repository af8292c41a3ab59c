"""Totals: exact at the estimates, and an interval that the sample does not distort."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from etl.clv import totals
from etl.clv.fit import Fit, Maximum, fit_orders
from etl.clv.summaries import HISTORY, counted
from etl.clv.totals import Total, totals_of_average, totals_of_model
from etl.clv.unit_average import UnitAverage
from etl.config import DBT_PROJECT
from tests.clv_samples import CUTOFF_ON, cdnow, summary, triples

ROWS = summary(cdnow())
DESCRIPTION = DBT_PROJECT / "models" / "marts" / "finance" / "clv_totals.yml"


@pytest.fixture(scope="module", params=["bg_nbd", "mbg_nbd", "pareto_nbd"])
def fit(request: pytest.FixtureRequest) -> Fit:
    return fit_orders(request.param, triples(cdnow()))


def test_the_total_is_the_sum_over_customers(fit):
    x, recency, age = (ROWS[name].cast(float).to_numpy() for name in HISTORY)
    horizons = np.tile(np.array([1.0, 2.0, 3.0]) * 365.25, (x.size, 1))
    orders = fit.model.probability_alive(x, recency, age)[:, None] * (
        fit.model.orders_if_alive(x, age, horizons)
    )
    found = totals_of_model(fit, ROWS, CUTOFF_ON)
    assert [total.horizon_months for total in found] == [12, 24, 36]
    assert {total.customers for total in found} == {2357}
    assert [total.expected_orders for total in found] == pytest.approx(orders.sum(axis=0), rel=1e-9)


def test_the_description_states_draws_and_sample():
    words = " ".join(DESCRIPTION.read_text(encoding="utf-8").split())
    assert f"{totals.DRAWS} draws of the parameters" in words
    assert f"systematic sample of {totals.SAMPLE} histories" in words


def test_the_sample_gives_the_interval_of_all_customers(fit, monkeypatch):
    """Every draw over all histories, weighted: the quantiles differ by less than one per cent."""
    monkeypatch.setattr(totals, "DRAWS", 20)
    histories = counted(ROWS, *HISTORY)
    weight = histories["customers"].to_numpy()[:, None]
    base = (weight * totals._expected(fit.model, histories)).sum(axis=0)
    drawn = [
        (weight * totals._expected(type(fit.model)(*np.exp(logs)), histories)).sum(axis=0)
        for logs in totals._drawn_logs(fit, CUTOFF_ON)
    ]
    for column, total in enumerate(totals_of_model(fit, ROWS, CUTOFF_ON)):
        low, high = np.quantile([values[column] for values in drawn], [0.1, 0.9])
        assert total.expected_orders == pytest.approx(base[column])
        assert total.p10 == pytest.approx(low, rel=0.01)
        assert total.p90 == pytest.approx(high, rel=0.01)
        assert total.draws == 20


def test_draws_have_the_covariance_of_the_fit(fit, monkeypatch):
    monkeypatch.setattr(totals, "DRAWS", 20_000)
    logs = totals._drawn_logs(fit, CUTOFF_ON)
    assert np.exp(logs.mean(axis=0)) == pytest.approx(fit.maximum.estimates, rel=0.01)
    expected = fit.maximum.log_covariance
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((np.cov(logs.T) - expected) / scale).max() < 0.03


def test_a_sure_fit_has_no_interval(fit):
    sure = Maximum(
        fit.maximum.estimates, fit.maximum.log_likelihood, 2357, 1, 0.0 * fit.maximum.covariance
    )
    for total in totals_of_model(Fit(fit.model, sure), ROWS, CUTOFF_ON):
        assert total.p10 == pytest.approx(total.expected_orders, rel=1e-8)
        assert total.p90 == pytest.approx(total.expected_orders, rel=1e-8)


def test_draws_that_cannot_be_evaluated_are_not_counted():
    wild = fit_orders("bg_nbd", triples(cdnow()))
    unsure = Maximum(
        wild.maximum.estimates, wild.maximum.log_likelihood, 2357, 1, 1e8 * wild.maximum.covariance
    )
    found = totals_of_model(Fit(wild.model, unsure), ROWS, date(2026, 1, 31))
    for total in found:
        assert total.draws < 100
        assert total.p10 is None or np.isfinite([total.p10, total.p90]).all()


def test_the_average_is_as_sure_as_its_orders_are_many():
    few, many = (
        totals_of_average(UnitAverage(0.001, orders, 50), 50, CUTOFF_ON)[0]
        for orders in (100, 40_000)
    )
    assert few.expected_orders == many.expected_orders == pytest.approx(50 * 0.001 * 365.25)
    assert (few.p90 - few.p10) == pytest.approx(20 * (many.p90 - many.p10), rel=0.1)
    assert isinstance(few, Total)
    assert few.horizon_months == 12
