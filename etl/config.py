"""Where things are. The only module that reads the environment.

==========================  ======================================================================
variable                    meaning
==========================  ======================================================================
LOYALTY_DATA                absolute data root; default ``<checkout>/data``
LOYALTY_MAPPINGS            folder of mapping YAML; default ``etl/mappings``
LOYALTY_LANDING             folder of delivered exports, or ``s3://bucket/prefix``; default
                            ``<data root>/landing``
AWS_ENDPOINT_URL            address of an S3 store that is not Amazon's; AWS_ENDPOINT_URL_S3 wins.
                            Credentials (AWS_ACCESS_KEY_ID, AWS_PROFILE, ...) are the AWS
                            library's own affair: they are not read here
LOYALTY_KEY_FILE            pseudonym key; default ``<data root>/vault/pseudonym.key``
LOYALTY_BUSINESS_TZ         time zone of the business day; default America/New_York
LOYALTY_REPORTING_CURRENCY  currency of all marts, ISO 4217; default USD
LOYALTY_LATE_AFTER_HOURS    hours after a business day until which its exports may come; default 6
LOYALTY_LOOK_AGAIN_SECONDS  between two looks for an export that is missing; default 600
LOYALTY_DUCKDB_THREADS      threads of DuckDB; default 2
LOYALTY_DUCKDB_MEMORY       memory limit of DuckDB; default 4GB
LOYALTY_ENGINE              duckdb (default) or spark: what dbt builds on
LOYALTY_SPARK_*             the values of :class:`SparkRules`, such as LOYALTY_SPARK_MASTER
LOYALTY_BACKUP              folder of the backups, outside the data root; none by default
LOYALTY_VAULT_BACKUP        folder of the vault's backups, apart from both; none by default
LOYALTY_AIRFLOW_LOGS        Airflow's logs, for their removal; default ``<data root>/airflow/logs``
LOYALTY_KEEP_*              the numbers of :class:`KeepRules`, such as LOYALTY_KEEP_REJECT_DAYS
FAULT_AT                    for tests: where a process kills itself, see ``etl/faults.py``
==========================  ======================================================================
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

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

# What marts were in before the currency could be set; kept fits without one are in it.
DEFAULT_CURRENCY = "USD"

ENGINES = ("duckdb", "spark")

# The data root is written into SQL: as quoted text, and as a pattern of file names.
_UNSAFE_IN_SQL = "'`*?[]{}\"\r\n"


@dataclass(frozen=True)
class KeepRules:
    """How long things are kept and how much room a step must find; data/README.md has the table.

    Args:
        releases: Newest releases that stay whatever their age.
        release_days: Age below which every release stays.
        query_hours: The longest a reader may work on a release after another took its place.
        reject_days: Age from which quarantined rows go, 30 at most; counts and amounts stay.
        landing_days: Age from which a delivered file may go, once a backup has what came of it.
        log_days: Age from which log files go.
        access_days: Age from which it goes who had whom explained, by whole months.
        leftover_days: Age from which what a killed run left over goes.
        generations: Newest backups that stay in each backup folder.
        small_file_mb: Lake files below this size are joined to one file a month, in MB.
        landing_space_factor: Free bytes wanted per byte delivered.
        build_space_factor: Free bytes wanted per byte of the last build.
    """

    releases: int = 7
    release_days: int = 14
    query_hours: int = 24
    reject_days: int = 30
    landing_days: int = 30
    log_days: int = 30
    access_days: int = 1095
    leftover_days: int = 2
    generations: int = 14
    small_file_mb: int = 64
    landing_space_factor: int = 3
    build_space_factor: int = 2


@dataclass(frozen=True)
class SparkRules:
    """How Spark runs, where the engine is spark.

    Args:
        master: Where the work is done; the default is two cores of this process.
        memory: Heap of the driver, which in the default is all there is.
        partitions: Parts of a shuffle. One is for small data: byte code is not compiled either.
        remote: Address of a Spark Connect server, ``sc://host:port``; master and memory are its
            own then.
        java: The Java that would be started, that of JAVA_HOME first; None without one.
    """

    master: str = "local[2]"
    memory: str = "2g"
    partitions: int = 1
    remote: str = ""
    java: str | None = None


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
    late_after_hours: int = 6
    look_again_seconds: int = 600
    backup: Path | None = None
    vault_backup: Path | None = None
    airflow_logs: Path | None = None
    keep: KeepRules = KeepRules()
    reporting_currency: str = DEFAULT_CURRENCY
    engine: str = "duckdb"
    spark: SparkRules = SparkRules()
    landing_url: str = ""
    s3_endpoint: str = ""

    @property
    def landing_name(self) -> str:
        """Where exports are delivered, for people: the bucket, or the folder."""
        return self.landing_url or str(self.landing)

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
    def access(self) -> Path:
        """Who looked at which customer."""
        return self.data / "access"

    @property
    def erasures(self) -> Path:
        """Who was erased, as keyed hashes, and the certificates; kept for ever."""
        return self.data / "erasures"

    @property
    def vault(self) -> Path:
        """Pseudonym key and encrypted personal values; mode 0700."""
        return self.data / "vault"


def load_settings(
    *,
    data: Path | None = None,
    landing: Path | str | None = None,
    mappings: Path | None = None,
    engine: str | None = None,
) -> Settings:
    """Read the settings; arguments win over the environment, the environment over defaults.

    Raises:
        ConfigError: The data root cannot be used, or a number is not one.
    """
    root = data or Path(os.environ.get("LOYALTY_DATA") or PROJECT_ROOT / "data")
    _check_root(root)
    return Settings(
        data=root,
        **_landing(landing or os.environ.get("LOYALTY_LANDING"), root),
        mappings=_path(mappings, "LOYALTY_MAPPINGS", PACKAGED_MAPPINGS),
        key_file=_path(None, "LOYALTY_KEY_FILE", root / "vault" / "pseudonym.key"),
        business_tz=os.environ.get("LOYALTY_BUSINESS_TZ") or "America/New_York",
        duckdb_threads=_number("LOYALTY_DUCKDB_THREADS", 2),
        duckdb_memory=os.environ.get("LOYALTY_DUCKDB_MEMORY") or "4GB",
        late_after_hours=_number("LOYALTY_LATE_AFTER_HOURS", 6),
        look_again_seconds=_number("LOYALTY_LOOK_AGAIN_SECONDS", 600),
        backup=_optional_path("LOYALTY_BACKUP"),
        vault_backup=_optional_path("LOYALTY_VAULT_BACKUP"),
        airflow_logs=_path(None, "LOYALTY_AIRFLOW_LOGS", root / "airflow" / "logs"),
        keep=_keep_rules(),
        reporting_currency=os.environ.get("LOYALTY_REPORTING_CURRENCY") or DEFAULT_CURRENCY,
        engine=_engine(engine or os.environ.get("LOYALTY_ENGINE") or ENGINES[0]),
        spark=_spark_rules(),
    )


def fault_at() -> str:
    """Return at which point this process is to kill itself; empty in all but tests."""
    return os.environ.get("FAULT_AT", "")


def _landing(given: Path | str | None, root: Path) -> dict[str, Any]:
    """Return the folder that exports are read from, and the bucket it mirrors if it does."""
    if not str(given or "").startswith("s3:"):
        return {"landing": Path(given or root / "landing").absolute()}
    bucket = re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^?#@:\s]+)?/?", str(given))
    if not bucket or {"", ".", ".."} & set(str(given).rstrip("/").split("/")[3:]):
        # The text is not repeated: somebody may have written a password into it.
        raise ConfigError(
            "The landing is no plain s3://bucket/prefix.",
            where="LOYALTY_LANDING or --landing",
            todo="Leave out credentials, ports and ?options: credentials are looked for where "
            "every AWS tool does, an address in AWS_ENDPOINT_URL.",
        )
    return {
        "landing": root / "fetched" / "objects",
        "landing_url": str(given).rstrip("/"),
        "s3_endpoint": _endpoint(),
    }


def _endpoint() -> str:
    text = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    if text and not re.fullmatch(r"https?://[^/?#@\s]+/?", text):
        raise ConfigError(
            "The address of the S3 store is no plain http(s)://host:port.",
            where="AWS_ENDPOINT_URL",
            todo="Leave out credentials, folders and ?options.",
        )
    return text.rstrip("/")


def _engine(name: str) -> str:
    if name not in ENGINES:
        raise ConfigError(
            f"{name!r} is not an engine.",
            where="LOYALTY_ENGINE",
            todo=f"Use one of: {', '.join(ENGINES)}.",
        )
    return name


def _spark_rules() -> SparkRules:
    defaults = SparkRules()
    return SparkRules(
        master=os.environ.get("LOYALTY_SPARK_MASTER") or defaults.master,
        memory=os.environ.get("LOYALTY_SPARK_MEMORY") or defaults.memory,
        partitions=_number("LOYALTY_SPARK_PARTITIONS", defaults.partitions),
        remote=os.environ.get("LOYALTY_SPARK_REMOTE") or defaults.remote,
        java=shutil.which("java", path=_java_folder()),
    )


def _java_folder() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin") if home else None


def _keep_rules() -> KeepRules:
    defaults = KeepRules()
    numbers = {
        field.name: _number(f"LOYALTY_KEEP_{field.name.upper()}", getattr(defaults, field.name))
        for field in fields(KeepRules)
    }
    if numbers["reject_days"] > defaults.reject_days:
        raise ConfigError(
            f"Quarantined rows are kept for {defaults.reject_days} days at most.",
            where="LOYALTY_KEEP_REJECT_DAYS",
            todo="Give a smaller number: they hold what was delivered, and nobody vouches for it.",
        )
    return KeepRules(**numbers)


def _check_root(root: Path) -> None:
    what = todo = ""
    if not root.is_absolute():
        what = "is not an absolute path"
        todo = "Give an absolute path: it is written into the warehouse's views."
    elif set(str(root)) & set(_UNSAFE_IN_SQL):
        what = "holds a quote, a backtick, a line break or one of * ? [ ] { }"
        todo = "Choose a path without them: it is written into SQL, where they mean something else."
    elif root.exists() and not root.is_dir():
        what = "is not a folder"
        todo = "Give the path of a folder, or of one that can be made."
    if what:
        raise ConfigError(f"The data root {str(root)!r} {what}.", where="LOYALTY_DATA", todo=todo)


def _path(given: Path | None, variable: str, default: Path) -> Path:
    return (given or Path(os.environ.get(variable) or default)).absolute()


def _optional_path(variable: str) -> Path | None:
    text = os.environ.get(variable)
    return Path(text).absolute() if text else None


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ConfigError(
            f"{text!r} is not a positive whole number.", where=variable, todo="Correct it."
        )
    return int(text)
