"""Experiments: assignment, intervals, power, verdicts, and simulated campaigns read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from etl.experiments import ExperimentSettings, read_experiments
from etl.experiments.inputs import HOLDOUT, TREATMENT
from etl.experiments.intervals import Interval, weighted_difference, wilson
from etl.experiments.margins import incremental_margin
from etl.experiments.power import minimum_detectable_effect
from etl.experiments.uplift import count_arms, pool_thin_strata, uplift_of
from etl.experiments.verdicts import verdict_of
from tests.arms import arm_of, bucket_of

SETTINGS = ExperimentSettings(
    bootstrap_draws=400.0,
    measured_min_customers=100.0,
    prior_weight=50.0,
    arm_min_customers=5.0,
)
READS_ON = date(2017, 12, 10)
# Share of the rate's standard error that a count over simulations may be off by.
STANDARD_ERRORS = 3.0


def newcombe(treated: tuple[int, int], held_out: tuple[int, int]) -> Interval:
    """The interval of one stratum: successes and trials of each arm."""
    (returned, customers), (others_returned, others) = (
        [np.array([float(count)]) for count in arm] for arm in (treated, held_out)
    )
    return weighted_difference(np.ones(1), (returned, customers), (others_returned, others))


def outcomes_of(
    cells: list[tuple[str, str, int, int]], margin: float = 10.0, experiment: str = "e"
) -> pl.DataFrame:
    """One row per customer; cells are stratum, arm, customers and those who returned."""
    parts = [
        pl.DataFrame(
            {
                "experiment": experiment,
                "stratum": stratum,
                "arm": arm,
                "has_returned": [n < returned for n in range(customers)],
            }
        )
        for stratum, arm, customers, returned in cells
    ]
    earned = pl.when("has_returned").then(margin).otherwise(0.0)
    return pl.concat(parts).with_columns(margin=earned, net_revenue=2.0 * earned)


def simulated(
    seed: int,
    customers: int,
    rates: dict[str, tuple[float, float]],
    holdout_share: float = 0.5,
) -> pl.DataFrame:
    """A campaign: strata of equal size, each with a rate held out and a rate treated."""
    draw = np.random.default_rng(seed)
    stratum = draw.choice(list(rates), customers)
    held_out = draw.random(customers) < holdout_share
    rate = np.array(
        [rates[name][0 if out else 1] for name, out in zip(stratum, held_out, strict=True)]
    )
    returned = draw.random(customers) < rate
    margin = np.where(returned, draw.gamma(2.0, 10.0, customers), 0.0)
    return pl.DataFrame(
        {
            "experiment": "e",
            "stratum": stratum,
            "arm": np.where(held_out, HOLDOUT, TREATMENT),
            "has_returned": returned,
            "margin": margin,
            "net_revenue": 2.0 * margin,
        }
    )


def register(cost: float | None = 100.0, material: float = 0.01) -> pl.DataFrame:
    """One experiment, as the warehouse lists it."""
    return pl.DataFrame(
        {
            "experiment": ["e"],
            "arm_source": ["warehouse"],
            "assigned_from_on": [date(2017, 9, 11)],
            "assigned_to_on": [date(2017, 9, 11)],
            "reads_on": [READS_ON],
            "material_difference": [material],
            "cost": [cost],
            "cost_basis": ["stated"],
        },
        schema_overrides={"cost": pl.Float64()},
    )


def read(
    outcomes: pl.DataFrame, as_of: date = READS_ON, cost: float | None = 100.0
) -> pl.DataFrame:
    return read_experiments(register(cost), outcomes, as_of, SETTINGS)


def whole(results: pl.DataFrame) -> dict[str, object]:
    """The row that judges the experiment."""
    row = results.filter(pl.col("stratum") == "all", pl.col("arm") == TREATMENT)
    return row.row(0, named=True)


def test_a_rerun_moves_nobody_and_the_arms_are_balanced() -> None:
    """12,000 customers: within 3 standard errors per stratum, within 1 pp overall."""
    keys = [f"customer {n}" for n in range(12_000)]
    strata = [f"stratum {n % 12}" for n in range(12_000)]
    share = 0.1

    def arms() -> pl.Series:
        return pl.Series(
            [arm_of(bucket_of("salt", "winback 1", key), Decimal("0.1")) for key in keys]
        )

    first = arms()
    assert (first == arms()).all()
    frame = pl.DataFrame({"stratum": strata, "is_held_out": first == HOLDOUT})
    assert abs(frame["is_held_out"].mean() - share) < 0.01  # type: ignore[operator]
    found = frame.group_by("stratum").agg(pl.col("is_held_out").mean(), customers=pl.len())
    error = (share * (1.0 - share) / found["customers"].to_numpy()) ** 0.5
    assert (np.abs(found["is_held_out"].to_numpy() - share) < STANDARD_ERRORS * error).all()


def test_two_salts_overlap_as_chance_says() -> None:
    keys = [f"customer {n}" for n in range(10_000)]
    held = [
        {
            key
            for key in keys
            if arm_of(bucket_of(salt, "winback 1", key), Decimal("0.5")) == HOLDOUT
        }
        for salt in ("salt", "other salt")
    ]
    expected = len(held[0]) * len(held[1]) / len(keys)
    error = (len(keys) * 0.25 * 0.75) ** 0.5
    assert abs(len(held[0] & held[1]) - expected) < STANDARD_ERRORS * error


def test_buckets_are_whole_numbers_below_ten_thousand_and_shares_are_exact() -> None:
    buckets = [bucket_of("s", "e", str(n)) for n in range(50_000)]
    assert (min(buckets), max(buckets)) == (0, 9_999)
    assert sum(arm_of(bucket, Decimal("0.07")) == HOLDOUT for bucket in range(10_000)) == 700


def test_minimum_detectable_effect_of_the_plan() -> None:
    """The figures of the experiment plan: base 5 %, 90:10, and why short lists get 50:50."""
    found = {n: minimum_detectable_effect(n * 9 // 10, n // 10, 0.05) for n in (1_000, 10_000)}
    assert found[1_000] == pytest.approx(0.091, abs=0.0005)
    assert found[10_000] == pytest.approx(0.023, abs=0.0005)
    assert minimum_detectable_effect(500, 500, 0.05) == pytest.approx(0.046, abs=0.0005)


def test_an_effect_of_the_detectable_size_is_found_four_times_of_five() -> None:
    effect = minimum_detectable_effect(2_000, 2_000, 0.05)
    assert effect is not None
    draw = np.random.default_rng(1)
    treated = draw.binomial(2_000, 0.05 + effect, 2_000)
    held_out = draw.binomial(2_000, 0.05, 2_000)
    pooled = (treated + held_out) / 4_000
    z = (treated - held_out) / 2_000 / np.sqrt(pooled * (1.0 - pooled) / 1_000)
    assert (z > 1.96).mean() == pytest.approx(0.80, abs=0.03)


@pytest.mark.parametrize("base_rate", [0.0, 0.5, 0.999, 1.0])
def test_where_nothing_can_be_found_the_effect_is_none(base_rate: float) -> None:
    found = minimum_detectable_effect(3, 2, base_rate)
    assert found is None or 0.0 < found <= 1.0 - base_rate
    assert minimum_detectable_effect(3, 2, 1.0) is None


@pytest.mark.parametrize(
    ("treated", "held_out", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombes_own_table(
    treated: tuple[int, int], held_out: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe (1998), table II, method 10."""
    interval = newcombe(treated, held_out)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.00006)


