"""Spark builds the same warehouse from the same lake: every mart, cell by cell.

The whole route of a build runs on Spark: dbt's calls, identity and value models in between,
the reconciliation and the publish. Tests of grains and ranges are left out here, since DuckDB's run
has them on the same rows; the singular ones, which look at macros, run.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from etl import route
from etl.config import Settings
from etl.errors import LoyaltyError
from etl.files import read_json
from etl.publish.compare import compare_marts
from etl.publish.marts import Mart, read_marts
from etl.warehouse.database import BUILD_NAME, frame, read_only, scratch
from etl.warehouse.engines import Spark
from etl.warehouse.transform import target_folder
from tests.company.published import (
    PublishedCompany,
    leave_out_generic_tests,
    lower_the_gate,
    settings_at,
)

pytestmark = pytest.mark.timeout(1200)


@dataclass(frozen=True)
class OnSpark:
    """The small company, built by Spark and published."""

    settings: Settings

    @property
    def release(self) -> Path:
        return (self.settings.marts / "current").resolve()

    @property
    def manifest(self) -> dict[str, Any]:
        return read_json(self.release / "manifest.json")

    @property
    def marts(self) -> tuple[Mart, ...]:
        return read_marts(target_folder(self.settings))


@pytest.fixture(scope="module")
def on_spark(
    published: PublishedCompany,
    key_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> OnSpark:
    """Build the small company's lake a second time, from an empty state, on Spark."""
    root = tmp_path_factory.mktemp("on_spark")
    settings = replace(settings_at(root, key_file), engine="spark")
    _require_spark(settings)
    shutil.copytree(published.settings.raw, settings.raw)
    with pytest.MonkeyPatch.context() as patch:
        lower_the_gate(patch)
        leave_out_generic_tests(patch)
        route.build_and_publish(settings, published.expected.as_of)
    return OnSpark(settings)


def _require_spark(settings: Settings) -> None:
    """Skip, and say so, where Spark cannot run; in CI it must."""
    try:
        Spark(settings).check()
    except LoyaltyError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NO SPARK, NOT TESTED: {error}")


def test_every_mart_is_the_same_on_both_engines(
    published: PublishedCompany, on_spark: OnSpark
) -> None:
    with scratch(on_spark.settings) as connection:
        found = compare_marts(
            connection, published.result.release, on_spark.release, on_spark.marts
        )
    assert not [comparison for comparison in found if not comparison.is_equal]
    assert {c.mart for c in found} == set(published.result.manifest["marts"])
    assert sum(c.rows[0] > 0 for c in found) >= 10


def test_the_run_has_the_same_name_because_its_fits_are_the_same(
    published: PublishedCompany, on_spark: OnSpark
) -> None:
    assert on_spark.manifest["run_id"] == published.result.run_id
    assert [on_spark.manifest["engine"], published.result.manifest["engine"]] == ["spark", "duckdb"]


def test_the_reconciliation_says_the_same(published: PublishedCompany, on_spark: OnSpark) -> None:
    there = read_json(published.result.release / "manifest.json")
    assert on_spark.manifest["reconciliation"] == there["reconciliation"]


def test_readers_get_the_same_file_with_types_and_comments(
    published: PublishedCompany, on_spark: OnSpark
) -> None:
    question = """
        select table_name, column_name, data_type, comment
        from duckdb_columns() where not internal order by all
    """
    described = []
    for release in (published.result.release, on_spark.release):
        with read_only(release / BUILD_NAME) as connection:
            described.append(frame(connection, question))
    assert described[0].equals(described[1])
    assert described[0]["comment"].null_count() == 0
