"""Runs the compiled SQL of a build's models on other rows than the build's, without dbt."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

import duckdb
import polars as pl

from etl.config import Settings
from etl.files import read_json
from etl.warehouse.database import build_path, frame, open_build, read_only, record_path
from etl.warehouse.transform import target_folder

# "loyalty"."intermediate"."int_customer_gaps"
RELATION = re.compile(r'"\w+"\."\w+"\."(\w+)"')


@dataclass(frozen=True)
class CompiledModels:
    """The models of a build on DuckDB, as dbt compiled them for the build's day."""

    settings: Settings

    @cached_property
    def as_of(self) -> date:
        """The day that stands in the compiled SQL."""
        return date.fromisoformat(read_json(record_path(self.settings))["record"]["as_of"])

    @property
    def parameters(self) -> dict[str, Decimal]:
        """The thresholds in force, by name."""
        with read_only(build_path(self.settings)) as connection:
            rows = frame(
                connection, "select parameter, value from intermediate.int_parameters_in_force"
            )
        return dict(rows.iter_rows())

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What dbt knows of the project."""
        return read_json(target_folder(self.settings) / "manifest.json")

    def sql(self, model: str, as_of: date | None = None) -> str:
        """The statement of a model, for another day if one is given."""
        compiled = target_folder(self.settings) / "compiled" / "loyalty" / "models"
        (path,) = compiled.rglob(f"{model}.sql")
        text = path.read_text(encoding="utf-8")
        return text.replace(f"'{self.as_of}'", f"'{as_of or self.as_of}'")

    def run(
        self, model: str, given: Mapping[str, pl.DataFrame], as_of: date | None = None
    ) -> pl.DataFrame:
        """Return the rows a model makes of other rows.

        Args:
            given: Rows by the relation they stand for, with some of its columns; the others are
                null. Relations that are not given (parameters, seeds) have the build's rows.
            as_of: Another day than the build's.

        Raises:
            AssertionError: The model does not read a relation that is given.
        """
        sql = self.sql(model, as_of)
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
            return frame(connection, _pointed_to(sql, {name: f"given_{name}" for name in given}))

    @contextlib.contextmanager
    def rebuilt(
        self, roots: Callable[[duckdb.DuckDBPyConnection], Mapping[str, str]]
    ) -> Iterator[Rebuilt]:
        """Build again, in memory, whatever follows from some models with other rows.

        What Python makes in between (identities, fits) stays as it is.

        Args:
            roots: Gives the statement of each model that is replaced.
        """
        with open_build(self.settings) as connection:
            replaced = roots(connection)
            names = {name: f"again_{name}" for name in self._following(replaced)}
            for name, again in names.items():
                sql = replaced.get(name) or _pointed_to(self.sql(name), names)
                connection.execute(f"create temp table {again} as {sql}")
            yield Rebuilt(connection, self.relations, names)

    @cached_property
    def relations(self) -> dict[str, str]:
        """The table or view of each model, by the model's name."""
        return {node["name"]: node["relation_name"] for node in self.models.values()}

    @property
    def marts(self) -> list[str]:
        """Names of the models that readers see."""
        return [node["name"] for node in self.models.values() if node["fqn"][1] == "marts"]

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        """The manifest's models by their id."""
        nodes = self.manifest["nodes"]
        return {key: node for key, node in nodes.items() if node["resource_type"] == "model"}

    def _following(self, roots: Mapping[str, str]) -> list[str]:
        """Models that some models decide, these included, each after those that it reads."""
        models = self.models
        reads = {key: set(node["depends_on"]["nodes"]) for key, node in models.items()}
        found: list[str] = []
        decided: set[str] = set()
        for key in TopologicalSorter(reads).static_order():
            if key in models and (models[key]["name"] in roots or decided & reads[key]):
                decided.add(key)
                found.append(models[key]["name"])
        return found


@dataclass(frozen=True)
class Rebuilt:
    """Models built again, beside those of the build."""

    connection: duckdb.DuckDBPyConnection
    relations: Mapping[str, str]
    names: Mapping[str, str]

    def both(self, model: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows of a model in the build, and as it was built again."""
        one, other = (self.relations[model], self.names[model])
        return frame(self.connection, f"from {one}"), frame(self.connection, f"from {other}")

    def differences(self, model: str) -> int:
        """Rows that only one of the two has, counted with their repetitions."""
        one, other = self.relations[model], self.names[model]
        query = (
            f"(from {one} except all from {other}) union all (from {other} except all from {one})"
        )
        return self.connection.execute(f"select count(*) from ({query})").fetchone()[0]


def _pointed_to(sql: str, names: Mapping[str, str]) -> str:
    """Let a statement read other tables under the names of some relations."""
    return RELATION.sub(lambda found: names.get(found[1], found[0]), sql)
