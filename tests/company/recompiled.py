"""Builds other days with the SQL that dbt compiled for one: seconds a day, not half a minute.

Reading the project and running its tests costs dbt far more than the small company's rows do. A day
differs from another in nothing but the date in the compiled text and the folder of inputs, so the
text of one build by dbt serves them all. What stands around dbt (inputs, identity, fits, state) is
the real thing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from etl.config import Settings
from etl.files import read_json
from etl.warehouse.database import build_path, frame, open_build
from etl.warehouse.transform import DbtRun, Progress, target_folder

TABLES = (
    'select format(\'"{}"."{}"."{}"\', table_catalog, table_schema, table_name) as relation'
    " from information_schema.tables"
)


@dataclass(frozen=True)
class Model:
    """One model as dbt compiled it."""

    relation: str
    is_view: bool
    parents: tuple[str, ...]
    sql: str

    @property
    def schema(self) -> str:
        """Its schema: the layer."""
        return self.relation.split('"')[3]

    def statement(self) -> str:
        """What makes it."""
        return f"create {'view' if self.is_view else 'table'} {self.relation} as {self.sql}"


@dataclass(frozen=True)
class Recompiled:
    """The models of a build on DuckDB, to be made again for other days.

    Args:
        as_of: The day in the text of ``models``.
        inputs: The folder of inputs in the text of ``models``.
        database: A copy of the build, for its seeds.
    """

    as_of: date
    inputs: str
    database: Path
    models: dict[str, Model]

    @classmethod
    def of(cls, settings: Settings, as_of: date, folder: Path) -> Recompiled:
        """Keep what dbt left of a build; the copy goes to ``folder``.

        Raises:
            AssertionError: The day stands in the SQL otherwise than as ``cast('day' as date)``.
        """
        folder.mkdir(parents=True)
        database = Path(shutil.copy2(build_path(settings), folder))
        nodes = read_json(target_folder(settings) / "manifest.json")["nodes"]
        compiled = target_folder(settings) / "compiled" / "loyalty" / "models"
        models = {
            node["name"]: Model(
                relation=node["relation_name"],
                is_view=node["config"]["materialized"] == "view",
                parents=tuple(parent.split(".")[2] for parent in node["depends_on"]["nodes"]),
                sql=path.read_text(encoding="utf-8"),
            )
            for node in nodes.values()
            if node["resource_type"] == "model"
            for path in [compiled / node["path"]]
            if path.exists()
        }
        for name, model in models.items():
            rest = model.sql.replace(_cast(as_of), "")
            assert as_of.isoformat() not in rest, f"{name} has the day in another form"
        (inputs,) = (settings.warehouse / "inputs").iterdir()
        return cls(as_of, str(inputs), database, models)

    def build(self, run: DbtRun, _progress: Progress, *, select: str) -> list[dict[str, Any]]:
        """Make what a selection of dbt names, and what it needs, unless it is there.

        Args:
            run: Says for which day and from which inputs.
            select: Names with a plus in front.
        """
        with open_build(run.settings) as build:
            made = set(frame(build, TABLES)["relation"])
            if not made:
                self._begin(build)
            for model in self._needed(name.removeprefix("+") for name in select.split()):
                if model.relation not in made:
                    text = model.statement().replace(_cast(self.as_of), _cast(run.as_of))
                    build.execute(text.replace(self.inputs, str(run.inputs)))
        return []

    def _begin(self, build: duckdb.DuckDBPyConnection) -> None:
        """Make the schemas, and the seeds from the build that was kept."""
        build.execute(f"attach '{self.database}' as kept (read_only)")
        kept = frame(build, "select distinct schema_name from duckdb_tables()")["schema_name"]
        for schema in sorted({*kept, *(model.schema for model in self.models.values())}):
            build.execute(f"create schema if not exists {schema}")
        seeds = frame(build, "select table_name from duckdb_tables() where schema_name = 'seeds'")
        for name in seeds["table_name"]:
            build.execute(f"create table seeds.{name} as from kept.seeds.{name}")
        build.execute("detach kept")

    def _needed(self, names: Iterable[str]) -> list[Model]:
        """Return models and all they are made from, those first."""
        found: dict[str, None] = {}

        def add(name: str) -> None:
            if name in self.models and name not in found:
                for parent in self.models[name].parents:
                    add(parent)
                found[name] = None

        for name in names:
            add(name)
        return [self.models[name] for name in found]


def _cast(day: date) -> str:
    return f"cast('{day}' as date)"
