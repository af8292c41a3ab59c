"""Rules that every DAG here shares: which day a run is for, what is retried, who is told."""

from __future__ import annotations

import logging
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule

from etl.config import load_settings
from etl.errors import Busy, DiskFull, UsageError
from etl.files import close_to_others

if TYPE_CHECKING:
    from collections.abc import Mapping

    from etl.config import Settings

# Every process that runs a task imports this: in containers too, where no shell sets it.
close_to_others()

ALERTS = logging.getLogger("loyalty.alerts")

# A full disk, a lost mount or a busy warehouse may pass. A wrong row or a wrong mapping will be
# just as wrong in a minute, so it fails at once and somebody is told.
RETRY_WHAT_MAY_PASS = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[OSError, Busy, DiskFull],
            action=RetryAction.RETRY,
            reason="may pass by itself",
        )
    ],
    default=RetryAction.FAIL,
)

BUSINESS_DAY_PARAM = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Business day",
    description="Day to work on, YYYY-MM-DD. Needed only when the run has no partition key.",
)


def resolve_business_day(
    partition_key: str | None, asked: str | None, logical_date: datetime | None, time_zone: str
) -> date:
    """Return the day a run is for; the first that is known of key, parameter, logical date.

    Args:
        partition_key: Set on scheduled, asset-triggered and backfill runs.
        asked: Parameter ``business_day`` of a run started by hand.
        logical_date: Instant of the run; asset-triggered runs have none.
        time_zone: Business time zone, in which the logical date is read.

    Raises:
        UsageError: None of the three is there, or the text is not a date.
    """
    text = partition_key or asked
    if text:
        return _as_day(text)
    if logical_date is not None:
        return logical_date.astimezone(ZoneInfo(time_zone)).date()
    raise UsageError(
        "This run does not say which business day it is for.",
        where="business_day",
        todo='Trigger it with {"business_day": "YYYY-MM-DD"} or with a partition key.',
    )


def late_from(day: date, settings: Settings) -> datetime:
    """Return the instant from which the exports of ``day`` count as late, by the clock there."""
    ended = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(settings.business_tz))
    return ended + timedelta(hours=settings.late_after_hours)


def business_day_of(context: Mapping[str, Any]) -> date:
    """Return the business day of the running task."""
    run = context["dag_run"]
    return resolve_business_day(
        run.partition_key,
        context["params"].get("business_day"),
        run.logical_date,
        load_settings().business_tz,
    )


def month_of(context: Mapping[str, Any]) -> date:
    """Return the first day of the month that the running task is for: its key or parameter.

    Raises:
        UsageError: It says neither, or the text is no month.
    """
    text = context["dag_run"].partition_key or context["params"].get("month") or ""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a month.", where="month", todo='Trigger it with {"month": "YYYY-MM"}.'
        ) from error


def alert(context: Mapping[str, Any]) -> None:
    """Log one line for whoever is on call: what failed, for which run, and why."""
    task = context["task_instance"]
    ALERTS.error(
        "%s.%s failed in run %s: %s",
        task.dag_id,
        task.task_id,
        task.run_id,
        context.get("exception"),
    )


def task_defaults() -> dict[str, Any]:
    """Return the ``default_args`` of every DAG."""
    return {
        "owner": "data-engineering",
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": RETRY_WHAT_MAY_PASS,
        "execution_timeout": timedelta(hours=1),
        "on_failure_callback": alert,
    }


def _as_day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a business day.", where="business_day", todo="Write YYYY-MM-DD."
        ) from error
