"""Files in, known numbers out; and the same facts delivered in another way change nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from etl import route
from etl.errors import DataBlocked, LoyaltyError, SourceLate
from etl.lake.commits import read_lake
from etl.publish.release import read_current
from etl.warehouse.database import BUILD_NAME, frame, read_only
from tests.company.generate import company, write_company
from tests.company.published import (
    PublishedCompany,
    hashes,
    run,
    settings_at,
)
from tests.company.rearrange import (
    plant_missing_rate,
    redeliver_same,
    reverse_order,
    split_in_two,
)

AS_OF = date(2026, 1, 31)
EARLIER = date(2026, 1, 29)


def test_every_record_is_accounted_for(published: PublishedCompany) -> None:
    found: Counter[str] = Counter()
    for delivery in read_lake(published.settings).deliveries:
        found[delivery["system"]] += delivery["records"]
    assert dict(found) == published.expected.records


def test_exactly_the_planted_rows_are_refused(published: PublishedCompany) -> None:
    found = {
        (d["system"], d["export"], r["table"], r["column"] or "", r["reason"]): r["rows"]
        for d in read_lake(published.settings).deliveries
        for r in d["rejects"]["by_reason"]
    }
    planted = {
        (r.system, r.export, r.table, r.column, r.reason): r.rows
        for r in published.expected.refused
    }
    assert found == planted


@pytest.mark.parametrize("shop", ["north_shop", "south_shop"])
def test_the_money_is_right_to_the_cent(published: PublishedCompany, shop: str) -> None:
    truth = published.expected.totals().shops[shop]
    found = published.ask(
        """
        select
            count(*) as orders,
            count(*) filter (where is_counted) as counted_orders,
            count(*) filter (where customer_key is null) as guest_orders,
            sum(net_revenue_gross_of_refunds) as net_revenue_gross_of_refunds,
            sum(refunded_revenue) as refunded_revenue,
            sum(gift_card_sales) as gift_card_sales,
            sum(shipping_revenue) as shipping_revenue,
        from orders
        where source_system = $shop
        """,
        shop=shop,
    ).row(0, named=True)
    assert found == {name: getattr(truth, name) for name in found}


def test_the_reconciliation_says_what_is_no_customers(published: PublishedCompany) -> None:
    truth = published.expected.totals()
    found = published.result.manifest["reconciliation"]["orders"]
    assert {row["source_system"]: row["orders_unattributed"] for row in found} == {
        name: shop.guest_orders for name, shop in truth.shops.items()
    }
    of_customers = published.one("select sum(net_revenue) from customers")
    of_guests = sum(Decimal(row["net_revenue_unattributed"]) for row in found)
    assert of_customers + of_guests == published.one("select sum(net_revenue) from orders")


def test_there_are_as_many_customers_as_people_and_companies(published: PublishedCompany) -> None:
    assert published.one("select count(*) from customers") == published.expected.totals().customers


@pytest.mark.parametrize(
    "mart",
    ["customer_lifetime_value", "lifecycle_stages", "loyalty_segments"],
)
def test_every_customer_has_one_row(published: PublishedCompany, mart: str) -> None:
    rows, keys = published.ask(f"select count(*), count(distinct customer_key) from {mart}").row(0)
    assert rows == keys == published.expected.totals().customers


def test_the_shops_add_up_in_every_finance_table(published: PublishedCompany) -> None:
    ledger = published.one(
        "select sum(net_revenue) from orders where customer_key is not null and is_counted"
    )
    assert published.one("select sum(net_revenue) from customers") == ledger
    assert published.one("select sum(historic_net_revenue) from customer_lifetime_value") == ledger
    lines = published.one("select sum(net_revenue_gross_of_refunds) from order_lines")
    orders = published.one("select sum(net_revenue_gross_of_refunds) from orders")
    assert lines == orders


def test_two_payments_of_one_order_double_nothing(published: PublishedCompany) -> None:
    """An order with a sale and a capture doubled everything in fivetran/dbt_shopify #176."""
    small = company()
    paid: dict[str, Decimal] = {}
    for event in small.payments:
        if event.kind in {"sale", "capture"} and event.status == "success":
            paid[event.order_id] = paid.get(event.order_id, Decimal(0)) + event.amount
    dollars = {
        order.order_id: paid[order.order_id]
        for order in small.orders
        if order.shop == "north_shop" and order.currency == "USD"
    }
    found = published.ask(
        "select order_id, paid_amount from orders"
        " where source_system = 'north_shop' and currency = 'USD'"
    )
    assert dict(found.iter_rows()) == dollars


def test_a_refund_in_another_currency_has_a_rate(published: PublishedCompany) -> None:
    """Rate 1 was the fallback in fivetran/dbt_shopify #69."""
    foreign = published.ask(
        "select rate_basis, count(*) as n, min(exchange_rate) as lowest from refunds"
        " where currency <> 'USD' group by rate_basis order by rate_basis"
    )
    assert set(foreign["rate_basis"]) == {"fx_rates", "stated", "stated_on_order"}
    assert published.one("select count(*) from refunds where exchange_rate is null") == 0
    swedish = published.ask("select distinct exchange_rate from refunds where currency = 'SEK'")
    assert swedish["exchange_rate"].to_list() == [Decimal("0.15")]


