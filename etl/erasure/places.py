"""Where else an erased person stands: state, vault, quarantine, staged files, build, lists."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from etl.config import Settings
from etl.contract import TABLES
from etl.erasure.reading import lake_rows
from etl.export import LISTS
from etl.files import TEMPORARY, atomic_path, make_folder, read_document, sha256_of
from etl.history import CLASS_HISTORY
from etl.ingest.staging import sweep
from etl.lake.commits import Lake, read_lake
from etl.lake.quarantine import note_masked
from etl.privacy.quarantined import mask_erased
from etl.privacy.suppression import Erased
from etl.privacy.vault import Vault
from etl.state import rewrite_state
from etl.warehouse.assignments import ASSIGNMENTS
from etl.warehouse.closes import CLOSED_VALUES, all_closes
from etl.warehouse.database import discard_build
from etl.warehouse.identities import KEY_STATE, key_history

# Column of the key, and the columns that with it tell one row from another.
_KEYED = {
    ASSIGNMENTS: ("assigned_key", ("experiment",)),
    CLASS_HISTORY: ("customer_key", ("domain", "changed_on")),
    CLOSED_VALUES: ("customer_key", ("close_id", "business_unit")),
}
_Spans = Mapping[str, list[tuple[date, str | None]]]
_LIST_KINDS = ("csv", "parquet")
# Folders of the data root that hold something else: see data/README.md.
_NO_LISTS = (
    "access", "airflow", "containers", "demo", "erasures", "fetched", "landing", "marts", "raw",
    "rejects", "staged", "state", "vault", "warehouse",
)  # fmt: skip


def erase_from_state(settings: Settings, erased: Erased, erasure_id: str) -> dict[str, int]:
    """Take the keys of the erased out of state; a firm's rows go on under its next key.

    Returns:
        Rows that went or were changed, by kind of state.
    """
    closed_on = dict(all_closes(settings, date.max).select("close_id", "as_of_on").iter_rows())
    days = {
        ASSIGNMENTS: pl.col("eligible_on"),
        CLASS_HISTORY: pl.col("changed_on"),
        CLOSED_VALUES: pl.col("close_id").replace_strict(
            closed_on, default=None, return_dtype=pl.Date
        ),
    }
    spans = _firm_keys(key_history(settings), erased)
    changes: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
        name: _without_key(erased, column, others, days[name], spans)
        for name, (column, others) in _KEYED.items()
    }
    # Comes last: the others are told by it, also when a killed erasure is ended.
    changes[KEY_STATE] = lambda rows: _key_history(rows, erased)
    mark = f"erased-{erasure_id}"
    return {name: rewrite_state(settings, name, mark, change) for name, change in changes.items()}


def erase_from_vault(settings: Settings, lake: Lake) -> int:
    """Keep only the clear values that a row of the lake still needs; return how many went."""
    needed = [
        lake_rows(lake, name, [column])[column].drop_nulls().unique().rename("token")
        for name, table in sorted(TABLES.items())
        for column in table.pii
    ]
    return Vault(settings).keep_only(pl.concat(needed).unique())


def erase_from_quarantine(settings: Settings, erased: Erased) -> int:
    """Mask the quarantined rows in which a cell names somebody who was erased; count them.

    Their number stays, and the file's age, which decides when it goes.
    """
    masked = 0
    systems = {delivery["system"] for delivery in read_lake(settings).deliveries}
    for path in sorted(settings.rejects.glob("*.parquet")):
        before = pl.read_parquet(path)
        after = mask_erased(before, erased, systems)
        if after.equals(before):
            continue
        status = path.stat()
        with atomic_path(path) as temporary:
            after.write_parquet(temporary)
            os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))
            note_masked(settings.rejects, path.stem, sha256_of(temporary))
        masked += int((after["raw_json"] != before["raw_json"]).sum())
    return masked


def drop_staged(settings: Settings) -> int:
    """Remove what is staged and not committed: the landing has it, and the list is obeyed there."""
    sweep(settings)
    folders = sorted(settings.staged.glob("[!_]*/*/*"))
    for folder in folders:
        shutil.rmtree(folder)
    return len(folders)


def drop_private_build(settings: Settings) -> None:
    """Remove the build, its inputs (hard links to old files) and what DuckDB spilled."""
    discard_build(settings)
    for name in ("inputs", "tmp"):
        shutil.rmtree(settings.warehouse / name, ignore_errors=True)
        make_folder(settings.warehouse / name)


def remove_lists(settings: Settings, since: date) -> int:
    """Remove exported lists within the data root that may hold somebody known since a day.

    Whether their release is still there does not matter. What a killed export left has no manifest
    that tells its day: it goes too, and is not counted.
    """
    removed = 0
    for name in LISTS:
        for manifest in sorted(settings.data.rglob(f"{name}.manifest.json")):
            if date.fromisoformat(read_document(manifest, "as_of", "files")["as_of"]) >= since:
                for path in (manifest, *(manifest.with_name(f"{name}.{k}") for k in _LIST_KINDS)):
                    path.unlink(missing_ok=True)
                removed += 1
    for path in _unfinished_lists(settings):
        path.unlink(missing_ok=True)
    return removed


def _unfinished_lists(settings: Settings) -> list[Path]:
    """Return list files without a manifest; never from where something else is kept."""
    names = [f"{name}.{kind}" for name in LISTS for kind in _LIST_KINDS]
    folders = [
        path
        for path in settings.data.glob("[!.]*")
        if path.is_dir() and path.name not in _NO_LISTS and path != settings.landing
    ]
    found = [path for folder in folders for name in names for path in folder.rglob(name)]
    found += [settings.data / name for name in names]
    left = [path for path in found if not path.with_name(f"{path.stem}.manifest.json").exists()]
    return left + [path for folder in folders for path in folder.rglob(f"{TEMPORARY}*.part")]


def _firm_keys(history: pl.DataFrame, erased: Erased) -> _Spans:
    """Return the keys that firms had which go on under their own, by day, oldest first."""
    firms = pl.Series(sorted(set(erased.successors.values())), dtype=pl.String)
    spans: dict[str, list[tuple[date, str | None]]] = {}
    known = history.filter(pl.col("record_key").is_in(firms.implode())).sort("changed_on")
    for firm, changed_on, key in known.select(
        "record_key", "changed_on", "customer_key"
    ).iter_rows():
        spans.setdefault(firm, []).append((changed_on, key))
    return spans


def _without_key(
    erased: Erased, column: str, others: tuple[str, ...], day: pl.Expr, spans: _Spans
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Rows from before a firm came under a key, or after it left, were the person's: they go."""

    def next_key(key: str, on: date) -> str | None:
        firm = erased.successor(key)
        if firm is None or firm not in spans:
            return firm
        keys = [had for since, had in spans[firm] if since <= on]
        return firm if keys and keys[-1] == key else None

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        is_gone = erased.is_key(rows[column])
        told = zip(rows[column], rows.select(day).to_series(), is_gone, strict=True)
        keys = [next_key(key, on) if gone else key for key, on, gone in told]
        moved = rows.with_columns(pl.Series(column, keys, dtype=pl.String))
        # What a firm has under its own key already stays the only row of its kind.
        is_second = is_gone & moved.select(pl.struct(column, *others).is_duplicated()).to_series()
        return moved.filter(pl.col(column).is_not_null() & ~is_second)

    return change


