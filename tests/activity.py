"""Made-up purchase histories, and the activity that the SQL gives them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from tests.compiled import CompiledModels

# Median interval and gap of one-time buyers: quick cohorts, slow ones, and two at the clamps.
COHORTS = ((30, 60), (7, 10), (90, 300), (365, 200), (900, 1200))
UNIT = "unit-{}"
# A history is the days before the build's day on which a customer bought, the first one first.
History = tuple[int, ...]


@dataclass(frozen=True)
class Activity:
    """Asks the compiled SQL of intervals, gaps and activity about histories."""

    models: CompiledModels

    def of(self, histories: Sequence[History], days_later: int = 0) -> pl.DataFrame:
        """Rows of int_customer_activity, in the order of the histories.

        Args:
            days_later: How long after the build's day they are looked at.
        """
        customers = self._customers(histories)
        return self._rated(customers, self._gaps(customers, histories), days_later)

    def with_gaps(self, histories: Sequence[History], gap_days: Sequence[Decimal]) -> pl.DataFrame:
        """Rows of int_customer_activity where the expected gap is given, not computed."""
        gaps = pl.DataFrame({"customer_key": keys(histories), "gap_days": gap_days})
        return self._rated(self._customers(histories), gaps, 0)

    def _rated(self, customers: pl.DataFrame, gaps: pl.DataFrame, days_later: int) -> pl.DataFrame:
        given = {"customers": customers, "int_customer_gaps": gaps}
        as_of = self.models.as_of + timedelta(days=days_later)
        return self.models.run("int_customer_activity", given, as_of).sort("customer_key")

    def _gaps(self, customers: pl.DataFrame, histories: Sequence[History]) -> pl.DataFrame:
        days = pl.DataFrame(
            [
                (key, self._day(ago), number)
                for key, history in zip(keys(histories), histories, strict=True)
                for number, ago in enumerate(history, start=1)
            ],
            schema=["customer_key", "ordered_on", "purchase_no"],
            orient="row",
        )
        intervals = self.models.run("int_customer_intervals", {"int_customer_purchase_days": days})
        given = {
            "customers": customers,
            "int_customer_intervals": intervals,
            "int_cohort_gaps": cohort_gaps(),
        }
        return self.models.run("int_customer_gaps", given)

    def _customers(self, histories: Sequence[History]) -> pl.DataFrame:
        rows: list[Mapping[str, object]] = [
            {
                "customer_key": key,
                "customer_type": "person",
                "primary_business_unit": UNIT.format(number % len(COHORTS)),
                "purchase_days": len(history),
                "first_ordered_on": self._day(history[0]),
                "last_ordered_on": self._day(history[-1]),
            }
            for number, (key, history) in enumerate(zip(keys(histories), histories, strict=True))
        ]
        return pl.DataFrame(rows)

    def _day(self, days_ago: int) -> date:
        return self.models.as_of - timedelta(days=days_ago)


def keys(histories: Sequence[History]) -> list[str]:
    """A key for each history; the cohort follows from its number."""
    return [f"{number:06}" for number in range(len(histories))]


def cohort_gaps() -> pl.DataFrame:
    """Rows of int_cohort_gaps."""
    return pl.DataFrame(
        [
            (UNIT.format(number), "person", Decimal(median), Decimal(once), "cohort", "cohort")
            for number, (median, once) in enumerate(COHORTS)
        ],
        schema=[
            "business_unit", "customer_type", "cohort_median_days", "one_time_gap_days",
            "median_basis", "one_time_basis",
        ],
        orient="row",
    )  # fmt: skip


def random_histories(count: int, seed: int) -> list[History]:
    """One to eight purchase days in three years; each cohort gets the same share of them."""
    chance = random.Random(seed)
    return [
        tuple(sorted(chance.sample(range(1095), chance.randint(1, 8)), reverse=True))
        for _ in range(count)
    ]
