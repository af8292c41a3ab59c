"""What the YAML beside the marts declares: columns, the codes they may hold, and their tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from etl.config import DBT_PROJECT

MARTS = DBT_PROJECT / "models" / "marts"


@dataclass(frozen=True)
class Column:
    """One column of a mart.

    Args:
        mart: Name readers know.
        audience: Folder of the mart.
        codes: Text that ``accepted_values`` allows; empty without such a test.
        meta: Its tags.
    """

    mart: str
    audience: str
    name: str
    codes: tuple[str, ...]
    meta: dict[str, Any]


@cache
def mart_columns() -> tuple[Column, ...]:
    """All columns of all marts."""
    return tuple(column for path in sorted(MARTS.rglob("*.yml")) for column in _columns(path))


def columns_of(mart: str) -> dict[str, Column]:
    """The columns of one mart by name; empty when there is no such mart."""
    return {column.name: column for column in mart_columns() if column.mart == mart}


def mart_names() -> set[str]:
    """Names of all marts."""
    return {column.mart for column in mart_columns()}


def sql_of(mart: str) -> str:
    """The text of a mart's model."""
    (path,) = MARTS.rglob(f"{mart}.sql")
    return path.read_text(encoding="utf-8")


def _columns(path: Path) -> Iterator[Column]:
    for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models") or []:
        for column in model["columns"]:
            yield Column(
                model["name"].removeprefix("published_"),
                path.parent.name,
                column["name"],
                tuple(_codes(column)),
                column.get("config", {}).get("meta", {}),
            )


def _codes(column: dict[str, Any]) -> Iterator[str]:
    for test in column.get("data_tests", []):
        arguments = test["accepted_values"]["arguments"] if "accepted_values" in test else {}
        if arguments.get("quote", True):
            yield from arguments.get("values", ())
