"""One process measured: CPU time and peak memory as the kernel counted them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
TOOLS = PROJECT / ".tools"
THREADS = "2"
PEERS = ("lifetimes", "pymc_marketing")
FLOOR, OURS = "the data alone", "loyalty"
# A peer that wants more is stopped, and the table says so.
PEER_CPU_SECONDS, PEER_MEMORY_GIB = 900, 14


@dataclass(frozen=True)
class Measure:
    """What one process took and found, or why it failed.

    Args:
        customers: Size of the data.
        who: Ours, a peer, or the floor.
        step: What it did.
        cpu_seconds: User and system time, children included.
        peak_mib: Most memory it held.
        found: What it printed.
        failure: Empty, or the reason.
    """

    customers: int
    who: str
    step: str
    cpu_seconds: float
    peak_mib: float
    found: dict[str, Any]
    failure: str


def measure(customers: int, who: str, step: str, command: list[str], given: str = "") -> Measure:
    """Run a process to its end; ``given`` is its standard input.

    This process stays small on purpose: a child's peak begins with the size of its parent.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            _limited(command) if who in PEERS else command,
            cwd=PROJECT,
            env=_environment(who),
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
    failure = _reason(process.returncode, told) if process.returncode else ""
    done = Measure(
        customers,
        who,
        step,
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 2),
        peak_mib=round(usage.ru_maxrss / 1024),
        found={} if failure else json.loads(printed.splitlines()[-1]),
        failure=failure,
    )
    print(told_shortly(done), file=sys.stderr, flush=True)
    return done


def told_shortly(done: Measure) -> str:
    """One line of the table."""
    told = f"{done.customers:>11,}  {done.who:<15} {done.step:<20}"
    return f"{told}{done.cpu_seconds:>9.1f}{done.peak_mib:>10.0f}  {done.failure}".rstrip()


def ours(customers: int, who: str, step: str, model: str, folder: Path, given: str = "") -> Measure:
    """Run one step of :mod:`benchmarks.clv.ours`."""
    name = step if model == "-" else f"{step} {model}"
    command = [sys.executable, "-m", "benchmarks.clv.ours", step, model, str(folder)]
    return measure(customers, who, name, command, given)


def peer(who: str, customers: int, folder: Path) -> list[Measure]:
    """Fit, spend and score of one package; what follows a failure is not tried."""
    python = TOOLS / f"bench-clv-{who}" / "bin" / "python"
    failure, done = _install(who, python), []
    if failure:
        return [Measure(customers, who, "install", 0.0, 0.0, {}, failure)]
    for step in ("fit", "spend", "score"):
        script = str(HERE / f"peer_{who}.py")
        done.append(measure(customers, who, step, [str(python), script, step, str(folder)]))
        if done[-1].failure:
            break
    return done


def _install(who: str, python: Path) -> str:
    """Give a peer an environment of its own; return why that failed, or nothing."""
    uv, folder = str(PROJECT / ".boot" / "bin" / "uv"), str(python.parent.parent)
    pins = str(HERE / f"{who}.txt")
    for step in (
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder],
        [uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", pins],
    ):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"not installed: {_reason(done.returncode, done.stderr)}"
    return ""


def _environment(who: str) -> dict[str, str]:
    """The same threads for everyone, but for linear algebra, of which ours takes one by itself."""
    libraries = ("OMP", "MKL", "NUMBA", "NUMEXPR", *(("OPENBLAS",) if who in PEERS else ()))
    threads = {f"{name}_NUM_THREADS": THREADS for name in libraries}
    quiet = {"PYTHONWARNINGS": "ignore", "POLARS_MAX_THREADS": THREADS}
    compiled = {"PYTENSOR_FLAGS": f"base_compiledir={TOOLS / 'bench-clv-pytensor'}"}
    return {**os.environ, **threads, **quiet, **compiled}


def _limited(command: list[str]) -> list[str]:
    limits = f"ulimit -v {PEER_MEMORY_GIB * 2**20} -t {PEER_CPU_SECONDS}"
    return ["/bin/bash", "-c", f'{limits}; exec "$@"', "-", *command]


def _reason(code: int, errors: str) -> str:
    """Say in one line why a process failed."""
    if code < 0:
        limits = f"limits: {PEER_CPU_SECONDS} CPU s, {PEER_MEMORY_GIB} GiB"
        return f"killed by signal {-code} ({limits})"
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return f"exit {code}: {lines[-1][:150] if lines else 'no message'}"


def _text(stream: Any) -> str:
    stream.seek(0)
    text: str = stream.read()
    return text
