"""``loyalty vault``: look after the file of clear values."""

from __future__ import annotations

import typer

from etl.cli.command import DataOption, JsonOption, reporting, settings_of

app = typer.Typer(help="Look after the vault of clear personal values.", no_args_is_help=True)


@app.callback()
def vault() -> None:
    """Keep ``rotate`` a command of its own, and not all there is to say."""


@app.command()
def rotate(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Encrypt the vault with a new key; tokens stay. Take a backup of the vault afterwards."""
    with reporting(as_json) as output:
        from etl.privacy.rotating import rotate_vault_key

        output.record({"values": rotate_vault_key(settings_of(data))}, "vault's key rotated")
