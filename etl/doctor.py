"""Looks for what would make a run fail, before it does."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from etl.clock import utc_now
from etl.config import Settings
from etl.errors import LoyaltyError
from etl.files import make_folder, readable
from etl.ingest.landing import count_objects
from etl.keep.backup import audit_cut
from etl.lake.commits import read_lake, verify_files
from etl.mapping import load_mappings
from etl.privacy.audit import read_chain
from etl.privacy.suppression import open_erasures, read_erased
from etl.privacy.vault import Vault, load_or_create_key, load_or_create_vault_key
from etl.publish.release import read_current, verify_release
from etl.state import verify_state

_MINIMUM_FREE_GIB = 2
_PINNED = ("apache-airflow", "dbt-core", "dbt-duckdb", "duckdb", "polars", "pyarrow")


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is as it should be, what was seen, what to do."""

    check: str
    ok: bool
    seen: str
    todo: str = ""

    def row(self) -> tuple[str, bool, str, str]:
        """Return the finding as a table row."""
        return self.check, self.ok, self.seen, self.todo


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a run depends on; nothing is changed but missing folders and keys."""
    checks: dict[str, Callable[[Settings], str]] = {
        "python": _python,
        "packages": _packages,
        "data root": _data_root,
        "free space": _free_space,
        "landing": _landing,
        "mappings": _mappings,
        "pseudonym key": _key,
        "vault key": _vault_key,
        "vault": _vault,
        "lake": _lake,
        "state": _state,
        "served release": _served,
        "audit log": _audit,
        "erasures": _erasures,
    }
    return [_examined(name, check, settings) for name, check in checks.items()]


def _examined(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, ok=True, seen=check(settings))
    except LoyaltyError as error:
        return Finding(name, ok=False, seen=str(error.what), todo=error.todo)
    except OSError as error:
        return Finding(name, ok=False, seen=str(error), todo="Check path and permissions.")
    except Exception as error:  # one check that breaks must not hide what the others see
        seen = f"The check broke off: {type(error).__name__}: {error}"
        return Finding(name, ok=False, seen=seen, todo="Read the text; a file may be damaged.")


def _python(_: Settings) -> str:
    found = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        raise LoyaltyError(f"Python {found} is not supported.", todo="Use Python 3.11 or 3.12.")
    return found


def _packages(_: Settings) -> str:
    return ", ".join(f"{name} {version(name)}" for name in _PINNED)


def _data_root(settings: Settings) -> str:
    make_folder(settings.data)
    probe = settings.data / ".probe"
    probe.write_bytes(b"")
    probe.unlink()
    return str(settings.data)


def _free_space(settings: Settings) -> str:
    free = shutil.disk_usage(settings.data).free / 2**30
    if free < _MINIMUM_FREE_GIB:
        raise LoyaltyError(f"Only {free:.1f} GiB are free.", todo="Free space on the data root.")
    return f"{free:.1f} GiB"


def _landing(settings: Settings) -> str:
    if settings.landing_url:
        return f"{count_objects(settings)} objects in {settings.landing_url}"
    if not settings.landing.is_dir():
        raise LoyaltyError(
            f"There is no folder {settings.landing}.",
            todo="Deliver exports there, or write the demo's with `loyalty demo`.",
        )
    systems = sorted(readable(path.name) for path in settings.landing.iterdir() if path.is_dir())
    return ", ".join(systems) or "empty"


def _mappings(settings: Settings) -> str:
    return ", ".join(mapping.system for mapping in load_mappings(settings.mappings))


def _key(settings: Settings) -> str:
    load_or_create_key(settings)
    return "present, closed to others"


def _vault_key(settings: Settings) -> str:
    load_or_create_vault_key(settings)
    return "present, closed to others"


def _vault(settings: Settings) -> str:
    return f"{Vault(settings).verify()} values, all as written"


def _lake(settings: Settings) -> str:
    lake = read_lake(settings)
    verify_files(lake.files)
    return f"{len(lake.commits)} commits, {len(lake.files)} files, all as written"


def _state(settings: Settings) -> str:
    return f"{verify_state(settings)} files, all as written"


def _erasures(settings: Settings) -> str:
    begun = open_erasures(settings)
    if begun:
        raise LoyaltyError(
            f"Begun and not ended: {', '.join(path.stem for path in begun)}.",
            todo="Run `loyalty erase` to end it.",
        )
    return f"{len(read_erased(settings).digests)} hashes on the list, none begun and not ended"


def _served(settings: Settings) -> str:
    if read_current(settings) is None:
        return "none yet"
    manifest = verify_release((settings.marts / "current").resolve())
    return f"{manifest['run_id']} as of {manifest['as_of']}, as published"


def _audit(settings: Settings) -> str:
    chain = read_chain(settings)
    cut = audit_cut(settings, settings.backup, utc_now()) if settings.backup else None
    if chain.broken or cut:
        raise LoyaltyError(
            "Lines of the audit log were changed or removed: "
            + ", ".join([*chain.broken[:3], *([f"beside {cut}"] if cut else [])]),
            where=str(settings.access),
            todo="Compare the log with its copy in the backups, and ask who can write it.",
        )
    return f"{chain.lines} lines, each follows from the one before"
