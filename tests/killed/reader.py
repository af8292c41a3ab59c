"""A reader of the marts that never stops looking while commands are killed and tried again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow.parquet as parquet

from etl.files import read_json
from etl.publish.release import MANIFEST
from etl.warehouse.database import BUILD_NAME
from tests.killed.command import start

_JOINED = """
select count(*), coalesce(sum(orders.net_revenue), 0), count(distinct customers.customer_key)
from orders left join customers using (customer_key)
"""
_PAUSE_SECONDS = 0.3


@dataclass
class Seen:
    """What a reader saw.

    Args:
        reads: How often it opened what is served.
        wrong: What it saw that no release is, or the error it got.
    """

    reads: int = 0
    wrong: list[str] = field(default_factory=list)


class Reader:
    """A process that reads without end; it may see the releases it was told of and no other.

    Args:
        marts: Where releases and ``current`` are.
        releases: What :func:`look_at` says of each release that may be served.
    """

    def __init__(self, marts: Path, releases: list[Any]) -> None:
        self._arguments = (marts, releases)
        self.seen = Seen()

    def __enter__(self) -> Self:
        self._process, self._pipe = start(_read, *self._arguments)
        # It has looked once before anything happens.
        self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send("enough")
        self.seen = self._pipe.recv()
        self._process.join()


def look_at(folder: Path) -> list[Any]:
    """Return what a reader sees of a release, through DuckDB and through Parquet."""
    manifest = read_json(folder.resolve() / MANIFEST)
    stated = {name: mart["rows"] for name, mart in manifest["marts"].items()}
    return [_by_duckdb(folder), {**stated, "run_id": manifest["run_id"]}]


def _read(pipe: Any, marts: Path, releases: list[Any]) -> None:
    seen = Seen()
    databases = [database for database, _ in releases]
    folders = [stated for _, stated in releases]
    while not (seen.reads and pipe.poll(_PAUSE_SECONDS)):
        seen.reads += 1
        try:
            if _by_duckdb(marts / "current") not in databases:
                seen.wrong.append("I2 DuckDB shows rows of no release")
            if _by_parquet(marts / "current") not in folders:
                seen.wrong.append("I2 Parquet shows rows of no release")
        except Exception as error:  # whatever it is, a reader must not meet it
            seen.wrong.append(f"I2 a reader got {type(error).__name__}: {error}")
        if seen.reads == 1:
            pipe.send("ready")
    pipe.send(seen)


def _by_duckdb(folder: Path) -> list[Any]:
    """Open the one file by its served name: rows of each mart, and a join of two."""
    with duckdb.connect(str(folder / BUILD_NAME), read_only=True) as connection:
        names = [name for (name,) in connection.execute("show tables").fetchall()]
        counts = ", ".join(f'(select count(*) from "{name}")' for name in names)
        rows = connection.execute(f"select {counts}").fetchone() or ()
        return [*zip(names, rows, strict=True), *connection.execute(_JOINED).fetchall()]


def _by_parquet(link: Path) -> dict[str, Any]:
    """Resolve ``current`` once and read that folder: rows of each mart, by the files' footers."""
    folder = link.resolve()
    manifest = read_json(folder / MANIFEST)
    rows = {
        name: parquet.read_metadata(folder / mart["file"]).num_rows
        for name, mart in manifest["marts"].items()
    }
    return {**rows, "run_id": manifest["run_id"]}
