"""Runs dbt in this process, and leaves the tables free to be read when it is done."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from etl.config import DBT_PROJECT, Settings
from etl.errors import DataBlocked, LoyaltyError
from etl.faults import reach
from etl.files import make_folder
from etl.space import disk_ran_full, says_disk_is_full
from etl.warehouse.database import frame, open_build
from etl.warehouse.engines import Engine

Progress = Callable[[str], None]
_MAX_LISTED = 10
# It compares orders of the marts with those of staging; whoever reads of it wants both amounts.
_AMOUNTS_TEST = "orders_reconcile_to_staging"


@dataclass(frozen=True)
class DbtRun:
    """One build of the warehouse from one folder of inputs.

    Args:
        engine: What dbt builds on.
        inputs: Folder with one subfolder of Parquet per source table.
        as_of: The last day that counts.
        variables: Further dbt variables, such as the reporting currency.
    """

    settings: Settings
    engine: Engine
    inputs: Path
    as_of: date
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> Path:
        """Where dbt writes manifest, compiled SQL and logs."""
        return target_folder(self.settings)

    def build(
        self, progress: Progress, *, select: str = "", exclude: str = ""
    ) -> list[dict[str, Any]]:
        """Run ``dbt build`` on a selection, without unit tests (they belong to the test suite).

        Returns:
            One dict per node: ``node``, ``resource_type``, ``status``, ``seconds``, ``message``
            and ``sql`` (empty, but of a failed check that compares amounts).

        Raises:
            DataBlocked: A data test with severity error failed.
            DiskFull: The disk ran full.
            LoyaltyError: A model did not run.
        """
        arguments = ["build", "--exclude-resource-type", "unit_test"]
        arguments += ["--indirect-selection", "buildable"]
        arguments += ["--select", select] if select else []
        arguments += ["--exclude", exclude] if exclude else []
        reach("dbt.before")
        results = self._invoke(arguments, progress)
        reach("dbt.after")
        unequal = [self._unequal(r["sql"]) for r in results if r["sql"]]
        _raise_on_failure(results, self.target, "".join(unequal))
        return results

    def _unequal(self, sql: str) -> str:
        """Say by how much the marts miss what was delivered; Spark keeps no staging to ask."""
        if self.settings.engine == "spark":
            return ""
        with open_build(self.settings) as build:
            return unequal_amounts(frame(build, sql))

    def _invoke(self, arguments: list[str], progress: Progress) -> list[dict[str, Any]]:
        with _environment(self._variables()), _released_afterwards(self.engine):
            outcome = self._run(arguments, progress)
            _raise_on_full_disk(outcome, self.target)
        if outcome.exception is not None:
            raise _failure(str(outcome.exception), self.target)
        return [_summarised(result) for result in outcome.result or []]

    def _run(self, arguments: list[str], progress: Progress) -> Any:
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(manifest=self._manifest, callbacks=[_reporter(progress)])
        return runner.invoke([*arguments, *self._flags])

    @cached_property
    def _manifest(self) -> Any:
        """The project, read once for all calls; None if it cannot be read, which each call tells.

        Reading it takes dbt seconds, whatever the size of the data.
        """
        from dbt.cli.main import dbtRunner

        return dbtRunner().invoke(["parse", "--no-write-json", *self._flags]).result

    @cached_property
    def _flags(self) -> list[str]:
        variables = {"as_of_date": self.as_of.isoformat(), **self.variables}
        return [
            "--project-dir", str(DBT_PROJECT),
            "--profiles-dir", str(DBT_PROJECT),
            "--target", self.engine.target,
            "--target-path", str(make_folder(self.target)),
            "--log-path", str(make_folder(self.target / "logs")),
            "--vars", json.dumps(variables, sort_keys=True),
            "--log-level", "none", "--log-level-file", "debug",
            "--no-use-colors", "--no-version-check",
        ]  # fmt: skip

    def _variables(self) -> dict[str, str]:
        return {"LOYALTY_INPUTS": str(self.inputs), **self.engine.environment()}


def target_folder(settings: Settings) -> Path:
    """Return where dbt writes manifest, compiled SQL and logs."""
    return settings.warehouse / "dbt"


def _reporter(progress: Progress) -> Callable[[Any], None]:
    """Turn dbt's events into one progress line per finished model or seed."""

    def report(event: Any) -> None:
        if event.info.name in {"LogModelResult", "LogSeedResult"}:
            data = event.data
            progress(f"{data.index:>4} of {data.total}  {data.node_info.node_name}")

    return report


