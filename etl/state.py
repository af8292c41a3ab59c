"""What outlives a run and cannot be rebuilt from the lake: append-only, sha256-listed Parquet.

``state/<name>/<commit_id>.parquet`` holds rows, ``state/_commits/<commit_id>.json`` lists the files
of one commit. A run proposes rows; the publish step commits them. Rows carry a day from which they
are known, so that a run as of an earlier day reads what was in force then.

=====================  ==========================================  ====================
name                   one row per                                 in force from
=====================  ==========================================  ====================
clv_models             business unit, segment and fit              ``in_force_from``
clv_parameters         ... and model and parameter                 ``in_force_from``
clv_backtests          ... and model, scope and bucket             ``in_force_from``
clv_totals             ... and horizon                             ``in_force_from``
contract_fits          fit of the renewals of contracts            ``in_force_from``
winback_assignments    experiment and customer drawn into it       ``eligible_on``
winback_results        experiment, stratum and arm, read once      ``read_on``
customer_keys          record, and day its customer key changed    ``changed_on``
class_history          customer, domain, day its code changed      ``changed_on``
accepted_deliveries    delivery whose rejects a person accepted    at once
clv_closes             close of a month                            ``as_of_on``
clv_closed_values      close, customer and business unit           as their close
clv_closed_lines       close, business unit and line               as their close
=====================  ==========================================  ====================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from etl.config import Settings
from etl.errors import LakeCorrupt
from etl.faults import reach
from etl.files import (
    atomic_path,
    fsync_folder,
    has_sha256,
    read_document,
    sha256_of,
    write_document,
)

COMMIT_SEQUENCE = "commit_sequence"
ERASED_ROWS = "erased_rows"


def read_state(
    settings: Settings, name: str, schema: Mapping[str, pl.DataType], as_of: date
) -> pl.DataFrame:
    """Return the rows of one kind of state known by a day, in the order they were committed.

    Returns:
        The columns of ``schema``, null where an older commit lacks one, and ``commit_sequence``,
        which grows from commit to commit.

    Raises:
        LakeCorrupt: A state file's bytes differ from its commit.
    """
    frames = [pl.DataFrame(schema={**schema, COMMIT_SEQUENCE: pl.Int64()})]
    for sequence, path in _verified_files(settings, name, as_of):
        number = pl.lit(sequence, dtype=pl.Int64).alias(COMMIT_SEQUENCE)
        frames.append(pl.read_parquet(path).with_columns(number))
    # A column that came later is null in what was committed before it.
    return pl.concat(frames, how="diagonal")


def last_stated(
    settings: Settings,
    name: str,
    schema: Mapping[str, pl.DataType],
    as_of: date,
    grain: Sequence[str],
) -> pl.DataFrame:
    """Return what was stated last of each ``grain`` by a day: ``schema``, sorted by the grain.

    Raises:
        LakeCorrupt: A state file's bytes differ from its commit.
    """
    stated = read_state(settings, name, schema, as_of).sort(COMMIT_SEQUENCE)
    return stated.unique(grain, keep="last").select(list(schema)).sort(grain)


def state_paths(settings: Settings, name: str, as_of: date) -> list[Path]:
    """Return the files of one kind of state known by a day, verified, for what is too much to read.

    Raises:
        LakeCorrupt: A state file's bytes differ from its commit.
    """
    return [path for _, path in _verified_files(settings, name, as_of)]


def commit_state(
    settings: Settings, commit_id: str, as_of: date, proposals: Mapping[str, pl.DataFrame]
) -> None:
    """Append a run's proposals as one commit; the same commit again changes nothing.

    Raises:
        LakeCorrupt: There is a commit of this id, and it holds other rows.
    """
    marker = settings.state / "_commits" / f"{commit_id}.json"
    filled = {name: frame for name, frame in proposals.items() if frame.height}
    if not filled:
        return
    if marker.exists():
        _refuse_other_rows(settings, marker, filled)
        return
    files = [_append(settings, name, commit_id, frame) for name, frame in sorted(filled.items())]
    commit = {
        "commit_id": commit_id,
        "sequence": len(_commits(settings)),
        "as_of": as_of.isoformat(),
        "files": files,
    }
    write_document(marker, commit)


def rewrite_state(
    settings: Settings, name: str, mark: str, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> int:
    """Write the rows of one kind of state anew where ``change`` makes others of them; an erasure.

    Each commit is exchanged by one rename and names the new file, so a killed run has rewritten
    fewer commits; the old files go last. A commit says how many of its rows were erased.

    Args:
        mark: Part of the new files' names, of the erasure.
        change: Returns the rows that stay, perhaps under other keys, in their order.

    Returns:
        Rows that went or were changed.

    Raises:
        LakeCorrupt: A state file's bytes differ from its commit.
    """
    touched = 0
    for commit in _commits(settings):
        files = []
        for file in commit["files"]:
            before = after = None
            if file["name"] == name:
                before = pl.read_parquet(_verified(settings.state / file["path"], file["sha256"]))
                after = change(before)
            if before is None or after is None or after.equals(before):
                files.append(file)
                continue
            new = _append(settings, name, f"{commit['commit_id']}.{mark}", after)
            gone = before.height - after.height
            files.append({**new, ERASED_ROWS: file.get(ERASED_ROWS, 0) + gone})
            touched += before.join(after, on=before.columns, how="anti", nulls_equal=True).height
        if files != commit["files"]:
            path = settings.state / "_commits" / f"{commit['commit_id']}.json"
            write_document(path, {**commit, "files": files})
    _remove_unlisted(settings, name)
    return touched


def erased_rows(settings: Settings, name: str, commit_id: str) -> int | None:
    """Return how many rows of one kind erasures took from a commit; None where none touched it.

    Zero says that a firm's rows go on under another key.
    """
    found = [
        int(file[ERASED_ROWS])
        for commit in _commits(settings)
        if commit["commit_id"] == commit_id
        for file in commit["files"]
        if file["name"] == name and ERASED_ROWS in file
    ]
    return sum(found) if found else None


def _remove_unlisted(settings: Settings, name: str) -> None:
    listed = {settings.state / f["path"] for c in _commits(settings) for f in c["files"]}
    for path in settings.state.glob(f"{name}/*.parquet"):
        if path not in listed:
            path.unlink()
            fsync_folder(path.parent)


def verify_state(settings: Settings) -> int:
    """Compare every file of the state with its commit; return how many there are.

    Raises:
        LakeCorrupt: A commit cannot be read, or a state file's bytes differ from its commit.
    """
    return len([_verified(path, sha256) for path, sha256 in state_files(settings)])


def state_files(settings: Settings) -> list[tuple[Path, str]]:
    """Return every file of the state with its sha256, what a backup must have to be whole."""
    folder = settings.state / "_commits"
    documents = [(path, sha256_of(path)) for path in sorted(folder.glob("*.json"))]
    rows = [
        (settings.state / file["path"], file["sha256"])
        for path, _ in documents
        for file in read_document(path, "files")["files"]
    ]
    return rows + documents


def _refuse_other_rows(
    settings: Settings, marker: Path, proposals: Mapping[str, pl.DataFrame]
) -> None:
    """Rows are compared, not bytes: another version of Polars may write the same rows anew.

    A run that is repeated finds in state what it committed and proposes less; never anything else.
    """
    files = read_document(marker, "files")["files"]
    kept = {
        file["name"]: pl.read_parquet(_verified(settings.state / file["path"], file["sha256"]))
        for file in files
    }
    other = sorted(
        name for name, rows in proposals.items() if name not in kept or not kept[name].equals(rows)
    )
    if other:
        raise LakeCorrupt(
            f"This commit exists already, with other rows of {', '.join(other)}.",
            where=str(marker),
            todo="Nothing was written. Restore data/state from a backup if the commit is not "
            "what was published; else remove data/warehouse and run again.",
        )


def _append(
    settings: Settings, name: str, commit_id: str, frame: pl.DataFrame
) -> dict[str, str | int]:
    path = settings.state / name / f"{commit_id}.parquet"
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary)
    reach("state.written")
    return {
        "name": name,
        "path": str(path.relative_to(settings.state)),
        "sha256": sha256_of(path),
        "rows": frame.height,
    }


def _commits(settings: Settings) -> list[dict[str, Any]]:
    found = [read_document(path) for path in (settings.state / "_commits").glob("*.json")]
    return sorted(found, key=lambda commit: int(commit["sequence"]))


def _verified_files(settings: Settings, name: str, as_of: date) -> list[tuple[int, Path]]:
    """Return commit sequence and path of each file of a kind known by a day, in that order."""
    return [
        (int(commit["sequence"]), _verified(settings.state / file["path"], file["sha256"]))
        for commit in _commits(settings)
        if commit["as_of"] <= as_of.isoformat()
        for file in commit["files"]
        if file["name"] == name
    ]


def _verified(path: Path, sha256: str) -> Path:
    if not has_sha256(path, sha256):
        raise LakeCorrupt(
            "A state file is missing or its bytes changed.",
            where=str(path),
            todo="Restore data/state from a backup; it cannot be rebuilt from the lake.",
        )
    return path
