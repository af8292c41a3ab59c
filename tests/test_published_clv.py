"""The published table out of the warehouse: raw CDNOW sample, landing, mapping, build, marts.

The route runs twice, as of the end of the calibration and as of the end of the data. The second
run's backtest then cuts the history where the papers do: 39 weeks and 39 weeks.

Source:
    As :mod:`tests.test_clv_published`, which has the figures and the units of time.
"""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from etl import route
from etl.clv.discounting import residual_orders_if_alive
from etl.clv.order_model import CANDIDATES, ORDER_MODELS, OrderModel
from etl.config import PROJECT_ROOT, load_settings
from etl.demo.exports import music_export, music_purchases
from etl.demo.landing import write_delivery
from etl.warehouse.database import BUILD_NAME, frame, read_only
from tests.clv_samples import cdnow
from tests.company.published import leave_out_generic_tests
from tests.test_clv_published import (
    ACTUAL_BY_FREQUENCY,
    BY_FREQUENCY,
    REPEAT_ORDERS,
    SCALES,
    TABLE,
)

# Two builds of the whole warehouse.
pytestmark = pytest.mark.timeout(1200)

RAW = Path(__file__).parent / "fixtures" / "CDNOW_sample.txt.gz"
CALIBRATED_ON, ENDS_ON = date(1997, 9, 30), date(1998, 6, 30)
# The mapping of the demo's music shop, less the line that makes 1998 look like 2017.
MAPPING = PROJECT_ROOT / "etl" / "mappings" / "cdnow.yml"
SHIFT = ", shift_days: 7119"


@dataclass(frozen=True)
class Sample:
    """The releases of both days."""

    calibrated: Path
    ended: Path

    def ask(self, release: Path, query: str, **values: object) -> pl.DataFrame:
        """Ask a release a question."""
        with read_only(release / BUILD_NAME) as connection:
            return frame(connection, query, **values)

    def total(self, model: str) -> dict[str, float]:
        """Return the backtest of one model over all customers."""
        query = """
            select * from clv_backtests
            where scope = 'total' and run_cutoff_on = $ends_on and model = $model
        """
        return self.ask(self.ended, query, ends_on=ENDS_ON, model=model).row(0, named=True)

    def parameters(self, model: str) -> dict[str, float]:
        """Return the parameters of a model fitted on the calibration."""
        query = """
            select parameter, estimate from clv_parameters
            where run_cutoff_on = $cutoff and model = $model
        """
        rows = self.ask(self.ended, query, cutoff=CALIBRATED_ON, model=model)
        return dict(rows.iter_rows())


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    root = tmp_path_factory.mktemp("cdnow")
    mapping = MAPPING.read_text(encoding="utf-8")
    assert SHIFT in mapping
    (root / "mappings").mkdir()
    (root / "mappings" / "cdnow.yml").write_text(mapping.replace(SHIFT, ""), encoding="utf-8")
    deliver(root / "landing")
    settings = load_settings(
        data=root / "data", landing=root / "landing", mappings=root / "mappings"
    )
    with pytest.MonkeyPatch.context() as patch:
        # The second build has these rows and more.
        leave_out_generic_tests(patch)
        calibrated = route.run(settings, CALIBRATED_ON).release
    return Sample(calibrated, route.run(settings, ENDS_ON).release)


def deliver(landing: Path) -> None:
    """Write the raw file as two deliveries: what was ordered in the calibration, and after it."""
    with gzip.open(RAW, "rt", encoding="ascii") as file:
        fields = [line.split() for line in file]
    # The second field is the customer's number within the sample.
    text = "\n".join(["customer date cds dollars", *(" ".join([i, *f]) for i, _, *f in fields)])
    rows = music_purchases(text)
    is_early = pl.col("date") <= f"{CALIBRATED_ON:%Y%m%d}"
    for day, part in ((CALIBRATED_ON, is_early), (ENDS_ON, ~is_early)):
        export = music_export(rows.filter(part)).drop("business_on")
        write_delivery(landing, "cdnow", day, {"purchases.csv": export})


def test_purchase_histories_are_those_of_the_papers(sample):
    columns = ["repeat_orders", "recency_days", "age_days", "spend_occasions"]
    found = sample.ask(
        sample.calibrated, f"select {', '.join(columns)} from customer_lifetime_value_parts"
    )
    expected = cdnow().select(columns)
    assert found.height == 2357
    assert found.sort(columns).equals(expected.sort(columns).cast(dict(found.schema)))


