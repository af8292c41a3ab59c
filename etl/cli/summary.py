"""What a run did, for the person who ran it: rows in and out, classes, value, where to go next."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import Any

import polars as pl

from etl.cli.console import Output
from etl.config import DEFAULT_CURRENCY, Settings
from etl.keep.overview import overview
from etl.lake.commits import read_lake
from etl.publish.release import open_release, read_current
from etl.reports import find_report, run_report
from etl.warehouse.build import last_build
from etl.warehouse.database import BUILD_NAME
from etl.warehouse.rates import missing_rates

# Questions every reader asks first, each a file in sql/reports, and the columns to show of it.
_REPORTS: dict[str, tuple[str, ...]] = {
    "customer_value_by_shop": (
        "business_unit",
        "customer_count",
        "order_count",
        "net_revenue",
        "margin",
        "with_forecast",
        "clv_12m_margin_discounted",
    ),
    "value_models": (
        "business_unit",
        "model_segment",
        "model",
        "choice_code",
        "rmse",
        "naive_rmse",
    ),
    "margin_coverage": ("source_system", "margin_basis", "net_revenue", "margin", "margin_rate"),
    "class_distribution": (),
    "lifecycle_funnel": (),
    "winback_universe": ("outcome", "customer_count", "lapsed_count", "lost_count"),
}


_KIND_WIDTH = 16  # the longest word in the name of a kind, and some


def print_summary(settings: Settings, output: Output, release: Path | None = None) -> None:
    """Print a release: reconciliation, quarantine, classes, value, and what next.

    Args:
        release: The release's folder; None for the one that is served.
    """
    folder = release or settings.marts / "current"
    if not folder.exists():
        output.text("Nothing has been published yet.")
        return
    with open_release(folder) as (connection, manifest):
        if output.data_is_json:
            output.record({**_headline(settings, manifest), **_figures(manifest)})
            return
        output.record(_headline(settings, manifest), "published")
        _print_tables(manifest, output)
        for name, columns in _REPORTS.items():
            report = find_report(name)
            answer = run_report(connection, report)
            answer = _by_kind(answer) if "domain" in answer.columns else answer
            answer = answer.select(columns) if columns else answer
            output.rows(answer.columns, answer.rows(), report.title)
    output.text(_NEXT)


def _by_kind(sizes: pl.DataFrame) -> pl.DataFrame:
    """Put the classes of a kind into one cell: a line for each would be longer than a screen."""
    kinds = sizes.group_by("domain", maintain_order=True)
    return pl.DataFrame(
        [
            (fill(_words(kind), _KIND_WIDTH), " · ".join(map(_sized, rows.iter_rows(named=True))))
            for (kind,), rows in kinds
        ],
        schema={"kind": pl.String, "classes": pl.String},
        orient="row",
    )


def _sized(row: dict[str, Any]) -> str:
    """Name a class, its size and share; and what is lacking where that is not in the name."""
    lacks = row["undetermined_because"] in {"unknown", "insufficient"}
    why = f" ({row['why']})" if lacks else ""
    return f"{row['label_en']} {row['customers']:,} {row['share']:.1%}{why}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def print_status(settings: Settings, output: Output) -> None:
    """Print what is landed, built, served and kept, and what the last build's checks said."""
    lake, build, served = read_lake(settings), last_build(settings), read_current(settings)
    warnings = build.record.warnings if build else {}
    unrated = missing_rates(settings)
    root = str(settings.data)
    output.record(
        {
            "data": root if settings.data.is_dir() else f"{root} (there is no such folder yet)",
            "lake_version": lake.version if lake.commits else "empty",
            "commits": len(lake.commits),
            "deliveries": len(lake.deliveries),
            "last_business_day": max((d["business_day"] for d in lake.deliveries), default="none"),
            "last_build": build.record.run_id if build else "none",
            "served": served["run_id"] if served else "none",
            "served_as_of": served["as_of"] if served else "none",
            "warnings": dict(warnings) if output.data_is_json else len(warnings),
            "held": f"NO_RATE: {unrated.height} records" if unrated.height else "no",
            **overview(settings),
        },
        "status",
    )
    if unrated.height and not output.data_is_json:
        output.rows(unrated.columns, unrated.rows(), "no rate of exchange: deliver it, run again")
    if warnings and not output.data_is_json:
        output.rows(("check", "warning"), warnings.items(), "warnings of the last build")


def _headline(settings: Settings, manifest: dict[str, Any]) -> dict[str, Any]:
    generated = sorted(
        {
            delivery["system"]
            for delivery in read_lake(settings).deliveries
            if delivery["source"]["is_generated"]
        }
    )
    served = read_current(settings)
    headline = {
        "as_of": manifest["as_of"],
        "run_id": manifest["run_id"],
        "reporting_currency": manifest["variables"].get("reporting_currency", DEFAULT_CURRENCY),
        "marts": len(manifest["marts"]),
        "database": str(settings.marts / "releases" / manifest["run_id"] / BUILD_NAME),
        "is_served": bool(served and served["run_id"] == manifest["run_id"]),
        "warnings": len(manifest["warnings"]),
    }
    return headline | ({"made_up_data": ", ".join(generated)} if generated else {})


def _figures(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what a machine asks of a run: rows per mart, and the reconciliation."""
    rows = {name: mart["rows"] for name, mart in manifest["marts"].items()}
    return {"rows": rows, "reconciliation": manifest["reconciliation"]}


def _print_tables(manifest: dict[str, Any], output: Output) -> None:
    columns: tuple[str, ...] = (
        "system",
        "table",
        "rows in",
        "refused",
        "accepted",
        "amount",
    )
    tables = manifest["reconciliation"]["tables"]
    systems = [row["source_system"] for row in tables]
    named = [new if new != last else "" for last, new in pairwise(["", *systems])]
    rows: list[tuple[Any, ...]] = [
        (
            system,
            _words(row["table_name"].removeprefix("crm_")),
            row["rows_delivered"],
            row["rows_rejected"],
            row["rows_in_lake"],
            _money(row["amount_in_lake"]),
        )
        for system, row in zip(named, tables, strict=True)
    ]
    output.rows(columns, rows, "from file to lake, nothing lost")
    columns = ("system", "versions", "orders", "order total", "net revenue", "gift cards")
    rows = [
        (
            row["source_system"],
            row["versions_in_lake"],
            row["orders_in_mart"],
            _money(row["total_of_orders"]),
            _money(row["net_revenue_in_mart"]),
            _money(row["gift_card_sales_in_mart"]),
        )
        for row in manifest["reconciliation"]["orders"]
    ]
    output.rows(columns, rows, "from lake to mart, nothing lost")


def _money(amount: str | None) -> str:
    """Show an amount to the cent; it comes from the manifest as text and never is a double."""
    return "" if amount is None else f"{Decimal(amount):,.2f}"


_NEXT = """
What next
  .venv/bin/loyalty report       ready questions for finance and marketing
  .venv/bin/loyalty explain      why a customer is in each class: <customer_key>
  .venv/bin/loyalty rejects      what was quarantined, and why
  .venv/bin/loyalty status       what is landed, built and served
  make airflow                   the same DAGs, run by Airflow's own scheduler
"""
