"""Counts rows and amounts from file to lake to mart; a difference stops the publish.

What the marts must add up to is compared in the mart ``reconciliation``; here is only how a person
is told of a difference.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from etl.contract import TABLES
from etl.errors import DataBlocked
from etl.lake.vanished import NO_ROW
from etl.warehouse.database import frame, statement


def reconcile(
    build: duckdb.DuckDBPyConnection, inputs: Path, as_of: date
) -> dict[str, list[dict[str, Any]]]:
    """Compare what deliveries say, what the lake holds and what the marts show.

    Args:
        build: Connection to the finished build.
        inputs: The folder of committed files that it was made from.
        as_of: The build's day.

    Returns:
        ``tables``: per source system and table, rows and amounts delivered, rejected, accepted
        and in the lake; ``orders``: per source system, what became of each version of an order;
        ``marts``: each pair of amounts of the mart ``reconciliation``.

    Raises:
        DataBlocked: Two counts or amounts that must be equal differ; names them with both numbers.
    """
    held = "\n    union all\n    ".join(_held(inputs, table) for table in sorted(TABLES))
    tables = frame(
        build,
        statement("reconcile_tables").replace("{held_tables}", held),
        loads=f"{inputs}/raw_loads/*.parquet",
    ).to_dicts()
    orders = frame(
        build, statement("reconcile_orders"), as_of=as_of, lake=f"{inputs}/orders/*.parquet"
    ).to_dicts()
    marts = frame(build, statement("read_reconciliation")).to_dicts()
    lost = [d for row in tables for d in _table_differences(row)]
    lost += [d for row in orders for d in _order_differences(row)]
    _refuse(lost, "Compare data/raw/_commits with the named table.")
    _refuse(
        [d for row in marts for d in _mart_differences(row)],
        "Compare the two named sides in the build; its mart reconciliation has all pairs.",
    )
    return {"tables": tables, "orders": orders, "marts": marts}


def _refuse(differences: list[str], todo: str) -> None:
    if differences:
        raise DataBlocked(
            f"Rows or amounts were lost or made on the way: {'; '.join(differences)}.",
            where="reconciliation",
            todo=f"Nothing was published. {todo}",
            code="NOT_RECONCILED",
        )


def _held(inputs: Path, table: str) -> str:
    amount = TABLES[table].amount
    total = f"sum({amount})" if amount else "null::decimal(38, 4)"
    return (
        f"select source_system, '{table}' as table_name,"  # noqa: S608 - names of the contract
        f" count(*) as rows_in_lake, {total} as amount_in_lake"
        f" from read_parquet('{inputs}/{table}/*.parquet')"
        f" where source_row is distinct from {NO_ROW} group by source_system"
    )


def _table_differences(row: dict[str, Any]) -> list[str]:
    place = f"{row['source_system']}.{row['table_name']}"
    found = []
    if row["rows_accepted"] != row["rows_in_lake"]:
        found.append(
            f"{place}: {row['rows_accepted']} rows accepted, {row['rows_in_lake']} in lake"
        )
    if (row["amount_accepted"] or 0) != (row["amount_in_lake"] or 0):
        found.append(f"{place}: {row['amount_accepted']} accepted, {row['amount_in_lake']} in lake")
    return found


def _order_differences(row: dict[str, Any]) -> list[str]:
    explained = (
        row["versions_not_known_yet"] + row["versions_superseded"] + row["orders_deleted"]
        + row["orders_in_mart"]
    )  # fmt: skip
    if explained == row["versions_in_lake"]:
        return []
    return [
        f"{row['source_system']}.orders: {row['versions_in_lake']} versions in lake,"
        f" {explained} accounted for, {row['orders_in_mart']} in the mart"
    ]


def _mart_differences(row: dict[str, Any]) -> list[str]:
    if row["difference"] == 0:
        return []
    return [
        f"{row['check_name']}, {row['business_unit']} ({row['description']}):"
        f" {row['left_amount']} against {row['right_amount']}"
    ]
