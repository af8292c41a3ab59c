"""One ``loyalty`` command in a process of its own, which may be told to die.

The processes are forked from a server that has imported the command line and done nothing else
(:mod:`multiprocessing`), so that a random moment falls into the work and not into the start.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from etl.files import read_json, write_json
from tests.company.recompiled import Model, Recompiled

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.killed.command", "etl.cli.app", "etl.route"])


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Args:
        code: Exit code; minus the signal's number where one ended it.
        reached: How often it came to each point of ``etl.faults``; empty where it was killed.
    """

    code: int
    seconds: float
    reached: dict[str, int] = field(default_factory=dict)

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL


@dataclass(frozen=True)
class Shell:
    """Where commands run.

    Args:
        environment: What the command reads besides its arguments.
        recompiled: File of :func:`write_recompiled`, whose SQL is run in the place of dbt's; dbt
            itself runs when None.
        log: Takes what the commands write for people.
    """

    environment: dict[str, str]
    recompiled: Path | None
    log: Path

    def run(self, *arguments: str, fault: str = "", after: float | None = None) -> Ended:
        """Run a command to its end, to the point ``fault``, or for ``after`` seconds."""
        environment = {**self.environment, "FAULT_AT": fault}
        reached = self.log.with_suffix(".reached")
        reached.unlink(missing_ok=True)
        process = _FORKED.Process(
            target=_command, args=(arguments, environment, self.recompiled, self.log, reached)
        )
        started = time.perf_counter()
        process.start()
        process.join(after)
        process.kill()
        process.join()
        seconds = time.perf_counter() - started
        counted = json.loads(reached.read_text()) if reached.exists() else {}
        assert process.exitcode is not None
        return Ended(process.exitcode, seconds, counted)


def call(function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a process of its own and return what it returns."""
    mine, theirs = _FORKED.Pipe()
    process = _FORKED.Process(target=_answer, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    try:
        answer = mine.recv()
    except EOFError:
        raise AssertionError(f"{function.__name__} ended without an answer") from None
    finally:
        process.join()
    return answer


def start(function: Callable[..., Any], *arguments: object) -> Any:
    """Start a function in a process of its own; return the process and our end of its pipe."""
    mine, theirs = _FORKED.Pipe()
    process = _FORKED.Process(target=function, args=(theirs, *arguments))
    process.start()
    theirs.close()
    return process, mine


def write_recompiled(recompiled: Recompiled, path: Path) -> None:
    """Write the models of a build for the commands of a :class:`Shell`."""
    write_json(path, {**asdict(recompiled), "models": {
        name: asdict(model) for name, model in recompiled.models.items()
    }})  # fmt: skip


def read_recompiled(path: Path) -> Recompiled:
    """Read what :func:`write_recompiled` wrote."""
    content = read_json(path)
    models = {name: Model(**model) for name, model in content["models"].items()}
    day = date.fromisoformat(content["as_of"])
    return Recompiled(day, content["inputs"], Path(content["database"]), models)


def _answer(pipe: Any, function: Callable[..., Any], arguments: Sequence[object]) -> None:
    pipe.send(function(*arguments))


def _command(
    arguments: Sequence[str],
    environment: dict[str, str],
    recompiled: Path | None,
    log: Path,
    reached: Path,
) -> None:
    """Be the command: its output, its environment, its exit code."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    if recompiled is not None:
        _without_dbt(recompiled)

    from etl.cli.app import app
    from etl.faults import times_reached

    try:
        app(list(arguments))
    finally:
        reached.write_text(json.dumps(times_reached()))


def _without_dbt(recompiled: Path) -> None:
    """Run the SQL that dbt compiled once, instead of dbt."""
    from etl.warehouse.transform import DbtRun, Progress

    def invoke(run: DbtRun, arguments: list[str], progress: Progress) -> list[dict[str, Any]]:
        made = read_recompiled(recompiled)
        every = " ".join(made.models)
        wanted = arguments[arguments.index("--select") + 1] if "--select" in arguments else every
        return made.build(run, progress, select=wanted)

    DbtRun._invoke = invoke  # type: ignore[method-assign]