def test_dollars_given_back_stay_the_same_dollars(published: PublishedCompany) -> None:
    """The order was in euros; brought into euros, rounded and back, 4.51 would be 4.52."""
    found = published.one("select refunded_revenue from refunds where refund_id = 'R-X-028'")
    assert found == Decimal("4.51")


def test_the_last_evening_of_the_year_is_december(published: PublishedCompany) -> None:
    eve = published.ask("select ordered_on, exchange_rate from orders where order_id = 'N-X-028'")
    assert eve.row(0) == (date(2025, 12, 31), Decimal("1.05"))


@pytest.mark.parametrize(
    ("order_id", "occasion", "purchase"),
    [
        ("N-X-001", False, False),  # a test
        ("N-X-011", False, False),  # cancelled
        ("N-X-020", False, False),  # a gift card alone
        ("N-X-021", False, False),  # a sample alone
        ("N-X-022", True, False),  # goods for nothing
        ("N-X-023", True, False),  # a discount of all of it
        ("N-X-024", True, True),  # still open
    ],
)
def test_what_counts_as_a_purchase(
    published: PublishedCompany, order_id: str, occasion: bool, purchase: bool
) -> None:
    found = published.ask(
        "select is_purchase_occasion, is_net_purchase from orders where order_id = $order_id",
        order_id=order_id,
    )
    assert found.row(0) == (occasion, purchase)


def test_one_mail_in_other_letters_is_one_customer(published: PublishedCompany) -> None:
    both = published.ask(
        "select right(source_id, 4) as person, count(distinct customer_key) as keys"
        " from customer_identities where entity = 'customer_ref' and right(source_id, 4) <= '0040'"
        " group by person"
    )
    assert both.height == 40
    assert set(both["keys"]) == {1}


def test_a_shared_inbox_is_not_one_customer(published: PublishedCompany) -> None:
    found = published.one(
        "select count(distinct customer_key) from customer_identities"
        " where entity = 'customer_ref' and source_id between 'N-0181' and 'N-0190'"
    )
    assert found == 10


@pytest.mark.parametrize(
    ("order_id", "entity", "source_id"),
    [("N-X-030", "contact", "C-0286"), ("N-X-031", "account", "A-191")],
)
def test_an_order_that_names_a_record_of_the_help_desk_is_its_customers(
    published: PublishedCompany, order_id: str, entity: str, source_id: str
) -> None:
    keys = published.ask(
        "select customer_key from orders where order_id = $order_id union all"
        " select customer_key from customer_identities"
        " where source_system = 'help_desk' and entity = $entity and source_id = $source_id",
        order_id=order_id, entity=entity, source_id=source_id,
    )["customer_key"]  # fmt: skip
    assert keys.len() == 2
    assert keys.null_count() == 0
    assert keys.n_unique() == 1


def test_a_ring_is_named_and_warned_of(published: PublishedCompany) -> None:
    found = published.ask("select finding, source_id, record_count from identity_findings")
    assert set(found.rows()) == {("merge_ring", c, 2) for c in ("C-0130b", "C-0130c")}
    assert "identity_merge_rings" in published.result.manifest["warnings"]


def test_every_record_is_matched_with_one_of_its_own_customer(published: PublishedCompany) -> None:
    found = published.ask(
        "select count(*) as joined, count(matched.customer_key) as matched"
        " from customer_identities as records left join customer_identities as matched"
        " on records.matched_system = matched.source_system"
        " and records.matched_entity = matched.entity and records.matched_id = matched.source_id"
        " and records.customer_key = matched.customer_key"
        " where records.rule not in ('own_record', 'quarantined_cluster')"
    )
    assert found["joined"].item() == found["matched"].item() > 100


def test_of_two_consents_of_one_second_the_stricter_holds(published: PublishedCompany) -> None:
    found = published.ask(
        "select customer_identities.source_id, consents.state from consents"
        " inner join customer_identities"
        " on consents.customer_key = customer_identities.customer_key"
        " where entity = 'contact' and source_id in ('C-0037', 'C-0111', 'C-0148')"
        " and consents.purpose = 'winback' and consents.channel = 'post'"
    )
    assert found.height == 3
    assert set(found["state"]) == {"denied"}


def test_all_lapsed_customers_are_in_the_win_back_table(published: PublishedCompany) -> None:
    counted = published.ask(
        "select count(*) as n, count(*) filter (where is_eligible) as eligible,"
        " count(suppression_reason) as suppressed from winback_targets"
    ).row(0, named=True)
    gone = published.one(
        "select count(*) from lifecycle_stages where activity_status in ('lapsed', 'lost')"
    )
    assert counted["n"] == gone == counted["eligible"] + counted["suppressed"]
    assert counted["eligible"] > 0


def test_no_personal_data_leaves_the_gate(published: PublishedCompany) -> None:
    """No text of a mart or of the lake holds an e-mail address."""
    settings = published.settings
    for path in [*published.result.release.glob("*.parquet"), *settings.raw.rglob("*.parquet")]:
        for column in pl.read_parquet(path).select(pl.col(pl.String)).iter_columns():
            assert not column.str.contains("@", literal=True).any(), f"{path.name} {column.name}"


