"""RFM scores and groups, grades and the profit-loyalty matrix, reckoned a second time."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from math import floor
from typing import Any

import polars as pl
import pytest

from etl.config import DBT_PROJECT
from tests.company.published import PublishedCompany

SEEDS = DBT_PROJECT / "seeds"
CELLS = [(r, fm) for r in range(1, 6) for fm in range(1, 6)]
STEPS = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
PRESETS = {"native": 11, "shopify": 10, "klaviyo": 6}
FREQUENCY_BREAKS = (1, 2, 3, 5, 9)


def groups() -> dict[str, dict[tuple[int, int], str]]:
    """Preset -> cell -> group, of seeds/rfm_groups.csv."""
    found: dict[str, dict[tuple[int, int], str]] = {}
    with (SEEDS / "rfm_groups.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cell = int(row["r_score"]), int(row["fm_score"])
            assert cell not in found.setdefault(row["preset"], {}), f"{row['preset']} {cell} twice"
            found[row["preset"]][cell] = row["rfm_group"]
    return found


def mid_rank_scores(values: Iterable[Any]) -> dict[Any, int]:
    """Score of each value: min(5, 1 + floor(5 (share below + half the share equal)))."""
    counts = Counter(values)
    total, below, scores = sum(counts.values()), 0, {}
    for value, equal in sorted(counts.items()):
        share = Fraction(2 * below + equal, 2 * total)
        scores[value] = min(5, 1 + floor(5 * share))
        below += equal
    return scores


def frequency_score(days: int) -> int:
    return max(1, sum(days >= lowest for lowest in FREQUENCY_BREAKS))


# ---- the seed ----


def test_each_cell_has_exactly_one_group_in_each_preset() -> None:
    seeded = groups()
    assert set(seeded) == set(PRESETS)
    for preset, cells in seeded.items():
        assert sorted(cells) == CELLS
        assert len(set(cells.values())) == PRESETS[preset]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_best_and_the_worst_cell_are_not_one_group(preset: str) -> None:
    cells = groups()[preset]
    assert cells[5, 5] == "champions"
    assert cells[1, 1] in ("lost", "dormant", "inactive")
    # A group is one piece: from each of its cells the others are reached in steps to a neighbour.
    for name in set(cells.values()):
        members = {cell for cell, group in cells.items() if group == name}
        reached, edge = set(), {min(members)}
        while edge:
            reached |= edge
            edge = {
                (r + a, f + b)
                for r, f in edge
                for a, b in STEPS
                if (r + a, f + b) in members - reached
            }
        assert reached == members, (preset, name)


# ---- the rule itself ----


def test_identical_customers_share_the_middle_score() -> None:
    assert mid_rank_scores([1] * 620) == {1: 3}
    assert list(mid_rank_scores(range(10)).values()) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


# ---- the published company ----


@pytest.fixture(scope="module")
def rfm(published: PublishedCompany) -> pl.DataFrame:
    return published.ask("select * from customer_rfm")


def scored(rfm: pl.DataFrame) -> pl.DataFrame:
    return rfm.filter(pl.col("r_score").is_not_null())


def test_published_scores_are_the_mid_ranks(rfm: pl.DataFrame) -> None:
    """Of each unit and type; the peers of a score are exactly those who have one."""
    ranked = scored(rfm)
    assert ranked.height > 300
    assert set(ranked["rfm_status"]) >= {"scored"}
    for _, peers in ranked.group_by("business_unit", "score_group"):
        recency = mid_rank_scores(peers["last_ordered_on"])
        earning = peers.filter(pl.col("frequency_days") > 0, pl.col("monetary") > 0)
        monetary = mid_rank_scores(earning["monetary"])
        for row in peers.iter_rows(named=True):
            assert row["peer_count"] == peers.height
            assert row["r_score"] == recency[row["last_ordered_on"]]
            assert row["f_score"] == frequency_score(row["frequency_days"])
            in_window = row["frequency_days"] > 0 and row["monetary"] > 0
            assert row["m_score"] == (monetary[row["monetary"]] if in_window else 1)
            assert row["fm_score"] == (row["f_score"] + row["m_score"] + 1) // 2


def test_published_groups_are_those_of_the_seed(rfm: pl.DataFrame) -> None:
    seeded = groups()
    columns = {"native": "rfm_group", "shopify": "shopify_group", "klaviyo": "klaviyo_group"}
    for row in scored(rfm).iter_rows(named=True):
        for preset, column in columns.items():
            assert row[column] == seeded[preset][row["r_score"], row["fm_score"]]


def test_a_customer_of_one_unit_bought_the_same_there_and_in_all(rfm: pl.DataFrame) -> None:
    facts = ["last_ordered_on", "recency_days", "frequency_days", "monetary"]
    whole = rfm.filter(pl.col("business_unit") == "all")
    units = rfm.filter(pl.col("business_unit") != "all")
    assert whole["customer_key"].is_unique().all()
    single = units.filter(pl.len().over("customer_key") == 1)
    both = single.join(whole, on="customer_key", suffix="_all")
    assert both.height == single.height > 0
    for fact in facts:
        assert both[fact].equals(both[f"{fact}_all"], null_equal=True), fact
    # Money of two units adds up to that of all.
    summed = units.group_by("customer_key").agg(pl.col("monetary").sum())
    compared = whole.join(summed, on="customer_key").filter(
        pl.col("monetary") != pl.col("monetary_right")
    )
    assert compared.is_empty()


def test_fewer_than_five_of_a_type_are_not_ranked(rfm: pl.DataFrame) -> None:
    """The company has exactly five businesses that are customers: the fewest that are."""
    assert scored(rfm)["peer_count"].min() == 5
    others = rfm.filter(pl.col("r_score").is_null())
    assert set(others["rfm_status"]) <= {"internal", "prospect", "not_profiled", "too_few_peers"}
    assert others.select("f_score", "m_score", "fm_score", "peer_count").null_count().row(0) == (
        (others.height,) * 4
    )


def test_profit_is_high_from_the_lower_median_on(published: PublishedCompany) -> None:
    """Of those of a type who bought in the window, with a known profit."""
    matrix = published.ask(
        "select matrix.*, customers.last_ordered_on from profit_loyalty_matrix as matrix"
        " inner join customers using (customer_key)"
    )
    assert matrix.height == published.one("select count(*) from customers")
    assert {"partner", "vendor", "affection", "purchase"} <= set(matrix["profit_loyalty_class"])
    celled = matrix.filter(
        pl.col("is_profit_high").is_not_null(), pl.col("rule_id").str.contains("PL1")
    )
    for _, group in celled.group_by("score_group"):
        recent = group.filter(
            (pl.col("as_of_date") - pl.col("last_ordered_on")).dt.total_days() < 365
        )
        profits = sorted(recent["profit"])
        assert set(group["profit_threshold"]) == {profits[(len(profits) + 1) // 2 - 1]}
        assert (group["is_profit_high"] == (group["profit"] >= group["profit_threshold"])).all()


def test_pareto_classes_stand_in_the_order_of_margin(published: PublishedCompany) -> None:
    """Of the last 365 days, by type; where one class ends is a unit test of dbt."""
    rows = published.ask(
        "select customer_type, pareto_class, matrix.margin from customers"
        " inner join profit_loyalty_matrix as matrix using (customer_key)"
        " where pareto_class is not null"
    )
    assert set(rows["pareto_class"]) == {"A", "B", "C"}
    assert (rows["margin"] > 0).all()
    for _, group in rows.group_by("customer_type"):
        low, high = (
            group.group_by("pareto_class").agg(edge).sort("pareto_class")["margin"].to_list()
            for edge in (pl.col("margin").min(), pl.col("margin").max())
        )
        assert all(above > below for above, below in zip(low, high[1:], strict=False))


def test_key_customers_are_of_class_a_and_bought_in_three_quarters(
    published: PublishedCompany,
) -> None:
    rows = published.ask(
        "select grades.*, customers.pareto_class, customers.purchase_days"
        " from customer_grades as grades inner join customers using (customer_key)"
    )
    assert {"key", "regular", "one_off", "none"} <= set(rows["management_class"])
    key = rows.filter(pl.col("management_class") == "key")
    assert (key["pareto_class"] == "A").all()
    assert (key["quarters_active"] >= 3).all()
    once = rows.filter(pl.col("management_class").is_in(["one_off", "new"]))
    assert (once["purchase_days"] == 1).all()
