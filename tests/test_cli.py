"""The command line: data on stdout, words on stderr, an exit code a scheduler can act on."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import typer

from etl.cli.app import _reporting
from etl.errors import EXIT_DATA_BLOCKED, EXIT_FAILURE, EXIT_OK, EXIT_SOURCE_LATE, EXIT_USAGE
from tests.company.generate import MAPPINGS, write_company, write_manifest
from tests.company.published import PublishedCompany

LOYALTY = Path(sys.executable).with_name("loyalty")


def loyalty(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LOYALTY, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """Files made in the test are open to everybody, unless the command says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_help_is_there_without_loading_the_engines():
    code = (
        "import sys, etl.cli.app;"
        "sys.exit(any(m in sys.modules for m in ('polars', 'duckdb', 'dbt', 'airflow')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == EXIT_OK
    assert "report" in loyalty("--help").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "--as-of", "yesterday"),
        ("status", "--data", "relative/path"),
        ("report", "no_such_report"),
        ("nonsense",),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error_and_no_traceback(arguments):
    done = loyalty(*arguments)
    assert done.returncode == EXIT_USAGE
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_status_says_where_it_looked_and_that_nothing_is_there(tmp_path):
    (status,) = lines(loyalty("status", "--data", tmp_path / "mistyped").stdout)
    assert status["data"] == f"{tmp_path}/mistyped (there is no such folder yet)"


def test_an_error_says_what_where_and_what_to_do(tmp_path):
    done = loyalty("report", "loyalty_class_sizes", "--data", tmp_path)
    (error,) = lines(done.stderr)
    assert error["code"] == "NOT_PUBLISHED"
    assert all(error[part] for part in ("what", "where", "todo"))


def test_a_late_source_has_its_own_exit_code_and_publishes_nothing(tmp_path):
    write_company(tmp_path / "landing", days=1)
    done = loyalty(
        "run", "--as-of", "2026-02-15", "--data", tmp_path / "data",
        "--landing", tmp_path / "landing", "--mappings", MAPPINGS,
    )  # fmt: skip
    assert done.returncode == EXIT_SOURCE_LATE
    assert lines(done.stderr)[-1]["code"] == "SOURCE_LATE"
    assert not (tmp_path / "data" / "marts" / "current").exists()


def test_a_delivery_that_lost_too_much_waits_for_a_person_and_is_then_published(tmp_path):
    data, landing = tmp_path / "data", tmp_path / "landing"
    day = write_company(landing, days=1).as_of.isoformat()
    spoil_one_amount(landing / "south_shop" / day)
    where = ("--data", data)
    held = loyalty("run", "--as-of", day, *where, "--landing", landing, "--mappings", MAPPINGS)
    assert held.returncode == EXIT_DATA_BLOCKED
    error = lines(held.stderr)[-1]
    assert error["code"] == "DELIVERY_HELD"
    assert f"south_shop sales_20260127.csv of {day} lost" in error["what"]
    assert "--accept" in error["todo"]
    assert not (data / "marts" / "current").exists()
    assert loyalty("publish", *where).returncode == EXIT_DATA_BLOCKED

    accepted = loyalty("publish", *where, "--accept", error["where"])
    assert accepted.returncode == EXIT_OK, accepted.stderr
    (published,) = lines(accepted.stdout)
    assert (published["as_of"], published["is_served"]) == (day, True)
    (kept,) = (data / "state" / "accepted_deliveries").glob("*.parquet")
    assert pl.read_parquet(kept)["delivery_id"].to_list() == [error["where"]]
    assert loyalty("publish", *where).returncode == EXIT_OK  # accepted once, for good


def spoil_one_amount(folder: Path) -> None:
    """Make one row of a drop unreadable; the manifest still promises as many."""
    (path,) = folder.glob("*.csv")
    header, first, *others = path.read_text("utf-8").splitlines()
    cells = first.split(";")
    cells[header.split(";").index("Betrag")] = "viel"
    path.write_text("\n".join([header, ";".join(cells), *others, ""]), "utf-8")
    write_manifest(folder, {"mode": "incremental"})


def test_status_and_doctor_answer_in_json(published: PublishedCompany):
    data = published.settings.data
    (status,) = lines(loyalty("status", "--data", data).stdout)
    assert status["served"] == published.result.run_id
    assert "order_lines_without_product" in status["warnings"]
    examined = loyalty("doctor", "--data", data)
    found = {row["check"]: row["ok"] for row in lines(examined.stdout)}
    assert found["lake"]
    assert found["served release"]


def test_rejects_lists_what_was_planted(published: PublishedCompany):
    listed = lines(loyalty("rejects", "--data", published.settings.data).stdout)
    assert sum(row["rows"] or 0 for row in listed) == sum(
        r.rows for r in published.expected.refused
    )
    (row, *_) = lines(loyalty("rejects", "--rows", 1, "--data", published.settings.data).stdout)
    assert row["source_row"]
    assert row["raw_json"]


