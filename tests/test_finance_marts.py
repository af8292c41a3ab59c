"""Cohorts, CAC and concentration of the small company, worked out again from orders and refunds."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from tests.company.published import PublishedCompany

UNIT = "business_unit"


def cells(published: PublishedCompany) -> pl.DataFrame:
    """Cells of the cohorts, without the lines that have none."""
    return published.ask("select * from clv_cohorts where cohort = 'acquired'")


@pytest.fixture(scope="module")
def postings(published: PublishedCompany) -> pl.DataFrame:
    """Sales and refunds of counted orders on their own days, from the two core marts."""
    sales = published.ask(
        "select customer_key, business_unit, ordered_on as posted_on, is_net_purchase,"
        " net_revenue_gross_of_refunds as net_revenue from orders where is_counted"
    )
    refunds = published.ask(
        "select customer_key, business_unit, refunded_on as posted_on, false as is_net_purchase,"
        " -refunded_revenue as net_revenue from refunds where is_counted"
    )
    return pl.concat([sales, refunds], how="vertical_relaxed").with_columns(
        month_on=pl.col("posted_on").dt.truncate("1mo")
    )


@pytest.fixture(scope="module")
def members(published: PublishedCompany, postings: pl.DataFrame) -> pl.DataFrame:
    """Customers with a true first purchase in one shop alone on its first day."""
    bought = postings.filter("is_net_purchase", pl.col("customer_key").is_not_null())
    first = bought.group_by("customer_key").agg(
        first_on=pl.col("posted_on").min(), cohort_month=pl.col("month_on").min()
    )
    shops = bought.join(first, on="customer_key").filter(pl.col("posted_on") == pl.col("first_on"))
    once = shops.unique(["customer_key", UNIT])
    assert once["customer_key"].is_unique().all(), "somebody started in two shops on one day"
    plain = published.ask(
        "select customer_key from customers where not is_internal and not is_left_censored"
    )
    return once.join(plain, on="customer_key").select("customer_key", UNIT, "cohort_month")


def since_first_purchase(postings: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """What the members moved in the shop that won them, with `months_since`; below 0 before."""
    months = pl.col("month_on").dt.year() * 12 + pl.col("month_on").dt.month()
    start = pl.col("cohort_month").dt.year() * 12 + pl.col("cohort_month").dt.month()
    return postings.join(members, on=["customer_key", UNIT]).with_columns(
        months_since=(months - start).cast(pl.Int64)
    )


def test_cohorts_are_what_orders_and_refunds_say(
    published: PublishedCompany, postings: pl.DataFrame, members: pl.DataFrame
) -> None:
    keys = [UNIT, "cohort_month", "months_since"]
    expected = (
        since_first_purchase(postings, members)
        .filter(pl.col("months_since") >= 0)
        .group_by(keys)
        .agg(
            expected_net_revenue=pl.col("net_revenue").sum(),
            expected_active=pl.col("customer_key").filter("is_net_purchase").n_unique(),
        )
    )
    found = cells(published).join(expected, on=keys, how="full", coalesce=True)
    assert found["cohort_size"].null_count() == 0
    silent = pl.col("expected_net_revenue").fill_null(0)
    assert found.filter(pl.col("incremental_net_revenue") != silent).is_empty()
    known = found.filter(~pl.col("is_right_censored"))
    active = pl.col("expected_active").fill_null(0)
    assert known.filter(pl.col("active_customers") != active).is_empty()
    sizes = members.group_by(UNIT, "cohort_month").len("members")
    sized = found.join(sizes, on=[UNIT, "cohort_month"])
    assert sized.height == found.height
    assert sized.filter(pl.col("cohort_size") != pl.col("members")).is_empty()


def test_cohorts_have_every_month_until_now(published: PublishedCompany) -> None:
    """The as-of date is the last of a month: nothing is censored, the last cell is this month's."""
    found = cells(published)
    last = found.group_by(UNIT, "cohort_month").agg(
        pl.col("month_on").max(), pl.len(), pl.col("months_since").max()
    )
    assert set(last["month_on"]) == {published.expected.as_of.replace(day=1)}
    assert (last["len"] == last["months_since"] + 1).all()
    assert not found["is_right_censored"].any()


