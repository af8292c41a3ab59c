"""The fits of the small company in the published marts, recomputed where that can be done."""

from __future__ import annotations

import polars as pl
import pytest

from tests.company.published import PublishedCompany

CANDIDATES = ["bg_nbd", "mbg_nbd", "pareto_nbd"]
FIT = ["business_unit", "model_segment"]


def test_how_far_off_the_money_would_have_been_is_told(published: PublishedCompany) -> None:
    totals = published.ask(
        "select *, revenue_bias * actual_revenue as off from clv_backtests"
        " where scope = 'total' and is_in_force"
    )
    needed = ["predicted_revenue", "actual_revenue", "revenue_bias", "cohort_bias", "spend_model"]
    assert totals.select(needed).null_count().sum_horizontal().item() == 0
    off = (totals["predicted_revenue"] - totals["actual_revenue"]).cast(pl.Float64)
    assert totals["off"].to_list() == pytest.approx(off.to_list(), abs=1e-3)
    cohorts = published.ask(
        "select business_unit, model_segment, model,"
        " sum(abs(predicted_orders - actual_orders)) / sum(actual_orders) as expected"
        " from clv_backtests where scope = 'cohort' and is_in_force group by all"
    )
    both = totals.join(cohorts, on=[*FIT, "model"], how="left")
    assert both["cohort_bias"].to_list() == pytest.approx(both["expected"].to_list())
    spends = dict(totals.select("model", "spend_model").unique().rows())
    assert (spends["naive_rate"], spends["unit_average"]) == ("own_mean", "unit_mean")


def test_each_fit_in_force_has_one_model_of_orders_and_one_of_spend(
    published: PublishedCompany,
) -> None:
    selected = published.ask(
        "select distinct business_unit, model_segment, model from clv_parameters"
        " where is_in_force and is_selected order by all"
    )
    of_each = selected.group_by(FIT, maintain_order=True).agg("model")
    assert of_each.select(FIT).rows() == [("north", "all"), ("north", "web"), ("south", "all")]
    for models in of_each["model"]:
        assert len(set(models) & {*CANDIDATES, "unit_average"}) == 1
        assert len(set(models) & {"gamma_gamma", "unit_mean"}) == 1
        assert len(models) == 2


def test_the_losers_and_the_baselines_stand_beside_the_chosen(published: PublishedCompany) -> None:
    totals = published.ask("select * from clv_backtests where scope = 'total' and is_in_force")
    for fit, rows in totals.partition_by(FIT, as_dict=True).items():
        assert {"nbd", "naive_rate", "unit_average"} < set(rows["model"]), fit
        chosen = rows.filter(pl.col("is_selected"))
        best = rows.filter(pl.col("model").is_in(CANDIDATES))["rmse"].min()
        assert chosen["rmse"].item() <= best * 1.01, fit
        assert rows["rmse"].is_between(0, 100).all()


def test_every_scope_of_a_backtest_holds_every_customer_and_order(
    published: PublishedCompany,
) -> None:
    sums = published.ask(
        "select business_unit, model_segment, model, scope,"
        " sum(customer_count)::bigint as customers, sum(actual_orders)::bigint as orders,"
        " sum(predicted_orders) as predicted, sum(actual_revenue) as revenue,"
        " sum(predicted_revenue) as predicted_revenue from clv_backtests group by all"
    )
    held_out = ["customers", "orders", "revenue"]
    per_fit = sums.group_by(FIT).agg(pl.col(held_out).n_unique())
    assert per_fit.select(held_out).rows() == [(1, 1, 1)] * 3
    money = sums.group_by([*FIT, "model"]).agg(
        (pl.col("predicted_revenue").max() - pl.col("predicted_revenue").min()).alias("spread")
    )
    assert money["spread"].max() < 0.01  # each row is rounded to 4 decimals
    predicted = sums.group_by([*FIT, "model"]).agg(
        (pl.col("predicted").max() - pl.col("predicted").min()).alias("spread")
    )
    assert predicted["spread"].max() < 1e-6


