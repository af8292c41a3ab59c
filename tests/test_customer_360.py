"""The wide row: one per customer, narrow enough to read, each column on a base of segmentation."""

from __future__ import annotations

import pytest

from tests.company.published import PublishedCompany
from tests.declared import columns_of

MART = "customer_360"
MOST_COLUMNS = 80
BASES = {"extrinsic", "intrinsic", "behavioural"}
OF_THE_ROW = {"customer_key", "as_of_date"}


def test_it_is_not_too_wide() -> None:
    assert 40 <= len(columns_of(MART)) <= MOST_COLUMNS


def test_every_column_names_its_base_of_segmentation() -> None:
    bases = {name: column.meta.get("base") for name, column in columns_of(MART).items()}
    assert {name for name, base in bases.items() if base not in BASES} == OF_THE_ROW
    assert set(bases.values()) == BASES | {None}


def test_there_is_one_row_per_customer(published: PublishedCompany) -> None:
    counts = published.ask(
        "select (select count(*) from customers) as customers, count(*) as rows,"
        f" count(distinct customer_key) as keys from {MART}"
    )
    assert len(set(counts.row(0))) == 1


@pytest.mark.parametrize(
    ("mart", "columns"),
    [
        ("customers", ("country", "net_revenue", "purchase_days", "time_class")),
        ("lifecycle_stages", ("stage", "activity_status", "next_expected_order_on")),
        ("loyalty_segments", ("satisfaction_loyalty_class", "behavioural_score")),
        ("customer_lifetime_value", ("clv_36m_margin_discounted", "sufficiency")),
        ("winback_targets", ("lapsed_on", "loss_reason")),
    ],
)
def test_it_says_what_the_other_marts_say(
    published: PublishedCompany, mart: str, columns: tuple[str, ...]
) -> None:
    names = ", ".join(("customer_key", *columns))
    query = f"select {names} from {mart} except select {names} from {MART}"
    assert published.ask(query).is_empty()
    assert published.one(f"select count(*) from {mart}") > 0


def test_service_breadth_is_the_number_of_categories_bought(published: PublishedCompany) -> None:
    expected = published.ask(
        "select customer_key, count(distinct category) as breadth from order_lines"
        " join orders using (source_system, order_id, customer_key)"
        " join products using (source_system, product_id)"
        " where is_net_purchase and not is_gift_card"
        " and order_lines.net_revenue_gross_of_refunds > 0"
        " group by customer_key having count(category) > 0"
    )
    stated = published.ask(
        "select customer_key, service_breadth as breadth, is_profiled from customer_360"
    )
    both = stated.filter("is_profiled").join(expected, on="customer_key", how="left")
    assert both["breadth"].equals(both["breadth_right"])
    assert both["breadth"].max() > 1
    assert stated.filter(~stated["is_profiled"])["breadth"].null_count() > 0
