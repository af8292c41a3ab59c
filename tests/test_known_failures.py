"""Failures that public projects of this kind have had, each as a test under its own name.

Where a test elsewhere goes into all cases, the one here is its small form.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from tests.activity import Activity, History, random_histories
from tests.company.generate import company
from tests.company.model import business_day
from tests.company.published import PublishedCompany
from tests.company.truth import latest_orders, net_revenue, refunds_of
from tests.compiled import CompiledModels

# One-time buyers whom NTILE split into four scores.
TIED = 620
# Marts that say something of the whole company, and say it of nobody too.
WHOLE_COMPANY = {"winback_suppressions"}


@pytest.fixture(scope="module")
def compiled(published: PublishedCompany) -> CompiledModels:
    return CompiledModels(published.settings)


def test_known_failure_1_sale_and_capture_double_nothing(published: PublishedCompany) -> None:
    """Refunds, tax, discount and shipping stood twice in fivetran/dbt_shopify #176."""
    small, as_of = company(), published.expected.as_of
    kinds: dict[str, set[str]] = {}
    for event in small.payments:
        if event.status == "success":
            kinds.setdefault(event.order_id, set()).add(event.kind)
    expected = {
        order.order_id: (
            net_revenue(order),
            order.tax - sum(refund.tax for refund in refunds),
            order.shipping - sum(refund.shipping for refund in refunds),
            sum(refund.goods_total for refund in refunds),
        )
        for order in latest_orders(small, as_of).values()
        if kinds.get(order.order_id, set()) >= {"sale", "capture"} and order.currency == "USD"
        and order.status != "cancelled"
        for refunds in [refunds_of(small, order, as_of)]
        if {refund.currency for refund in refunds} <= {"USD"}
    }  # fmt: skip
    found = published.ask(
        "select order_id, net_revenue_gross_of_refunds, tax_amount, shipping_revenue,"
        " refunded_revenue from orders where source_system = 'north_shop'"
    )
    rows = {order_id: tuple(amounts) for order_id, *amounts in found.iter_rows()}
    assert len(rows) == found.height
    assert {order_id: rows[order_id] for order_id in expected} == expected
    assert any(refunded for *_, refunded in expected.values())


def test_known_failure_2_a_foreign_refund_never_falls_back_to_rate_one(published) -> None:
    """It did in fivetran/dbt_shopify #69."""
    foreign = published.ask("select exchange_rate from refunds where currency <> 'USD'")
    assert foreign.height > 0
    assert foreign["exchange_rate"].null_count() == 0
    assert Decimal(1) not in set(foreign["exchange_rate"])


def test_known_failure_3_running_totals_are_whole_after_daily_deliveries(
    published, compiled
) -> None:
    """They were null after an incremental run (#85). A history and five drops; no model adds on."""
    kinds = {node["config"]["materialized"] for node in compiled.models.values()}
    assert kinds <= {"view", "table"}
    cells = published.ask(
        "select business_unit, cohort_month, incremental_net_revenue, cumulative_net_revenue"
        " from clv_cohorts where cohort = 'acquired' and not is_right_censored"
        " order by business_unit, cohort_month, months_since"
    )
    running = pl.col("incremental_net_revenue").cum_sum().over("business_unit", "cohort_month")
    assert cells.height > 0
    assert cells["cumulative_net_revenue"].equals(cells.select(running).to_series())


def test_known_failure_4_one_mail_in_other_letters_is_one_customer(published) -> None:
    """Both shops know the first forty people, under a mail in capitals or with a blank before."""
    keys = published.ask(
        "select right(source_id, 4) as person, count(distinct customer_key) as keys, count(*) as n"
        " from customer_identities where entity = 'customer_ref' and right(source_id, 4) <= '0030'"
        " group by person"
    )
    assert (keys.height, set(keys["keys"]), set(keys["n"])) == (30, {1}, {2})


def test_known_failure_4_the_latest_consent_holds_and_of_two_the_stricter(published) -> None:
    """Granted and denied in one second."""
    states = published.ask(
        "select distinct consents.state from consents"
        " inner join customer_identities"
        " on consents.customer_key = customer_identities.customer_key"
        " where entity = 'contact' and source_id in ('C-0037', 'C-0111', 'C-0148')"
        " and consents.purpose = 'winback' and consents.channel = 'post'"
    )
    assert states["state"].to_list() == ["denied"]


def test_known_failure_5_equal_customers_get_equal_scores(compiled) -> None:
    """NTILE split 620 identical one-time buyers into four scores."""
    keys = [f"{number:03}" for number in range(TIED + 80)]
    facts = pl.DataFrame(
        {
            "customer_key": keys,
            "business_unit": "shop",
            "score_group": "person",
            "is_internal": False,
            "is_not_profiled": False,
            "last_ordered_on": [date(2025, 6, 1)] * TIED + [date(2025, 7, 1)] * 80,
            "frequency_days": [1] * TIED + [3] * 80,
            "monetary": [Decimal(20)] * TIED + [Decimal(90)] * 80,
        }
    )
    scores = compiled.run("int_customer_rfm_scores", {"int_customer_rfm_facts": facts})
    tied = scores.filter(pl.col("customer_key").is_in(keys[:TIED]))
    assert tied.height == TIED
    assert tied.select("r_score", "f_score", "m_score").n_unique() == 1
    assert scores["r_score"].n_unique() == 2


