"""Airflow's real services: they start, listen on loopback only, and bring one day to the marts.

What ``DAG.test`` cannot show: the scheduler, the pool, and the build that starts by itself once
both feeds of the same business day are committed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from etl.config import PROJECT_ROOT, load_settings
from etl.publish.release import read_current

DAG_IDS = ("land_orders", "land_crm", "build_marts")
PATIENCE_SECONDS = 240


class Api:
    """Airflow's public API, as a person with the generated password uses it."""

    def __init__(self, port: int, password: str) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.token = ""
        self.token = self.call("POST", "/auth/token", username="admin", password=password)[
            "access_token"
        ]

    def call(self, method: str, path: str, **body):
        request = urllib.request.Request(
            self.base + path,
            data=json.dumps(body).encode() if body else None,
            method=method,
            headers={
                "Content-Type": "application/json",
                **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def runs(self, dag_id: str) -> list[dict]:
        return self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    from tests.company.generate import MAPPINGS, write_company

    folder = tmp_path_factory.mktemp("services") / "landing"
    return folder, MAPPINGS, write_company(folder, days=1).as_of


@pytest.fixture(scope="module")
def services(landing, tmp_path_factory):
    folder, mappings, as_of = landing
    data, port = tmp_path_factory.mktemp("services_data"), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PORT": str(port),
        "LOYALTY_DATA": str(data),
        "LOYALTY_LANDING": str(folder),
        "LOYALTY_MAPPINGS": str(mappings),
    }
    log = data / "airflow.out"
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
        api = Api(port, password)
        wait_for(lambda: dags_known(api), "the DAGs", script.poll)
        yield api, data, as_of, log
    finally:
        os.killpg(script.pid, signal.SIGINT)
        script.wait(timeout=60)
    assert not listening(port), "the web server outlived the script"


def test_a_day_goes_from_files_to_marts_and_the_build_starts_by_itself(services):
    api, data, as_of, _ = services
    day = as_of.isoformat()
    for dag_id in DAG_IDS:
        api.call("PATCH", f"/api/v2/dags/{dag_id}", is_paused=False)
    for dag_id in ("land_orders", "land_crm"):
        run = {"logical_date": None, "conf": {"business_day": day}}
        api.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", **run)

    wait_for(lambda: finished(api, "build_marts", day), "build_marts")
    built = [run for run in api.runs("build_marts") if run["partition_key"] == day]
    assert [(run["run_type"], run["state"]) for run in built] == [("asset_triggered", "success")]
    assert read_current(load_settings(data=data))["as_of"] == day


def test_writers_wait_for_the_one_slot(services):
    api, *_ = services
    pool = api.call("GET", "/api/v2/pools/warehouse_writer")
    assert pool["slots"] == 1


def test_nobody_gets_in_without_the_password_and_it_is_printed_nowhere(services):
    api, data, _, log = services
    secrets = data / "airflow" / "secrets"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        Api(int(api.base.rsplit(":", 1)[1]), "admin")
    said = log.read_text() + "".join(
        path.read_text(errors="replace") for path in (data / "airflow" / "logs").glob("*.log")
    )
    for secret in secrets.iterdir():
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert secret.read_text() not in said, secret.name


def test_only_loopback_is_listened_on(services):
    api, *_ = services
    port = int(api.base.rsplit(":", 1)[1])
    assert listening(port)
    assert addresses(port) == {"127.0.0.1"}


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


def dags_known(api: Api) -> bool:
    known = {dag["dag_id"] for dag in api.call("GET", "/api/v2/dags")["dags"]}
    return known == set(DAG_IDS)


def finished(api: Api, dag_id: str, day: str) -> bool:
    for feed_dag in ("land_orders", "land_crm"):
        assert "failed" not in {run["state"] for run in api.runs(feed_dag)}, feed_dag
    states = {run["state"] for run in api.runs(dag_id) if run["partition_key"] == day}
    return bool(states & {"success", "failed"})


def wait_for(condition, what: str, ended=lambda: None) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        assert ended() is None, f"ended while waiting for {what}"
        time.sleep(1)
    raise AssertionError(f"waited {PATIENCE_SECONDS} s for {what}")
