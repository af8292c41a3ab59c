"""The only module that opens DuckDB (dbt opens its own, between our calls and under our lock).

The build file is private to one writer; readers open a published release. See ``sql/warehouse``
for the statements that are run here.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from etl.config import SQL_ROOT, Settings
from etl.errors import LoyaltyError
from etl.files import damaged, fsync_folder, make_folder

BUILD_NAME = "loyalty.duckdb"
# Every DuckDB from 1.0 on opens a release, whichever wrote it. Left alone, 2.0 writes files that
# only 2.0 reads.
RELEASE_FORMAT = "v1.0.0"
# DuckDB keeps a checksum of each block; what it says does not always name the file.
_DAMAGED_WORDS = ("corrupt database file", "not a valid duckdb database file")


def build_path(settings: Settings) -> Path:
    """Return the private build file; its basename is kept when it is published."""
    return settings.warehouse / "build" / BUILD_NAME


def spark_folder(settings: Settings) -> Path:
    """Return where Spark puts a build: ``<schema>/<table>/*.parquet``."""
    return build_path(settings).with_name("spark")


def build_size(settings: Settings) -> int:
    """Return the bytes of the last build, whichever engine made it; 0 without one."""
    folder = build_path(settings).parent
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def discard_build(settings: Settings) -> None:
    """Remove the build file, its record and its proposals; every build starts from nothing.

    The record goes first: a build that fails half-way must not look like the one before.
    """
    folder = make_folder(build_path(settings).parent)
    record_path(settings).unlink(missing_ok=True)
    fsync_folder(folder)
    shutil.rmtree(folder)
    make_folder(folder)


def record_path(settings: Settings) -> Path:
    """Return where the last finished build's record lies, beside the build file."""
    return build_path(settings).with_name("build.json")


@contextlib.contextmanager
def open_build(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build between dbt calls, its tables under their names, whichever engine made them.

    DuckDB's file is checkpointed and closed on the way out; Spark's tables are views over Parquet.
    """
    if settings.engine == "spark":
        with scratch(settings) as connection:
            connection.execute(_spark_tables(spark_folder(settings)))
            yield connection
        return
    assert_closed(build_path(settings))
    with _connect(settings, build_path(settings)) as connection:
        yield connection
        connection.execute("checkpoint")
    assert_closed(build_path(settings))


@contextlib.contextmanager
def new_database(settings: Settings, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Create a DuckDB file for a release; checkpointed and closed on the way out."""
    with _connect(settings, path, storage_compatibility_version=RELEASE_FORMAT) as connection:
        yield connection
        connection.execute("checkpoint")
    assert_closed(path)


@contextlib.contextmanager
def scratch(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database, for questions over Parquet files."""
    with _connect(settings, None) as connection:
        yield connection


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published release as a reader who may neither write nor reach other files.

    Raises:
        LoyaltyError: There is no such file.
        LakeCorrupt: A byte of it changed, in a block that was read.
    """
    if not path.is_file():
        raise LoyaltyError(
            "Nothing has been published yet.",
            where=str(path),
            todo="Run `loyalty run` or `make run` first.",
            code="NOT_PUBLISHED",
        )
    with _damage_named(path):
        connection = duckdb.connect(str(path), read_only=True)
        try:
            connection.execute(statement("harden_reader"))
            yield connection
        finally:
            connection.close()


def assert_closed(path: Path) -> None:
    """Refuse to go on while a write-ahead log stands beside a database that should be closed."""
    wal = path.with_name(f"{path.name}.wal")
    if wal.exists():
        raise LoyaltyError(
            "The warehouse is still open: its write-ahead log has not been folded in.",
            where=str(wal),
            todo="Make sure that no other program holds the file, then run again.",
            code="STILL_OPEN",
        )


def statement(name: str) -> str:
    """Return the text of ``sql/warehouse/<name>.sql``."""
    return (SQL_ROOT / "warehouse" / f"{name}.sql").read_text(encoding="utf-8")


def frame(connection: duckdb.DuckDBPyConnection, query: str, **values: object) -> pl.DataFrame:
    """Run a query with named values and return its rows as a Polars frame."""
    rows: pl.DataFrame = connection.sql(query, params=values or None).pl()
    return rows


def _spark_tables(folder: Path) -> str:
    """Return the statements that name Spark's tables; views are not files and stay unnamed."""
    tables = sorted(path for path in folder.glob("*/*") if any(path.glob("*.parquet")))
    schemas = sorted({path.parent.name for path in tables})
    lines = [f'create schema "{schema}";' for schema in schemas]
    lines += [
        f'create view "{path.parent.name}"."{path.name}" as'  # noqa: S608 - our own names
        f" select * from read_parquet('{path}/*.parquet');"
        for path in tables
    ]
    return "\n".join(lines)


@contextlib.contextmanager
def _connect(
    settings: Settings, path: Path | None, **config: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    options = {
        "threads": settings.duckdb_threads,
        "memory_limit": settings.duckdb_memory,
        "temp_directory": str(make_folder(settings.warehouse / "tmp")),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        **config,
    }
    with _damage_named(path):
        connection = duckdb.connect(str(path) if path else ":memory:", config=options)
        try:
            connection.execute("set TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()


@contextlib.contextmanager
def _damage_named(path: Path | None) -> Iterator[None]:
    """Name the file that DuckDB found damaged.

    Raises:
        LakeCorrupt: A byte of it changed.
    """
    try:
        yield
    except duckdb.IOException as error:
        if path is None or not any(words in str(error).lower() for words in _DAMAGED_WORDS):
            raise
        raise damaged(path) from error