def test_known_failure_5_a_cohort_is_of_the_shops_own_month(published) -> None:
    """An order of the last evening of December, when it was January in UTC."""
    placed = published.ask(
        "select cast(ordered_at as date) as in_utc, ordered_on, customer_key from orders"
        " where order_id = 'N-X-028'"
    ).row(0, named=True)
    assert (placed["in_utc"], placed["ordered_on"]) == (date(2026, 1, 1), date(2025, 12, 31))
    shifted = published.one(
        "select count(*) from ("
        " select customer_key, cast(date_trunc('month', min(ordered_on)) as date) as month"
        " from orders where is_net_purchase group by customer_key) as first_orders"
        " inner join customer_lifetime_value as clv"
        " on first_orders.customer_key = clv.customer_key"
        " where clv.cohort_month <> first_orders.month"
    )
    assert shifted == 0


def test_known_failure_5_lines_do_not_multiply_their_order(published) -> None:
    for column in ("net_revenue_gross_of_refunds", "gift_card_sales"):
        of_lines = published.one(f"select sum({column}) from order_lines")
        assert of_lines == published.one(f"select sum({column}) from orders") > 0


def test_known_failure_5_a_gift_card_is_no_revenue_and_no_purchase_yet(published) -> None:
    card = published.ask(
        "select net_revenue, gift_card_sales, is_purchase_occasion from orders"
        " where order_id = 'N-X-020'"
    )
    assert card.row(0) == (Decimal(0), Decimal(50), False)


def test_known_failure_5_a_late_refund_counts_on_its_own_day(published) -> None:
    """Of orders long before, told in the drops; the order's own revenue stays what it was."""
    late = {
        refund.refund_id: business_day("north_shop", refund.refunded_at)
        for refund in company().refunds
        if refund.refund_id.startswith("R-L-")
    }
    found = published.ask(
        "select refund_id, refunded_on, ordered_on from refunds"
        " inner join orders on refunds.source_system = orders.source_system"
        " and refunds.order_id = orders.order_id where refund_id like 'R-L-%'"
    )
    assert dict(found.select("refund_id", "refunded_on").iter_rows()) == late
    assert (found["ordered_on"] < found["refunded_on"]).all()


def test_known_failure_6_a_shared_inbox_or_domain_is_not_one_customer(published) -> None:
    shared = published.ask(
        "select customer_key from customer_identities"
        " where entity = 'customer_ref' and source_id between 'N-0181' and 'N-0190'"
    )
    assert shared["customer_key"].n_unique() == shared.height == 10


def test_known_failure_6_chains_of_merges_are_one_customer_and_rings_are_told(published) -> None:
    merged = published.ask(
        "select left(source_id, 6) as person, count(distinct customer_key) as keys, count(*) as n"
        " from customer_identities where entity = 'contact' and source_id between 'C-0101'"
        " and 'C-0106b' group by person"
    )
    assert (merged.height, set(merged["keys"]), set(merged["n"])) == (6, {1}, {2})
    rings = published.ask("select distinct source_id from identity_findings order by source_id")
    assert rings["source_id"].to_list() == ["C-0130b", "C-0130c"]


def test_known_failure_7_who_is_gone_stays_in_the_totals(compiled) -> None:
    """What an erasure leaves behind: the orders, with no record to say whose they were."""

    def erased(_: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
        relation = compiled.relations["stg_etl__identities"]
        return {"stg_etl__identities": f"from {relation} where customer_key not like '0%'"}

    with compiled.rebuilt(erased) as again:
        customers = [rows.height for rows in again.both("customers")]
        orders = again.both("orders")
    assert 0 < customers[1] < customers[0]
    guests = [rows["customer_key"].null_count() for rows in orders]
    assert guests[1] > guests[0]
    money = ["net_revenue", "refunded_revenue", "shipping_revenue", "tax_amount", "margin"]
    assert orders[0].select(money).sum().equals(orders[1].select(money).sum())


def test_known_failure_8_a_repeat_buyer_is_not_flagged_as_leaving(compiled) -> None:
    """The four properties of test_activity_properties.py, and a customer with a steady rhythm."""
    activity, histories = Activity(compiled), random_histories(100, seed=1)
    now, tomorrow = activity.of(histories), activity.of(histories, days_later=1)
    later: list[History] = [(*history[:-1], history[-1] // 2) for history in histories]
    today: list[History] = [(*history[:-1], 0) for history in histories]
    moved, held = activity.of(later), activity.with_gaps(later, now["gap_days"].to_list())
    assert (moved["recency_ratio"] <= now["recency_ratio"]).all()
    assert (held["recency_ratio"] <= now["recency_ratio"]).all()
    assert set(activity.of(today)["recency_ratio"]) == {0}
    assert (tomorrow["recency_ratio"] >= now["recency_ratio"]).all()
    steady: list[History] = [tuple(range(30 * 12, -1, -30))] * 5
    for days_later in (0, 15, 30):
        assert set(activity.of(steady, days_later)["activity_status"]) == {"active"}


def test_known_failure_9_a_first_run_over_empty_exports_makes_every_mart(compiled) -> None:
    """No record at all: every mart of customers is there, without a row."""

    def empty(connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
        staged = [name for name in compiled.relations if name.startswith("stg_")]
        return {name: f"from {compiled.relations[name]} limit 0" for name in staged}

    with compiled.rebuilt(empty) as again:
        rows = {mart: again.both(mart)[1].height for mart in compiled.marts if mart in again.names}
    filled = {mart for mart, height in rows.items() if height}
    assert {"customers", "orders", "loyalty_segments", "winback_targets"} <= rows.keys() - filled
    assert filled <= WHOLE_COMPANY, filled
