"""What dbt's manifest says about the marts: their names, columns, comments and volatile columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.files import read_json

_GRAIN_TESTS = {"unique", "unique_combination"}


@dataclass(frozen=True)
class Mart:
    """One published table.

    Args:
        name: Name readers know, dbt's alias: a seed may be published under its own name, which dbt
            lets no model have.
        relation: Fully qualified name in the build file.
        columns: Column name to description, in the model's order.
        volatile: Columns that are left out of the logical hash.
        modelled: Decimals that may differ by one unit of the last place between engines.
        grain: Columns that name a row: those of the mart's own test of it.
    """

    name: str
    audience: str
    relation: str
    description: str
    columns: dict[str, str]
    volatile: frozenset[str]
    modelled: frozenset[str] = frozenset()
    grain: tuple[str, ...] = ()


def read_marts(target: Path) -> tuple[Mart, ...]:
    """Read all marts from dbt's ``manifest.json``, sorted by name."""
    nodes = read_json(target / "manifest.json")["nodes"].values()
    grains = {node["attached_node"]: _grain(node) for node in nodes if _is_grain_test(node)}
    marts = [_mart(node, grains.get(node["unique_id"], ())) for node in nodes if _is_mart(node)]
    return tuple(sorted(marts, key=lambda mart: mart.name))


def _is_mart(node: dict[str, Any]) -> bool:
    return bool(node["resource_type"] == "model" and node["fqn"][1] == "marts")


def _is_grain_test(node: dict[str, Any]) -> bool:
    return (node.get("test_metadata") or {}).get("name") in _GRAIN_TESTS


def _grain(test: dict[str, Any]) -> tuple[str, ...]:
    arguments = test["test_metadata"]["kwargs"]
    return tuple(arguments.get("columns") or [arguments["column_name"]])


def _mart(node: dict[str, Any], grain: tuple[str, ...]) -> Mart:
    columns = node["columns"]
    return Mart(
        name=node["alias"],
        audience=node["fqn"][2],
        relation=f'"{node["schema"]}"."{node["alias"]}"',
        description=" ".join(node["description"].split()),
        columns={name: " ".join(c["description"].split()) for name, c in columns.items()},
        volatile=_tagged(columns, "volatile"),
        modelled=_tagged(columns, "modelled"),
        grain=grain,
    )


def _tagged(columns: dict[str, Any], tag: str) -> frozenset[str]:
    return frozenset(name for name, column in columns.items() if _meta(column).get(tag))


def _meta(column: dict[str, Any]) -> dict[str, Any]:
    return {**column.get("meta", {}), **column.get("config", {}).get("meta", {})}
