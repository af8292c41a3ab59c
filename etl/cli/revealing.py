"""``loyalty reveal``: clear values for the few who may see them."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.command import DataOption, JsonOption, reporting, settings_of
from etl.errors import UsageError


def reveal(
    reason: Annotated[
        str, typer.Option("--reason", help="What it is for; kept, so without any name.")
    ],
    customer: Annotated[
        str, typer.Argument(help="A customer_key, or <source_system>/<id> of one of the records.")
    ] = "",
    token: Annotated[str, typer.Option("--token", help="One token instead of a customer.")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show personal values in clear to who can read the vault. Who asks and why is kept."""
    with reporting(as_json) as output:
        from etl.reveal import reveal_customer, reveal_token

        if bool(customer) == bool(token):
            todo = "Give a customer, or a token with --token, and not both."
            raise UsageError("Nobody said whom to reveal.", where="CUSTOMER", todo=todo)
        settings = settings_of(data)
        if token:
            found = reveal_token(settings, token, reason)
        else:
            found = reveal_customer(settings, customer, reason)
        columns = ("source_system", "entity", "source_id", "field", "value", "known_on")
        rows = [[row[name] for name in columns] for row in found.rows]
        output.rows(columns, rows, found.customer_key or "token")
