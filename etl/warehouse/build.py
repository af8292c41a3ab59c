"""Builds the private warehouse from lake and state: dbt, with identity and CLV fitted in between.

Four dbt calls under one lock, because some steps are no SQL: who is one customer (connected
components), whether all money has a rate of exchange, the parameters of the value models (maximum
likelihood) and what experiments found (intervals, bootstrap).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from etl.config import DBT_PROJECT, PROJECT_ROOT, SQL_ROOT, Settings
from etl.errors import DataBlocked
from etl.faults import reach
from etl.files import (
    DIGEST,
    atomic_path,
    damaged,
    digest_of,
    has_sha256,
    read_document,
    sha256_of,
    write_document,
)
from etl.history import CLASS_HISTORY
from etl.lake.commits import Lake, read_lake
from etl.lake.snapshot import write_snapshot
from etl.privacy.suppression import refuse_unfinished
from etl.space import require_space
from etl.warehouse.assignments import (
    ASSIGNMENTS,
    known_assignments,
    read_entries,
    write_assignments,
)
from etl.warehouse.class_history import known_classes, propose_classes, write_classes
from etl.warehouse.closes import CLOSES, known_closes, write_closes
from etl.warehouse.contracts import CONTRACT_FITS, fit_renewals, known_fits
from etl.warehouse.database import build_size, discard_build, open_build, record_path
from etl.warehouse.engines import running_engine
from etl.warehouse.experiments import RESULTS, known_results, measure_experiments
from etl.warehouse.identities import KEY_STATE, known_changes, resolve_identities
from etl.warehouse.rates import refuse_missing_rates, reporting_variables
from etl.warehouse.reconcile import reconcile
from etl.warehouse.record import BuildRecord
from etl.warehouse.transform import DbtRun, Progress
from etl.warehouse.values import fit_values, stored_fits

# One frame per kind of state, by name.
Frames = dict[str, pl.DataFrame]

_IDENTITY_MODELS = "+int_orders_latest +int_contacts_latest +int_accounts_latest +int_leads_latest"
_SUMMARY_MODELS = (
    "+int_clv_summaries +int_clv_calibrations +int_parameters_in_force +int_records_without_rate"
    " +int_contract_terms"
)
# They add money up, so they wait until every amount is known to have a rate.
_EXPERIMENT_MODELS = "+int_winback_experiments_listed +int_winback_uplifts_assumed"
_BEFORE_EXPERIMENTS = f"{_IDENTITY_MODELS} {_SUMMARY_MODELS}"
# These tests can only count rows; what etl asks in their place can tell what is wrong.
_RATES_TEST = "records_have_a_rate"
_RECONCILIATION_TEST = "reconciliation_has_no_difference"
# What state knows by a day. Each kind counts in the name of a run, as do the fits of values.
_KINDS: dict[str, Callable[[Settings, date], pl.DataFrame]] = {
    ASSIGNMENTS: known_assignments,
    CLASS_HISTORY: known_classes,
    CLOSES: known_closes,
    CONTRACT_FITS: known_fits,
    KEY_STATE: known_changes,
    RESULTS: known_results,
}
_CODE_SUFFIXES = {".py", ".sql", ".yml", ".csv", ".json"}


@dataclass(frozen=True)
class Build:
    """A finished, unpublished build and the state it proposes."""

    record: BuildRecord
    proposals: Frames


def build_warehouse(
    settings: Settings,
    as_of: date,
    progress: Progress,
    *,
    refit: bool = False,
) -> Build:
    """Build and check everything as of a day; publish nothing. The caller holds the writer lock.

    Args:
        as_of: The last business day that counts, inclusive.
        refit: Fit the value models again even if parameters are in force.

    Raises:
        DataBlocked: The lake is empty, a check failed, money has no rate of exchange, or file,
            lake and marts do not reconcile, or an erasure was not ended.
        DiskFull: Too little is free for a build as large as the last one.
        LakeCorrupt: A committed file changed.
    """
    variables = reporting_variables(settings)
    refuse_unfinished(settings)
    _require_space(settings)
    lake = read_lake(settings)
    _refuse_nothing(settings, lake)
    progress(f"lake {lake.version}: verifying {len(lake.files)} committed files")
    inputs = write_snapshot(settings, lake)
    write_closes(settings, inputs, as_of)
    write_assignments(settings, inputs, as_of)
    discard_build(settings)
    reach("build.discarded")
    with running_engine(settings) as engine:
        dbt = DbtRun(settings, engine, inputs, as_of, variables)
        results, known, proposed = _run_steps(dbt, progress, refit=refit)
    record = _checked(settings, inputs, _identify(lake, known, as_of, variables), results)
    reach("build.reconciled")
    kept = _keep_proposals(settings, proposed)
    reach("build.proposed")
    write_document(record_path(settings), {"record": asdict(record), "proposals": kept})
    reach("build.recorded")
    return Build(record, proposed)


def _run_steps(
    dbt: DbtRun, progress: Progress, *, refit: bool
) -> tuple[list[dict[str, Any]], Frames, Frames]:
    """Call dbt four times, and do between the calls what is no SQL.

    Returns:
        What dbt says of each node, what is known on the day, and what of it is to be kept.
    """
    settings, inputs, as_of = dbt.settings, dbt.inputs, dbt.as_of
    results = dbt.build(progress, select=_IDENTITY_MODELS)
    keys = resolve_identities(settings, inputs, as_of, progress)
    classes = write_classes(settings, inputs, as_of, keys.successions)
    reach("fit.identities")
    results += dbt.build(
        progress, select=_SUMMARY_MODELS, exclude=f"{_IDENTITY_MODELS} {_RATES_TEST}"
    )
    refuse_missing_rates(settings)
    results += dbt.build(progress, select=_EXPERIMENT_MODELS, exclude=_BEFORE_EXPERIMENTS)
    known, proposed = fit_values(settings, inputs, as_of, progress, refit=refit)
    renewals = fit_renewals(settings, inputs, as_of, progress, refit=refit)
    reach("fit.values")
    measured = measure_experiments(settings, inputs, as_of, progress)
    reach("fit.experiments")
    results += dbt.build(
        progress, exclude=f"{_BEFORE_EXPERIMENTS} {_EXPERIMENT_MODELS} {_RECONCILIATION_TEST}"
    )
    found = {
        ASSIGNMENTS: read_entries(settings, as_of),
        CLASS_HISTORY: (classes, propose_classes(settings, as_of)),
        CONTRACT_FITS: renewals,
        KEY_STATE: (keys.changes, keys.proposed),
        RESULTS: measured,
    }
    known |= {name: rows for name, (rows, _) in found.items()}
    proposed |= {name: rows for name, (_, rows) in found.items()}
    return results, known | {CLOSES: known_closes(settings, as_of)}, proposed


def _refuse_nothing(settings: Settings, lake: Lake) -> None:
    """A lake without a commit would give marts without a row, and readers would get them."""
    if not lake.commits:
        raise DataBlocked(
            "The lake is empty: nothing has been landed.",
            where=str(settings.raw),
            todo="Land exports first, restore a backup, or correct LOYALTY_DATA.",
            code="LAKE_EMPTY",
        )


def _require_space(settings: Settings) -> None:
    """Ask for a multiple of the last build; the room it takes itself is freed first."""
    needed = (settings.keep.build_space_factor - 1) * build_size(settings)
    require_space(settings.warehouse, needed, "The build")


def last_build(settings: Settings) -> Build | None:
    """Return the last finished build, or None.

    Raises:
        LakeCorrupt: Its record, or what it proposes to state, is not what was written.
    """
    path = record_path(settings)
    if not path.exists():
        return None
    document = read_document(path, "record", "proposals", DIGEST)
    proposals = {
        name: _kept_proposal(path.with_name(f"{name}.parquet"), sha256)
        for name, sha256 in document["proposals"].items()
    }
    return Build(BuildRecord(**document["record"]), proposals)


def _kept_proposal(path: Path, sha256: str) -> pl.DataFrame:
    if not has_sha256(path, sha256):
        raise damaged(path)
    return pl.read_parquet(path)


def _identify(lake: Lake, known: Frames, as_of: date, variables: dict[str, str]) -> BuildRecord:
    """Name the run after everything that decides its numbers, and nothing else.

    State counts by its rows, so that the run that made them and the next one, which finds them in
    state, are the same run. The engine is not part of the name: the numbers are the same.
    """
    state = digest_of({name: rows.write_csv() for name, rows in known.items()})[:12]
    code = code_version()
    identity_of_run = digest_of([lake.content, state, code, sorted(variables.items())])
    return BuildRecord(
        run_id=f"{as_of.isoformat()}-{identity_of_run[:12]}",
        as_of=as_of.isoformat(),
        lake_version=lake.version,
        state_version=state,
        code_version=code,
        variables=variables,
    )


def settled_run_id(settings: Settings, as_of: date, *, with_closes: bool = True) -> str:
    """Return the id of a run as of a day that finds all its fits and keys in state.

    A finished run left them there. So a release of this name is what building the day again
    would give; no such release means that the day was never built from this lake, code and state.

    Args:
        with_closes: Count the months closed, which decide no number but those of closes.
    """
    known = stored_fits(settings, as_of) | {
        name: read(settings, as_of)
        for name, read in _KINDS.items()
        if with_closes or name != CLOSES
    }
    return _identify(read_lake(settings), known, as_of, reporting_variables(settings)).run_id


def code_version() -> str:
    """Return 12 hex digits over the code, models and seeds that make numbers."""
    roots = (PROJECT_ROOT / "etl", DBT_PROJECT, SQL_ROOT / "warehouse")
    files = sorted(path for root in roots for path in _sources(root))
    return digest_of([(str(p.relative_to(PROJECT_ROOT)), sha256_of(p)) for p in files])[:12]


def _sources(root: Path) -> list[Path]:
    ignored = {"target", "logs", "__pycache__", "demo", "cli", "keep", "mappings"}
    return [
        path
        for path in root.rglob("*")
        if path.suffix in _CODE_SUFFIXES and not ignored & set(path.relative_to(root).parts)
    ]


def _keep_proposals(settings: Settings, proposals: Frames) -> dict[str, str]:
    """Keep what the build proposes to state beside it, for a publish in another process.

    Returns:
        The sha256 of each kind's file, by name.
    """
    kept = {name: record_path(settings).with_name(f"{name}.parquet") for name in proposals}
    for name, rows in proposals.items():
        with atomic_path(kept[name]) as temporary:
            rows.write_parquet(temporary)
    return {name: sha256_of(path) for name, path in kept.items()}


def _checked(
    settings: Settings, inputs: Path, record: BuildRecord, results: list[dict[str, Any]]
) -> BuildRecord:
    """Add the engine, the checks' warnings and the reconciliation to the record."""
    with open_build(settings) as build:
        reconciliation = reconcile(build, inputs, record.as_of_date)
    warnings = {r["node"]: r["message"] for r in results if r["status"] == "warn"}
    found = {
        "engine": settings.engine,
        "warnings": warnings,
        "reconciliation": reconciliation,
    }
    return BuildRecord(**{**asdict(record), **found})
