"""What closed experiments teach about the return rate of each cell."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from etl.experiments import INPUT_SCHEMAS, ExperimentSettings, shrunk_uplifts
from etl.experiments.inputs import CELL, HOLDOUT, TREATMENT

WEIGHT = 50.0
SETTINGS = ExperimentSettings(
    bootstrap_draws=100.0,
    measured_min_customers=100.0,
    prior_weight=WEIGHT,
    arm_min_customers=5.0,
)
HERE = ("lapsed", "recent", "once", "moved")
ASSUMED = pl.DataFrame(
    [("lapsed", 0.12, 0.07), ("lost", 0.06, 0.03)],
    schema=["activity_status", "p_treat", "p_control"],
    orient="row",
)


def outcomes_of(
    *groups: tuple[tuple[str | None, str, str, str], str, int, int],
) -> pl.DataFrame:
    """One row per customer and spell; groups are cell, arm, customers and those who returned."""
    rows = [(*cell, arm, n < returned) for cell, arm, size, returned in groups for n in range(size)]
    schema = {**dict.fromkeys((*CELL, "arm"), pl.String()), "has_returned": pl.Boolean()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def learnt(outcomes: pl.DataFrame, arm: str = "none", levels: int = 0) -> pl.DataFrame:
    found = shrunk_uplifts(outcomes, ASSUMED, SETTINGS)
    return found.filter(pl.col("own_arm") == arm, pl.col("own_levels") == levels)


def rates(found: pl.DataFrame, cell: tuple[str, str, str, str] = HERE) -> tuple[float, float]:
    row = found.filter(*(pl.col(name) == value for name, value in zip(CELL, cell, strict=True)))
    p_treat, p_control = row.select(pl.col("p_treat", "p_control").cast(pl.Float64)).row(0)
    return p_treat, p_control


def chain(prior: float, *counts: tuple[int, int]) -> float:
    """The rule by hand: from the status to the narrowest cell."""
    for returned, customers in counts:
        prior = (returned + WEIGHT * prior) / (customers + WEIGHT)
    return prior


def test_without_a_closed_experiment_nothing_is_learnt() -> None:
    found = shrunk_uplifts(outcomes_of(), ASSUMED, SETTINGS)
    assert found.is_empty()
    assert found.schema == pl.Schema(INPUT_SCHEMAS["winback_uplifts"])


def test_each_cell_is_pulled_towards_the_one_around_it() -> None:
    """200 treated here of whom 60 return, 100 elsewhere of the status who never do."""
    elsewhere = ("lapsed", "distant", "once", "moved")
    found = learnt(
        outcomes_of(
            (HERE, TREATMENT, 200, 60), (HERE, HOLDOUT, 150, 15), (elsewhere, TREATMENT, 100, 0)
        )
    )
    own = (60, 200)
    assert rates(found)[0] == pytest.approx(chain(0.12, (60, 300), own, own, own), abs=1e-6)
    assert rates(found)[1] == pytest.approx(chain(0.07, *[(15, 150)] * 4), abs=1e-6)
    around = ("lapsed", "recent", "all", "all")
    assert rates(found, around)[0] == pytest.approx(chain(0.12, (60, 300), own), abs=1e-6)
    assert set(found["activity_status"]) == {"lapsed"}
    assert found["levels"].value_counts().sort("levels").rows() == [(1, 1), (2, 2), (3, 2), (4, 2)]


def test_a_cell_speaks_for_itself_once_both_arms_are_large_enough() -> None:
    found = learnt(outcomes_of((HERE, TREATMENT, 100, 9), (HERE, HOLDOUT, 100, 5)))
    basis = {cell[:4]: cell[4] for cell in found.select(*CELL, "uplift_basis").rows()}
    assert basis.pop(HERE) == "measured"
    assert set(basis.values()) == {"shrunk"}
    short = learnt(outcomes_of((HERE, TREATMENT, 100, 9), (HERE, HOLDOUT, 99, 5)))
    assert set(short["uplift_basis"]) == {"shrunk"}


def test_much_data_drowns_the_prior_and_no_data_leaves_it() -> None:
    found = learnt(outcomes_of((HERE, TREATMENT, 50_000, 15_000)))
    p_treat, p_control = rates(found)
    assert p_treat == pytest.approx(0.3, abs=0.001)
    assert p_control == pytest.approx(0.07)


def test_nobody_is_judged_by_what_they_are_doing_now() -> None:
    """Taking the customer's own row out beforehand gives the rate of the trace."""
    draw = np.random.default_rng(1)
    cells = [HERE, ("lapsed", "recent", "once", "unknown"), ("lapsed", "distant", "often", "moved")]
    groups = [
        (cell, arm, int(size), int(size) // 5)
        for cell in cells
        for arm, size in zip((TREATMENT, HOLDOUT), draw.integers(20, 60, 2), strict=True)
    ]
    everybody = outcomes_of(*groups)
    for arm in (TREATMENT, HOLDOUT):
        for own, levels in zip(cells, (4, 3, 1), strict=True):
            is_own = pl.all_horizontal(
                *(pl.col(name) == value for name, value in zip(CELL, own, strict=True)),
                pl.col("arm") == arm,
                ~pl.col("has_returned"),
            )
            own_row = everybody.with_row_index().filter(is_own).head(1)["index"].item()
            others = everybody.with_row_index().filter(pl.col("index") != own_row).drop("index")
            assert rates(learnt(everybody, arm, levels)) == rates(learnt(others))


def test_a_status_of_which_nothing_was_assumed_is_not_learnt() -> None:
    """The members of a campaign may be active, or nobody knows what they were on its day."""
    active = ("active", *HERE[1:])
    unknown: tuple[str | None, str, str, str] = (None, *HERE[1:])
    lessons = outcomes_of((unknown, TREATMENT, 50, 20), (active, TREATMENT, 50, 40))
    assert shrunk_uplifts(lessons, ASSUMED, SETTINGS).is_empty()


def test_shrinking_comes_nearer_to_the_truth_than_counting() -> None:
    """Many cells of 30 customers with rates around 10 %: the sum of squared errors is smaller."""
    draw = np.random.default_rng(2)
    reasons = [f"reason {n}" for n in range(60)]
    truth = draw.beta(20, 180, len(reasons))
    returned = draw.binomial(30, truth)
    outcomes = outcomes_of(
        *[
            (("lapsed", "recent", "once", reason), TREATMENT, 30, int(count))
            for reason, count in zip(reasons, returned, strict=True)
        ]
    )
    found = shrunk_uplifts(outcomes, ASSUMED, SETTINGS).filter(pl.col("own_arm") == "none")
    order = pl.DataFrame({"loss_reason": reasons})
    shrunk = order.join(found, on="loss_reason", maintain_order="left")["p_treat"].cast(pl.Float64)
    error = ((shrunk.to_numpy() - truth) ** 2).sum()
    assert error < 0.5 * ((returned / 30 - truth) ** 2).sum()