def test_reports_are_listed_and_run(published: PublishedCompany):
    data = published.settings.data
    names = [row["name"] for row in lines(loyalty("report", "--data", data).stdout)]
    assert "loyalty_class_sizes" in names
    sizes = lines(loyalty("report", "loyalty_class_sizes", "--data", data).stdout)
    assert sum(row["customer_count"] for row in sizes) == published.one(
        "select count(*) from customers"
    )


def test_check_says_what_would_be_refused_and_loads_nothing(tmp_path):
    good = tmp_path / "sales_2026-01-31.csv"
    mapping = tmp_path / "shop.yml"
    mapping.write_text(
        """
system: shop
business_time_zone: UTC
exports:
  sales:
    files: "sales_*.csv"
    business_day: "_([0-9]{4}-[0-9]{2}-[0-9]{2})"
    targets:
      orders:
        columns:
          order_id: {from: order}
          business_unit: {const: shop}
          channel: {const: web}
          status: {const: completed}
          is_test: {const: "false"}
          ordered_at: {from: at}
          currency: {const: EUR}
          gross_items: {from: amount}
          discount: {const: "0"}
          shipping: {const: "0"}
          tax: {const: "0"}
          total: {from: amount}
"""
    )
    good.write_text("order,at,amount\n1,2026-01-30T10:00:00Z,12.50\n2,2026-01-30T10:00:00Z,3\n")
    done = loyalty("check", good, "--mapping", mapping, "--data", tmp_path / "data")
    assert done.returncode == EXIT_OK, done.stderr
    assert lines(done.stdout) == [
        {
            "table": "orders",
            "outcome": "accepted",
            "reason": "",
            "rows": 2,
            "column": None,
            "what": "",
            "do": "",
        }
    ]
    good.write_text("order,at,amount\n1,2026-01-30T10:00:00Z,1e3\n2,2026-01-30T10:00:00Z,3\n")
    asked = ("check", good, "--mapping", mapping, "--rows", 5, "--data", tmp_path / "data")
    done = loyalty(*asked)
    assert done.returncode == EXIT_DATA_BLOCKED
    accepted, refused, *shown = lines(done.stdout)
    assert (accepted["outcome"], accepted["rows"]) == ("accepted", 1)
    assert (refused["reason"], refused["rows"], refused["what"]) == (
        "NOT_A_NUMBER", 1, "gross_items is not a plain decimal number.",
    )  # fmt: skip
    assert refused["do"]
    assert [(row["source_row"], row["value"]) for row in shown] == [(1, "1e3")]
    assert not (tmp_path / "data" / "raw").exists()


def test_check_takes_the_day_from_the_manifest_beside_the_file_and_holds_its_promises(tmp_path):
    write_company(tmp_path / "landing", days=1)
    file = tmp_path / "landing" / "north_shop" / "2026-01-27" / "refunds.csv"
    asked = ("check", file, "--mapping", MAPPINGS / "north_shop.yml", "--data", tmp_path / "data")
    done = loyalty(*asked)
    assert done.returncode == EXIT_OK, done.stderr
    with file.open("a", encoding="utf-8") as opened:
        opened.write(file.read_text(encoding="utf-8").splitlines()[-1] + "\n")
    assert loyalty(*asked).returncode == EXIT_DATA_BLOCKED
    (file.parent / "_manifest.json").unlink()
    error = lines(loyalty(*asked).stderr)[-1]
    assert error["code"] == "NO_BUSINESS_DAY"
    assert "--day" in error["todo"]


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "DISK_FULL"), (errno.EACCES, "IO_ERROR")]
)
def test_an_error_of_the_disk_says_what_where_and_what_to_do(
    number: int, code: str, capsys: pytest.CaptureFixture[str], open_to_all: None
) -> None:
    path = "/data/" + os.fsdecode(b"\xff")
    with pytest.raises(typer.Exit) as caught, _reporting(as_json=True):
        raise OSError(number, os.strerror(number), path)
    assert caught.value.exit_code == EXIT_FAILURE
    (error,) = lines(capsys.readouterr().err)
    assert (error["code"], error["where"]) == (code, "/data/\\xff")
    assert os.strerror(number) in error["what"]
    assert error["todo"]


def test_a_command_that_cannot_write_shows_no_traceback(tmp_path):
    (tmp_path / "file").touch()
    done = loyalty("publish", "--data", tmp_path / "file" / "data", "--accept", "0" * 16)
    assert done.returncode == EXIT_FAILURE
    assert "Traceback" not in done.stderr


def test_what_a_command_writes_is_closed_to_others(tmp_path: Path, open_to_all: None) -> None:
    with _reporting(as_json=True):
        (tmp_path / "written").touch()
        (tmp_path / "made").mkdir()
    assert (tmp_path / "written").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o750
