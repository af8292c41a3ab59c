"""The same lake built again from nothing, with any number of threads: what its marts hash to."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from etl.config import Settings
from etl.locks import writer_lock
from etl.publish.fingerprint import logical_hash
from etl.publish.marts import read_marts
from etl.route import silent
from etl.warehouse.build import build_warehouse
from etl.warehouse.database import open_build, scratch
from etl.warehouse.transform import target_folder
from tests.company.days import without_tests
from tests.company.published import lower_the_gate
from tests.company.recompiled import Recompiled


def rebuild(
    built: Settings, recompiled: Recompiled, as_of: date, data: Path, threads: int
) -> dict[str, str]:
    """Build from committed files and an empty state; return the logical hash of every mart.

    Args:
        built: Where the lake is, and what dbt left of a build of it.
        recompiled: The SQL of that build.
        data: Root of the new warehouse; must not exist.
        threads: Of DuckDB.
    """
    settings = replace(built, data=data, duckdb_threads=threads)
    shutil.copytree(built.raw, settings.raw, copy_function=os.link)
    with pytest.MonkeyPatch.context() as patch, without_tests(recompiled), writer_lock(settings):
        lower_the_gate(patch)
        build_warehouse(settings, as_of, silent)
    return _hashes(built, settings)


def _hashes(built: Settings, settings: Settings) -> dict[str, str]:
    """Hash every mart of the new build as a release has it: by its Parquet file."""
    found = {}
    marts = read_marts(target_folder(built))
    folder = settings.marts
    folder.mkdir()
    with open_build(settings) as build:
        for mart in marts:
            build.execute(f"copy (from {mart.relation}) to '{folder / mart.name}.parquet'")
    with scratch(settings) as connection:
        for mart in marts:
            path = folder / f"{mart.name}.parquet"
            found[mart.name] = logical_hash(connection, path, mart.volatile)[1]
    return found
