"""Start Airflow's real services on loopback and talk to them, for the tests that need them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from etl.config import PROJECT_ROOT

# A build takes half a minute on two idle cores; on busy ones it may take many.
PATIENCE_SECONDS = 1200


class Api:
    """Airflow's public API, as a person with the generated password uses it."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self.token = ""
        self.token = self.call("POST", "/auth/token", username="admin", password=password)[
            "access_token"
        ]

    def call(self, method: str, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(body).encode() if body else None,
            method=method,
            headers={
                "Content-Type": "application/json",
                **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def runs(self, dag_id: str, day: str = "") -> list[dict[str, Any]]:
        """Runs of a DAG, those of one partition if a day is given, in the order they started."""
        found = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        wanted = [run for run in found if not day or run["partition_key"] == day]
        return sorted(wanted, key=lambda run: run["start_date"] or "9999")

    def state(self, dag_id: str, day: str) -> str:
        """State of the one run of a partition; empty when there is none."""
        states = [run["state"] for run in self.runs(dag_id, day)]
        assert len(states) < 2, f"{dag_id} ran {len(states)} times for {day}"
        return states[0] if states else ""

    def task_state(self, dag_id: str, day: str, task_id: str) -> str:
        for run in self.runs(dag_id, day):
            path = f"/api/v2/dags/{dag_id}/dagRuns/{run['dag_run_id']}/taskInstances/{task_id}"
            return self.call("GET", path)["state"] or ""
        return ""

    def log(self, dag_id: str, day: str, task_id: str) -> str:
        (run,) = self.runs(dag_id, day)
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run['dag_run_id']}/taskInstances/{task_id}/logs/1"
        return json.dumps(self.call("GET", path))


class Services:
    """Running services: their API, what they printed and how long each took to answer."""

    def __init__(self, api: Api, data: Path, log: Path, environment: dict[str, str]) -> None:
        self.api, self.data, self.log = api, data, log
        self.environment = environment
        self.ready_seconds: dict[str, float] = {}

    def airflow(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Airflow's own command line."""
        return subprocess.Popen(
            [str(PROJECT_ROOT / "scripts" / "airflow_cli.sh"), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@contextmanager
def running_services(data: Path, **variables: str) -> Iterator[Services]:
    """Run scripts/airflow.sh until the block ends; the web server must not outlive it."""
    port, log, started = free_port(), data / "airflow.out", time.monotonic()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PORT": str(port),
        "LOYALTY_DATA": str(data),
        **variables,
    }
    with log.open("w") as out:
        script = subprocess.Popen(
            [str(PROJECT_ROOT / "scripts" / "airflow.sh")],
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: "Ctrl-C stops all" in log.read_text(), "the services", script.poll)
        password = (data / "airflow" / "secrets" / "admin_password").read_text()
        services = Services(Api(port, password), data, log, environment)
        services.ready_seconds["web server"] = time.monotonic() - started
        for name in ("dag_processor", "scheduler"):
            wait_for(lambda name=name: is_healthy(services.api, name), name, script.poll)
            services.ready_seconds[name.replace("_", " ")] = time.monotonic() - started
        yield services
    finally:
        os.killpg(script.pid, signal.SIGINT)
        script.wait(timeout=60)
    assert not listening(port), "the web server outlived the script"


def is_healthy(api: Api, component: str) -> bool:
    return api.call("GET", "/api/v2/monitor/health")[component]["status"] == "healthy"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def addresses(port: int) -> set[str]:
    """Local IPv4 addresses that something listens on at a port, from the kernel's own table."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        address, number = local.split(":")
        if state == "0A" and int(number, 16) == port:
            found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]))
    return found


def wait_for(
    condition: Callable[[], object], what: str, ended: Callable[[], object] = lambda: None
) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        assert ended() is None, f"ended while waiting for {what}"
        time.sleep(1)
    raise AssertionError(f"waited {PATIENCE_SECONDS} s for {what}")