def test_delivered_twice_and_rebuilt_gives_the_same_marts(
    published: PublishedCompany, tmp_path: Path
) -> None:
    settings = published.copied(tmp_path)
    before = read_lake(settings).version
    redeliver_same(settings.landing)
    commits = route.land(settings, AS_OF)
    assert [commit["deliveries"] for commit in commits] == [0, 0]
    assert read_lake(settings).version == before
    shutil.rmtree(settings.warehouse)
    again = run(settings, AS_OF, checked=False)
    assert again.run_id == published.result.run_id
    assert hashes(again) == hashes(published.result)


def test_split_in_two_and_the_last_day_first_gives_the_same_marts(
    published: PublishedCompany, tmp_path: Path, key_file: Path
) -> None:
    """One build for both: if it fails, leave out ``split_in_two`` to see which of them it is."""
    settings = settings_at(tmp_path, key_file)
    write_company(tmp_path / "written")
    split_in_two(tmp_path / "written")
    for _ in reverse_order(tmp_path / "written", settings.landing):
        assert sum(commit["deliveries"] for commit in route.land(settings, AS_OF)) > 0
    again = run(settings, AS_OF, checked=False)
    # Both are first runs: what tells of the days before must be equal, too.
    assert hashes(again, with_history=True) == hashes(published.result, with_history=True)


def test_an_earlier_day_uses_only_what_was_known(
    published: PublishedCompany, tmp_path: Path, key_file: Path
) -> None:
    """The whole lake as of the 29th gives what a warehouse gave that never saw the 30th."""
    settings = settings_at(tmp_path / "never_saw", key_file)
    write_company(settings.landing, days=3)
    whole = published.copied(tmp_path / "whole")
    looked_back = run(whole, EARLIER, checked=False)
    never_saw = run(settings, EARLIER)
    # The fits too: what came later, a late refund among it, is in no calibration and no holdout.
    assert hashes(looked_back, with_history=True) == hashes(never_saw, with_history=True)
    then = PublishedCompany(whole, published.expected, looked_back)
    truth = published.expected.totals(EARLIER)
    found = then.ask(
        "select source_system, sum(net_revenue) as net_revenue from orders group by source_system"
    )
    assert dict(found.iter_rows()) == {name: shop.net_revenue for name, shop in truth.shops.items()}
    # Looking back publishes a release, but readers keep the later day.
    assert looked_back.release.is_dir()
    assert not looked_back.manifest["is_served"]
    served = read_current(whole)
    assert served is not None
    assert served["as_of"] == AS_OF.isoformat()
    # A day at a time: the month end fits the value models anew, beside those of the 29th.
    shutil.rmtree(settings.landing)
    write_company(settings.landing)
    for refit in (False, True):
        daily = run(settings, AS_OF, refit=refit, checked=False)
        assert hashes(daily) == hashes(published.result)
    # Arms drawn on the 29th hold: not the refit, nor a suppression since, has changed one.
    arms = (
        "select customer_key, arm, stratum, first_eligible_on from winback_targets where arm <> ''"
    )
    drawn, kept = (
        PublishedCompany(settings, published.expected, result).ask(arms).rows()
        for result in (never_saw, daily)
    )
    assert drawn
    assert {row for row in kept if row[-1] == EARLIER} <= set(drawn)
    assert not {key for key, *_, day in kept if day == AS_OF} & {key for key, *_ in drawn}
    # The last drop makes two customers one; who only ran that day has seen no change.
    changes = PublishedCompany(settings, published.expected, daily).ask(
        "select changed_on, reason, old_key <> current_key as moved from customer_key_changes"
    )
    assert changes.rows() == [(AS_OF, "merged", True)]
    assert published.one("select count(*) from customer_key_changes") == 0


def test_a_failed_audit_publishes_nothing(published: PublishedCompany, tmp_path: Path) -> None:
    settings = published.copied(tmp_path)
    before = read_current(settings)
    releases = sorted(path.name for path in (settings.marts / "releases").iterdir())
    plant_missing_rate(settings.landing, AS_OF)
    with pytest.raises(DataBlocked, match=r"(?i)rate") as caught:
        route.run(settings, AS_OF)
    assert caught.value.exit_code == 3
    with pytest.raises(LoyaltyError, match="NOT_BUILT"):
        route.publish_last(settings, route.silent, [])
    assert read_current(settings) == before
    assert sorted(path.name for path in (settings.marts / "releases").iterdir()) == releases
    with read_only(settings.marts / "current" / BUILD_NAME) as connection:
        assert frame(connection, "select count(*) from orders").item() > 0


def test_a_day_without_its_exports_is_late(tmp_path: Path, key_file: Path) -> None:
    settings = settings_at(tmp_path, key_file)
    write_company(settings.landing, days=1)
    with pytest.raises(SourceLate, match=r"north_shop\.orders_export") as caught:
        route.run(settings, date(2026, 1, 28))
    assert caught.value.exit_code == 5
    assert read_current(settings) is None
