"""Builds one lake ten times from nothing, with one thread and with two: one hash for every mart.

    make rebuilds                  ten builds of the small, made-up company of the tests
    make rebuilds REBUILDS=4       fewer

Each build has a data root of its own, the same committed files and an empty state. A sum of
doubles, an order with ties or a model that depends on how work is split over threads would show as
another hash. The first build is dbt's, with its data tests, and published; the others run the SQL
that dbt compiled for it (tests/company/recompiled.py). Identity, fits and reconciliation are real
in all. Exits with 1 where a hash differs. `tests/test_rebuilds.py` is the short form.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from etl.files import digest_of  # noqa: E402
from tests.company.published import hashes, publish_company  # noqa: E402
from tests.company.rebuilt import rebuild  # noqa: E402
from tests.company.recompiled import Recompiled  # noqa: E402

THREADS = (1, 2)


def tell(number: int, threads: int, found: dict[str, str], started: float) -> None:
    """Print a build."""
    told = f"{number:>5}{threads:>9}{len(found):>7}  {digest_of(found)[:12]}"
    print(f"{told}{time.monotonic() - started:>9.1f}", flush=True)


def main() -> int:
    """Publish once, build again and again, compare; return the exit code."""
    count = int(os.environ.get("REBUILDS") or 10)
    print(f"{'build':>5}{'threads':>9}{'marts':>7}  {'hash of all':<12}{'seconds':>9}")
    with tempfile.TemporaryDirectory(prefix="loyalty-rebuilds-") as folder:
        root, started = Path(folder), time.monotonic()
        first = publish_company(root / "first", root / "pseudonym.key")
        found = [hashes(first.result, with_history=True)]
        tell(1, first.settings.duckdb_threads, found[0], started)
        as_of = first.expected.as_of
        recompiled = Recompiled.of(first.settings, as_of, root / "kept")
        for number in range(2, count + 1):
            threads, started = THREADS[number % len(THREADS)], time.monotonic()
            again = rebuild(first.settings, recompiled, as_of, root / f"{number}", threads)
            found.append(again)
            tell(number, threads, again, started)
    differ = sorted(
        {name for again in found for name in again if again[name] != found[0].get(name)}
    )
    print(f"\ndifferent: {', '.join(differ)}" if differ else f"\n{count} builds, one hash a mart")
    return 1 if differ or count <= len(THREADS) else 0


if __name__ == "__main__":
    sys.exit(main())
