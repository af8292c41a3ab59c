"""Identity: who becomes one customer, who does not, and that the order of rows means nothing."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.identity import (
    CLUSTER_LIMIT,
    IDENTITY_SCHEMA,
    LINK_SCHEMA,
    RECORD_SCHEMA,
    build_graph,
    find_rings,
    resolve,
)

DAY = date(2017, 1, 1)
TEXTS = ("source_system", "email", "external_system", "external_ref", "master_id")
COLUMNS = {"known_on": pl.Date, "email_is_role": pl.Boolean, "is_person": pl.Boolean}


def frame(rows: list[dict[str, Any]], *names: str, **defaults: Any) -> pl.DataFrame:
    schema = {name: COLUMNS.get(name, pl.String) for name in (*TEXTS, *names, "known_on")}
    schema["email_is_role"] = pl.Boolean
    filled = [{"known_on": DAY, "email_is_role": False, **defaults, **row} for row in rows]
    return pl.DataFrame(filled, schema=schema)


def orders(*rows: dict[str, Any]) -> pl.DataFrame:
    return frame(list(rows), "customer_ref", source_system="shop")


def contacts(*rows: dict[str, Any]) -> pl.DataFrame:
    return frame(list(rows), "contact_id", "account_id", source_system="crm")


def accounts(*rows: dict[str, Any]) -> pl.DataFrame:
    return frame(list(rows), "account_id", "is_person", source_system="crm", is_person=False)


def key(node: str) -> str:
    return hashlib.md5(node.encode()).hexdigest()


def who(
    order: pl.DataFrame | None = None,
    contact: pl.DataFrame | None = None,
    account: pl.DataFrame | None = None,
) -> dict[str, tuple[str | None, str, float]]:
    """Return node -> (customer_key, rule, confidence)."""
    graph = build_graph(
        orders() if order is None else order,
        contacts() if contact is None else contact,
        accounts() if account is None else account,
    )
    found = resolve(*graph)
    assert dict(found.schema) == IDENTITY_SCHEMA
    nodes = found.select("source_system", "entity", "source_id").rows()
    assert nodes == sorted(set(nodes))
    verdicts = found.select("customer_key", "rule", "confidence").rows()
    return {"|".join(n): (k, r, float(c)) for n, (k, r, c) in zip(nodes, verdicts, strict=True)}


# -- one customer --------------------------------------------------------------------------------


def test_a_customer_of_one_shop_is_its_own_record() -> None:
    found = who(orders({"customer_ref": "7"}, {"customer_ref": "7"}, {"customer_ref": "8"}))
    assert found == {
        "shop|customer_ref|7": (key("shop|customer_ref|7"), "own_record", 1.0),
        "shop|customer_ref|8": (key("shop|customer_ref|8"), "own_record", 1.0),
    }


def test_a_node_is_known_since_its_first_order() -> None:
    rows = [{"customer_ref": "7", "known_on": DAY + timedelta(days=d)} for d in (5, 2, 9)]
    records, _ = build_graph(orders(*rows), contacts(), accounts())
    assert records["known_on"].to_list() == [DAY + timedelta(days=2)]


def test_a_contact_joins_the_shop_customer_it_names() -> None:
    found = who(
        orders({"customer_ref": "7"}),
        contacts({"contact_id": "C", "external_system": "shop", "external_ref": "7",
                  "known_on": DAY + timedelta(days=1)}),
    )  # fmt: skip
    customer = key("shop|customer_ref|7")
    assert found["shop|customer_ref|7"] == (customer, "own_record", 1.0)
    assert found["crm|contact|C"] == (customer, "external_ref", 1.0)


def test_the_reference_is_to_the_system_it_names() -> None:
    found = who(
        orders({"customer_ref": "7"}),
        contacts({"contact_id": "C", "external_system": "other", "external_ref": "7"}),
    )
    assert found["crm|contact|C"] == (key("crm|contact|C"), "own_record", 1.0)


def test_records_with_the_same_email_are_one_customer() -> None:
    found = who(
        orders({"customer_ref": "7", "email": "e1"}, {"source_system": "b", "email": "e1"}),
        contacts({"contact_id": "C", "email": "e1"}, {"contact_id": "D", "email": "e2"}),
    )
    assert found["shop|customer_ref|7"] == (key("crm|contact|C"), "same_email", 0.9)
    assert found["crm|contact|C"] == (key("crm|contact|C"), "own_record", 1.0)
    assert found["|email|e1"] == (key("crm|contact|C"), "same_email", 0.9)
    assert found["crm|contact|D"][0] == found["|email|e2"][0] == key("crm|contact|D")


def test_an_order_with_an_email_only_is_a_customer() -> None:
    assert who(orders({"email": "e1"})) == {"|email|e1": (key("|email|e1"), "own_record", 1.0)}


def test_an_email_never_gives_the_key_to_a_record() -> None:
    later = DAY + timedelta(days=9)
    found = who(orders({"email": "e1"}, {"customer_ref": "7", "email": "e1", "known_on": later}))
    assert found["|email|e1"] == (key("shop|customer_ref|7"), "same_email", 0.9)


@pytest.mark.parametrize("is_role", [True, None])
def test_role_inboxes_neither_link_nor_count(is_role: bool | None) -> None:
    found = who(
        orders({"customer_ref": "7", "email": "e", "email_is_role": is_role}),
        contacts({"contact_id": "C", "email": "e", "email_is_role": is_role}),
    )
    assert {rule for _, rule, _ in found.values()} == {"own_record"}
    assert len(found) == 2


def test_merged_records_follow_their_master() -> None:
    found = who(
        contact=contacts(
            {"contact_id": "C", "master_id": "B"}, {"contact_id": "B", "master_id": "A"},
            {"contact_id": "A"}, {"contact_id": "A", "source_system": "other"},
        ),
        account=accounts({"account_id": "A"}),
    )  # fmt: skip
    assert found["crm|contact|C"] == (key("crm|contact|A"), "master_id", 1.0)
    assert found["crm|contact|B"] == (key("crm|contact|A"), "master_id", 1.0)
    assert found["other|contact|A"][0] == key("other|contact|A")
    assert found["crm|account|A"][0] == key("crm|account|A")


def test_two_records_merged_into_one_never_delivered_are_one() -> None:
    found = who(contact=contacts(*({"contact_id": c, "master_id": "gone"} for c in "BC")))
    assert found["crm|contact|C"] == (key("crm|contact|B"), "master_id", 1.0)
    assert len(found) == 2


def test_a_link_to_nothing_is_not_what_holds_a_record() -> None:
    found = who(
        contact=contacts(
            {"contact_id": "A", "email": "e"}, {"contact_id": "B", "email": "e", "master_id": "X"}
        )
    )
    assert found["crm|contact|B"] == (key("crm|contact|A"), "same_email", 0.9)


def test_the_record_known_first_gives_the_key_ties_by_name() -> None:
    later = DAY + timedelta(days=1)
    rows = [{"contact_id": c, "email": "e", "known_on": k} for c, k in (("A", later), ("C", DAY))]
    assert who(contact=contacts(*rows))["crm|contact|A"][0] == key("crm|contact|C")
    rows.append({"contact_id": "B", "email": "e"})
    assert who(contact=contacts(*rows))["crm|contact|A"][0] == key("crm|contact|B")


# -- persons and business accounts ---------------------------------------------------------------


def test_a_person_account_is_the_person() -> None:
    found = who(
        orders({"customer_ref": "7"}),
        contacts({"contact_id": "C", "account_id": "A"}),
        accounts({"account_id": "A", "is_person": True, "external_system": "shop",
                  "external_ref": "7"}),
    )  # fmt: skip
    customer = key("crm|account|A")
    assert found["crm|contact|C"] == (customer, "account_member", 0.95)
    assert found["shop|customer_ref|7"] == (customer, "external_ref", 1.0)


def test_persons_of_a_business_share_its_key_however_many() -> None:
    members = [{"contact_id": f"C{i}", "account_id": "A"} for i in range(CLUSTER_LIMIT * 3)]
    found = who(contact=contacts(*members), account=accounts({"account_id": "A"}))
    assert {customer for customer, _, _ in found.values()} == {key("crm|account|A")}
    assert found["crm|contact|C7"] == (key("crm|account|A"), "account_member", 0.95)


def test_two_businesses_never_become_one_through_a_person() -> None:
    later = DAY + timedelta(days=1)
    found = who(
        orders({"customer_ref": "7", "email": "e"}),
        contacts({"contact_id": "C", "account_id": "B", "email": "e"},
                 {"contact_id": "D", "account_id": "A", "email": "e"}),
        accounts({"account_id": "A", "known_on": later}, {"account_id": "B"}),
    )  # fmt: skip
    assert found["crm|account|A"] == (key("crm|account|A"), "own_record", 1.0)
    for node in ("crm|contact|C", "crm|contact|D", "shop|customer_ref|7"):
        assert found[node][0] == key("crm|account|B")
    assert found["crm|contact|D"][1:] == ("same_email", 0.9), "its own account does not hold it"


def test_an_account_that_was_not_delivered_links_nobody() -> None:
    found = who(contact=contacts(*({"contact_id": c, "account_id": "gone"} for c in "CD")))
    assert {customer for customer, _, _ in found.values()} == {
        key("crm|contact|C"), key("crm|contact|D"),
    }  # fmt: skip


def test_the_key_of_a_business_may_come_from_a_person_known_earlier() -> None:
    found = who(
        contact=contacts({"contact_id": "C", "account_id": "A"}),
        account=accounts({"account_id": "A", "known_on": DAY + timedelta(days=1)}),
    )
    assert found["crm|account|A"] == (key("crm|contact|C"), "account_member", 0.95)


# -- what must not be merged ---------------------------------------------------------------------


@pytest.mark.parametrize(("size", "merged"), [(CLUSTER_LIMIT, True), (CLUSTER_LIMIT + 1, False)])
def test_a_cluster_above_the_limit_is_quarantined(size: int, merged: bool) -> None:
    found = who(contact=contacts(*({"contact_id": f"{i:02}", "email": "e"} for i in range(size))))
    verdicts = set(found.values())
    customer = key("crm|contact|00")
    if merged:
        assert verdicts == {(customer, "own_record", 1.0), (customer, "same_email", 0.9)}
    else:
        assert verdicts == {(None, "quarantined_cluster", 0.0)}


def test_emails_do_not_count_for_the_limit() -> None:
    rows = [{"customer_ref": "7", "email": f"e{i}"} for i in range(CLUSTER_LIMIT * 2)]
    assert {customer for customer, _, _ in who(orders(*rows)).values()} == {
        key("shop|customer_ref|7")
    }


def test_a_quarantined_crowd_leaves_its_account_alone() -> None:
    crowd = [{"contact_id": f"{i}", "email": "e", "account_id": "A"} for i in range(30)]
    found = who(
        contact=contacts(*crowd, {"contact_id": "own", "account_id": "A"}),
        account=accounts({"account_id": "A"}),
    )
    assert found["crm|contact|3"] == (None, "quarantined_cluster", 0.0)
    assert found["crm|account|A"] == (key("crm|account|A"), "own_record", 1.0)
    assert found["crm|contact|own"] == (key("crm|account|A"), "account_member", 0.95)


def test_phone_and_name_link_nobody() -> None:
    with_phone = contacts({"contact_id": "C"}, {"contact_id": "D"}).with_columns(phone=pl.lit("1"))
    assert len({customer for customer, _, _ in who(contact=with_phone).values()}) == 2


def test_no_records_give_no_customers() -> None:
    assert who() == {}


# -- rings ---------------------------------------------------------------------------------------


def test_rings_of_masters_are_named_and_still_one_customer() -> None:
    people = contacts(
        {"contact_id": "A", "master_id": "B"}, {"contact_id": "B", "master_id": "C"},
        {"contact_id": "C", "master_id": "A"}, {"contact_id": "D", "master_id": "A"},
        {"contact_id": "E", "master_id": "E"}, {"contact_id": "F"},
        {"contact_id": "B", "master_id": "A", "source_system": "other"},
    )  # fmt: skip
    firms = accounts({"account_id": "B", "master_id": "A"}, {"account_id": "A", "master_id": "B"})
    assert find_rings(people, firms).rows() == [
        ("crm", "account", "A", "A"),
        ("crm", "account", "B", "A"),
        ("crm", "contact", "A", "A"),
        ("crm", "contact", "B", "A"),
        ("crm", "contact", "C", "A"),
        ("crm", "contact", "E", "E"),
    ]
    found = who(contact=people)
    assert {found[f"crm|contact|{c}"][0] for c in "ABCD"} == {key("crm|contact|A")}
    assert found["crm|contact|E"] == (key("crm|contact|E"), "own_record", 1.0)


def test_no_rings_in_a_tree() -> None:
    people = contacts({"contact_id": "A"}, *({"contact_id": c, "master_id": "A"} for c in "BCD"))
    assert find_rings(people, accounts()).height == 0


# -- properties ----------------------------------------------------------------------------------

IDS = st.sampled_from("abcdef")
NODES = st.tuples(st.sampled_from(["crm", "shop"]), st.sampled_from(["contact", "account"]), IDS)
RULES = st.sampled_from(["external_ref", "master_id", "account_member", "same_email"])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    nodes = draw(st.lists(NODES, unique=True, min_size=1, max_size=14))
    days = st.integers(0, 3).map(lambda d: DAY + timedelta(days=d))
    records = [(*node, draw(days), node[1] == "account" and draw(st.booleans())) for node in nodes]
    links = [
        (*draw(NODES), *draw(NODES), rule, {"account_member": 0.95, "same_email": 0.9}.get(rule, 1))
        for rule in draw(st.lists(RULES, max_size=14))
    ]
    return (
        pl.DataFrame(records, schema=RECORD_SCHEMA, orient="row"),
        pl.DataFrame(links, schema=LINK_SCHEMA, orient="row").unique(maintain_order=True),
    )


@settings(deadline=None, max_examples=80)
@given(graph=graphs(), seed=st.integers(0, 1000))
def test_any_order_of_rows_gives_the_same_customers(
    graph: tuple[pl.DataFrame, pl.DataFrame], seed: int
) -> None:
    shuffled = [part.sample(fraction=1, shuffle=True, seed=seed) for part in graph]
    assert resolve(*shuffled).equals(resolve(*graph))


@settings(deadline=None, max_examples=80)
@given(graph=graphs())
def test_agrees_with_a_plain_search(graph: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    records, links = graph
    found = resolve(records, links)
    assert found.height == records.height
    assert {row[:3]: row[3] for row in found.rows()} == plain_customers(records, links)
    firsts = found.filter(pl.col("rule") == "own_record")
    assert firsts["customer_key"].is_unique().all()
    assert firsts.height == found["customer_key"].n_unique()
    assert found["rule"].null_count() == 0
    assert found["confidence"].is_between(Decimal("0.9"), Decimal(1)).all()


def plain_customers(records: pl.DataFrame, links: pl.DataFrame) -> dict[Any, str]:
    """Customers by a search in plain Python, written from the definition."""
    known = {row[:3]: row[3] for row in records.rows()}
    business = {row[:3] for row in records.rows() if row[4]}
    same: dict[Any, set[Any]] = {node: {node} for node in known}
    homes: list[tuple[Any, Any]] = []
    for *ends, rule, _ in links.rows():
        left, right = tuple(ends[:3]), tuple(ends[3:])
        if rule == "account_member" and right in business:
            homes.append((left, right))
            continue
        union = same.get(left, {left}) | same.get(right, {right})
        same.update(dict.fromkeys(union, union))
    members = {node: frozenset(same[node] & set(known)) for node in known}
    customers: dict[Any, set[Any]] = {}
    for cluster in set(members.values()):
        firms = [r for left, r in homes if left in same and same[left] & cluster]
        home = cluster
        if firms and not cluster & business:
            home = members[min(firms, key=lambda firm: (known[firm], *firm))]
        customers.setdefault(home, set()).update(cluster)
    keys = {}
    for group in customers.values():
        first = min(group, key=lambda node: (known[node], *node))
        keys.update(dict.fromkeys(group, key("|".join(first))))
    return keys
