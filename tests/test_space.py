"""A full disk is foreseen where it can be, and has one name wherever it strikes."""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import route, space
from etl.config import PROJECT_ROOT, KeepRules, Settings
from etl.errors import Busy, DiskFull
from etl.warehouse.build import build_warehouse
from etl.warehouse.database import build_path
from tests.company.generate import MAPPINGS, company, write_company

LOYALTY = Path(sys.executable).with_name("loyalty")


def test_too_little_room_says_how_much_is_needed(tmp_path: Path) -> None:
    space.require_space(tmp_path / "not" / "made" / "yet", 1, "This")
    with pytest.raises(DiskFull, match=r"This needs about 1,000,000,000,000,000.0 MB .* are free"):
        space.require_space(tmp_path, 10**21, "This")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/data/x"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError("No space left on device (os error 28)"),
        duckdb.IOException('IO Error: Could not write file "x": No space left on device'),
        duckdb.OutOfMemoryException("failed to offload: max_temp_directory_size is 1 GiB"),
    ],
)
def test_a_full_disk_has_one_name(error: Exception) -> None:
    with pytest.raises(DiskFull) as caught, space.full_disk_named():
        raise error
    assert caught.value.code == "DISK_FULL"
    assert "loyalty keep" in caught.value.todo


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "denied"), Busy("held"), KeyError("x")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, space.full_disk_named():
        raise error
    assert caught.value is error


def test_duckdb_says_so_when_its_own_limit_is_reached(tmp_path: Path) -> None:
    with pytest.raises(DiskFull), space.full_disk_named(), duckdb.connect() as connection:
        connection.execute(f"set temp_directory = '{tmp_path}'")
        connection.execute("set memory_limit = '20MB'")
        connection.execute("set max_temp_directory_size = '1MB'")
        connection.execute("create table t as select range, md5(range::text) from range(3000000)")


def test_nothing_is_staged_without_room_for_it(settings: Settings) -> None:
    write_company(settings.landing, days=1)
    cramped = replace(settings, keep=KeepRules(landing_space_factor=10**12))
    with pytest.raises(DiskFull, match="Staging"):
        route.land(cramped, company(1).as_of)
    assert not any((settings.data / "staged").rglob("*.parquet"))


def test_the_last_build_stays_when_there_is_no_room_for_another(settings: Settings) -> None:
    build_path(settings).parent.mkdir(parents=True)
    build_path(settings).write_bytes(b"x" * 1000)
    cramped = replace(settings, keep=KeepRules(build_space_factor=10**15))
    with pytest.raises(DiskFull, match="The build"):
        build_warehouse(cramped, company(1).as_of, print)
    assert build_path(settings).exists()


def test_a_landing_that_fills_the_disk_is_whole_after_one_retry(tmp_path: Path) -> None:
    """At each size it dies at another place; the last disk is large enough."""
    landing = tmp_path / "landing"
    write_company(landing, days=1)
    tight = [f"{kilobytes}k" for kilobytes in (200, 400)]
    land = ["land", "--as-of", company(1).as_of.isoformat(), "--landing", str(landing)]
    *full, done = on_growing_disk(tmp_path, [*tight, "60m"], land)
    assert {line.get("code") for line in full} == {"DISK_FULL"}
    assert done["deliveries"] > 0


def test_a_build_that_fills_the_disk_says_so(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    write_company(landing, days=1)
    run = ["run", "--as-of", company(1).as_of.isoformat(), "--landing", str(landing)]
    (error,) = on_growing_disk(tmp_path, ["10m"], run)
    assert error["code"] == "DISK_FULL"


def test_a_disk_that_is_full_from_a_point_on_costs_nothing_but_the_step(tmp_path: Path) -> None:
    """On 24 MB, filled to the last block when a step comes to a point: 24 points, one by one."""
    root = tmp_path / "small"
    root.mkdir()
    script = f"mount -t tmpfs -o size=24m tmpfs {root} || exit 99\n"
    seen = on_own_mounts(script + shlex.join([sys.executable, "-m", "tests.filling", str(root)]))
    assert len(seen) == len({line["point"] for line in seen}) == 24
    for line in seen:
        assert line["reached"], line
        assert line["said"] in {"DISK_FULL", "done"}, line
        assert line["left"] == line["left_after_retry"] == [], line
        assert line["served_the_old"], line
    # The others need no room from there on: names, links and one symbolic link.
    assert sum(line["said"] == "DISK_FULL" for line in seen) >= 18


def on_growing_disk(folder: Path, sizes: list[str], arguments: list[str]) -> list[dict[str, Any]]:
    """Run ``loyalty`` once per size, in a data root on a file system of its own that grows.

    Returns:
        The last line each run wrote, be it an error or the answer.
    """
    root = folder / "small"
    root.mkdir()
    command = [LOYALTY, *arguments, "--data", root, "--mappings", MAPPINGS, "--json"]
    script = f"mount -t tmpfs -o size={sizes[0]} tmpfs {root} || exit 99\n"
    for size in sizes:
        script += f"mount -o remount,size={size} {root}\n"
        script += f"{shlex.join(map(str, command))} 2>&1 | tail -1\n"
    return on_own_mounts(script)


def on_own_mounts(script: str) -> list[dict[str, Any]]:
    """Run a script that may mount; return the lines of JSON it wrote."""
    environment = os.environ | {"LOYALTY_KEEP_LANDING_SPACE_FACTOR": "1"}
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script],
        capture_output=True, text=True, check=False, env=environment, cwd=PROJECT_ROOT,
    )  # fmt: skip
    if "unshare:" in done.stderr or done.returncode == 99:
        pytest.skip(f"NO MOUNT, NOT TESTED: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
