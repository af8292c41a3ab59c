"""One process measured by the kernel, and packages that get an environment of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
TOOLS = PROJECT / ".tools"
THREADS = "2"
_THREADED = ("OMP", "MKL", "NUMBA", "NUMEXPR", "OPENBLAS")


@dataclass(frozen=True)
class Limits:
    """What a process may take; it is stopped beyond that."""

    cpu_seconds: int
    memory_gib: int


@dataclass(frozen=True)
class Ended:
    """What a process took and printed.

    Args:
        cpu_seconds: User and system time, children included.
        peak_mib: Most memory it held.
        printed: Its standard output.
        failure: Empty, or the reason.
        was_stopped: Whether a limit ended it.
    """

    cpu_seconds: float
    peak_mib: float
    printed: str
    failure: str
    was_stopped: bool


def run(
    command: list[str],
    environment: Mapping[str, str],
    *,
    given: str = "",
    limits: Limits | None = None,
) -> Ended:
    """Run a process to its end; ``given`` is its standard input.

    This process stays small on purpose: a child's peak begins with the size of its parent.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            _limited(command, limits) if limits else command,
            cwd=PROJECT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            text=True,
        )
        assert process.stdin
        process.stdin.write(given)
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed, told = _text(output), _text(errors)
    code = process.returncode
    return Ended(
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 2),
        peak_mib=round(usage.ru_maxrss / 1024),
        printed=printed,
        failure=_reason(code, told, limits) if code else "",
        was_stopped=bool(limits) and code < 0,
    )


def two_threads(*, but: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the environment with two threads for every library ``but`` some."""
    threads = {f"{name}_NUM_THREADS": THREADS for name in _THREADED if name not in but}
    return {**os.environ, **threads, "POLARS_MAX_THREADS": THREADS, "PYTHONWARNINGS": "ignore"}


def python_with(name: str, pins: Path) -> tuple[Path, str]:
    """Give packages an environment of their own below ``.tools``.

    Args:
        name: Of the environment.
        pins: Requirements with exact versions.

    Returns:
        Its interpreter, and why it could not be made, or nothing.
    """
    uv, folder = str(PROJECT / ".boot" / "bin" / "uv"), TOOLS / name
    python = folder / "bin" / "python"
    for step in (
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", str(pins)],
    ):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            return python, f"not installed: {_reason(done.returncode, done.stderr, None)}"
    return python, ""


def _limited(command: list[str], limits: Limits) -> list[str]:
    words = f"ulimit -v {limits.memory_gib * 2**20} -t {limits.cpu_seconds}"
    return ["/bin/bash", "-c", f'{words}; exec "$@"', "-", *command]


def _reason(code: int, errors: str, limits: Limits | None) -> str:
    """Say in one line why a process failed."""
    if code < 0:
        told = f"{limits.cpu_seconds} CPU s, {limits.memory_gib} GiB" if limits else "none"
        return f"killed by signal {-code} (limits: {told})"
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return f"exit {code}: {lines[-1][:150] if lines else 'no message'}"


def _text(stream: Any) -> str:
    stream.seek(0)
    text: str = stream.read()
    return text
