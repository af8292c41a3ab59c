"""Contracts: the gate, the fit of a simulated book, and what is expected of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from etl.clv.contracts import (
    CONTRACT_SCHEMAS,
    contract_fit_in_force,
    contract_lookup,
    fit_contracts,
)
from etl.clv.sbg import Sbg
from etl.clv.settings import ContractSettings
from etl.warehouse.contracts import _is_due

SETTINGS = ContractSettings(
    contract_period_months=12.0,
    contract_min_contracts=50.0,
    contract_min_lost=10.0,
    discount_rate_annual=0.10,
)
DAY = date(2017, 12, 31)
TRUE = Sbg(alpha=0.668, beta=3.806)


def terms(survived: list[int], missed: list[bool], days: int = 100) -> pl.DataFrame:
    """One row per contract, as int_contract_terms counts them."""
    lost = pl.Series(missed, dtype=pl.Boolean)
    return pl.DataFrame(
        {"periods_survived": survived}, schema={"periods_survived": pl.Int64}
    ).with_columns(
        is_renewal_missed=lost,
        contracts=pl.lit(1, pl.Int64),
        state=pl.when(lost).then(pl.lit("lost")).otherwise(pl.lit("running")),
        days_to_renewal=pl.when(~lost).then(days),
    )


def book(contracts: int, seed: int) -> pl.DataFrame:
    """Contracts that began in the last twelve years, each with its own chance to leave."""
    draw = np.random.default_rng(seed)
    leaving = draw.beta(TRUE.alpha, TRUE.beta, contracts)
    lasted = draw.geometric(leaving) - 1
    due = draw.integers(0, 12, contracts)
    return terms(np.minimum(lasted, due).tolist(), (lasted < due).tolist())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_simulated_book_gives_its_parameters_back(seed: int) -> None:
    contracts = book(5_000, seed)
    fit = fit_contracts(contracts, DAY, SETTINGS).row(0, named=True)
    assert abs(fit["alpha"] - TRUE.alpha) < 3.0 * fit["alpha_standard_error"] < 0.5
    assert abs(fit["beta"] - TRUE.beta) < 3.0 * fit["beta_standard_error"] < 3.0
    assert (fit["contracts"], fit["lost_contracts"]) == (
        5_000,
        contracts["is_renewal_missed"].sum(),
    )
    assert (fit["model"], fit["sufficiency"]) == ("sbg", "sufficient")


def test_the_order_and_the_grouping_of_contracts_move_no_digit() -> None:
    contracts = book(1_000, 4)
    grouped = contracts.group_by("periods_survived", "is_renewal_missed").agg(
        pl.col("contracts").sum()
    )
    shuffled = contracts.sample(fraction=1.0, shuffle=True, seed=5)
    fits = [fit_contracts(rows, DAY, SETTINGS) for rows in (contracts, grouped, shuffled)]
    assert fits[0].equals(fits[1])
    assert fits[0].equals(fits[2])


@pytest.mark.parametrize(
    ("contracts", "lost", "code"),
    [(49, 20, "too_few_contracts"), (50, 9, "too_few_lost"), (50, 10, "enough_contracts")],
)
def test_the_gate_asks_for_contracts_and_for_losses(contracts: int, lost: int, code: str) -> None:
    survived = [4, 1, 1, *[0] * (lost - 3), *[6] * (contracts - lost)]
    rows = terms(survived, [i < lost for i in range(contracts)])
    fit = fit_contracts(rows, DAY, SETTINGS).row(0, named=True)
    assert fit["sufficiency_code"] == code
    assert (fit["model"] == "sbg") == (fit["alpha"] is not None) == (code == "enough_contracts")
    assert str(lost if contracts == 50 else contracts) in fit["sufficiency_reason"]


def test_a_book_without_a_maximum_is_not_forecast() -> None:
    """All leave at their first renewal: the parameters run away."""
    fit = fit_contracts(terms([0] * 60, [True] * 60), DAY, SETTINGS)
    assert (fit["model"].item(), fit["sufficiency_code"].item()) == ("none", "not_converged")
    assert contract_lookup(terms([1], [False]), fit, SETTINGS).is_empty()


def test_a_lookup_row_is_the_sum_of_the_renewals_to_come() -> None:
    fit = fit_contracts(book(2_000, 6), DAY, SETTINGS)
    model = Sbg(fit["alpha"].item(), fit["beta"].item())
    running = pl.concat([terms([0, 3, 3], [False] * 3, 40), terms([3], [False], 365)])
    ended = terms([7], [True])
    lookup = contract_lookup(pl.concat([running, ended]), fit, SETTINGS)
    assert lookup.schema == CONTRACT_SCHEMAS["contract_lookup"]
    assert lookup.select("periods_survived", "days_to_renewal").rows() == [
        (0, 40),
        (3, 40),
        (3, 365),
    ]
    for row in lookup.iter_rows(named=True):
        made = row["periods_survived"]
        ahead = np.arange(made + 1.0, made + 3_001.0)
        left = model.survival(ahead) / model.survival(np.array([float(made)]))
        years = row["days_to_renewal"] / 365.25 + np.arange(3_000.0)
        assert row["p_renewal_next"] == pytest.approx(left[0])
        assert row["expected_renewals_10"] == pytest.approx(left[:10].sum())
        assert row["discounted_renewals"] == pytest.approx((left * 1.1**-years).sum())


def test_a_shorter_period_is_discounted_less_each_time() -> None:
    fit = fit_contracts(book(2_000, 6), DAY, SETTINGS)
    rows = terms([2], [False])
    monthly = replace(SETTINGS, contract_period_months=1.0)
    yearly = contract_lookup(rows, fit, SETTINGS)["discounted_renewals"].item()
    assert contract_lookup(rows, fit, monthly)["discounted_renewals"].item() > yearly
    free = replace(SETTINGS, discount_rate_annual=0.0)
    assert contract_lookup(rows, fit, free)["discounted_renewals"].item() is None


def test_a_fit_is_due_first_at_month_end_and_when_the_period_changes() -> None:
    none = pl.DataFrame(schema=CONTRACT_SCHEMAS["contract_fits"])
    fit = fit_contracts(book(200, 7), date(2017, 12, 14), SETTINGS)
    assert _is_due(none, date(2017, 12, 14), SETTINGS)
    assert not _is_due(fit, date(2017, 12, 15), SETTINGS)
    assert _is_due(fit, DAY, SETTINGS)
    assert not _is_due(fit_contracts(book(200, 7), DAY, SETTINGS), DAY, SETTINGS)
    assert _is_due(fit, date(2017, 12, 15), replace(SETTINGS, contract_period_months=1.0))


def test_the_latest_fit_that_has_begun_is_in_force() -> None:
    fits = pl.concat(fit_contracts(book(200, 7), day, SETTINGS) for day in (date(2018, 1, 31), DAY))
    in_force = contract_fit_in_force(fits, date(2018, 1, 30))
    assert in_force["run_cutoff_on"].to_list() == [DAY]
    assert contract_fit_in_force(fits, date(2017, 12, 30)).is_empty()