@pytest.mark.parametrize("segment", ["all", "web"])
def test_what_was_held_out_is_what_the_orders_say(
    published: PublishedCompany, segment: str
) -> None:
    """What those who came by the cutoff ordered and paid after it: again from the orders."""
    backtest = published.ask(
        "select distinct business_unit, calibration_cutoff_on, holdout_days, customer_count,"
        " actual_orders, actual_revenue from clv_backtests"
        " where scope = 'total' and model_segment = $segment",
        segment=segment,
    )
    assert backtest.height == (2 if segment == "all" else 1)
    for unit, cutoff_on, days, customers, orders, revenue in backtest.rows():
        counted = published.ask(
            """
            with days as (
                select customer_key, ordered_on, min_by(channel, (ordered_at, order_id)) as channel,
                    sum(net_revenue) as revenue
                from orders
                where business_unit = $unit and is_purchase_occasion and customer_key is not null
                group by customer_key, ordered_on
            ),
            customers as (
                select customer_key, min(ordered_on) as first_on,
                    min_by(channel, ordered_on) as segment,
                    count(*) filter (where ordered_on > $cutoff) as later,
                    coalesce(sum(revenue) filter (where ordered_on > $cutoff), 0) as paid
                from days group by customer_key
            )
            select count(*) as customers, sum(later)::bigint as orders,
                ceil(($as_of::date - (select min(first_on) from customers)) / 2)::bigint as days,
                sum(paid) as revenue
            from customers where first_on <= $cutoff and $segment in ('all', segment)
            """,
            unit=unit,
            cutoff=cutoff_on,
            segment=segment,
            as_of=published.expected.as_of,
        )
        assert counted.row(0) == (customers, orders, days, revenue)
        assert (published.expected.as_of - cutoff_on).days == days


def test_totals_hold_the_customers_of_their_fit(published: PublishedCompany) -> None:
    """The parts leave out who is not forecast by name: the total is at least their sum."""
    totals = published.ask(
        "select business_unit, model_segment, expected_orders, expected_orders_p10,"
        " expected_orders_p90, customer_count from clv_totals"
        " where horizon_months = 12 and is_in_force"
    )
    parts = published.ask(
        "select business_unit, model_segment, sum(expected_orders_12m)::double as orders,"
        " count(*) as forecast"
        " from customer_lifetime_value_parts where model_segment is not null group by all"
    )
    both = totals.join(parts, on=FIT, how="full", coalesce=True)
    assert both.null_count().sum_horizontal().item() == 0
    assert both.height == 3
    assert (both["expected_orders"] * 1.000001 >= both["orders"]).all()
    assert (both["customer_count"] >= both["forecast"]).all()
    assert (both["orders"] > 0.8 * both["expected_orders"]).all()
    assert (both["expected_orders_p10"] < both["expected_orders"]).all()
    assert (both["expected_orders"] < both["expected_orders_p90"]).all()


def test_a_customer_names_the_fit_that_values_them(published: PublishedCompany) -> None:
    """A segment too small for a fit is scored by its unit's, and the row says so."""
    segments = published.ask(
        "select distinct model_segment from customer_lifetime_value_parts"
        " where business_unit = 'north' and model_segment is not null order by all"
    )
    assert segments["model_segment"].to_list() == ["all", "web"]
    unknown = published.one(
        "select count(*) from customer_lifetime_value_parts as parts"
        " where model_segment is not null and not exists ("
        " select 1 from clv_parameters as fits where fits.is_in_force and fits.is_selected"
        " and fits.business_unit = parts.business_unit"
        " and fits.model_segment = parts.model_segment and fits.model = parts.model"
        " and fits.run_cutoff_on = parts.clv_cutoff_on)"
    )
    assert unknown == 0
