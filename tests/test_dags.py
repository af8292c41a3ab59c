"""The DAGs: what every one of them must keep to, and one real chain from files to marts."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from etl.config import FEED_ASSETS, FEEDS, MARTS_ASSET, PROJECT_ROOT, WRITER_POOL, load_settings
from etl.errors import Busy, DataBlocked, DiskFull, MappingError, SourceLate, UsageError
from etl.files import UMASK

DAGS = PROJECT_ROOT / "dags"
DAG_FILES = sorted(p for p in DAGS.glob("*.py") if p.stem not in {"landing_factory", "run_rules"})
ZONE = "America/New_York"


@pytest.fixture(scope="session")
def airflow(tmp_path_factory):
    """A metadata database of our own; set before airflow is imported for the first time."""
    assert "airflow.settings" not in sys.modules, "airflow was imported with another home"
    sys.path.insert(0, str(PROJECT_ROOT / "scripts"))
    from airflow_home import airflow_environment

    home = tmp_path_factory.mktemp("airflow")
    before = dict(os.environ)
    os.environ.update(airflow_environment(home))
    from run_dags import prepare_metadata

    prepare_metadata()
    yield home
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def dags(airflow):
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return bag.dags


def test_every_file_makes_the_dag_of_its_name(dags):
    assert sorted(dags) == [path.stem for path in DAG_FILES]
    assert not [name for name in dags if name.startswith("dbt_")]  # dbt imports those as plugins


def test_every_dag_says_what_it_makes_who_reads_it_and_what_to_do_when_red(dags):
    for dag in dags.values():
        for words in ("**Makes**", "**Read by**", "**When it is red**"):
            assert words in dag.doc_md, dag.dag_id
        assert dag.tags, dag.dag_id


def test_every_dag_is_in_the_table_of_the_readme(dags):
    rows = (DAGS / "README.md").read_text().splitlines()
    named = {row.split("`")[1] for row in rows if row.startswith("| `")}
    assert named == set(dags)


def test_one_run_at_a_time_and_no_catching_up(dags):
    for dag in dags.values():
        assert dag.max_active_runs == 1, dag.dag_id
        assert dag.catchup is False, dag.dag_id
        assert dag.dagrun_timeout is not None, dag.dag_id


def test_every_task_has_an_owner_a_timeout_and_retries_with_backoff(dags):
    for task in all_tasks(dags):
        settings = settings_of(task)
        assert settings["owner"] == "data-engineering", task.task_id
        assert settings["execution_timeout"] <= timedelta(hours=3), task.task_id
        assert settings["retries"] == 3, task.task_id
        assert settings["retry_exponential_backoff"], task.task_id
        assert settings["on_failure_callback"], task.task_id


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (OSError("No space left on device"), "retry"),
        (ConnectionError("reset"), "retry"),
        (Busy("held by pid 7"), "retry"),
        (DiskFull("12 MB are free"), "retry"),
        (DataBlocked("a check failed"), "fail"),
        (MappingError("unknown key"), "fail"),
        (SourceLate("not there"), "fail"),
        (ZeroDivisionError(), "fail"),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(dags, error, action):
    policy = dags["build_marts"].get_task("build_and_publish").retry_policy
    assert policy.evaluate(error, try_number=1, max_tries=3).action.value == action


def test_what_writes_the_warehouse_uses_the_pool_of_one_slot(dags, airflow):
    from airflow.models.pool import Pool

    writers = {f"{t.dag_id}.{t.task_id}" for t in all_tasks(dags) if t.pool == WRITER_POOL}
    assert writers == {
        "land_orders.commit_day",
        "land_crm.commit_day",
        "build_marts.build_and_publish",
        "close_month.freeze_and_publish",
        "keep_warehouse.compact_lake",
        "keep_warehouse.back_up",
        "keep_warehouse.clean_up",
    }
    assert Pool.get_pool(WRITER_POOL).slots == 1


def test_the_build_waits_for_orders_and_crm_of_the_same_day(dags):
    from airflow.sdk import PartitionedAssetTimetable

    timetable = dags["build_marts"].timetable
    assert isinstance(timetable, PartitionedAssetTimetable)
    wanted = {asset.name for asset in timetable.asset_condition.objects}
    assert wanted == set(FEED_ASSETS.values())
    assert type(timetable.asset_condition).__name__ == "AssetAll"


def test_only_the_last_task_of_a_feed_emits_its_asset(dags):
    outlets = {
        f"{task.dag_id}.{task.task_id}": [asset.name for asset in task.outlets]
        for task in all_tasks(dags)
        if task.outlets
    }
    assert outlets == {
        **{f"land_{feed}.commit_day": [FEED_ASSETS[feed]] for feed in FEEDS},
        "build_marts.build_and_publish": [MARTS_ASSET],
    }


def test_each_export_is_staged_by_a_task_of_its_own_and_none_may_fail(dags):
    for feed in FEEDS:
        dag = dags[f"land_{feed}"]
        assert type(dag.get_task("stage_export")).__name__ == "DecoratedMappedOperator"
        assert dag.get_task("commit_day").trigger_rule == "none_failed"
        assert dag.get_task("commit_day").upstream_task_ids == {"stage_export"}
        assert dag.get_task("wait_for_exports").mode == "reschedule"
        assert "wait_for_exports" in dag.get_task("list_exports").upstream_task_ids


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Europe/Kyiv", "UTC"])
def test_each_run_is_for_the_day_that_has_ended_and_no_day_is_skipped(airflow, zone):
    """Around both changes of the clock; at 02:00 New York would skip 7 March 2026."""
    from airflow.timetables.base import TimeRestriction
    from airflow.timetables.trigger import CronPartitionTimetable

    from dags.landing_factory import EVERY_MORNING

    timetable = CronPartitionTimetable(
        EVERY_MORNING, timezone=zone, run_offset=-1, key_format="%Y-%m-%d"
    )
    restriction = TimeRestriction(datetime(2026, 3, 1, tzinfo=UTC), None, catchup=True)
    info, days = None, []
    for _ in range(260):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=info, restriction=restriction)
        days.append(date.fromisoformat(info.partition_key))
        assert info.run_after.astimezone(ZoneInfo(zone)).date() == days[-1] + timedelta(days=1)
    assert days == [days[0] + timedelta(days=n) for n in range(260)]


def test_the_landing_dags_keep_that_timetable(dags):
    from airflow.sdk import CronPartitionTimetable

    from dags.landing_factory import EVERY_MORNING

    for feed in FEEDS:
        timetable = dags[f"land_{feed}"].timetable
        assert isinstance(timetable, CronPartitionTimetable)
        assert timetable.run_immediately is True
        assert (timetable.expression, timetable.run_offset, timetable.key_format) == (
            EVERY_MORNING,
            -1,
            "%Y-%m-%d",
        )
        assert str(timetable.timezone) == ZONE


def test_the_warehouse_is_kept_every_day_and_no_task_waits_for_anothers_success(dags):
    dag = dags["keep_warehouse"]
    assert (dag.timetable.expression, str(dag.timetable.timezone)) == ("0 8 * * *", ZONE)
    assert all(task.downstream_task_ids == set() for task in dag.tasks)
    weights = {task.task_id: task.priority_weight for task in dag.tasks}
    assert sorted(weights, key=weights.get) == ["clean_up", "back_up", "compact_lake"]


@pytest.mark.parametrize("zone", [ZONE, "Pacific/Auckland", "UTC"])
def test_each_month_is_closed_once_on_the_fifth_of_the_next(airflow, zone):
    from airflow.timetables.base import TimeRestriction
    from airflow.timetables.trigger import CronPartitionTimetable

    from dags.close_month import FIFTH_DAY

    timetable = CronPartitionTimetable(FIFTH_DAY, timezone=zone, run_offset=-1, key_format="%Y-%m")
    restriction = TimeRestriction(datetime(2025, 11, 20, tzinfo=UTC), None, catchup=True)
    info, closed = None, []
    for _ in range(14):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=info, restriction=restriction)
        local = info.run_after.astimezone(ZoneInfo(zone))
        assert (local.day, local.hour) == (5, 7)
        closed.append(info.partition_key)
        before = local.date().replace(day=1) - timedelta(days=1)
        assert closed[-1] == f"{before:%Y-%m}"
    assert closed == [*(f"2025-{n}" for n in (11, 12)), *(f"2026-{n:02}" for n in range(1, 13))]


def test_the_closing_dag_keeps_that_timetable(dags):
    from dags.close_month import FIFTH_DAY

    timetable = dags["close_month"].timetable
    assert (timetable.expression, timetable.run_offset, timetable.key_format) == (
        FIFTH_DAY,
        -1,
        "%Y-%m",
    )
    assert str(timetable.timezone) == ZONE


@pytest.mark.parametrize("reason", ["", "late refunds"])
def test_a_run_by_hand_closes_the_month_asked_for_the_reason_given(dags, monkeypatch, reason):
    """By Airflow, with the close itself taken out; test_close has it."""
    from etl import close

    asked = []

    def closed(_settings, month, *, reason):
        asked.append((month, reason))
        row = {"close_id": "2025-12-v1", "customers": 3}
        return close.ClosedMonth(close.CLOSED, row, {}, "2026-01-05-0123456789ab")

    monkeypatch.setattr(close, "close_month", closed)
    given = {"reason": reason} if reason else {}
    run = dags["close_month"].test(logical_date=None, run_conf={"month": "2025-12", **given})
    assert run.state == "success"
    assert asked == [(date(2025, 12, 1), reason)]


def test_a_month_that_cannot_be_closed_fails_and_is_told(dags, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("LOYALTY_DATA", str(tmp_path / "data"))
    run = dags["close_month"].test(logical_date=None, run_conf={"month": "2026-01"})
    assert run.state == "failed"
    assert "2026-01 is not over: the last day landed is none" in caplog.text
    assert not (tmp_path / "data" / "state").exists()


@pytest.mark.parametrize(
    ("key", "asked", "month"),
    [("2026-01", "2025-12", date(2026, 1, 1)), (None, "2025-12", date(2025, 12, 1))],
)
def test_the_month_of_a_run_is_its_partition_before_all_else(rules, key, asked, month):
    run = SimpleNamespace(partition_key=key)
    assert rules.month_of({"dag_run": run, "params": {"month": asked}}) == month


@pytest.mark.parametrize("asked", [None, "2025-13", "December", "2025-12-31"])
def test_what_is_no_month_is_refused(rules, asked):
    run = SimpleNamespace(partition_key=None)
    with pytest.raises(UsageError, match="is not a month"):
        rules.month_of({"dag_run": run, "params": {"month": asked}})


def test_keeping_an_empty_warehouse_is_no_failure_and_backs_up_where_told(
    dags, monkeypatch, tmp_path
):
    monkeypatch.setenv("LOYALTY_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "landing").mkdir(parents=True)
    assert states_of_keeping(dags) == {
        "compact_lake": "success",
        "back_up": "skipped",
        "clean_up": "success",
    }
    monkeypatch.setenv("LOYALTY_BACKUP", str(tmp_path / "backup"))
    monkeypatch.setenv("LOYALTY_VAULT_BACKUP", str(tmp_path / "safe"))
    assert states_of_keeping(dags)["back_up"] == "success"
    assert len(list((tmp_path / "backup").glob("*/manifest.json"))) == 1


def states_of_keeping(dags):
    run = dags["keep_warehouse"].test(logical_date=None, run_conf={"business_day": "2026-01-08"})
    assert run.state == "success"
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def test_every_parameter_has_a_schema_that_bounds_it(dags):
    """``conf`` of a run overrides parameters."""
    for dag in dags.values():
        for name in dag.params:
            schema = dag.params.get_param(name).schema
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            assert set(kinds) <= {"string", "null"}, (dag.dag_id, name)
            assert schema.keys() & {"format", "pattern", "maxLength", "enum"}, (dag.dag_id, name)


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        ("land_orders", {"business_day": "yesterday; rm -rf /"}),
        ("build_marts", {"business_day": 20260131}),
        ("keep_warehouse", {"business_day": {"day": "2026-01-31"}}),
        ("close_month", {"month": "2026-01'; drop table x"}),
        ("close_month", {"reason": "x" * 201}),
        ("close_month", {"reason": ["a", "list"]}),
    ],
)
def test_a_run_that_is_told_something_else_is_refused(dags, dag_id, conf):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dags[dag_id].test(logical_date=None, run_conf=conf)


def test_no_task_is_a_shell_and_nothing_of_a_run_is_a_template(dags):
    kinds = {type(task).__name__ for task in all_tasks(dags)}
    assert kinds == {
        "_PythonDecoratedOperator",
        "DecoratedMappedOperator",
        "DecoratedSensorOperator",
    }
    for path in DAGS.glob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text()))
        texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
        templates = {text for text in texts if isinstance(text, str) and re.search("{{|{%", text)}
        assert templates <= {"{{ export_label }}"}, path.name  # a name of the task's own making


def test_files_of_a_task_are_closed_to_others_wherever_it_runs(airflow):
    """Also in a container, where no shell sets it first."""
    code = "import os; os.umask(0)\nimport dags.run_rules\nprint(oct(os.umask(0)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
    )
    assert done.stdout.splitlines()[-1] == oct(UMASK) == "0o27"


def test_dags_survive_the_trip_through_the_database(dags):
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in dags.values():
        data = json.loads(json.dumps(DagSerialization.to_dict(dag)))
        again = DagSerialization.from_dict(data)
        assert again.task_ids == dag.task_ids
        assert again.timetable.partitioned
        assert again.max_active_runs == 1
        assert {t.task_id: t.pool for t in again.tasks} == {t.task_id: t.pool for t in dag.tasks}


def test_parsing_a_dag_imports_nothing_heavy(airflow):
    script = (
        "import sys, runpy\n"
        f"for path in {[str(p) for p in DAG_FILES]}: runpy.run_path(path)\n"
        "print(sorted({'polars', 'duckdb', 'dbt', 'pyarrow', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=airflow
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_dag_files_import_only_airflow_and_etl():
    allowed = {"airflow", "etl", "dags", "__future__", *sys.stdlib_module_names}
    for path in DAGS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, path.name


def test_a_run_is_for_its_partition_before_all_else(rules):
    noon = datetime(2026, 1, 9, 12, tzinfo=UTC)
    assert rules.resolve_business_day("2026-01-07", "2026-01-08", noon, ZONE) == date(2026, 1, 7)


def test_a_run_started_by_hand_is_for_the_day_asked(rules):
    assert rules.resolve_business_day(None, "2026-01-08", None, ZONE) == date(2026, 1, 8)


def test_a_logical_date_is_read_in_the_business_time_zone(rules):
    early = datetime(2026, 1, 9, 3, tzinfo=UTC)  # still the 8th in New York
    assert rules.resolve_business_day(None, None, early, ZONE) == date(2026, 1, 8)


@pytest.mark.parametrize("text", ["08.01.2026", "2026-02-30", "yesterday", "2026-01-08T00:00:00"])
def test_what_is_no_day_is_refused(rules, text):
    with pytest.raises(UsageError, match="not a business day"):
        rules.resolve_business_day(text, None, None, ZONE)


def test_a_run_without_any_day_is_refused(rules):
    with pytest.raises(UsageError, match="does not say which business day"):
        rules.resolve_business_day(None, None, None, ZONE)


def test_a_source_is_late_from_six_in_the_morning_business_time(rules):
    settings = load_settings()
    assert rules.late_from(date(2026, 1, 8), settings) == datetime(2026, 1, 9, 11, tzinfo=UTC)
    patient = replace(settings, late_after_hours=30)
    assert rules.late_from(date(2026, 1, 8), patient) == datetime(2026, 1, 10, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("missing", "minutes_after_six", "outcome"),
    [([], 60, "done"), (["shop.orders"], -1, "wait"), (["shop.orders"], 0, "late")],
)
def test_a_missing_export_is_waited_for_and_then_late(
    dags, monkeypatch, missing, minutes_after_six, outcome
):
    from dags import landing_factory
    from etl import clock, route

    day = date(2026, 1, 8)
    now = datetime(2026, 1, 9, 11, tzinfo=UTC) + timedelta(minutes=minutes_after_six)
    monkeypatch.setattr(clock, "utc_now", lambda: now)
    monkeypatch.setattr(route, "wait_for_day", lambda *_: missing)
    monkeypatch.setattr(landing_factory, "business_day_of", lambda _: day)
    monkeypatch.setattr(landing_factory, "get_current_context", dict)
    look = dags["land_orders"].get_task("wait_for_exports").python_callable
    if outcome == "late":
        with pytest.raises(SourceLate, match=r"shop\.orders"):
            look("orders")
    else:
        assert look("orders").is_done is (outcome == "done")


def test_the_chain_lands_builds_and_publishes_one_day_and_landing_it_again_changes_nothing(
    dags, company_landing, monkeypatch, tmp_path
):
    """Files in, a release out, by the DAGs themselves; the numbers are test_route's work."""
    from etl.config import load_settings
    from etl.publish.release import read_current
    from tests.company.published import leave_out_generic_tests

    landing, mappings, as_of = company_landing
    monkeypatch.setenv("LOYALTY_DATA", str(tmp_path))
    monkeypatch.setenv("LOYALTY_LANDING", str(landing))
    monkeypatch.setenv("LOYALTY_MAPPINGS", str(mappings))
    leave_out_generic_tests(monkeypatch)
    run_all(dags, as_of, "land_orders", "land_crm", "build_marts")
    settings = load_settings()
    assert read_current(settings)["as_of"] == as_of.isoformat()
    commits = sorted(p.name for p in (settings.raw / "_commits").iterdir())
    assert len(commits) == len(FEEDS)

    run_all(dags, as_of, "land_orders", "land_crm")
    assert sorted(p.name for p in (settings.raw / "_commits").iterdir()) == commits
    refuse_more_than_ids_and_counts()


