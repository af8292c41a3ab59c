"""The activity stream: every dated record once, with its customer or counted as nobody's."""

from __future__ import annotations

from decimal import Decimal

from tests.company.published import PublishedCompany
from tests.company.relations import EVENTS


def test_every_kind_of_event_has_its_customer_or_is_counted(published: PublishedCompany) -> None:
    found = published.ask(
        """
        select event_type, sum(attributed_count)::int, sum(unattributed_count)::int
        from customer_event_coverage
        group by event_type
        """
    )
    counts = {kind: (known, nobody) for kind, known, nobody in found.iter_rows()}
    assert {kind: counts.get(kind) for kind in EVENTS} == EVENTS


def test_the_stream_is_what_has_a_customer(published: PublishedCompany) -> None:
    found = published.ask("select event_type, count(*) from customer_events group by event_type")
    streamed = dict(found.iter_rows())
    assert {kind: streamed.get(kind) for kind in EVENTS} == {k: n for k, (n, _) in EVENTS.items()}


def test_an_order_is_placed_by_whom_the_order_mart_names(published: PublishedCompany) -> None:
    """Two ways from the lake to a customer's orders; tests are not events."""
    query = """
        select customer_key, count(*) from {0} where {1} group by customer_key order by customer_key
    """
    stream = query.format("customer_events", "event_type = 'order_placed'")
    placed = query.format(
        "orders", "customer_key is not null and (is_counted or status = 'cancelled')"
    )
    assert published.ask(stream).rows() == published.ask(placed).rows()


def test_money_and_points_of_events_are_as_stated(published: PublishedCompany) -> None:
    row = published.ask(
        "select amount, currency, reporting_amount > amount, is_automatic from customer_events"
        " where event_type = 'opportunity_won'"
    ).row(0)
    assert row == (Decimal("100.0000"), "EUR", True, False)
    balance = "select sum(points) from customer_events where event_group = 'loyalty'"
    assert published.one(balance) == Decimal("11.50")


def test_who_is_recommended_may_be_known_by_the_order_that_came_of_it(
    published: PublishedCompany,
) -> None:
    found = published.one(
        """
        select count(*)
        from customer_events
        inner join orders using (customer_key)
        where event_type = 'referral_received' and source_id = 'R-3' and order_id = 'N-0006-001'
        """
    )
    assert found == 1


def test_a_robot_shows_no_engagement(published: PublishedCompany) -> None:
    found = published.ask(
        "select source_id, is_automatic, direction from customer_events"
        " where event_type in ('interaction', 'case_reply', 'case_apology') order by source_id"
    )
    assert found.rows() == [
        ("E-1", False, "out"), ("E-2", True, "out"),
        ("I-1", False, "in"), ("I-2", False, "out"), ("I-4", True, "in"),
    ]  # fmt: skip
