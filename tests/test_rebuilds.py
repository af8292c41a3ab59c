"""The same lake gives the same rows, whatever the number of threads: two of ten builds.

``make rebuilds`` does ten. The SQL that dbt compiled for the small company is run again, from the
lake and an empty state, with identity and fits made anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.warehouse.build import last_build
from tests.company.published import PublishedCompany, hashes
from tests.company.rebuilt import rebuild
from tests.company.recompiled import Recompiled


@pytest.mark.parametrize("threads", [1, 2])
def test_a_build_from_nothing_has_the_same_hashes_with_any_number_of_threads(
    published: PublishedCompany, tmp_path: Path, threads: int
) -> None:
    built = last_build(published.settings)
    assert built is not None
    recompiled = Recompiled.of(published.settings, built.record.as_of_date, tmp_path / "kept")
    found = rebuild(
        published.settings, recompiled, published.expected.as_of, tmp_path / "data", threads
    )
    assert found == hashes(published.result, with_history=True)
    assert len(found) > 40
