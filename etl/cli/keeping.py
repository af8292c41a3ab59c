"""Commands that keep the warehouse: compact, backup, restore, keep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli.command import DataOption, JsonOption, LandingOption, MappingsOption
from etl.cli.command import reporting as _reporting
from etl.cli.command import settings_of as _settings

app = typer.Typer()

_FOLDER = "Folder of the backups, outside the data root. [env LOYALTY_BACKUP]"
_VAULT_FOLDER = "Folder of the vault's backups, apart from both. [env LOYALTY_VAULT_BACKUP]"


@app.command()
def compact(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Join the small lake files of closed months; the rows stay the same, provably."""
    with _reporting(as_json) as output:
        from etl.keep.compaction import compact_lake

        commit = compact_lake(_settings(data), output.progress)
        joined = commit["joined"] if commit else {}
        rows = [
            (
                table,
                len(c["before"]["files"]),
                len(c["after"]["files"]),
                c["rows"],
                c["logical_hash"],
            )
            for table, c in joined.items()
        ]
        columns = ("table", "files_before", "files_after", "rows", "logical_hash")
        output.rows(columns, rows, commit["batch_id"] if commit else "nothing to join")


@app.command()
def backup(
    to: Annotated[Path | None, typer.Option("--to", help=_FOLDER)] = None,
    vault_to: Annotated[Path | None, typer.Option("--vault-to", help=_VAULT_FOLDER)] = None,
    without_vault: Annotated[
        bool, typer.Option("--without-vault", help="Leave keys and vault to another backup.")
    ] = False,
    reread: Annotated[
        bool, typer.Option("--reread", help="Read unchanged files of the backup again, too.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Back up lake, state and served release, and the vault to a place of its own."""
    with _reporting(as_json) as output:
        from etl.keep.backup import back_up

        settings = _settings(data)
        target, vault = to or settings.backup, vault_to or settings.vault_backup
        done = back_up(
            settings, target, vault, output.progress, reread=reread, without_vault=without_vault
        )
        output.record(done, "backed up")


@app.command()
def restore(
    source: Annotated[Path | None, typer.Option("--from", help=_FOLDER)] = None,
    vault_source: Annotated[Path | None, typer.Option("--vault-from", help=_VAULT_FOLDER)] = None,
    generation: Annotated[
        str, typer.Option("--generation", help="Which backup; the newest by default.")
    ] = "",
    only_check: Annotated[
        bool, typer.Option("--check", help="Read every byte of the backup; restore nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the data root holds.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup back, after reading every byte of it."""
    with _reporting(as_json) as output:
        from etl.keep.restore import restore as put_back

        settings = _settings(data)
        done = put_back(
            settings,
            source or settings.backup,
            vault_source or settings.vault_backup,
            output.progress,
            generation=generation,
            force=force,
            only_check=only_check,
        )
        output.record(done, "checked" if only_check else "restored")


@app.command()
def keep(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and why; remove nothing.")
    ] = False,
    data: DataOption = None,
    landing: LandingOption = None,
    mappings: MappingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove what the rules of data/README.md let go."""
    with _reporting(as_json) as output:
        from etl.keep.retention import clean_up
        from etl.space import in_megabytes

        done = clean_up(_settings(data, landing, mappings), dry_run=dry_run)
        title = "would be removed" if dry_run else "removed"
        columns = ("rule", "path", "bytes", "why")
        output.rows(columns, [found.row() for found in done.removed], title)
        freed = sum(found.bytes for found in done.removed)
        output.text(f"{in_megabytes(freed)} {title}, {in_megabytes(done.shared_bytes)} shared")
