"""A company with a CRM and no shop: Salesforce alone, from its exports to published marts.

Every expectation is read off the exports in ``systems/salesforce/exports``.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from etl import route
from etl.lake.commits import read_lake
from etl.warehouse.database import BUILD_NAME, frame, read_only
from tests.systems.landing import expected_of, land_systems

AS_OF = date.fromisoformat(expected_of("salesforce")["as_of"])
# Names of the records below; two accounts differ in the case of their letters only.
NORTHWIND, WEST, HARBOUR, NORA, MERGED = (
    "001D000000IqhSLIAZ", "001D000000IqhSMIAZ", "001D000000iqhslIAA", "001D000000IqhSNIAZ",
    "001D000000IqhSOIAZ",
)  # fmt: skip
ANN, BO, ANNE, DEE = (f"003D000000QaBc{letter}IAV" for letter in "DEFG")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    expected = expected_of("salesforce")
    root = tmp_path_factory.mktemp("salesforce")
    settings = land_systems(["salesforce"], root, expected["time_zone"], AS_OF)
    route.build(settings, AS_OF)
    lossy = [d["delivery_id"] for d in read_lake(settings).deliveries if d["rejects"]["rows"]]
    route.publish_last(settings, route.silent, lossy)
    return settings.marts / "current"


def ask(release: Path, query: str) -> pl.DataFrame:
    with read_only(release / BUILD_NAME) as connection:
        return frame(connection, query)


@pytest.fixture(scope="module")
def keys(release: Path) -> dict[str, str]:
    """Customer key of each account and contact."""
    found = ask(
        release,
        "select source_id, customer_key from customer_identities "
        "where entity in ('account', 'contact')",
    )
    return dict(found.rows())


def test_a_merged_record_is_its_master_and_a_deleted_one_is_nobody(keys: dict[str, str]) -> None:
    assert keys[NORTHWIND] == keys[MERGED] == keys[ANN] == keys[BO] == keys[ANNE]
    assert DEE not in keys
    assert set(keys) == {NORTHWIND, WEST, HARBOUR, NORA, MERGED, ANN, BO, ANNE}


def test_ids_that_differ_in_case_only_are_two_customers(keys: dict[str, str]) -> None:
    assert len({keys[NORTHWIND], keys[HARBOUR], keys[WEST], keys[NORA]}) == 4


def test_a_person_account_is_a_person(release: Path, keys: dict[str, str]) -> None:
    types = dict(ask(release, "select customer_key, customer_type from customers").rows())
    assert types[keys[NORA]] == "person"
    assert {types[keys[firm]] for firm in (NORTHWIND, WEST, HARBOUR)} == {"business"}


def test_cases_find_their_customer_and_a_deleted_one_is_gone(
    release: Path, keys: dict[str, str]
) -> None:
    cases = ask(release, "select case_id, customer_key, type, status from cases order by 1").rows()
    fallen, web, feature = cases
    assert fallen == ("500D0000003xOIHIA2", keys[NORTHWIND], "complaint", "closed")
    assert (web[0], web[2:]) == ("500D0000003xOIIIA2", ("request", "open"))
    assert feature == ("500D0000003xOIJIA2", keys[NORTHWIND], "suggestion", "pending")


def test_two_switches_are_two_objections(release: Path, keys: dict[str, str]) -> None:
    consents = ask(release, "select customer_key, channel, purpose, state from consents order by 2")
    assert consents.rows() == [
        (keys[NORTHWIND], channel, "marketing", "withdrawn") for channel in ("email", "phone")
    ]


def test_marts_about_orders_are_empty_and_those_about_customers_are_not(release: Path) -> None:
    for mart, is_empty in (("orders", True), ("refunds", True), ("lifecycle_stages", False)):
        assert (ask(release, f"select count(*) from {mart}").item() == 0) is is_empty
