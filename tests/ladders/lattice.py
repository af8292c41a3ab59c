"""Points of a lattice: many combinations of values at and around the thresholds."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

# Values by column, by relation; the first value of a column is the one that decides nothing.
Facts = Mapping[str, Mapping[str, Sequence[object]]]
MOST_POINTS = 60_000
KEY = "customer_key"


@dataclass(frozen=True)
class Ladder:
    """A model in which the first rule that matches wins, and facts that reach every rule.

    Args:
        rule_set: Its rules in seeds/classification_rules.csv.
        facts: What it reads, each relation with one row per customer.
        never_null: Columns of the model that each row has.
        unreachable: Rules that no facts lead to, each with the reason.
    """

    rule_set: str
    facts: Facts
    never_null: tuple[str, ...] = ("rule_id",)
    unreachable: Mapping[str, str] = field(default_factory=dict)

    def points(self) -> dict[str, pl.DataFrame]:
        """One row per point and relation, with the point's number as the key of the customer."""
        columns = {(r, c): values for r, cs in self.facts.items() for c, values in cs.items()}
        points = list(_points(list(columns.values())))
        keys = pl.Series(KEY, [f"{number:06}" for number in range(len(points))])
        drawn = dict(zip(columns, zip(*points, strict=True), strict=True))
        return {
            relation: pl.DataFrame([keys, *(_series(c, drawn[relation, c]) for c in names)])
            for relation, names in self.facts.items()
        }


def _series(name: str, values: Sequence[object]) -> pl.Series:
    return pl.Series(name, values, strict=False)


def _points(columns: list[Sequence[object]]) -> Iterator[tuple[object, ...]]:
    """All combinations; where they are too many, those next to the first and a fixed sample.

    Next to the first are the points that differ from it in up to two columns: they reach the foot
    of a ladder, for which nothing above may hold.
    """
    if math.prod(map(len, columns)) <= MOST_POINTS:
        yield from itertools.product(*columns)
        return
    near = dict.fromkeys(_near([values[0] for values in columns], columns))
    yield from near
    chance = random.Random(20261122)
    for _ in range(MOST_POINTS - len(near)):
        yield tuple(chance.choice(values) for values in columns)


def _near(first: list[object], columns: list[Sequence[object]]) -> Iterator[tuple[object, ...]]:
    for one, other in itertools.combinations(range(len(columns)), 2):
        for left, right in itertools.product(columns[one], columns[other]):
            point = list(first)
            point[one], point[other] = left, right
            yield tuple(point)