def test_wilson_ends_stay_within_zero_and_one() -> None:
    low, high = wilson(np.array([0.0, 3.0]), np.array([3.0, 3.0]))
    assert (low[0], high[1]) == (0.0, 1.0)
    assert (high[0], low[1]) == pytest.approx((0.5615, 0.4385), abs=0.0001)


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.001, 0.5), "positive"),
        ((0.0, 0.5), "inconclusive"),
        ((-0.5, -0.001), "negative"),
        ((-0.009, 0.009), "no_material_effect"),
        ((-0.009, 0.01), "inconclusive"),
        ((0.001, 0.009), "positive"),
        (None, "inconclusive"),
    ],
)
def test_the_ends_of_the_interval_decide(
    interval: tuple[float, float] | None, verdict: str
) -> None:
    """Where an interval lies above zero and within the margin, it is positive: first match."""
    uplift = Interval(0.0, *interval) if interval else None
    assert verdict_of(uplift, 0.01, READS_ON, READS_ON) == verdict
    assert verdict_of(uplift, 0.01, READS_ON, READS_ON - timedelta(days=1)) == "running"


def test_before_its_day_an_experiment_shows_nothing() -> None:
    outcomes = outcomes_of([("s", TREATMENT, 900, 180), ("s", HOLDOUT, 900, 90)])
    assert read(outcomes, READS_ON - timedelta(days=1)).is_empty()
    assert whole(read(outcomes))["verdict"] == "positive"


