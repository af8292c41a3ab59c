"""``loyalty erase``: forget people, everywhere and for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli.command import (
    DataOption,
    EngineOption,
    JsonOption,
    LandingOption,
    MappingsOption,
    reporting,
    settings_of,
)


def erase(
    pending: Annotated[
        bool, typer.Option("--pending", help="Whoever requests in the lake name (crm_erasures).")
    ] = False,
    customer: Annotated[
        list[str] | None,
        typer.Option("--customer", help="A record, <source_system>/<id>; repeatable."),
    ] = None,
    email_file: Annotated[
        Path | None, typer.Option("--email-file", help="A file of addresses, one a line.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="Scopes of requests that mean all; default: all, everything."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be erased; change nothing.")
    ] = False,
    data: DataOption = None,
    landing: LandingOption = None,
    mappings: MappingsOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase people from lake, vault, state, quarantine and releases; end what was begun before."""
    with reporting(as_json) as output:
        from etl.erasure.erasing import erase as carry_out
        from etl.erasure.erasing import preview
        from etl.erasure.requests import SCOPES, Asked

        settings = settings_of(data, landing, mappings, engine)
        asked = Asked(pending, tuple(customer or ()), email_file, tuple(scope or SCOPES))
        if dry_run:
            found = preview(settings, asked)
            output.rows(("what", "number"), found.counts().items(), "would be erased")
            requests = {
                "requests": found.named.requests,
                "other scope": found.named.left,
                "address not known yet": found.named.waiting,
            }
            counted = [(what, len(names)) for what, names in requests.items()]
            output.rows(("what", "number"), counted, "requests")
            return
        done = carry_out(settings, asked, output.progress)
        columns = ("erasure_id", "requests", "files_of_the_lake", "releases_removed", "certificate")
        rows = [
            (
                certificate["erasure_id"],
                len(certificate["requests"]),
                certificate["counts"]["lake"],
                len(certificate["releases_removed"]),
                f"erasures/certificates/{certificate['erasure_id']}.json",
            )
            for certificate in done
        ]
        output.rows(columns, rows, "erased" if rows else "nobody is left to erase")
        for certificate in done:
            left = certificate["left_to_others"]
            output.progress(
                f"they also stand in {len(left['delivered_in'])} files as delivered, if those still"
                f" lie in the landing, and in {len(left['backups'])} backups: the certificate names"
                " them"
            )
