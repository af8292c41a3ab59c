"""The score in SQL against the models themselves, customer by customer, in doubles.

SQL joins lookups that were made once per distinct history; the reference evaluates the model for
each customer. Both start from the same random summaries; dbt builds only the models in between.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from etl.clv.arrays import FloatArray, floats_of
from etl.clv.bg_nbd import BgNbd
from etl.clv.discounting import (
    DAYS_PER_MONTH,
    discount_rate_daily,
    discounted_orders_if_alive,
    residual_orders_if_alive,
)
from etl.clv.gamma_gamma import GammaGamma, expected_spend
from etl.clv.inputs import MODELS, PARAMETERS
from etl.clv.intervals import spend_quantile_factors
from etl.clv.mbg_nbd import MbgNbd
from etl.clv.order_model import OrderModel
from etl.clv.pareto_nbd import ParetoNbd
from etl.clv.scoring import build_lookups
from etl.clv.settings import ValueSettings
from etl.config import DBT_PROJECT, Settings
from etl.lake.inputs import write_empty_inputs
from etl.lake.snapshot import write_input
from etl.warehouse.database import discard_build, frame, open_build
from etl.warehouse.engines import running_engine
from etl.warehouse.transform import DbtRun

AS_OF = date(2017, 12, 31)
CUSTOMERS = 500
AGREES = 1e-9
YEARS = (1, 3, 5, 10, 20, 30, 50)
BUILT = (
    "parameters int_parameters_in_force clv_horizons "
    "stg_etl__clv_models stg_etl__clv_parameters stg_etl__clv_alive stg_etl__clv_lookup "
    "stg_etl__clv_residuals int_clv_models_in_force int_clv_models_assigned "
    "int_clv_parameters_in_force int_clv_orders_expected int_clv_scores int_clv_horizons_scored"
)


@dataclass(frozen=True)
class Unit:
    """A business unit, or a segment of it, with the models in force.

    Args:
        spend: Gamma-Gamma, or the mean spend of the unit.
    """

    business_unit: str
    segment: str
    orders: OrderModel
    spend: GammaGamma | float
    margin_rate: str

    @property
    def model_segment(self) -> str:
        return "all" if self.segment == "web" else self.segment


UNITS = (
    Unit("bg", "web", BgNbd(0.2426, 30.9, 0.7929, 2.4259), GammaGamma(6.25, 3.74, 15.4), "0.31"),
    Unit("bg", "app", MbgNbd(1.5, 45.0, 0.4, 0.9), GammaGamma(2.0, 1.2, 80.0), "0.31"),
    Unit("mbg", "web", MbgNbd(0.5248, 43.3, 0.8914, 1.614), 41.75, "-0.125"),
    Unit("pareto", "web", ParetoNbd(0.5533, 74.0, 0.6062, 81.7), GammaGamma(6.2, 3.7, 15.0), "0.4"),
)


def summaries_of(unit: Unit, number: int) -> pl.DataFrame:
    """Customers of every kind: one-time buyers, heavy ones, ones that never paid, ones of today."""
    random = np.random.default_rng(number)
    age = random.integers(0, 900, CUSTOMERS)
    age[:3] = (0, 1, 899)
    repeats = np.minimum(random.negative_binomial(0.5, 0.05, CUSTOMERS), age)
    recency = np.where(repeats > 0, random.integers(repeats, age + 1), 0)
    paid = np.where(random.random(CUSTOMERS) < 0.2, random.integers(0, repeats + 1), repeats)
    mean = np.round(random.lognormal(3, 1, CUSTOMERS), 4)
    frame = pl.DataFrame(
        {
            "repeat_orders": repeats,
            "recency_days": recency,
            "age_days": age,
            "spend_occasions": paid,
            "mean_spend": pl.Series(mean).cast(pl.Decimal(18, 4)),
        }
    )
    return frame.select(
        pl.lit(unit.business_unit).alias("business_unit"),
        pl.lit(unit.segment).alias("segment"),
        pl.format(f"{unit.business_unit}-{unit.segment}-{{}}", pl.int_range(pl.len())).alias(
            "customer_key"
        ),
        "repeat_orders",
        "recency_days",
        "age_days",
        "spend_occasions",
        pl.when(pl.col("spend_occasions") > 0).then("mean_spend").alias("mean_spend"),
    )


def fits() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The models and their parameters, as a fit a month ago would have left them."""
    models, parameters = [], []
    for unit in UNITS:
        is_modelled = isinstance(unit.spend, GammaGamma)
        fit = {
            "run_cutoff_on": AS_OF - timedelta(days=31),
            "business_unit": unit.business_unit,
            "model_segment": unit.model_segment,
            "in_force_from": AS_OF - timedelta(days=31),
        }
        spend_model = "gamma_gamma" if is_modelled else "unit_mean"
        models.append({**fit, "model": unit.orders.name, "spend_model": spend_model})
        models[-1] |= {"sufficiency": "sufficient", "sufficiency_code": "enough_history"}
        estimates = {
            unit.orders.name: vars(unit.orders),
            spend_model: vars(unit.spend) if is_modelled else {"mean_spend": unit.spend},
        }
        parameters += [
            {**fit, "model": model, "parameter": name, "estimate": value, "is_selected": True}
            for model, values in estimates.items()
            for name, value in values.items()
        ]
    return (
        pl.DataFrame(models, schema_overrides=MODELS).select(
            pl.col(name) if name in models[0] else pl.lit(None, kind).alias(name)
            for name, kind in MODELS.items()
        ),
        pl.DataFrame(parameters).select(
            pl.col(name) if name in parameters[0] else pl.lit(None, kind).alias(name)
            for name, kind in PARAMETERS.items()
        ),
    )