def test_the_sensor_and_the_landing_look_into_a_bucket(dags, monkeypatch, tmp_path):
    """A daily export is late until its object is there; then the DAG lands it, once."""
    from dags import landing_factory
    from etl.config import load_settings
    from etl.lake.commits import read_lake
    from tests.buckets import make_bucket, s3_server
    from tests.test_landing import DAILY, DAY, FILE, TEXT, make_stage

    with s3_server(tmp_path / "server.log") as environment:
        bucket = make_bucket("bucket", environment)
        mappings = make_stage(tmp_path, DAILY).settings.mappings
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("LOYALTY_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("LOYALTY_LANDING", bucket.url)
        monkeypatch.setenv("LOYALTY_MAPPINGS", str(mappings))
        with monkeypatch.context() as patch:
            patch.setattr(landing_factory, "business_day_of", lambda _: DAY)
            patch.setattr(landing_factory, "get_current_context", dict)
            look = dags["land_orders"].get_task("wait_for_exports").python_callable
            with pytest.raises(SourceLate, match=r"shop\.baskets") as caught:
                look("orders")
            assert caught.value.where == bucket.url
            bucket.put(FILE, TEXT)
            assert look("orders").is_done
        run_all(dags, DAY, "land_orders")
        run_all(dags, DAY, "land_orders")
    lake = read_lake(load_settings())
    assert (len(lake.commits), lake.deliveries[0]["records"]) == (1, 3)


@pytest.fixture(scope="session")
def rules(airflow):
    from dags import run_rules

    return run_rules


@pytest.fixture(scope="module")
def company_landing(tmp_path_factory):
    from tests.company.generate import MAPPINGS, write_company

    landing = tmp_path_factory.mktemp("landing")
    return landing, MAPPINGS, write_company(landing, days=1).as_of


def all_tasks(dags):
    return [task for dag in dags.values() for task in dag.tasks]


def refuse_more_than_ids_and_counts():
    """Look at everything that tasks have handed each other through the metadata database."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = [(x.dag_id, x.task_id, x.value) for x in session.query(XComModel)]
    assert {dag_id for dag_id, _, _ in found} >= {"land_orders", "land_crm", "build_marts"}
    for dag_id, task_id, value in found:
        assert len(json.dumps(value)) < 4000, (dag_id, task_id)
        for scalar in scalars(value):
            is_id = isinstance(scalar, str) and re.fullmatch(r"[\w.:/+-]{0,80}", scalar)
            assert is_id or isinstance(scalar, int | float | None), (dag_id, task_id, scalar)


def scalars(value):
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return [s for item in value for s in scalars(item)] if isinstance(value, list) else [value]


def settings_of(task):
    """Mapped tasks keep what they pass on to their copies apart."""
    names = (
        "owner",
        "execution_timeout",
        "retries",
        "retry_exponential_backoff",
        "on_failure_callback",
    )
    return {name: getattr(task, name) for name in names}


def run_all(dags, day, *dag_ids):
    for dag_id in dag_ids:
        run = dags[dag_id].test(logical_date=None, run_conf={"business_day": day.isoformat()})
        failed = [ti.task_id for ti in run.get_task_instances() if ti.state != "success"]
        assert run.state == "success", f"{dag_id}: {failed}"
