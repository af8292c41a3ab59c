"""Keep the warehouse: join small files, back up, remove what may go.

**Makes** once a day, after the morning's build: one Parquet file a month and table out of the
daily ones, a new generation in `LOYALTY_BACKUP` and `LOYALTY_VAULT_BACKUP`, and room: it removes
what the table in `data/README.md` lets go.

**Read by** nobody, until something is lost: then by `loyalty restore`.

**When it is red**, nothing is lost and readers notice nothing. The three tasks do not wait for each
other's success; each can be run again, and does the rest.

- `compact_lake` says `COMPACTION_DIFFERS`: the joined files hold other rows. They were dropped and
  the old files are read as before. Report it.
- `back_up` says `SOURCE_CHANGED`: a file of the lake rotted; the last good backup has it.
  `DISK_FULL`: the backup's disk is. It is skipped, with a line in its log, as long as nobody said
  where backups go.
- `clean_up` says `LOCKED`: a run was landing or building for long. It is tried again by itself.

`loyalty keep --dry-run` shows what `clean_up` would remove, and why.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import CronPartitionTimetable, dag, task

from dags.run_rules import BUSINESS_DAY_PARAM, task_defaults
from etl.config import WRITER_POOL, load_settings

# Two hours after the last export may come: the build is done, and the day has begun for nobody.
AFTER_THE_BUILD = "0 8 * * *"


@dag(
    dag_id="keep_warehouse",
    schedule=CronPartitionTimetable(
        AFTER_THE_BUILD,
        timezone=load_settings().business_tz,
        run_offset=-1,
        key_format="%Y-%m-%d",
    ),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    default_args=task_defaults(),
    params={"business_day": BUSINESS_DAY_PARAM},
    tags=["upkeep"],
    doc_md=__doc__,
)
def keep_warehouse() -> None:
    """Three tasks for the writer's one slot; by their weight the joined files are backed up first.

    None is downstream of another: a failed backup must not keep refused rows longer than allowed.
    """

    @task(pool=WRITER_POOL, priority_weight=3, execution_timeout=timedelta(hours=3))
    def compact_lake() -> dict[str, Any]:
        """Join the small lake files of closed months."""
        from etl.keep.compaction import compact_lake as join_files
        from etl.route import silent

        commit = join_files(load_settings(), silent)
        return {"batch_id": commit["batch_id"] if commit else ""}

    @task(pool=WRITER_POOL, priority_weight=2, execution_timeout=timedelta(hours=3))
    def back_up() -> dict[str, Any]:
        """Back up lake, state, served release, and the vault apart from them."""
        from airflow.sdk.exceptions import AirflowSkipException

        from etl.keep.backup import back_up as write_backup
        from etl.route import silent

        settings = load_settings()
        if settings.backup is None:
            raise AirflowSkipException("NO BACKUP IS TAKEN: LOYALTY_BACKUP names no folder.")
        return write_backup(settings, settings.backup, settings.vault_backup, silent)

    @task(pool=WRITER_POOL, priority_weight=1, execution_timeout=timedelta(hours=1))
    def clean_up() -> dict[str, int]:
        """Remove what the rules let go; return how many things by rule."""
        from collections import Counter

        from etl.keep.retention import clean_up as remove_old

        return dict(Counter(found.rule for found in remove_old(load_settings()).removed))

    compact_lake()
    back_up()
    clean_up()


keep_warehouse()
