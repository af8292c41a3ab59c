"""Where things are. The only module that reads the environment.

======================  ==============================================================
variable                meaning
======================  ==============================================================
LOYALTY_DATA            absolute data root; default ``<checkout>/data``
LOYALTY_MAPPINGS        folder of mapping YAML; default ``etl/mappings``
LOYALTY_LANDING         folder of delivered exports; default ``<data root>/landing``
LOYALTY_KEY_FILE        pseudonym key; default ``<data root>/vault/pseudonym.key``
LOYALTY_BUSINESS_TZ     time zone of the business day; default America/New_York
LOYALTY_DUCKDB_THREADS  threads of DuckDB; default 2
LOYALTY_DUCKDB_MEMORY   memory limit of DuckDB; default 4GB
======================  ==============================================================
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from etl.errors import ConfigError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
SQL_ROOT = PROJECT_ROOT / "sql"
PACKAGED_MAPPINGS = PROJECT_ROOT / "etl" / "mappings"

# Airflow meets through these; a feed's asset is emitted once per committed business day.
FEEDS = ("orders", "crm")
FEED_ASSETS = {feed: f"loyalty_lake_{feed}" for feed in FEEDS}
MARTS_ASSET = "loyalty_marts"
WRITER_POOL = "warehouse_writer"

# The data root is written into SQL: as quoted text, and as a pattern of file names.
_UNSAFE_IN_SQL = "'*?[]{}\"\r\n"


@dataclass(frozen=True)
class Settings:
    """Absolute paths of one warehouse and the few knobs of its engine."""

    data: Path
    landing: Path
    mappings: Path
    key_file: Path
    business_tz: str
    duckdb_threads: int
    duckdb_memory: str

    @property
    def raw(self) -> Path:
        """The lake: typed Parquet, ``<table>/`` and ``_commits/``."""
        return self.data / "raw"

    @property
    def staged(self) -> Path:
        """Files of a batch that is not committed yet."""
        return self.data / "staged"

    @property
    def rejects(self) -> Path:
        """Quarantined rows, with the values as delivered; they expire."""
        return self.data / "rejects"

    @property
    def state(self) -> Path:
        """What outlives a run: append-only, sha256-listed Parquet."""
        return self.data / "state"

    @property
    def warehouse(self) -> Path:
        """The private build file and its inputs."""
        return self.data / "warehouse"

    @property
    def marts(self) -> Path:
        """What readers open: ``current`` and ``releases/``."""
        return self.data / "marts"

    @property
    def vault(self) -> Path:
        """Pseudonym key and encrypted personal values; mode 0700."""
        return self.data / "vault"


def load_settings(
    *, data: Path | None = None, landing: Path | None = None, mappings: Path | None = None
) -> Settings:
    """Read the settings; arguments win over the environment, the environment over defaults.

    Raises:
        ConfigError: The data root cannot be used, or a number is not one.
    """
    root = data or Path(os.environ.get("LOYALTY_DATA") or PROJECT_ROOT / "data")
    _check_root(root)
    return Settings(
        data=root,
        landing=_path(landing, "LOYALTY_LANDING", root / "landing"),
        mappings=_path(mappings, "LOYALTY_MAPPINGS", PACKAGED_MAPPINGS),
        key_file=_path(None, "LOYALTY_KEY_FILE", root / "vault" / "pseudonym.key"),
        business_tz=os.environ.get("LOYALTY_BUSINESS_TZ") or "America/New_York",
        duckdb_threads=_number("LOYALTY_DUCKDB_THREADS", 2),
        duckdb_memory=os.environ.get("LOYALTY_DUCKDB_MEMORY") or "4GB",
    )


def _check_root(root: Path) -> None:
    what = todo = ""
    if not root.is_absolute():
        what = "is not an absolute path"
        todo = "Give an absolute path: it is written into the warehouse's views."
    elif set(str(root)) & set(_UNSAFE_IN_SQL):
        what = "holds a quote, a line break or one of * ? [ ] { }"
        todo = "Choose a path without them: it is written into SQL, where they mean something else."
    elif root.exists() and not root.is_dir():
        what = "is not a folder"
        todo = "Give the path of a folder, or of one that can be made."
    if what:
        raise ConfigError(f"The data root {str(root)!r} {what}.", where="LOYALTY_DATA", todo=todo)


def _path(given: Path | None, variable: str, default: Path) -> Path:
    return (given or Path(os.environ.get(variable) or default)).absolute()


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ConfigError(
            f"{text!r} is not a positive whole number.", where=variable, todo="Correct it."
        )
    return int(text)
