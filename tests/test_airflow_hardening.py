"""What an attacker would look for in Airflow, closed in both places that run it.

One is scripts/airflow_home.py (``make run``, ``make airflow``, the tests), the other the
containers. What the DAGs allow stands in test_dags.py, what only a running server can show in
test_services.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from etl.config import PROJECT_ROOT
from tests.test_compose import compose

# Section, option, and what it must be where Airflow itself has read it.
EXPECTED = {
    ("core", "load_examples"): "False",
    ("core", "test_connection"): "Disabled",
    ("core", "hide_sensitive_var_conn_fields"): "True",
    ("core", "simple_auth_manager_all_admins"): "False",
    ("core", "max_active_runs_per_dag"): "1",
    ("core", "default_task_execution_timeout"): "10800",
    ("core", "unit_test_mode"): "False",
    ("core", "default_impersonation"): "",
    ("api", "enable_swagger_ui"): "False",
    ("api", "expose_config"): "False",
    ("api", "expose_stacktrace"): "False",
    ("api", "access_control_allow_origins"): "",
    ("api_auth", "jwt_expiration_time"): "3600",
    ("api_auth", "jwt_cli_expiration_time"): "3600",
    ("scheduler", "scheduler_health_check_server_host"): "127.0.0.1",
    ("logging", "file_task_handler_new_folder_permissions"): "0o750",
    ("logging", "file_task_handler_new_file_permissions"): "0o640",
    ("logging", "remote_logging"): "False",
}
SERVICES = ("prepare", "api-server", "dag-processor", "scheduler")
KEYS = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")
_ASK = """
import json, sys
from airflow.configuration import conf
known = {(s, o) for s, found in conf.configuration_description.items() for o in found["options"]}
wanted = [tuple(pair) for pair in json.loads(sys.argv[1])]
asked = {f"{s}.{o}": conf.get(s, o, fallback="") for s, o in wanted}
print(json.dumps({"values": asked, "known": [f"{s}.{o}" for s, o in known]}))
"""


def of_home(folder: Path) -> dict[str, str]:
    """The variables of an Airflow on one machine."""
    sys.path.insert(0, str(PROJECT_ROOT / "scripts"))
    from airflow_home import airflow_environment

    return airflow_environment(folder / "home")


def of_containers(_: Path) -> dict[str, str]:
    """The variables of the containers, which all services of Airflow share."""
    done = compose(
        "config", "--format", "json", LOYALTY_UID="10001", LOYALTY_GID="10001", LOYALTY_DATA="/srv"
    )
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    found = [services[name]["environment"] for name in SERVICES]
    assert all(environment == found[0] for environment in found)
    return {name: str(value) for name, value in found[0].items()}


@pytest.fixture(scope="module", params=[of_home, of_containers], ids=["machine", "containers"])
def environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    return request.param(tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="module")
def effective(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """What Airflow makes of the variables, in a process of its own."""
    home = {"AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow_home"))}
    plain = {n: v for n, v in environment.items() if "_CMD" not in n and n != "AIRFLOW_HOME"}
    done = subprocess.run(
        [sys.executable, "-c", _ASK, json.dumps(list(EXPECTED))],
        env={"PATH": os.environ["PATH"], **plain, **home},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("section", "option"), EXPECTED)
def test_airflow_reads_it_as_hardened(effective, section: str, option: str) -> None:
    assert effective["values"][f"{section}.{option}"] == EXPECTED[section, option]


def test_no_setting_is_misspelt(environment: dict[str, str], effective) -> None:
    """Airflow passes over a variable that names no option of it."""
    ours = [name for name in environment if name.startswith("AIRFLOW__")]
    options = {
        ".".join(name.removesuffix("_CMD").removeprefix("AIRFLOW__").lower().split("__"))
        for name in ours
    }
    assert len(ours) > 20
    assert options <= set(effective["known"])


def test_keys_are_three_and_come_from_files(environment: dict[str, str]) -> None:
    commands = [environment[f"{name}_CMD"] for name in KEYS]
    assert len(set(commands)) == len(KEYS)
    assert all(re.fullmatch(r"cat [\w/.'-]+", command) for command in commands)
    assert not set(KEYS) & set(environment)


def test_nobody_gets_in_by_a_default(environment: dict[str, str]) -> None:
    """The one user's password is made by us; an account that has none would get a printed one."""
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin"
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"].endswith(
        "passwords.json"
    )


def test_an_airflow_on_one_machine_listens_to_it_alone(tmp_path: Path) -> None:
    """In containers the published port is on loopback: test_compose has it."""
    assert of_home(tmp_path)["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_metadata_of_containers_are_in_postgresql(tmp_path: Path) -> None:
    found = of_containers(tmp_path)
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD"] == "/app/scripts/database_url.sh"
    assert "postgresql+psycopg2://" in (PROJECT_ROOT / "scripts" / "database_url.sh").read_text()
