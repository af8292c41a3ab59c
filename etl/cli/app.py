"""The commands. Each is a few lines: read the options, call one function of etl, print.

Heavy modules are imported inside the commands so that ``--help`` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli import keeping, vault
from etl.cli.backfill import backfill
from etl.cli.closing import close
from etl.cli.command import (
    AsOfOption,
    DataOption,
    EngineOption,
    JsonOption,
    LandingOption,
    MappingsOption,
    RefitOption,
)
from etl.cli.command import day_of as _day
from etl.cli.command import reporting as _reporting
from etl.cli.command import settings_of as _settings
from etl.cli.erasing import erase
from etl.cli.explaining import explain
from etl.cli.exporting import export
from etl.cli.rejects import check, rejects
from etl.cli.replaying import replay
from etl.cli.revealing import reveal

app = typer.Typer(
    help="The loyalty warehouse: exports in, customer value, loyalty, lifecycle and win-back out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(backfill)
app.command()(close)
app.command()(erase)
app.command()(export)
app.command()(explain)
app.command()(check)
app.command()(rejects)
app.command()(replay)
app.command()(reveal)


@app.command()
def run(
    as_of: AsOfOption,
    landing: LandingOption = None,
    mappings: MappingsOption = None,
    data: DataOption = None,
    engine: EngineOption = None,
    refit: RefitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Land, build and publish: the whole route, without Airflow."""
    with _reporting(as_json) as output:
        from etl import route
        from etl.cli.summary import print_summary

        settings = _settings(data, landing, mappings, engine)
        done = route.run(settings, _day(as_of), output.progress, refit=refit)
        print_summary(settings, output, done.release)


@app.command()
def land(
    as_of: AsOfOption,
    landing: LandingOption = None,
    mappings: MappingsOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring delivered exports up to a business day into the lake."""
    with _reporting(as_json) as output:
        from etl import route

        commits = route.land(_settings(data, landing, mappings), _day(as_of), output.progress)
        columns = (
            "batch_id", "deliveries", "records", "accepted", "quarantined", "rejected_files",
        )  # fmt: skip
        output.rows(columns, [[c[name] for name in columns] for c in commits], "landed")


@app.command()
def build(
    as_of: AsOfOption,
    data: DataOption = None,
    engine: EngineOption = None,
    refit: RefitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Build and check the warehouse as of a day; publish nothing."""
    with _reporting(as_json) as output:
        from etl import route

        settings = _settings(data, engine=engine)
        built = route.build(settings, _day(as_of), output.progress, refit=refit)
        output.record(
            {"run_id": built.record.run_id, "warnings": len(built.record.warnings)}, "built"
        )


@app.command()
def publish(
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help="Accept a held delivery's rejected rows; repeatable."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish the last build: audit, release, swap ``current``."""
    with _reporting(as_json) as output:
        from etl import route

        settings = _settings(data)
        output.record(route.publish_last(settings, output.progress, accept or []), "published")


@app.command()
def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show what is landed, built and served."""
    with _reporting(as_json) as output:
        from etl.cli.summary import print_status

        print_status(_settings(data), output)


@app.command(name="map")
def map_(
    file: Annotated[Path, typer.Argument(help="An export with a header row.")],
    system: Annotated[str, typer.Option("--system", help="Name of its source system.")],
    table: Annotated[
        list[str] | None,
        typer.Option("--table", help="Contract table; repeatable; else found out."),
    ] = None,
    business_unit: Annotated[str, typer.Option("--business-unit", help="Shop or brand.")] = "",
    currency: Annotated[str, typer.Option("--currency", help="Of all amounts, as EUR.")] = "",
    time_zone: Annotated[str, typer.Option("--time-zone", help="Of the business day.")] = "",
    encoding: Annotated[str, typer.Option("--encoding", help="As utf-16, latin-1.")] = "",
    delimiter: Annotated[str, typer.Option("--delimiter", help="Else found out.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Write the mapping here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Propose a mapping for an export nobody has mapped; say what is unsure and what is missing."""
    with _reporting(as_json) as output:
        from etl.cli.proposal import print_proposal
        from etl.proposal import Asked, propose

        asked = Asked(
            system, tuple(table or ()), business_unit, currency, time_zone, encoding, delimiter
        )
        proposal = propose(file, asked)
        print_proposal(output, proposal, out)
        if proposal.needed:
            raise typer.Exit(3)


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="Report to run; none lists them.")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer one of the questions in sql/reports from the published marts."""
    with _reporting(as_json) as output:
        from etl.publish.release import open_current
        from etl.reports import find_report, list_reports, run_report

        if not name:
            listed = [(r.name, r.audience, r.title) for r in list_reports()]
            output.rows(("name", "audience", "title"), listed, "reports")
            return
        wanted = find_report(name)
        with open_current(_settings(data)) as (connection, _):
            answer = run_report(connection, wanted)
        output.rows(answer.columns, answer.rows(), wanted.title)


@app.command()
def demo(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Fetch the demo data and write the demo company's exports into the landing folder."""
    with _reporting(as_json) as output:
        from etl.demo import write_demo

        output.record(write_demo(_settings(data), output.progress), "demo exports")


@app.command()
def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Look for what would make a run fail: versions, folders, keys, space, mappings, corruption."""
    with _reporting(as_json) as output:
        from etl.doctor import examine

        findings = examine(_settings(data))
        output.rows(("check", "ok", "finding", "do"), [f.row() for f in findings], "doctor")
        if not all(finding.ok for finding in findings):
            raise typer.Exit(1)


app.add_typer(keeping.app)
app.add_typer(vault.app, name="vault")
