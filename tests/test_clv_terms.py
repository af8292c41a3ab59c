"""Customers of one close valued at the terms of the other, one term after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from etl.clv.bg_nbd import BgNbd
from etl.clv.closes import CLOSED_VALUES
from etl.clv.discounting import discount_rate_daily, residual_orders_if_alive
from etl.clv.inputs import MODELS, PARAMETERS
from etl.clv.rollforward import VALUE
from etl.clv.settings import ValueSettings
from etl.clv.terms import Terms, at_opening_terms

OPENED_ON, CLOSED_ON = date(2017, 11, 30), date(2017, 12, 31)
SETTINGS = ValueSettings(**dict.fromkeys(ValueSettings.__dataclass_fields__, 0.1))
OLD = {"r": 0.25, "alpha": 30.0, "a": 0.8, "b": 2.4}
NEW = {"r": 0.30, "alpha": 28.0, "a": 0.7, "b": 2.5}
SPEND = {"p": 6.25, "q": 3.74, "gamma": 15.44}
HISTORY = {"repeat_orders": 3, "recency_days": 100, "age_days": 200}
MEAN, OCCASIONS = 20.0, 2


def terms(as_of_on, orders, spend=SPEND, spend_model="gamma_gamma", **changes):
    fit = {
        "run_cutoff_on": as_of_on,
        "business_unit": "shop",
        "model_segment": "all",
        "in_force_from": as_of_on,
    }
    model = fit | {"model": "bg_nbd", "spend_model": spend_model}
    rows = [
        fit | {"model": name, "parameter": parameter, "estimate": estimate}
        for name, parameters in (("bg_nbd", orders), (spend_model, spend))
        for parameter, estimate in parameters.items()
    ]
    return Terms(
        as_of_on,
        pl.DataFrame([model], schema=MODELS),
        pl.DataFrame(rows, schema=PARAMETERS),
        replace(SETTINGS, **changes),
    )


def value(orders=NEW, rate=0.1, margin=0.5, spend=None):
    """The value by the formula: P(alive) times residual orders times spend times margin rate."""
    x, recency, age = (np.array([float(n)]) for n in HISTORY.values())
    model = BgNbd(**orders)
    residual = residual_orders_if_alive(model, x, age, discount_rate_daily(rate))
    pooled = SPEND["gamma"] + OCCASIONS * MEAN
    expected = SPEND["p"] * pooled / (SPEND["p"] * OCCASIONS + SPEND["q"] - 1.0)
    revenue = model.probability_alive(x, recency, age) * residual * (spend or expected)
    return Decimal(repr(float(revenue[0] * margin))).quantize(Decimal("0.0001"))


def valued(opening, today, margin_rate="0.5", then="0.4", rule_id="CV11_FORECAST"):
    """The three values of one customer, as a dict."""
    now = value(rate=today.settings.discount_rate_annual, margin=float(margin_rate))
    row = {
        "customer_key": "a",
        "business_unit": "shop",
        "rule_id": rule_id,
        "margin_rate": Decimal(margin_rate),
        VALUE: now if rule_id == "CV11_FORECAST" else None,
    }
    closing = pl.DataFrame([dict.fromkeys(CLOSED_VALUES) | row], schema=CLOSED_VALUES)
    history = HISTORY | {"spend_occasions": OCCASIONS, "mean_spend": MEAN, "segment": "web"}
    history |= {"p_alive": 0.5}  # what was scored stands beside it and is not to be used
    summaries = pl.DataFrame([{"customer_key": "a", "business_unit": "shop", **history}])
    rate = Decimal(then) if then else None
    rates = pl.DataFrame(
        {"business_unit": ["shop"], "opening_margin_rate": [rate]},
        schema_overrides={"opening_margin_rate": pl.Decimal(18, 12)},
    )
    found = at_opening_terms(closing, summaries, rates, opening, today)
    named = found.select(pl.col("^value_at_opening_.*$").name.replace("value_at_opening_", ""))
    return named.row(0, named=True)


def close_to(amount):
    return pytest.approx(amount, abs=Decimal("0.0002"))


def test_each_value_takes_one_term_more_from_the_opening():
    opening = terms(OPENED_ON, OLD, discount_rate_annual=0.15)
    found = valued(opening, terms(CLOSED_ON, NEW))
    assert found == {
        "terms": close_to(value(OLD, 0.15, 0.4)),
        "rates": close_to(value(NEW, 0.15, 0.4)),
        "margin": close_to(value(NEW, 0.10, 0.4)),
    }
    assert len(set(found.values())) == 3


def test_the_same_discount_rate_changes_nothing():
    found = valued(terms(OPENED_ON, OLD), terms(CLOSED_ON, NEW))
    assert found["rates"] == found["margin"] == close_to(value(margin=0.4))


def test_the_same_fit_changes_nothing():
    found = valued(terms(OPENED_ON, NEW), terms(CLOSED_ON, NEW))
    assert found["terms"] == close_to(found["rates"])


def test_without_a_margin_rate_then_todays_is_taken():
    found = valued(terms(OPENED_ON, OLD), terms(CLOSED_ON, NEW), then="")
    assert found["margin"] == close_to(value())
    assert found["terms"] == close_to(value(OLD))


def test_without_a_fit_then_there_was_no_value():
    opening = terms(OPENED_ON, OLD)
    unfitted = replace(opening, models=opening.models.clear())
    assert valued(unfitted, terms(CLOSED_ON, NEW))["terms"] is None


def test_a_margin_rate_of_nothing_today_is_a_change_of_that_rate():
    found = valued(terms(OPENED_ON, OLD), terms(CLOSED_ON, NEW), margin_rate="0")
    assert found["margin"] == found["rates"] == found["terms"] == close_to(value(OLD, margin=0.4))


def test_a_unit_mean_is_everyones_spend():
    opening = terms(OPENED_ON, OLD, {"mean_spend": 33.0}, "unit_mean")
    found = valued(opening, terms(CLOSED_ON, NEW))
    assert found["terms"] == close_to(value(OLD, margin=0.4, spend=33.0))


def test_who_is_not_profiled_has_no_value_at_any_terms():
    found = valued(terms(OPENED_ON, OLD), terms(CLOSED_ON, NEW), rule_id="CV43_NOT_PROFILED")
    assert found == {"terms": None, "rates": None, "margin": None}
