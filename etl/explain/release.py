"""The served release as an explanation reads it: rows of one customer, and what codes mean."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import duckdb

from etl.config import Settings
from etl.explain.errors import ReleaseTooOld
from etl.explain.sections import SECTIONS, Section
from etl.publish.release import open_current
from etl.warehouse.database import frame

NEEDED = (
    "class_labels", "classification_rules", "consents", "customer_360", "customer_identities",
    "customer_key_changes", "customers", "identity_findings", "parameters_in_force",
)  # fmt: skip

# What names a record.
RECORD = ("source_system", "entity", "source_id")

Row = dict[str, Any]


@dataclass(frozen=True)
class Release:
    """One release, open for reading.

    Args:
        connection: Read-only.
        run_id: Which release.
        as_of: Its day.
    """

    connection: duckdb.DuckDBPyConnection
    run_id: str
    as_of: date

    @cached_property
    def marts(self) -> frozenset[str]:
        """Names of its marts."""
        found = self.connection.execute("select table_name from duckdb_tables()").fetchall()
        return frozenset(name for (name,) in found)

    def rows(self, query: str, **values: object) -> list[Row]:
        """Return the rows of a question."""
        return frame(self.connection, query, **values).to_dicts()

    def rows_of(self, mart: str, customer_key: str, order: str = "") -> list[Row]:
        """Return a customer's rows of a mart; none where the release has no such mart."""
        if mart not in self.marts:
            return []
        query = f'select * from "{mart}" where customer_key = $key'  # noqa: S608 - our own names
        return self.rows(query + (f" order by {order}" if order else ""), key=customer_key)

    @property
    def sections(self) -> list[Section]:
        """What can be told of a customer: the sections whose mart the release has."""
        return [section for section in SECTIONS if section.mart in self.marts]

    def row_of(self, section: Section, customer_key: str) -> Row | None:
        """Return what a section's mart says of a customer, None where it says nothing."""
        rows = self.rows_of(section.mart, customer_key)
        return next((row for row in rows if row.items() >= dict(section.of_rows).items()), None)

    def history(self, customer_key: str) -> list[Row]:
        """Return the classes a customer had, with the days; oldest first within each kind."""
        return self.rows_of("class_history", customer_key, "domain, valid_from")

    @cached_property
    def labels(self) -> dict[tuple[str, str], Row]:
        """What each code means, by domain and code."""
        rows = self.rows("select * from class_labels")
        return {(row["domain"], row["code"]): row for row in rows}

    @cached_property
    def domains(self) -> frozenset[str]:
        """Kinds of classes; a column of that name carries the code."""
        return frozenset(domain for domain, _ in self.labels)

    @cached_property
    def rules(self) -> dict[str, Row]:
        """What each rule says, by its id."""
        return {row["rule_id"]: row for row in self.rows("select * from classification_rules")}

    @cached_property
    def parameters(self) -> list[Row]:
        """The numbers in force, by name."""
        return self.rows("select * from parameters_in_force order by parameter")


@contextlib.contextmanager
def served_release(settings: Settings) -> Iterator[Release]:
    """Open the release that readers get; one release for the whole explanation.

    Raises:
        LoyaltyError: Nothing is published.
        ReleaseTooOld: The release lacks a mart that every explanation needs.
    """
    with open_current(settings) as (connection, manifest):
        as_of = date.fromisoformat(manifest["as_of"])
        release = Release(connection, manifest["run_id"], as_of)
        missing = sorted(set(NEEDED) - release.marts)
        if missing:
            raise ReleaseTooOld(
                f"The served release has no {', '.join(missing)}.",
                where=release.run_id,
                todo="It is of an older version: publish once more with `loyalty run`.",
            )
        yield release
