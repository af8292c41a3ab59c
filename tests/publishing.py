"""Publish small releases through the real steps, without dbt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from etl.config import Settings
from etl.files import make_folder
from etl.publish.marts import Mart
from etl.publish.release import finish_release, make_current, prepare_release
from etl.warehouse.database import build_path, open_build
from etl.warehouse.record import BuildRecord

RECORD = BuildRecord(
    run_id="2026-01-31-aaaaaaaaaaaa",
    as_of="2026-01-31",
    lake_version="l",
    state_version="s",
    code_version="c",
    variables={},
)
MART = Mart(
    name="orders",
    audience="core",
    relation='"marts"."orders"',
    description="What a customer's order is. One row per order.",
    columns={"order_id": "The order's id.", "loaded": "Volatile."},
    volatile=frozenset({"loaded"}),
)
ROWS = "values ('a', 1), ('b', 2)"


def write_build(settings: Settings, rows: str = ROWS) -> None:
    """Make a build whose one mart holds the given rows."""
    make_folder(build_path(settings).parent)
    build_path(settings).unlink(missing_ok=True)
    with open_build(settings) as build:
        build.execute("create schema marts")
        build.execute(f"create table marts.orders as from ({rows}) t(order_id, loaded)")


def publish(
    settings: Settings, rows: str = ROWS, record: BuildRecord = RECORD
) -> tuple[Path, dict[str, Any]]:
    """Build and publish a release whose one mart holds the given rows."""
    write_build(settings, rows)
    prepared, manifest = prepare_release(settings, record, (MART,))
    folder = finish_release(settings, prepared, record.run_id)
    make_current(settings, folder, record.as_of_date)
    return folder, manifest
