"""Runs the compiled SQL of a model on other rows than its build's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from etl.config import Settings
from etl.warehouse.build import last_build
from etl.warehouse.database import build_path, frame, read_only
from etl.warehouse.transform import target_folder

# "loyalty"."intermediate"."int_customer_gaps"
RELATION = re.compile(r'"\w+"\."\w+"\."(\w+)"')


@dataclass(frozen=True)
class CompiledModels:
    """The models of a build on DuckDB, as dbt compiled them for the build's day."""

    settings: Settings

    @property
    def as_of(self) -> date:
        """The day that stands in the compiled SQL."""
        built = last_build(self.settings)
        assert built is not None
        return built.record.as_of_date

    @property
    def parameters(self) -> dict[str, Decimal]:
        """The thresholds in force, by name."""
        with read_only(build_path(self.settings)) as connection:
            rows = frame(
                connection, "select parameter, value from intermediate.int_parameters_in_force"
            )
        return dict(rows.iter_rows())

    def names(self, pattern: str) -> list[str]:
        """Names of the models that match a pattern of the file system, sorted."""
        return sorted(path.stem for path in self._compiled().rglob(f"{pattern}.sql"))

    def sql(self, model: str) -> str:
        """The statement of a model."""
        (path,) = self._compiled().rglob(f"{model}.sql")
        return path.read_text(encoding="utf-8")

    def run(self, model: str, given: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Return the rows a model makes of other rows.

        Args:
            given: Rows by the relation they stand for, with some of its columns; the others are
                null. Relations that are not given (parameters, seeds) have the build's rows.

        Raises:
            AssertionError: The model does not read a relation that is given.
        """
        sql = self.sql(model)
        relations = {found[1]: found[0] for found in RELATION.finditer(sql)}
        unread = sorted(set(given) - set(relations))
        assert not unread, f"{model} reads no {', '.join(unread)}; it reads {sorted(relations)}"
        with read_only(build_path(self.settings)) as connection:
            for name, rows in given.items():
                connection.register(f"rows_of_{name}", rows.to_arrow())
                # With the relation's own types; a column that it does not have is an error.
                connection.execute(
                    f"create temp table given_{name} as from {relations[name]} limit 0"
                )
                connection.execute(f"insert into given_{name} by name from rows_of_{name}")
                sql = sql.replace(relations[name], f"given_{name}")
            return frame(connection, sql)

    def _compiled(self) -> Path:
        return target_folder(self.settings) / "compiled" / "loyalty" / "models"
