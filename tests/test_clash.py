"""Who works at once, with real processes: readers and publishers, landings, whole runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.clash import WAYS, clash
from etl.config import load_settings
from etl.errors import EXIT_BUSY, EXIT_OK
from etl.lake.commits import read_lake, verify_files
from etl.publish.release import open_current, verify_release
from etl.state import verify_state
from tests.delivering import BASKETS, DAY, GOOD, HEADER, make_stage
from tests.exchange import company as exchange

LOYALTY = Path(sys.executable).with_name("loyalty")
NAMED_BY_DAY = 'time_zone: UTC\n    business_day: "_([0-9-]+)"'
PROCESSES, ROUNDS = 3, 1


def test_readers_see_one_whole_release_while_others_publish(tmp_path: Path) -> None:
    """The short form of ``make clash``."""
    published, *readers = clash(tmp_path, publishes=20, reads=100)
    assert published.releases >= 20
    assert not published.errors
    assert {seen.who for seen in readers} == set(WAYS)
    for seen in readers:
        assert (seen.torn, seen.errors) == ((), ()), seen.who
        if seen.who == "DuckDB's file, held open":
            assert seen.releases == 1
        else:
            assert seen.releases > 1, seen.who


def test_a_publisher_who_writes_over_served_files_is_noticed(tmp_path: Path) -> None:
    """The control: the readers above can see a mixture."""
    published, *readers = clash(tmp_path, publishes=8, reads=50, in_place=True)
    assert not published.errors
    assert any(seen.torn or seen.errors for seen in readers)


def test_landings_at_once_land_every_file_once(tmp_path: Path) -> None:
    """Each stages what it finds; only one of them can commit it."""
    stage = make_stage(tmp_path, BASKETS.replace("time_zone: UTC", NAMED_BY_DAY))
    command = [
        "land", "--as-of", str(DAY + timedelta(days=9)), "--data", str(stage.settings.data),
        "--landing", str(stage.settings.landing), "--mappings", str(stage.settings.mappings),
    ]  # fmt: skip
    for number in range(ROUNDS):
        for day in (DAY + timedelta(days=number * 3 + n) for n in range(3)):
            path = stage.settings.landing / "shop" / f"baskets_{day}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [row.replace("b1", f"b1 of {day}") for row in GOOD]
            path.write_text("".join(f"{line}\n" for line in (HEADER, *rows)))
        outcomes = side_by_side([command] * PROCESSES)
        assert [code for code, _ in outcomes] == [EXIT_OK] * PROCESSES, outcomes
    lake = read_lake(stage.settings)
    verify_files(lake.files)
    files = Counter(delivery["file"] for delivery in lake.deliveries)
    assert len(lake.deliveries) == len(files) == ROUNDS * 3
    assert [commit["sequence"] for commit in lake.commits] == list(range(1, len(lake.commits) + 1))
    assert not [path for path in stage.settings.staged.rglob("*") if path.is_file()]


def test_of_two_whole_runs_at_once_each_publishes_or_says_who_is_at_it(tmp_path: Path) -> None:
    """A build takes longer than anybody waits; on a fast machine both may get through."""
    root = tmp_path / "root"
    settings = load_settings(
        data=root / "data", landing=root / "landing", mappings=exchange.MAPPINGS
    )
    exchange.write_exchange(settings.landing)
    exchange.write_rates(settings.landing, exchange.MISSING_RATES)
    command = [
        "run", "--as-of", str(exchange.AS_OF), "--data", str(settings.data),
        "--landing", str(settings.landing), "--mappings", str(settings.mappings),
    ]  # fmt: skip
    outcomes = side_by_side([command] * 2)
    codes = sorted(code for code, _ in outcomes)
    assert codes in ([EXIT_OK, EXIT_BUSY], [EXIT_OK, EXIT_OK]), outcomes
    for code, said in outcomes:
        if code == EXIT_BUSY:
            assert said["code"] == "LOCKED"
            assert '"pid": ' in said["what"]
    lake = read_lake(settings)
    verify_files(lake.files)
    verify_state(settings)
    assert lake.deliveries
    listed = [
        delivery["delivery_id"] for commit in lake.commits for delivery in commit["deliveries"]
    ]
    assert len(listed) == len(set(listed))
    releases = list((settings.marts / "releases").iterdir())
    assert len(releases) == 1
    verify_release(releases[0])
    with open_current(settings) as (connection, manifest):
        assert manifest["run_id"] == releases[0].name
        assert connection.execute("select count(*) from orders").fetchone() != (0,)


def side_by_side(commands: list[list[str]]) -> list[tuple[int, dict[str, Any]]]:
    """Start ``loyalty`` several times at once; return exit code and last word of each."""
    processes = [
        subprocess.Popen(
            [LOYALTY, *command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, "LOYALTY_DUCKDB_MEMORY": "1GB"},
        )
        for command in commands
    ]  # fmt: skip
    said = [process.communicate()[0] for process in processes]
    return [
        (process.returncode, json.loads(text.strip().splitlines()[-1]))
        for process, text in zip(processes, said, strict=True)
    ]
