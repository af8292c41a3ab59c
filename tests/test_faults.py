"""Points at which a process can be told to die: all are placed, and it dies there alone."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from etl import faults
from etl.config import PROJECT_ROOT
from etl.errors import ConfigError
from etl.faults import POINTS, reach

# Either a whole name, or an area whose moments have their names from a table of steps.
_PLACED = re.compile(r'\breach\(\s*(?:"([^"]+)"|f"([a-z]+\.)\{)')


def test_every_point_is_placed_once_and_every_place_is_a_point() -> None:
    places = [
        place
        for path in sorted((PROJECT_ROOT / "etl").rglob("*.py"))
        for place in _PLACED.findall(path.read_text(encoding="utf-8"))
    ]
    named = [name for name, _ in places if name]
    tabled = tuple(area for _, area in places if area)
    assert len(named) == len(set(named))
    assert set(named) <= set(POINTS)
    assert all(point.startswith(tabled) for point in set(POINTS) - set(named))


def test_without_the_variable_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAULT_AT", raising=False)
    before = faults.times_reached().get("discover.found", 0)
    reach("discover.found")
    assert faults.times_reached()["discover.found"] == before + 1


@pytest.mark.parametrize("wanted", ["nowhere", "discover.found:x", "discover.found:-1", ":2"])
def test_a_point_that_is_none_is_told(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT_AT", wanted)
    with pytest.raises(ConfigError, match="not a point"):
        reach("discover.found")


@pytest.mark.parametrize(
    ("wanted", "said"), [("files.written", "1"), ("files.written:2", "1 2"), ("stage.begun", "1 2")]
)
def test_a_process_dies_at_its_point_and_not_before(wanted: str, said: str) -> None:
    code = (
        "from etl.faults import reach\n"
        "for n in (1, 2):\n"
        "    print(n, flush=True)\n"
        "    reach('files.written')\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
        env={"FAULT_AT": wanted},
    )
    assert died.stdout.split() == said.split()
    assert died.returncode == (0 if wanted == "stage.begun" else -signal.SIGKILL)
