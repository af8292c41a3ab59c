"""Airflow's real services do by themselves what the DAGs promise; nothing here starts a build.

What ``DAG.test`` cannot show: the morning's schedule, waiting for a late export, the pool,
backfills, and the build that starts once both feeds of the same business day are committed. The
tests tell one story in order, on one start of the services: a company switches its DAGs on, a feed
is late, three past days are filled in, an older day stays incomplete, and the late files bring the
rest.

Deadlines need no waiting: with a deadline of three days, yesterday's exports may still come, and
those of January 2026 may not.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from etl.clock import utc_now
from etl.config import load_settings
from etl.lake.commits import read_lake
from etl.publish.release import MANIFEST, read_current
from tests.company.generate import MAPPINGS as ALL_MAPPINGS
from tests.company.generate import company, write_company
from tests.company.rearrange import deliver_nothing, withhold
from tests.services import Api, Services, addresses, listening, running_services, wait_for

DAG_IDS = ("land_orders", "land_crm", "build_marts")
WAITING = "up_for_reschedule"
# One shop and two exports of the help desk: each export is a task, and tasks take time to start.
EXPORTS = {"south_shop": ("sales",), "help_desk": ("contacts", "cases")}
PAST_DAYS = [drop.isoformat() for drop in company(3).drops]
INCOMPLETE = company(4).as_of.isoformat()
NOT_LATE_YET_HOURS = 72
# Longer than a slow scheduler's loop: one that hears of a look only after the next has begun takes
# the task for lost and starts it again a minute later.
LOOK_AGAIN_SECONDS = 15

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def mappings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small company's mappings, with few exports."""
    folder = tmp_path_factory.mktemp("mappings")
    for system, kept in EXPORTS.items():
        mapping = yaml.safe_load((ALL_MAPPINGS / f"{system}.yml").read_text())
        mapping["exports"] = {name: mapping["exports"][name] for name in kept}
        (folder / f"{system}.yml").write_text(yaml.safe_dump(mapping, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """History and four drops; the last lacks an export."""
    folder = tmp_path_factory.mktemp("services") / "landing"
    write_company(folder, days=4)
    withhold(folder / "help_desk" / INCOMPLETE, "cases.csv", to=folder.parent / "withheld")
    return folder


@pytest.fixture(scope="module")
def daily(
    landing: Path, mappings: Path, key_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], dict[str, dict[str, str]]]:
    """Three daily runs by the command line, meanwhile; call it to wait for the marts' hashes."""
    data = tmp_path_factory.mktemp("daily")
    exports = shutil.copytree(landing, data / "landing")
    loyalty = Path(sys.executable).with_name("loyalty")
    runs = " && ".join(f'"{loyalty}" run --as-of {day}' for day in PAST_DAYS)
    process = subprocess.Popen(
        ["bash", "-c", runs],
        env={**os.environ, **variables(exports, mappings, key_file), "LOYALTY_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def finished() -> dict[str, dict[str, str]]:
        said, _ = process.communicate(timeout=1800)
        assert process.returncode == 0, said
        return published_hashes(data)

    return finished


def variables(landing: Path, mappings: Path, key_file: Path) -> dict[str, str]:
    return {
        "LOYALTY_LANDING": str(landing),
        "LOYALTY_MAPPINGS": str(mappings),
        "LOYALTY_KEY_FILE": str(key_file),
        "LOYALTY_DUCKDB_THREADS": "1",
        "LOYALTY_DUCKDB_MEMORY": "1GB",
    }


@pytest.fixture(scope="module")
def services(landing, mappings, key_file, daily, tmp_path_factory):
    with running_services(
        tmp_path_factory.mktemp("services_data"),
        **variables(landing, mappings, key_file),
        LOYALTY_LATE_AFTER_HOURS=str(NOT_LATE_YET_HOURS),
        LOYALTY_LOOK_AGAIN_SECONDS=str(LOOK_AGAIN_SECONDS),
    ) as started:
        wait_for(lambda: dags_known(started.api), "the DAGs")
        yield started


@pytest.fixture(scope="module")
def yesterday() -> str:
    """The business day the scheduler's last morning run is for."""
    zone = ZoneInfo(load_settings().business_tz)
    last_run = utc_now().astimezone(zone) - timedelta(hours=4)
    return (last_run.date() - timedelta(days=1)).isoformat()


def test_the_services_start(services: Services, record_property):
    ready = services.ready_seconds
    assert set(ready) == {"web server", "dag processor", "scheduler"}
    record(
        record_property, "ready", [{"service": n, "ready s": f"{s:.0f}"} for n, s in ready.items()]
    )


def test_switched_on_they_wait_for_yesterdays_exports(
    services: Services, yesterday: str, record_property
):
    api = services.api
    for dag_id in reversed(DAG_IDS):
        api.call("PATCH", f"/api/v2/dags/{dag_id}", is_paused=False)
    for dag_id in ("land_orders", "land_crm"):
        wait_for(lambda dag_id=dag_id: is_waiting(api, dag_id, yesterday), f"{dag_id} to wait")
        assert [run["run_type"] for run in api.runs(dag_id, yesterday)] == ["scheduled"]
        tell_late(record_property, dag_id, yesterday, "not there, deadline to come", WAITING)
    assert api.runs("build_marts") == []


def test_a_backfill_of_three_days_equals_three_daily_runs(
    services: Services, daily, yesterday: str, record_property
):
    """Each landing makes the build of its day start by itself, while yesterday still waits."""
    api, (first, *_, last) = services.api, PAST_DAYS
    commands = [
        services.airflow(
            "backfill", "create", "--dag-id", dag_id, "--max-active-runs", "1",
            "--from-date", first, "--to-date", f"{last}T23:59:59",
        )
        for dag_id in ("land_orders", "land_crm")
    ]  # fmt: skip
    for command in commands:
        said, _ = command.communicate(timeout=300)
        assert command.returncode == 0, said
    for day in PAST_DAYS:
        wait_for(lambda day=day: ended(api, "build_marts", day), f"build_marts of {day}")
        assert [run_of(run) for run in api.runs("build_marts", day)] == ["asset_triggered success"]
        for dag_id in ("land_orders", "land_crm"):
            assert [run_of(run) for run in api.runs(dag_id, day)] == ["backfill success"]
    assert one_at_a_time(api.runs("build_marts")) == PAST_DAYS
    served = read_current(load_settings(data=services.data))
    assert served is not None
    assert served["as_of"] == last
    backfilled, by_day = published_hashes(services.data), daily()
    assert sorted(by_day) == PAST_DAYS
    record(record_property, "hashes", compared(backfilled, by_day))
    assert backfilled == by_day
    assert api.runs("build_marts", yesterday) == []


def test_an_export_past_its_deadline_fails_its_feed_alone(services: Services, record_property):
    api = services.api
    for dag_id in ("land_orders", "land_crm"):
        start, end = f"{INCOMPLETE}T00:00:00Z", f"{INCOMPLETE}T23:59:59Z"
        api.call("POST", "/api/v2/backfills", dag_id=dag_id, from_date=start, to_date=end)
    wait_for(lambda: api.state("land_crm", INCOMPLETE) == "failed", "the late feed to fail")
    said = api.log("land_crm", INCOMPLETE, "wait_for_exports")
    assert f"SOURCE_LATE: Not delivered for {INCOMPLETE}: help_desk.cases." in said
    wait_for(lambda: api.state("land_orders", INCOMPLETE) == "success", "the other feed")
    assert api.runs("build_marts", INCOMPLETE) == []
    tell_late(record_property, "land_crm", INCOMPLETE, "not there, deadline over", "failed")
    tell_late(record_property, "land_orders", INCOMPLETE, "there", "success")
    tell_late(record_property, "build_marts", INCOMPLETE, "one feed missing", "no run")


def test_one_feed_of_a_day_builds_nothing(services: Services, landing: Path, yesterday: str):
    api = services.api
    deliver_nothing(landing / "south_shop", yesterday)
    wait_for(lambda: api.state("land_orders", yesterday) == "success", "the shop's yesterday")
    wait_for(lambda: is_waiting(api, "land_crm", yesterday), "the other feed to wait on")
    assert api.runs("build_marts", yesterday) == []


def test_what_arrives_late_is_taken_without_a_hand(
    services: Services, landing: Path, yesterday: str, record_property
):
    """Yesterday's run takes the older day's missing export too."""
    api = services.api
    for _ in range(2):  # for the test below; they have nothing new to land
        conf = {"business_day": PAST_DAYS[0]}
        api.call("POST", "/api/v2/dags/land_orders/dagRuns", logical_date=None, conf=conf)
    shutil.move(landing.parent / "withheld", landing / "help_desk" / f"{INCOMPLETE}-later")
    deliver_nothing(landing / "help_desk", yesterday)
    wait_for(lambda: ended(api, "build_marts", yesterday), "yesterday's build")
    assert [run_of(run) for run in api.runs("land_crm", yesterday)] == ["scheduled success"]
    assert [run_of(run) for run in api.runs("build_marts", yesterday)] == [
        "asset_triggered success"
    ]
    settings = load_settings(data=services.data)
    served = read_current(settings)
    assert served is not None
    assert served["as_of"] == yesterday
    landed = {(d["export"], d["business_day"]) for d in read_lake(settings).deliveries}
    assert {("cases", INCOMPLETE), ("cases", yesterday)} <= landed
    for dag_id in DAG_IDS:
        state = api.state(dag_id, yesterday)
        tell_late(record_property, dag_id, yesterday, "both days' exports came", state)


def test_a_dag_started_twice_at_once_runs_once_at_a_time(services: Services, record_property):
    api = services.api

    def by_hand() -> list[dict]:
        return [run for run in api.runs("land_orders") if run["run_type"] == "manual"]

    wait_for(lambda: all(run["end_date"] for run in by_hand()), "the runs by hand")
    assert [run_of(run) for run in by_hand()] == ["manual success"] * 2
    one_at_a_time(by_hand())
    runs = [run for dag_id in DAG_IDS for run in api.runs(dag_id)]
    runs.sort(key=lambda run: run["start_date"])
    record(record_property, "runs", [described(run) for run in runs])


def test_two_builds_started_at_once_follow_each_other_and_give_one_release(
    services: Services, yesterday: str, record_property
):
    """Each takes the one slot in turn; the second finds the first one's release and agrees."""
    api = services.api
    before = published_hashes(services.data)[yesterday]
    for _ in range(2):
        conf = {"business_day": yesterday}
        api.call("POST", "/api/v2/dags/build_marts/dagRuns", logical_date=None, conf=conf)

    def by_hand() -> list[dict]:
        return [run for run in api.runs("build_marts") if run["run_type"] == "manual"]

    wait_for(lambda: all(run["end_date"] for run in by_hand()), "the builds by hand")
    assert [run_of(run) for run in by_hand()] == ["manual success"] * 2
    one_at_a_time(by_hand())
    assert published_hashes(services.data)[yesterday] == before
    record(record_property, "runs", [described(run) for run in by_hand()])


def test_writers_wait_for_the_one_slot(services: Services):
    pool = services.api.call("GET", "/api/v2/pools/warehouse_writer")
    assert pool["slots"] == 1


def test_nobody_gets_in_without_the_password_and_it_is_printed_nowhere(services: Services):
    secrets = services.data / "airflow" / "secrets"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        Api(services.api.port, "admin")
    logs = (services.data / "airflow" / "logs").glob("*.log")
    said = services.log.read_text() + "".join(path.read_text(errors="replace") for path in logs)
    for secret in secrets.iterdir():
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert secret.read_text() not in said, secret.name


def test_what_an_attacker_would_ask_the_server_is_refused(services: Services):
    api = services.api
    test_connection = {"connection_id": "x", "conn_type": "sqlite"}
    other_day = {"logical_date": None, "conf": {"business_day": "2026-01-31; rm -rf /"}}
    for method, path, body, code in (
        ("GET", "/api/v2/config", {}, 403),
        ("GET", "/api/v2/config/section/core/option/fernet_key", {}, 403),
        ("POST", "/api/v2/connections/test", test_connection, 403),
        ("POST", "/api/v2/dags/land_orders/dagRuns", other_day, 400),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            api.call(method, path, **body)
        assert refused.value.code == code, path
        assert "Traceback" not in refused.value.read().decode(), path
    for path in ("/api/v2/dags", "/api/v2/connections", "/api/v2/variables", "/ui/config"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{api.port}{path}", timeout=60)
    with urllib.request.urlopen(f"http://127.0.0.1:{api.port}/docs", timeout=60) as page:
        assert "swagger" not in page.read().decode().lower()


def test_a_token_is_good_for_an_hour(services: Services):
    claims = services.api.token.split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert found["exp"] - found["iat"] == 3600


def test_no_secret_is_in_the_arguments_or_variables_of_a_process(services: Services):
    """Anybody on the machine can list arguments; variables are inherited and dumped."""
    secrets = [path.read_bytes() for path in (services.data / "airflow" / "secrets").iterdir()]
    ours = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:  # it has ended, or is somebody else's
            continue
        if str(services.data).encode() in said:
            ours += 1
            assert not [secret for secret in secrets if secret in said], folder
    assert ours >= 3


def test_no_file_of_the_services_is_open_to_others(services: Services):
    found = [p for p in services.data.rglob("*") if not p.is_symlink() and p != services.log]
    assert [p for p in found if p.stat().st_mode & 0o027] == []


def test_only_loopback_is_listened_on(services: Services):
    assert listening(services.api.port)
    assert addresses(services.api.port) == {"127.0.0.1"}


def dags_known(api: Api) -> bool:
    known = {dag["dag_id"] for dag in api.call("GET", "/api/v2/dags")["dags"]}
    return known >= set(DAG_IDS)


def is_waiting(api: Api, dag_id: str, day: str) -> bool:
    state = api.state(dag_id, day)
    assert state != "failed", f"{dag_id} of {day} failed"
    return api.task_state(dag_id, day, "wait_for_exports") == WAITING


def ended(api: Api, dag_id: str, day: str) -> bool:
    for feed_dag in ("land_orders", "land_crm"):
        assert api.state(feed_dag, day) != "failed", f"{feed_dag} of {day} failed"
    return api.state(dag_id, day) in {"success", "failed"}


def run_of(run: dict) -> str:
    return f"{run['run_type']} {run['state']}"


def one_at_a_time(runs: list[dict]) -> list[str]:
    """Check that no run began before the one before it ended; return their days in order."""
    for before, after in itertools.pairwise(runs):
        assert before["end_date"] <= after["start_date"]
    return [run["partition_key"] for run in runs]


def published_hashes(data: Path) -> dict[str, dict[str, str]]:
    """Logical hash of every mart by day, from the releases of a data root."""
    found = {}
    for path in (data / "marts" / "releases").glob(f"*/{MANIFEST}"):
        manifest = json.loads(path.read_text())
        assert manifest["as_of"] not in found, "two releases of one day"
        marts = manifest["marts"].items()
        found[manifest["as_of"]] = {name: mart["logical_hash"] for name, mart in marts}
    return found


def compared(
    backfilled: dict[str, dict[str, str]], by_day: dict[str, dict[str, str]]
) -> list[dict[str, str]]:
    """One row per mart and day, the backfill's hash beside the daily run's."""
    return [
        {
            "day": day,
            "mart": mart,
            "backfill": backfilled.get(day, {}).get(mart, ""),
            "daily": value,
            "equal": "yes" if backfilled.get(day, {}).get(mart) == value else "NO",
        }
        for day, marts in by_day.items()
        for mart, value in sorted(marts.items())
    ]


def described(run: dict) -> dict[str, str]:
    return {
        "dag": run["dag_id"],
        "day": run["partition_key"] or run["conf"].get("business_day", ""),
        "started by": run["run_type"],
        "state": run["state"],
        "seconds": f"{run['duration'] or 0:.0f}",
    }


def tell_late(record_property, dag_id: str, day: str, exports: str, state: str) -> None:
    record(
        record_property, "late", [{"dag": dag_id, "day": day, "exports": exports, "state": state}]
    )


def record(record_property: Callable[[str, object], None], name: str, rows: list[dict]) -> None:
    """Keep rows in the test report, where `make services` reads them."""
    record_property(name, json.dumps(rows))
