"""Experiments of the small company: arms as the twin says, read once, nothing before the day."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from etl.config import DBT_PROJECT
from etl.experiments import INPUT_SCHEMAS
from etl.warehouse.assignments import known_assignments
from etl.warehouse.experiments import RESULTS, known_results, measure_experiments
from tests.arms import arm_of, bucket_of
from tests.company.published import PublishedCompany

CAMPAIGN = "help_desk/M-1"


def plan() -> dict[str, dict[str, str]]:
    path = DBT_PROJECT / "seeds" / "winback_experiments_planned.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return {row["experiment"]: row for row in csv.DictReader(file)}


def compiled_bucket(published: PublishedCompany) -> str:
    """The expression that draws a bucket, as it ran."""
    folder = published.settings.warehouse / "dbt" / "compiled"
    (path,) = folder.rglob("int_winback_entries.sql")
    found = re.search(r"(mod\(.*?10000\)) as bucket", path.read_text(), flags=re.DOTALL)
    assert found
    return found[1]


def test_the_macro_draws_what_its_twin_draws(published: PublishedCompany) -> None:
    keys = pl.DataFrame({"customer_key": [f"key {n}" for n in range(10_000)]})
    query = (
        f"select customer_key, {compiled_bucket(published)} as bucket from keys as eligible"
        " cross join (select 'salt' as salt, 'e' as experiment) as open_experiments"
    )
    with duckdb.connect() as connection:
        connection.register("keys", keys.to_arrow())
        drawn = connection.sql(query).pl()
    assert drawn.height == 10_000
    assert all(bucket == bucket_of("salt", "e", key) for key, bucket in drawn.iter_rows())


def test_everybody_is_in_the_arm_of_their_bucket(published: PublishedCompany) -> None:
    planned = plan()
    assigned = known_assignments(published.settings, published.expected.as_of)
    assert assigned.height > 0
    for row in assigned.iter_rows(named=True):
        experiment = planned[row["experiment"]]
        bucket = bucket_of(experiment["salt"], row["experiment"], row["assigned_key"])
        arm = arm_of(bucket, Decimal(experiment["holdout_share"]))
        assert (row["bucket"], row["arm"]) == (bucket, arm)


def test_a_running_experiment_shows_its_sizes_only(published: PublishedCompany) -> None:
    day = published.expected.as_of
    rows = published.ask("select * from winback_experiments where read_on is null")
    told = ["returned", "return_rate", "margin", "uplift", "uplift_low", "incremental_margin"]
    assert rows.height > 0
    assert (rows["reads_on"] > day).all()
    assert all(rows[name].null_count() == rows.height for name in told)
    assert set(rows["verdict"].drop_nulls()) == {"running"}
    whole = rows.filter(pl.col("stratum") == "all")["customer_count"].sum()
    assert whole == known_assignments(published.settings, day).height
    assert whole == rows.filter(pl.col("stratum") != "all")["customer_count"].sum()


def test_a_campaign_with_a_holdout_is_read(published: PublishedCompany) -> None:
    """Three treated, one held out: far too few to say anything."""
    rows = published.ask(
        "select arm, customer_count, returned, verdict, cost, cost_basis from winback_experiments"
        f" where experiment = '{CAMPAIGN}' and stratum = 'all' order by arm"
    )
    assert rows.select("arm", "customer_count", "verdict").rows() == [
        ("holdout", 1, None),
        ("treatment", 3, "inconclusive"),
    ]
    assert rows.select("cost", "cost_basis").row(1) == (Decimal("120.0000"), "stated")
    performance = published.ask(
        f"select * from winback_performance where experiment = '{CAMPAIGN}' and breakdown = 'all'"
    ).row(0, named=True)
    assert (performance["treated"], performance["held_out"]) == (3, 1)
    assert performance["treated_returned"] == rows["returned"][1]
    assert (performance["new_attempts"], performance["success_ratio_vs_new"]) == (0, None)


def test_what_was_read_is_kept_and_not_read_again(
    published: PublishedCompany, tmp_path: Path
) -> None:
    day = published.expected.as_of
    kept = known_results(published.settings, day)
    assert set(kept["experiment"]) == {CAMPAIGN}
    assert known_results(published.settings, day - timedelta(days=1)).is_empty()
    known, new = measure_experiments(published.settings, tmp_path, day, lambda _: None)
    assert new.is_empty()
    assert known.equals(kept)
    assert pl.read_parquet(tmp_path / RESULTS / "*.parquet").equals(kept)


def test_a_day_before_the_reading_is_run_again_without_it(
    published: PublishedCompany, tmp_path: Path
) -> None:
    """Run anew, the day before reads for itself; state keeps the reading it has."""
    before = published.expected.as_of - timedelta(days=1)
    known, new = measure_experiments(published.settings, tmp_path, before, lambda _: None)
    assert set(known["read_on"]) == {before}
    assert new.is_empty()
    early, none = measure_experiments(
        published.settings, tmp_path, date(2025, 6, 29), lambda _: None
    )
    assert early.is_empty()
    assert none.is_empty()


def test_a_bare_build_learns_nothing(published: PublishedCompany) -> None:
    """Nobody's activity was known on the campaign's day, so nothing is learnt from it."""
    folder = next((published.settings.warehouse / "inputs").iterdir())
    uplifts = pl.read_parquet(folder / "winback_uplifts" / "*.parquet")
    assert uplifts.is_empty()
    assert uplifts.schema == pl.Schema(INPUT_SCHEMAS["winback_uplifts"])
