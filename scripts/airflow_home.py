"""Everything Airflow needs on one machine: its folder, its secrets and its settings.

One place for ``make run``, ``make airflow`` and the tests, so that they run the same Airflow.
Containers get the same settings from docker-compose.yml, with PostgreSQL behind them.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import sys
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
# The same stands in docker-compose.yml; tests/test_airflow_hardening.py compares the two.
HARDENED = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__TEST_CONNECTION": "Disabled",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
    "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "1",
    "AIRFLOW__CORE__DEFAULT_TASK_EXECUTION_TIMEOUT": "10800",
    "AIRFLOW__API__ENABLE_SWAGGER_UI": "False",
    "AIRFLOW__API__EXPOSE_CONFIG": "False",
    "AIRFLOW__API__EXPOSE_STACKTRACE": "False",
    "AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME": "3600",
    "AIRFLOW__API_AUTH__JWT_CLI_EXPIRATION_TIME": "3600",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
    "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o750",
    "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o640",
}
SECRETS = ("fernet_key", "api_secret_key", "jwt_secret", "admin_password", "postgres_password")


def airflow_environment(home: Path, *, port: int = 8080) -> dict[str, str]:
    """Make the folder and its secrets where missing; return the variables to run Airflow with.

    Secrets stay in files of mode 0600. The variables name commands that read them, so that no
    secret stands in the environment of a process.

    Args:
        home: Folder for the metadata database, logs and secrets; made with mode 0700.
        port: Port of the web server on 127.0.0.1.
    """
    _private_folder(home)
    keep = make_secrets(home / "secrets")
    return {
        **HARDENED,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__FERNET_KEY_CMD": _read_command(keep / "fernet_key"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(keep / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY_CMD": _read_command(keep / "api_secret_key"),
        "AIRFLOW__API_AUTH__JWT_SECRET_CMD": _read_command(keep / "jwt_secret"),
        # The first call after a start can take longer than the default of 5 seconds.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
    }


def make_secrets(folder: Path) -> Path:
    """Make the secrets that are missing, one file each, and return the folder."""
    _private_folder(folder)
    for name in SECRETS:
        _keep_secret(folder / name)
    # What Airflow's user manager reads. It adds a password of its own for a user without one.
    passwords = json.dumps({"admin": (folder / "admin_password").read_text()})
    _write_private(folder / "passwords.json", passwords)
    return folder


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def _keep_secret(path: Path) -> None:
    # 32 random bytes as URL-safe base64 are what Fernet asks for, and good for the others too.
    if not path.exists():
        _write_private(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)


def _read_command(path: Path) -> str:
    return f"cat {shlex.quote(str(path))}"


def main() -> None:
    """Serve the shell scripts.

    ``env DIR PORT`` prints ``export NAME=value`` lines for ``eval``; ``secrets DIR`` only makes
    the secrets.
    """
    what, folder = sys.argv[1], Path(sys.argv[2]).absolute()
    if what == "secrets":
        make_secrets(folder)
        return
    for name, value in airflow_environment(folder, port=int(sys.argv[3])).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


if __name__ == "__main__":
    main()
