"""Disables one guard after the other in a throw-away copy of the tree and runs its test there."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutation.guards import Guard

KILLED, SURVIVED, BROKEN = "killed", "SURVIVED", "BROKEN"
_NOT_COPIED = shutil.ignore_patterns(".*", "data", "target", "logs", "__pycache__")
# A test that waits for ever without its guard has failed; with it, all take seconds.
_TIMEOUT_SECONDS = 120
_PASSED, _FAILED = 0, 1  # exit codes of pytest; all others say that no test was run
_LAST_LINES = 12


@dataclass(frozen=True)
class Verdict:
    """What became of one guard's test while the guard was disabled.

    Args:
        outcome: KILLED: the test failed, as it must. SURVIVED: it passed, so nothing tests the
            guard. BROKEN: the guard or the test was not found, or no test could be run.
        told: What pytest said, where the outcome is not the wanted one.
    """

    guard: Guard
    outcome: str
    seconds: float
    told: str = ""


def passing_copy(root: Path, guards: Iterable[Guard], folder: Path) -> tuple[Path, str]:
    """Copy a tree and run all tests of its guards there.

    Returns:
        The copy, and what pytest says where a test fails; empty if none does.
    """
    copy = folder / "untouched"
    shutil.copytree(root, copy, ignore=_NOT_COPIED)
    code, told = _pytest(copy, sorted({guard.test for guard in guards}), compiled=True)
    return copy, "" if code == _PASSED else told


def verdicts(tree: Path, guards: Iterable[Guard], jobs: int) -> Iterator[Verdict]:
    """Disable each guard alone and run its test; yield the verdicts as they come.

    Args:
        tree: The copy in which the tests pass; further ones are made beside it, one for each of
            ``jobs`` tests at a time.
    """
    copies: queue.Queue[Path] = queue.Queue()
    for number in range(jobs):
        copies.put(shutil.copytree(tree, tree.with_name(f"copy-{number}")))
    with ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(_verdict, guard, copies) for guard in guards]
        for done in as_completed(running):
            yield done.result()


def _verdict(guard: Guard, copies: queue.Queue[Path]) -> Verdict:
    copy, started = copies.get(), time.monotonic()
    try:
        with _disabled(guard, copy):
            code, told = _pytest(copy, [guard.test])
    except (ValueError, OSError) as error:
        code, told = None, str(error)
    finally:
        copies.put(copy)
    outcome = {_FAILED: KILLED, _PASSED: SURVIVED}.get(code, BROKEN)
    told = "" if outcome == KILLED else told
    return Verdict(guard, outcome, time.monotonic() - started, told)


@contextmanager
def _disabled(guard: Guard, copy: Path) -> Iterator[None]:
    path = copy / guard.file
    source, before = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(guard.disabled(source), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(source, encoding="utf-8")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # its compiled form fits again


def _pytest(copy: Path, tests: list[str], *, compiled: bool = False) -> tuple[int, str]:
    """Run tests of a copy with the copy's code; return the exit code and the last lines.

    Args:
        compiled: Keep the modules' compiled forms; never those of a disabled guard.
    """
    command = [
        sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider",
        "-p", "pytest_timeout", "-o", f"timeout={_TIMEOUT_SECONDS}", *tests,
    ]  # fmt: skip
    # Other plugins only cost time, once for each guard.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment["PYTHONDONTWRITEBYTECODE"] = "" if compiled else "1"
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    said = re.sub(r"\n{2,}", "\n", done.stdout + done.stderr).splitlines()
    return done.returncode, "\n".join(said[-_LAST_LINES:])
