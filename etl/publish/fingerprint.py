r"""The logical hash of a table: the same rows give the same text, in any order, on any engine.

Each row becomes one text: columns by name, decimals at their scale, doubles with nine significant
digits, null as ``\\N``, instants in UTC. The md5 of each text is added up, so row order does not
matter and one pass suffices. Computed on the published Parquet.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

_SEPARATOR = "chr(31)"


def logical_hash(
    connection: duckdb.DuckDBPyConnection,
    path: Path | Sequence[Path],
    volatile: frozenset[str],
    batches: Sequence[str] = (),
) -> tuple[int, str]:
    """Hash the rows of a Parquet file, or of several of the same columns together.

    Args:
        connection: A DuckDB connection whose session time zone is UTC.
        path: The file or files.
        volatile: Columns that are left out.
        batches: Count only rows of these ``batch_id``; all rows when empty.

    Returns:
        Row count, and ``<rows>-<hex>``.
    """
    paths = [str(one) for one in ([path] if isinstance(path, Path) else path)]
    described = connection.execute("describe select * from read_parquet($1)", [paths])
    types = {row[0]: row[1] for row in described.fetchall()}
    texts = [_canonical(name, types[name]) for name in sorted(types) if name not in volatile]
    row_text = f"concat_ws({_SEPARATOR}, {', '.join(texts)})"
    counted = " where list_contains($2::varchar[], batch_id)" if batches else ""
    rows, lower, upper = connection.execute(
        f"select count(*), coalesce(sum(md5_number_lower(t)), 0),"  # noqa: S608 - our own names
        f" coalesce(sum(md5_number_upper(t)), 0)"
        f" from (select {row_text} as t from read_parquet($1){counted})",
        [paths, list(batches)] if batches else [paths],
    ).fetchone() or (0, 0, 0)
    return rows, f"{rows}-{upper:x}-{lower:x}"


def _canonical(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    text = f"printf('%.9g', {column})" if kind in {"DOUBLE", "FLOAT"} else f"{column}::varchar"
    return f"coalesce({text}, '\\N')"
