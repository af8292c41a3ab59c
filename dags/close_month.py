"""Close a month: freeze what customers are worth, so that finance can quote and roll it forward.

**Makes** one version of the month in `clv_month_closes`, `clv_closed_values` and
`clv_rollforwards`, kept in `data/state` for ever, and a release that shows it. Runs on the fifth
day of the next month: three working days have gone by, and every export is in.

**Read by** finance. A closed month never changes; one that is closed again gets a new version.

**When it is red**, nothing is frozen, or it is and readers do not see it yet. Run it again: it goes
on where it stopped, and freezes nothing twice.

- `NOT_CLOSABLE`: the lake lacks a day of the month, or the month before is not closed. The message
  says which; deliver (header-only if there was nothing), or close the other month first.
- `ALREADY_CLOSED`: the month is closed, and today's lake, code or fits give other numbers. Both are
  in the message, with the first total or line that differs. If the new ones are to stand, trigger
  with a reason.
- `DATA_BLOCKED`, `DELIVERY_HELD`: as for `build_marts`; a close builds and checks the month's last
  day.
- `LOCKED`: another run holds the warehouse. It is tried again by itself.

By hand: `{"month": "2017-12"}`, and to close a month again
`{"month": "2017-12", "reason": "late refunds of the online shop"}`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import CronPartitionTimetable, Param, dag, get_current_context, task

from dags.run_rules import month_of, task_defaults
from etl.config import WRITER_POOL, load_settings

# After the morning's build is due (06:00) and before the backup (08:00).
FIFTH_DAY = "0 7 5 * *"


@dag(
    dag_id="close_month",
    schedule=CronPartitionTimetable(
        FIFTH_DAY,
        timezone=load_settings().business_tz,
        run_offset=-1,  # the run of the fifth of January is for December
        key_format="%Y-%m",
    ),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    default_args=task_defaults(),
    params={
        "month": Param(
            None,
            type=["null", "string"],
            pattern="^[0-9]{4}-[0-9]{2}$",
            title="Month",
            description="Month to close, YYYY-MM. Needed only when the run has no partition key.",
        ),
        "reason": Param(
            "",
            type="string",
            maxLength=200,
            title="Reason",
            description="Why a closed month is closed again.",
        ),
    },
    tags=["finance"],
    doc_md=__doc__,
)
def close_month() -> None:
    """One task: it builds, freezes and publishes under one lock."""

    @task(pool=WRITER_POOL, execution_timeout=timedelta(hours=3))
    def freeze_and_publish() -> dict[str, Any]:
        """Close the month; return names and counts."""
        from etl.close import close_month as close

        context: dict[str, Any] = get_current_context()
        done = close(load_settings(), month_of(context), reason=context["params"]["reason"])
        return {
            "close_id": done.close["close_id"],
            "outcome": done.outcome,
            "customers": done.close["customers"],
            "shown_in": done.shown_in,
        }

    freeze_and_publish()


close_month()
