"""``loyalty backfill``: past business days, one after the other."""

from __future__ import annotations

from dataclasses import asdict, fields
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


def backfill(
    first: Annotated[str, typer.Option("--from", help="First business day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last business day, inclusive.")],
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Build days whose exports never came.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build days again that are published already.")
    ] = False,
    landing: LandingOption = None,
    mappings: MappingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build and publish past days as each would have been on its day; goes on where it stopped."""
    with reporting(as_json) as output:
        from etl.backfill import BackfilledDay, backfill_days

        days = backfill_days(
            settings_of(data, landing, mappings),
            day_of(first),
            day_of(last),
            output.progress,
            allow_missing=allow_missing,
            rebuild=rebuild,
        )
        done: list[BackfilledDay] = []
        try:
            for day in days:
                output.progress(f"{day.as_of} {day.outcome}: {day.run_id}")
                done.append(day)
        finally:  # what was published before a day failed stays published, and is told
            columns = [field.name for field in fields(BackfilledDay)]
            output.rows(columns, [tuple(asdict(day).values()) for day in done], "backfilled")
