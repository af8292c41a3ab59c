"""Show, on this machine, that the services do what they promise and that a backup brings it back.

``make services`` calls this. It runs the tests that start Airflow's real services and those that
restore a wiped warehouse, and prints what they saw; the exit code is that of the tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from airflow_home import PROJECT_ROOT

from etl.cli.console import Output

SERVICES = "tests/test_services.py"
RESTORE = "tests/test_keep_*.py"
TITLES = {
    "ready": "Services, seconds until they answered",
    "late": "A late export, as the services told it",
    "runs": "DAG runs, in the order they started",
    "hashes": "Marts of three days: the backfill beside daily runs by the command line",
}


def main() -> int:
    """Run the tests, print their tables and return pytest's exit code."""
    restore = sorted(str(path.relative_to(PROJECT_ROOT)) for path in PROJECT_ROOT.glob(RESTORE))
    if not restore:
        sys.stderr.write(f"No test of a restore: {RESTORE}\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", SERVICES, *restore, "-q", f"--junitxml={report}"]
        command += ["-o", "junit_family=xunit1"]  # the newer form has no properties per test
        code = subprocess.run(command, cwd=PROJECT_ROOT, check=False).returncode  # noqa: S603
        if report.exists():
            print_report(ET.parse(report).getroot())  # noqa: S314 - pytest has just written it
    return code


def print_report(report: ET.Element) -> None:
    """Print the tables that tests recorded, then every test with its outcome."""
    output = Output()
    cases = list(report.iter("testcase"))
    tables: dict[str, list[dict[str, str]]] = {name: [] for name in TITLES}
    for kept in report.iter("property"):
        tables[kept.attrib["name"]] += json.loads(kept.attrib["value"])
    for name, rows in tables.items():
        show(output, TITLES[name], rows)
    rows = [(told(case), outcome(case), f"{float(case.get('time', 0)):.0f}") for case in cases]
    output.rows(("shown", "outcome", "seconds"), rows, "What was shown")


def show(output: Output, title: str, rows: list[dict[str, str]]) -> None:
    """Print one recorded table; hashes are shortened to what a person compares."""
    if rows:
        output.rows(list(rows[0]), [[cell[:32] for cell in row.values()] for row in rows], title)


def told(case: ET.Element) -> str:
    """Return a test's name as a sentence."""
    return (case.get("name") or "").removeprefix("test_").replace("_", " ")


def outcome(case: ET.Element) -> str:
    """Return passed, failed, error or skipped."""
    tags = {child.tag for child in case}
    found = [tag for tag in ("failure", "error", "skipped") if tag in tags]
    return {"failure": "FAILED", "error": "ERROR"}.get(found[0], found[0]) if found else "passed"


if __name__ == "__main__":
    sys.exit(main())