def test_a_known_uplift_is_recovered_within_its_interval() -> None:
    """400 campaigns of 2,000: +5 pp in one stratum, +1 pp in the other; 95 % cover the mean."""
    rates = {"few": (0.05, 0.10), "many": (0.30, 0.31)}
    covered = 0
    for seed in range(400):
        counted = count_arms(simulated(seed, 2_000, rates))
        size = counted["treated"] + counted["held_out"]
        true = float((size * pl.Series([0.05, 0.01])).sum()) / 2_000
        uplift = uplift_of(counted)
        assert uplift is not None
        covered += uplift.low <= true <= uplift.high
    assert abs(covered / 400 - 0.95) < STANDARD_ERRORS * (0.95 * 0.05 / 400) ** 0.5


def test_the_incremental_margin_is_covered_too() -> None:
    """400 campaigns: 5 pp more return, each for a margin of 20: 1 per customer."""
    covered = 0
    for seed in range(400):
        found = incremental_margin(simulated(seed, 1_000, {"s": (0.10, 0.15)}), 200, str(seed))
        assert found is not None
        covered += found.per_customer.low <= 1.0 <= found.per_customer.high
    assert abs(covered / 400 - 0.95) < STANDARD_ERRORS * (0.95 * 0.05 / 400) ** 0.5


def test_without_an_effect_one_of_twenty_looks_like_one() -> None:
    """A/A: both arms alike; the interval leaves zero in about 5 of 100."""
    found = [
        uplift_of(count_arms(simulated(seed, 1_000, {"a": (0.1, 0.1), "b": (0.3, 0.3)})))
        for seed in range(1_000, 1_400)
    ]
    false = sum(uplift is None or not uplift.low <= 0.0 <= uplift.high for uplift in found)
    assert abs(false / 400 - 0.05) < STANDARD_ERRORS * (0.95 * 0.05 / 400) ** 0.5


def test_a_campaign_that_is_too_small_is_inconclusive() -> None:
    """A true rise of 3 pp among 200 customers: far below what they could show."""
    found = whole(read(simulated(3, 200, {"s": (0.05, 0.08)})))
    assert found["verdict"] == "inconclusive"
    assert float(str(found["minimum_detectable_effect"])) > 0.03


def test_post_stratification_is_right_where_the_plain_difference_is_wrong() -> None:
    """Simpson: the treated are mostly lost, the held out mostly lapsed; +5 pp in both."""
    outcomes = outcomes_of(
        [
            ("lapsed", TREATMENT, 1_000, 350),
            ("lapsed", HOLDOUT, 9_000, 2_700),
            ("lost", TREATMENT, 9_000, 900),
            ("lost", HOLDOUT, 1_000, 50),
        ]
    )
    plain = newcombe((1_250, 10_000), (2_750, 10_000))
    assert plain.high < 0.0
    uplift = uplift_of(count_arms(outcomes))
    assert uplift is not None
    assert uplift.estimate == pytest.approx(0.05)
    assert 0.0 < uplift.low < 0.05 < uplift.high
    margin = incremental_margin(outcomes, 200, "e")
    assert margin is not None
    assert margin.per_customer.estimate == pytest.approx(0.5)


