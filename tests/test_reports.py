"""Reports: their headers, what they read, and that each answers on the published marts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from etl.errors import UsageError
from etl.reports import (
    AUDIENCES,
    REPORTS,
    Report,
    ReportError,
    find_report,
    list_reports,
    run_report,
)
from etl.warehouse.database import read_only

NAMED_MARTS = (
    "customer_lifetime_value",
    "lifecycle_stages",
    "loyalty_segments",
    "winback_targets",
)
# The small company has closed no month; tests/test_close.py asks these where months are closed.
OF_CLOSES = {"value_rollforward"}
HEADER = "-- title: T\n-- audience: finance\n-- answers: What?\n-- reads: orders, refunds\n"
EVERY_REPORT = pytest.mark.parametrize("report", list_reports(), ids=lambda report: report.name)


def write(folder: Path, text: str, name: str = "some_question") -> Path:
    (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder


def parts(node: object, kind: str) -> Iterator[dict[str, Any]]:
    """All objects of a syntax tree that have a key."""
    if isinstance(node, dict):
        if kind in node:
            yield node
        for value in node.values():
            yield from parts(value, kind)
    if isinstance(node, list):
        for value in node:
            yield from parts(value, kind)


def tables_read(sql: str) -> set[str]:
    """Tables a statement reads, without the names it gives to its own parts."""
    with duckdb.connect() as connection:
        text = connection.execute("select json_serialize_sql(?)", [sql]).fetchone()
    tree = json.loads(text[0]) if text else {}
    assert not tree["error"], tree["error_message"]
    assert len(tree["statements"]) == 1
    read = {node["table_name"] for node in parts(tree, "table_name") if "alias" in node}
    own = {entry["key"] for found in parts(tree, "cte_map") for entry in found["cte_map"]["map"]}
    return {name for name in read - own if name}


def test_a_header_is_read(tmp_path: Path) -> None:
    report = find_report("some_question", write(tmp_path, HEADER + "select 1\n"))
    assert report == Report(
        name="some_question",
        title="T",
        audience="finance",
        answers="What?",
        reads=("orders", "refunds"),
        sql=HEADER + "select 1\n",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'title' is missing"),
        (HEADER.replace("-- title: T\n", ""), "'title' is missing"),
        (HEADER.replace("title: T", "title: "), "'title' is missing"),
        (HEADER.replace("answers", "question"), "'answers' is missing"),
        ("-- audience: finance\n-- title: T\n", "'title' is missing"),
        (HEADER.removesuffix("-- reads: orders, refunds\n"), "'reads' is missing"),
        (HEADER.replace("finance", "sales"), "the audience is one of finance, marketing"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReportError, match=told) as caught:
        list_reports(write(tmp_path, text))
    assert caught.value.where.endswith("some_question.sql")


def test_an_unknown_name_gets_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, HEADER)
    with pytest.raises(UsageError, match="Did you mean some_question") as caught:
        find_report("some_qestion", tmp_path)
    assert caught.value.code == "REPORT_UNKNOWN"


def test_a_name_like_no_other_gets_the_list(tmp_path: Path) -> None:
    write(tmp_path, HEADER)
    with pytest.raises(UsageError, match="There are: some_question"):
        find_report("zzz", tmp_path)


def test_a_name_is_no_path(tmp_path: Path) -> None:
    write(tmp_path, HEADER, "outside")
    (tmp_path / "reports").mkdir()
    with pytest.raises(UsageError):
        find_report("../outside", tmp_path / "reports")


def test_a_report_that_does_not_fit_the_release_says_so(tmp_path: Path) -> None:
    report = find_report("some_question", write(tmp_path, HEADER + "select * from absent\n"))
    with duckdb.connect() as connection, pytest.raises(ReportError, match="absent") as caught:
        run_report(connection, report)
    assert caught.value.code == "REPORT_NOT_RUNNABLE"


def test_the_answer_has_the_columns_of_the_statement(tmp_path: Path) -> None:
    report = find_report("some_question", write(tmp_path, HEADER + "select 1 as one, 'b' as two\n"))
    with duckdb.connect() as connection:
        assert run_report(connection, report).to_dicts() == [{"one": 1, "two": "b"}]


@pytest.mark.parametrize("mart", NAMED_MARTS)
@pytest.mark.parametrize("audience", ["finance", "marketing"])
def test_each_named_mart_answers_finance_and_marketing(mart: str, audience: str) -> None:
    readers = [r.name for r in list_reports() if mart in r.reads and r.audience == audience]
    assert len(readers) >= 2


def test_every_audience_has_a_question() -> None:
    assert {report.audience for report in list_reports()} == set(AUDIENCES)


@EVERY_REPORT
def test_a_report_reads_what_its_header_says(report: Report) -> None:
    assert tables_read(report.sql) == set(report.reads)


@EVERY_REPORT
def test_a_report_keeps_the_house_style(report: Report) -> None:
    code = [line for line in report.sql.splitlines() if not line.startswith("--")]
    text = "\n".join(code)
    assert report.answers.endswith("?")
    assert max(map(len, report.sql.splitlines())) <= 100
    assert re.sub(r"'[^']*'", "", text) == re.sub(r"'[^']*'", "", text).lower()
    # The last order by decides what a reader sees first; every key of it says where nulls go.
    last = text.split("order by")[-1].split("limit")[0]
    assert all(" nulls last" in key for key in last.split(",")), last
    assert not re.search(r"\b(current_date|now\(\)|create|insert|attach|copy|read_\w+)\b", text)


@EVERY_REPORT
def test_the_readme_lists_the_report(report: Report) -> None:
    readme = (REPORTS / "README.md").read_text(encoding="utf-8")
    row = f"| `{report.name}` | {report.audience} | {report.answers} |"
    assert row in readme


def test_the_readme_lists_no_other() -> None:
    readme = (REPORTS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", readme, flags=re.MULTILINE)
    assert listed == [report.name for report in list_reports()]


@EVERY_REPORT
def test_a_report_answers_on_the_published_marts(report: Report, built_marts: Path) -> None:
    with read_only(built_marts) as connection:
        published = {row[0] for row in connection.execute("show tables").fetchall()}
        assert set(report.reads) <= published
        answer = run_report(connection, report)
        again = run_report(connection, report)
    assert (answer.height > 0) == (report.name not in OF_CLOSES)
    assert answer.equals(again)


def test_the_shops_revenue_is_the_same_in_both_reports(built_marts: Path) -> None:
    with read_only(built_marts) as connection:
        months = run_report(connection, find_report("revenue_by_month_and_shop"))
        shops = run_report(connection, find_report("unattributed_revenue"))
    assert months["net_revenue"].sum() == shops["net_revenue"].sum()
    difference = months["revenue_before_refunds"] - months["refunded_revenue"]
    assert (difference == months["net_revenue"]).all()


def test_the_forecast_s_coverage_is_that_of_all_customers_and_of_the_year(
    built_marts: Path,
) -> None:
    with read_only(built_marts) as connection:
        coverage = run_report(connection, find_report("forecast_coverage"))
        customers = connection.execute(
            "select count(*), sum(clv_12m_margin_discounted) from customer_lifetime_value"
        ).fetchone()
        revenue = connection.execute(
            "select sum(net_revenue) from orders where is_counted and date_diff('day', ordered_on,"
            " (select max(as_of_date) from customer_lifetime_value)) < 365"
        ).fetchone()
    assert customers is not None
    assert revenue is not None
    assert coverage["rule_id"].is_unique().all()
    assert coverage["customer_count"].sum() == customers[0]
    assert coverage["clv_12m_margin_discounted"].sum() == customers[1]
    assert coverage["net_revenue_last_365_days"].sum() == revenue[0]


def test_the_win_back_universe_is_complete(built_marts: Path) -> None:
    with read_only(built_marts) as connection:
        universe = run_report(connection, find_report("winback_universe"))
        gone = connection.execute(
            "select count(*) from lifecycle_stages where activity_status in ('lapsed', 'lost')"
        ).fetchone()
    assert gone is not None
    assert universe["customer_count"].sum() == gone[0]


def test_every_customer_is_in_one_class_of_each_kind(built_marts: Path) -> None:
    with read_only(built_marts) as connection:
        classes = run_report(connection, find_report("class_distribution"))
        coverage = run_report(connection, find_report("class_coverage"))
        customers = connection.execute("select count(*) from customers").fetchone()
    assert customers is not None
    sums = classes.group_by("domain").agg(pl.col("customers").sum(), pl.col("share").sum())
    assert set(sums["customers"]) == {customers[0]}
    assert sums["share"].cast(float).is_between(0.999, 1.001).all()
    assert classes["label_en"].null_count() == 0
    assert classes["label_zh"].null_count() == 0
    counted = coverage.select(
        pl.sum_horizontal(
            "with_verdict", "unknown", "insufficient", "not_profiled", "not_applicable"
        )
    ).to_series()
    assert counted.equals(coverage["customers"], check_names=False)
    assert set(coverage["domain"]) < set(classes["domain"])