def test_money_before_the_first_purchase_has_its_own_line(
    published: PublishedCompany, postings: pl.DataFrame, members: pl.DataFrame
) -> None:
    """Orders that came back before anything was kept: in no cell, and not lost."""
    early = since_first_purchase(postings, members).filter(pl.col("months_since") < 0)
    expected = early.group_by(UNIT).agg(
        pl.col("net_revenue").sum(), customers=pl.col("customer_key").n_unique()
    )
    assert expected.height, "nobody of the company returned an order before the first kept one"
    lines = published.ask(
        "select business_unit, incremental_net_revenue, cohort_size from clv_cohorts"
        " where cohort = 'before_first_purchase'"
    )
    assert sorted(lines.iter_rows()) == sorted(expected.iter_rows())


def test_who_is_first_seen_in_the_first_year_may_be_an_old_customer(
    published: PublishedCompany,
) -> None:
    """North's history starts on 1 July 2024, after the shop; South's is whole."""
    customers = published.ask(
        "select customer_key, first_ordered_on < date '2025-07-01' as is_early,"
        " history_starts_on, is_left_censored from customers where first_ordered_on is not null"
    )
    old = pl.col("is_early") & pl.col("history_starts_on").is_not_null()
    assert customers.filter(pl.col("is_left_censored") != old).is_empty()
    assert 0 < customers["is_left_censored"].sum() < customers.height
    claims = published.one(
        "select count(*) from customer_lifetime_value where is_left_censored"
        " and (cohort_month is not null or cac is not null or payback_month is not null)"
    )
    assert claims == 0


def test_cumulative_is_the_running_total_of_incremental(published: PublishedCompany) -> None:
    running = cells(published).sort("months_since").with_columns(
        pl.col(f"incremental_{name}").cum_sum().over(UNIT, "cohort_month").alias(f"running_{name}")
        for name in ("net_revenue", "margin")
    )  # fmt: skip
    for name in ("net_revenue", "margin"):
        assert (running[f"cumulative_{name}"] == running[f"running_{name}"]).all()


def test_what_winning_cost_adds_up_to_the_spend(
    published: PublishedCompany, members: pl.DataFrame
) -> None:
    """300 dollars for search in one month, and nobody bought by search: one CAC for the month."""
    won = members.filter(pl.col("cohort_month").dt.strftime("%Y-%m") == "2025-09")
    costs = published.ask(
        "select distinct business_unit, cohort_month, cohort_size, acquisition_cost"
        " from clv_cohorts where acquisition_cost is not null"
    )
    assert costs["acquisition_cost"].sum() == 300
    assert costs["cohort_size"].sum() == won.height
    customers = published.ask(
        "select customer_key, cac, clv_to_cac, payback_month,"
        " historic_margin + clv_36m_margin_discounted as clv"
        " from customer_lifetime_value where cac is not null"
    )
    assert set(customers["customer_key"]) == set(won["customer_key"])
    cac = round(Decimal(300) / won.height, 4)
    assert set(customers["cac"]) == {cac}
    for row in customers.filter(pl.col("clv").is_not_null()).to_dicts():
        assert abs(row["clv_to_cac"] - row["clv"] / cac) < Decimal("1e-6")
    assert 0 < customers["payback_month"].count() < won.height


def test_concentration_is_that_of_the_amounts(
    published: PublishedCompany, postings: pl.DataFrame
) -> None:
    """Lorenz curve and Gini by the textbook's double sum."""
    plain = published.ask("select customer_key from customers where not is_internal")
    amounts = (
        postings.join(plain, on="customer_key")
        .group_by("customer_key")
        .agg(pl.col("net_revenue").sum())["net_revenue"]
        .cast(pl.Float64)
        .to_numpy()
    )
    positive = np.sort(amounts[amounts > 0])
    gini = np.abs(positive[:, None] - positive).sum() / (2 * len(positive) * positive.sum())
    curve = published.ask(
        "select * from revenue_concentration where metric = 'net_revenue_lifetime'"
        " and business_unit = 'all' order by percentile"
    )
    row = curve.row(0, named=True)
    assert row["positive_customers"] == len(positive)
    assert row["negative_customers"] == (amounts < 0).sum()
    assert float(row["gini"]) == pytest.approx(gini, abs=5.001e-7), "half a digit, rounded half up"
    lorenz = np.interp(
        curve["percentile"] / 100 * len(positive),
        np.arange(len(positive) + 1),
        np.concatenate([[0], positive.cumsum()]) / positive.sum(),
    )
    assert curve["bottom_share"].cast(pl.Float64).to_numpy() == pytest.approx(lorenz, abs=5.001e-7)
    assert curve["percentile"].to_list() == list(range(1, 101))
