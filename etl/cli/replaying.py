"""``loyalty replay``: put a better reading in the place of what lost something."""

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
from etl.cli.rejects import DayOption, ReasonOption, SystemOption
from etl.errors import UsageError


def replay(
    delivery: Annotated[
        str, typer.Argument(help="The delivery to replace, as `loyalty rejects` names it.")
    ] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="The corrected file, whole; else read again.")
    ] = None,
    fewer: Annotated[
        bool, typer.Option("--fewer", help="Take a file of fewer records than before.")
    ] = False,
    reason: ReasonOption = "",
    system: SystemOption = "",
    day: DayOption = "",
    note: Annotated[str, typer.Option("--note", help="Why, for the certificate.")] = "",
    landing: LandingOption = None,
    mappings: MappingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace deliveries that lost something: by a corrected file, or after a corrected mapping."""
    with reporting(as_json) as output:
        from etl.lake.quarantine import Filter
        from etl.publish.holds import standings
        from etl.replay import replay_file, replay_mapping

        settings = settings_of(data, landing, mappings)
        if file is not None:
            if not delivery:
                todo = "`loyalty rejects` lists deliveries."
                raise UsageError("Which delivery does it replace?", where="--file", todo=todo)
            done, left = replay_file(settings, delivery, file, note, fewer=fewer), None
        else:
            wanted = Filter(reason, system, day_of(day) if day else None, delivery)
            done, left = replay_mapping(settings, wanted, note, output.progress)
        standing = standings(settings)
        columns = (
            "source_system", "export", "business_day", "file", "replaced", "by", "accepted_before",
            "accepted", "refused_before", "refused", "standing",
        )  # fmt: skip
        rows = [
            (
                one["source_system"], one["export"], one["business_day"], one["after"]["file"],
                one["before"]["delivery"], one["after"]["delivery"], one["before"]["accepted"],
                one["after"]["accepted"], one["before"]["refused"], one["after"]["refused"],
                standing.get(one["after"]["delivery"], "clean"),
            )
            for one in done
        ]  # fmt: skip
        output.rows(columns, rows, "replayed")
        if left:
            raise left
