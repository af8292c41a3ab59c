"""The small company as a published warehouse, and questions to it."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl import route
from etl.clv import ValueSettings
from etl.config import Settings, load_settings
from etl.files import close_to_others, digest_of
from etl.route import RunResult
from etl.warehouse.database import BUILD_NAME, frame, read_only
from etl.warehouse.transform import DbtRun, Progress
from tests.company.generate import MAPPINGS, Expected, write_company

# Three hundred customers would have no forecast; with one, the route does all it can do.
BUYERS_ENOUGH = 50
# Marts that tell what changed from run to run, which value models there were, and since when
# somebody is in an experiment, which keeps them off lists.
HISTORY = (
    "customer_key_changes",
    "clv_parameters",
    "clv_backtests",
    "clv_totals",
    "winback_targets",
    "export_segments",
    "class_history",
    "segment_transitions",
    "winback_experiments",
)
# ... and columns of other marts that do.
HISTORY_COLUMNS = re.compile(r"^(previous_|entered_on|stage_max)|_(changed|entered)_on$")


@dataclass(frozen=True)
class PublishedCompany:
    """A published small company and what must be in it."""

    settings: Settings
    expected: Expected
    result: RunResult

    @property
    def database(self) -> Path:
        """The release's DuckDB file."""
        return self.result.release / BUILD_NAME

    def copied(self, root: Path) -> Settings:
        """Copy the warehouse, its key and its landing below a folder, to do something to it."""
        shutil.copytree(self.settings.data, root / "data", symlinks=True)
        shutil.copytree(self.settings.landing, root / "landing")
        key_file = root / "data" / "vault" / "pseudonym.key"
        shutil.copy2(self.settings.key_file, key_file)
        return replace(
            self.settings, data=root / "data", landing=root / "landing", key_file=key_file
        )

    def written(self) -> dict[str, int]:
        """Size of each file of the warehouse and its landing, without what reading leaves behind.

        That is locks, and the log of who asked for clear values.
        """
        files = (*self.settings.data.rglob("*"), *self.settings.landing.rglob("*"))
        return {
            str(path): path.stat().st_size
            for path in files
            if path.is_file() and path.suffix != ".lock" and path.parent != self.settings.access
        }

    def ask(self, query: str, **values: object) -> pl.DataFrame:
        """Ask the release a question."""
        with read_only(self.database) as connection:
            return frame(connection, query, **values)

    def one(self, query: str, **values: object) -> Any:
        """Return the one value of a question."""
        return self.ask(query, **values).item()


def publish_company(root: Path, key_file: Path) -> PublishedCompany:
    """Write the company's deliveries below a folder and run the whole route on them."""
    close_to_others()  # as the command line and the DAGs begin
    settings = settings_at(root, key_file)
    expected = write_company(settings.landing)
    return PublishedCompany(settings, expected, run(settings, expected.as_of))


def settings_at(root: Path, key_file: Path) -> Settings:
    """Settings of an own warehouse; a shared pseudonym key makes two warehouses comparable."""
    settings = load_settings(data=root / "data", landing=root / "landing", mappings=MAPPINGS)
    return replace(settings, key_file=key_file, duckdb_memory="1GB")


def lower_the_gate(patch: pytest.MonkeyPatch) -> None:
    """Let the small company pass the gate of the value models; the seed asks for more buyers."""
    stated = ValueSettings.of
    patch.setattr(
        ValueSettings,
        "of",
        lambda parameters: replace(stated(parameters), gate_min_buyers=BUYERS_ENOUGH),
    )


def leave_out_generic_tests(patch: pytest.MonkeyPatch) -> None:
    """Build without the tests of grains and ranges; the singular ones run.

    They are half the time of a build. Left out where the marts are compared with those of a build
    that had them: equal rows pass or fail together.
    """
    build = DbtRun.build

    def built(
        dbt: DbtRun, progress: Progress, *, select: str = "", exclude: str = ""
    ) -> list[dict[str, Any]]:
        without = f"{exclude} test_type:generic".strip()
        return build(dbt, progress, select=select, exclude=without)

    patch.setattr(DbtRun, "build", built)


def run(settings: Settings, as_of: date, *, refit: bool = False, checked: bool = True) -> RunResult:
    """Run the route, with the value models' gate low enough for the small company.

    Args:
        checked: Run dbt's generic tests too; see :func:`leave_out_generic_tests`.
    """
    with pytest.MonkeyPatch.context() as patch:
        lower_the_gate(patch)
        if not checked:
            leave_out_generic_tests(patch)
        return route.run(settings, as_of, refit=refit)


def hashes(result: RunResult, *, with_history: bool = False) -> dict[str, str]:
    """Logical hash of every mart of a run that follows from the lake alone.

    Args:
        with_history: Also of what depends on the days that were run before.
    """
    marts = {name: mart["logical_hash"] for name, mart in result.manifest["marts"].items()}
    if with_history:
        return marts
    return {
        name: _hash_without_history(result.release / f"{name}.parquet") or logical
        for name, logical in marts.items()
        if name not in HISTORY
    }


def _hash_without_history(mart: Path) -> str | None:
    """Hash the other columns of a mart that has columns of history; None where it has none."""
    columns = [name for name in pl.read_parquet_schema(mart) if HISTORY_COLUMNS.search(name)]
    if not columns:
        return None
    return digest_of(pl.read_parquet(mart).drop(columns).sort(pl.all()).write_csv())


def main() -> None:
    """Publish the company below a folder with the DuckDB of this interpreter."""
    root = Path(sys.argv[1]).absolute()
    published = publish_company(root, root / "pseudonym.key")
    sys.stdout.write(f"{published.result.release}\n")


if __name__ == "__main__":
    main()
