"""Build, check and publish the marts as of one business day.

**Makes** a release under `data/marts/releases/`, moves `data/marts/current` to it, and the asset
`loyalty_marts`. Starts by itself once orders and CRM of the same day are in the lake.

**Read by** everyone who opens `data/marts/current/loyalty.duckdb`: finance, marketing, BI.

**When it is red**, readers still see the release before; nothing half-built is ever served.

- `DATA_BLOCKED`: the data were read, but a check failed or too much was rejected. The message
  names the check or the delivery. `loyalty rejects` shows the rows; `loyalty replay` takes
  a corrected file; after a look, `loyalty publish --accept <delivery>` lets a delivery through.
- `LAKE_CORRUPT`: a committed file is missing or its bytes changed. Restore it from the backup.
- `LOCKED`: another run holds the warehouse. It is tried again by itself.

To build a past day again: trigger with `{"business_day": "YYYY-MM-DD"}`. `current` never moves
to an earlier day; the rebuilt release stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, PartitionedAssetTimetable, dag, get_current_context, task

from dags.run_rules import BUSINESS_DAY_PARAM, business_day_of, task_defaults
from etl.config import FEED_ASSETS, MARTS_ASSET, WRITER_POOL, load_settings

MARTS = Asset(MARTS_ASSET)


@dag(
    dag_id="build_marts",
    schedule=PartitionedAssetTimetable(
        assets=Asset(FEED_ASSETS["orders"]) & Asset(FEED_ASSETS["crm"])
    ),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=task_defaults(),
    params={"business_day": BUSINESS_DAY_PARAM},
    tags=["marts"],
    doc_md=__doc__,
)
def build_marts() -> None:
    """Run dbt, fit the models, audit, publish: one task, since all share one build file."""

    @task(pool=WRITER_POOL, outlets=[MARTS], execution_timeout=timedelta(hours=3))
    def build_and_publish(outlet_events: Mapping[Asset, Any] | None = None) -> dict[str, Any]:
        """Build the warehouse as of the day and publish it if every check passes."""
        from etl import route

        day = business_day_of(get_current_context())
        summary = route.build_and_publish(load_settings(), day)
        if outlet_events is not None:
            outlet_events[MARTS].add_partitions(day.isoformat())
        return summary

    build_and_publish()


build_marts()
