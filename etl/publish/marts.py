"""What dbt's manifest says about the marts: their names, columns, comments and volatile columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.files import read_json


@dataclass(frozen=True)
class Mart:
    """One published table.

    Args:
        relation: Fully qualified name in the build file.
        columns: Column name to description, in the model's order.
        volatile: Columns that are left out of the logical hash.
    """

    name: str
    audience: str
    relation: str
    description: str
    columns: dict[str, str]
    volatile: frozenset[str]


def read_marts(target: Path) -> tuple[Mart, ...]:
    """Read all marts from dbt's ``manifest.json``, sorted by name."""
    nodes = read_json(target / "manifest.json")["nodes"].values()
    marts = [_mart(node) for node in nodes if _is_mart(node)]
    return tuple(sorted(marts, key=lambda mart: mart.name))


def _is_mart(node: dict[str, Any]) -> bool:
    return bool(node["resource_type"] == "model" and node["fqn"][1] == "marts")


def _mart(node: dict[str, Any]) -> Mart:
    columns = node["columns"]
    return Mart(
        name=node["name"],
        audience=node["fqn"][2],
        relation=f'"{node["schema"]}"."{node["alias"]}"',
        description=" ".join(node["description"].split()),
        columns={name: " ".join(c["description"].split()) for name, c in columns.items()},
        volatile=frozenset(n for n, c in columns.items() if _meta(c).get("volatile")),
    )


def _meta(column: dict[str, Any]) -> dict[str, Any]:
    return {**column.get("meta", {}), **column.get("config", {}).get("meta", {})}
