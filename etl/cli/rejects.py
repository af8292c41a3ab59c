"""``loyalty rejects`` and ``loyalty check``: what was, or would be, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli.command import (
    DataOption,
    JsonOption,
    LandingOption,
    MappingsOption,
    day_of,
    reporting,
    settings_of,
)

ReasonOption = Annotated[str, typer.Option("--reason", help="Only this reason code.")]
SystemOption = Annotated[str, typer.Option("--system", help="Only this source system.")]
DayOption = Annotated[str, typer.Option("--day", help="Only this business day, YYYY-MM-DD.")]


def rejects(
    reason: ReasonOption = "",
    system: SystemOption = "",
    day: DayOption = "",
    delivery: Annotated[str, typer.Option("--delivery", help="Only this delivery.")] = "",
    rows: Annotated[int, typer.Option("--rows", help="Show so many rows themselves.")] = 0,
    landing: LandingOption = None,
    mappings: MappingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List refused files and rows by reason, source and day; personal data stays masked."""
    with reporting(as_json) as output:
        from etl.lake.quarantine import Filter, list_refusals, reject_rows
        from etl.publish.holds import standings

        settings = settings_of(data, landing, mappings)
        wanted = Filter(reason, system, day_of(day) if day else None, delivery)
        if rows:
            found = reject_rows(settings, wanted, rows)
        else:
            found = list_refusals(settings, wanted, standings(settings))
        output.rows(found.columns, found.rows(), "quarantined")


def check(
    file: Annotated[Path, typer.Argument(help="The export to look at.")],
    mapping: Annotated[Path, typer.Option("--mapping", help="Mapping YAML of its system.")],
    export: Annotated[str, typer.Option("--export", help="Export's name in the mapping.")] = "",
    day: Annotated[str, typer.Option("--day", help="Its business day, YYYY-MM-DD.")] = "",
    rows: Annotated[int, typer.Option("--rows", help="Show so many refused rows too.")] = 0,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run gate, mapping and contract on one file and print what would be refused; load nothing."""
    with reporting(as_json) as output:
        from etl.check import check_file

        business_day = day_of(day) if day else None
        report = check_file(settings_of(data), file, mapping, export, business_day, rows)
        output.rows(report.columns, report.rows, report.title)
        if report.refused is not None:
            output.rows(report.refused.columns, report.refused.rows(), "refused rows")
        if report.blocked:
            raise typer.Exit(3)
