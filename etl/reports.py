"""Questions to the published marts: one SQL file each in ``sql/reports``, with a spoken header.

A report starts with four comment lines in this order, then one select statement::

    -- title: Revenue by month and shop
    -- audience: finance
    -- answers: How much was sold, given back and kept, by month and shop?
    -- reads: orders
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import polars.selectors as cs

from etl.config import SQL_ROOT
from etl.errors import LoyaltyError, UsageError

REPORTS = SQL_ROOT / "reports"
AUDIENCES = ("finance", "marketing", "service", "data")
HEADER = ("title", "audience", "answers", "reads")


class ReportError(LoyaltyError):
    """A report file breaks the rules of the folder, or does not fit the release."""

    default_code = "REPORT_INVALID"


@dataclass(frozen=True)
class Report:
    """One question and the statement that answers it.

    Args:
        name: File name without ``.sql``.
        title: Headline of the answer.
        audience: finance, marketing, service or data.
        answers: What it answers, one sentence.
        reads: Marts it reads, in the order written.
        sql: The file's whole text.
    """

    name: str
    title: str
    audience: str
    answers: str
    reads: tuple[str, ...]
    sql: str


def list_reports(folder: Path = REPORTS) -> tuple[Report, ...]:
    """Return all reports of a folder, sorted by name.

    Raises:
        ReportError: A file's header is not as it should be.
    """
    return tuple(_read(path) for path in sorted(folder.glob("*.sql")))


def find_report(name: str, folder: Path = REPORTS) -> Report:
    """Return the report of a name.

    Raises:
        UsageError: There is none of that name; suggests the nearest ones.
        ReportError: Its header is not as it should be.
    """
    names = sorted(path.stem for path in folder.glob("*.sql"))
    if name not in names:
        near = difflib.get_close_matches(name, names)
        raise UsageError(
            f"There is no report {name!r}.",
            where=str(folder),
            todo=f"Did you mean {' or '.join(near)}?"
            if near
            else f"There are: {', '.join(names)}.",
            code="REPORT_UNKNOWN",
        )
    return _read(folder / f"{name}.sql")


def run_report(connection: duckdb.DuckDBPyConnection, report: Report) -> pl.DataFrame:
    """Answer a report's question.

    Args:
        connection: Open to a published release, see :func:`etl.warehouse.database.read_only`.
        report: The question.

    Returns:
        The columns and rows of the report's statement, in its order.

    Raises:
        ReportError: The release lacks a mart or a column that the report reads.
    """
    try:
        answer: pl.DataFrame = connection.sql(report.sql).pl()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        # These two name tables and columns only; other engine errors may quote a value.
        raise ReportError(
            f"The report does not fit the release: {str(error).splitlines()[0]}",
            where=f"{report.name}.sql",
            todo="Correct the report, or publish with the current models: `loyalty run`.",
            code="REPORT_NOT_RUNNABLE",
        ) from None
    # DuckDB adds up whole numbers in 128 bits, which arrive as decimals without decimals.
    return answer.with_columns(cs.by_dtype(pl.Decimal(38, 0)).cast(pl.Int64))


def _read(path: Path) -> Report:
    text = path.read_text(encoding="utf-8")
    head = _header(path, text)
    if head["audience"] not in AUDIENCES:
        raise _broken(path, f"the audience is one of {', '.join(AUDIENCES)}")
    reads = tuple(name.strip() for name in head["reads"].split(","))
    return Report(path.stem, head["title"], head["audience"], head["answers"], reads, text)


def _header(path: Path, text: str) -> dict[str, str]:
    """Return the values of the header lines; each is there, filled, and in its place."""
    head = {}
    lines = (text + "\n" * len(HEADER)).splitlines()
    for line, key in zip(lines, HEADER, strict=False):
        value = line.removeprefix(f"-- {key}: ").strip()
        if not line.startswith(f"-- {key}: ") or not value:
            expected = ", ".join(f"'-- {name}: …'" for name in HEADER)
            raise _broken(path, f"the first lines are {expected}, and '{key}' is missing")
        head[key] = value
    return head


def _broken(path: Path, rule: str) -> ReportError:
    return ReportError(
        "The header of a report is not as it should be.",
        where=str(path),
        todo=f"Correct it: {rule}.",
    )