def value_settings() -> ValueSettings:
    with (DBT_PROJECT / "seeds" / "parameters.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    known = {f"clv_{field.name}" for field in fields(ValueSettings)}
    return ValueSettings.of(
        (row["parameter"], float(row["value"])) for row in rows if row["parameter"] in known
    )


@dataclass(frozen=True)
class Scored:
    """What SQL scored, beside the summaries it scored."""

    summaries: dict[Unit, pl.DataFrame]
    scores: pl.DataFrame
    horizons: pl.DataFrame

    def of(self, unit: Unit, column: str) -> FloatArray:
        """A score of the unit's customers, in the order of their summaries."""
        keys = self.summaries[unit].select("customer_key")
        joined = keys.join(self.scores, on="customer_key", how="left", maintain_order="left")
        return joined.get_column(column).to_numpy()


@pytest.fixture(scope="module")
def scored(
    tmp_path_factory: pytest.TempPathFactory, settings_in: Callable[[Path], Settings]
) -> Scored:
    """Score the random customers by dbt, in a build that holds nothing else."""
    settings = settings_in(tmp_path_factory.mktemp("scores"))
    summaries = {unit: summaries_of(unit, number) for number, unit in enumerate(UNITS)}
    together = pl.concat(summaries.values())
    models, parameters = fits()
    inputs = settings.warehouse / "inputs"
    write_empty_inputs(inputs)
    lookups = build_lookups(together, models, parameters, AS_OF, value_settings())
    made = {"clv_models": models, "clv_parameters": parameters, **lookups}
    for name, rows in made.items():
        write_input(inputs, name, rows)
    discard_build(settings)
    margins = pl.DataFrame(
        sorted({(u.business_unit, u.margin_rate) for u in UNITS}),
        schema=["business_unit", "margin_rate"],
        orient="row",
    )
    with open_build(settings) as build:
        build.execute("create schema intermediate")
        build.register("given_summaries", together.to_arrow())
        build.execute("create table intermediate.int_clv_summaries as from given_summaries")
        build.register("given_margins", margins.to_arrow())
        build.execute(
            "create table intermediate.int_margin_rates_realised as select business_unit, "
            "cast(margin_rate as decimal(38, 12)) as margin_rate from given_margins"
        )
    with running_engine(settings) as engine:
        DbtRun(settings, engine, inputs, AS_OF).build(lambda _: None, select=BUILT)
    with open_build(settings) as build:
        scores = frame(build, "from intermediate.int_clv_scores")
        horizons = frame(build, "from intermediate.int_clv_horizons_scored")
    return Scored(summaries, scores, horizons)


@dataclass(frozen=True)
class Reference:
    """The same numbers from the models, one evaluation per customer and nothing looked up."""

    unit: Unit
    customers: pl.DataFrame

    @property
    def history(self) -> tuple[FloatArray, FloatArray]:
        return floats_of(self.customers, "repeat_orders"), floats_of(self.customers, "age_days")

    @property
    def alive(self) -> FloatArray:
        x, age = self.history
        return self.unit.orders.probability_alive(x, floats_of(self.customers, "recency_days"), age)

    @property
    def mean_spend(self) -> FloatArray:
        return self.customers["mean_spend"].cast(pl.Float64).fill_null(0.0).to_numpy()

    @property
    def spend(self) -> FloatArray:
        if not isinstance(self.unit.spend, GammaGamma):
            return np.full(self.customers.height, self.unit.spend)
        occasions = floats_of(self.customers, "spend_occasions")
        return expected_spend(self.unit.spend, occasions, self.mean_spend)

    @property
    def margin(self) -> FloatArray:
        return self.spend * float(self.unit.margin_rate)

    def orders_if_alive(self, months: int, repeat_orders: int = 0) -> FloatArray:
        x, age = self.history
        horizon = np.full((x.size, 1), months * DAYS_PER_MONTH)
        return self.unit.orders.orders_if_alive(x + repeat_orders, age, horizon)[:, 0]

    @cached_property
    def discounted_by_year(self) -> FloatArray:
        """Of each of the next 50 years, at the rate in force."""
        return self.discounted_if_alive(600, 0.10)

    def discounted_if_alive(self, months: int, rate: float, repeat_orders: int = 0) -> FloatArray:
        """To the end of each year, so that the rule of each stretch is as good as can be."""
        x, age = self.history
        years = np.arange(12, months + 1, 12) * DAYS_PER_MONTH
        plain = self.unit.orders.orders_if_alive(
            x + repeat_orders, age, np.tile(years, (x.size, 1))
        )
        return discounted_orders_if_alive(
            self.unit.orders, x + repeat_orders, age, years, plain, discount_rate_daily(rate)
        )

    def residual_if_alive(self, rate: float) -> FloatArray:
        return residual_orders_if_alive(self.unit.orders, *self.history, discount_rate_daily(rate))


@pytest.fixture(
    scope="module", params=UNITS, ids=lambda unit: f"{unit.business_unit}-{unit.segment}"
)
def unit(request: pytest.FixtureRequest) -> Unit:
    return request.param


@pytest.fixture(scope="module")
def reference(scored: Scored, unit: Unit) -> Reference:
    return Reference(unit, scored.summaries[unit])


def agree(found: FloatArray, expected: FloatArray) -> None:
    assert found.size == CUSTOMERS
    np.testing.assert_allclose(found, expected, rtol=AGREES, atol=0.0)


def test_every_customer_has_one_score_by_the_segments_own_fit(scored: Scored) -> None:
    assert scored.scores.height == CUSTOMERS * len(UNITS)
    found = scored.scores.group_by("business_unit", "model_segment", "model").len()
    assert set(found.rows()) == {
        (u.business_unit, u.model_segment, u.orders.name, CUSTOMERS) for u in UNITS
    }


def test_the_customers_are_of_every_kind(scored: Scored) -> None:
    for customers in scored.summaries.values():
        assert (customers["repeat_orders"] == 0).sum() > 50
        assert (customers["repeat_orders"] > 20).sum() > 50
        assert ((customers["repeat_orders"] > 0) & (customers["spend_occasions"] == 0)).any()


def test_probability_alive(scored: Scored, unit: Unit, reference: Reference) -> None:
    agree(scored.of(unit, "p_alive"), reference.alive)


def test_probability_of_an_order(scored: Scored, unit: Unit, reference: Reference) -> None:
    x, age = reference.history
    year = np.full((x.size, 1), 365.25)
    given = unit.orders.probability_of_order_if_alive(x, age, year)[:, 0]
    agree(scored.of(unit, "p_order_12m"), reference.alive * given)


def test_spend_of_an_order(scored: Scored, unit: Unit, reference: Reference) -> None:
    agree(scored.of(unit, "expected_order_value"), reference.spend)


@pytest.mark.parametrize("months", [12, 24, 36])
def test_orders_and_revenue(scored: Scored, unit: Unit, reference: Reference, months: int) -> None:
    orders = reference.alive * reference.orders_if_alive(months)
    agree(scored.of(unit, f"orders_{months}m"), orders)
    agree(scored.of(unit, f"revenue_{months}m"), orders * reference.spend)
    agree(scored.of(unit, f"margin_{months}m"), orders * reference.margin)


@pytest.mark.parametrize(
    ("months", "suffix", "rate"),
    [
        (12, "", 0.10),
        (24, "", 0.10),
        (36, "", 0.10),
        (36, "_low_rate", 0.09),
        (36, "_high_rate", 0.11),
        (60, "", 0.10),
        (120, "", 0.10),
    ],
)
def test_discounted_margin(
    scored: Scored, unit: Unit, reference: Reference, months: int, suffix: str, rate: float
) -> None:
    orders = reference.alive * reference.discounted_if_alive(months, rate)[:, -1]
    agree(scored.of(unit, f"margin_{months}m_discounted{suffix}"), orders * reference.margin)


@pytest.mark.parametrize(
    ("suffix", "rate"), [("", 0.10), ("_low_rate", 0.09), ("_high_rate", 0.11)]
)
def test_residual_margin(
    scored: Scored, unit: Unit, reference: Reference, suffix: str, rate: float
) -> None:
    orders = reference.alive * reference.residual_if_alive(rate)
    agree(scored.of(unit, f"margin_residual_discounted{suffix}"), orders * reference.margin)


def test_margin_of_a_customer_who_comes_back(
    scored: Scored, unit: Unit, reference: Reference
) -> None:
    orders = 1 + reference.discounted_if_alive(12, 0.10, repeat_orders=1)[:, 0]
    found = scored.of(unit, "margin_12m_discounted_if_reactivated")
    agree(found, orders * reference.margin)


def test_quantiles_of_the_revenue(scored: Scored, unit: Unit, reference: Reference) -> None:
    if not isinstance(unit.spend, GammaGamma):
        assert np.isnan(scored.of(unit, "revenue_12m_p90")).all()
        return
    customers = reference.customers.with_columns(pl.Series("p_alive", reference.alive))
    factors = spend_quantile_factors(unit.orders, unit.spend, customers)
    occasions = floats_of(customers, "spend_occasions")
    pooled = unit.spend.gamma + occasions * reference.mean_spend
    for quantile in ("p10", "p90"):
        expected = factors[f"spend_{quantile}_factor"].to_numpy() * pooled
        agree(scored.of(unit, f"revenue_12m_{quantile}"), expected)


@pytest.mark.parametrize("years", YEARS)
def test_horizons(scored: Scored, unit: Unit, reference: Reference, years: int) -> None:
    horizon = scored.horizons.filter(pl.col("horizon_years") == years)
    keys = reference.customers.select("customer_key")
    found = keys.join(horizon, on="customer_key", how="left", maintain_order="left")
    margin = reference.alive * reference.margin
    agree(found["margin"].to_numpy(), margin * reference.orders_if_alive(12 * years))
    discounted = margin * reference.discounted_by_year[:, years - 1]
    agree(found["margin_discounted"].to_numpy(), discounted)
