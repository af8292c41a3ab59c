"""docker-compose.yml: the compose binary accepts it, and it keeps its promises on hardening."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess

import pytest
import yaml

from etl.config import PROJECT_ROOT

COMPOSE = PROJECT_ROOT / "scripts" / "compose.sh"
WRITERS = {"scheduler"}


def compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMPOSE), *arguments],
        env=_without_settings() | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _without_settings() -> dict[str, str]:
    """Return the environment (a package index may need its variables) less this project's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The file as compose understands it: variables filled in, anchors merged."""
    done = compose(
        *("--profile", "*", "config", "--format", "json"),
        LOYALTY_UID="10001",
        LOYALTY_GID="10001",
        LOYALTY_DATA="/srv/loyalty",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_compose_accepts_the_file():
    done = compose("config", "--quiet", LOYALTY_UID="10001", LOYALTY_GID="10001")
    assert done.returncode == 0, done.stderr


def test_compose_refuses_to_start_without_a_user():
    done = compose("--env-file", "/dev/null", "config", "--quiet")
    assert done.returncode != 0
    assert "make up" in done.stderr


def test_no_service_is_root_or_can_become_more_than_it_is(config):
    for name, service in config["services"].items():
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("cap_add"), name
        assert not service.get("privileged"), name


def test_only_loopback_is_published(config):
    ports = [port for service in config["services"].values() for port in service.get("ports", [])]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_secrets_come_from_files_and_stand_in_no_variable(config):
    for name, secret in config["secrets"].items():
        assert secret["file"] == f"/srv/loyalty/containers/secrets/{name}"
    for service in config["services"].values():
        for name, value in (service.get("environment") or {}).items():
            if re.search("KEY|SECRET|PASSWORD|CONN", name):
                assert name.endswith(("_CMD", "_FILE", "TEST_CONNECTION")), name
                assert "://" not in str(value), name


def test_one_service_writes_the_warehouse_and_the_reader_sees_only_the_marts(config):
    mounts = {
        name: {v["target"]: v for v in service.get("volumes", [])}
        for name, service in config["services"].items()
    }
    assert {name for name, found in mounts.items() if "/data" in found} == WRITERS
    assert mounts["scheduler"]["/data/landing"]["read_only"] is True
    assert set(mounts["reader"]) == {"/data/marts"}
    assert mounts["reader"]["/data/marts"]["read_only"] is True
    assert config["services"]["reader"]["network_mode"] == "none"


def test_images_and_packages_are_pinned(config):
    for service in config["services"].values():
        image = service["image"]
        assert image == "loyalty-warehouse" or re.search(r":\d+\.\d+", image), image
    for line in (PROJECT_ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("FROM"):
            assert re.search(r"FROM python:3\.1[12]\.\d+-slim", line), line


def test_the_workflow_runs_the_same_script_and_pins_its_actions():
    text = (PROJECT_ROOT / ".github" / "workflows" / "ci.yml").read_text()
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
    assert ".ci/run" in [step.get("run") for step in steps]
    for step in steps:
        if "uses" in step:
            assert re.search(r"@[0-9a-f]{40}$", step["uses"]), step["uses"]


def test_the_continuous_integration_script_calls_the_documented_commands():
    script = PROJECT_ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert re.search(r"^stage .* make test$", script.read_text(), re.MULTILINE)


def test_secrets_are_private_stable_and_distinct(tmp_path):
    make = [str(PROJECT_ROOT / ".venv/bin/python"), "scripts/airflow_home.py", "secrets"]
    folder = tmp_path / "secrets"
    seen = []
    for _ in range(2):
        subprocess.run([*make, str(folder)], check=True, cwd=PROJECT_ROOT)
        seen.append({p.name: p.read_text() for p in folder.iterdir() if p.suffix != ".json"})
    found = seen[0]
    assert seen[1] == found
    assert len(found) == len(set(found.values())) == 5
    assert json.loads((folder / "passwords.json").read_text()) == {"admin": found["admin_password"]}
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
