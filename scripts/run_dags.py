"""Run the three DAGs of the main job for one business day, in this process, without services.

``make run`` calls this. The DAGs, the tasks and the metadata database are Airflow's own; only the
scheduler is left out (``DAG.test``), so nothing has to be started or stopped. The warehouse's file
lock holds here too; pools and schedules are the services' work (``make airflow``).
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from airflow_home import PROJECT_ROOT, airflow_environment

from etl.config import WRITER_POOL, load_settings
from etl.errors import EXIT_FAILURE, EXIT_OK, LoyaltyError

if TYPE_CHECKING:
    from collections.abc import Iterator

DAG_IDS = ("land_orders", "land_crm", "build_marts")


class Alerts(logging.Handler):
    """Keeps what the DAGs report to whoever is on call, to show it on the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []
        self.exit_code = EXIT_FAILURE

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one alert, and the exit code of the error it is about."""
        self.lines.append(record.getMessage())
        for value in record.args if isinstance(record.args, tuple) else ():
            if isinstance(value, LoyaltyError):
                self.exit_code = value.exit_code


@contextmanager
def output_to(log: Path) -> Iterator[IO[str]]:
    """Send everything printed here and by libraries to ``log``; yield the real stderr."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab", buffering=0) as file, os.fdopen(os.dup(2), "w", buffering=1) as terminal:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)


def prepare_metadata() -> None:
    """Bring the metadata database to this Airflow's version and make the writer's pool."""
    from airflow.models.pool import Pool
    from airflow.utils.db import upgradedb

    upgradedb()
    Pool.create_or_update_pool(
        WRITER_POOL, slots=1, description="One writer of the warehouse.", include_deferred=False
    )


def load_dags() -> dict[str, Any]:
    """Return the DAGs of the main job by id; fail on any file that does not import."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(PROJECT_ROOT / "dags"))
    if bag.import_errors:
        raise RuntimeError(f"DAG files that do not import: {bag.import_errors}")
    return {dag_id: bag.dags[dag_id] for dag_id in DAG_IDS}


def run(day: date, home: Path, log: Path) -> int:
    """Run the DAGs one after the other; return the exit code."""
    os.environ.update(airflow_environment(home))  # before the first import of airflow
    with output_to(log) as terminal:
        started = time.monotonic()
        prepare_metadata()
        dags = load_dags()
        alerts = Alerts()
        logging.getLogger("loyalty.alerts").addHandler(alerts)
        terminal.write(f"  Airflow ready{'':<13}{time.monotonic() - started:7.1f} s\n")
        for dag_id, dag in dags.items():
            started = time.monotonic()
            terminal.write(f"  {dag_id:<14} ")
            terminal.flush()
            result = dag.test(logical_date=None, run_conf={"business_day": day.isoformat()})
            state = str(getattr(result.state, "value", result.state))
            terminal.write(f"{state:<10} {time.monotonic() - started:7.1f} s\n")
            if state != "success":
                terminal.write("".join(f"  {line}\n" for line in alerts.lines))
                terminal.write(f"  The whole log: {log}\n")
                return alerts.exit_code
    return EXIT_OK


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("day", type=date.fromisoformat, help="business day, YYYY-MM-DD")
    day = parser.parse_args().day
    settings = load_settings()
    home = settings.data / "airflow"
    code = run(day, home, home / "logs" / f"run_dags_{day}.log")
    if code == EXIT_OK:
        from etl.cli.console import Output
        from etl.cli.summary import print_summary

        print_summary(settings, Output())
    return code


if __name__ == "__main__":
    sys.exit(main())