def _rekeyed(rows: pl.DataFrame, column: str, erased: Erased) -> pl.DataFrame:
    """Put a firm's next key in the place of an erased record's; null where there is none."""
    is_erased = erased.is_key(rows[column])
    keys = [
        erased.successor(key) if is_gone else key
        for key, is_gone in zip(rows[column], is_erased, strict=True)
    ]
    return rows.with_columns(pl.Series(column, keys, dtype=pl.String))


def _key_history(rows: pl.DataFrame, erased: Erased) -> pl.DataFrame:
    """Take the erased out of the history of keys, as if they had never been.

    What became of a key that is theirs is no change any more, for nobody knows that key.
    """
    others = rows.filter(~erased.is_key(rows["record_key"]))
    had, has = others["old_key"].is_not_null(), others["customer_key"].is_not_null()
    keyed = _rekeyed(_rekeyed(others, "customer_key", erased), "old_key", erased)
    frame = keyed.with_columns(had.alias("\0had"), has.alias("\0has"))
    lost = pl.col("\0had") & pl.col("old_key").is_null()
    left = frame.filter(~(pl.col("\0has") & pl.col("customer_key").is_null()))
    left = left.filter(~(pl.col("\0had") & pl.col("old_key").eq_missing(pl.col("customer_key"))))
    return left.with_columns(
        pl.when(~lost).then(name).alias(name) for name in ("old_known_on", "reason")
    ).drop("\0had", "\0has")
