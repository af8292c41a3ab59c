"""The contract is one set of rules: kinds fix types, keys exist, personal columns become tokens."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from etl.contract import ENVELOPE, TABLES, Table
from etl.contract.table import VOLATILE, business_date

KIND_TYPES = {
    "text": pl.String(),
    "money": pl.Decimal(18, 4),
    "quantity": pl.Decimal(18, 6),
    "score": pl.Decimal(9, 4),
    "points": pl.Decimal(18, 2),
    "fx": pl.Decimal(24, 12),
    "integer": pl.Int64(),
    "flag": pl.Boolean(),
    "day": pl.Date(),
    "instant": pl.Datetime("us", "UTC"),
}


@pytest.fixture(params=TABLES.values(), ids=lambda table: table.name)
def table(request: pytest.FixtureRequest) -> Table:
    return request.param


def test_a_kind_has_one_type(table: Table) -> None:
    for name, column in table.schema.columns().items():
        assert column.dtype == KIND_TYPES[table.kind(name)], name


def test_a_table_has_a_key_that_is_never_null(table: Table) -> None:
    assert table.key
    assert not any(table.schema.columns()[name].nullable for name in table.key)


def test_every_column_says_what_it_is(table: Table) -> None:
    assert all(column.description for column in table.schema.columns().values())


def test_names_carry_their_kind(table: Table) -> None:
    for name in table.schema.column_names():
        assert (table.kind(name) == "instant") == name.endswith("_at"), name
        if name.endswith("_on"):
            assert table.kind(name) == "day", name
        if table.kind(name) == "flag":
            assert name.startswith("is_") or name in {
                "auto_renew",
                "sole_source",
                "taxes_included",
                "restocked",
                "higher_is_better",
            }, name


def test_the_lake_has_no_clear_personal_value_and_every_business_date(table: Table) -> None:
    lake = table.lake_schema()
    assert all(lake[name] == pl.String() for name in table.pii)
    assert all(lake[business_date(name)] == pl.Date() for name in table.instants)
    assert list(lake)[-len(ENVELOPE) :] == list(ENVELOPE)
    assert not [name for name, dtype in lake.items() if dtype.is_float()]


def test_document_and_amount_columns_exist(table: Table) -> None:
    columns = table.schema.column_names()
    assert table.document in {"", *columns}
    assert table.amount in {"", *(n for n in columns if table.kind(n) == "money")}


def test_volatile_columns_are_columns_of_the_envelope() -> None:
    assert set(VOLATILE) <= set(ENVELOPE)


def value_of(table: Table, name: str) -> object:
    """A good value for a required column; the first code where there is a list of them."""
    codes = (table.schema.columns()[name].metadata or {}).get("one_of")
    kind = table.kind(name)
    if codes:
        return codes[0]
    if kind == "text":
        return "EUR" if name.endswith("currency") else "1"
    if kind == "instant":
        return datetime(2026, 1, 1, tzinfo=UTC)
    values = {"day": date(2026, 1, 1), "flag": False, "integer": 2026}
    return values.get(kind, Decimal(0 if name == "scale_min" else 1))


def one_row(table: Table, /, **changes: object) -> pl.DataFrame:
    """A row with its required columns filled, and what a test changes."""
    columns = table.schema.columns()
    filled = {n: None if c.nullable else value_of(table, n) for n, c in columns.items()}
    schema = {name: column.dtype for name, column in columns.items()}
    return pl.DataFrame([filled | changes], schema=schema)


def broken(name: str, /, **changes: object) -> list[str]:
    """Names of the rules that the row of a table breaks."""
    table = TABLES[name]
    _, failed = table.schema.filter(one_row(table, **changes))
    return list(failed.counts())


# One of several columns is needed: who a row is about, or what a line costs.
ONE_OF = {
    "crm_interactions": {"contact_id": "c"},
    "crm_erasures": {"contact_id": "c"},
    "order_lines": {"line_amount": Decimal(1)},
}


def test_a_row_with_its_required_columns_alone_is_accepted(table: Table) -> None:
    assert broken(table.name, **ONE_OF.get(table.name, {})) == []


def test_a_row_without_one_of_its_required_columns_is_refused(table: Table) -> None:
    columns = table.schema.columns()
    for name in [name for name, column in columns.items() if not column.nullable]:
        changes = ONE_OF.get(table.name, {}) | {name: None}
        assert f"{name}|nullability" in broken(table.name, **changes), name


def test_a_record_that_changes_says_when(table: Table) -> None:
    """Only a rate of exchange has no later version that its source would date."""
    assert ("updated_at" in table.instants) == (table.name != "fx_rates")


FIRST, LATER = date(2026, 1, 1), date(2026, 1, 2)


@pytest.mark.parametrize(
    ("name", "changes", "rule"),
    [
        ("orders", {"order_id": ""}, "order_id|min_length"),
        ("orders", {"discount": Decimal(-1)}, "discount|min"),
        ("orders", {"currency": "eur"}, "currency|regex"),
        ("orders", {"status": "shipped"}, "status|regex"),
        ("orders", {"cancelled_at": datetime(2026, 1, 2, tzinfo=UTC)}, "cancelled_has_status"),
        ("orders", {"cancelled_at": datetime(2026, 1, 2, tzinfo=UTC), "status": "cancelled"}, None),
        ("order_lines", {}, "line_is_priced"),
        ("order_lines", {"unit_price": Decimal(1)}, None),
        ("fx_rates", {"rate": Decimal(0)}, "rate_positive"),
        ("fx_rates", {"rate": Decimal("0.000000000001")}, None),
        ("crm_contacts", {"external_ref": "7"}, "external_pair"),
        ("crm_survey_responses", {"score": Decimal(2)}, "score_on_scale"),
        ("crm_interactions", {}, "names_a_party"),
        ("crm_interactions", {"lead_id": "l"}, None),
        ("crm_erasures", {}, "names_somebody"),
        ("crm_erasures", {"email_sha256": "0f" * 32}, None),
        ("crm_erasures", {"email_sha256": "0F" * 32}, "email_sha256|regex"),
        ("crm_erasures", {"email_sha256": "0f" * 31}, "email_sha256|regex"),
        ("crm_contracts", {"starts_on": LATER, "ends_on": FIRST}, "ends_not_before_start"),
        ("crm_contracts", {"starts_on": FIRST, "ends_on": FIRST}, None),
        ("crm_campaigns", {"starts_on": LATER, "ends_on": FIRST}, "ends_not_before_start"),
        ("crm_campaigns", {"starts_on": None, "ends_on": FIRST}, None),
        ("crm_reps", {"hired_on": LATER, "left_on": FIRST}, "left_not_before_hired"),
        ("crm_partners", {"joined_on": LATER, "left_on": FIRST}, "left_not_before_joined"),
        ("crm_loyalty_accounts", {"joined_on": LATER, "left_on": FIRST}, "left_not_before_joined"),
        ("crm_loyalty_transactions", {"kind": "earn", "points": Decimal(-1)}, "sign_fits_kind"),
        ("crm_loyalty_transactions", {"kind": "burn", "points": Decimal(1)}, "sign_fits_kind"),
        ("crm_loyalty_transactions", {"kind": "expire", "points": Decimal(1)}, "sign_fits_kind"),
        ("crm_loyalty_transactions", {"kind": "burn", "points": Decimal(0)}, None),
        ("crm_loyalty_transactions", {"kind": "adjust", "points": Decimal(-1)}, None),
        ("crm_loyalty_transactions", {"kind": "reverse", "points": Decimal(1)}, None),
        ("crm_referrals", {"reward_cost": Decimal(-1)}, "reward_cost|min"),
        ("crm_category_spend", {"party_type": "lead"}, "party_type|regex"),
        ("crm_marketing_spend", {"amount": Decimal(-1)}, None),
    ],
)  # fmt: skip
def test_a_row_breaks_exactly_the_rule_it_breaks(
    name: str, changes: dict[str, object], rule: str | None
) -> None:
    assert broken(name, **changes) == ([rule] if rule else [])


def test_whose_names_are_personal() -> None:
    """Leads and staff are people; the company a lead works for and a partner are not."""
    assert TABLES["crm_leads"].pii == {"email": "email", "phone": "phone"}
    assert TABLES["crm_reps"].pii == {"name": "name"}
    assert TABLES["crm_referrals"].pii == {"referee_email": "email"}
    assert TABLES["crm_partners"].pii == {}
