"""Time and peak memory of identity on a million orders and 300,000 contacts, made up in memory.

    .venv/bin/python benchmarks/identity.py

A quarter of the contacts name a shop customer, a tenth belong to one of 5,000 accounts, a thirtieth
were merged away; the rest meets the shop's customers by e-mail. Times vary: CPU is what to quote.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
import polars as pl

from etl import identity

ORDERS, CUSTOMERS, CONTACTS, ACCOUNTS = 1_000_000, 400_000, 300_000, 5_000
DAY = date(2025, 1, 1)
PERSONAL = pl.lit(value=False)
NOTHING = pl.lit(None, dtype=pl.String)
NO = pl.col("no")
T = TypeVar("T")


def main() -> None:
    """Print wall seconds, CPU seconds and peak memory of each step."""
    orders, contacts, accounts, leads = exports()
    grouped = measured("group orders", lambda: by_party(orders))
    graph = measured("graph", lambda: identity.build_graph(grouped, contacts, accounts, leads))
    found = measured("resolve", lambda: identity.resolve(*graph)).identities
    nothing = pl.DataFrame(schema=identity.STATE_SCHEMA)
    first = measured("keys, first day", lambda: identity.changed_keys(found, nothing, DAY))
    later = DAY + timedelta(days=1)
    measured("keys, later", lambda: identity.changed_keys(found, first, later))
    customers = found["customer_key"].drop_nulls().n_unique()
    told(f"{found.height:,} records and {graph[1].height:,} links are {customers:,} customers")


def exports() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return orders, contacts, accounts and no leads, as read from the latest versions."""
    random = np.random.default_rng(1)
    orders = pl.DataFrame({"no": random.integers(0, CUSTOMERS, ORDERS)}).select(
        source_system=pl.lit("shop"), crm_system=pl.lit("crm"),
        customer_ref=some(NO % 3 > 0, "R", NO),
        contact_id=some((NO % 50 == 0) & (NO < CONTACTS), "C", NO),
        account_id=some(NO % 100 == 0, "A", NO % ACCOUNTS),
        email=some(NO % 5 > 0, "e", NO), email_is_role=PERSONAL,
        known_on=days(random, ORDERS),
    )  # fmt: skip
    contacts = pl.DataFrame({"no": range(CONTACTS)}).select(
        source_system=pl.lit("crm"), contact_id=pl.format("C{}", NO),
        account_id=some(NO % 10 == 0, "A", NO % ACCOUNTS),
        master_id=some(NO % 30 == 1, "C", NO - 1),
        email=pl.format("e{}", NO), email_is_role=PERSONAL,
        external_system=pl.lit("shop"), external_ref=some(NO % 4 == 0, "R", NO),
        known_on=days(random, CONTACTS),
    )  # fmt: skip
    accounts = pl.DataFrame({"no": range(ACCOUNTS)}).select(
        source_system=pl.lit("crm"), account_id=pl.format("A{}", NO), master_id=NOTHING,
        email=NOTHING, email_is_role=PERSONAL, external_system=NOTHING, external_ref=NOTHING,
        is_person=pl.lit(value=False), known_on=pl.lit(DAY),
    )  # fmt: skip
    leads = contacts.clear().select(
        "source_system", "email", "email_is_role", "known_on", lead_id="contact_id",
        converted_contact_id="contact_id", converted_account_id="account_id",
    )  # fmt: skip
    return orders, contacts, accounts, leads


def by_party(orders: pl.DataFrame) -> pl.DataFrame:
    """Group as ``sql/warehouse/read_orders_for_identity.sql`` does."""
    return orders.group_by(pl.exclude("known_on")).agg(pl.col("known_on").min())


def some(condition: pl.Expr, letter: str, number: pl.Expr) -> pl.Expr:
    """Return an id where the condition holds."""
    return pl.when(condition).then(pl.format(letter + "{}", number))


def days(random: np.random.Generator, size: int) -> pl.Series:
    """Return days of one year."""
    offsets = pl.DataFrame({"days": random.integers(0, 365, size)})
    return offsets.select(pl.lit(DAY) + pl.duration(days="days")).to_series()


def measured(step: str, work: Callable[[], T]) -> T:
    """Do the work and print what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told(f"{step:<18}{wall:>7.1f} s wall {cpu:>6.1f} s CPU {peak_mib:>7.0f} MiB peak")
    return result


def told(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
