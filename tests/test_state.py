"""State is appended, never rewritten, and a day sees only what was known by it."""

from datetime import date

import polars as pl
import pytest

from etl.errors import LakeCorrupt
from etl.state import commit_state, read_state

SCHEMA = {"x": pl.Int64()}
FIRST, SECOND = date(2026, 1, 1), date(2026, 2, 1)


def rows(*values):
    return {"numbers": pl.DataFrame({"x": list(values)}, schema=SCHEMA)}


def read(settings, as_of):
    return read_state(settings, "numbers", SCHEMA, as_of)["x"].to_list()


def test_a_day_reads_what_was_committed_by_then(settings):
    commit_state(settings, "b", FIRST, rows(1))
    commit_state(settings, "a", SECOND, rows(2))
    assert read(settings, date(2025, 12, 31)) == []
    assert read(settings, FIRST) == [1]
    assert read(settings, SECOND) == [1, 2]


def test_commits_of_one_day_keep_their_order(settings):
    commit_state(settings, "z", FIRST, rows(1))
    commit_state(settings, "a", FIRST, rows(2))
    assert read(settings, FIRST) == [1, 2]


def test_the_same_commit_again_changes_nothing(settings):
    for _ in range(2):
        commit_state(settings, "a", FIRST, rows(1))
    assert read(settings, FIRST) == [1]


def test_a_repeated_run_may_find_a_part_in_state_and_propose_the_rest(settings):
    kinds = rows(1) | {"more": rows(2)["numbers"]}
    commit_state(settings, "a", FIRST, kinds)
    commit_state(settings, "a", FIRST, rows(1))
    assert read(settings, FIRST) == [1]


@pytest.mark.parametrize("other", [rows(99), rows(1, 1), rows(1) | {"more": rows(1)["numbers"]}])
def test_a_commit_of_the_same_name_with_other_rows_is_refused(settings, other):
    commit_state(settings, "a", FIRST, rows(1))
    with pytest.raises(LakeCorrupt, match="exists already, with other rows") as refused:
        commit_state(settings, "a", FIRST, other)
    assert refused.value.where.endswith("_commits/a.json")
    assert read(settings, FIRST) == [1]


def test_proposing_nothing_makes_no_commit(settings):
    commit_state(settings, "a", FIRST, rows())
    assert not (settings.state / "_commits").exists()


def test_a_changed_state_file_is_refused(settings):
    commit_state(settings, "a", FIRST, rows(1))
    (file,) = (settings.state / "numbers").glob("*.parquet")
    file.chmod(0o640)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(LakeCorrupt, match=r"a\.parquet"):
        read(settings, FIRST)


def test_commits_of_one_day_keep_their_order_when_one_is_repeated(settings):
    commit_state(settings, "z", FIRST, rows(1))
    commit_state(settings, "a", FIRST, rows(2))
    commit_state(settings, "z", FIRST, rows(1))
    assert read(settings, FIRST) == [1, 2]