@pytest.mark.parametrize("name", CANDIDATES)
def test_parameters_and_log_likelihood(sample, name):
    query = """
        select * from clv_parameters where run_cutoff_on = $cutoff and model = $model
    """
    rows = sample.ask(sample.ended, query, cutoff=CALIBRATED_ON, model=name)
    weeks = {
        parameter: value / 7 if parameter in SCALES else value
        for parameter, value in rows.select("parameter", "estimate").iter_rows()
    }
    published = vars(ORDER_MODELS[name](*TABLE[name].parameters))
    assert weeks == pytest.approx(published, rel=TABLE[name].tolerance)
    log_likelihood = rows["log_likelihood"].unique().item() + REPEAT_ORDERS * math.log(7)
    assert log_likelihood == pytest.approx(TABLE[name].log_likelihood, abs=1e-3)
    for row in rows.iter_rows(named=True):
        variance = json.loads(row["covariance"])[row["parameter"]]
        assert row["standard_error"] == pytest.approx(math.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize("name", TABLE)
def test_holdout(sample, name):
    row, found = TABLE[name], sample.total(name)
    assert (found["calibration_cutoff_on"], found["holdout_days"]) == (CALIBRATED_ON, 273)
    assert (found["customer_count"], found["actual_orders"]) == (2357, 1882)
    assert found["predicted_orders"] == pytest.approx(row.expected_orders, rel=2e-5)
    assert 100 * found["bias"] == pytest.approx(row.bias_percent, abs=0.05)
    assert found["mae"] == pytest.approx(row.mae, abs=5e-4)
    assert found["rmse"] == pytest.approx(row.rmse, abs=5e-4)
    assert found["gini"] == pytest.approx(row.gini, abs=1e-3)


def test_holdout_of_each_customers_own_rate(sample):
    found = sample.total("naive_rate")
    assert found["predicted_orders"] == pytest.approx(2930.1, abs=0.05)
    assert 100 * found["bias"] == pytest.approx(55.7, abs=0.05)
    assert found["mae"] == pytest.approx(1.024, abs=5e-4)
    assert found["rmse"] == pytest.approx(2.212, abs=5e-4)
    # Three customers in five share the rate 0, so their order decides between .55 and .78: .651 was
    # printed for one of them. Here equal forecasts share their orders.
    assert found["gini"] == pytest.approx(0.666, abs=1e-3)


@pytest.mark.parametrize("name", BY_FREQUENCY)
def test_holdout_by_frequency(sample, name):
    query = """
        select customer_count, predicted_orders, actual_orders from clv_backtests
        where scope = 'frequency' and run_cutoff_on = $ends_on and model = $model
        order by bucket
    """
    rows = sample.ask(sample.ended, query, ends_on=ENDS_ON, model=name)
    customers = rows["customer_count"]
    predicted = (rows["predicted_orders"] / customers).to_list()
    assert predicted == pytest.approx(BY_FREQUENCY[name], abs=1e-3)
    actual = (rows["actual_orders"] / customers).to_list()
    assert actual == pytest.approx(ACTUAL_BY_FREQUENCY, abs=5e-5)


def test_gamma_gamma(sample):
    found = sample.parameters("gamma_gamma")
    assert found == pytest.approx({"p": 6.24957, "q": 3.74422, "gamma": 15.44353}, rel=2e-4)


def test_spend_of_the_first_customers(sample):
    query = """
        select identities.source_id, parts.expected_order_value
        from customer_identities as identities
        inner join customer_lifetime_value_parts as parts
            on identities.customer_key = parts.customer_key
        order by identities.source_id
        limit 11
    """
    rows = sample.ask(sample.calibrated, query)
    own = {"00004": 24.65, "00021": 18.91, "00111": 71.46, "00112": 18.91, "00114": 27.28}
    population = 35.17
    for customer, spend in rows.iter_rows():
        assert float(spend) == pytest.approx(own.pop(customer, population), abs=0.006)
    assert not own


@pytest.mark.parametrize(
    ("daily_rate", "published"),
    [
        (math.log(1.15) / 365.25, 9.758310795),
        (math.log(1.15) / (7 * 52), 9.740095),
        (0.0027 / 7, 9.715928),
    ],
)
def test_discounted_residual(sample, daily_rate, published):
    model: OrderModel = ORDER_MODELS["bg_nbd"](**sample.parameters("bg_nbd"))
    x, age = np.array([3.0]), np.array([38.86 * 7])
    residual = residual_orders_if_alive(model, x, age, daily_rate)[0]
    assert residual == pytest.approx(published, rel=5e-6)


def test_the_choice_is_the_smallest_error_of_the_holdout(sample):
    errors = {name: sample.total(name)["rmse"] for name in CANDIDATES}
    selected = [name for name in CANDIDATES if sample.total(name)["is_selected"]]
    assert len(selected) == 1
    assert errors[selected[0]] <= min(errors.values()) * 1.01
