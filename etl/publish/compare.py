"""Compares the marts of two releases cell by cell: two engines, or two ways to the same day.

Equal means: the same keys; integers, text, dates, instants and decimals the same; doubles within a
relative 1e-9; decimals tagged ``modelled`` (from exponentials, which differ in the last bit between
engines) within one unit of their last place. Volatile columns are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from etl.publish.marts import Mart

_DOUBLE_TOLERANCE = "1e-9"


@dataclass(frozen=True)
class Comparison:
    """How one mart differs between two releases.

    Args:
        rows: Rows in the first and in the second.
        unmatched: Rows of either whose key the other does not have.
        cells: Differing cells by column; columns without a difference are not listed.
        shape: What differs in columns and types; empty when nothing does.
    """

    mart: str
    rows: tuple[int, int]
    unmatched: int = 0
    cells: tuple[tuple[str, int], ...] = ()
    shape: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        same_rows = self.rows[0] == self.rows[1]
        return same_rows and not (self.unmatched or self.cells or self.shape)


def compare_marts(
    connection: duckdb.DuckDBPyConnection, first: Path, second: Path, marts: Iterable[Mart]
) -> list[Comparison]:
    """Compare the Parquet files of two release folders, mart by mart."""
    return [compare_mart(connection, first, second, mart) for mart in marts]


def compare_mart(
    connection: duckdb.DuckDBPyConnection, first: Path, second: Path, mart: Mart
) -> Comparison:
    """Compare one mart; see the module for what is equal."""
    files = [f"{folder / mart.name}.parquet" for folder in (first, second)]
    types, other_types = (_types(connection, file) for file in files)
    rows = _rows(connection, files[0]), _rows(connection, files[1])
    if types != other_types:  # in any order
        return Comparison(mart.name, rows, shape=_shape(types, other_types))
    columns = [name for name in types if name not in {*mart.grain, *mart.volatile}]
    counts = [_differs(name, types[name], name in mart.modelled) for name in columns]
    unmatched, *cells = connection.execute(_joined(mart.grain, counts), files).fetchone() or (0,)
    found = tuple((name, n) for name, n in zip(columns, cells, strict=True) if n)
    return Comparison(mart.name, rows, unmatched, found)


def _types(connection: duckdb.DuckDBPyConnection, file: str) -> dict[str, str]:
    described = connection.execute("describe select * from read_parquet($1)", [file]).fetchall()
    return {row[0]: row[1] for row in described}


def _rows(connection: duckdb.DuckDBPyConnection, file: str) -> int:
    counted = connection.execute("select count(*) from read_parquet($1)", [file]).fetchone()
    return counted[0] if counted else 0


def _shape(types: dict[str, str], others: dict[str, str]) -> str:
    names = [*types, *(name for name in others if name not in types)]
    return "; ".join(
        f"{name}: {types.get(name, 'absent')} and {others.get(name, 'absent')}"
        for name in names
        if types.get(name) != others.get(name)
    )


def _joined(grain: tuple[str, ...], counts: list[str]) -> str:
    """One pass over both: rows without a partner, then the differing cells of each column."""
    keys = " and ".join(f'a."{key}" is not distinct from b."{key}"' for key in grain)
    unmatched = "count(*) filter (where a.row_present is null or b.row_present is null)"
    marked = "(select *, true as row_present from read_parquet({}))"
    sides = f"{marked.format('$1')} as a full join {marked.format('$2')} as b"
    return f"select {', '.join([unmatched, *counts])} from {sides} on {keys}"  # noqa: S608


def _differs(name: str, kind: str, modelled: bool) -> str:
    left, right = f'a."{name}"', f'b."{name}"'
    different = f"{left} is distinct from {right}"
    scale = re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", kind)
    if kind in {"DOUBLE", "FLOAT"}:
        room = f"{_DOUBLE_TOLERANCE} * greatest(abs({left}), abs({right}))"
        different += f" and not coalesce(abs({left} - {right}) <= {room}, false)"
    elif modelled and scale:
        different += f" and not coalesce(abs({left} - {right}) <= 1e-{scale[1]}::{kind}, false)"
    both = "a.row_present and b.row_present"
    return f"count(*) filter (where {both} and ({different}))"
