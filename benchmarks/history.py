"""Thirty days run day by day, then wiped and replayed: every mart of every day must be the same.

    make replay                 30 days of the small, made-up company of the tests
    make replay DAYS=5          fewer

First each day is run with what has been delivered by then. Then warehouse and state are removed
and the days are replayed from the lake, which by now holds all of them: a backfill of the month.
The last day is built five times more, and one day in the middle once more, with the later ones
known. Every column of every mart is compared row for row, and so is all that is committed to state.
Exits with 1 where a row differs.

The first day, and the last one of the five, are made by dbt; the others with the SQL that dbt
compiled for the first (tests/company/recompiled.py), in seconds instead of half a minute. No data
test is run, and no release is written: `tests/test_backfill.py` compares whole builds and releases,
of three days. All else is the real thing: landing, identity, fits, models, reconciliation, state.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from etl import route  # noqa: E402
from etl.config import Settings, load_settings  # noqa: E402
from tests.company import model  # noqa: E402

DAYS = int(os.environ.get("DAYS") or 30)
# The company is made for as many drops as this, and read when its other modules are.
model.MAX_DAYS = max(DAYS, model.MAX_DAYS)

from tests.company.days import (  # noqa: E402
    Day,
    all_state,
    deliver,
    run_day,
    wipe,
    without_tests,
)
from tests.company.generate import MAPPINGS, company, write_company  # noqa: E402
from tests.company.recompiled import Recompiled  # noqa: E402

REBUILDS = 5


def compare(root: Path) -> bool:
    """Run, wipe, replay, build again; print a line a day; return whether all is the same."""
    settings = load_settings(data=root / "data", landing=root / "landing", mappings=MAPPINGS)
    settings = replace(settings, key_file=root / "pseudonym.key")
    write_company(root / "written", days=DAYS)
    deliver(root / "written", settings.landing, model.HISTORY_ON)
    first, *later = company(DAYS).drops
    last, middle = company(DAYS).drops[-1], company(DAYS).drops[DAYS // 2]
    with without_tests():
        daily = {first: run_delivered(root / "written", settings, first)}
    recompiled = Recompiled.of(settings, first, root / "kept")
    with without_tests(recompiled):
        daily |= {day: run_delivered(root / "written", settings, day) for day in later}
        before = all_state(settings)
        wipe(settings)
        # The lake knows later days now, so runs have other names; what they say must not differ.
        same = [agrees("replayed", day, run_day(settings, day), daily[day]) for day in daily]
        again = (*[last] * (REBUILDS - 1), middle)
        same += [agrees("built again", day, run_day(settings, day), daily[day]) for day in again]
    with without_tests():
        same.append(agrees("with dbt", last, run_day(settings, last), daily[last]))
    after = all_state(settings)
    for name, rows in before.items():
        there = after.get(name, rows.clear())
        same.append(there.equals(rows))
        told = "the same" if same[-1] else "DIFFERS"
        print(f"state {name:<20} {rows.height:>6} rows, {there.height:>6} after: {told}")
    return all(same) and before.keys() == after.keys()


def run_delivered(written: Path, settings: Settings, day: date) -> Day:
    """Run a day with what has been delivered by then."""
    deliver(written, settings.landing, day)
    route.land(settings, day)
    found = run_day(settings, day)
    tell("run", day, found)
    return found


def agrees(what: str, day: date, found: Day, wanted: Day) -> bool:
    """Print a day; return whether its rows are those wanted."""
    tell(what, day, found)
    differs = [name for name in wanted.marts if not found.marts[name].equals(wanted.marts[name])]
    if differs:
        print(f"  DIFFERS in {', '.join(differs)}")
    return not differs and found.marts.keys() == wanted.marts.keys()


def tell(what: str, day: date, found: Day) -> None:
    """Print how many marts and rows there are, their digest and the seconds."""
    rows = sum(mart.height for mart in found.marts.values())
    told = f"{what:<12} {day} {len(found.marts):>5} {rows:>8}  {found.digest}  {found.seconds:5.1f}"
    print(told, flush=True)


def main() -> int:
    """Compare in a folder of its own; 0 when all is the same."""
    print(f"{'':<12} {'day':<10} {'marts':>5} {'rows':>8}  {'digest':<12}  {'s':>5}")
    with tempfile.TemporaryDirectory(prefix="loyalty-history-") as folder:
        same = compare(Path(folder))
    print("the same, row for row" if same else "NOT the same")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
