"""No money is a double anywhere that it is kept: not in the lake, the state or what is published.

That no column of the contract or of a mart's YAML is declared so stands in ``test_contract.py`` and
``test_dbt_project.py``; here the files themselves are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from tests.company.published import PublishedCompany

# All that a release holds as doubles: counts that a model expects, its parameters and its errors.
DOUBLES = {
    "clv_backtests": {
        "bias", "brier", "cohort_bias", "gini", "mae", "predicted_orders", "revenue_bias", "rmse",
        "top_decile_capture",
    },
    "clv_parameters": {"estimate", "log_likelihood", "standard_error"},
    "clv_totals": {"expected_orders", "expected_orders_p10", "expected_orders_p90"},
}  # fmt: skip


def doubles(paths: Iterable[Path]) -> dict[str, set[str]]:
    """Columns of floating point of some Parquet files, by file; no entry where there are none."""
    found = {
        path.stem: {name for name, kind in pl.read_parquet_schema(path).items() if kind.is_float()}
        for path in paths
    }
    return {name: columns for name, columns in found.items() if columns}


def test_a_release_holds_doubles_for_models_only(published: PublishedCompany) -> None:
    assert doubles(published.result.release.glob("*.parquet")) == DOUBLES


def test_the_release_s_database_has_the_types_of_its_files(published: PublishedCompany) -> None:
    types = published.ask(
        "select table_name, column_name from duckdb_columns()"
        " where not internal and data_type in ('DOUBLE', 'FLOAT')"
    )
    found: dict[str, set[str]] = {}
    for table, column in types.iter_rows():
        found.setdefault(table, set()).add(column)
    assert found == DOUBLES


def test_the_lake_and_its_quarantine_hold_no_double(published: PublishedCompany) -> None:
    settings = published.settings
    files = [*settings.raw.rglob("*.parquet"), *settings.rejects.rglob("*.parquet")]
    assert len(files) > 20
    assert doubles(files) == {}
