"""What must not matter: where a row lies, and the unit that money is counted in.

The models are built again in memory from their compiled SQL, a few seconds a time. That deliveries
may come in any order, twice or in parts is shown on the whole route, for every mart, in
``test_route.py``; what Python makes of the same rows is shown in its own modules.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pytest

from tests.company.published import PublishedCompany
from tests.compiled import CompiledModels

FACTOR = 100
# Domains of int_classes_stacked that hold money against an amount, and which amount.
ABSOLUTE = {
    "winback_status": "profit of winning back, against winback_offer_cost and winback_contact_cost",
    "profit_loyalty_class": "margin less what service costs, by serve_cost_per_case and _contact",
}
# The forecast behind a win-back's profit is fitted in Python, which is not run again here.
FITTED = {"winback_status"}


@pytest.fixture(scope="module")
def compiled(published: PublishedCompany) -> CompiledModels:
    return CompiledModels(published.settings)


def latest(connection: duckdb.DuckDBPyConnection, kind: str = "%") -> dict[str, list[str]]:
    """Columns of a type by model, of the models in which each record stands once."""
    rows = connection.execute(
        "select table_name, column_name from duckdb_columns()"
        " where schema_name = 'intermediate' and table_name like 'int\\_%\\_latest' escape '\\'"
        " and data_type like ? order by all",
        [kind],
    ).fetchall()
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


@pytest.mark.parametrize("rebuild", range(1, 6))
def test_five_rebuilds_from_shuffled_rows_make_the_same_marts(compiled, rebuild):
    """A sum of doubles, or an order with ties, would show here."""

    def shuffled(connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
        return {
            model: f"from {compiled.relations[model]} order by md5(rowid || ' {rebuild}')"
            for model in latest(connection)
        }

    with compiled.rebuilt(shuffled) as again:
        marts = again.names.keys() & set(compiled.marts)
        assert {mart: again.differences(mart) for mart in marts} == dict.fromkeys(marts, 0)
        assert {"orders", "customers", "loyalty_segments", "winback_targets"} <= marts


@pytest.mark.parametrize(("with_parameters", "may_move"), [(False, set(ABSOLUTE)), (True, FITTED)])
def test_money_in_another_unit_changes_no_class_that_knows_no_amount(
    compiled, with_parameters, may_move
):
    """Everything that is money in the contract a hundredfold, as if dollars were cents.

    With the parameters that are amounts in cents too, nothing is left to move a class.
    """

    def scaled(connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
        money = latest(connection, "DECIMAL(18,4)")
        changes = {model: ", ".join(map(times, columns)) for model, columns in money.items()}
        if with_parameters:
            changes["int_parameters_in_force"] = (
                f"case unit when 'reporting currency' then value * {FACTOR} else value end as value"
            )
        return {
            model: f"select * replace ({change}) from {compiled.relations[model]}"
            for model, change in changes.items()
        }

    def times(column: str) -> str:
        return f"cast({column} * {FACTOR} as decimal(18, 4)) as {column}"

    with compiled.rebuilt(scaled) as again:
        revenue = [rows["net_revenue"].sum() for rows in again.both("customers")]
        before, after = again.both("int_classes_stacked")
    assert revenue[1] == FACTOR * revenue[0] > 0
    both = before.join(after, on=["customer_key", "domain"], validate="1:1")
    assert both.height == before.height == after.height > 0
    moved = set(both.filter(both["code"] != both["code_right"])["domain"])
    assert moved <= may_move < set(before["domain"])