def test_one_stratum_is_newcombes_interval() -> None:
    counted = count_arms(outcomes_of([("s", TREATMENT, 70, 56), ("s", HOLDOUT, 80, 48)]))
    assert uplift_of(counted) == newcombe((56, 70), (48, 80))


def test_thin_strata_are_pooled_by_their_sizes() -> None:
    thick = [("a", TREATMENT, 50, 9), ("a", HOLDOUT, 50, 5)]
    thin = [
        ("b", TREATMENT, 9, 1),
        ("b", HOLDOUT, 2, 0),
        ("c", TREATMENT, 8, 0),
        ("c", HOLDOUT, 3, 3),
    ]
    pooled = pool_thin_strata(outcomes_of(thick + thin), 5)
    assert count_arms(pooled)["stratum"].to_list() == ["a", "pooled"]
    alone = pool_thin_strata(outcomes_of([*thick, ("b", TREATMENT, 9, 1)]), 5)
    assert count_arms(alone).rows() == [("pooled", 59, 10, 50, 5)]


def test_without_a_holdout_there_is_no_uplift_and_no_verdict() -> None:
    found = whole(read(outcomes_of([("s", TREATMENT, 50, 10)])))
    assert (found["customers"], found["returned"]) == (50, 10)
    assert (found["uplift"], found["incremental_margin"], found["roi"]) == (None, None, None)
    assert found["verdict"] == "inconclusive"


def test_a_handful_of_customers_is_never_judged() -> None:
    """Four of four against none of four: the interval is above zero, and it is four customers."""
    found = whole(read(outcomes_of([("s", TREATMENT, 4, 4), ("s", HOLDOUT, 4, 0)])))
    assert float(str(found["uplift_low"])) > 0.0
    assert (found["verdict"], found["incremental_margin"]) == ("inconclusive", None)


def test_what_is_read_adds_up() -> None:
    """20 % against 10 %: 100 of 1,000 more, for 10 each; 500 spent, so 1.00 earned on each."""
    outcomes = pl.concat(
        [
            outcomes_of([("a", TREATMENT, 600, 150), ("a", HOLDOUT, 600, 75)]),
            outcomes_of([("b", TREATMENT, 400, 50), ("b", HOLDOUT, 400, 25)]),
        ]
    )
    results = read(outcomes, cost=500.0)
    found = whole(results)
    assert str(found["uplift"]) == "0.100000"
    assert str(found["incremental_margin"]) == "1000.0000"
    assert str(found["incremental_margin_per_customer"]) == "1.0000"
    assert str(found["roi"]) == "1.000000"
    assert found["incremental_margin_low"] < found["incremental_margin"]  # type: ignore[operator]
    counts = (
        results.filter(pl.col("stratum") != "all")
        .group_by("arm")
        .agg(pl.col("customers", "returned", "margin").sum())
    )
    every = results.filter(pl.col("stratum") == "all").select(counts.columns)
    assert counts.sort("arm").rows() == every.sort("arm").rows()
    strata = results.filter(pl.col("stratum") != "all")
    assert strata["verdict"].null_count() == strata.height
    assert strata.filter(pl.col("arm") == TREATMENT)["uplift"].null_count() == 0


def test_a_reading_is_the_same_for_rows_in_any_order() -> None:
    outcomes = simulated(5, 2_000, {"a": (0.05, 0.10), "b": (0.30, 0.31)})
    shuffled = outcomes.sample(fraction=1.0, shuffle=True, seed=6)
    assert read(outcomes).equals(read(shuffled))


def test_the_draws_leave_out_nothing_and_are_those_of_the_name() -> None:
    outcomes = simulated(7, 500, {"s": (0.2, 0.4)})
    one, two = (incremental_margin(outcomes, 2_000, name) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    assert one == incremental_margin(outcomes, 2_000, "one")
    assert one != two
    arms = [outcomes.filter(pl.col("arm") == arm)["margin"] for arm in (TREATMENT, HOLDOUT)]
    error = float(np.sqrt(sum(float(arm.to_numpy().var()) / arm.len() for arm in arms)))
    assert one.detectable_per_customer == pytest.approx(2.8016 * error, rel=0.06)
