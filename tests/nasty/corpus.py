"""All cases of the corpus, and what a run of them finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.nasty import cells, landing, packing, shape
from tests.nasty.case import Case, outcome

CORPUS: dict[str, Case] = {
    **landing.CASES,
    **packing.CASES,
    **shape.CASES,
    **dict(cells.cases()),
}


@dataclass(frozen=True)
class Finding:
    """What became of one case.

    Args:
        verdict: ``as expected``; ``silent``: it was read, but not to what stands in the table;
            ``other``: it was refused for another reason; ``crash``: anything else was raised.
        found: What became of it, or the error.
    """

    verdict: str
    found: Case | Exception


def run(case: Case, folder: Path) -> Finding:
    """Deliver a case below an empty folder."""
    try:
        found = outcome(case, folder)
    except Exception as error:
        return Finding("crash", error)
    rows = () if case.code else case.rows
    if (found.code, found.rows, found.refused) == (case.code, rows, case.refused):
        return Finding("as expected", found)
    return Finding("silent" if found.rows != rows else "other", found)
