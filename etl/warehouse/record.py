"""The record of a build: what it was made from, and what its checks said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class BuildRecord:
    """What a build was made from and what its checks said; kept beside the build file.

    Args:
        engine: What dbt built it on; the tables are read from there.
        warnings: Checks with severity warn that found rows: name to message.
        reconciliation: Rows and amounts, file against lake against mart.
    """

    run_id: str
    as_of: str
    lake_version: str
    state_version: str
    code_version: str
    variables: dict[str, str]
    engine: str = "duckdb"
    warnings: dict[str, str] = field(default_factory=dict)
    reconciliation: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def as_of_date(self) -> date:
        """The last day that counts, as a date."""
        return date.fromisoformat(self.as_of)
