"""What every command shares: options, settings, and how an error becomes a message."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.console import Output
from etl.config import Settings, load_settings
from etl.errors import LoyaltyError, UsageError
from etl.failures import failures_named
from etl.files import close_to_others, readable

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Data root, absolute. [env LOYALTY_DATA]")
]
LandingOption = Annotated[
    str | None,
    typer.Option(
        "--landing", help="Folder of exports, or s3://bucket/prefix. [env LOYALTY_LANDING]"
    ),
]
MappingsOption = Annotated[
    Path | None, typer.Option("--mappings", help="Folder of mapping YAML. [env LOYALTY_MAPPINGS]")
]
AsOfOption = Annotated[
    str, typer.Option("--as-of", help="Last business day that counts, YYYY-MM-DD, inclusive.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON even on a terminal.")]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", help="What dbt builds on: duckdb or spark. [env LOYALTY_ENGINE]"),
]
RefitOption = Annotated[bool, typer.Option("--refit", help="Fit the value models again.")]


@contextlib.contextmanager
def reporting(as_json: bool) -> Iterator[Output]:
    """Turn an error the user can act on into its message and exit code.

    What the command writes is closed to others from the start.
    """
    close_to_others()
    output = Output(as_json=as_json)
    try:
        with failures_named():
            yield output
    except LoyaltyError as error:
        output.error(error)
        raise typer.Exit(error.exit_code) from None
    except BrokenPipeError:
        raise  # the reader has gone away; Typer ends in silence
    except OSError as error:
        told = LoyaltyError(
            f"A file cannot be read or written: {error.strerror or error}.",
            where=readable(str(error.filename or "")),
            todo="Check the path, mode and disk.",
            code="IO_ERROR",
        )
        output.error(told)
        raise typer.Exit(told.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def settings_of(
    data: Path | None,
    landing: str | None = None,
    mappings: Path | None = None,
    engine: str | None = None,
) -> Settings:
    """Read the settings; what the command line says wins."""
    return load_settings(data=data, landing=landing, mappings=mappings, engine=engine)


def day_of(text: str) -> date:
    """Read a day.

    Raises:
        UsageError: The text is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a day.", where="--as-of or --day", todo="Write it as YYYY-MM-DD."
        ) from None
