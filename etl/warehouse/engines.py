"""The engines that dbt builds on: what each is told, and what it lets go of when it is done.

Both leave the same tables under the same names, and :func:`etl.warehouse.database.open_build` reads
either. Nothing else knows which of them ran.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

from etl.config import Settings
from etl.errors import LoyaltyError
from etl.files import make_folder
from etl.warehouse.database import assert_closed, build_path, spark_folder


class Engine(Protocol):
    """One engine, for one build."""

    @property
    def target(self) -> str:
        """Name of its output in dbt's profile."""

    def environment(self) -> dict[str, str]:
        """Return what dbt's profile and macros read from the environment."""

    def release(self) -> None:
        """Let go of the tables, so that we can read them; called after each dbt call."""

    def assert_released(self) -> None:
        """Refuse to go on while something still holds the tables."""

    def stop(self) -> None:
        """End whatever runs; called once, after the last dbt call."""


@contextlib.contextmanager
def running_engine(settings: Settings) -> Iterator[Engine]:
    """Give the engine that the settings name, for the length of one build.

    Raises:
        LoyaltyError: Spark is wanted and cannot run here.
    """
    engine: Engine = DuckDb(settings)
    if settings.engine == "spark":
        engine = Spark(settings)
        engine.check()
    try:
        yield engine
    finally:
        engine.stop()


@dataclass(frozen=True)
class DuckDb:
    """DuckDB: one file, which only one process may hold."""

    settings: Settings

    @property
    def target(self) -> str:
        """Name of its output in dbt's profile."""
        return "duckdb"

    def environment(self) -> dict[str, str]:
        """Return the build file and the limits."""
        return {
            "LOYALTY_BUILD_DB": str(build_path(self.settings)),
            "LOYALTY_DUCKDB_THREADS": str(self.settings.duckdb_threads),
            "LOYALTY_DUCKDB_MEMORY": self.settings.duckdb_memory,
            "LOYALTY_DUCKDB_TEMP": str(make_folder(self.settings.warehouse / "tmp")),
        }

    def release(self) -> None:
        """Close what dbt leaves open: an open file cannot be read, moved or replaced."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        environment = DuckDBConnectionManager._ENV
        DuckDBConnectionManager.close_all_connections()
        if environment is not None:
            environment.close()

    def assert_released(self) -> None:
        """Refuse to go on while the build file is open."""
        assert_closed(build_path(self.settings))

    def stop(self) -> None:
        """Nothing is left to end."""


@dataclass(frozen=True)
class Spark:
    """Spark: a folder of Parquet a table; in this process, or behind a Spark Connect address."""

    settings: Settings

    @property
    def target(self) -> str:
        """Name of its output in dbt's profile."""
        return "spark_connect" if self.settings.spark.remote else "spark"

    def environment(self) -> dict[str, str]:
        """Return where the tables lie and how large the session is."""
        spark = self.settings.spark
        return {
            "LOYALTY_SPARK_WAREHOUSE": str(make_folder(spark_folder(self.settings))),
            "LOYALTY_SPARK_TEMP": str(make_folder(self.settings.warehouse / "tmp")),
            "LOYALTY_SPARK_MASTER": spark.master,
            "LOYALTY_SPARK_MEMORY": spark.memory,
            "LOYALTY_SPARK_PARTITIONS": str(spark.partitions),
            "LOYALTY_SPARK_REMOTE": spark.remote,
        }

    def check(self) -> None:
        """Refuse to start without what Spark needs.

        Raises:
            LoyaltyError: The package or Java is missing; says which.
        """
        missing = ""
        if find_spec("pyspark") is None:
            missing = "the package pyspark"
        elif not self.settings.spark.remote and self.settings.spark.java is None:
            missing = "Java 17"
        if missing:
            raise LoyaltyError(
                f"The engine is spark, and {missing} is not there.",
                where="LOYALTY_ENGINE",
                todo="Install openjdk-17-jre-headless, then run scripts/setup.sh spark; or use "
                "the engine duckdb.",
                code="NO_SPARK",
            )

    def release(self) -> None:
        """Keep the session: its catalog knows the tables that the next dbt call reads."""

    def assert_released(self) -> None:
        """Nobody holds Parquet."""

    def stop(self) -> None:
        """End the session; its catalog goes, the Parquet stays."""
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()
