"""Lists handed out of the warehouse: two files a tool can load, and what is in them.

A list is a mart ``export_<name>`` of the served release: who is on it is decided there, by consent
and by the arm of an experiment, and never here. Here the match keys are added, the one thing that
needs the vault, and the files are written so that a spreadsheet takes no cell for a formula.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from etl.clock import utc_now
from etl.config import Settings
from etl.contract.columns import Pii
from etl.errors import DataBlocked, LoyaltyError, UsageError
from etl.faults import reach
from etl.files import atomic_path, sha256_of, write_json
from etl.frames import without_formulas
from etl.locks import writer_lock
from etl.privacy.tokens import Vault, normalise
from etl.publish.release import open_current
from etl.warehouse.build import last_build
from etl.warehouse.database import frame, open_build, statement

LISTS = ("winback", "segments")
_MATCH_KINDS: tuple[Pii, ...] = ("email", "phone")


@dataclass(frozen=True)
class Exported:
    """A list as written.

    Args:
        files: Paths by kind: csv, parquet, manifest.
        manifest: What the manifest says.
    """

    files: dict[str, Path]
    manifest: dict[str, Any]


def export_list(
    settings: Settings, name: str, folder: Path, *, with_match_keys: bool = True
) -> Exported:
    """Write a list of the served release as Parquet and CSV, with a manifest.

    The manifest goes first and comes last: files without one are of a run that was killed.

    Args:
        name: winback or segments.
        folder: Where the files go; made if it is missing. Files of the same list are replaced.
        with_match_keys: Add ``email_sha256`` and ``phone_sha256`` of those who granted
            third_party_matching; null for all others.

    Raises:
        UsageError: There is no such list.
        LoyaltyError: NOT_PUBLISHED: there is no release. BUILD_GONE: match keys are wanted and the
            build behind the release is no longer there.
        DataBlocked: CONSENT_STALE: a consent feed is too old to rule out withdrawals.
    """
    if name not in LISTS:
        todo = f"There are: {', '.join(LISTS)}."
        raise UsageError(f"There is no list {name!r}.", where="list", todo=todo)
    with open_current(settings) as (release, served):
        _refuse_stale(frame(release, "select * from consent_feeds where is_stale"))
        rows = frame(release, f"select * from export_{name} order by customer_key")  # noqa: S608
        counts = frame(release, "select line, customer_count from winback_suppressions")
    if with_match_keys:
        keys = _match_keys(settings, served["run_id"], rows.select("customer_key"))
        rows = rows.join(keys, on="customer_key", how="left", maintain_order="left")
    manifest_path = folder / f"{name}.manifest.json"
    _begin(folder, manifest_path)
    reach("export.begun")
    files = _write(rows, folder, name)
    reach("export.written")
    manifest = {
        "list": name,
        "run_id": served["run_id"],
        "as_of": served["as_of"],
        "exported_at": utc_now().isoformat(),
        "use_until_on": _use_until(rows),
        "rows": rows.height,
        "columns": rows.columns,
        "files": {path.name: sha256_of(path) for path in files.values()},
        "match_keys": _matched(rows),
    } | (_not_listed(counts) if name == "winback" else {})
    write_json(manifest_path, manifest)
    reach("export.done")
    return Exported({**files, "manifest": manifest_path}, manifest)


def hashed_addresses(tokens: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    """Turn tokens into what advertising tools match with.

    Args:
        tokens: ``customer_key``, ``email_token`` and ``phone_token`` (null without one).

    Returns:
        ``customer_key``, ``email_sha256`` and ``phone_sha256``: hex sha256 of the normalised
        address, see :func:`etl.privacy.tokens.normalise`; null for what the vault does not know.
    """
    hashed = {}
    for kind in _MATCH_KINDS:
        values = vault.reveal_all(tokens[f"{kind}_token"].drop_nulls())
        digests = {token: _digest(kind, value) for token, value in values.items()}
        hashed[f"{kind}_sha256"] = pl.col(f"{kind}_token").replace_strict(
            digests, default=None, return_dtype=pl.String
        )
    return tokens.select("customer_key", **hashed)


def _digest(kind: Pii, value: str) -> str:
    return sha256(normalise(kind, value).encode()).hexdigest()


def _refuse_stale(stale: pl.DataFrame) -> None:
    if stale.is_empty():
        return
    systems = ", ".join(
        f"{system} (last on {day})"
        for system, day in stale.select("source_system", "last_delivered_on").iter_rows()
    )
    raise DataBlocked(
        f"A consent feed is too old to rule out withdrawals: {systems}.",
        where="consent_feeds",
        todo="Deliver consent up to the day, header-only if there was none, and run again.",
        code="CONSENT_STALE",
    )


def _match_keys(settings: Settings, run_id: str, listed: pl.DataFrame) -> pl.DataFrame:
    """Read the tokens from the build behind the release; no mart holds one."""
    with writer_lock(settings):
        built = last_build(settings)
        if built is None or built.record.run_id != run_id:
            raise LoyaltyError(
                "Match keys need the build behind the served release, and another one is there.",
                where=str(settings.warehouse),
                todo="Run `loyalty run` again as of the release's day, or export "
                "with --without-match-keys.",
                code="BUILD_GONE",
            )
        with open_build(replace(settings, engine=built.record.engine)) as build:
            tokens = frame(build, statement("read_match_tokens"))
    return hashed_addresses(tokens.join(listed, on="customer_key", how="semi"), Vault(settings))


def _matched(rows: pl.DataFrame) -> dict[str, int]:
    names = [f"{kind}_sha256" for kind in _MATCH_KINDS]
    return {name: rows[name].count() for name in names if name in rows.columns}


def _not_listed(counts: pl.DataFrame) -> dict[str, int]:
    """Return the eligible who are not on the win-back list: held back, or in no experiment."""
    of_line = dict(counts.iter_rows())
    return {name: of_line[name] for name in ("holdout", "not_in_experiment")}


def _use_until(rows: pl.DataFrame) -> str | None:
    """Return the last day on which all of a list may be used; None for an empty list."""
    last = rows["use_until_on"].min()
    return None if last is None else str(last)


def _begin(folder: Path, manifest: Path) -> None:
    """Take back the word that the files are whole, and what a killed run left half-written."""
    for path in (manifest, *folder.glob(".tmp-*.part")):
        path.unlink(missing_ok=True)


def _write(rows: pl.DataFrame, folder: Path, name: str) -> dict[str, Path]:
    files = {kind: folder / f"{name}.{kind}" for kind in ("csv", "parquet")}
    with atomic_path(files["parquet"]) as temporary:
        rows.write_parquet(temporary)
    with atomic_path(files["csv"]) as temporary:
        without_formulas(rows).write_csv(temporary)
    return files
