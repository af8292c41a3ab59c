"""Rings and crowds are named record by record, with what they share and without a token."""

from __future__ import annotations

import polars as pl
import pytest

from etl.identity import CLUSTER_LIMIT, FINDING_SCHEMA, build_graph, find_rings, resolve
from tests.test_identity import accounts, contacts, identities, key, leads, orders, who

MANY = CLUSTER_LIMIT + 5


def crowds(order: pl.DataFrame | None = None, contact: pl.DataFrame | None = None) -> pl.DataFrame:
    graph = build_graph(
        orders() if order is None else order,
        contacts() if contact is None else contact,
        accounts(),
        leads(),
    )
    found = resolve(*graph).crowds
    assert dict(found.schema) == FINDING_SCHEMA
    return found


def shared(found: pl.DataFrame) -> tuple[object, ...]:
    """Return the one thing that all records share."""
    (row,) = found.select(pl.col("^shared_.*$"), "record_count").unique().rows()
    return tuple(row)


def test_rings_of_masters_are_named_and_still_one_customer() -> None:
    people = contacts(
        {"contact_id": "A", "master_id": "B"}, {"contact_id": "B", "master_id": "C"},
        {"contact_id": "C", "master_id": "A"}, {"contact_id": "D", "master_id": "A"},
        {"contact_id": "E", "master_id": "E"}, {"contact_id": "F"},
        {"contact_id": "B", "master_id": "A", "source_system": "other"},
    )  # fmt: skip
    firms = accounts({"account_id": "B", "master_id": "A"}, {"account_id": "A", "master_id": "B"})
    rings = find_rings(people, firms)
    assert dict(rings.schema) == FINDING_SCHEMA
    assert set(rings["finding"]) == {"merge_ring"}
    assert set(rings["shared_rule"]) == {"master_id"}
    assert set(rings.select("entity", "source_id", "finding_id", "record_count").rows()) == {
        ("account", "A", key("crm|account|A"), 2),
        ("account", "B", key("crm|account|A"), 2),
        ("contact", "A", key("crm|contact|A"), 3),
        ("contact", "B", key("crm|contact|A"), 3),
        ("contact", "C", key("crm|contact|A"), 3),
        ("contact", "E", key("crm|contact|E"), 1),
    }
    found = who(contact=people)
    assert {found[f"crm|contact|{c}"][0] for c in "ABCD"} == {key("crm|contact|A")}
    assert found["crm|contact|E"] == (key("crm|contact|E"), "own_record", 1.0)


def test_no_rings_in_a_tree() -> None:
    people = contacts({"contact_id": "A"}, *({"contact_id": c, "master_id": "A"} for c in "BCD"))
    assert find_rings(people, accounts()).height == 0


def test_a_shared_address_is_said_but_not_shown() -> None:
    found = crowds(
        contact=contacts(*({"contact_id": f"{i:02}", "email": "e"} for i in range(MANY)))
    )
    assert found["source_id"].to_list() == [f"{i:02}" for i in range(MANY)]
    assert shared(found) == ("same_email", "", "email", None, MANY, MANY)


def test_a_placeholder_number_is_what_a_crowd_shares() -> None:
    """Guests under the shop's number 0, each with an address and a contact of their own."""
    people = [
        {"contact_id": f"{i:02}", "external_system": "shop", "external_ref": "0", "email": f"e{i}"}
        for i in range(MANY)
    ]
    found = crowds(orders({"customer_ref": "0"}), contacts(*people))
    assert shared(found) == ("external_ref", "shop", "customer_ref", "0", MANY, MANY + 1)
    assert "email" not in found["entity"]


@pytest.mark.parametrize("size", [CLUSTER_LIMIT, CLUSTER_LIMIT + 1])
def test_two_crowds_are_two_findings_and_all_that_is_quarantined(size: int) -> None:
    people = contacts(
        *({"contact_id": f"{crowd}{i:02}", "email": crowd} for crowd in "ab" for i in range(size))
    )
    found, quarantined = crowds(contact=people), identities(contact=people)
    records = quarantined.filter(pl.col("customer_key").is_null(), pl.col("entity") != "email")
    assert found.height == records.height == (2 * size if size > CLUSTER_LIMIT else 0)
    assert found["finding_id"].n_unique() == (2 if size > CLUSTER_LIMIT else 0)
