"""Makes the landing DAGs: the same steps for every feed, so they are written once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import (
    DAG,
    Asset,
    CronPartitionTimetable,
    PokeReturnValue,
    TriggerRule,
    get_current_context,
    task,
)

from dags.run_rules import (
    BUSINESS_DAY_PARAM,
    business_day_of,
    late_from,
    task_defaults,
)
from etl.config import FEED_ASSETS, WRITER_POOL, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

# Not at 02:00: in spring many zones have no 02:00 on one night, and stepping one run back from it
# then gives the same day, so that a business day would be skipped. 04:00 exists everywhere.
EVERY_MORNING = "0 4 * * *"
SETTINGS = load_settings()
LATE_AFTER = timedelta(hours=SETTINGS.late_after_hours)


def landing_dag(feed: str, *, doc_md: str | None) -> DAG:
    """Return the DAG ``land_<feed>``.

    Args:
        feed: A name from ``etl.config.FEEDS``.
        doc_md: What the DAG's page shows; the docstring of its file.
    """
    with DAG(
        dag_id=f"land_{feed}",
        schedule=CronPartitionTimetable(
            EVERY_MORNING,
            timezone=SETTINGS.business_tz,
            run_offset=-1,  # the run is for the day that has ended
            run_immediately=True,  # a DAG that is switched on at noon still takes that day
            key_format="%Y-%m-%d",
        ),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=LATE_AFTER + timedelta(hours=6),
        default_args=task_defaults(),
        params={"business_day": BUSINESS_DAY_PARAM},
        tags=["landing", feed],
        doc_md=doc_md,
    ) as dag:
        exports = list_exports(feed)
        staged = stage_export.expand(export=exports)
        commit = commit_day.override(outlets=[Asset(FEED_ASSETS[feed])])(feed)
        wait_for_exports(feed) >> exports
        staged >> commit
    return dag


@task.sensor(
    mode="reschedule",
    poke_interval=timedelta(seconds=SETTINGS.look_again_seconds),
    timeout=LATE_AFTER + timedelta(days=1),  # never reached: late comes first
)
def wait_for_exports(feed: str) -> PokeReturnValue:
    """Wait, without holding a worker, until the day's expected exports are there."""
    from etl import route
    from etl.clock import utc_now
    from etl.errors import SourceLate

    settings, day = load_settings(), business_day_of(get_current_context())
    missing = route.wait_for_day(settings, feed, day)
    if missing and utc_now() >= late_from(day, settings):
        raise SourceLate(
            f"Not delivered for {day}: {', '.join(missing)}.",
            where=settings.landing_name,
            todo="Ask the source. What arrives later is taken by the next day's run.",
        )
    return PokeReturnValue(is_done=not missing)


@task
def list_exports(feed: str) -> list[dict[str, str]]:
    """List the exports that the mappings know for this feed."""
    from etl import route

    return route.exports_of(load_settings(), feed)


# No outlet here: each mapped copy would emit it, and the first would start the build.
@task(map_index_template="{{ export_label }}", max_active_tis_per_dagrun=2)
def stage_export(export: dict[str, str]) -> list[str]:
    """Read what one export delivered and has not been committed; return delivery ids."""
    from etl import route

    context: dict[str, Any] = get_current_context()
    context["export_label"] = f"{export['system']}: {export['export']}"
    day = business_day_of(context)
    return route.stage_export(load_settings(), export["system"], export["export"], day)


# A feed without any export maps to nothing and is skipped; its day is committed all the same, or
# a company without a CRM would never see its marts. One failed copy still stops the commit.
@task(pool=WRITER_POOL, trigger_rule=TriggerRule.NONE_FAILED)
def commit_day(feed: str, outlet_events: Mapping[Asset, Any] | None = None) -> dict[str, Any]:
    """Add what was staged to the lake in one commit and tell build_marts."""
    from etl import route

    day = business_day_of(get_current_context())
    summary = route.commit_day(load_settings(), feed, day)
    if outlet_events is not None:
        outlet_events[Asset(FEED_ASSETS[feed])].add_partitions(day.isoformat())
    return summary
