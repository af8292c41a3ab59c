"""``loyalty export``: write a list that may leave the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli.command import DataOption, JsonOption, reporting, settings_of


def export(
    name: Annotated[str, typer.Argument(help="The list: winback or segments.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for the files.")],
    without_match_keys: Annotated[
        bool,
        typer.Option("--without-match-keys", help="Leave out hashed addresses; needs no vault."),
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a list of the served release as CSV and Parquet; consent decides who is on it."""
    with reporting(as_json) as output:
        from etl.export import export_list

        done = export_list(settings_of(data), name, to, with_match_keys=not without_match_keys)
        if done.manifest.get("not_in_experiment"):
            output.progress(
                f"{done.manifest['not_in_experiment']} eligible customers are in no experiment and"
                " on no list: plan one in dbt_project/seeds/winback_experiments_planned.csv"
            )
        until = done.manifest["use_until_on"]
        if until and until < done.manifest["exported_at"]:
            output.progress(
                f"this list was to be used until {until}; consent may have been withdrawn since:"
                " run the days up to yesterday and export again"
            )
        files = {kind: str(path) for kind, path in done.files.items()}
        output.record({**done.manifest, "files": files}, f"list {name}")