def _summarised(result: Any) -> dict[str, Any]:
    return {
        "node": result.node.name,
        "resource_type": str(result.node.resource_type),
        "status": str(result.status),
        "seconds": round(result.execution_time, 3),
        "message": result.message or "",
        "sql": result.node.compiled_code if _has_amounts(result) else "",
    }


def _has_amounts(result: Any) -> bool:
    return bool(result.node.name == _AMOUNTS_TEST and result.status == "fail")


def unequal_amounts(rows: pl.DataFrame) -> str:
    """Return what the check of marts against deliveries found, with both amounts, as text.

    Args:
        rows: ``source_system``, ``net_revenue_published`` and ``net_revenue_delivered``.
    """
    return "".join(
        f" Net revenue of {system}: {published} in the marts, {delivered} delivered."
        for system, published, delivered in rows.sort("source_system").iter_rows()
    )


def _raise_on_full_disk(outcome: Any, target: Path) -> None:
    """Name a full disk before anything else: it also leaves a write-ahead log behind."""
    messages = [result.message or "" for result in outcome.result or []]
    if outcome.exception is not None:
        messages.append(str(outcome.exception))
    if any(map(says_disk_is_full, messages)):
        raise disk_ran_full("No space left on device", str(target))


def _raise_on_failure(results: list[dict[str, Any]], target: Path, unequal: str = "") -> None:
    broken = [r for r in results if r["status"] in {"error", "runtime error"}]
    if broken:
        raise _failure(_listed(broken), target)
    failed = [r for r in results if r["status"] == "fail"]
    if failed:
        raise DataBlocked(
            f"{len(failed)} checks failed, so nothing is published: {_listed(failed)}.{unequal}",
            where=str(target / "run_results.json"),
            todo="Look at the rows the failed checks name (target/compiled holds their SQL).",
            code="AUDIT_FAILED",
        )


def _listed(results: list[dict[str, Any]]) -> str:
    shown = [f"{r['node']} ({_cause(r['message'])})" for r in results[:_MAX_LISTED]]
    more = len(results) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _cause(message: str) -> str:
    """Return what kind of failure a dbt message tells of; what follows may quote a cell.

    A failed model has ``Runtime Error in model ...`` on the first line and the engine's
    ``Conversion Error: Could not convert string ...`` on the second; a failed test has one line,
    ``Got 3 results, ...``. Spark names the kind in brackets: ``[CAST_INVALID_INPUT] ...``.
    """
    lines = [line.strip() for line in message.strip().splitlines()[:2]] or [""]
    engine = re.match(r"([A-Za-z ]+ Error):|\[([A-Z_.]+)\]", lines[-1])
    dbt = re.match(r"[A-Za-z ]+ Error in .*|Got \d+ results?, .*", lines[0])
    return engine[1] or engine[2] if engine else dbt.group() if dbt else "see the log"


def _failure(what: str, target: Path) -> LoyaltyError:
    return LoyaltyError(
        f"dbt did not finish: {what}",
        where=str(target / "logs" / "dbt.log"),
        todo="Read the log's last lines; a model's SQL lies in the compiled folder beside it.",
        code="TRANSFORM_FAILED",
    )


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Give dbt its environment for the length of one call; it reads profiles from there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _released_afterwards(engine: Engine) -> Iterator[None]:
    """Forget dbt's adapters and have the engine let go of the tables."""
    try:
        yield
    finally:
        from dbt.adapters.factory import cleanup_connections, reset_adapters

        cleanup_connections()
        engine.release()
        reset_adapters()
    # Not after a failure: a full disk leaves a write-ahead log too, and is the better reason.
    engine.assert_released()
