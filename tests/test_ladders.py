"""Every ladder of rules gives exactly one rule, whatever the facts, and has no rule in vain.

The SQL of each model runs on the points of a lattice; see ``tests/ladders``.
"""

from __future__ import annotations

import csv

import polars as pl
import pytest

from etl.config import DBT_PROJECT
from tests.company.published import PublishedCompany
from tests.compiled import CompiledModels
from tests.ladders.ladders import LADDERS
from tests.ladders.lattice import KEY, Ladder

FEWEST_POINTS = 2000
# Sets of rules that rest on a fit of all customers, which no lattice of facts can vary.
ELSEWHERE = {
    "lifetime_value": "the unit tests in _finance__unit_tests_values.yml",
    "contract_renewal": "tests/test_contract_renewals.py",
}
MODELS = sorted(path.stem for path in (DBT_PROJECT / "models").rglob("int_*_rules.sql"))


@pytest.fixture(scope="module")
def compiled(published: PublishedCompany) -> CompiledModels:
    return CompiledModels(published.settings)


@pytest.fixture(scope="module", params=sorted({*MODELS, *LADDERS}))
def ruled(request, compiled) -> tuple[Ladder, pl.DataFrame, int]:
    """A ladder, what its model made of all points, and how many these are."""
    model = request.param
    if model not in LADDERS:
        pytest.fail(f"{model} has no lattice: write one in tests/ladders/ladders.py")
    ladder = LADDERS[model](compiled.parameters, compiled.as_of)
    points = ladder.points()
    return ladder, compiled.run(model, points), next(iter(points.values())).height


def test_every_point_has_exactly_one_rule_and_no_null(ruled):
    ladder, rows, points = ruled
    assert points >= FEWEST_POINTS
    assert rows.height == rows[KEY].n_unique() == points
    assert rows.select(ladder.never_null).null_count().row(0) == (0,) * len(ladder.never_null)


def test_every_rule_is_reached_or_said_to_be_out_of_reach(ruled):
    ladder, rows, _ = ruled
    reached = set(rows["rule_id"])
    assert reached | set(ladder.unreachable) == rules()[ladder.rule_set]
    assert not reached & set(ladder.unreachable)
    assert all(ladder.unreachable.values())


def test_every_set_of_rules_has_its_ladder(compiled):
    ladders = [make(compiled.parameters, compiled.as_of) for make in LADDERS.values()]
    assert sorted([*ELSEWHERE, *(ladder.rule_set for ladder in ladders)]) == sorted(rules())


def rules() -> dict[str, set[str]]:
    """The rules of each set, as the seed lists them."""
    found: dict[str, set[str]] = {}
    with (DBT_PROJECT / "seeds" / "classification_rules.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["rule_set"], set()).add(row["rule_id"])
    return found
