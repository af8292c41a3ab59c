"""Either engine leaves tables that are read by name; what Spark lacks is said before it starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from etl.config import Settings, load_settings
from etl.errors import ConfigError, LoyaltyError
from etl.warehouse import engines
from etl.warehouse.database import build_size, frame, open_build, spark_folder
from etl.warehouse.engines import Spark, running_engine


def test_tables_of_spark_are_read_by_name(settings: Settings) -> None:
    table = spark_folder(settings) / "marts" / "orders"
    table.mkdir(parents=True)
    for part in (1, 2):
        pl.DataFrame({"order_no": [part]}).write_parquet(table / f"part-{part}.parquet")
    (table / "_SUCCESS").touch()
    (spark_folder(settings) / "staging").mkdir()
    with open_build(replace(settings, engine="spark")) as build:
        rows = frame(build, "select sum(order_no)::integer as total from marts.orders")
    assert rows.item() == 3
    assert build_size(settings) == sum(p.stat().st_size for p in table.iterdir())


@pytest.mark.parametrize(
    ("package", "java", "remote", "missing"),
    [
        (None, "/usr/bin/java", "", "the package pyspark"),
        ("pyspark", None, "", "Java 17"),
        ("pyspark", "/usr/bin/java", "", ""),
        ("pyspark", None, "sc://server:15002", ""),
    ],
)
def test_spark_says_what_it_lacks(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    package: str | None,
    java: str | None,
    remote: str,
    missing: str,
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: package)
    engine = Spark(replace(settings, spark=replace(settings.spark, java=java, remote=remote)))
    if not missing:
        engine.check()
        assert engine.target == ("spark_connect" if remote else "spark")
        return
    with pytest.raises(LoyaltyError, match=missing) as caught:
        engine.check()
    assert caught.value.code == "NO_SPARK"


def test_duckdb_needs_nothing_else(settings: Settings) -> None:
    with running_engine(settings) as engine:
        assert engine.target == "duckdb"


def test_an_engine_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'mars' is not an engine"):
        load_settings(data=tmp_path, engine="mars")
