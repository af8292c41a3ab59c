"""Audit, then publish: a new release folder, then one atomic swap of ``current``.

A release is whole before anyone can see it and never changes afterwards. DuckDB readers open
``current/loyalty.duckdb``; Parquet readers resolve ``current`` once and read that folder.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from etl.clock import utc_now
from etl.config import Settings
from etl.errors import LakeCorrupt, LoyaltyError
from etl.faults import reach
from etl.files import (
    FOLDER_MODE,
    fsync_file,
    fsync_folder,
    has_sha256,
    make_folder,
    read_document,
    removed_on_failure,
    sealed,
    sha256_of,
    write_document,
)
from etl.publish.fingerprint import logical_hash
from etl.publish.marts import Mart
from etl.warehouse.database import BUILD_NAME, new_database, open_build, read_only, scratch
from etl.warehouse.record import BuildRecord

RELEASE_FILE_MODE = 0o440
MANIFEST = "manifest.json"


def prepare_release(
    settings: Settings, build: BuildRecord, marts: tuple[Mart, ...]
) -> tuple[Path, dict[str, Any]]:
    """Export the build's marts to a complete folder that nobody sees yet.

    Returns:
        The folder and the release's manifest. A release of the same run id that is there already
        is returned itself, if its marts have the same logical hashes.

    Raises:
        LakeCorrupt: There is a release of the same run id and a file of it changed.
        LoyaltyError: The same run id gave other rows: the build is not reproducible.
    """
    releases = make_folder(settings.marts / "releases")
    final = releases / build.run_id
    working = releases / f".tmp-{build.run_id}"
    for leftover in releases.glob(".tmp-*"):
        shutil.rmtree(leftover)
    with removed_on_failure(working):
        make_folder(working)
        _export(settings, working, marts)
        manifest = sealed(_manifest(settings, working, build, marts))
        if final.exists():
            before = verify_release(final)
            _refuse_other_rows(final, before, manifest)
            shutil.rmtree(working)
            return final, before
        write_document(working / MANIFEST, manifest)
        _seal(working)
        reach("release.prepared")
    return working, manifest


def finish_release(settings: Settings, prepared: Path, run_id: str) -> Path:
    """Give a prepared folder its final name and return it."""
    final = settings.marts / "releases" / run_id
    if prepared != final:
        prepared.rename(final)
        reach("release.named")
        fsync_folder(final.parent)
    return final


def find_release(settings: Settings, run_id: str) -> Path | None:
    """Return the folder of a published run, or None."""
    folder = settings.marts / "releases" / run_id
    return folder if (folder / MANIFEST).exists() else None


def make_current(settings: Settings, release: Path, as_of: date) -> bool:
    """Point ``current`` at a release, unless a release of a later day is served.

    Returns:
        Whether the release is served now.
    """
    served = read_current(settings)
    if served and served["as_of"] > as_of.isoformat():
        return False
    link = settings.marts / "current"
    temporary = settings.marts / ".tmp-current"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(Path("releases") / release.name)
    reach("current.before")
    temporary.replace(link)
    reach("current.after")
    fsync_folder(settings.marts)
    return True


def read_current(settings: Settings) -> dict[str, Any] | None:
    """Return the served release's manifest, or None before the first publish.

    Raises:
        LakeCorrupt: The manifest is damaged.
    """
    path = settings.marts / "current" / MANIFEST
    return read_document(path, "run_id", "as_of") if path.exists() else None


def verify_release(folder: Path) -> dict[str, Any]:
    """Compare every file of a release with its manifest; return the manifest.

    Raises:
        LakeCorrupt: A file is missing or a byte of it changed; names the file.
    """
    manifest = read_document(folder / MANIFEST, "database", "marts")
    for described in (manifest["database"], *manifest["marts"].values()):
        path = folder / described["file"]
        if not has_sha256(path, described["sha256"]):
            raise LakeCorrupt(
                "A published file is missing or its bytes changed.",
                where=str(path),
                todo="Restore the release from a backup, or remove its folder and run again.",
            )
    return manifest


@contextlib.contextmanager
def open_current(settings: Settings) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, Any]]]:
    """Open the served release with its manifest: one release, even if another becomes current.

    Raises:
        LoyaltyError: NOT_PUBLISHED: there is none.
        LakeCorrupt: A file of it changed.
    """
    with open_release(settings.marts / "current") as opened:
        yield opened


@contextlib.contextmanager
def open_release(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, Any]]]:
    """Open a release with its manifest.

    Raises:
        LoyaltyError: NOT_PUBLISHED: there is none.
        LakeCorrupt: A file of it changed.
    """
    folder = folder.resolve()
    with read_only(folder / BUILD_NAME) as connection:
        yield connection, read_document(folder / MANIFEST, "run_id", "as_of")


def _export(settings: Settings, folder: Path, marts: tuple[Mart, ...]) -> None:
    """Write each mart as Parquet, then load those files into the one DuckDB file."""
    with open_build(settings) as build:
        for mart in marts:
            build.execute(
                f"copy (select * from {mart.relation})"  # noqa: S608 - our own names
                f" to {_quoted(f'{folder / mart.name}.parquet')} (format parquet, compression zstd)"
            )
            reach("release.exported")
    with new_database(settings, folder / BUILD_NAME) as release:
        for mart in marts:
            release.execute(
                f'create table "{mart.name}" as'  # noqa: S608
                f" select * from read_parquet({_quoted(f'{folder / mart.name}.parquet')})"
            )
            release.execute(_comments(mart))
    reach("release.loaded")


def _comments(mart: Mart) -> str:
    lines = [f'comment on table "{mart.name}" is {_quoted(mart.description)};']
    lines += [
        f'comment on column "{mart.name}"."{column}" is {_quoted(description)};'
        for column, description in mart.columns.items()
    ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _manifest(
    settings: Settings, folder: Path, build: BuildRecord, marts: tuple[Mart, ...]
) -> dict[str, Any]:
    return {
        **asdict(build),
        "published_at": utc_now().isoformat(),
        "database": {"file": BUILD_NAME, "sha256": sha256_of(folder / BUILD_NAME)},
        "marts": _described(settings, folder, marts),
    }


def _described(
    settings: Settings, folder: Path, marts: tuple[Mart, ...]
) -> dict[str, dict[str, Any]]:
    described = {}
    with scratch(settings) as connection:
        for mart in marts:
            path = folder / f"{mart.name}.parquet"
            rows, logical = logical_hash(connection, path, mart.volatile)
            described[mart.name] = {
                "audience": mart.audience,
                "file": path.name,
                "rows": rows,
                "sha256": sha256_of(path),
                "logical_hash": logical,
            }
    return described


def _refuse_other_rows(
    final: Path, manifest_before: dict[str, Any], manifest: dict[str, Any]
) -> None:
    before, now = manifest_before["marts"], manifest["marts"]
    names = sorted(set(before) | set(now))
    different = [
        n
        for n in names
        if before.get(n, {}).get("logical_hash") != now.get(n, {}).get("logical_hash")
    ]
    if different:
        raise LoyaltyError(
            f"The same inputs gave other rows in: {', '.join(different)}.",
            where=str(final),
            todo="This is a defect: a model is not a pure function of its inputs. Nothing was "
            "published; report it with both manifests.",
            code="NOT_REPRODUCIBLE",
        )


def _seal(folder: Path) -> None:
    """Make a release read-only and durable."""
    for path in folder.iterdir():
        path.chmod(RELEASE_FILE_MODE)
        fsync_file(path)
    folder.chmod(FOLDER_MODE)
    fsync_folder(folder)
